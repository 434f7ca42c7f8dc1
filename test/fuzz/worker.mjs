import { inspect } from 'node:util';
import { parentPort, workerData } from 'node:worker_threads';
import fc from 'fast-check';
import { Engine, isHotloomError, localTypes } from 'hotloom';
import '../fixtures/typescript-hook.mjs';

const { fuzzCases, inputOf } = await import('./cases.ts');
const { readSeeds } = await import('./seeds.ts');
const { faultOf } = await import('./verdict.ts');

const { state, current, slowMs, firstSeed, batch, batches } = workerData;
const seeds = readSeeds();
const encoder = new TextEncoder();
const cases = fuzzCases(seeds);
const engines = ['refuse', 'last'].map((duplicateKeys) => new Engine({ duplicateKeys, types: localTypes() }));

for (let number = 0; number < batches; number += 1) {
  const seed = firstSeed + number;
  const engine = engines[number % 2];
  state[0] = seed;
  runBatch(engine, seed);
  parentPort.postMessage({ kind: 'progress', batches: number + 1 });
}
state[1] = 0;

function runBatch(engine, seed) {
  let fault;
  const isRight = (fuzzCase) => {
    const { written } = encoder.encodeInto(JSON.stringify(fuzzCase), current);
    current[written] = 0;
    state[1] = Date.now();
    const input = inputOf(seeds, fuzzCase);
    const begin = performance.now();
    fault = faultOf(engine, isHotloomError, input);
    const ms = performance.now() - begin;
    if (ms > slowMs) fault ??= `A case takes longer than ${slowMs} ms.`;
    return fault === undefined;
  };
  const result = fc.check(fc.property(cases, isRight), { seed, numRuns: batch });
  if (!result.failed) return;
  const [smallest] = result.counterexample;
  const input = inputOf(seeds, smallest);
  const begin = performance.now();
  isRight(smallest);
  const ms = Math.round(performance.now() - begin);
  const text = `${ms} ms  ${JSON.stringify(smallest)}\n${seeds.all[smallest.seed].id} ${inspect(input, { depth: 12, maxStringLength: 3000 })}`;
  parentPort.postMessage({ kind: 'fault', fault: fault ?? 'It went right the second time.', seed, text });
}
