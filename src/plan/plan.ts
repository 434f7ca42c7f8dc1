import { withCompositions } from '../composition/composition.ts';
import { type CriticalPath, findCriticalPath } from '../graph/critical-path.ts';
import { topologicalOrder } from '../graph/order.ts';
import { type PortGraph, START } from '../graph/port-graph.ts';
import { placeOf } from '../interface/given.ts';
import type { ResourceInterface, StackInterface } from '../interface/interface.ts';
import type { Name } from '../names.ts';
import type { ResolveScope } from '../template/expression.ts';
import type { HookType } from '../template/hook-types.ts';
import { isUnknown } from './changes.ts';
import { type AffectedStack, type OutputChange, outputChanges, readersOf } from './impact.ts';
import { type PlannedHooks, withPauses } from './pauses.ts';
import { givenChanges, type PropertyChange } from './property-changes.ts';

/** What will be done to one resource. */
export interface PlanStep {
  readonly resource: string;
  readonly type: string;
  /**
   * Of an update also `update` (in place), `replace`, `delete`, `unchanged`, and `compare`: it is left alone if the values that
   * it reads from those that change come out equal.
   */
  readonly action: 'create' | 'update' | 'replace' | 'compare' | 'unchanged' | 'delete' | 'none';
  /** Why, where the changes do not tell it; of a replacement what forces it. */
  readonly reason: string | undefined;
  /** Where its real thing was until now, by the name of the resource; undefined when it keeps its name. */
  readonly movedFrom: string | undefined;
  /** What it is made with, or what differs from what it was made with. A value that holds a hidden parameter is masked. */
  readonly changes: readonly PropertyChange[];
  /** Whether a `compare` or an `update` may turn out to be a replacement, by a value that is not known before the run. */
  readonly mayReplace: boolean;
  /** Of a replacement, also one that only may be: whether the old one is deleted before the new one is made. */
  readonly deletesFirst: boolean;
  /** The actions that the environment's `restricted_actions` forbid here: the update fails when it comes to one. */
  readonly restricted: readonly ('update' | 'replace')[];
  /**
   * The hooks of the environment at which it pauses until they are cleared; of a `compare` only if it turns out to change. One
   * that others are made of pauses before the first of them, also when nothing of its own changes.
   */
  readonly pausesAt: readonly HookType[];
  /** What it waits for, as printed names: `db.address`, `db (done)`. */
  readonly waitsFor: readonly { readonly input: string; readonly names: readonly string[] }[];
  /** The inputs that read from it, as printed names: `web.host`. Empty for what does not change. */
  readonly readBy: readonly string[];
  /** Whether it starts before its inputs are there and blocks on them. */
  readonly startsAtOnce: boolean;
}

/** What an action would do, as data. */
export interface Plan {
  readonly action: 'CREATE' | 'UPDATE';
  readonly space: string;
  readonly stack: string;
  /** In an order in which the resources may start, what is deleted and what a condition leaves out last. */
  readonly steps: readonly PlanStep[];
  /** The chain of waits that decides how long it takes; one step per resource whose whole work lies on it. */
  readonly criticalPath: CriticalPath;
  /** The outputs that the stack will have new, or no more, or with other values. */
  readonly outputs: readonly OutputChange[];
  /** The other stacks that have read values which may change: an update of them brings them up to date. */
  readonly affectedStacks: readonly AffectedStack[];
  /** Names of other stacks or of nobody that the stack will wait for. */
  readonly foreignNames: readonly Name[];
}

/** The plan of a create: every resource that is enabled is made. `mask` masks the values of hidden parameters in a text. */
export function planCreate(
  stack: StackInterface,
  graph: PortGraph,
  mask: (text: string) => string,
  hooks: PlannedHooks | undefined,
): Plan {
  const isChanging = (index: number): boolean => index >= 0;
  const scope = withCompositions({ ...stack.scope, attribute: () => null, value: () => null }, stack.compositions);
  const steps = orderedResources(stack, graph).map((resource): PlanStep => {
    const changes = changesOfNew(resource, stack, scope, isChanging, mask);
    return { ...stepOf(resource, 'create'), changes, readBy: readersOf(graph, resource.index) };
  });
  return {
    action: 'CREATE',
    space: stack.space,
    stack: stack.stack,
    steps: withPauses([...steps, ...leftOut(stack)], stack, hooks),
    criticalPath: findCriticalPath(graph),
    outputs: outputChanges(stack, {}, scope, isChanging, mask),
    affectedStacks: [],
    foreignNames: foreignNames(stack),
  };
}

/** In an order in which they may start. */
export function orderedResources(stack: StackInterface, graph: PortGraph): readonly ResourceInterface[] {
  const ordered: ResourceInterface[] = [];
  for (const port of topologicalOrder(graph)) {
    if (graph.kinds[port] === START) ordered.push(stack.resources[graph.owners[port] as number] as ResourceInterface);
  }
  return ordered;
}

/** A step of which nothing is known yet but the template. */
export function stepOf(resource: ResourceInterface, action: PlanStep['action']): PlanStep {
  const { name, definition, type } = resource;
  return {
    ...emptyStep(name, definition.type, action),
    waitsFor: waitsOf(resource),
    deletesFirst: type.deletesBeforeReplacing === true,
    startsAtOnce: type.kind === 'streaming',
  };
}

/** The step of a resource that does not run. */
export function emptyStep(resource: string, type: string, action: PlanStep['action'], reason?: string): PlanStep {
  return {
    resource,
    type,
    action,
    reason,
    movedFrom: undefined,
    changes: [],
    mayReplace: false,
    deletesFirst: false,
    restricted: [],
    pausesAt: [],
    waitsFor: [],
    readBy: [],
    startsAtOnce: false,
  };
}

/** What the template gives a resource that is to be made. */
export function changesOfNew(
  resource: ResourceInterface,
  stack: StackInterface,
  scope: ResolveScope,
  isChanging: (index: number) => boolean,
  mask: (text: string) => string,
): readonly PropertyChange[] {
  const unknown = new Set<string>();
  for (const { name, references } of resource.inputs) if (isUnknown(stack, references, isChanging)) unknown.add(name);
  return givenChanges(resource, (input) => unknown.has(input), scope, placeOf(resource, stack, mask), mask);
}

/** The steps of the resources that a condition leaves out. */
export function leftOut({ template, numbers }: StackInterface): readonly PlanStep[] {
  return [...template.resources.values()]
    .filter(({ name }) => !numbers.has(name))
    .map(({ name, type }) => emptyStep(name, type, 'none', 'its condition does not hold'));
}

export function foreignNames({ resources }: StackInterface): readonly Name[] {
  return resources.flatMap(({ inputs }) =>
    inputs.flatMap(({ references }) =>
      references.flatMap((reference) => (reference.kind === 'name' ? [reference.name] : [])),
    ),
  );
}

function waitsOf({ inputs, dependsOn }: ResourceInterface): PlanStep['waitsFor'] {
  const waitsFor = inputs.map(({ name, references }) => ({
    input: name,
    names: references.map((reference) =>
      reference.kind === 'attribute'
        ? `${reference.resource}.${reference.attribute}`
        : reference.kind === 'done'
          ? `${reference.resource} (done)`
          : reference.name.join('.'),
    ),
  }));
  if (dependsOn.length > 0) {
    waitsFor.unshift({ input: 'depends_on', names: dependsOn.map((name) => `${name} (done)`) });
  }
  return waitsFor;
}
