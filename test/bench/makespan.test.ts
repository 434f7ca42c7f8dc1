import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { runs } from '../random.ts';
import { cluster, randomFrom, randomPlan, threeTiers, twoMachines } from './makespan/cases.mjs';
import { criticalPath } from './makespan/plan.mjs';
import { makespan } from './makespan/simulate.mjs';

test('the makespan is the critical path over attributes, exactly, when there are slots for all', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), async (seed, early) => {
      const plan = randomPlan(randomFrom(seed), early, { layers: 1 + (seed % 5), width: 4 });
      expect(await makespan(plan, 'attribute')).toBe(criticalPath(plan));
      expect(await makespan(plan, 'resource')).toBeGreaterThanOrEqual(criticalPath(plan));
    }),
    { numRuns: runs(60) },
  );
});

test('whole resources that need each other are refused, their attributes are not', async () => {
  expect([await makespan(cluster(), 'resource'), await makespan(cluster(), 'attribute')]).toEqual([undefined, 33_000]);
});

test('the README tells the speed-up of two machines and of three tiers', async () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const told = (stack: string): string | undefined => new RegExp(`([\\d.]+) times \\(${stack}\\)`).exec(readme)?.[1];
  const time = async (plan: object, order: string) => (await makespan(plan, order)) ?? Number.NaN;
  const speedUp = async (plan: object) => (await time(plan, 'resource')) / (await time(plan, 'attribute'));
  expect([told('two machines'), told('three tiers')]).toEqual([
    (await speedUp(twoMachines())).toFixed(2),
    (await speedUp(threeTiers())).toFixed(2),
  ]);
});

test('with one slot the work of all resources is done one after the other', async () => {
  const plan = twoMachines();
  const works = Object.values(plan as Record<string, { work?: number }[]>).flat();
  expect(await makespan(plan, 'attribute', 1)).toBe(works.reduce((sum, { work = 0 }) => sum + work, 0));
});
