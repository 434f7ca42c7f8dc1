import type { MemoryStore } from '../../src/store/memory-store.ts';
import type { Claimant, StackStore } from '../../src/store/stack-store.ts';

/** A process that never was: pids are smaller everywhere. */
const DEAD = { pid: 2 ** 30, processStart: 'never' };

/** A store as an engine sees it that is going to be killed. */
export interface StoreUntilKill {
  readonly store: StackStore;
  /** Resolves when the engine is killed. */
  readonly killed: Promise<void>;
  /** True from then on: the engine's handlers cannot do anything any more. */
  readonly isDead: () => boolean;
  /** How many batches have been stored. */
  readonly batches: () => number;
}

/**
 * Kills its engine when that wants to store one batch more than `limit`: nothing is taken and nothing answered after
 * that. For other engines it is dead from the start.
 */
export function storeUntilKill(store: MemoryStore, limit = Number.POSITIVE_INFINITY): StoreUntilKill {
  let batches = 0;
  let kill = (): void => {};
  const killed = new Promise<void>((resolve) => {
    kill = resolve;
  });
  const asDead = (claimant: Claimant): Claimant => ({ ...claimant, ...DEAD });
  const stored = <T>(call: () => T): T | Promise<never> => {
    if (batches < limit) {
      batches += 1;
      return call();
    }
    batches = Number.POSITIVE_INFINITY;
    kill();
    return new Promise<never>(() => {});
  };
  const isDead = (): boolean => batches === Number.POSITIVE_INFINITY;
  const seen: Partial<StackStore> = {
    createStack: (record, claimant, declared) => stored(() => store.createStack(record, asDead(claimant), declared)),
    claim: (stackId, claimant) => stored(() => store.claim(stackId, asDead(claimant))),
    append: (claim, changes) => stored(() => store.append(claim, changes)),
    removeStack: (claim) => stored(() => store.removeStack(claim)),
    release: (claim) => (isDead() ? new Promise<never>(() => {}) : store.release(claim)),
  };
  return { store: withOwn(store, seen), killed, isDead, batches: () => batches };
}

/** The store with some of its calls answered otherwise. */
export function withOwn(store: StackStore, own: Partial<StackStore>): StackStore {
  return new Proxy(store, {
    get: (target, key) => {
      const answer: unknown = Reflect.get(own, key);
      if (answer !== undefined) return answer;
      const member: unknown = Reflect.get(target, key);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}
