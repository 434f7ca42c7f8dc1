/**
 * Which of `count` handlers and wake-ups that are ready goes on next, by number from 0 in the order of their coming.
 * Asked whenever there is more than one.
 */
export type ReadyOrder = (count: number) => number;

/** What is ready, handed out in an order from outside. Has the form of a queue of p-queue. */
export class ChosenQueue<T> {
  readonly #ready: T[] = [];
  readonly #order: ReadyOrder;

  constructor(order: ReadyOrder) {
    this.#order = order;
  }

  get size(): number {
    return this.#ready.length;
  }

  enqueue(item: T): void {
    this.#ready.push(item);
  }

  dequeue(): T | undefined {
    const index = this.#ready.length > 1 ? this.#order(this.#ready.length) : 0;
    return this.#ready.splice(index, 1)[0];
  }

  /** Asked by p-queue for what has a priority; nothing here has one. */
  filter(): T[] {
    return [...this.#ready];
  }

  setPriority(): void {}
}
