import type { Clock, Randomness } from '../clock.ts';
import { isHotloomError, mapErrorTexts, messageOf, ResourceFailure } from '../errors.ts';
import type { EventHub, Status } from '../events.ts';
import { buildDeleteGraph } from '../graph/delete-graph.ts';
import { donePort, type PortGraph, START } from '../graph/port-graph.ts';
import type { ResourceTypes } from '../resource/registry.ts';
import type { ResourceRecord } from '../store/stack-store.ts';
import { resourceEventOf } from '../store/stored-stack.ts';
import { deleteCall } from './delete-call.ts';
import type { Journal } from './journal.ts';
import { Readiness } from './readiness.ts';
import type { Slot, Slots } from './slots.ts';

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
}

export interface DeleteResult {
  readonly failures: readonly ResourceFailure[];
  /** The resources that are still there: those that failed and those they required. */
  readonly remaining: readonly string[];
}

/**
 * Deletes stored resources against the arrows of their creation, as many at a time as there are slots. A resource whose
 * deletion fails keeps what it required. Never rejects.
 */
export function deleteResources(parts: DeleteParts): Promise<DeleteResult> {
  return new DeleteTraversal(parts).run();
}

class DeleteTraversal {
  readonly #parts: DeleteParts;
  readonly #graph: PortGraph;
  readonly #readiness: Readiness;
  readonly #failures: ResourceFailure[] = [];
  readonly #remaining = new Set<string>();
  #left: number;
  #resolve: (result: DeleteResult) => void = () => {};

  constructor(parts: DeleteParts) {
    this.#parts = parts;
    this.#left = parts.records.length;
    this.#graph = buildDeleteGraph(parts.records);
    for (const { name } of parts.records) this.#remaining.add(name);
    this.#readiness = new Readiness(this.#graph, {
      didFire: (port) => this.#begin(this.#graph.owners[port] as number),
      didFail: (port) => this.#keep(port),
    });
  }

  run(): Promise<DeleteResult> {
    const ended = new Promise<DeleteResult>((resolve) => {
      this.#resolve = resolve;
    });
    if (this.#left === 0) this.#finish();
    else this.#readiness.begin();
    return ended;
  }

  #begin(index: number): void {
    const record = this.#parts.records[index] as ResourceRecord;
    this.#parts.slots.acquire((slot) => void this.#delete(index, record, slot));
  }

  async #delete(index: number, record: ResourceRecord, slot: Slot): Promise<void> {
    const { journal, signal, events } = this.#parts;
    try {
      if (signal.aborted) {
        // It was not begun, so there is nothing to tell of it.
        this.#readiness.fail(donePort(this.#graph, index), signal.reason);
        return;
      }
      await this.#record(record, 'IN_PROGRESS', 'state changed');
      if (record.deletionPolicy !== 'Retain' && record.action !== 'INIT')
        await this.#untilStopped(this.#callHandler(record));
      const event = resourceEventOf(this.#changed(record, 'COMPLETE', 'state changed'), this.#parts);
      await journal.record({ kind: 'event', event }, { kind: 'resourceGone', resource: record.name });
      this.#remaining.delete(record.name);
      if (events.isHeard) events.emit(event);
      this.#readiness.fire(donePort(this.#graph, index));
    } catch (error) {
      this.#fail(index, record, error);
    } finally {
      slot.release();
      this.#didEnd();
    }
  }

  async #callHandler(record: ResourceRecord): Promise<void> {
    // What is made of others has nothing of its own.
    if (record.data.isComposition === true) return;
    const { handler } = this.#parts.types.get(record.type);
    if (handler.delete === undefined) return;
    const call = deleteCall(this.#parts, record);
    // An attempt that was interrupted before it told an id may have made something all the same.
    const resourceId = record.resourceId ?? (await handler.lookup?.(call));
    await handler.delete({ ...call, resourceId });
  }

  /** A handler that does not heed its signal is given up after a while. */
  #untilStopped(work: Promise<void>): Promise<void> {
    const { signal, clock, cancelGraceMs } = this.#parts;
    return new Promise<void>((resolve, reject) => {
      const stop = (): void => {
        const timer = clock.schedule(cancelGraceMs, () => reject(signal.reason), { keepAlive: true });
        void work.finally(() => timer.cancel()).catch(() => {});
      };
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
      work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
    });
  }

  #fail(index: number, record: ResourceRecord, error: unknown): void {
    const cause = mapErrorTexts(error, this.#parts.redact);
    const name = isHotloomError(cause) ? cause.code : cause instanceof Error ? cause.name : typeof cause;
    const text = messageOf(cause);
    this.#failures.push(new ResourceFailure({ what: `${name}: resources.${record.name}: ${text}`, cause }));
    void this.#record(record, 'FAILED', text);
    this.#readiness.fail(donePort(this.#graph, index), error);
  }

  /** What it required stays, since it may still be in use; and so on up the arrows. */
  #keep(port: number): void {
    if (this.#graph.kinds[port] !== START) return;
    const index = this.#graph.owners[port] as number;
    this.#readiness.fail(donePort(this.#graph, index), undefined);
    this.#didEnd();
  }

  #didEnd(): void {
    this.#left -= 1;
    if (this.#left === 0) this.#finish();
  }

  #finish(): void {
    const result = { failures: this.#failures, remaining: [...this.#remaining] };
    void this.#parts.journal.settled().then(() => this.#resolve(result));
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
