import type { Json } from '../values.ts';

/** What a read has come to. */
export type Outcome = { readonly value: Json } | { readonly error: unknown };

/** The promise of a read that is over. */
export function settled(outcome: Outcome): Promise<Json> {
  return 'error' in outcome ? Promise.reject(outcome.error) : Promise.resolve(outcome.value);
}

/** Marks the promise as looked at: a rejection that nobody awaits must not end the process. */
export function guarded<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
