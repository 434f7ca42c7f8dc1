import type { Clock, Timer } from '../clock.ts';
import { ResourceTimeout } from '../errors.ts';

/** How long one handler may work: time in which it waits for others does not count. */
export class TimeLimit {
  /** Fires with the signal that it was given, and when the time is over. */
  readonly signal: AbortSignal;
  readonly #clock: Clock;
  readonly #over = new AbortController();
  readonly #error: ResourceTimeout;
  #leftMs: number;
  #startedAt = 0;
  #timer: Timer | undefined;

  /** `what`: what is done in the limit, as in `'web' was not created`. */
  constructor(clock: Clock, signal: AbortSignal, limitMs: number, what: string) {
    this.#clock = clock;
    this.#leftMs = limitMs;
    this.#error = resourceTimeout(what, limitMs);
    this.signal = AbortSignal.any([signal, this.#over.signal]);
  }

  /** The error with which the time is over; undefined while it is not. */
  get failure(): ResourceTimeout | undefined {
    return this.#over.signal.aborted ? this.#error : undefined;
  }

  /** The handler works on. */
  start(): void {
    if (this.#timer !== undefined || this.#over.signal.aborted) return;
    this.#startedAt = this.#clock.now();
    this.#timer = this.#clock.schedule(this.#leftMs, () => this.#over.abort(this.#error), { keepAlive: true });
  }

  /** It waits for others, or has ended. */
  stop(): void {
    if (this.#timer === undefined) return;
    this.#timer.cancel();
    this.#timer = undefined;
    this.#leftMs = Math.max(0, this.#leftMs - (this.#clock.now() - this.#startedAt));
  }
}

function resourceTimeout(what: string, limitMs: number): ResourceTimeout {
  return new ResourceTimeout({
    what: `${what} within ${limitMs / 1000} s.`,
    why: 'That is the time-out of the resource: its handler was told to stop. Time in which it waited for others does not count.',
    fix: "Look at its log for what took so long, or give a longer time-out: 'timeout' of the resource, or the option of its type.",
  });
}
