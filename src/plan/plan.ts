import { type CriticalPath, findCriticalPath } from '../graph/critical-path.ts';
import { topologicalOrder } from '../graph/order.ts';
import { type PortGraph, START } from '../graph/port-graph.ts';
import type { StackInterface } from '../interface/interface.ts';
import { REFID } from '../template/expression.ts';

/** What will be done to one resource. */
export interface PlanStep {
  readonly resource: string;
  readonly type: string;
  readonly action: 'create' | 'none';
  /** Why nothing is done: its condition does not hold. */
  readonly reason: string | undefined;
  /** What it waits for, as printed names: `db.address`, `db (done)`. */
  readonly waitsFor: readonly { readonly input: string; readonly names: readonly string[] }[];
  /** Whether it starts before its inputs are there and blocks on them. */
  readonly startsAtOnce: boolean;
}

/** What an action would do, as data. */
export interface Plan {
  readonly action: 'CREATE';
  readonly space: string;
  readonly stack: string;
  /** In an order in which the resources may start, those left out by a condition last. */
  readonly steps: readonly PlanStep[];
  /** The chain of waits that decides how long it takes; one step per resource whose whole work lies on it. */
  readonly criticalPath: CriticalPath;
  /** Names of other stacks or of nobody that the stack will wait for. */
  readonly foreignNames: readonly (readonly string[])[];
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
