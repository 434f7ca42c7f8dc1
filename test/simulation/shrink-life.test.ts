import { describe, expect, test } from '@jest/globals';
import type { Complaint } from './checks.ts';
import { generateLife, type Life, stackOf } from './life.ts';
import { roundsOf } from './play-life.ts';
import { Random } from './random.ts';
import { shrinkLife } from './shrink-life.ts';

const SEEDS = Array.from({ length: 40 }, (_, index) => 91004200 + index);

const FOUND: Complaint = { check: 'failsForAReason', saw: 'step 3: UPDATE_FAILED (StackFailed)' };

describe('a life is made smaller', () => {
  test('whatever is left out, no stack has two steps that begin together', async () => {
    for (const life of await smallerLives()) {
      const rounds = roundsOf(life).map((round) => round.map((step) => stackOf(life, step)));
      expect(rounds.map((stacks) => [...new Set(stacks)])).toEqual(rounds);
    }
  });

  test('whatever is left out, nothing supersedes a create, and each stack ends with the step that nothing stops', async () => {
    for (const life of await smallerLives()) {
      const stacks = new Set(life.steps.map((step) => stackOf(life, step)));
      for (const stack of stacks) {
        const own = life.steps.filter((step) => stackOf(life, step) === stack);
        expect(own[0]?.superseded).toBeUndefined();
        expect(own.at(-1)).toMatchObject({ rollback: false, cancelMs: undefined, superseded: undefined });
        expect(life.versions.findLastIndex(({ name }) => name === stack)).toBe(own.at(-1)?.to);
      }
    }
  });

  test.each<[string, string, Complaint, Complaint]>([
    ['step', 'ends otherwise', FOUND, { ...FOUND, saw: 'step 3: CREATE_FAILED (StackExists)' }],
    ['step', 'breaks another rule', FOUND, { ...FOUND, check: 'readsAreTrue' }],
    ['life', 'throws something else', thrown('Error: one'), thrown('Error: two')],
  ])('what is left of a %s that %s is not taken for it', async (_, __, found, other) => {
    const life = generateLife(1);
    expect(await shrinkLife(life, found, async () => other)).toBe(life);
  });

  test.each<[string, Complaint, Complaint]>([
    ['another step', FOUND, { ...FOUND, saw: 'step 1: UPDATE_FAILED (StackFailed)' }],
    ['another place', thrown('Error: one', 'at here'), thrown('Error: one', 'at there')],
  ])('what fails alike in %s is taken for it', async (_, found, other) => {
    const life = generateLife(1);
    expect(await shrinkLife(life, found, async () => other)).not.toBe(life);
  });
});

/** Of each seed, all that are tried on a way on which every third one fails. */
async function smallerLives(): Promise<readonly Life[]> {
  const tried: Life[] = [];
  for (const seed of SEEDS) {
    const random = new Random(seed);
    await shrinkLife(generateLife(seed), FOUND, async (life) => {
      tried.push(life);
      return random.chance(1 / 3) ? FOUND : undefined;
    });
  }
  return tried;
}

function thrown(...lines: readonly string[]): Complaint {
  return { check: 'nothingThrows', saw: lines.join('\n') };
}
