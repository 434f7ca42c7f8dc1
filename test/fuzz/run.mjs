// npm run fuzz -- [--runs 1000000] [--seed N] [--slow MS]
// Mutates recorded templates and environments, and prints every case that the built engine answers with anything but an
// analysis or an error of its own, or that takes longer than a second. A batch of cases has one seed; `--seed N --runs
// 1000` repeats batch N. Cases run in a worker, so that one that never ends can be named.
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { scriptCommand, wholeNumber } from '../script-command.mjs';

const BATCH = 1000;
const HANG_MS = 10_000;

const {
  runs,
  seed: firstSeed = Date.now() % 1_000_000_000,
  slow,
} = scriptCommand('fuzz', 'Mutates templates and environments, and prints what the engine answers wrongly or late.')
  .option('--runs <n>', `how many cases, in batches of ${BATCH}`, wholeNumber(1), 100_000)
  .option('--seed <n>', 'of the first batch (default: another one each time)', wholeNumber(0))
  .option('--slow <ms>', 'how long a case may take', wholeNumber(1), 1000)
  .addHelpText('after', '\nExit code 1 when there was a fault: each is told with the seed of its batch.')
  .parse()
  .opts();
console.log(`seed ${firstSeed}, ${runs} runs`);

/** Which batch the worker is in, and when its case began; the case as JSON. */
const state = new Float64Array(new SharedArrayBuffer(16));
const current = new Uint8Array(new SharedArrayBuffer(65_536));
const worker = new Worker(fileURLToPath(new URL('./worker.mjs', import.meta.url)), {
  workerData: {
    state,
    current,
    slowMs: slow,
    firstSeed,
    batch: BATCH,
    batches: Math.ceil(runs / BATCH),
  },
});
const started = performance.now();
const faults = new Map();
const watch = setInterval(() => {
  const [seed, begin] = state;
  if (begin === 0 || Date.now() - begin < HANG_MS) return;
  console.log(`HANG (seed ${seed}): this case does not end:\n${currentCase()}`);
  process.exit(1);
}, 1000);

worker.on('message', (message) => {
  if (message.kind === 'progress') {
    const done = Math.min(runs, message.batches * BATCH);
    if (message.batches % 10 === 0 || done === runs) {
      console.log(`${done} runs, ${faults.size} faults, ${Math.round((performance.now() - started) / 1000)} s`);
    }
    return;
  }
  const { fault, seed, text } = message;
  // One place of the sources is one fault.
  const key = fault.replace(/\d+/g, '#').slice(0, 300);
  const count = (faults.get(key) ?? 0) + 1;
  faults.set(key, count);
  if (count > 1) return;
  console.log(`\nFAULT (seed ${seed}): ${fault}\n${text}\n`);
});
worker.on('error', (error) => {
  console.log(`The worker failed (seed ${state[0]}): ${error.stack}\n${currentCase()}`);
  process.exit(1);
});
worker.on('exit', () => {
  clearInterval(watch);
  for (const [fault, count] of faults) console.log(`${count} times: ${fault.split('\n')[0]}`);
  process.exitCode = faults.size > 0 ? 1 : 0;
});

function currentCase() {
  return Buffer.from(current.slice(0, current.indexOf(0))).toString();
}
