import { describe, expect, test } from '@jest/globals';
import { simulate } from './simulate.ts';
import { simulateKills } from './simulate-kills.ts';
import { simulateLife } from './simulate-life.ts';

// The short form of `npm run simulate`: always the same seeds.
describe('whatever the templates, the handlers, the faults and the order are', () => {
  test.each([1, 101, 201])('every rule of checks.ts is kept: 100 runs from seed %i', async (first) => {
    for (let seed = first; seed < first + 100; seed += 1) expect(await simulate(seed)).toBeUndefined();
  });

  test.each([1, 41, 81])('every rule of life-checks.ts is kept: 40 lives from seed %i', async (first) => {
    for (let seed = first; seed < first + 40; seed += 1) expect(await simulateLife(seed)).toBeUndefined();
  });

  test('killed with every change that it stores, and resumed, a life goes on as if undisturbed: 6 lives', async () => {
    let kills = 0;
    for (let seed = 3; seed < 9; seed += 1) {
      const played = await simulateKills(seed);
      expect(played.fault).toBeUndefined();
      kills += played.kills;
    }
    expect(kills).toBeGreaterThan(400);
  });

  // Runs that have complained once, of the engine or wrongly.
  test.each([
    [20000340, 'a handler woken at the instant of a cancel may have got a slot before it'],
    [5010664, 'a handler woken at the instant of a cancel may have got a slot before it, and hold it for long'],
    [5020216, 'what a handler writes beside a read that it declares to need decides whether there is a deadlock'],
  ])('seed %i: %s', async (seed) => {
    expect(await simulate(seed)).toBeUndefined();
  });
});
