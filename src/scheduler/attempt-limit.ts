import type { Clock, Timer } from '../clock.ts';
import type { ResourceTimeout } from '../errors.ts';
import { TimeLimit } from './time-limit.ts';

export interface AttemptLimitParts {
  readonly clock: Clock;
  /** Of the action. */
  readonly signal: AbortSignal;
  readonly limitMs: number;
  /** What is done in the limit, as in `'web' was not created`. */
  readonly what: string;
  /** How long the handler may take to stop when the time is over. */
  readonly graceMs: number;
  /**
   * It has not stopped by then. A handler that does not heed its signal may still be at work: nothing is tried again beside
   * it.
   */
  readonly didNotHeed: (failure: ResourceTimeout) => void;
}

/** How long one attempt of a handler may work, and then take to stop. */
export class AttemptLimit {
  readonly #limit: TimeLimit;
  #graceTimer: Timer | undefined;
  #hasEnded = false;

  constructor({ clock, signal, limitMs, what, graceMs, didNotHeed }: AttemptLimitParts) {
    const limit = new TimeLimit(clock, signal, limitMs, what);
    this.#limit = limit;
    const giveUp = (): void => {
      const { failure } = limit;
      if (failure === undefined || this.#hasEnded) return;
      this.#graceTimer = clock.schedule(graceMs, () => didNotHeed(failure), { keepAlive: true });
    };
    limit.signal.addEventListener('abort', giveUp, { once: true });
  }

  /** What the handler listens to: fires when the time is over, too. */
  get signal(): AbortSignal {
    return this.#limit.signal;
  }

  /** The error with which the time is over; undefined while it is not. */
  get failure(): ResourceTimeout | undefined {
    return this.#limit.failure;
  }

  /** The handler works on. */
  start(): void {
    this.#limit.start();
  }

  /** It waits for others. */
  stop(): void {
    this.#limit.stop();
  }

  /** The attempt has ended. */
  end(): void {
    this.#hasEnded = true;
    this.#limit.stop();
    this.#graceTimer?.cancel();
  }
}
