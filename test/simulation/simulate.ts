import { isHotloomError } from '../../src/errors.ts';
import { type Complaint, checkPlay, sameLog, sameUnderEverySchedule } from './checks.ts';
import { type Edition, generate, LATEST } from './generate.ts';
import { type Play, play } from './play.ts';
import type { Scenario } from './scenario.ts';
import { shrink } from './shrink.ts';
import { type Schedule, schedulesOf } from './stage.ts';

/** Under how many schedules each scenario is played. */
const SCHEDULES = 3;
/** Every so manieth seed is played twice, to see that it repeats. */
const REPEATED = 10;

/** What is wrong with a run, as small as it could be made. */
export interface Fault extends Complaint {
  readonly seed: number;
  /** Under the last of these it was seen. */
  readonly schedules: readonly Schedule[];
  readonly scenario: Scenario;
}

/** The run of a seed; undefined when every rule was kept. */
export async function simulate(seed: number, edition: Edition = LATEST): Promise<Fault | undefined> {
  const scenario = generate(seed, edition);
  const found = await playAll(scenario, schedulesOf(seed, SCHEDULES));
  if (found === undefined) return undefined;
  const { complaint, schedules } = found;
  const smaller = await shrink(scenario, async (candidate) => {
    const again = await playAll(candidate, schedules);
    return again?.complaint.check === complaint.check;
  });
  const smallest = await playAll(smaller, schedules);
  return { seed, schedules, scenario: smaller, ...(smallest ?? found).complaint };
}

interface Found {
  readonly complaint: Complaint;
  readonly schedules: readonly Schedule[];
}

async function playAll(scenario: Scenario, schedules: readonly Schedule[]): Promise<Found | undefined> {
  const plays: Play[] = [];
  for (const [index, schedule] of schedules.entries()) {
    const complaint = await checked(plays, scenario, schedule);
    if (complaint !== undefined) return { complaint, schedules: schedules.slice(0, index + 1) };
  }
  const first = plays[0] as Play;
  const isRepeated = scenario.seed % REPEATED === 0;
  const complaint =
    sameUnderEverySchedule(plays) ?? (isRepeated ? sameLog(first, await play(scenario, first.schedule)) : undefined);
  return complaint === undefined ? undefined : { complaint, schedules };
}

async function checked(plays: Play[], scenario: Scenario, schedule: Schedule): Promise<Complaint | undefined> {
  try {
    const played = await play(scenario, schedule);
    plays.push(played);
    return checkPlay(played);
  } catch (error) {
    if (isHotloomError(error, 'SimulationStuck')) return { check: 'everyActionEnds', saw: error.what };
    return { check: 'nothingThrows', saw: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
