import { type HotloomError, InternalError, messageOf } from '../errors.ts';
import type { Name } from '../names.ts';
import { readAborted, writerFailed } from '../refusals.ts';
import type { Json } from '../values.ts';
import type { Cell } from './cell.ts';
import type { Entry } from './data-space.ts';

/** Somebody who waits for a cell. */
export abstract class Waiter {
  /** Undefined until it waits, and from the moment on at which its cell is filled. */
  cell: Cell | undefined;
  /** It was told, or has given up. */
  isOver = false;
  previous: Waiter | undefined;
  next: Waiter | undefined;

  /** Either of the two is there. `isClosing`: the writer has not failed, but the space is closed. */
  abstract tell(value: Json | undefined, failure: HotloomError | undefined, isClosing: boolean): void;
}

/** A read. Holds what settles its promise: a function around them would be one more object to find at a wake-up. */
export class Reader extends Waiter {
  readonly #name: Name;
  readonly #resolve: (value: Json) => void;
  readonly #reject: (error: unknown) => void;

  constructor(name: Name, resolve: (value: Json) => void, reject: (error: unknown) => void) {
    super();
    this.#name = name;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  override tell(value: Json | undefined, failure: HotloomError | undefined, isClosing: boolean): void {
    if (value !== undefined) this.#resolve(value);
    else this.#reject(isClosing ? failure : writerFailed(this.#name, failure));
  }

  protected abort(reason: unknown): void {
    this.#reject(readAborted(this.#name, reason));
  }
}

/** A read until a signal fires, to which it listens itself from `listen` on. */
export class AbortableReader extends Reader {
  readonly #signal: AbortSignal;
  readonly #giveUp: (waiter: Waiter) => void;

  constructor(
    name: Name,
    resolve: (value: Json) => void,
    reject: (error: unknown) => void,
    signal: AbortSignal,
    giveUp: (waiter: Waiter) => void,
  ) {
    super(name, resolve, reject);
    this.#signal = signal;
    this.#giveUp = giveUp;
  }

  listen(): void {
    this.#signal.addEventListener('abort', this, { once: true });
  }

  handleEvent(): void {
    this.#giveUp(this);
    this.abort(this.#signal.reason);
  }

  override tell(value: Json | undefined, failure: HotloomError | undefined, isClosing: boolean): void {
    this.#signal.removeEventListener('abort', this);
    super.tell(value, failure, isClosing);
  }
}

export class Subscriber extends Waiter {
  readonly #wake: (entry: Entry) => void;

  constructor(wake: (entry: Entry) => void) {
    super();
    this.#wake = wake;
  }

  override tell(value: Json | undefined, failure: HotloomError | undefined): void {
    if (value !== undefined) this.#wake({ value });
    else if (failure !== undefined) this.#wake({ failure });
  }
}

/** What one who was told has thrown. */
export type Thrown = { readonly error: unknown } | undefined;

/** Tells all from `first` on, also after one of them has thrown; returns what was thrown first. */
export function tellAll(
  first: Waiter | undefined,
  value: Json | undefined,
  failure: HotloomError | undefined,
  isClosing: boolean,
): Thrown {
  let thrown: Thrown;
  for (let waiter = first; waiter !== undefined; waiter = waiter.next) {
    // It may have given up when one before it was told.
    if (waiter.isOver) continue;
    waiter.isOver = true;
    try {
      waiter.tell(value, failure, isClosing);
    } catch (error) {
      thrown ??= { error };
    }
  }
  return thrown;
}

/** A reader has no reason to throw when it is woken; if one does, everybody else has been woken by now. */
export function complain(thrown: Thrown): void {
  if (thrown === undefined) return;
  throw new InternalError(
    `A reader of the data space threw when it was woken: ${messageOf(thrown.error)}`,
    thrown.error,
  );
}
