import { randomBytes, randomFillSync } from 'node:crypto';

/** A timer that has not fired yet. */
export interface Timer {
  /** After this the timer does not fire. Does nothing when it has fired. */
  cancel(): void;
}

/** Time as an argument: nothing in the engine asks the machine for it. */
export interface Clock {
  /** Milliseconds since 1970-01-01 UTC. */
  now(): number;
  /** Calls `run` once, `delayMs` from now. */
  schedule(delayMs: number, run: () => void, options?: TimerOptions): Timer;
}

export interface TimerOptions {
  /** Whether the process lives on for this timer alone. Default false. */
  readonly keepAlive?: boolean;
  /**
   * It only looks whether somebody else has done something, and is scheduled anew: when there are no other timers, a clock
   * that knows of everything that can happen knows that nothing more will. Default false.
   */
  readonly repeats?: boolean;
}

/** Resolves after the delay. Rejects with the signal's reason when that fires first. */
export function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      timer.cancel();
      reject(signal.reason);
    };
    const timer = clock.schedule(
      delayMs,
      () => {
        signal.removeEventListener('abort', stop);
        resolve();
      },
      { keepAlive: true },
    );
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
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
export const systemRandomness: Randomness = { uuid: randomUuid, bytes: (size) => randomBytes(size) };

const HEX = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0')).join(''));
/** Where the two digits of each byte stand. */
const DIGITS = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
const LENGTH = 36;
const AT_A_TIME = 64;
/** The way to the machine's randomness takes longer than to print 64 of them: it is gone once for more. */
const random = Buffer.alloc(64 * 16 * AT_A_TIME);
let usedRandom = random.length;
const printed = Buffer.alloc(LENGTH * AT_A_TIME, '-');
let texts = '';
let used = texts.length;

/**
 * Version 4 (RFC 9562). Every resource needs one: node's own randomUUID joins each from 20 strings, which takes six times
 * as long as to print it into a buffer, and most of the rest is the way from the buffer to a text, which is gone once for
 * many.
 */
function randomUuid(): string {
  if (used === texts.length) {
    texts = printUuids();
    used = 0;
  }
  used += LENGTH;
  return texts.slice(used - LENGTH, used);
}

function printUuids(): string {
  if (usedRandom === random.length) {
    randomFillSync(random);
    usedRandom = 0;
  }
  for (let uuid = 0; uuid < AT_A_TIME; uuid += 1) {
    const first = usedRandom;
    usedRandom += 16;
    random[first + 6] = ((random[first + 6] as number) & 0x0f) | 0x40;
    random[first + 8] = ((random[first + 8] as number) & 0x3f) | 0x80;
    for (let byte = 0; byte < 16; byte += 1) {
      const digits = 2 * (random[first + byte] as number);
      const at = LENGTH * uuid + (DIGITS[byte] as number);
      printed[at] = HEX[digits] as number;
      printed[at + 1] = HEX[digits + 1] as number;
    }
  }
  return printed.toString('latin1');
}
