import type { MemoryStore } from '../../src/store/memory-store.ts';
import type { StackStore } from '../../src/store/stack-store.ts';

/** A store as an engine sees it that is going to be paused. */
export interface StoreUntilPause {
  readonly store: StackStore;
  /** Resolves when the engine is paused. */
  readonly paused: Promise<void>;
  /** Resolves at once unless the engine is paused; then when it is continued. */
  readonly whileAwake: () => Promise<void>;
  readonly continue: () => void;
}

/**
 * Pauses its engine when that stores one batch more than `limit`, before the batch is stored or after it, before the engine
 * hears of that. Until it is continued no call of the store comes back, so that nothing goes on but what needs no store; the
 * test holds its clock, and its handlers ask `whileAwake`.
 */
export function storeUntilPause(store: MemoryStore, limit: number, when: 'before' | 'after'): StoreUntilPause {
  let batches = 0;
  let pause = (): void => {};
  const paused = new Promise<void>((resolve) => {
    pause = resolve;
  });
  let resume = (): void => {};
  const continued = new Promise<void>((resolve) => {
    resume = resolve;
  });
  let isPaused = false;
  const whileAwake = (): Promise<void> => (isPaused ? continued : Promise.resolve());
  const later = <T>(call: () => T): T | Promise<T> => (isPaused ? continued.then(call) : call());
  const stored = <T>(call: () => T): T | Promise<T> => {
    batches += 1;
    if (isPaused || batches !== limit + 1) return later(call);
    isPaused = true;
    pause();
    if (when === 'before') return continued.then(call);
    const answer = call();
    return continued.then(() => answer);
  };
  const view = new Proxy(store, {
    get: (target, key) => {
      const member: unknown = Reflect.get(target, key);
      if (typeof member !== 'function') return member;
      const isWrite = ['createStack', 'claim', 'append', 'removeStack'].includes(String(key));
      return (...given: readonly unknown[]): unknown => {
        const call = (): unknown => Reflect.apply(member, target, given);
        return isWrite ? stored(call) : later(call);
      };
    },
  });
  return {
    store: view,
    paused,
    whileAwake,
    continue: () => {
      isPaused = false;
      resume();
    },
  };
}
