import { type Name, nameKey, printName } from '../names.ts';
import type { Difference, PresentResource } from '../plan/comparison.ts';
import { MASK, type Secrecy } from '../secrets.ts';
import type { StackRecord, StackStore, StoredRead } from '../store/stack-store.ts';
import { type Json, sameJson } from '../values.ts';
import type { StackServices } from './services.ts';

/**
 * The names that a stack has read of others and whose values have changed or gone since: an update brings the stack up to
 * date. A value that is missing while its own stack is at work may still come, and is not told.
 */
export async function staleReads(store: StackStore, { id }: Pick<StackRecord, 'id'>): Promise<readonly Name[]> {
  const stale: Name[] = [];
  for (const read of await store.reads(id)) if ((await changedSince(store, read)) !== undefined) stale.push(read.name);
  return stale;
}

/** The same resources, with what their handlers have read by name and has another value now. */
export async function withStaleReads(
  store: StackStore,
  present: ReadonlyMap<string, PresentResource>,
): Promise<ReadonlyMap<string, PresentResource>> {
  const found = new Map(present);
  for (const [name, resource] of present) {
    if (resource.record.reads === undefined) continue;
    const readsSince: Difference[] = [];
    for (const read of resource.record.reads) {
      const changed = await changedSince(store, read);
      if (changed === undefined) continue;
      const isSecret = read.secrecy !== undefined || changed.secrecy !== undefined;
      const [before, after] = isSecret ? [MASK, MASK] : [read.value, changed.value];
      readsSince.push({ name: printName(read.name), kind: 'name', before, after });
    }
    if (readsSince.length > 0) found.set(name, { ...resource, readsSince });
  }
  return found;
}

/** Undefined when the name has the value that was read. */
async function changedSince(
  store: StackStore,
  { name, value, isUnknown }: StoredRead,
): Promise<{ readonly value: Json | undefined; readonly secrecy?: Secrecy } | undefined> {
  const entry = await store.find(name);
  // One that is there and cannot be compared, ephemeral or without its key, is no change.
  if (entry !== undefined && isUnknown === true) return undefined;
  if (entry !== undefined && 'value' in entry) return sameJson(entry.value, value) ? undefined : entry;
  const owner = await store.findStack(name[0], name[1]);
  return owner?.status === 'IN_PROGRESS' ? undefined : { value: undefined };
}

/** Does `act` to a stack, and tells each other stack that has become stale by it. */
export async function tellingStaleReaders<T>(
  services: Pick<StackServices, 'store' | 'events' | 'clock'>,
  stack: { readonly space: string; readonly name: string },
  act: () => Promise<T>,
): Promise<T> {
  const { store, events, clock } = services;
  const before = await staleReaders(store, stack);
  try {
    return await act();
  } finally {
    for (const [key, { record, names }] of events.isHeard ? await staleReaders(store, stack) : NONE) {
      const known = new Set(before.get(key)?.names.map(nameKey));
      const added = names.filter((name) => !known.has(nameKey(name)));
      if (added.length === 0) continue;
      const { space, name } = record;
      events.emit({ type: 'stack:didBecomeStale', time: clock.now(), space, stack: name, names: added });
    }
  }
}

type StaleReaders = ReadonlyMap<string, { readonly record: StackRecord; readonly names: readonly Name[] }>;

const NONE: StaleReaders = new Map();

async function staleReaders(
  store: StackStore,
  { space, name }: { readonly space: string; readonly name: string },
): Promise<StaleReaders> {
  const stale = new Map<string, { readonly record: StackRecord; readonly names: readonly Name[] }>();
  for (const reader of await store.readersOf(space, name)) {
    const record = await store.findStack(reader.space, reader.stack);
    if (record === undefined) continue;
    const names = (await staleReads(store, record)).filter((each) => each[0] === space && each[1] === name);
    if (names.length > 0) stale.set(record.id, { record, names });
  }
  return stale;
}
