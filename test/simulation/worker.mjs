import { parentPort, workerData } from 'node:worker_threads';
import { dump } from 'js-yaml';
import '../fixtures/typescript-hook.mjs';

const { simulate } = await import('./simulate.ts');
const { simulateLife } = await import('./simulate-life.ts');
const { simulateKills } = await import('./simulate-kills.ts');

const { state, taken, firstSeed, runs, edition, isKilling } = workerData;
const plays = isKilling ? [async (...run) => (await simulateKills(...run)).fault] : [simulate, simulateLife];
for (let run = Atomics.add(taken, 0, 1); run < runs; run = Atomics.add(taken, 0, 1)) {
  const seed = firstSeed + run;
  state[0] = seed;
  state[1] = Date.now();
  for (const play of plays) {
    const fault = await play(seed, edition);
    if (fault === undefined) continue;
    const { check, saw, seed: _, ...played } = fault;
    const text = dump(JSON.parse(JSON.stringify(played, printable)), { noRefs: true });
    parentPort.postMessage({ check, seed, saw, text });
  }
  state[2] += 1;
}
state[1] = 0;

/** JSON has no number for as many slots as there are handlers. */
function printable(_, value) {
  return value === Number.POSITIVE_INFINITY ? 'Infinity' : value;
}
