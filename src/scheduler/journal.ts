import type { EngineStore } from '../store/engine-store.ts';
import type { Claim, StoreChange } from '../store/stack-store.ts';

/** Told when a record is durable, or that it cannot be stored. */
export interface JournalWaiter {
  didStore(): void;
  didFailToStore(error: unknown): void;
}

/**
 * Writes one stack's changes into the store. What is recorded in one turn goes in one batch, and those who wait for it
 * are told in the order in which they recorded. After the first failure everything is refused with that error: an engine
 * that cannot record what it does must stop doing it. So it is when the claim is lost, also while nothing is recorded.
 */
export class Journal {
  readonly #store: EngineStore;
  readonly #claim: Claim;
  readonly #didFail: (error: unknown) => void;
  readonly #mark: (change: StoreChange) => StoreChange;
  #batch: StoreChange[] = [];
  #waiters: JournalWaiter[] = [];
  #isFlushDue = false;
  #isWriting = false;
  #failure: { readonly error: unknown } | undefined;

  /** `didFail` is told of the first failure; `mark` marks what is secret in a change. */
  constructor(
    store: EngineStore,
    claim: Claim,
    didFail: (error: unknown) => void,
    mark: (change: StoreChange) => StoreChange,
  ) {
    this.#mark = mark;
    this.#store = store;
    this.#claim = claim;
    this.#didFail = didFail;
    store.onLost(claim, (error) => this.#stop(error));
  }

  /** Adds changes to the batch of this turn; resolves when they are durable. Nobody has to look at the promise. */
  record(change: StoreChange, event?: StoreChange): Promise<void> {
    return this.recordAll(event === undefined ? [change] : [change, event]);
  }

  /** The same for a list, which may be as long as a stack is large: a call takes only so many arguments. */
  recordAll(changes: readonly StoreChange[]): Promise<void> {
    const stored = new Promise<void>((resolve, reject) => {
      for (const change of changes) this.#batch.push(change);
      this.#await({ didStore: resolve, didFailToStore: reject });
    });
    stored.catch(() => {});
    return stored;
  }

  /** The same for a caller that needs no promise. */
  recordFor(waiter: JournalWaiter, change: StoreChange): void {
    this.#batch.push(change);
    this.#await(waiter);
  }

  /**
   * To be asked before something is done to the world: undefined when it may be done; else a promise that rejects when
   * another engine has taken the stack over, while this one was paused, say.
   */
  confirm(): Promise<void> | undefined {
    return this.#store.confirm(this.#claim);
  }

  /** Resolves when everything recorded so far is durable or has failed. */
  settled(): Promise<void> {
    if (this.#waiters.length === 0 && !this.#isWriting) return Promise.resolve();
    return new Promise((resolve) => this.#await({ didStore: resolve, didFailToStore: () => resolve() }));
  }

  #await(waiter: JournalWaiter): void {
    this.#waiters.push(waiter);
    this.#flushSoon();
  }

  #flushSoon(): void {
    if (this.#isFlushDue || this.#isWriting) return;
    this.#isFlushDue = true;
    queueMicrotask(() => {
      this.#isFlushDue = false;
      void this.#flush();
    });
  }

  #flush(): void | Promise<void> {
    const batch = this.#batch;
    const waiters = this.#waiters;
    this.#batch = [];
    this.#waiters = [];
    this.#isWriting = true;
    if (this.#failure !== undefined) {
      this.#tell(waiters, this.#failure);
      return;
    }
    try {
      for (let index = 0; index < batch.length; index += 1) batch[index] = this.#mark(batch[index] as StoreChange);
      const written = batch.length === 0 ? undefined : this.#store.append(this.#claim, batch);
      if (written instanceof Promise) {
        return written.then(
          () => this.#tell(waiters, undefined),
          (error: unknown) => this.#fail(waiters, error),
        );
      }
    } catch (error) {
      this.#fail(waiters, error);
      return;
    }
    this.#tell(waiters, undefined);
  }

  #fail(waiters: readonly JournalWaiter[], error: unknown): void {
    this.#tell(waiters, this.#stop(error));
  }

  #stop(error: unknown): { readonly error: unknown } {
    if (this.#failure === undefined) {
      this.#failure = { error };
      this.#didFail(error);
    }
    return this.#failure;
  }

  #tell(waiters: readonly JournalWaiter[], failure: { readonly error: unknown } | undefined): void {
    this.#isWriting = false;
    for (let index = 0; index < waiters.length; index += 1) {
      const waiter = waiters[index] as JournalWaiter;
      try {
        if (failure === undefined) waiter.didStore();
        else waiter.didFailToStore(failure.error);
      } catch (error) {
        // A defect of ours in one waiter must not take the others with it.
        this.#didFail(error);
      }
    }
    if (this.#waiters.length > 0) this.#flushSoon();
  }
}
