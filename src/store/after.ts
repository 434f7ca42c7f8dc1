import type { MaybePromise } from './stack-store.ts';

/** What `go` makes of an answer of a store: at once for what is there at once. */
export function after<T, U>(value: MaybePromise<T>, go: (value: T) => MaybePromise<U>): MaybePromise<U> {
  return value instanceof Promise ? value.then(go) : go(value);
}
