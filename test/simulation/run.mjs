// npm run simulate -- [--runs 100000] [--seed N] [--kills]
// Creates random stacks in simulated time, each under several schedules, with faults, and checks the rules of checks.ts
// after each; and lets one stack live, through updates, stops, rollbacks and kills, after each step of which it checks the
// rules of life-checks.ts. With --kills, a life is played once for each change that it stores, with the engine killed there,
// and compared with the undisturbed one. Everything of a run comes from its seed; runs have consecutive seeds, and `--seed N --runs 1` repeats one.
// Ends with 1 when a rule was broken. Runs are played in a worker, so that one that never ends can be named.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';

const HANG_MS = 60_000;
const PROGRESS_MS = 10_000;

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '10000' },
    kills: { type: 'boolean', default: false },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
  },
});
const runs = Number(values.runs);
const firstSeed = Number(values.seed);
console.log(`seed ${firstSeed}, ${runs} runs`);

/** Which seed the worker is at, and when it began with it. */
const state = new Float64Array(new SharedArrayBuffer(16));
const worker = new Worker(fileURLToPath(new URL('./worker.mjs', import.meta.url)), {
  workerData: { state, firstSeed, runs, isKilling: values.kills },
});
const started = performance.now();
const faults = new Map();
const watch = setInterval(() => {
  const [seed, begin] = state;
  if (begin === 0 || Date.now() - begin < HANG_MS) return;
  console.log(`HANG: seed ${seed} does not end.\n${replay(seed)}`);
  process.exit(1);
}, 1000);
const progress = setInterval(tellProgress, PROGRESS_MS);

worker.on('message', ({ check, seed, saw, text }) => {
  const count = (faults.get(check) ?? 0) + 1;
  faults.set(check, count);
  console.log(`\nFAULT (seed ${seed}): ${check}\n${saw}\n${replay(seed)}`);
  // One of each kind is enough to read.
  if (count === 1) console.log(`\n${text}`);
});
worker.on('error', (error) => {
  console.log(`The worker failed (seed ${state[0]}): ${error.stack}\n${replay(state[0])}`);
  process.exit(1);
});
worker.on('exit', () => {
  clearInterval(watch);
  clearInterval(progress);
  tellProgress();
  for (const [check, count] of faults) console.log(`${count} times: ${check}`);
  process.exitCode = faults.size > 0 ? 1 : 0;
});

function tellProgress() {
  const done = state[1] === 0 ? (state[0] === 0 ? 0 : runs) : state[0] - firstSeed;
  const broken = [...faults.values()].reduce((sum, count) => sum + count, 0);
  console.log(`${done} runs, ${broken} faults, ${Math.round((performance.now() - started) / 1000)} s`);
}

function replay(seed) {
  return `npm run simulate -- --seed ${seed} --runs 1${values.kills ? ' --kills' : ''}`;
}
