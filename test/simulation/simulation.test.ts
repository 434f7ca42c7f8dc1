import { describe, expect, test } from '@jest/globals';
import { simulate } from './simulate.ts';

// The short form of `npm run simulate`: always the same seeds.
describe('whatever the templates, the handlers, the faults and the order are', () => {
  test.each([1, 101, 201])('every rule of checks.ts is kept: 100 runs from seed %i', async (first) => {
    for (let seed = first; seed < first + 100; seed += 1) expect(await simulate(seed)).toBeUndefined();
  });
});
