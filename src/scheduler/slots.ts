import PQueue from 'p-queue';

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
  readonly #queue: PQueue;

  /** `concurrency`: at least 1; Infinity for no bound. */
  constructor(concurrency: number) {
    this.#queue = new PQueue({ concurrency });
  }

  /** Calls `use` with a slot as soon as one is free, first come, first served. */
  acquire(use: (slot: Slot) => void): void {
    void this.#queue.add(
      () =>
        new Promise<void>((release) => {
          use({ release });
        }),
    );
  }

  /** Handlers that work now. */
  get used(): number {
    return this.#queue.pending;
  }

  /** Handlers that could work if there was a slot. */
  get queued(): number {
    return this.#queue.size;
  }
}
