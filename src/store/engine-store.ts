import type { Clock } from '../clock.ts';
import type { DeclaredNames, Name } from '../names.ts';
import type { Json } from '../values.ts';
import { after } from './after.ts';
import { ask } from './ask.ts';
import { HeldClaim } from './held-claim.ts';
import type { Claim, Claimant, MaybePromise, StackRecord, StackStore, StoreChange } from './stack-store.ts';

/**
 * A store as one engine uses it: its claims are renewed as long as they are held, a busy store is asked again, and one that
 * never answers is given up.
 */
export class EngineStore implements StackStore {
  readonly isShared: boolean;
  readonly #store: StackStore;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  /** By stack. */
  readonly #held = new Map<string, HeldClaim>();
  /** Claims that could not be given back: the store still takes this engine to be at work. By stack. */
  readonly #unreleased = new Map<string, Claim>();

  /** `timeoutMs` bounds each call. */
  constructor(store: StackStore, clock: Clock, timeoutMs: number) {
    this.isShared = store.isShared;
    this.#store = store;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** Calls `listener` with the error when the claim is lost before it is released. */
  onLost(claim: Claim, listener: (error: unknown) => void): void {
    this.#heldBy(claim)?.onLost(listener);
  }

  /** Undefined as long as nobody else can have taken the claim over; else a promise that rejects when somebody has. */
  confirm(claim: Claim): Promise<void> | undefined {
    return this.#heldBy(claim)?.confirm();
  }

  createStack(record: StackRecord, claimant: Claimant, declared?: DeclaredNames): MaybePromise<Claim> {
    const askedAt = this.#clock.now();
    const claim = this.#ask('store a new stack', () => this.#store.createStack(record, claimant, declared));
    return after(claim, (made) => this.#hold(made, askedAt));
  }

  claim(stackId: string, claimant: Claimant): MaybePromise<Claim> {
    return after(this.#releaseLate(stackId), () => {
      const askedAt = this.#clock.now();
      const claim = this.#ask('claim a stack', () => this.#store.claim(stackId, claimant));
      return after(claim, (made) => this.#hold(made, askedAt));
    });
  }

  renew(claim: Claim): MaybePromise<void> {
    return this.#store.renew(claim);
  }

  /** Once: a claim that was given back, or lost, stays so. */
  release(claim: Claim): MaybePromise<void> {
    if (this.#heldBy(claim) === undefined && this.#unreleased.get(claim.stackId)?.fence !== claim.fence)
      return undefined;
    this.#letGo(claim);
    this.#unreleased.set(claim.stackId, claim);
    const released = this.#ask('release a stack', () => this.#store.release(claim));
    return after(released, () => void this.#unreleased.delete(claim.stackId));
  }

  append(claim: Claim, changes: readonly StoreChange[]): MaybePromise<void> {
    const held = this.#heldBy(claim);
    held?.throwIfLost();
    const askedAt = this.#clock.now();
    try {
      const stored = this.#ask('store a change', () => this.#store.append(claim, changes));
      if (!(stored instanceof Promise)) {
        held?.didStore(askedAt);
        return;
      }
      return stored.then(
        () => held?.didStore(askedAt),
        (error: unknown) => {
          held?.didFail(error);
          throw error;
        },
      );
    } catch (error) {
      held?.didFail(error);
      throw error;
    }
  }

  removeStack(claim: Claim): MaybePromise<void> {
    this.#heldBy(claim)?.throwIfLost();
    const removed = this.#ask('remove a stack', () => this.#store.removeStack(claim));
    return after(removed, () => this.#letGo(claim));
  }

  findStack(space: string, name: string): ReturnType<StackStore['findStack']> {
    return this.#ask('find a stack', () => this.#store.findStack(space, name));
  }

  listStacks(): ReturnType<StackStore['listStacks']> {
    return this.#ask('list the stacks', () => this.#store.listStacks());
  }

  resources(stackId: string): ReturnType<StackStore['resources']> {
    return this.#ask('read resources', () => this.#store.resources(stackId));
  }

  values(stackId: string): ReturnType<StackStore['values']> {
    return this.#ask('read values', () => this.#store.values(stackId));
  }

  snapshots(stackId: string): ReturnType<StackStore['snapshots']> {
    return this.#ask('list the snapshots', () => this.#store.snapshots(stackId));
  }

  resourceSnapshots(snapshotId: string): ReturnType<StackStore['resourceSnapshots']> {
    return this.#ask('read a snapshot', () => this.#store.resourceSnapshots(snapshotId));
  }

  events(stackId: string, after?: number): ReturnType<StackStore['events']> {
    return this.#ask('read events', () => this.#store.events(stackId, after));
  }

  history(stackId: string): ReturnType<StackStore['history']> {
    return this.#ask('read the history', () => this.#store.history(stackId));
  }

  holder(stackId: string): ReturnType<StackStore['holder']> {
    return this.#ask('tell who is at work', () => this.#store.holder(stackId));
  }

  writeOutside(name: Name, value: Json): MaybePromise<void> {
    return this.#ask('store a value', () => this.#store.writeOutside(name, value));
  }

  find(name: Name): ReturnType<StackStore['find']> {
    return this.#ask('read a value', () => this.#store.find(name));
  }

  readersOf(space: string, stack: string): ReturnType<StackStore['readersOf']> {
    return this.#ask('find the readers of a stack', () => this.#store.readersOf(space, stack));
  }

  reads(stackId: string): ReturnType<StackStore['reads']> {
    return this.#ask('tell what a stack has read', () => this.#store.reads(stackId));
  }

  revision(): MaybePromise<number> {
    return this.#ask('tell its revision', () => this.#store.revision());
  }

  close(): MaybePromise<void> {
    for (const held of this.#held.values()) held.end();
    this.#held.clear();
    return this.#ask('close', () => this.#store.close());
  }

  #ask<T>(what: string, call: () => MaybePromise<T>): MaybePromise<T> {
    return ask(this.#clock, this.#timeoutMs, what, call);
  }

  #hold(claim: Claim, askedAt: number): Claim {
    const { leaseMs } = claim.claimant;
    const timeoutMs = Math.min(this.#timeoutMs, leaseMs);
    const renew = (held: Claim): MaybePromise<void> =>
      ask(this.#clock, timeoutMs, 'renew a claim', () => this.#store.renew(held));
    this.#held.set(claim.stackId, new HeldClaim(claim, this.#clock, askedAt, renew));
    return claim;
  }

  #heldBy(claim: Claim): HeldClaim | undefined {
    const held = this.#held.get(claim.stackId);
    return held?.claim.fence === claim.fence ? held : undefined;
  }

  #letGo(claim: Claim): void {
    const held = this.#heldBy(claim);
    if (held === undefined) return;
    held.end();
    this.#held.delete(claim.stackId);
  }

  /** An engine must not be in its own way because the store could not be written when it was done. */
  #releaseLate(stackId: string): MaybePromise<void> {
    const claim = this.#unreleased.get(stackId);
    if (claim === undefined) return undefined;
    try {
      const released = this.release(claim);
      // Whether it worked is told by the claim that follows.
      return released instanceof Promise ? released.catch(() => {}) : undefined;
    } catch {
      return undefined;
    }
  }
}
