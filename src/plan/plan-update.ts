import { findCriticalPath, oneStepPerResource } from '../graph/critical-path.ts';
import type { PortGraph } from '../graph/port-graph.ts';
import type { ResourceInterface, StackInterface } from '../interface/interface.ts';
import type { ResourceRecord, StoredOutput } from '../store/stack-store.ts';
import { type Change, storedScope } from './changes.ts';
import { isUpdatable, type PresentResource } from './comparison.ts';
import { type AffectedStack, outputChanges, readersOf } from './impact.ts';
import { type PlannedHooks, withPauses } from './pauses.ts';
import {
  changesOfNew,
  emptyStep,
  foreignNames,
  leftOut,
  orderedResources,
  type Plan,
  type PlanStep,
  stepOf,
} from './plan.ts';
import { changesOf } from './property-changes.ts';
import { inRunOrder } from './run-order.ts';

/** What the plan of an update is made from. */
export interface UpdateSources {
  readonly stack: StackInterface;
  readonly graph: PortGraph;
  /** What the update does with each resource of the template, by its number. */
  readonly changes: readonly Change[];
  /** What is there, by its name in the store. */
  readonly present: ReadonlyMap<string, PresentResource>;
  /** The names that resources have had until now, by those that the update gives them. */
  readonly namesBefore: ReadonlyMap<string, string>;
  /** What cannot go on, by resource, with the reason. */
  readonly stuck: ReadonlyMap<string, string>;
  /** The outputs of the stack as it is. */
  readonly outputs: { readonly [name: string]: StoredOutput };
  /** What the environment forbids to do with a resource. */
  readonly restricted: (resource: string) => ReadonlySet<'update' | 'replace'>;
  /** Undefined: the environment sets none. */
  readonly hooks: PlannedHooks | undefined;
  /** The other stacks that have read values of this one. */
  readonly readers: readonly AffectedStack[];
  /** Masks the values of hidden parameters in a text. */
  readonly mask: (text: string) => string;
}

/** The plan of an update. */
export function planUpdate(sources: UpdateSources): Plan {
  const { stack, graph, changes, outputs, mask, readers } = sources;
  const scope = storedScope(sources);
  const isChanging = (index: number): boolean => (changes[index]?.verdict ?? 'unchanged') !== 'unchanged';
  const steps = inRunOrder(orderedResources(stack, graph), stack, changes).map((resource): PlanStep => {
    const change = changes[resource.index] as Change;
    const present = sources.present.get(resource.name);
    const step = { ...stepOf(resource, change.verdict), movedFrom: sources.namesBefore.get(resource.name) };
    const stuck = sources.stuck.get(resource.name);
    if (stuck !== undefined) return { ...step, action: 'none', reason: stuck };
    if (change.verdict === 'unchanged') return step;
    const told = { ...step, readBy: readersOf(graph, resource.index) };
    if (present === undefined || change.verdict === 'create') {
      const reason = present === undefined ? undefined : 'its creation was interrupted, and is done again';
      return { ...told, reason, changes: changesOfNew(resource, stack, scope, isChanging, mask) };
    }
    return { ...told, ...changesOfPresent(resource, present, change, sources) };
  });
  const deleted = [...sources.present.values()].flatMap(({ record }) => leftover(stack, record));
  const kept = new Set(deleted.map(({ resource }) => resource));
  const others = leftOut(stack).filter(({ resource }) => !kept.has(resource));
  const all = withPauses([...steps, ...others, ...deleted], stack, sources.hooks);
  return {
    action: 'UPDATE',
    space: stack.space,
    stack: stack.stack,
    steps: all,
    criticalPath: changingPath(graph, isChanging),
    outputs: outputChanges(stack, outputs, scope, isChanging, mask),
    affectedStacks: affected(readers, all),
    foreignNames: foreignNames(stack),
  };
}

function changesOfPresent(
  resource: ResourceInterface,
  present: PresentResource,
  change: Change,
  { mask, restricted }: UpdateSources,
): Pick<PlanStep, 'reason' | 'changes' | 'mayReplace' | 'restricted'> {
  const changes = changesOf(resource, present, change, mask);
  const mayReplace =
    change.verdict !== 'replace' && changes.some(({ isKnown, forcesReplacement }) => !isKnown && forcesReplacement);
  const reason = change.verdict === 'replace' ? whyReplaced(resource, change, present.record) : undefined;
  return { reason, changes, mayReplace, restricted: [...restricted(resource.name)] };
}

function whyReplaced(resource: ResourceInterface, { differences }: Change, record: ResourceRecord): string {
  if (record.type !== resource.type.name) return `it was a ${record.type}`;
  if (record.status !== 'COMPLETE' || record.action === 'DELETE') return `it is ${record.action}_${record.status}`;
  if (record.isOutdated === true) return `every update makes another ${record.type}`;
  if (resource.isExternal) return 'another one stands behind its external_id';
  const fixed = differences.filter((difference) => !isUpdatable(resource, difference)).map(({ name }) => `'${name}'`);
  return `${fixed.join(', ')} cannot be changed in place`;
}

/** The deletion of what the template has no more, or of what another has replaced before. */
function leftover({ numbers }: StackInterface, record: ResourceRecord): readonly PlanStep[] {
  if (record.replacedName === undefined && numbers.has(record.name)) return [];
  const why = record.replacedName === undefined ? 'the template has it no more' : 'another has replaced it before';
  const what = `${why}${KEPT[record.deletionPolicy]}`;
  return [emptyStep(record.replacedName ?? record.name, record.type, 'delete', what)];
}

const KEPT: { readonly [policy in ResourceRecord['deletionPolicy']]: string } = {
  Delete: '',
  Retain: '; what it made is left as it is, by its deletion policy',
  Snapshot: '; a snapshot of it is kept, by its deletion policy',
};

/** The critical path among what changes: what stands is there at once. */
function changingPath(graph: PortGraph, isChanging: (index: number) => boolean): Plan['criticalPath'] {
  const step = oneStepPerResource(graph);
  const path = findCriticalPath(graph, (of, port, before) =>
    isChanging(of.owners[port] as number) ? step(of, port, before) : 0,
  );
  const works = new Set(graph.names.filter((_, index) => isChanging(index)));
  return {
    ports: path.ports.filter(({ resource }) => works.has(resource)),
    resources: path.resources.filter((resource) => works.has(resource)),
    length: path.length,
  };
}

/** Those that have read from a resource that changes, may change, or goes. */
function affected(readers: readonly AffectedStack[], steps: readonly PlanStep[]): readonly AffectedStack[] {
  const changing = new Set<string>();
  for (const { resource, action, movedFrom } of steps) {
    if (movedFrom !== undefined) changing.add(movedFrom);
    if (action !== 'unchanged' && action !== 'none') changing.add(resource);
  }
  return readers.flatMap((reader) => {
    const names = reader.names.filter(([, , resource]) => changing.has(resource));
    return names.length === 0 ? [] : [{ ...reader, names }];
  });
}
