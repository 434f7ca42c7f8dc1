import type { ResourceTimeout } from '../errors.ts';
import type { ResourceInterface } from '../interface/interface.ts';
import { AttemptLimit } from './attempt-limit.ts';
import { runHasEnded } from './run-errors.ts';
import type { Slot } from './slots.ts';
import type { Traversal } from './traversal.ts';

/** Whether the handler of one run may work: the slot that it holds, how long it may take, and its end. */
export class HandlerWork {
  readonly #traversal: Traversal;
  readonly #resource: ResourceInterface;
  #slot: Slot | undefined;
  /** How long this attempt may work; undefined when there is no limit. */
  #limit: AttemptLimit | undefined;
  /** Waits for the next attempt: undefined while the handler is at work. */
  #pause: AbortController | undefined;
  #hasStarted = false;
  #hasEnded = false;
  #isGivenUp = false;

  constructor(traversal: Traversal, resource: ResourceInterface) {
    this.#traversal = traversal;
    this.#resource = resource;
  }

  /** It has had its first slot. */
  get hasStarted(): boolean {
    return this.#hasStarted;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** It has ended without being complete: what its handler still asks for is refused. */
  get isGivenUp(): boolean {
    return this.#isGivenUp;
  }

  /** Whether it waits for its next attempt. */
  get isPaused(): boolean {
    return this.#pause !== undefined;
  }

  /** Whether it holds no slot and goes on only with one. A handler that is to stop does not queue for the right to hear so. */
  get needsSlot(): boolean {
    return !this.#hasEnded && !this.isPaused && this.#slot === undefined && !this.#traversal.isStopped;
  }

  /** What the handler listens to. */
  get signal(): AbortSignal {
    return this.#limit?.signal ?? this.#traversal.signal;
  }

  /** The error with which the time of this attempt is over; undefined while it is not. */
  get failure(): ResourceTimeout | undefined {
    return this.#limit?.failure;
  }

  /** Throws for a handler that may not do anything any more. */
  throwIfOver(): void {
    if (this.#hasEnded || this.isPaused) throw runHasEnded(this.#resource);
    this.#traversal.throwIfStopped();
  }

  /** An attempt begins. */
  begin(slot: Slot): void {
    this.#hasStarted = true;
    this.#pause = undefined;
    this.#slot = slot;
  }

  /**
   * The handler is called now, and may take so long as its resource or type says. `did`: what it is to have done in that
   * time; `didNotHeed` is told when it goes on after it.
   */
  limit(did: 'created' | 'updated', didNotHeed: (failure: ResourceTimeout) => void): void {
    const { name, type, timeoutMs } = this.#resource;
    const limitMs = timeoutMs ?? type.timeoutMs;
    if (limitMs === undefined) return;
    const { clock, signal, cancelGraceMs: graceMs } = this.#traversal;
    this.#limit = new AttemptLimit({ clock, signal, limitMs, what: `'${name}' was not ${did}`, graceMs, didNotHeed });
    this.#limit.start();
  }

  /** It waits for others. */
  block(): void {
    this.#limit?.stop();
    this.giveSlotBack();
  }

  /** It goes on. */
  wake(slot: Slot): void {
    this.#slot = slot;
    this.#limit?.start();
  }

  giveSlotBack(): void {
    this.#slot?.release();
    this.#slot = undefined;
  }

  /** The attempt has failed, and another follows; the signal fires when it does not after all. */
  pause(): AbortSignal {
    this.#endLimit();
    this.#pause = new AbortController();
    return this.#pause.signal;
  }

  /** The action is stopped: it does not wait for its next attempt. */
  stopWaiting(reason: unknown): void {
    this.#pause?.abort(reason);
  }

  /** Nothing more comes from it. Its slot is still to be given back. */
  end(isGivenUp: boolean): void {
    this.#hasEnded = true;
    this.#isGivenUp = isGivenUp;
    this.#pause = undefined;
    this.#endLimit();
  }

  #endLimit(): void {
    this.#limit?.end();
    this.#limit = undefined;
  }
}
