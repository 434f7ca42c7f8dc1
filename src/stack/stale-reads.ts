import { type Name, nameKey, printName } from '../names.ts';
import type { Difference, PresentResource } from '../plan/comparison.ts';
import { MASK, type Secrecy } from '../secrets.ts';
import type { MaybePromise, StackRecord, StackStore, StoredEntry, StoredRead } from '../store/stack-store.ts';
import { type Json, sameJson } from '../values.ts';
import { type StackServices, stackKey } from './services.ts';

/**
 * The names that a stack has read of others and whose values have changed or gone since: an update brings the stack up to
 * date. A value that is missing while its own stack is at work may still come, and is not told. `now` is shared by the
 * questions of one call.
 */
export async function staleReads(
  store: StackStore,
  { id }: Pick<StackRecord, 'id'>,
  now: PresentValues = new PresentValues(store),
): Promise<readonly Name[]> {
  const stale: Name[] = [];
  for (const read of await store.reads(id)) if ((await changedSince(now, read)) !== undefined) stale.push(read.name);
  return stale;
}

/** What names have as values at one moment. Each of them, and each of their stacks, is looked up once. */
export class PresentValues {
  readonly #store: Pick<StackStore, 'find' | 'findStack'>;
  readonly #entries = new Map<string, MaybePromise<StoredEntry | undefined>>();
  readonly #owners = new Map<string, MaybePromise<StackRecord | undefined>>();

  constructor(store: Pick<StackStore, 'find' | 'findStack'>) {
    this.#store = store;
  }

  entry(name: Name): MaybePromise<StoredEntry | undefined> {
    return onceBy(this.#entries, nameKey(name), () => this.#store.find(name));
  }

  owner([space, stack]: Name): MaybePromise<StackRecord | undefined> {
    return onceBy(this.#owners, stackKey(space, stack), () => this.#store.findStack(space, stack));
  }
}

function onceBy<T>(known: Map<string, T>, key: string, look: () => T): T {
  if (!known.has(key)) known.set(key, look());
  return known.get(key) as T;
}

/** The same resources, with what their handlers have read by name and has another value now. */
export async function withStaleReads(
  store: StackStore,
  present: ReadonlyMap<string, PresentResource>,
): Promise<ReadonlyMap<string, PresentResource>> {
  const found = new Map(present);
  const now = new PresentValues(store);
  for (const [name, resource] of present) {
    if (resource.record.reads === undefined) continue;
    const readsSince: Difference[] = [];
    for (const read of resource.record.reads) {
      // What becomes of those of its own stack is seen in the run.
      if (read.isOwn === true) continue;
      const changed = await changedSince(now, read);
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
  now: PresentValues,
  { name, value, isUnknown }: StoredRead,
): Promise<{ readonly value: Json | undefined; readonly secrecy?: Secrecy } | undefined> {
  const entry = await now.entry(name);
  // One that is there and cannot be compared, ephemeral or without its key, is no change.
  if (entry !== undefined && isUnknown === true) return undefined;
  if (entry !== undefined && 'value' in entry) return sameJson(entry.value, value) ? undefined : entry;
  const owner = await now.owner(name);
  return owner?.status === 'IN_PROGRESS' ? undefined : { value: undefined };
}

/** Does `act` to a stack, and tells each other stack that has become stale by it, if anybody listens from the start on. */
export async function tellingStaleReaders<T>(
  services: Pick<StackServices, 'store' | 'events' | 'clock'>,
  stack: { readonly space: string; readonly name: string },
  act: () => Promise<T>,
): Promise<T> {
  const { store, events, clock } = services;
  if (!events.isHeard) return act();
  const before = await staleReaders(store, stack);
  const tell = async (): Promise<void> => {
    for (const [key, { record, names }] of await staleReaders(store, stack)) {
      const known = new Set(before.get(key)?.names.map(nameKey));
      const added = names.filter((name) => !known.has(nameKey(name)));
      if (added.length === 0) continue;
      const { space, name } = record;
      events.emit({ type: 'stack:didBecomeStale', time: clock.now(), space, stack: name, names: added });
    }
  };
  try {
    return await act();
  } finally {
    // What came of the action counts more than what the store cannot tell now.
    await tell().catch(() => {});
  }
}

type StaleReaders = ReadonlyMap<string, { readonly record: StackRecord; readonly names: readonly Name[] }>;

async function staleReaders(
  store: StackStore,
  { space, name }: { readonly space: string; readonly name: string },
): Promise<StaleReaders> {
  const stale = new Map<string, { readonly record: StackRecord; readonly names: readonly Name[] }>();
  const now = new PresentValues(store);
  for (const reader of await store.readersOf(space, name)) {
    const record = await store.findStack(reader.space, reader.stack);
    if (record === undefined) continue;
    const names = (await staleReads(store, record, now)).filter((each) => each[0] === space && each[1] === name);
    if (names.length > 0) stale.set(record.id, { record, names });
  }
  return stale;
}
