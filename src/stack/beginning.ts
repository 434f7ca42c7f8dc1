import type { OutcomeUnknown } from '../errors.ts';
import type { Change } from '../plan/changes.ts';
import type { PresentResource } from '../plan/comparison.ts';
import type { StoredResource } from '../scheduler/traversal-parts.ts';
import type { ResourceRecord, ResourceSnapshot, StoreChange } from '../store/stack-store.ts';
import type { JsonObject } from '../values.ts';
import type { Analysis } from './analyse.ts';
import { tellUnknownOutcomes, unknownOutcomes } from './interruption.ts';
import { withRepeated } from './missing-values.ts';
import type { Beginning } from './operation.ts';
import { changesTo } from './present.ts';
import type { StackServices } from './services.ts';
import { learnSecrets } from './stored-secrets.ts';
import { withoutUndeclared } from './undeclared-values.ts';

/** What an update finds in the store, and what it will do with it. */
export interface FoundBeginning {
  /** What stands, or is done again from its start. */
  readonly stored: ReadonlyMap<string, StoredResource>;
  /** What has to be compared once its inputs are there. */
  readonly present: ReadonlyMap<string, PresentResource>;
  /** The resources of which nobody can tell what they made. */
  readonly unknown: ReadonlyMap<string, OutcomeUnknown>;
  readonly hasLeftovers: boolean;
  /** What happens to each resource, by its number. */
  readonly changes: readonly Change[];
}

/** What an update begins with; `all` are the stack's resources, and `store` takes what is to be stored of it. */
export function beginningOf(
  services: Pick<StackServices, 'events' | 'clock'>,
  analysis: Analysis,
  stackId: string,
  all: ReadonlyMap<string, PresentResource>,
  store: (change: StoreChange) => void,
  /** What a restore brings resources back to; undefined when it is none. */
  kept?: readonly ResourceSnapshot[],
): Beginning {
  const isRestore = kept !== undefined;
  const found = withoutUndeclared(analysis, all, store);
  const { stored, present, unknown, hasLeftovers } = findBeginning(analysis, stackId, found, isRestore);
  tellUnknownOutcomes(services, analysis, unknown, found, store);
  const snapshots = isRestore ? keptData(kept) : undefined;
  return { stored, present, hasLeftovers, snapshots };
}

/** The same as a plan needs it: nothing is stored, and nothing told. */
export function findBeginning(
  analysis: Analysis,
  stackId: string,
  all: ReadonlyMap<string, PresentResource>,
  isRestore = false,
): FoundBeginning {
  const present = new Map<string, PresentResource>();
  const stored = new Map<string, StoredResource>();
  learnSecrets(analysis.secrets, all.values());
  const unknown = unknownOutcomes(analysis, all.values());
  let hasLeftovers = false;
  for (const [name, resource] of all) {
    const failure = unknown.get(name);
    const index = analysis.stack.numbers.get(name);
    if (index === undefined) {
      hasLeftovers = true;
      continue;
    }
    if (resource.record.action === 'INIT') continue;
    if (failure !== undefined) {
      const record = { ...resource.record, status: 'FAILED' as const, reason: failure.what };
      stored.set(name, { record, values: {}, readElsewhere: NONE, failure });
    } else if (isBegunAnew(analysis, index, resource)) {
      stored.set(name, { ...resource, readElsewhere: NONE });
    } else {
      present.set(name, resource);
    }
  }
  const changes = changesTo(analysis, present, stackId, isRestore);
  for (const [index, { verdict }] of changes.entries()) {
    const { name } = analysis.stack.resources[index] as (typeof analysis.stack.resources)[number];
    const resource = present.get(name);
    if (verdict !== 'unchanged' || resource === undefined) continue;
    present.delete(name);
    stored.set(name, { ...resource, readElsewhere: NONE });
  }
  const verdictOf = (name: string) => changes[analysis.stack.numbers.get(name) ?? -1]?.verdict;
  const repeated = withRepeated(analysis, stored, (reader) => verdictOf(reader) !== 'unchanged');
  return { stored: repeated, present, unknown, hasLeftovers, changes };
}

/** The resources of which every update makes another, as records that say so. One that its update has made is none of them. */
export function outdatedRecords(
  { stack }: Analysis,
  all: ReadonlyMap<string, PresentResource>,
): readonly ResourceRecord[] {
  return stack.resources.flatMap(({ name, type }) => {
    const record = type.isReplacedByEveryUpdate === true ? all.get(name)?.record : undefined;
    return record === undefined || record.action === 'INIT' ? [] : [{ ...record, isOutdated: true as const }];
  });
}

/** The resources that a snapshot has kept something of, as records that say that a restore brings it back. */
export function recordsToRestore(
  { stack }: Analysis,
  all: ReadonlyMap<string, PresentResource>,
  kept: readonly ResourceSnapshot[],
): readonly ResourceRecord[] {
  const data = keptData(kept);
  return stack.resources.flatMap(({ name, type }) => {
    const record = type.handler.restore !== undefined && data.has(name) ? all.get(name)?.record : undefined;
    return record === undefined || record.action === 'INIT' ? [] : [{ ...record, isToBeRestored: true as const }];
  });
}

function keptData(kept: readonly ResourceSnapshot[]): ReadonlyMap<string, JsonObject> {
  return new Map(kept.flatMap(({ record, data }) => (data === undefined ? [] : [[record.name, data] as const])));
}

const NONE: ReadonlySet<string> = new Set();

/** An interrupted create that is only called again. */
function isBegunAnew({ stack }: Analysis, index: number, { record }: PresentResource): boolean {
  const type = stack.resources[index]?.type;
  const isInterrupted = record.action === 'CREATE' && record.status === 'IN_PROGRESS';
  return isInterrupted && type?.name === record.type && type.handler.isRepeatable === true;
}
