/** What the last run made: held while the memory that it takes is measured. */
export let made;

/** Off while a subject warms up. */
export const memory = { isMeasured: false };

/** How long `run` takes, and how much more memory is in use after it, what it made included. */
export async function timed(run) {
  globalThis.gc?.();
  const before = inUse();
  const start = performance.now();
  made = await run();
  const ms = performance.now() - start;
  if (memory.isMeasured) globalThis.gc?.();
  return { ms, bytes: Math.max(0, inUse() - before) };
}

function inUse() {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
