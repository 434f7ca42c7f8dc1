import type { Randomness } from '../clock.ts';
import { isHotloomError } from '../errors.ts';
import type { Retries } from '../resource/resource-type.ts';

/**
 * How long to wait before the next attempt, when `failures` of them have failed, the last with `error`; undefined when there
 * is to be none. The delay grows by the factor with each, and up to the part `jitter` of it is taken away at random, so that
 * many that fail together do not come again together.
 */
export function retryDelay(
  retries: Retries | undefined,
  failures: number,
  error: unknown,
  randomness: Randomness,
): number | undefined {
  if (retries === undefined || failures > retries.limit || !mayHelp(error)) return undefined;
  const { delayMs = 1000, factor = 2, maxDelayMs = 60_000, jitter = 0 } = retries;
  const delay = Math.min(maxDelayMs, delayMs * factor ** (failures - 1));
  return jitter === 0 ? delay : Math.round(delay * (1 - jitter * randomPart(randomness)));
}

/** Errors of the engine's own, which another attempt would meet again. */
const LASTING: ReadonlySet<string> = new Set([
  'WriterFailed',
  'Deadlock',
  'UndeclaredRead',
  'UndeclaredWrite',
  'AttributeInvalid',
  'ConflictingWrite',
  'PropertyInvalid',
  'ActionCancelled',
  'ActionInProgress',
  'StoreUnusable',
  'InternalError',
]);

function mayHelp(error: unknown): boolean {
  return !isHotloomError(error) || !LASTING.has(error.code);
}

/** From 0 to below 1. */
function randomPart(randomness: Randomness): number {
  const [a = 0, b = 0, c = 0] = randomness.bytes(3);
  return ((a << 16) | (b << 8) | c) / 2 ** 24;
}

/** `attempt 1 of 4 failed: it is down; the next begins in 2 s`. */
export function printFailedAttempt(retries: Retries, failures: number, text: string, delayMs: number): string {
  const sentence = text.endsWith('.') ? text.slice(0, -1) : text;
  return `attempt ${failures} of ${retries.limit + 1} failed: ${sentence}; the next begins in ${delayMs / 1000} s`;
}
