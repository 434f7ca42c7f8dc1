import { randomBytes, randomUUID } from 'node:crypto';

/** A timer that has not fired yet. */
export interface Timer {
  /** After this the timer does not fire. Does nothing when it has fired. */
  cancel(): void;
}

/** Time as an argument: nothing in the engine asks the machine for it. */
export interface Clock {
  /** Milliseconds since 1970-01-01 UTC. */
  now(): number;
  /** Calls `run` once, `delayMs` from now. A timer alone does not keep a process alive unless `keepAlive` is set. */
  schedule(delayMs: number, run: () => void, options?: { readonly keepAlive?: boolean }): Timer;
}

/** Randomness as an argument. */
export interface Randomness {
  /** A version 4 UUID in its printed form. */
  uuid(): string;
  /** `size` random bytes. */
  bytes(size: number): Uint8Array;
}

const LONGEST_DELAY_MS = 2 ** 31 - 1;

/** The machine's time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  schedule(delayMs, run, options) {
    // Node fires at once after a longer delay than 2^31 - 1 ms.
    const end = Date.now() + delayMs;
    let timer: NodeJS.Timeout;
    const wait = (ms: number): void => {
      timer = setTimeout(
        () => (ms > LONGEST_DELAY_MS ? wait(end - Date.now()) : run()),
        Math.min(ms, LONGEST_DELAY_MS),
      );
      if (!options?.keepAlive) timer.unref();
    };
    wait(delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};

/** The machine's randomness, from node:crypto. */
export const systemRandomness: Randomness = { uuid: () => randomUUID(), bytes: (size) => randomBytes(size) };
