import PQueue from 'p-queue';
import { UsageError } from '../errors.ts';
import { ChosenQueue, type ReadyOrder } from './ready-order.ts';

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
  readonly #queue: Pick<PQueue, 'add'> | undefined;
  /** With an order from outside: what has become ready in this turn of the event loop. Undefined without. */
  readonly #turn: ChosenQueue<(slot: Slot) => void> | undefined;

  /**
   * `concurrency`: a whole number from 1; Infinity for no bound. Throws UsageError for anything else. `order` chooses among
   * those that become ready in one turn, and among those that wait for a slot; default: first come, first served.
   */
  constructor(concurrency: number, order?: ReadyOrder) {
    const isUnbounded = concurrency === Number.POSITIVE_INFINITY;
    if (!isUnbounded && !(Number.isInteger(concurrency) && concurrency >= 1)) throw invalidConcurrency(concurrency);
    this.#turn = order === undefined ? undefined : new ChosenQueue(order);
    if (isUnbounded) this.#queue = undefined;
    else if (order === undefined) this.#queue = new PQueue({ concurrency });
    else this.#queue = new PQueue({ concurrency, queueClass: chosenBy(order) });
  }

  /** The slot of everybody, where there is no bound and no order; else undefined. Saves who runs often a function to `acquire` with. */
  get unbounded(): Slot | undefined {
    return this.#queue === undefined && this.#turn === undefined ? UNBOUNDED : undefined;
  }

  /** Calls `use` with a slot as soon as one is free, in the order of the constructor. */
  acquire(use: (slot: Slot) => void): void {
    const turn = this.#turn;
    if (turn === undefined) {
      this.#enter(use);
      return;
    }
    turn.enqueue(use);
    if (turn.size > 1) return;
    queueMicrotask(() => {
      for (let next = turn.dequeue(); next !== undefined; next = turn.dequeue()) this.#enter(next);
    });
  }

  #enter(use: (slot: Slot) => void): void {
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

function chosenBy(order: ReadyOrder): new () => ChosenQueue<() => Promise<unknown>> {
  return class extends ChosenQueue<() => Promise<unknown>> {
    constructor() {
      super(order);
    }
  };
}

const UNBOUNDED: Slot = { release: () => {} };

function invalidConcurrency(concurrency: number): UsageError {
  return new UsageError({
    what: `A concurrency of ${concurrency} is not possible.`,
    why: 'It says how many handlers may work at a time.',
    fix: 'Give a whole number from 1, or Infinity for no bound.',
  });
}
