import { describe, expect, test } from '@jest/globals';
import { isHotloomError } from '../../src/errors.ts';
import { BROKEN_ENGINES } from './broken-engines.ts';
import { CHECKS, checkPlay, sameUnderEverySchedule } from './checks.ts';
import { generate } from './generate.ts';
import { generateLife } from './life.ts';
import { checkLife, LIFE_CHECKS, STEP_CHECKS } from './life-checks.ts';
import { type Play, play } from './play.ts';
import { playLife } from './play-life.ts';
import { schedulesOf } from './stage.ts';

const SEEDS = 300;
const OF_LIVES = [...Object.keys(STEP_CHECKS), ...Object.keys(LIFE_CHECKS)];
const ALL = [...Object.keys(CHECKS), 'sameUnderEverySchedule', 'everyActionEnds', 'nothingThrows', ...OF_LIVES];

/** Which of the checks find something within the first seeds, each looked at by itself. */
async function finders(wanted: readonly string[]): Promise<readonly string[]> {
  const found = new Set<string>();
  for (let seed = 1; seed <= SEEDS && found.size < wanted.length; seed += 1) {
    const open = wanted.filter((check) => !found.has(check));
    for (const check of await (open.some((check) => OF_LIVES.includes(check)) ? inLife : inScenario)(seed, open)) {
      found.add(check);
    }
  }
  return wanted.filter((check) => found.has(check));
}

async function inScenario(seed: number, open: readonly string[]): Promise<readonly string[]> {
  return complaints(open, async () => {
    const plays: Play[] = [];
    for (const schedule of schedulesOf(seed, 3)) plays.push(await play(generate(seed), schedule));
    const each = open.filter((check) => plays.some((played) => checkPlay(played, [check]) !== undefined));
    return sameUnderEverySchedule(plays) === undefined ? each : [...each, 'sameUnderEverySchedule'];
  });
}

async function inLife(seed: number, open: readonly string[]): Promise<readonly string[]> {
  return complaints(open, async () => {
    const played = await playLife(generateLife(seed), schedulesOf(seed, 1)[0] as Play['schedule']);
    return open.filter((check) => OF_LIVES.includes(check) && checkLife(played, [check]) !== undefined);
  });
}

async function complaints(open: readonly string[], look: () => Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await look();
  } catch (error) {
    return [isHotloomError(error, 'SimulationStuck') ? 'everyActionEnds' : 'nothingThrows'].filter((check) =>
      open.includes(check),
    );
  }
}

describe('an engine with one fault is found out', () => {
  test.each(BROKEN_ENGINES.map((broken) => [broken.fault, broken.finds.join(' and '), broken] as const))(
    '%s: by %s',
    async (_, __, { breakIt, finds }) => {
      const mend = breakIt();
      try {
        const both = [
          finds.filter((check) => OF_LIVES.includes(check)),
          finds.filter((check) => !OF_LIVES.includes(check)),
        ];
        const found = await finders(both[0] ?? []).then(async (first) => [...first, ...(await finders(both[1] ?? []))]);
        expect([...found].sort()).toEqual([...finds].sort());
      } finally {
        mend();
      }
    },
    60_000,
  );

  test('by every check some', () => {
    expect(new Set(BROKEN_ENGINES.flatMap(({ finds }) => finds))).toEqual(new Set(ALL));
  });
});
