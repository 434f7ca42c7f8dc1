import { EntityNotFound, InvalidEnvironment, InvalidSchemaError } from '../errors.ts';
import { listNames, suggest } from '../wording.ts';
import { compiledType } from './compiled-type.ts';
import type { ResourceType } from './resource-type.ts';

/** Types that are made when somebody asks for them. */
export interface TypeSource {
  readonly names: readonly string[];
  /** The same object at each call for a name. */
  find(name: string): ResourceType | undefined;
}

/** Resource types by name, and other names for them. Immutable. */
export class ResourceTypes {
  readonly #types: ReadonlyMap<string, ResourceType>;
  readonly #aliases: ReadonlyMap<string, string>;
  readonly #source: TypeSource | undefined;

  /** Use createRegistry. */
  constructor(types: ReadonlyMap<string, ResourceType>, aliases: ReadonlyMap<string, string>, source?: TypeSource) {
    this.#types = types;
    this.#aliases = aliases;
    this.#source = source;
  }

  /** The names of the types, in the order of their registration, and after them the aliases. Those of a source are not listed. */
  get names(): readonly string[] {
    return [...new Set([...this.#types.keys(), ...this.#aliases.keys()])];
  }

  /** True when `get` would find a type. */
  has(name: string): boolean {
    return this.#find(this.#target(name)) !== undefined;
  }

  /** The type of that name. An alias goes before a type of the same name. Throws EntityNotFound. */
  get(name: string): ResourceType {
    const target = this.#target(name);
    const type = this.#find(target);
    if (type !== undefined) return type;
    const alias = target === name ? '' : ` The environment's resource_registry says that '${name}' is '${target}'.`;
    throw new EntityNotFound({
      what: `The Resource Type (${name}) could not be found.`,
      why: `No resource type of the name '${target}' is registered.${alias}`,
      fix: `${suggest(target, [...this.names, ...(this.#source?.names ?? [])])}The resource types are ${listNames(this.names)}.`,
    });
  }

  /**
   * The same types with the aliases of an environment's resource_registry on top: a template's type by the name of the
   * type that takes its place, which may be an alias again. Throws InvalidEnvironment when aliases lead in a circle.
   */
  withAliases(aliases: { readonly [name: string]: string }): ResourceTypes {
    const all = new Map([...this.#aliases, ...Object.entries(aliases)]);
    for (const name of Object.keys(aliases)) refuseCircle(name, all);
    return new ResourceTypes(this.#types, all, this.#source);
  }

  #find(target: string): ResourceType | undefined {
    return this.#types.get(target) ?? this.#source?.find(target);
  }

  /** Ends, since withAliases has refused circles. */
  #target(name: string): string {
    let target = name;
    for (let next = this.#aliases.get(target); next !== undefined; next = this.#aliases.get(target)) target = next;
    return target;
  }
}

/**
 * Registers types under their names. The declaration of each is checked once, here: throws InvalidSchemaError for one
 * that contradicts itself (see compiledType), and for two types of the same name. What is not among
 * them is asked of `source`.
 */
export function createRegistry(types: Iterable<ResourceType>, source?: TypeSource): ResourceTypes {
  const byName = new Map<string, ResourceType>();
  for (const type of types) {
    compiledType(type);
    const other = byName.get(type.name);
    if (other !== undefined && other !== type) {
      throw new InvalidSchemaError({
        what: `Two resource types have the name '${type.name}'.`,
        why: 'A template could not tell which of them it means.',
        fix: "Rename one, or register one under another name and map the name to it in an environment's resource_registry.",
      });
    }
    byName.set(type.name, type);
  }
  return new ResourceTypes(byName, new Map(), source);
}

function refuseCircle(name: string, aliases: ReadonlyMap<string, string>): void {
  const seen = [name];
  for (let next = aliases.get(name); next !== undefined; next = aliases.get(next)) {
    const isCircle = seen.includes(next);
    seen.push(next);
    if (!isCircle) continue;
    throw new InvalidEnvironment({
      what: `The resource_registry maps '${name}' in a circle: ${seen.map((step) => `'${step}'`).join(' -> ')}.`,
      why: 'Following the aliases never ends at a resource type.',
      fix: 'Map one of these names to a registered resource type, or take it out.',
    });
  }
}
