import type { Clock, Randomness } from '../clock.ts';
import { mapErrorTexts, messageOf, type ResourceFailure } from '../errors.ts';
import type { EventHub, Status } from '../events.ts';
import type { ResourceTypes } from '../resource/registry.ts';
import type { ResourceRecord } from '../store/stack-store.ts';
import { resourceEventOf } from '../store/stored-stack.ts';
import { deleteCall } from './delete-call.ts';
import type { Hooks } from './hooks.ts';
import type { Journal } from './journal.ts';
import { resourceFailure } from './resource-failure.ts';
import { walkResources } from './resource-walk.ts';
import type { Slots } from './slots.ts';
import { untilStopped } from './until-stopped.ts';

export interface DeleteParts {
  readonly space: string;
  readonly stack: string;
  readonly stackId: string;
  readonly records: readonly ResourceRecord[];
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

class DeleteTraversal {
  readonly #parts: DeleteParts;
  readonly #failures: ResourceFailure[] = [];
  readonly #remaining = new Set<string>();

  constructor(parts: DeleteParts) {
    this.#parts = parts;
    for (const { name } of parts.records) this.#remaining.add(name);
  }

  async run(): Promise<DeleteResult> {
    await walkResources({
      ...this.#parts,
      order: 'against',
      before: (record) => (isThere(record) ? this.#parts.deleteHooks?.reach(record, 'pre-delete') : undefined),
      visit: (record) => this.#delete(record),
      after: (record) => this.#awaitHook(record),
      didFail: (record, error) => this.#fail(record, error),
    });
    await this.#parts.journal.settled();
    return { failures: this.#failures, remaining: [...this.#remaining] };
  }

  async #delete(record: ResourceRecord): Promise<void> {
    const { journal, events, deleteHooks } = this.#parts;
    // It only waits at its last hook.
    if (isGone(record)) return;
    await this.#record(record, 'IN_PROGRESS', 'state changed');
    if (record.deletionPolicy !== 'Retain' && record.action !== 'INIT')
      await untilStopped(this.#callHandler(record), this.#parts);
    const deleted = this.#changed(record, 'COMPLETE', 'state changed');
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

  async #callHandler(record: ResourceRecord): Promise<void> {
    // What is made of others has nothing of its own.
    if (record.data.isComposition === true) return;
    const { handler } = this.#parts.types.get(record.type);
    if (handler.delete === undefined) return;
    const call = deleteCall(this.#parts, record);
    // An attempt that was interrupted before it told an id may have made something all the same.
    const resourceId = record.resourceId ?? (await handler.lookup?.(call));
    await this.#parts.journal.confirm();
    await handler.delete({ ...call, resourceId });
  }

  #fail(record: ResourceRecord, error: unknown): void {
    const { redact } = this.#parts;
    this.#failures.push(resourceFailure(record.name, error, redact));
    void this.#record(record, 'FAILED', messageOf(mapErrorTexts(error, redact)));
  }

  #changed(record: ResourceRecord, status: Status, reason: string): ResourceRecord {
    return { ...record, action: 'DELETE', status, reason, updatedAt: this.#parts.clock.now() };
  }

  /** Records and tells a state of the resource; resolves when it is stored. */
  #record(record: ResourceRecord, status: Status, reason: string): Promise<void> {
    const { events, journal } = this.#parts;
    const changed = this.#changed(record, status, reason);
    if (events.isHeard) events.emit(resourceEventOf(changed, this.#parts));
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
