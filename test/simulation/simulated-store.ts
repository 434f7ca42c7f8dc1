import { MemoryStore } from '../../src/store/memory-store.ts';
import type { Claim, Claimant, MaybePromise, StackStore, StoreChange } from '../../src/store/stack-store.ts';
import { withOwn } from '../stack/killed-engine.ts';
import type { Kill } from './scenario.ts';

interface SimulatedStoreOptions {
  /** Lets some time pass; undefined for a store that answers at once. */
  readonly delay: (() => Promise<void>) | undefined;
  readonly kills: readonly Kill[];
  readonly didStore: (stack: string, changes: readonly StoreChange[]) => void;
  readonly didKill: () => void;
}

/**
 * A store of the world outside, which outlives its engines. It may take its time, and it is where an engine is killed: a
 * dead engine's calls are never answered, and its claims are free.
 */
export class SimulatedStore {
  /** What is stored, for those who look at it. */
  readonly contents = new MemoryStore();
  /** What engines are given. */
  readonly store: StackStore;
  readonly #options: SimulatedStoreOptions;
  /** The names of the stacks, by id. */
  readonly #names = new Map<string, string>();
  readonly #claims: Claim[] = [];
  readonly #dead = new Set<string>();
  #changes = 0;

  constructor(options: SimulatedStoreOptions) {
    this.#options = options;
    const { contents } = this;
    const { delay } = options;
    this.store = withOwn(contents, {
      createStack: (record, claimant, declared) => {
        this.#names.set(record.id, record.name);
        return this.#unlessKilled(claimant, () => this.#noted(contents.createStack(record, claimant, declared)));
      },
      claim: (stackId, claimant) => this.#unlessKilled(claimant, () => this.#noted(contents.claim(stackId, claimant))),
      append: (claim, changes) => {
        const append = (): void => this.#append(claim, changes);
        const appendLater = (): MaybePromise<void> =>
          delay === undefined ? append() : delay().then(() => (this.#isDead(claim.claimant) ? never() : append()));
        return this.#unlessKilled(claim.claimant, append, appendLater);
      },
      renew: (claim) => (this.#isDead(claim.claimant) ? never() : contents.renew(claim)),
      removeStack: (claim) => this.#unlessKilled(claim.claimant, () => contents.removeStack(claim)),
    });
  }

  /** How many changes it was asked to store. */
  get changes(): number {
    return this.#changes;
  }

  #append(claim: Claim, changes: readonly StoreChange[]): void {
    this.contents.append(claim, changes);
    this.#options.didStore(this.#names.get(claim.stackId) as string, changes);
  }

  /** The engine of one of the changes that are given by their number is killed with it, before it is stored or after. */
  #unlessKilled<T>(
    claimant: Claimant,
    store: () => MaybePromise<T>,
    storeInTime: () => MaybePromise<T> = store,
  ): MaybePromise<T> {
    if (this.#isDead(claimant)) return never();
    const kill = this.#options.kills.find(({ position }) => position === this.#changes);
    this.#changes += 1;
    if (kill === undefined) return storeInTime();
    if (kill.isStored) void store();
    this.#dead.add(claimant.engineId);
    for (const claim of this.#claims) this.contents.release(claim);
    this.#options.didKill();
    return never();
  }

  #isDead({ engineId }: Claimant): boolean {
    return this.#dead.has(engineId);
  }

  #noted(claim: Claim): Claim {
    this.#claims.push(claim);
    return claim;
  }
}

/** What a dead engine hears. */
function never(): Promise<never> {
  return new Promise(() => {});
}
