import { parentPort, workerData } from 'node:worker_threads';
import { dump } from 'js-yaml';
import '../fixtures/typescript-hook.mjs';

const { simulate } = await import('./simulate.ts');

const { state, firstSeed, runs } = workerData;
for (let seed = firstSeed; seed < firstSeed + runs; seed += 1) {
  state[0] = seed;
  state[1] = Date.now();
  const fault = await simulate(seed);
  if (fault === undefined) continue;
  const { check, saw, scenario, schedules } = fault;
  parentPort.postMessage({
    check,
    seed,
    saw,
    text: dump(JSON.parse(JSON.stringify({ schedules, scenario })), { noRefs: true }),
  });
}
state[1] = 0;
