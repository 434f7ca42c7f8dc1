import type { Clock } from '../../clock.ts';

/** Between two looks: short at first, since most things happen soon. */
const FIRST_DELAY_MS = 5;
const LAST_DELAY_MS = 100;

/**
 * Looks until `hasHappened`, for what the system tells nobody about: true when it did, false when `timeoutMs` have
 * passed. Rejects with the signal's reason when that fires, and with what a look throws.
 */
export async function waitFor(
  hasHappened: () => boolean | Promise<boolean>,
  options: { readonly clock: Clock; readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
): Promise<boolean> {
  const { clock, timeoutMs, signal } = options;
  const end = clock.now() + timeoutMs;
  for (let delay = FIRST_DELAY_MS; ; delay = Math.min(delay * 1.5, LAST_DELAY_MS)) {
    signal?.throwIfAborted();
    if (await hasHappened()) return true;
    const left = end - clock.now();
    if (left <= 0) return false;
    await pause(Math.min(delay, left), clock, signal);
  }
}

/** A timer of node fires at once when it is told to wait longer (24 days). */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** Resolves after `delayMs`, never when that is infinite; rejects with the signal's reason when that fires first. */
export function pause(delayMs: number, clock: Clock, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      timer?.cancel();
      reject(signal?.reason);
    };
    const end = (): void => {
      signal?.removeEventListener('abort', stop);
      resolve();
    };
    const timer = Number.isFinite(delayMs)
      ? clock.schedule(Math.min(delayMs, MAX_DELAY_MS), end, { keepAlive: true })
      : undefined;
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}
