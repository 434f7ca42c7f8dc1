import { describe, expect, test } from '@jest/globals';
import type { Edition } from './generate.ts';
import { simulate } from './simulate.ts';
import { simulateKills } from './simulate-kills.ts';
import { simulateLife } from './simulate-life.ts';

// The short form of `npm run simulate`: always the same seeds.
describe('whatever the templates, the handlers, the faults and the order are', () => {
  test.each([1, 61, 121, 181])('every rule of checks.ts is kept: 60 runs from seed %i', async (first) => {
    for (let seed = first; seed < first + 60; seed += 1) expect(await simulate(seed)).toBeUndefined();
  });

  test.each([1, 26, 51, 76])('every rule of life-checks.ts is kept: 25 lives from seed %i', async (first) => {
    for (let seed = first; seed < first + 25; seed += 1) expect(await simulateLife(seed)).toBeUndefined();
  });

  test.each([3, 4, 5, 7, 61000029])(
    'a life killed with any change that it stores goes on as if undisturbed: seed %i',
    async (seed) => {
      const { kills, fault } = await simulateKills(seed);
      expect(fault).toBeUndefined();
      expect(kills).toBeGreaterThan(30);
    },
  );

  // Runs that have complained once, of the engine or wrongly, by the edition that their seed is of.
  test.each<[Edition, number, string]>([
    [1, 20000340, 'a handler woken at the instant of a cancel may have got a slot before it'],
    [1, 5010664, 'a handler woken at the instant of a cancel may have got a slot before it, and hold it for long'],
    [1, 5020216, 'what a handler writes beside a read that it declares to need decides whether there is a deadlock'],
    [2, 247, 'an engine was killed when it had just begun with a nested template'],
    [3, 133028327, 'a rollback lets go its names, and fails, at the instant at which another stack begins to read one'],
    [4, 160010264, 'the last to wait waits for a value that is on its way, and for another that will not come'],
    [4, 170061226, 'a create that is stopped ends when the values that it has stored have come into a slow space'],
  ])('edition %i, seed %i: %s', async (edition, seed) => {
    expect(await simulate(seed, edition)).toBeUndefined();
  });

  // The same of lives.
  test.each<[Edition, number, string]>([
    [1, 1176, 'a rollback goes back to an update that came to its end before it was superseded'],
    [1, 2170, 'an id that nobody in a circle waits for is not taken to be as it was'],
    [1, 30000781, 'a handler in a circle awaits more than what its attributes declare to need'],
    [1, 30011748, 'an interrupted attempt that is not come to again is known, and deleted later'],
    [1, 30001618, 'what is replaced in the middle of an update has told its id, and fails by itself'],
    [1, 30000124, 'the last value that a circle waits for comes by itself, out of a slow space'],
    [1, 41000745, 'the last value that a circle waits for comes from outside of the stack'],
    [1, 41004988, 'a value from outside of the stack is there before the last one that a circle waits for'],
    [1, 41006956, 'what a circle changes, and an update neither reads nor can change, asks for a replacement'],
    [1, 41008074, 'the same of a value that the resource has written itself'],
    [1, 30011686, 'the same of a value that was of another resource before'],
    [2, 93, 'a nested template has an output no more, and is updated again'],
    [
      2,
      60001031,
      'another stack changes in the middle of an update what one resource has read before, and another reads now',
    ],
    [2, 61000656, 'what was interrupted waits for what never comes, and its resume has a time-out'],
    [1, 41004311, 'what an engine that was killed long ago is told at last is told to nobody'],
    [2, 55000098, 'a handler that hangs is stopped in time after a resume, too'],
    [2, 56001526, 'another stack reads what one had not yet when it was superseded'],
    [2, 71000005, 'stacks that read each other in a circle are updated at the same time'],
    [2, 56001258, 'one of a circle of stacks is updated while others of it are created or updated'],
    [2, 62000524, 'resources of stacks that read each other in a circle, none of ports, are compared at the same time'],
    [2, 62001236, 'the same with other stacks'],
    [2, 91004211, 'another stack reads what one had not yet when it timed out, and the next engine goes on with it'],
    [2, 95007727, 'a group, one member of which reads by name, changes its type and comes back to it'],
    [
      2,
      91008641,
      'an update is complete whose create would wait for itself by way of a depends_on that holds back nobody',
    ],
    [2, 95015590, 'a nested template has another output, and what it is made of fails after that'],
    [2, 95091830, 'an update brings a value which a create would wait for for ever, and which was null before'],
    [2, 95052127, 'what two resources in a circle may confirm is confirmed before one of them is decided about'],
    [2, 92007042, 'an update is superseded on a slow space, and lets go its names while the next one begins'],
    [3, 150058708, 'a handler has read another value of a name than an input of the same update before'],
  ])('edition %i, life %i: %s', async (edition, seed) => {
    expect(await simulateLife(seed, edition)).toBeUndefined();
  });
});
