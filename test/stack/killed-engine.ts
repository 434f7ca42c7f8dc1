import { Engine } from '../../src/engine.ts';
import type { ResourceType } from '../../src/resource/resource-type.ts';
import { SimulatedClock, seededRandomness } from '../../src/simulated-clock.ts';
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

/** The life of one engine on a store. */
export interface Life {
  /** It is killed when it wants to store one batch more. Default: never. */
  readonly limit?: number;
  readonly seed: number;
  /** Its types; `isDead` as of StoreUntilKill. */
  readonly types: (isDead: () => boolean) => readonly ResourceType[];
}

/** Lets an engine do `act`, whatever becomes of that, until it has ended or the engine is killed; returns its batches. */
export async function live(
  store: MemoryStore,
  { limit, seed, types }: Life,
  act: (engine: Engine, clock: SimulatedClock) => Promise<unknown>,
): Promise<number> {
  const seen = storeUntilKill(store, limit);
  const clock = new SimulatedClock();
  const randomness = seededRandomness(seed);
  const engine = new Engine({ types: types(seen.isDead), clock, store: seen.store, randomness });
  await clock.run(Promise.race([act(engine, clock).catch(() => {}), seen.killed]));
  const batches = seen.batches();
  if (!seen.isDead()) await clock.run(engine.close());
  return batches;
}
