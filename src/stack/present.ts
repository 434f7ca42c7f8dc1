import { type Change, findChanges } from '../plan/changes.ts';
import type { PresentResource } from '../plan/comparison.ts';
import { concealer } from '../secrets.ts';
import type { ResourceRecord } from '../store/stack-store.ts';
import { type Json, setOwn } from '../values.ts';
import type { Analysis } from './analyse.ts';
import type { StackServices } from './services.ts';
import { withStaleReads } from './stale-reads.ts';

/** Every resource of the stack with its values, and what it has read that is another value now, by its name in the store. */
export async function presentResources(
  services: Pick<StackServices, 'store'>,
  stackId: string,
): Promise<ReadonlyMap<string, PresentResource>> {
  const { store } = services;
  const found = new Map<string, { readonly record: ResourceRecord; readonly values: Record<string, Json> }>();
  for (const record of await store.resources(stackId)) found.set(record.name, { record, values: {} });
  for (const { resource, attribute, value } of await store.values(stackId)) {
    const present = found.get(resource);
    if (present !== undefined) setOwn(present.values, attribute, value);
  }
  return withStaleReads(store, found);
}

/** Those that may be there: what was only skipped has not been touched. */
export function touched(all: ReadonlyMap<string, PresentResource>): ReadonlyMap<string, PresentResource> {
  return new Map([...all].filter(([, { record }]) => record.action !== 'INIT'));
}

/** What an update to `analysis` does with each of its resources, by number. */
export function changesTo(
  { stack, graph, secrets, redact }: Analysis,
  present: ReadonlyMap<string, PresentResource>,
  stackId: string,
  isRestore: boolean,
): readonly Change[] {
  return findChanges({ stack, graph, present, isRestore, mask: redact, conceal: concealer(secrets, stackId) });
}
