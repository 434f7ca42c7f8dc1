/** What the last run made: held while the memory that it takes is measured. */
export let made;

/** Off while a subject warms up, and for what is measured warm. */
export const memory = { isMeasured: false };

/** How long `run` takes, and how much more memory is in use after it, what it made included. */
export async function timed(run) {
  if (memory.isMeasured) globalThis.gc?.();
  else tenure();
  const before = inUse();
  const start = performance.now();
  made = await run();
  const ms = performance.now() - start;
  if (memory.isMeasured) globalThis.gc?.();
  return { ms, bytes: Math.max(0, inUse() - before) };
}

/**
 * Moves what lives to where long-lived things are. A whole collection would do too, but it leaves the sweeping of the heap
 * for the time that is measured, and undoes a warm-up.
 */
function tenure() {
  for (let time = 0; time < 2; time += 1) globalThis.gc?.({ type: 'minor' });
}

function inUse() {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
