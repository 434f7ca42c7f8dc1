import { NESTED_NAME, parentOf, withCompositions } from '../composition/composition.ts';
import { messageOf } from '../errors.ts';
import type { ResourceInterface } from '../interface/interface.ts';
import { type Name, printName } from '../names.ts';
import { convertProperty } from '../resource/properties.ts';
import { MASK } from '../secrets.ts';
import type { SourceLocation } from '../source.ts';
import {
  type Expression,
  REFID,
  type Reference,
  type ResolveScope,
  resolveExpression,
} from '../template/expression.ts';
import type { Json, JsonObject } from '../values.ts';
import type { Analysis } from './analyse.ts';

/** What the analysis knows of a template, as plain data. */
export interface Inspection {
  /** By name, pseudo-parameters included. A hidden one is null, or masked by `masksSecrets` when it has a value. */
  readonly parameters: JsonObject;
  /** Whether each condition holds. */
  readonly conditions: { readonly [name: string]: boolean | Unresolved };
  /** The resources that are to be created, by name in template order. */
  readonly resources: { readonly [name: string]: InspectedResource };
  readonly outputs: { readonly [name: string]: InspectedOutput };
  /** What is wrong, in the order of the text. Empty when the template may be created. */
  readonly problems: readonly InspectedProblem[];
}

export interface InspectedProblem {
  /** Heat's class of the error. */
  readonly code: string;
  readonly what: string;
  readonly where: SourceLocation | undefined;
  readonly why: string | undefined;
  readonly fix: string | undefined;
}

export interface InspectedResource {
  readonly type: string;
  /** Resolved; a value that could not be is {@link Unresolved}. */
  readonly properties: JsonObject;
  /** What each property or alias reads, in printed names. */
  readonly inputs: { readonly [input: string]: readonly string[] };
  /** The attributes that the resource writes, and the inputs each needs (absent: all). */
  readonly outputs: { readonly [attribute: string]: { readonly needs?: readonly string[] } };
  /** The resources that it reads or depends on, in template order. */
  readonly requires: readonly string[];
}

export interface InspectedOutput {
  /** Resolved; {@link Unresolved} when it could not be. */
  readonly value: Json;
  /** What it reads, in printed names. */
  readonly reads: readonly string[];
}

/** How an inspection tells values. */
export interface InspectOptions {
  /** Masks what holds a hidden parameter or another secret, for people to see. Default: false. */
  readonly masksSecrets?: boolean;
}

/** Stands for a value whose resolution failed. */
export type Unresolved = { readonly __error__: string };

/**
 * Values are resolved with what `read` tells of attributes, and properties converted to their types. Without it nothing is
 * known of attributes: they are null, a reference is the resource's name, and properties are as the template gives them.
 * `masksSecrets` masks what holds a hidden parameter.
 */
export function inspectAnalysis(
  { stack, parameters, template, problems, secrets, reads }: Analysis,
  read?: (resource: string, attribute: string) => Json,
  { masksSecrets = false }: InspectOptions = {},
): Inspection {
  const scope = withCompositions(
    { ...stack.scope, attribute: read ?? readNothing, value: () => null },
    stack.compositions,
  );
  const print = (reference: Reference): string =>
    printName(
      reference.kind === 'name'
        ? reference.name
        : ([
            stack.space,
            stack.stack,
            reference.resource,
            reference.kind === 'done' ? 'done' : reference.attribute,
          ] satisfies Name),
    );
  const shown = (value: Json, readsSecret: () => boolean): Json => {
    if (!masksSecrets || value === null) return value;
    if (isUnresolved(value)) return { __error__: secrets.mask(value.__error__) };
    return secrets.secrecyOf(value) !== undefined || isSecret(readsSecret) ? MASK : value;
  };
  return {
    parameters: mapEntries(parameters, (value, name) => {
      if (template.parameters.get(name)?.hidden !== true) return value;
      return masksSecrets && value !== null ? MASK : null;
    }),
    conditions: mapEntries(template.conditions, (_, name) => attempt(() => stack.scope.condition(name))),
    resources: mapEntries(
      stack.resources.map((resource) => [resource.name, resource] as const),
      (resource) => ({
        type: resource.definition.type,
        properties: mapEntries(Object.entries(propertiesOf(resource, scope, read !== undefined)), (value, name) =>
          shown(value, () => reads.inputsOf(resource).has(name)),
        ),
        inputs: mapEntries(
          resource.inputs.map(({ name, references }) => [name, references] as const),
          (references) => [...new Set(references.map(print))],
        ),
        outputs: mapEntries(Object.entries(resource.outputs), ({ needs }) => (needs === undefined ? {} : { needs })),
        requires: requiredResources(resource, stack.numbers),
      }),
    ),
    outputs: mapEntries(
      stack.outputs.map((output) => [output.definition.name, output] as const),
      ({ definition, references }) => ({
        value: shown(
          attempt(() => resolveExpression(definition.value, scope) ?? null),
          () => reads.ofExpression(definition.value, references) !== undefined,
        ),
        reads: [...new Set(references.map(print))],
      }),
    ),
    problems: problems.map(({ code, what, where, why, fix }) => ({ code, what, where, why, fix })),
  };
}

/**
 * The enabled resources of the same template that this one reads or depends on, in template order. What it reads inside of
 * a resource that is made of others counts as that resource.
 */
function requiredResources(resource: ResourceInterface, numbers: ReadonlyMap<string, number>): readonly string[] {
  const required = new Set(resource.dependsOn);
  const parent = parentOf(resource.name);
  const level = parent === undefined ? '' : `${parent}/`;
  const add = (name: string): void => {
    if (!name.startsWith(level)) return;
    const end = name.indexOf('/', level.length);
    const sibling = end === -1 ? name : name.slice(0, end);
    if (sibling !== resource.name) required.add(sibling);
  };
  for (const { references } of resource.inputs) {
    for (const reference of references) {
      if (reference.kind === 'name') continue;
      const isItself = reference.resource === resource.name;
      if (isItself && reference.kind === 'attribute' && reference.attribute !== NESTED_NAME)
        required.add(resource.name);
      else add(reference.resource);
    }
  }
  const numberOf = (name: string): number => numbers.get(name) as number;
  return [...required].filter((name) => numbers.has(name)).sort((a, b) => numberOf(a) - numberOf(b));
}

function readNothing(resource: string, attribute: string): Json {
  return attribute === REFID ? resource : null;
}

function propertiesOf({ definition, type }: ResourceInterface, scope: ResolveScope, isTyped: boolean): JsonObject {
  const properties: Record<string, Json> = {};
  for (const [name, expression] of Object.entries(definition.properties)) {
    const value = attempt(() => {
      const resolved = resolveExpression(expression as Expression, scope);
      return isTyped && resolved !== undefined ? convertProperty(type, name, resolved) : resolved;
    });
    if (value !== undefined) Object.defineProperty(properties, name, { value, enumerable: true });
  }
  return isTyped && type.shown !== undefined ? type.shown(properties) : properties;
}

/** Those that stand for a failure: a template may hold a value of the same form. */
const failures = new WeakSet<object>();

function attempt<T extends Json | undefined>(resolve: () => T): T | Unresolved {
  try {
    return resolve();
  } catch (error) {
    const failure = { __error__: messageOf(error) };
    failures.add(failure);
    return failure;
  }
}

function isUnresolved(value: Json): value is Unresolved {
  return typeof value === 'object' && value !== null && failures.has(value);
}

/** What a wrong reference leads to cannot be told, and is shown to nobody. */
function isSecret(readsSecret: () => boolean): boolean {
  try {
    return readsSecret();
  } catch {
    return true;
  }
}

/** Own properties, whatever their names. */
function mapEntries<V, R>(
  entries: Iterable<readonly [string, V]>,
  map: (value: V, name: string) => R,
): { readonly [name: string]: R } {
  return Object.fromEntries([...entries].map(([name, value]) => [name, map(value, name)]));
}
