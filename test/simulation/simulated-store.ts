import type { Name } from '../../src/names.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import type {
  Claim,
  Claimant,
  DeclaredNames,
  MaybePromise,
  StackRecord,
  StackStore,
  StoreChange,
} from '../../src/store/stack-store.ts';
import type { Json } from '../../src/values.ts';
import type { Scenario } from './scenario.ts';

interface SimulatedStoreOptions {
  /** Lets some time pass; undefined for a store that answers at once. */
  readonly delay: (() => Promise<void>) | undefined;
  readonly kill: Scenario['kill'];
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
  #batches = 0;

  constructor(options: SimulatedStoreOptions) {
    this.#options = options;
  }

  createStack(record: StackRecord, claimant: Claimant, declared?: DeclaredNames): MaybePromise<Claim> {
    if (this.#dead.has(claimant.engineId)) return never();
    this.#names.set(record.id, record.name);
    return this.#noted(this.#store.createStack(record, claimant, declared));
  }

  claim(stackId: string, claimant: Claimant): MaybePromise<Claim> {
    return this.#dead.has(claimant.engineId) ? never() : this.#noted(this.#store.claim(stackId, claimant));
  }

  append(claim: Claim, changes: readonly StoreChange[]): MaybePromise<void> {
    const { kill, delay } = this.#options;
    if (this.#isDead(claim)) return never();
    const position = this.#batches;
    this.#batches += 1;
    if (position === kill?.position) {
      if (kill.isStored) this.#append(claim, changes);
      this.#kill(claim.claimant.engineId);
      return never();
    }
    if (delay === undefined) this.#append(claim, changes);
    else return delay().then(() => (this.#isDead(claim) ? never() : this.#append(claim, changes)));
  }

  renew(claim: Claim): MaybePromise<void> {
    return this.#isDead(claim) ? never() : this.#store.renew(claim);
  }

  release(claim: Claim): void {
    this.#store.release(claim);
  }

  removeStack(claim: Claim): MaybePromise<void> {
    return this.#isDead(claim) ? never() : this.#store.removeStack(claim);
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

  holder(stackId: string): ReturnType<MemoryStore['holder']> {
    return this.#store.holder(stackId);
  }

  find(name: Name): ReturnType<MemoryStore['find']> {
    return this.#store.find(name);
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

  #kill(engineId: string): void {
    this.#dead.add(engineId);
    for (const claim of this.#claims) this.#store.release(claim);
    this.#options.didKill();
  }

  #isDead({ claimant }: Claim): boolean {
    return this.#dead.has(claimant.engineId);
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
