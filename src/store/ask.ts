import type { Clock } from '../clock.ts';
import { isHotloomError, StoreUnusable } from '../errors.ts';
import type { MaybePromise } from './stack-store.ts';

/** How long a busy store is left alone before it is asked again, in milliseconds: 15 s in all. */
const PAUSES_MS = [50, 100, 200, 400, 800, 1600, 3200, 4000, 5000] as const;

/** It is not asked again after so long: a store waits by itself, too, before it says that it is busy. */
const PATIENCE_MS = 20_000;

/**
 * The answer to a call of a store: at once when the store answers at once. A store that is busy is asked again for a while;
 * one that does not answer for `timeoutMs` is given up with StoreUnusable, and the call may or may not take place later.
 * `what` is the call in words: 'store a change'.
 */
export function ask<T>(clock: Clock, timeoutMs: number, what: string, call: () => MaybePromise<T>): MaybePromise<T> {
  try {
    const answer = call();
    return answer instanceof Promise ? askOn(clock, timeoutMs, what, call, answer) : answer;
  } catch (error) {
    if (!isBusy(error)) throw error;
    return askOn(clock, timeoutMs, what, call, Promise.reject(error));
  }
}

async function askOn<T>(
  clock: Clock,
  timeoutMs: number,
  what: string,
  call: () => MaybePromise<T>,
  first: Promise<T>,
): Promise<T> {
  const end = clock.now() + PATIENCE_MS;
  let answer = first;
  for (const pauseMs of PAUSES_MS) {
    try {
      return await answered(clock, timeoutMs, what, answer);
    } catch (error) {
      if (!isBusy(error) || clock.now() >= end) throw error;
    }
    await new Promise<void>((resolve) => void clock.schedule(pauseMs, resolve, { keepAlive: true }));
    answer = asPromise(call);
  }
  return answered(clock, timeoutMs, what, answer);
}

/** What `call` throws becomes a rejection. */
async function asPromise<T>(call: () => MaybePromise<T>): Promise<T> {
  return call();
}

function answered<T>(clock: Clock, timeoutMs: number, what: string, answer: Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = clock.schedule(timeoutMs, () => reject(doesNotAnswer(timeoutMs, what)), { keepAlive: true });
    answer.then(resolve, reject).finally(() => timer.cancel());
  });
}

function isBusy(error: unknown): boolean {
  return isHotloomError(error, 'StoreBusy');
}

function doesNotAnswer(timeoutMs: number, what: string): StoreUnusable {
  return new StoreUnusable({
    what: `The store did not answer within ${timeoutMs / 1000} s.`,
    why: `It was asked to ${what}, and whether it has done that is not known.`,
    fix: 'See what holds the store up. When it answers again, resume the stack.',
  });
}
