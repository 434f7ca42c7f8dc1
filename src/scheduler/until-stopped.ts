import type { Clock } from '../clock.ts';

/**
 * What `work` comes to. When `signal` fires it has `cancelGraceMs` to end; a handler that does not heed its signal is given
 * up then, and this rejects with the signal's reason.
 */
export function untilStopped<T>(
  work: Promise<T>,
  parts: { readonly signal: AbortSignal; readonly clock: Clock; readonly cancelGraceMs: number },
): Promise<T> {
  const { signal, clock, cancelGraceMs } = parts;
  return new Promise<T>((resolve, reject) => {
    const stop = (): void => {
      const timer = clock.schedule(cancelGraceMs, () => reject(signal.reason), { keepAlive: true });
      void work.finally(() => timer.cancel()).catch(() => {});
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
