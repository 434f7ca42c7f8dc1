import { type Change, findChanges } from '../plan/changes.ts';
import type { PresentResource } from '../plan/comparison.ts';
import type { Secrecy } from '../secrets.ts';
import type { ResourceRecord } from '../store/stack-store.ts';
import { type Json, setOwn } from '../values.ts';
import type { Analysis } from './analyse.ts';
import { concealOf } from './marks.ts';
import type { StackServices } from './services.ts';
import { withStaleReads } from './stale-reads.ts';

/** Every resource of the stack with its values, and what it has read that is another value now, by its name in the store. */
export async function presentResources(
  services: Pick<StackServices, 'store'>,
  stackId: string,
): Promise<ReadonlyMap<string, PresentResource>> {
  const { store } = services;
  const found = new Map<string, FoundResource>();
  for (const record of await store.resources(stackId)) found.set(record.name, { record, values: {} });
  for (const { resource, attribute, value, secrecy, missing } of await store.values(stackId)) {
    const present = found.get(resource);
    if (present === undefined) continue;
    if (missing === undefined) setOwn(present.values, attribute, value);
    else {
      present.missing ??= new Set();
      present.missing.add(attribute);
    }
    if (secrecy === undefined) continue;
    present.secrecy ??= {};
    setOwn(present.secrecy, attribute, secrecy);
  }
  return withStaleReads(store, found);
}

interface FoundResource extends PresentResource {
  readonly values: Record<string, Json>;
  secrecy?: Record<string, Secrecy>;
  missing?: Set<string>;
}

/** Those that may be there: what was only skipped has not been touched. */
export function touched(all: ReadonlyMap<string, PresentResource>): ReadonlyMap<string, PresentResource> {
  return new Map([...all].filter(([, { record }]) => record.action !== 'INIT'));
}

/** The same with some records that are not as they are stored. */
export function withRecords(
  present: ReadonlyMap<string, PresentResource>,
  records: readonly ResourceRecord[],
): ReadonlyMap<string, PresentResource> {
  const changed = new Map(present);
  for (const record of records) changed.set(record.name, { ...(present.get(record.name) as PresentResource), record });
  return changed;
}

/** What an update to `analysis` does with each of its resources, by number. */
export function changesTo(
  analysis: Analysis,
  present: ReadonlyMap<string, PresentResource>,
  stackId: string,
  isRestore: boolean,
): readonly Change[] {
  const { stack, graph, redact } = analysis;
  return findChanges({ stack, graph, present, isRestore, mask: redact, conceal: concealOf(analysis, stackId) });
}
