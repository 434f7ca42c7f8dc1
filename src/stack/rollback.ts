import { messageOf, StackFailed } from '../errors.ts';
import { type PresentResource, publishedBy } from '../plan/comparison.ts';
import { renamed } from '../plan/moves.ts';
import { Journal } from '../scheduler/journal.ts';
import type {
  Claim,
  OperationRecord,
  PreviousDefinition,
  ResourceRecord,
  StackRecord,
  StoreChange,
} from '../store/stack-store.ts';
import { setAside } from '../store/stored-stack.ts';
import { type Analysis, analyseStored } from './analyse.ts';
import { beginningOf } from './beginning.ts';
import { definitionOfRecord } from './definition.ts';
import { marksOf } from './marks.ts';
import { HOOKS_GONE, Operation, type RollBack } from './operation.ts';
import { presentResources, touched } from './present.ts';
import type { StackServices } from './services.ts';

/**
 * What brings a stack back to `previous` of its record, after an update to `current` has failed; undefined when it was never
 * complete. Where it can, what was replaced takes its place again.
 */
export function rollbackOf(
  services: StackServices,
  { id, space, name, previous }: StackRecord,
  current: Analysis,
  timeoutMs: number | undefined,
): RollBack | undefined {
  if (previous === undefined) return undefined;
  const target = definitionOfRecord(previous);
  return async (claim, failed) => {
    const orFailed = <T>(begin: () => T | Promise<T>) => beginOrFail(services, claim, failed, current, begin);
    // Where the values of hidden parameters are not stored, those that the update was given count.
    const hidden = [...current.template.parameters.values()].flatMap((parameter): [string, never][] => {
      const value = parameter.hidden ? current.parameters.get(parameter.name) : undefined;
      const isStored = Object.hasOwn(target.hidden ?? {}, parameter.name);
      return value === undefined ||
        isStored ||
        !Object.hasOwn((target.template.parameters ?? {}) as object, parameter.name)
        ? []
        : [[parameter.name, value as never]];
    });
    const stored = { id, space, name, ...target };
    const analysis = await orFailed(() => analyseStored(services, stored, Object.fromEntries(hidden)));
    const operation = new Operation(services, { timeoutMs }, analysis, id, 'ROLLBACK');
    await operation.goOn(claim, 'started', async (journal) => {
      const movedBack = renamed(
        await presentResources(services, id),
        new Map(Object.entries(previous.namesBefore ?? {})),
      );
      const restored = restoredChanges(touched(movedBack.present), movedBack.displaced);
      const definition: StoreChange = {
        kind: 'definition',
        definition: target,
        previous: { ...target, moved: previous.moved },
        declared: operation.declared,
        rollback: false,
        moved: previous.moved,
      };
      // What was secret in the update need not be so in what it goes back to.
      const start: StoreChange = {
        kind: 'stack',
        action: 'ROLLBACK',
        status: 'IN_PROGRESS',
        reason: 'Stack ROLLBACK started',
        time: services.clock.now(),
      };
      const changes = [...movedBack.changes, ...restored, definition, HOOKS_GONE, start];
      await orFailed(() => journal.recordAll([...failed.map(marksOf(current)), ...changes]));
      return beginningOf(
        services,
        analysis,
        id,
        await presentResources(services, id),
        (change) => void journal.record(change),
      );
    });
  };
}

/**
 * What `begin` gives, before which nothing of the rollback is stored. When it throws, the stack has failed and stays so: nobody
 * would be at work on a stack that is in progress.
 */
async function beginOrFail<T>(
  { store }: StackServices,
  claim: Claim,
  failed: readonly StoreChange[],
  current: Analysis,
  begin: () => T | Promise<T>,
): Promise<T> {
  try {
    return await begin();
  } catch (error) {
    const journal = new Journal(store, claim, () => {}, marksOf(current));
    const isStored = await journal.recordAll(failed).then(
      () => true,
      () => false,
    );
    // The store takes nothing any more, and that is what there is to tell.
    if (!isStored) throw error;
    const reason = failed.find((change) => change.kind === 'stack')?.reason;
    throw new StackFailed({
      what: current.redact(reason ?? 'The stack has failed.'),
      why: current.redact(`It could not be rolled back: ${messageOf(error)}`),
      fix: 'Update the stack to what it was, or is to be.',
      cause: error,
    });
  }
}

/** What was replaced and is still there takes its place again; what replaced it goes. */
function restoredChanges(
  all: ReadonlyMap<string, PresentResource>,
  displaced: ReadonlySet<string>,
): readonly StoreChange[] {
  const changes: StoreChange[] = [];
  const restored = new Set<string>();
  for (const present of [...all.values()].reverse()) {
    const { record } = present;
    const { replacedName: name, isOutdated, ...others } = record;
    // What the update has not come to stays.
    if (name === undefined && isOutdated === true) changes.push({ kind: 'resource', record: others });
    if (name === undefined || displaced.has(record.name)) continue;
    if (restored.has(name) || record.status !== 'COMPLETE' || record.action === 'DELETE') continue;
    restored.add(name);
    const current = all.get(name);
    changes.push({ kind: 'resourceGone', resource: record.name }, { kind: 'resourceGone', resource: name });
    if (current !== undefined) {
      changes.push({ kind: 'resource', record: setAside(current.record), ...publishedBy(current) });
    }
    changes.push({ kind: 'resource', record: { ...others, name }, ...publishedBy(present) });
  }
  return changes;
}

/** What a rollback goes back to: what the stack is, if it is complete, else what it was. */
export async function rollbackTarget(
  { store }: StackServices,
  stack: StackRecord,
): Promise<PreviousDefinition | undefined> {
  const { id, previous } = stack;
  // Some actions do not change what the stack is: the last one that did tells whether it was complete.
  const last = GOES_OVER.has(stack.action)
    ? (await store.history(id)).findLast(({ action }) => !GOES_OVER.has(action))
    : stack;
  const isComplete =
    last === undefined
      ? (await store.resources(id)).every(isMade)
      : last.status === 'COMPLETE' && (last.action !== 'ROLLBACK' || previous !== undefined);
  if (!isComplete) return previous;
  return { ...definitionOfRecord(stack), ...(stack.moved === undefined ? {} : { moved: stack.moved }) };
}

const GOES_OVER: ReadonlySet<OperationRecord['action']> = new Set<OperationRecord['action']>([
  'CHECK',
  'SUSPEND',
  'RESUME',
  'SNAPSHOT',
  'SIGNAL',
  'MARK_UNHEALTHY',
]);

/** What can be told when the history of the stack does not reach so far back. */
function isMade({ action, status, replacedName }: ResourceRecord): boolean {
  return replacedName === undefined && action !== 'INIT' && (status === 'COMPLETE' || GOES_OVER.has(action));
}

/** The same, for resources that have got other names: `namesBefore` by the names that they have now. */
export function withNamesBefore(
  previous: PreviousDefinition | undefined,
  namesBefore: ReadonlyMap<string, string>,
): PreviousDefinition | undefined {
  if (previous === undefined || namesBefore.size === 0) return previous;
  const { namesBefore: earlier = {}, ...others } = previous;
  const left = new Set(namesBefore.values());
  const names = Object.fromEntries(Object.entries(earlier).filter(([now]) => !left.has(now)));
  for (const [now, before] of namesBefore) {
    const first = Object.hasOwn(earlier, before) ? (earlier[before] as string) : before;
    if (first !== now) names[now] = first;
  }
  return { ...others, namesBefore: names };
}
