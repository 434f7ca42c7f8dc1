import { EntityNotFound, InvalidSchemaError } from '../errors.ts';
import { listNames, suggest } from '../wording.ts';
import { compiledType } from './compiled-type.ts';
import type { ResourceType } from './resource-type.ts';

/** Types that are made when somebody asks for them. */
export interface TypeSource {
  readonly names: readonly string[];
  /** The same object at each call for a name. */
  find(name: string): ResourceType | undefined;
  /** The type that a name stands for, unless somebody has registered a type of that name. */
  otherName?(name: string): string | undefined;
}

/** Resource types by name. Immutable. */
export class ResourceTypes {
  readonly #types: ReadonlyMap<string, ResourceType>;
  readonly #source: TypeSource | undefined;

  /** Use createRegistry. */
  constructor(types: ReadonlyMap<string, ResourceType>, source?: TypeSource) {
    this.#types = types;
    this.#source = source;
  }

  /** The names of the types, in the order of their registration. Those of a source are not listed. */
  get names(): readonly string[] {
    return [...this.#types.keys()];
  }

  /** True when `get` would find a type. */
  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  /**
   * The type of that name, or the one that stands for it by an environment: `target`, null when the environment takes the
   * name away. Throws EntityNotFound.
   */
  get(name: string, target: string | null = name): ResourceType {
    const type = target === null ? undefined : this.#find(target);
    if (type !== undefined) return type;
    const says = " The environment's resource_registry";
    const alias =
      target === name ? '' : target === null ? `${says} takes it away.` : `${says} says that '${name}' is '${target}'.`;
    throw new EntityNotFound({
      what: `The Resource Type (${name}) could not be found.`,
      why: `No resource type of the name '${target ?? name}' is registered.${alias}`,
      fix: `${suggest(target ?? name, [...this.names, ...(this.#source?.names ?? [])])}The resource types are ${listNames(this.names)}.`,
    });
  }

  #find(name: string): ResourceType | undefined {
    const registered = this.#types.get(name);
    if (registered !== undefined) return registered;
    const current = this.#source?.otherName?.(name) ?? name;
    return this.#types.get(current) ?? this.#source?.find(current);
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
  return new ResourceTypes(byName, source);
}
