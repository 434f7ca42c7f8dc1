import { isHotloomError, UsageError } from '../errors.ts';
import { publishedBy } from '../plan/comparison.ts';
import type { StackRecord, StoreChange } from '../store/stack-store.ts';
import { isDigest, type JsonObject } from '../values.ts';
import { withClaim } from './claimed-stack.ts';
import { definitionOfRecord } from './definition.ts';
import { presentResources } from './present.ts';
import type { StackServices } from './services.ts';
import { requireKey } from './stored-secrets.ts';

/** What has been encrypted anew. */
export interface Rekeyed {
  /** Of the key that everything is encrypted with now. */
  readonly keyId: string;
  readonly stacks: readonly StackChoice[];
  /** Those that are left as they are, since somebody is at work on them. */
  readonly busy: readonly StackChoice[];
}

interface StackChoice {
  readonly space: string;
  readonly stack: string;
}

/**
 * Encrypts every secret of every stack with the first key, also those that were stored while there was no key. Each stack is
 * one step that is stored whole or not at all: after a kill it is called again. The other keys are needed until it has ended.
 *
 * Throws UsageError without a key, and EncryptionKeyMissing.
 */
export async function rekeyStacks(services: StackServices, keyId: string | undefined): Promise<Rekeyed> {
  if (keyId === undefined) {
    throw new UsageError({
      what: 'There is no key to encrypt the stacks with.',
      why: 'The first of the keys is the one that everything is encrypted with anew.',
      fix: 'Give the new key first, and the old ones after it.',
    });
  }
  const stacks: StackChoice[] = [];
  const busy: StackChoice[] = [];
  for (const { space, name: stack } of await services.store.listStacks()) {
    try {
      await withClaim(services, { space, stack }, async (record, claim) => {
        await services.store.append(claim, await changesOf(services, record));
      });
      stacks.push({ space, stack });
    } catch (error) {
      // One that was deleted meanwhile has no secrets any more.
      if (isHotloomError(error, 'EntityNotFound')) continue;
      if (!isHotloomError(error, 'ActionInProgress')) throw error;
      busy.push({ space, stack });
    }
  }
  return { keyId, stacks, busy };
}

/** What the store has of the stack and may be secret: stored once more, it is sealed once more. */
async function changesOf(services: StackServices, record: StackRecord): Promise<readonly StoreChange[]> {
  requireKey(record);
  const { id, previous, rollback, restoring, moved, outputs } = record;
  const { store } = services;
  const changes: StoreChange[] = [
    {
      kind: 'definition',
      definition: definitionOfRecord(record),
      previous,
      declared: undefined,
      rollback,
      restoring,
      moved,
    },
    { kind: 'outputs', outputs },
    { kind: 'reads', reads: await store.reads(id) },
  ];
  for (const present of (await presentResources(services, id)).values()) {
    const { properties, inputs, dataSecrecy, name, reads } = present.record;
    const { values, secrecy } = publishedBy(present);
    const isPlain = dataSecrecy === undefined && reads === undefined && !hasDigests(properties) && !hasDigests(inputs);
    if (secrecy === undefined) {
      if (!isPlain) changes.push({ kind: 'resource', record: present.record });
      continue;
    }
    changes.push({ kind: 'resource', record: present.record, values, secrecy });
    // A value that was published by itself stands before those of the record.
    for (const attribute in secrecy) {
      const own = secrecy[attribute];
      const value = values[attribute] ?? null;
      if (own !== undefined) changes.push({ kind: 'value', resource: name, attribute, value, secrecy: own });
    }
  }
  for (const snapshot of await store.snapshots(id)) {
    changes.push({ kind: 'snapshotGone', id: snapshot.id }, { kind: 'snapshot', snapshot });
    for (const resource of await store.resourceSnapshots(snapshot.id)) {
      changes.push({ kind: 'resourceSnapshot', id: snapshot.id, resource });
    }
  }
  return changes;
}

function hasDigests(values: JsonObject | undefined): boolean {
  return Object.values(values ?? {}).some((value) => isDigest(value));
}
