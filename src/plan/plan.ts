import { type CriticalPath, findCriticalPath } from '../graph/critical-path.ts';
import { topologicalOrder } from '../graph/order.ts';
import { type PortGraph, START } from '../graph/port-graph.ts';
import { findResource, producerOf, type ResourceInterface, type StackInterface } from '../interface/interface.ts';
import { REFID } from '../template/expression.ts';
import { isDigest, type Json } from '../values.ts';
import type { Change } from './changes.ts';
import { type Difference, isUpdatable, type PresentResource } from './comparison.ts';

/** What will be done to one resource. */
export interface PlanStep {
  readonly resource: string;
  readonly type: string;
  /**
   * Of an update also `update` (in place), `replace`, `delete`, `unchanged`, and `compare`: it is left alone if the values that
   * it reads from those that change come out equal.
   */
  readonly action: 'create' | 'update' | 'replace' | 'compare' | 'unchanged' | 'delete' | 'none';
  /** Why, where the differences do not tell it. */
  readonly reason: string | undefined;
  /** What differs from what it was made with. A value that holds a hidden parameter is masked. */
  readonly differences: readonly Difference[];
  /** The properties and aliases whose values are known only when the update runs: they read from what changes. */
  readonly unknown: readonly string[];
  /** What it waits for, as printed names: `db.address`, `db (done)`. */
  readonly waitsFor: readonly { readonly input: string; readonly names: readonly string[] }[];
  /** Whether it starts before its inputs are there and blocks on them. */
  readonly startsAtOnce: boolean;
}

/** What an action would do, as data. */
export interface Plan {
  readonly action: 'CREATE' | 'UPDATE';
  readonly space: string;
  readonly stack: string;
  /** In an order in which the resources may start, those left out by a condition last. */
  readonly steps: readonly PlanStep[];
  /** The chain of waits that decides how long it takes; one step per resource whose whole work lies on it. */
  readonly criticalPath: CriticalPath;
  /** Names of other stacks or of nobody that the stack will wait for. */
  readonly foreignNames: readonly (readonly string[])[];
}

/** The plan of an update of what is `present`, by `changes`, which tells one for each resource by its number. */
export function planUpdate(
  stack: StackInterface,
  graph: PortGraph,
  changes: readonly Change[],
  present: ReadonlyMap<string, PresentResource>,
): Plan {
  const plan = planCreate(stack, graph);
  const steps = plan.steps.map((step): PlanStep => {
    const resource = findResource(stack, step.resource);
    const change = resource === undefined ? undefined : changes[resource.index];
    if (resource === undefined || change === undefined) return step;
    const unknown = resource.inputs.filter(({ references }) =>
      references.some((reference) => {
        if (reference.kind === 'name') return true;
        return (changes[producerOf(stack, reference)]?.verdict ?? 'unchanged') !== 'unchanged';
      }),
    );
    const names = change.verdict === 'create' || change.verdict === 'unchanged' ? [] : unknown.map(({ name }) => name);
    return {
      ...step,
      action: change.verdict,
      reason: reasonOf(resource, change, present.get(resource.name)),
      differences: change.differences.filter(({ name }) => !names.includes(name)).map(masked),
      unknown: names,
    };
  });
  const deleted = [...present.values()].flatMap(({ record }): readonly PlanStep[] => {
    if (record.replacedName === undefined && stack.numbers.has(record.name)) return [];
    return [
      {
        resource: record.replacedName ?? record.name,
        type: record.type,
        action: 'delete',
        reason: record.replacedName === undefined ? 'the template has it no more' : 'another has replaced it before',
        differences: [],
        unknown: [],
        waitsFor: [],
        startsAtOnce: false,
      },
    ];
  });
  const kept = steps.filter(
    ({ action, resource }) => action !== 'none' || !deleted.some((step) => step.resource === resource),
  );
  return { ...plan, action: 'UPDATE', steps: [...kept, ...deleted] };
}

function reasonOf(
  resource: ResourceInterface,
  { verdict, differences }: Change,
  present: PresentResource | undefined,
): string | undefined {
  if (present === undefined || verdict !== 'replace') return undefined;
  const { record } = present;
  if (record.type !== resource.type.name) return `it was a ${record.type}`;
  if (record.status !== 'COMPLETE') return `it is ${record.action}_${record.status}`;
  const fixed = differences.filter((difference) => !isUpdatable(resource, difference)).map(({ name }) => `'${name}'`);
  return `${fixed.join(', ')} cannot be changed in place`;
}

function masked(difference: Difference): Difference {
  const mask = (value: Json | undefined): Json | undefined =>
    value !== undefined && isDigest(value) ? '******' : value;
  return { ...difference, before: mask(difference.before), after: mask(difference.after) };
}

/** The plan of a create: every resource that is enabled is made. */
export function planCreate(stack: StackInterface, graph: PortGraph): Plan {
  const steps: PlanStep[] = [];
  for (const port of topologicalOrder(graph)) {
    if (graph.kinds[port] !== START) continue;
    const resource = stack.resources[graph.owners[port] as number];
    if (resource === undefined) continue;
    const waitsFor = resource.inputs.map(({ name, references }) => ({
      input: name,
      names: references.map((reference) =>
        reference.kind === 'attribute'
          ? `${reference.resource}.${reference.attribute === REFID ? REFID : reference.attribute}`
          : reference.kind === 'done'
            ? `${reference.resource} (done)`
            : reference.name.join('.'),
      ),
    }));
    if (resource.dependsOn.length > 0) {
      waitsFor.unshift({ input: 'depends_on', names: resource.dependsOn.map((name) => `${name} (done)`) });
    }
    steps.push({
      resource: resource.name,
      type: resource.definition.type,
      action: 'create',
      reason: undefined,
      differences: [],
      unknown: [],
      waitsFor,
      startsAtOnce: resource.type.kind === 'streaming',
    });
  }
  for (const definition of stack.template.resources.values()) {
    if (stack.numbers.has(definition.name)) continue;
    steps.push({
      resource: definition.name,
      type: definition.type,
      action: 'none',
      reason: 'its condition does not hold',
      differences: [],
      unknown: [],
      waitsFor: [],
      startsAtOnce: false,
    });
  }
  const foreignNames = stack.resources.flatMap(({ inputs }) =>
    inputs.flatMap(({ references }) =>
      references.flatMap((reference) => (reference.kind === 'name' ? [reference.name] : [])),
    ),
  );
  return {
    action: 'CREATE',
    space: stack.space,
    stack: stack.stack,
    steps,
    criticalPath: findCriticalPath(graph),
    foreignNames,
  };
}
