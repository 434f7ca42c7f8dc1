import type { Clock, Randomness } from '../clock.ts';
import {
  isHotloomError,
  NotSupported,
  ResourceActionNotSupported,
  ResourceFailure,
  ResourceNotAvailable,
} from '../errors.ts';
import type { EventHub, ResourceEvent } from '../events.ts';
import type { ResourceType } from '../resource/resource-type.ts';
import type { ResourceRecord } from '../store/stack-store.ts';
import { resourceEventOf } from '../store/stored-stack.ts';
import { isJsonObject, type Json, type JsonObject } from '../values.ts';
import { deleteCall } from './delete-call.ts';
import type { Journal } from './journal.ts';
import { resourceFailure } from './resource-failure.ts';

/** What signals are delivered with. */
export interface SignalParts {
  readonly space: string;
  readonly stack: string;
  readonly stackId: string;
  readonly journal: Journal;
  readonly events: EventHub;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly signal: AbortSignal;
  readonly redact: (text: string) => string;
  /** The resource as it is now, its metadata as last stored; undefined when it is not there yet. */
  readonly recordOf: (resource: string) => ResourceRecord | undefined;
  /** The type by which it was made. */
  readonly typeOf: (record: ResourceRecord) => ResourceType;
}

interface Waiter {
  readonly resource: string;
  readonly tell: (metadata: JsonObject) => void;
}

/**
 * The signals to the resources of one stack while somebody has it claimed. What a signal leaves behind, the resource's
 * metadata, is stored with its record before anybody is told of it. A resource gets one signal at a time.
 */
export class Signals {
  readonly #parts: SignalParts;
  /** By resource, the metadata that its next record has to carry. */
  readonly #metadata = new Map<string, JsonObject>();
  /** The last delivery to each resource. */
  readonly #deliveries = new Map<string, Promise<unknown>>();
  readonly #waiters = new Set<Waiter>();

  constructor(parts: SignalParts) {
    this.#parts = parts;
  }

  /** What the next record of the resource has to carry, where `stored` has been read before. */
  metadataOf(resource: string, stored: JsonObject | undefined): JsonObject | undefined {
    return this.#metadata.size === 0 ? stored : (this.#metadata.get(resource) ?? stored);
  }

  /** The record with the metadata that it has to carry now. */
  onto(record: ResourceRecord): ResourceRecord {
    const metadata = this.metadataOf(record.replacedName ?? record.name, record.metadata);
    return metadata === record.metadata ? record : { ...record, metadata };
  }

  /** Another resource takes the place of this name. */
  forget(resource: string): void {
    this.#metadata.delete(resource);
  }

  /**
   * Hands a signal to the resource's handler and stores what becomes of it; resolves with what the resource's event tells.
   * Throws ResourceNotAvailable, NotSupported, ResourceActionNotSupported, and ResourceFailure for data that the handler
   * does not take.
   */
  deliver(resource: string, data: Json | undefined): Promise<string> {
    const before = this.#deliveries.get(resource) ?? Promise.resolve();
    const delivery = before.catch(() => {}).then(() => this.#deliver(resource, data));
    this.#deliveries.set(resource, delivery);
    return delivery;
  }

  /** Calls `tell` with the metadata each time that the resource has got a signal, until the returned function is called. */
  listen(resource: string, tell: (metadata: JsonObject) => void): () => void {
    const waiter = { resource, tell };
    this.#waiters.add(waiter);
    return () => this.#waiters.delete(waiter);
  }

  async #deliver(resource: string, data: Json | undefined): Promise<string> {
    const { journal, events, redact } = this.#parts;
    const record = this.#present(resource);
    await this.#refuseDuring(record);
    const outcome = await this.#callHandler(record, data);
    const now = this.#present(resource);
    // An update may have replaced it meanwhile.
    if (now.token !== record.token) throw notAvailable(resource);
    if (outcome?.metadata !== undefined) this.#metadata.set(resource, outcome.metadata);
    const reason = redact(outcome?.reason === undefined ? describeData(data) : `Signal: ${outcome.reason}`);
    const event = this.#eventOf(now, 'SIGNAL', reason);
    const signalled = this.onto(now);
    await journal.record({ kind: 'resource', record: signalled }, { kind: 'event', event });
    if (events.isHeard) events.emit(event);
    const { metadata = {} } = signalled;
    for (const waiter of [...this.#waiters]) if (waiter.resource === resource) waiter.tell(metadata);
    return reason;
  }

  #present(resource: string): ResourceRecord {
    const record = this.#parts.recordOf(resource);
    if (record === undefined || record.action === 'INIT') throw notAvailable(resource);
    return record;
  }

  /** Heat's no_signal_actions. */
  async #refuseDuring(record: ResourceRecord): Promise<void> {
    const isAsleep = record.isSuspended === true && record.action !== 'RESUME';
    const during = isAsleep ? 'SUSPEND' : record.action;
    if (during !== 'DELETE' && during !== 'SUSPEND') return;
    const { journal, events, stack } = this.#parts;
    const event = this.#eventOf(record, during, `Cannot signal resource during ${during}`);
    await journal.record({ kind: 'event', event });
    if (events.isHeard) events.emit(event);
    throw new NotSupported({
      what: `Signal resource during ${during} is not supported.`,
      why: `'${record.name}' is ${during === record.action ? `${during}_${record.status}` : 'suspended'}.`,
      fix: during === 'DELETE' ? 'Signal it while it is there.' : `Resume the stack first: 'hotloom resume ${stack}'.`,
    });
  }

  async #callHandler(record: ResourceRecord, data: Json | undefined) {
    const { handler } = this.#parts.typeOf(record);
    if (handler.signal === undefined) throw notSupported(record);
    await this.#parts.journal.confirm();
    try {
      return await handler.signal({ ...deleteCall(this.#parts, record), metadata: record.metadata ?? {} }, data);
    } catch (error) {
      const failure = resourceFailure(record.name, error, this.#parts.redact);
      // Whoever signals sees no more than this.
      const known = isHotloomError(failure.cause) ? failure.cause : undefined;
      throw new ResourceFailure({ what: failure.what, why: known?.why, fix: known?.fix, cause: failure.cause });
    }
  }

  #eventOf(record: ResourceRecord, action: ResourceEvent['action'], reason: string): ResourceEvent {
    return { ...resourceEventOf(record, this.#parts), time: this.#parts.clock.now(), action, reason };
  }
}

/** As Heat tells of a signal whose handler says nothing (get_string_details in heat/engine/resource.py). */
function describeData(data: Json | undefined): string {
  if (data === undefined || data === null) return 'No signal details provided';
  if (typeof data === 'string') return data;
  if (isJsonObject(data) && ['previous', 'current', 'reason'].every((key) => Object.hasOwn(data, key))) {
    return `alarm state changed from ${data.previous} to ${data.current} (${data.reason})`;
  }
  return 'Unknown';
}

function notSupported({ name, type }: ResourceRecord): ResourceActionNotSupported {
  return new ResourceActionNotSupported({
    what: 'signal is not supported for resource.',
    why: `'${name}' is of type ${type}, whose handler takes no signals.`,
    fix: 'Signal a resource such as OS::Heat::WaitConditionHandle.',
  });
}

function notAvailable(resource: string): ResourceNotAvailable {
  return new ResourceNotAvailable({
    what: `The Resource (${resource}) is not available.`,
    why: 'The template has it, and it is not made yet.',
    fix: 'Signal it again when it is there.',
  });
}
