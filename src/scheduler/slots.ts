import PQueue from 'p-queue';
import { UsageError } from '../errors.ts';

/** The right to work. Given back once. */
export interface Slot {
  release(): void;
}

/**
 * Bounds how many handlers work at a time (p-queue). A handler holds a slot exactly while it has no blocked read: it
 * gives its slot back when it blocks and queues for one when its value arrives. Otherwise as many blocked readers as
 * there are slots would stop the engine.
 */
export class Slots {
  /** Undefined when there is no bound: then nobody queues, and p-queue's 5 us per handler buy nothing. */
  readonly #queue: PQueue | undefined;

  /** `concurrency`: a whole number from 1; Infinity for no bound. Throws UsageError for anything else. */
  constructor(concurrency: number) {
    const isUnbounded = concurrency === Number.POSITIVE_INFINITY;
    if (!isUnbounded && !(Number.isInteger(concurrency) && concurrency >= 1)) throw invalidConcurrency(concurrency);
    this.#queue = isUnbounded ? undefined : new PQueue({ concurrency });
  }

  /** Calls `use` with a slot as soon as one is free, first come, first served. */
  acquire(use: (slot: Slot) => void): void {
    if (this.#queue === undefined) {
      use(UNBOUNDED);
      return;
    }
    void this.#queue.add(
      () =>
        new Promise<void>((release) => {
          use({ release });
        }),
    );
  }
}

const UNBOUNDED: Slot = { release: () => {} };

function invalidConcurrency(concurrency: number): UsageError {
  return new UsageError({
    what: `A concurrency of ${concurrency} is not possible.`,
    why: 'It says how many handlers may work at a time.',
    fix: 'Give a whole number from 1, or Infinity for no bound.',
  });
}
