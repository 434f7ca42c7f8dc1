import type { Clock } from '../clock.ts';
import type { Deadlock } from '../errors.ts';
import type { WaitingRead } from '../events.ts';
import type { BlockedRead, Waits, WaitTarget } from '../space/waits.ts';
import type { Json } from '../values.ts';
import type { HandlerWork } from './handler-work.ts';
import { guarded, type Outcome } from './outcome.ts';
import type { Slots } from './slots.ts';

/** A read that the handler awaits and that is not there yet. */
export interface PendingRead extends BlockedRead {
  readonly since: number;
  /** What is awaited when it is no value, and what there is to say of that. */
  readonly awaits: 'signals' | undefined;
  readonly describe: (() => Pick<WaitingRead, 'writer' | 'reason'>) | undefined;
  readonly promise: Promise<Json>;
  /** One more waits for it; the read is given up when all of them have. */
  join(signal: AbortSignal | undefined): void;
  /** Ends the read; called once. */
  settle(outcome: Outcome): void;
}

/** What a handler is about to wait for. */
export interface ReadToBlock {
  readonly input: string | undefined;
  readonly missing: () => readonly WaitTarget[];
  /** Calls `wake` when it is there; returns what ends that. */
  readonly subscribe: (wake: (outcome: Outcome) => void) => () => void;
  /** Of the one who asks. */
  readonly signal: AbortSignal | undefined;
  /** See PendingRead. */
  readonly describe?: PendingRead['describe'];
}

/** What the reads of one run work with, and whom they tell. */
export interface BlockedReadsParts {
  readonly reader: BlockedRead['reader'];
  readonly waits: Waits;
  readonly clock: Clock;
  readonly slots: Slots;
  readonly work: HandlerWork;
  readonly didBlock: (read: PendingRead) => void;
  readonly didUnblock: (read: PendingRead) => void;
}

/** The reads that the handler of one run is blocked on. While there is one, the handler holds no slot. */
export class BlockedReads {
  readonly #parts: BlockedReadsParts;
  /** By input name, by printed name for reads by name, or by the number of the wait for signals. */
  readonly #pending = new Map<string, PendingRead>();
  /** What goes on as soon as the slot is there that the handler queues for; undefined when it queues for none. */
  #waking: (() => void)[] | undefined;

  constructor(parts: BlockedReadsParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** What the handler is blocked on now. */
  all(): readonly PendingRead[] {
    return [...this.#pending.values()];
  }

  get(key: string): PendingRead | undefined {
    return this.#pending.get(key);
  }

  /** Blocks the handler until what it asks for is there; whoever asks for the same meanwhile gets the same. */
  block(key: string, { input, missing, subscribe, signal, describe }: ReadToBlock): Promise<Json> {
    const pending = this.#pending;
    const earlier = pending.get(key);
    if (earlier !== undefined) {
      earlier.join(signal);
      return earlier.promise;
    }
    const { reader, waits, clock, work, didBlock, didUnblock } = this.#parts;
    let resolve: (value: Json) => void = () => {};
    let reject: (error: unknown) => void = () => {};
    const promise = new Promise<Json>((onValue, onError) => {
      [resolve, reject] = [onValue, onError];
    });
    let unsubscribe = (): void => {};
    let readers = 0;
    const leave = (): void => {
      readers -= 1;
      if (readers === 0) read.settle({ error: signal?.reason });
    };
    const read: PendingRead = {
      reader,
      input,
      since: clock.now(),
      awaits: describe === undefined ? undefined : 'signals',
      describe,
      promise: guarded(promise),
      missing,
      reject: (error: Deadlock) => read.settle({ error }),
      join: (readerSignal) => {
        readers += 1;
        readerSignal?.addEventListener('abort', leave, { once: true });
      },
      settle: (outcome) => {
        if (pending.get(key) !== read) return;
        pending.delete(key);
        unsubscribe();
        waits.didUnblock(read);
        didUnblock(read);
        this.#withSlot(() => ('error' in outcome ? reject(outcome.error) : resolve(outcome.value)));
      },
    };
    pending.set(key, read);
    if (pending.size === 1) work.block();
    didBlock(read);
    unsubscribe = subscribe((outcome) => read.settle(outcome));
    read.join(signal);
    if (pending.get(key) === read) waits.didBlock(read);
    return promise;
  }

  /** Ends all of them. */
  reject(error: unknown): void {
    for (const read of this.all()) read.settle({ error });
  }

  /** Calls `goOn` with a slot, unless the handler is blocked on something else still or needs none. */
  #withSlot(goOn: () => void): void {
    const { slots, work } = this.#parts;
    if (this.size > 0 || !work.needsSlot) {
      goOn();
      return;
    }
    // One slot is for all that wakes until it comes: a second one might never come while the handler holds the first.
    if (this.#waking !== undefined) {
      this.#waking.push(goOn);
      return;
    }
    const waking = [goOn];
    this.#waking = waking;
    slots.acquire((slot) => {
      this.#waking = undefined;
      // Meanwhile the handler may have ended, or blocked again in another branch.
      if (work.hasEnded || this.size > 0) slot.release();
      else work.wake(slot);
      for (const each of waking) each();
    });
  }
}
