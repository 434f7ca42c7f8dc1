// npm run simulate -- [--runs 100000] [--seed N] [--kills] [--edition N] [--workers N]
// Creates random stacks in simulated time, each under several schedules, with faults, and checks the rules of checks.ts
// after each; and lets some of them live, through updates, stops, rollbacks and kills, after each step of which it checks the
// rules of life-checks.ts. With --kills, a life is played once for each change that it stores, with the engine killed there,
// and compared with the undisturbed one. Everything of a run comes from its seed; runs have consecutive seeds, and `--seed N --runs 1`
// repeats one. What a seed stands for depends on the edition of the generator, which is the newest by default.
// Ends with 1 when a rule was broken. Runs are played in workers, one for each processor, so that one that never ends can be named.
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import '../fixtures/typescript-hook.mjs';
import { scriptCommand, wholeNumber } from '../script-command.mjs';

const { LATEST } = await import('./generate.ts');

const PROGRESS_MS = 10_000;
/** Most of what a run allocates is dropped at its end: with room for many runs, little of it is ever copied. */
const YOUNG_GENERATION_MB = 128;

const values = scriptCommand(
  'simulate',
  'Plays random stacks, and lives of stacks, in simulated time, and checks every rule of the model.',
)
  .option('--runs <n>', 'how many seeds, one after the other from the first', wholeNumber(1), 10_000)
  .option('--seed <n>', 'the first seed (default: another one each time)', wholeNumber(0))
  .option('--kills', 'instead: kill each life, without stops and hangs, at every change that it stores')
  .option('--edition <n>', 'of the generator: what a seed stands for', wholeNumber(1, LATEST), LATEST)
  .option('--workers <n>', 'how many runs at a time', wholeNumber(1), availableParallelism())
  .addHelpText('after', '\nExit code 1 when a rule was broken: each is told with the seed, and how to play it again.')
  .parse()
  .opts();
/** A life with a kill at each of its changes is some hundred plays. */
const HANG_MS = values.kills ? 600_000 : 60_000;
const { runs, seed: firstSeed = Date.now() % 1_000_000_000, edition } = values;
console.log(`seed ${firstSeed} of edition ${edition}, ${runs} runs`);

const started = performance.now();
/** By rule, the seeds that broke it. */
const faults = new Map();
/** How many seeds were given out, to whichever worker asked next. */
const taken = new Int32Array(new SharedArrayBuffer(4));
const workers = Array.from({ length: Math.min(values.workers, runs) }, work);
const watch = setInterval(nameHangs, 1000);
const progress = setInterval(tellProgress, PROGRESS_MS);
let working = workers.length;

function work() {
  /** At which seed it is, since when, and how many it has done. */
  const state = new Float64Array(new SharedArrayBuffer(24));
  const worker = new Worker(fileURLToPath(new URL('./worker.mjs', import.meta.url)), {
    workerData: { state, taken, firstSeed, runs, edition, isKilling: values.kills },
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
  });
  worker.on('message', tellFault);
  worker.on('error', (error) => {
    console.log(`A worker failed (seed ${state[0]}): ${error.stack}\n${replay(state[0])}`);
    process.exit(1);
  });
  worker.on('exit', () => {
    working -= 1;
    if (working === 0) end();
  });
  return { state };
}

function tellFault({ check, seed, saw, text }) {
  const seeds = faults.get(check) ?? [];
  faults.set(check, [...seeds, seed]);
  console.log(`\nFAULT (seed ${seed}): ${check}\n${saw}\n${replay(seed)}`);
  // One of each kind is enough to read.
  if (seeds.length === 0) console.log(`\n${text}`);
}

function nameHangs() {
  for (const {
    state: [seed, since],
  } of workers) {
    if (since === 0 || Date.now() - since < HANG_MS) continue;
    console.log(`HANG: seed ${seed} does not end.\n${replay(seed)}`);
    process.exit(1);
  }
}

function tellProgress() {
  const done = workers.reduce((sum, { state }) => sum + state[2], 0);
  const broken = [...faults.values()].reduce((sum, seeds) => sum + seeds.length, 0);
  const seconds = (performance.now() - started) / 1000;
  console.log(`${done} runs, ${broken} faults, ${Math.round(seconds)} s, ${(done / seconds).toFixed(1)} runs a second`);
}

function end() {
  clearInterval(watch);
  clearInterval(progress);
  tellProgress();
  for (const [check, seeds] of faults) console.log(`${seeds.length} times: ${check} (${seeds.join(', ')})`);
  process.exitCode = faults.size > 0 ? 1 : 0;
}

function replay(seed) {
  return `npm run simulate -- --seed ${seed} --edition ${edition} --runs 1${values.kills ? ' --kills' : ''}`;
}
