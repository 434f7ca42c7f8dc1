/**
 * The turns in which processes are started. A start holds the event loop for milliseconds (the system copies the engine's
 * tables of memory), so that many in a row would stop timers, a live view and Ctrl-C for seconds. Each gets a round of the
 * loop of its own.
 */
export class StartTurns {
  #last: Promise<void> = Promise.resolve();

  /** Resolves when it is the caller's turn. */
  next(): Promise<void> {
    this.#last = this.#last.then(() => new Promise((resolve) => setImmediate(resolve)));
    return this.#last;
  }
}
