import { InternalError } from '../errors.ts';
import type { Claim, StackStore, StoreChange } from '../store/stack-store.ts';

/**
 * Writes one stack's changes into the store. What is recorded in one turn goes in one batch: the callers that want to
 * go on only when it is durable await the same promise. Order is kept. After the first failure everything is refused
 * with that error: an engine that cannot record what it does must stop doing it.
 */
export class Journal {
  readonly #store: StackStore;
  readonly #claim: Claim;
  readonly #didFail: (error: unknown) => void;
  #batch: StoreChange[] = [];
  #flushed: Promise<void> | undefined;
  #writing: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;

  /** `didFail` is told of the first failure. */
  constructor(store: StackStore, claim: Claim, didFail: (error: unknown) => void) {
    this.#store = store;
    this.#claim = claim;
    this.#didFail = didFail;
  }

  /** Adds changes to the batch of this turn; resolves when they are durable. */
  record(...changes: readonly StoreChange[]): Promise<void> {
    for (const change of changes) this.#batch.push(change);
    this.#flushed ??= this.#flushSoon();
    return this.#flushed;
  }

  /** Resolves when everything recorded so far is durable. */
  settled(): Promise<void> {
    return this.#flushed ?? this.#writing;
  }

  #flushSoon(): Promise<void> {
    const flushed = this.#writing.then(() => this.#flush());
    // A caller that does not wait for its record must not make the process end; the failure is told by didFail.
    flushed.catch(() => {});
    this.#writing = flushed.catch(() => {});
    return flushed;
  }

  #flush(): void | Promise<void> {
    const batch = this.#batch;
    this.#batch = [];
    this.#flushed = undefined;
    if (this.#failure !== undefined) throw this.#failure.error;
    if (batch.length === 0) throw new InternalError('A batch without changes was to be stored.');
    try {
      const written = this.#store.append(this.#claim, batch);
      return written instanceof Promise ? written.catch((error: unknown) => this.#fail(error)) : undefined;
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): never {
    if (this.#failure === undefined) {
      this.#failure = { error };
      this.#didFail(error);
    }
    throw error;
  }
}
