import { describe, expect, test } from '@jest/globals';
import { isHotloomError } from '../../src/errors.ts';
import { BROKEN_ENGINES } from './broken-engines.ts';
import { CHECKS, type Complaint, checkPlay, sameLog, sameUnderEverySchedule } from './checks.ts';
import { generate } from './generate.ts';
import { generateLife, type Life } from './life.ts';
import { checkLife, differentEnds, LIFE_CHECKS, livesAlike, STEP_CHECKS } from './life-checks.ts';
import { type Play, play } from './play.ts';
import { playLife } from './play-life.ts';
import { calm } from './simulate-kills.ts';
import { type Schedule, schedulesOf } from './stage.ts';

const SEEDS = 300;
/** Where an engine is killed, to see whether the life ends as it does undisturbed. */
const KILLED_AT = [8, 16, 32];
const OF_LIVES = [...Object.keys(STEP_CHECKS), ...Object.keys(LIFE_CHECKS), 'livesAlike', 'endsAlike'];
const OF_SCENARIOS = [...Object.keys(CHECKS), 'sameUnderEverySchedule', 'sameLog'];
const ALL = [...OF_SCENARIOS, 'everyActionEnds', 'nothingThrows', ...OF_LIVES];

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
    const [first] = plays as [Play];
    const each = open.filter((check) => plays.some((played) => checkPlay(played, [check]) !== undefined));
    const together = [
      sameUnderEverySchedule(plays),
      open.includes('sameLog') ? sameLog(first, await play(generate(seed), first.schedule)) : undefined,
    ];
    return [...each, ...together.flatMap((complaint) => complaint?.check ?? [])];
  });
}

async function inLife(seed: number, open: readonly string[]): Promise<readonly string[]> {
  return complaints(open, async () => {
    const life = generateLife(seed);
    const [schedule, other] = schedulesOf(seed, 2) as [Schedule, Schedule];
    const played = await playLife(life, schedule);
    const each = open.filter((check) => OF_LIVES.includes(check) && checkLife(played, [check]) !== undefined);
    const together = [
      open.includes('livesAlike') ? livesAlike([played, await playLife(life, other)]) : undefined,
      open.includes('endsAlike') ? await killedLife(calm(life), schedule) : undefined,
    ];
    return [...each, ...together.flatMap((complaint) => complaint?.check ?? [])];
  });
}

async function killedLife(life: Life, schedule: Schedule): Promise<Complaint | undefined> {
  const undisturbed = await playLife(life, schedule);
  for (const position of KILLED_AT) {
    const killed = await playLife({ ...life, kills: [{ position, isStored: true }] }, schedule);
    const complaint = differentEnds(undisturbed, killed);
    if (complaint !== undefined) return complaint;
  }
  return undefined;
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
