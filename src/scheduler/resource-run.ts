import { pause } from '../clock.ts';
import { type HotloomError, isHotloomError, messageOf, ResourceFailure, rootCause, withRootCause } from '../errors.ts';
import { externalIdOf } from '../interface/given.ts';
import { needsInput, type ResourceInterface } from '../interface/interface.ts';
import { type PresentResource, publishedBy } from '../plan/comparison.ts';
import type { EndpointAccess, ResourceIdentity, SignalUrl } from '../resource/handler.ts';
import type { Retries } from '../resource/resource-type.ts';
import { signalUrl } from '../resource/signal-url.ts';
import type { ResourceRecord } from '../store/stack-store.ts';
import { resourceEventOf } from '../store/stored-stack.ts';
import { REFID } from '../template/expression.ts';
import { asJson, type Json, type JsonObject } from '../values.ts';
import type { PendingRead } from './blocked-reads.ts';
import { callHandler } from './handler-call.ts';
import { HandlerWork } from './handler-work.ts';
import { InPlaceUpdate } from './in-place-update.ts';
import type { JournalWaiter } from './journal.ts';
import { guarded } from './outcome.ts';
import { printFailedAttempt, retryDelay } from './retries.ts';
import { runHasEnded } from './run-errors.ts';
import { RunInputs } from './run-inputs.ts';
import { RunReads } from './run-reads.ts';
import { RunRecord } from './run-record.ts';
import { RunWrites } from './run-writes.ts';
import type { Slot } from './slots.ts';
import type { Traversal } from './traversal.ts';

/** An attempt that ended with the engine that made it, and goes on. */
export interface InterruptedAttempt {
  readonly record: ResourceRecord;
  /** What it has published and others have read: it cannot publish anything else now. */
  readonly read: JsonObject;
}

/** What an update does: changes the live resource, or makes another in its place. */
export interface RunChange {
  readonly verdict: 'update' | 'replace';
  readonly present: PresentResource;
  /** The record of what is replaced, under the name by which it waits for its deletion; undefined when it is gone. */
  readonly replaced?: ResourceRecord | undefined;
}

/**
 * One run of a resource's `create`, `update` or `restore`, over all of its attempts: records the intent, calls the handler, and
 * records what comes of it. Tells the traversal when it ends.
 */
export class ResourceRun implements JournalWaiter {
  readonly resource: ResourceInterface;
  readonly traversal: Traversal;
  readonly record: RunRecord;
  readonly work: HandlerWork;
  readonly writes: RunWrites;
  /** What is replaced. */
  readonly #replaced: RunChange | undefined;
  /** Undefined when another is made. */
  readonly #update: InPlaceUpdate | undefined;
  /** Undefined before somebody asks for them one by one. */
  #inputs: RunInputs | undefined;
  #hasEndpoint = false;
  /** Undefined before the first: most handlers read nothing but what they are given. */
  #reads: RunReads | undefined;

  constructor(
    traversal: Traversal,
    resource: ResourceInterface,
    token: string,
    namePrefix: string,
    interrupted?: InterruptedAttempt,
    change?: RunChange,
    failedAttempts?: number,
  ) {
    this.traversal = traversal;
    this.resource = resource;
    if (change?.verdict === 'replace') this.#replaced = change;
    else if (change !== undefined) this.#update = new InPlaceUpdate(resource, change.present, traversal.conceal);
    const isNew = interrupted === undefined && change === undefined && failedAttempts === undefined;
    const before = isNew
      ? undefined
      : { interrupted: interrupted?.record, updated: this.#update?.present, failedAttempts };
    this.record = new RunRecord(traversal, resource, token, namePrefix, before);
    this.work = new HandlerWork(traversal, resource);
    this.writes = new RunWrites(traversal, resource, this.#update, interrupted?.read);
  }

  get identity(): ResourceIdentity {
    const { stack, stackId } = this.traversal;
    return {
      space: stack.space,
      stack: stack.stack,
      stackId,
      name: this.resource.name,
      type: this.resource.type.name,
      physicalName: this.record.physicalName,
    };
  }

  /** Whether a process of it may still ask for something after its end. */
  get hasEndpoint(): boolean {
    return this.#hasEndpoint;
  }

  get inputs(): RunInputs {
    this.#inputs ??= new RunInputs(this.traversal, this.resource, this.#update);
    return this.#inputs;
  }

  get reads(): RunReads {
    this.#reads ??= new RunReads(this);
    return this.#reads;
  }

  /** The reads that the handler is blocked on now. */
  get blockedReads(): readonly PendingRead[] {
    return this.#reads?.blocked() ?? [];
  }

  get isBlocked(): boolean {
    return this.#reads?.isBlocked === true;
  }

  /** Records the intent, runs the handler, and records the result. The slot is given back at the end. */
  run(slot: Slot): void {
    this.work.begin(slot);
    if (this.#replaced !== undefined) this.#moveAside(this.#replaced);
    const record = this.record.at('IN_PROGRESS', 'state changed');
    this.record.begin(record);
    this.traversal.events.didChange(record);
    this.#store(record);
  }

  /** In the same batch as the intent: what is replaced is never without a record, and its values are not the new one's. */
  #moveAside({ present, replaced }: RunChange): void {
    const { journal, signals } = this.traversal;
    const aside = replaced && signals.onto(replaced);
    signals.forget(this.resource.name);
    void journal.record(
      { kind: 'resourceGone', resource: this.resource.name },
      ...(aside === undefined ? [] : [{ kind: 'resource' as const, record: aside, ...publishedBy(present) }]),
    );
  }

  /** The intent is stored, or the result. Called by the journal. */
  didStore(): void {
    if (this.writes.result !== undefined) {
      this.#end(undefined);
      return;
    }
    const unsure = this.traversal.journal.confirm();
    if (unsure === undefined) this.#start();
    else
      unsure.then(
        () => this.#start(),
        (error: unknown) => this.#end(error),
      );
  }

  /** Called by the journal. */
  didFailToStore(error: unknown): void {
    this.#end(error);
  }

  /** Now the handler may act on the world. */
  #start(): void {
    if (this.work.hasEnded) return;
    try {
      this.traversal.throwIfStopped();
      const { type, isExternal } = this.resource;
      this.work.limit(this.#update === undefined ? 'created' : 'updated', (failure) => this.#end(failure));
      const attempt = this.record.failedAttempts;
      const update = this.#update;
      const snapshot = this.traversal.snapshotOf(this.resource);
      const result = isExternal ? this.#adopt() : callHandler(this, update?.previous, snapshot);
      Promise.resolve(result).then(
        (attributes) => {
          if (this.#isOver(attempt)) return;
          const { failure } = this.work;
          if (failure !== undefined) this.#handlerDidFail(failure);
          else if (type.kind === 'plain') this.#finish((attributes as JsonObject | undefined) ?? {});
          else if (update === undefined) this.#finish(NO_ATTRIBUTES);
          else void this.#finishUpdate();
        },
        (error: unknown) => {
          if (!this.#isOver(attempt)) this.#handlerDidFail(error ?? new Error(`The handler rejected with ${error}.`));
        },
      );
    } catch (error) {
      this.#handlerDidFail(error ?? new Error(`The handler threw ${error}.`));
    }
  }

  /** Whether that attempt counts no more; it is told by how many have failed before it. */
  #isOver(attempt: number): boolean {
    return this.work.hasEnded || attempt !== this.record.failedAttempts;
  }

  /** What its handler threw: it is replaced when it asks for that, or tried again, or has failed. */
  #handlerDidFail(thrown: unknown): void {
    const error = this.work.failure ?? thrown;
    const replacement = this.#update?.replacement ?? (isHotloomError(error, 'UpdateReplace') ? error : undefined);
    if (replacement !== undefined && this.#update !== undefined && !this.traversal.isStopped) {
      this.#giveWay(this.#update.present, replacement);
      return;
    }
    const { isExternal } = this.resource;
    const isHopeless =
      isExternal ||
      this.traversal.isStopped ||
      this.writes.violation !== undefined ||
      this.#reads?.failure !== undefined;
    const { retries } = this.resource.type;
    const delayMs = isHopeless
      ? undefined
      : retryDelay(retries, this.record.failedAttempts + 1, error, this.traversal.randomness);
    if (delayMs === undefined || retries === undefined) this.#end(error);
    else void this.#tryAgain(error, delayMs, retries);
  }

  /** Another takes its place. */
  #giveWay(present: PresentResource, reason: HotloomError): void {
    const refusal = this.traversal.refusalOf(this.resource, 'replace');
    if (refusal !== undefined) {
      this.#end(refusal);
      return;
    }
    const wasBlocked = this.#leave(reason);
    this.traversal.didGiveWay(this, present, this.record.place, wasBlocked, reason);
  }

  /** Removes what the attempt has made, waits without a slot, and begins the next one. Never rejects. */
  async #tryAgain(error: unknown, delayMs: number, retries: Retries): Promise<void> {
    const { traversal, resource } = this;
    const signal = this.work.pause();
    this.record.attemptDidFail();
    if (this.isBlocked) this.rejectReads(error);
    const text = traversal.redact(messageOf(error));
    const reason = printFailedAttempt(retries, this.record.failedAttempts, text, delayMs);
    const isRepeated = this.#update !== undefined || resource.type.handler.isRepeatable === true;
    try {
      if (!isRepeated) await traversal.removeAttempt(this.record.at('IN_PROGRESS', reason));
    } catch (cause) {
      const what = `${text}; and what the attempt had made could not be removed: ${messageOf(cause)}`;
      this.#end(new ResourceFailure({ what: traversal.redact(what), cause: error }));
      return;
    }
    if (this.work.hasEnded) return;
    if (!isRepeated) this.record.beginAnew(traversal.randomness.uuid());
    this.work.giveSlotBack();
    try {
      // Nothing of it is there now, and the record says so: a resume begins with the next attempt.
      await this.#storePaused(reason, isRepeated);
      await pause(traversal.clock, delayMs, signal);
    } catch (cause) {
      this.#end(cause);
      return;
    }
    traversal.slots.acquire((slot) => this.#beginNext(slot, retries));
  }

  #beginNext(slot: Slot, retries: Retries): void {
    if (this.work.hasEnded) {
      slot.release();
      return;
    }
    this.work.begin(slot);
    const record = this.record.at('IN_PROGRESS', `attempt ${this.record.failedAttempts + 1} of ${retries.limit + 1}`);
    this.traversal.events.didChange(record);
    this.#store(record);
  }

  #storePaused(reason: string, isRepeated: boolean): Promise<void> {
    const { traversal } = this;
    const told = this.record.at('IN_PROGRESS', reason);
    const record = isRepeated ? told : { ...told, action: 'INIT' as const, status: 'COMPLETE' as const };
    this.record.become(record, told);
    traversal.events.didChange(told);
    const event = resourceEventOf(told, traversal.stack);
    return traversal.journal.record({ kind: 'resource', record }, { kind: 'event', event });
  }

  /**
   * Takes a resource that is there already as this one. Its handler is only asked whether it is there, as under Heat, and not
   * for attributes: they are null.
   */
  async #adopt(): Promise<void> {
    this.record.resourceId = externalIdOf(this.resource, this.traversal.scope);
    await this.traversal.check(this.resource, this.record.at('IN_PROGRESS', 'state changed'));
  }

  /** Goes on in didStore. */
  #store(record: ResourceRecord, values?: JsonObject): void {
    this.record.become(record);
    const number = this.resource.index;
    this.traversal.journal.recordFor(this, { kind: 'resource', record, number, values, isEvent: true });
  }

  /** Gives the handler up: whatever it still does is refused. Used when it does not heed its signal. */
  abandon(error: unknown): void {
    this.#end(error);
  }

  /** The `in` port of an input has fired or failed. */
  inputDidSettle(input: string, failure: unknown): void {
    this.#reads?.inputDidSettle(input, failure);
  }

  /** Ends every blocked read with `error`, at a cancel. */
  rejectReads(error: unknown): void {
    this.#reads?.reject(error);
  }

  /**
   * Publishes an attribute now; resolves when it is stored. Rejects with UndeclaredWrite, ConflictingWrite or
   * PropertyInvalid, which also fail the resource, whether or not the handler looks at the promise.
   */
  publish(attribute: string, written: unknown): Promise<void> {
    try {
      this.work.throwIfOver();
      return guarded(this.writes.publish(attribute, written));
    } catch (error) {
      this.writes.violation ??= error as HotloomError;
      return guarded(Promise.reject(error));
    }
  }

  /** See CreateCall. */
  setResourceId(id: string): Promise<void> {
    return guarded(this.#setResourceId(id));
  }

  /** Also after a cancel: what was made has to be known, so that it can be deleted. */
  async #setResourceId(id: string): Promise<void> {
    if (this.work.hasEnded) throw runHasEnded(this.resource);
    this.record.resourceId = id;
    await this.record.save();
    this.traversal.throwIfStopped();
    // A type that declares a refid of its own publishes it itself.
    // One that may be tried again, or replaced still, publishes it at its end: another has another id.
    const { attributes, retries } = this.resource.type;
    const isSure =
      retries === undefined && this.inputs.compareFixed().length === 0 && this.#update?.replacement === undefined;
    if (isSure && !Object.hasOwn(attributes, REFID)) await this.publish(REFID, id);
  }

  /** See CreateCall. */
  setData(data: JsonObject): Promise<void> {
    return guarded(this.#setData(data));
  }

  async #setData(data: JsonObject): Promise<void> {
    if (this.work.hasEnded) throw runHasEnded(this.resource);
    this.record.data = asJson(data) as JsonObject;
    await this.record.save();
  }

  /** See CreateCall. */
  openEndpoint(): Promise<EndpointAccess> {
    this.work.throwIfOver();
    this.#hasEndpoint = true;
    return this.traversal.openEndpoint(this.identity);
  }

  /** See CreateCall. */
  openSignalUrl(): Promise<SignalUrl> {
    return guarded(this.#openSignalUrl());
  }

  async #openSignalUrl(): Promise<SignalUrl> {
    this.work.throwIfOver();
    const { traversal } = this;
    const known = this.record.signalAddress;
    if (known !== undefined) {
      traversal.learnSecret(known.token);
      return signalUrl(this.identity, known);
    }
    const { host, port } = await traversal.openSignalPort();
    this.work.throwIfOver();
    const address = { host, port, token: Buffer.from(traversal.randomness.bytes(32)).toString('hex') };
    traversal.learnSecret(address.token);
    this.record.signalAddress = address;
    await this.record.save();
    return signalUrl(this.identity, address);
  }

  /**
   * In a circle an update may begin before all of its inputs are there. What it could not change and has not read has to
   * come out as it was, or another takes its place: so it is waited for, with all published that may lead to it.
   * Never rejects.
   */
  async #finishUpdate(): Promise<void> {
    const late = this.traversal.isStopped ? [] : this.inputs.compareFixed();
    if (late.length > 0) {
      try {
        const rest = this.writes.rest(NO_ATTRIBUTES, this.#refid);
        const leading = Object.keys(rest).filter((each) => !late.some((name) => needsInput(this.resource, each, name)));
        await Promise.all(leading.map((attribute) => this.publish(attribute, rest[attribute])));
      } catch (error) {
        this.#end(error);
        return;
      }
      await Promise.allSettled(late.map((name) => this.reads.input(name)));
      this.inputs.compareFixed();
    }
    this.#finish(NO_ATTRIBUTES);
  }

  /** The handler has returned: writes what is left, checks that nothing is owed, records the result. */
  #finish(attributes: { readonly [attribute: string]: unknown }): void {
    if (this.work.hasEnded) return;
    const update = this.#update;
    if (update?.replacement !== undefined) {
      this.#handlerDidFail(update.replacement);
      return;
    }
    try {
      const result = this.writes.finish(attributes, this.#refid);
      if (this.writes.violation !== undefined) throw this.writes.violation;
      if (this.resource.type.kind === 'streaming' && !this.#takeReadings()) this.traversal.awaitReadings(this);
      if (update !== undefined) this.#storeChanged(update, result);
      this.#store(this.record.at('COMPLETE', 'state changed'), update === undefined ? result : undefined);
      this.traversal.hookPauses.willComplete(this.resource, update !== undefined);
    } catch (error) {
      this.#end(error);
    }
  }

  /** One by one: an attribute that was published by itself would stand before one of a record. */
  #storeChanged(update: InPlaceUpdate, result: JsonObject): void {
    for (const attribute of update.changed(result)) {
      const value = result[attribute] as Json;
      void this.traversal.journal.record({ kind: 'value', resource: this.resource.name, attribute, value });
    }
  }

  /** Records what a streaming resource was made with, as far as it is there; returns whether nothing can come any more. */
  #takeReadings(): boolean {
    const { isAll, ...readings } = this.inputs.readings();
    this.record.takeReadings(readings);
    return isAll;
  }

  /** Every input is there now, or will never be: the record of a complete resource tells what it came to. */
  completeRecord(): void {
    this.#takeReadings();
    const record = this.record.at('COMPLETE', 'state changed');
    this.record.become(record);
    void this.traversal.journal.record({ kind: 'resource', record });
  }

  /** Of a type that writes none. */
  get #refid(): string {
    return this.record.resourceId ?? this.resource.name;
  }

  #end(error: unknown): void {
    if (this.work.hasEnded) return;
    const wasBlocked = this.#leave(error);
    const told = error === undefined ? undefined : this.#withWhatItBeganWith(error);
    this.traversal.didEnd(this, told, wasBlocked, this.writes.result);
  }

  /** Nothing more comes from it; returns whether it was blocked. */
  #leave(error: unknown): boolean {
    this.work.end(error !== undefined);
    const wasBlocked = this.isBlocked;
    if (wasBlocked) this.rejectReads(error ?? runHasEnded(this.resource));
    this.work.giveSlotBack();
    return wasBlocked;
  }

  #withWhatItBeganWith(error: unknown): unknown {
    const failedRead = this.#reads?.failure;
    const isKnown = failedRead === undefined || rootCause(failedRead) === rootCause(error);
    return isKnown || this.traversal.isStopped ? error : withRootCause(error, failedRead);
  }
}

const NO_ATTRIBUTES: { readonly [attribute: string]: Json } = {};
