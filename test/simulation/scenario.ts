import { isHotloomError } from '../../src/errors.ts';
import { parseTemplate, type Template } from '../../src/template/template.ts';
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
  /**
   * `g/0` is a member of an OS::Heat::ResourceGroup; the members of one have the same type and inputs. `nest/a` is a resource
   * of a nested template.
   */
  readonly name: string;
  readonly type: TypeName;
  /** True: its type has no `lookup`. What it made is removed by the id that was told, and without one by nobody. */
  readonly isKnownById?: boolean;
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

/** An attribute of the same stack, `web.early`, `g/0.early`; with the stack, `other.web.early`, by get_data. */
export type Read = string;

export type Step =
  /** Awaits inputs together. */
  | { readonly do: 'await'; readonly inputs: readonly string[] }
  /** Reads a name at run time, which no static check sees. */
  | { readonly do: 'read'; readonly name: Read }
  | { readonly do: 'work'; readonly ms: number; readonly heedsSignal: boolean }
  /** Publishes; in a plain handler: returns at its end. */
  | { readonly do: 'write'; readonly attribute: string }
  /** Makes the thing in the world outside; what is known by its id alone tells it at once. */
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

/** By which templates name the type. */
export function typeNameOf(type: TypeName, isKnownById: boolean): string {
  return isKnownById ? `${type}::ById` : type;
}

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

/** What an engine is given of a stack. */
export interface Given {
  readonly template: Template | JsonObject;
  readonly files: { readonly [file: string]: string };
}

/** The template is read once, for all the schedules that it is played under; the document itself where it cannot be read. */
export function givenOf(stack: StackSketch): Given {
  let given = givens.get(stack);
  if (given === undefined) {
    const [template, files] = [templateOf(stack), filesOf(stack)];
    given = { template: readOf(template, files) ?? template, files };
    givens.set(stack, given);
  }
  return given;
}

const givens = new WeakMap<StackSketch, Given>();

function readOf(template: JsonObject, files: Given['files']): Template | undefined {
  try {
    return parseTemplate(template, { files });
  } catch (error) {
    if (isHotloomError(error)) return undefined;
    throw error;
  }
}

/** The stack as a template in HOT. */
function templateOf(stack: StackSketch): JsonObject {
  const resources = stack.resources.map((resource): [string, JsonObject] => {
    const group = groupOf(resource.name);
    if (group === undefined) return [resource.name, definitionOf(resource)];
    return [group, group === NEST ? nestDefinitionOf(stack) : groupDefinitionOf(stack, group)];
  });
  const outputs = Object.entries(stack.outputs).map(([name, read]) => [name, { value: expressionOf(read) }]);
  return {
    ...HEAD,
    ...(stack.version === undefined ? {} : { description: stack.version }),
    resources: Object.fromEntries(resources),
    outputs: Object.fromEntries(outputs),
  };
}

const HEAD = { heat_template_version: 'hotloom-1', conditions: { never: { equals: ['a', 'b'] } } } as const;

/** The files that go with the template: that of the nested one, with the members as its resources. */
function filesOf(stack: StackSketch): { readonly [file: string]: string } {
  const members = membersOf(stack, NEST);
  if (members.length === 0) return {};
  const parameters = members.flatMap((member) =>
    Object.keys(member.inputs).map((input) => [parameterOf(member, input), { type: 'json' }]),
  );
  const outputs = members.flatMap((member) =>
    Object.keys(attributesOf(member)).map((attribute) => {
      const name = withinOf(member.name);
      return [`${name}_${attribute}`, { value: { get_attr: [name, attribute] } }];
    }),
  );
  const nested = {
    ...HEAD,
    parameters: Object.fromEntries(parameters),
    resources: Object.fromEntries(members.map((member) => [withinOf(member.name), definitionOf(member)])),
    outputs: Object.fromEntries(outputs),
  };
  return { [NEST_FILE]: JSON.stringify(nested) };
}

/**
 * What a resource is a member of: of the nested template `nest`, or of an OS::Heat::ResourceGroup; undefined for one that
 * stands by itself.
 */
export function groupOf(name: string): string | undefined {
  const [group, member] = name.split('/') as [string, string?];
  return member === undefined ? undefined : group;
}

/** The members of this one have a template of their own, in which they are as different as in any other. */
export const NEST = 'nest';
const NEST_FILE = 'nest.yaml';

/** The attribute of a group or a nested template by which the engine tells that it has started: whoever reads a member from outside waits for it. */
export const GROUP_STARTED = 'nested_stack_name';

export function membersOf({ resources }: Pick<StackSketch, 'resources'>, group: string): readonly ResourceSketch[] {
  return resources.filter(({ name }) => groupOf(name) === group);
}

function withinOf(member: string): string {
  return member.slice(member.indexOf('/') + 1);
}

function groupDefinitionOf(stack: StackSketch, group: string): JsonObject {
  const members = membersOf(stack, group);
  const { type, properties } = definitionOf(members[0] as ResourceSketch) as { type: string; properties: JsonObject };
  return { type: 'OS::Heat::ResourceGroup', properties: { count: members.length, resource_def: { type, properties } } };
}

/** The nested template is given, for each input of each member, a list of what that reads outside of it. */
function nestDefinitionOf(stack: StackSketch): JsonObject {
  const given = membersOf(stack, NEST).flatMap((member) =>
    Object.entries(member.inputs).map(([input, reads]) => [
      parameterOf(member, input),
      reads.filter((read) => !isWithinNest(read)).map((read) => expressionOf(read)),
    ]),
  );
  return { type: NEST_FILE, properties: Object.fromEntries(given) };
}

function parameterOf({ name }: ResourceSketch, input: string): string {
  return `${withinOf(name)}_${input}`;
}

function isWithinNest(read: Read): boolean {
  return groupOf(read) === NEST && read.split('.').length === 2;
}

function definitionOf(resource: ResourceSketch): JsonObject {
  const expressions = (input: string, reads: readonly Read[]): Json[] => {
    if (groupOf(resource.name) !== NEST) return reads.map((read) => expressionOf(read));
    const outside = reads.filter((read) => !isWithinNest(read));
    return reads.map((read) =>
      isWithinNest(read)
        ? { get_attr: withinOf(read).split('.') }
        : { get_param: [parameterOf(resource, input), outside.indexOf(read)] },
    );
  };
  const given = (isProperty: boolean): JsonObject => {
    const inputs = Object.entries(resource.inputs).filter(([input]) => PROPERTIES.includes(input) === isProperty);
    return Object.fromEntries(
      inputs.map(([input, reads]) => [input, [...expressions(input, reads), ...constantsOf(resource, input)]]),
    );
  };
  const outputs = Object.entries(resource.outputs).map(([attribute, needed]) => [
    attribute,
    { schema: {}, ...(needed === null ? {} : { needs: needed }) },
  ]);
  return {
    type: typeNameOf(resource.type, resource.isKnownById === true),
    properties: given(true),
    ...(resource.dependsOn.length === 0 ? {} : { depends_on: resource.dependsOn.map(withinOf) }),
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
  const member = withinOf(resource);
  return { get_attr: [group, group === NEST ? `${member}_${attribute}` : `resource.${member}.${attribute}`] };
}
