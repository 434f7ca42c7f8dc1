import { type Clock, pause, type Randomness } from '../clock.ts';
import { mapErrorTexts, messageOf, type ResourceFailure } from '../errors.ts';
import type { EventHub, Status } from '../events.ts';
import type { ResourceTypes } from '../resource/registry.ts';
import type { ResourceRecord, StackStore } from '../store/stack-store.ts';
import { resourceEventOf } from '../store/stored-stack.ts';
import { asJson, type JsonObject } from '../values.ts';
import { deleteCall, liveCall } from './delete-call.ts';
import type { Hooks } from './hooks.ts';
import type { Journal } from './journal.ts';
import { resourceFailure } from './resource-failure.ts';
import { type WithoutSlot, walkResources } from './resource-walk.ts';
import { printFailedAttempt, retryDelay } from './retries.ts';
import type { Slots } from './slots.ts';
import { TimeLimit } from './time-limit.ts';
import { untilStopped } from './until-stopped.ts';

export interface DeleteParts {
  readonly space: string;
  readonly stack: string;
  readonly stackId: string;
  readonly records: readonly ResourceRecord[];
  readonly store: Pick<StackStore, 'values'>;
  readonly types: ResourceTypes;
  readonly slots: Slots;
  readonly journal: Journal;
  readonly events: EventHub;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly signal: AbortSignal;
  readonly cancelGraceMs: number;
  readonly redact: (text: string) => string;
  /** What stops a resource before and after its deletion. Default: nothing. */
  readonly deleteHooks?: Hooks | undefined;
}

export interface DeleteResult {
  readonly failures: readonly ResourceFailure[];
  /** The resources that are still there: those that failed and those they required. */
  readonly remaining: readonly string[];
}

/**
 * Deletes stored resources against the arrows of their creation, as many at a time as there are slots. A resource whose
 * deletion fails keeps what it required, since that may still be in use. Never rejects.
 */
export function deleteResources(parts: DeleteParts): Promise<DeleteResult> {
  return new DeleteTraversal(parts).run();
}

/** Removes what an attempt has made that has failed, without telling of it. Rejects when its handler does. */
export function removeAttempt(parts: Omit<DeleteParts, 'records'>, record: ResourceRecord): Promise<void> {
  return untilStopped(callDelete(parts, record), parts);
}

async function callDelete(parts: Omit<DeleteParts, 'records'>, record: ResourceRecord): Promise<void> {
  // What is made of others has nothing of its own.
  if (record.data.isComposition === true) return;
  const { handler } = parts.types.get(record.type);
  if (handler.delete === undefined) return;
  const call = deleteCall(parts, record);
  // An attempt that was interrupted before it told an id may have made something all the same.
  const resourceId = record.resourceId ?? (await handler.lookup?.(call));
  // Nothing comes between the answer and the call: a turn of the event loop may take long enough to be paused in.
  const unsure = parts.journal.confirm();
  if (unsure !== undefined) await unsure;
  await handler.delete({ ...call, resourceId });
}

class DeleteTraversal {
  readonly #parts: DeleteParts;
  readonly #failures: ResourceFailure[] = [];
  readonly #remaining = new Set<string>();
  /** Each as it was last stored. */
  readonly #stored = new Map<string, ResourceRecord>();

  constructor(parts: DeleteParts) {
    this.#parts = parts;
    for (const { name } of parts.records) this.#remaining.add(name);
  }

  async run(): Promise<DeleteResult> {
    await walkResources({
      ...this.#parts,
      order: 'against',
      before: (record) => (isThere(record) ? this.#parts.deleteHooks?.reach(record, 'pre-delete') : undefined),
      visit: (record, withoutSlot) => this.#delete(record, withoutSlot),
      after: (record) => this.#awaitHook(record),
      didFail: (record, error) => this.#fail(record, error),
    });
    await this.#parts.journal.settled();
    return { failures: this.#failures, remaining: [...this.#remaining] };
  }

  async #delete(record: ResourceRecord, withoutSlot: WithoutSlot): Promise<void> {
    const { journal, events, deleteHooks } = this.#parts;
    // It only waits at its last hook.
    if (isGone(record)) return;
    const isRemoved = record.deletionPolicy !== 'Retain' && record.action !== 'INIT';
    const begun = isRemoved && this.#mayKeep(record) ? { ...record, finalSnapshot: 'due' as const } : record;
    await this.#record(begun, 'IN_PROGRESS', 'state changed');
    const last = begun.finalSnapshot === 'due' ? await untilStopped(this.#keep(begun), this.#parts) : begun;
    if (isRemoved) await this.#callHandler(last, withoutSlot);
    const deleted = this.#changed(last, 'COMPLETE', this.#parts.redact(reasonOf(last)));
    const event = resourceEventOf(deleted, this.#parts);
    if (isThere(record) && deleteHooks?.stops(record.name, 'post-delete') === true) {
      // It is forgotten when the hook is cleared: until then another engine has to find it.
      const stored = journal.record({ kind: 'resource', record: deleted, isEvent: true });
      deleteHooks.announce(deleted, 'post-delete');
      await stored;
    } else {
      await journal.record({ kind: 'event', event }, { kind: 'resourceGone', resource: record.name });
      this.#remaining.delete(record.name);
    }
    if (events.isHeard) events.emit(event);
  }

  #awaitHook(record: ResourceRecord): Promise<void> | undefined {
    if (!this.#remaining.has(record.name)) return undefined;
    const deleted = this.#changed(record, 'COMPLETE', 'state changed');
    const pause = this.#parts.deleteHooks?.reach(deleted, 'post-delete') ?? Promise.resolve();
    return pause.then(async () => {
      await this.#parts.journal.record({ kind: 'resourceGone', resource: record.name });
      this.#remaining.delete(record.name);
    });
  }

  /** As under Heat, of what has failed nothing is kept. */
  #mayKeep({ deletionPolicy, finalSnapshot, action, status, type, data }: ResourceRecord): boolean {
    if (deletionPolicy !== 'Snapshot' || finalSnapshot !== undefined || data.isComposition === true) return false;
    return action !== 'DELETE' && status === 'COMPLETE' && this.#parts.types.get(type).handler.snapshot !== undefined;
  }

  /** Stored before the real thing is removed: what is kept is not asked for again. */
  async #keep(record: ResourceRecord): Promise<ResourceRecord> {
    const { types, store, stackId, journal } = this.#parts;
    const published = (await store.values(stackId)).filter(({ resource }) => resource === record.name);
    const values = Object.fromEntries(published.map(({ attribute, value }) => [attribute, value]));
    let current = record;
    const call = liveCall(this.#parts, { record, values }, async (data) => {
      current = { ...current, data: asJson(data) as JsonObject };
    });
    await journal.confirm();
    const kept = await types.get(record.type).handler.snapshot?.({ ...call, snapshotId: record.token, isFinal: true });
    const data = kept === undefined ? {} : { data: asJson(kept) as JsonObject };
    const done = this.#changed({ ...current, finalSnapshot: data }, 'IN_PROGRESS', 'state changed');
    this.#stored.set(record.name, done);
    await journal.record({ kind: 'resource', record: done });
    return done;
  }

  /** As often as the type says, without a slot between two attempts. */
  async #callHandler(record: ResourceRecord, withoutSlot: WithoutSlot): Promise<void> {
    const { types, clock, randomness, signal } = this.#parts;
    for (let failures = 1; ; failures += 1) {
      try {
        await this.#callWithinLimit(record);
        return;
      } catch (error) {
        const retries = record.data.isComposition === true ? undefined : types.get(record.type).retries;
        const delayMs = signal.aborted ? undefined : retryDelay(retries, failures, error, randomness);
        if (delayMs === undefined || retries === undefined) throw error;
        const text = messageOf(mapErrorTexts(error, this.#parts.redact));
        await this.#record(record, 'IN_PROGRESS', printFailedAttempt(retries, failures, text, delayMs));
        await withoutSlot(pause(clock, delayMs, signal));
      }
    }
  }

  async #callWithinLimit(record: ResourceRecord): Promise<void> {
    const { types, clock, signal } = this.#parts;
    const limitMs = record.data.isComposition === true ? undefined : types.get(record.type).timeoutMs;
    if (limitMs === undefined) return untilStopped(callDelete(this.#parts, record), this.#parts);
    const limit = new TimeLimit(clock, signal, limitMs, `'${record.replacedName ?? record.name}' was not deleted`);
    const parts = { ...this.#parts, signal: limit.signal };
    limit.start();
    try {
      await untilStopped(callDelete(parts, record), parts);
    } catch (error) {
      throw limit.failure ?? error;
    } finally {
      limit.stop();
    }
  }

  #fail(record: ResourceRecord, error: unknown): void {
    const { redact } = this.#parts;
    this.#failures.push(resourceFailure(record.name, error, redact));
    const last = this.#stored.get(record.name) ?? record;
    void this.#record(last, 'FAILED', messageOf(mapErrorTexts(error, redact)));
  }

  #changed(record: ResourceRecord, status: Status, reason: string): ResourceRecord {
    return { ...record, action: 'DELETE', status, reason, updatedAt: this.#parts.clock.now() };
  }

  /** Records and tells a state of the resource; resolves when it is stored. */
  #record(record: ResourceRecord, status: Status, reason: string): Promise<void> {
    const { events, journal } = this.#parts;
    const changed = this.#changed(record, status, reason);
    const event = resourceEventOf(changed, this.#parts);
    if (events.isHeard) events.emit(event);
    // Whoever goes on after a kill has to know that nothing was made.
    if (record.action === 'INIT') return journal.record({ kind: 'event', event });
    this.#stored.set(record.name, changed);
    return journal.record({ kind: 'resource', record: changed, isEvent: true });
  }
}

/** As under Heat, what was never created, and what is deleted, is not stopped. */
function isThere(record: ResourceRecord): boolean {
  return record.action !== 'INIT' && !isGone(record);
}

function isGone({ action, status }: ResourceRecord): boolean {
  return action === 'DELETE' && status === 'COMPLETE';
}

function reasonOf({ finalSnapshot }: ResourceRecord): string {
  const data = typeof finalSnapshot === 'object' ? finalSnapshot.data : undefined;
  return data === undefined ? 'state changed' : `Kept as ${JSON.stringify(data)}`;
}
