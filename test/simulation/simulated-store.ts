import type { DeclaredNames, Name } from '../../src/names.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import type {
  Claim,
  Claimant,
  MaybePromise,
  StackRecord,
  StackStore,
  StoreChange,
} from '../../src/store/stack-store.ts';
import type { Json } from '../../src/values.ts';
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
export class SimulatedStore implements StackStore {
  readonly isShared = false;
  readonly #store = new MemoryStore();
  readonly #options: SimulatedStoreOptions;
  /** The names of the stacks, by id. */
  readonly #names = new Map<string, string>();
  readonly #claims: Claim[] = [];
  readonly #dead = new Set<string>();
  #changes = 0;

  constructor(options: SimulatedStoreOptions) {
    this.#options = options;
  }

  /** How many changes it was asked to store. */
  get changes(): number {
    return this.#changes;
  }

  createStack(record: StackRecord, claimant: Claimant, declared?: DeclaredNames): MaybePromise<Claim> {
    this.#names.set(record.id, record.name);
    return this.#unlessKilled(claimant, () => this.#noted(this.#store.createStack(record, claimant, declared)));
  }

  claim(stackId: string, claimant: Claimant): MaybePromise<Claim> {
    return this.#unlessKilled(claimant, () => this.#noted(this.#store.claim(stackId, claimant)));
  }

  append(claim: Claim, changes: readonly StoreChange[]): MaybePromise<void> {
    const { delay } = this.#options;
    const append = (): void => this.#append(claim, changes);
    const appendLater =
      delay === undefined ? append : () => delay().then(() => (this.#isDead(claim.claimant) ? never() : append()));
    return this.#unlessKilled(claim.claimant, append, appendLater);
  }

  renew(claim: Claim): MaybePromise<void> {
    return this.#isDead(claim.claimant) ? never() : this.#store.renew(claim);
  }

  release(claim: Claim): void {
    this.#store.release(claim);
  }

  removeStack(claim: Claim): MaybePromise<void> {
    return this.#unlessKilled(claim.claimant, () => this.#store.removeStack(claim));
  }

  writeOutside(name: Name, value: Json): void {
    this.#store.writeOutside(name, value);
  }

  findStack(space: string, name: string): ReturnType<MemoryStore['findStack']> {
    return this.#store.findStack(space, name);
  }

  listStacks(): ReturnType<MemoryStore['listStacks']> {
    return this.#store.listStacks();
  }

  resources(stackId: string): ReturnType<MemoryStore['resources']> {
    return this.#store.resources(stackId);
  }

  values(stackId: string): ReturnType<MemoryStore['values']> {
    return this.#store.values(stackId);
  }

  events(stackId: string, after?: number): ReturnType<MemoryStore['events']> {
    return this.#store.events(stackId, after);
  }

  snapshots(stackId: string): ReturnType<MemoryStore['snapshots']> {
    return this.#store.snapshots(stackId);
  }

  resourceSnapshots(snapshotId: string): ReturnType<MemoryStore['resourceSnapshots']> {
    return this.#store.resourceSnapshots(snapshotId);
  }

  history(stackId: string): ReturnType<MemoryStore['history']> {
    return this.#store.history(stackId);
  }

  holder(stackId: string): ReturnType<MemoryStore['holder']> {
    return this.#store.holder(stackId);
  }

  find(name: Name): ReturnType<MemoryStore['find']> {
    return this.#store.find(name);
  }

  reads(stackId: string): ReturnType<MemoryStore['reads']> {
    return this.#store.reads(stackId);
  }

  readersOf(space: string, stack: string): ReturnType<MemoryStore['readersOf']> {
    return this.#store.readersOf(space, stack);
  }

  revision(): number {
    return this.#store.revision();
  }

  close(): void {
    this.#store.close();
  }

  #append(claim: Claim, changes: readonly StoreChange[]): void {
    this.#store.append(claim, changes);
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
    for (const claim of this.#claims) this.#store.release(claim);
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
