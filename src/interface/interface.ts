import type { Composition } from '../composition/composition.ts';
import type { Name } from '../names.ts';
import type { AttributeDeclarations, ResourceType } from '../resource/resource-type.ts';
import type { CustomConstraints } from '../template/constraints.ts';
import type { Reference, StaticScope } from '../template/expression.ts';
import type { InputInterface } from '../template/inputs.ts';
import { NOBODY, type Reads } from '../template/reads.ts';
import type { DeletionPolicy, OutputDefinition, ResourceDefinition, Template } from '../template/template.ts';

/** What one resource reads and writes: all that the graph has to know of it. */
export interface ResourceInterface {
  /** Position among the enabled resources, in template order. */
  readonly index: number;
  readonly name: string;
  readonly definition: ResourceDefinition;
  readonly type: ResourceType;
  /** The template that it stands in: the root template, or a nested one. */
  readonly template: Template;
  /** The inputs that refer to something. */
  readonly inputs: readonly InputInterface[];
  /** Their names, one list for all resources that have the same. */
  readonly inputNames: readonly string[];
  /** The names of the properties, where each of them is the value of one attribute. */
  readonly readNames: readonly string[] | undefined;
  /** Every attribute that it may write, REFID included. Shared between resources of a type where it can be. */
  readonly outputs: AttributeDeclarations;
  /** The resource that it is a member of, by number; -1 for one of the root template. */
  readonly parent: number;
  /** The enabled resources of `depends_on`. */
  readonly dependsOn: readonly string[];
  readonly deletionPolicy: DeletionPolicy;
  /** How long its handler may work, in milliseconds; undefined where its type decides. */
  readonly timeoutMs: number | undefined;
  /** Whether it stands for something that is there already. */
  readonly isExternal: boolean;
}

/** An input that reads a name from outside the stack. */
export interface ForeignRead {
  /** The number of the resource. */
  readonly resource: number;
  /** The position of the input among its `inputs`. */
  readonly input: number;
  readonly name: Name;
}

/** An output of the stack with what it reads. */
export interface OutputInterface {
  readonly definition: OutputDefinition;
  readonly references: readonly Reference[];
}

/** A template with its types, parameter values and conditions: every read and write that can be known before a run. */
export interface StackInterface {
  readonly space: string;
  readonly stack: string;
  readonly template: Template;
  readonly scope: StaticScope;
  /** The resources whose condition holds, in template order; each that is made of others is followed by its members. */
  readonly resources: readonly ResourceInterface[];
  /** The number of each resource. A map of numbers, so that whoever keeps it does not keep the template. */
  readonly numbers: ReadonlyMap<string, number>;
  /** Whether each resource has the number that the template has it at: none is left out or made of others. */
  readonly keepsPositions: boolean;
  /** What the inputs of all of them and the outputs read of each other. */
  readonly reads: Reads;
  /** The resources that are made of others. */
  readonly compositions: ReadonlyMap<string, Composition>;
  /** The references of resources to names of other stacks and of nobody. */
  readonly foreignReads: readonly ForeignRead[];
  /** The outputs whose condition holds. */
  readonly outputs: readonly OutputInterface[];
  /** What the schemas of properties may name. */
  readonly customConstraints: CustomConstraints | undefined;
}

/** Undefined when the stack has no such resource, or its condition leaves it out. */
export function findResource({ resources, numbers }: StackInterface, name: string): ResourceInterface | undefined {
  const index = numbers.get(name);
  return index === undefined ? undefined : resources[index];
}

/**
 * The number of the resource that a reference is to; NOBODY for a name outside of the stack, and for one that its condition
 * leaves out, which reads as null.
 */
export function producerOf(stack: Pick<StackInterface, 'keepsPositions' | 'numbers'>, reference: Reference): number {
  if (reference.kind === 'name') return NOBODY;
  if (stack.keepsPositions && reference.kind === 'attribute' && reference.position !== undefined)
    return reference.position;
  return stack.numbers.get(reference.resource) ?? NOBODY;
}

/**
 * Whether `attribute` can be written only after `input` (undefined: a read by name at run time): what the attribute
 * declares to need, or else everything that the resource reads (Heat's rule).
 */
export function needsInput(resource: ResourceInterface, attribute: string, input: string | undefined): boolean {
  const needs = resource.outputs[attribute]?.needs;
  return resource.type.kind === 'plain' || needs === undefined || (input !== undefined && needs.includes(input));
}
