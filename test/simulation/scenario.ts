import type { Json, JsonObject } from '../../src/values.ts';

/** What one run of the simulation is, as plain data: what is created, how handlers behave, what happens to them. */
export interface Scenario {
  readonly seed: number;
  readonly stacks: readonly StackSketch[];
  /** Names of nobody that somebody outside writes, and when (ms). */
  readonly outside: readonly { readonly name: string; readonly atMs: number }[];
  readonly kill: Kill | undefined;
}

/** The engine is killed with the change of that number, from 0, that it wants to store: before or after it is stored. */
export interface Kill {
  readonly position: number;
  readonly isStored: boolean;
}

export interface StackSketch {
  readonly name: string;
  readonly startMs: number;
  readonly resources: readonly ResourceSketch[];
  /** By name: what the output reads. */
  readonly outputs: { readonly [output: string]: Read };
  readonly rollback: boolean;
  readonly cancelMs: number | undefined;
  readonly timeoutMs: number;
  /** The template's description, by which what handlers do is told from what they do under another template. */
  readonly version?: string;
}

export interface ResourceSketch {
  /** `group/0` is a member of an OS::Heat::ResourceGroup; the members of one have the same type and inputs. */
  readonly name: string;
  readonly type: TypeName;
  /** False: its condition leaves it out. */
  readonly isEnabled: boolean;
  readonly dependsOn: readonly string[];
  /** By property or alias: what it reads; an empty list is a constant. */
  readonly inputs: { readonly [input: string]: readonly Read[] };
  /** By input: a constant that follows on what it reads. */
  readonly constants?: { readonly [input: string]: number };
  /** Attributes of this resource alone, with what they need; null: everything. */
  readonly outputs: { readonly [attribute: string]: readonly string[] | null };
  /** What its handler does: the branches at the same time, each step by step. A plain handler has one. */
  readonly branches: readonly (readonly Step[])[];
  /** How long its removal takes, in milliseconds. */
  readonly removalMs: number;
}

/** An attribute of the same stack, `web.early`, `group/0.early`; with the stack, `other.web.early`, by get_data. */
export type Read = string;

export type Step =
  /** Awaits inputs together. */
  | { readonly do: 'await'; readonly inputs: readonly string[] }
  /** Reads a name at run time, which no static check sees. */
  | { readonly do: 'read'; readonly name: Read }
  | { readonly do: 'work'; readonly ms: number; readonly heedsSignal: boolean }
  /** Publishes; in a plain handler: returns at its end. */
  | { readonly do: 'write'; readonly attribute: string }
  /** Makes the thing in the world outside. */
  | { readonly do: 'make' }
  /** Tells the engine the id of what was made. */
  | { readonly do: 'tell' }
  | { readonly do: 'fail' }
  | { readonly do: 'hang' }
  /** Writes again, another value. */
  | { readonly do: 'rewrite'; readonly attribute: string }
  /** Writes what is not declared. */
  | { readonly do: 'stray' };

export type TypeName = 'Sim::Plain' | 'Sim::Staged' | 'Sim::Open';

/**
 * The attributes of each type with what they need; null: everything. `Sim::Plain` is plain, the others are streaming;
 * `Sim::Open` has those of its resource's section `outputs` besides.
 */
export const ATTRIBUTES: { readonly [T in TypeName]: { readonly [attribute: string]: readonly string[] | null } } = {
  'Sim::Plain': { x: null, y: null },
  'Sim::Staged': { early: [], half: ['a'], late: null },
  'Sim::Open': {},
};

/** The properties of each type. Other inputs are aliases. */
export const PROPERTIES: readonly string[] = ['a', 'b'];

/** How long a stall may stand, and a handler may go on after a cancel. */
export const STALL_MS = 500;
export const GRACE_MS = 40;

/** A time-out that only what never comes reaches: a name of a stack that was refused. */
export const LONG_MS = 2500;

/** A read taken apart: which attribute of which stack's resource. */
export interface Target {
  readonly stack: string;
  readonly resource: string;
  readonly attribute: string;
}

export function targetOf(stack: string, read: Read): Target {
  const parts = read.split('.');
  const [attribute, resource, owner = stack] = parts.reverse() as [string, string, string?];
  return { stack: owner, resource, attribute };
}

export function attributesOf(resource: ResourceSketch): { readonly [attribute: string]: readonly string[] | null } {
  return { ...ATTRIBUTES[resource.type], ...resource.outputs };
}

/** The declaration: whether `attribute` can be written only after `input` (undefined: a read by name). */
export function needs(resource: ResourceSketch, attribute: string, input: string | undefined): boolean {
  const needed = attributesOf(resource)[attribute] ?? null;
  return resource.type === 'Sim::Plain' || needed === null || (input !== undefined && needed.includes(input));
}

/** The stack as a template in HOT. */
export function templateOf(stack: StackSketch): JsonObject {
  const resources = stack.resources.map((resource): [string, JsonObject] => {
    const group = groupOf(resource.name);
    return group === undefined ? [resource.name, definitionOf(resource)] : [group, groupDefinitionOf(stack, group)];
  });
  const outputs = Object.entries(stack.outputs).map(([name, read]) => [name, { value: expressionOf(read) }]);
  return {
    heat_template_version: 'hotloom-1',
    ...(stack.version === undefined ? {} : { description: stack.version }),
    conditions: { never: { equals: ['a', 'b'] } },
    resources: Object.fromEntries(resources),
    outputs: Object.fromEntries(outputs),
  };
}

/** The group that a resource is a member of; undefined for one that stands by itself. */
export function groupOf(name: string): string | undefined {
  const [group, member] = name.split('/') as [string, string?];
  return member === undefined ? undefined : group;
}

/** The attribute of a group by which the engine tells that the group has started: whoever reads a member waits for it. */
export const GROUP_STARTED = 'nested_stack_name';

function groupDefinitionOf({ resources }: StackSketch, group: string): JsonObject {
  const members = resources.filter(({ name }) => groupOf(name) === group);
  const { type, properties } = definitionOf(members[0] as ResourceSketch) as { type: string; properties: JsonObject };
  return { type: 'OS::Heat::ResourceGroup', properties: { count: members.length, resource_def: { type, properties } } };
}

function definitionOf(resource: ResourceSketch): JsonObject {
  const given = (isProperty: boolean): JsonObject => {
    const inputs = Object.entries(resource.inputs).filter(([input]) => PROPERTIES.includes(input) === isProperty);
    return Object.fromEntries(
      inputs.map(([input, reads]) => [input, [...reads.map(expressionOf), ...constantsOf(resource, input)]]),
    );
  };
  const outputs = Object.entries(resource.outputs).map(([attribute, needed]) => [
    attribute,
    { schema: {}, ...(needed === null ? {} : { needs: needed }) },
  ]);
  return {
    type: resource.type,
    properties: given(true),
    ...(resource.dependsOn.length === 0 ? {} : { depends_on: resource.dependsOn }),
    ...(resource.isEnabled ? {} : { condition: 'never' }),
    ...(resource.type === 'Sim::Plain' ? {} : { inputs: given(false), outputs: Object.fromEntries(outputs) }),
  };
}

/** At most one. */
export function constantsOf({ constants }: ResourceSketch, input: string): readonly number[] {
  const constant = constants?.[input];
  return constant === undefined ? [] : [constant];
}

function expressionOf(read: Read): Json {
  const parts = read.split('.') as [string, string, string?];
  if (parts.length === 3) return { get_data: read };
  const [resource, attribute] = parts;
  const group = groupOf(resource);
  if (group === undefined) return { get_attr: [resource, attribute] };
  return { get_attr: [group, `resource.${resource.slice(group.length + 1)}.${attribute}`] };
}
