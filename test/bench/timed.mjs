/** How long `run` takes, and how far the process's memory rises in it. */
export async function timed(run) {
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  const start = performance.now();
  await run();
  const ms = performance.now() - start;
  const bytes = Math.max(0, process.resourceUsage().maxRSS * 1024 - before);
  return { ms, bytes };
}
