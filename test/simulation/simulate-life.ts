import { isHotloomError } from '../../src/errors.ts';
import type { Complaint } from './checks.ts';
import { type Edition, LATEST } from './generate.ts';
import { generateLife, type Life } from './life.ts';
import { checkLife, livesAlike } from './life-checks.ts';
import { type LifePlay, playLife } from './play-life.ts';
import { shrinkLife } from './shrink-life.ts';
import { type Schedule, schedulesOf } from './stage.ts';

/** Under how many schedules each life is played. */
const SCHEDULES = 2;

/** What is wrong with a life, as small as it could be made. */
export interface LifeFault extends Complaint {
  readonly seed: number;
  /** Under the last of these it was seen. */
  readonly schedules: readonly Schedule[];
  readonly life: Life;
}

/** The life of a seed; undefined when every rule was kept. */
export async function simulateLife(seed: number, edition: Edition = LATEST): Promise<LifeFault | undefined> {
  const life = generateLife(seed, edition);
  const schedules = schedulesOf(seed, SCHEDULES);
  const found = await complaintOf(life, schedules);
  if (found === undefined) return undefined;
  const smaller = await shrinkLife(life, found, (candidate) => complaintOf(candidate, schedules));
  return { seed, schedules, life: smaller, ...((await complaintOf(smaller, schedules)) ?? found) };
}

async function complaintOf(life: Life, schedules: readonly Schedule[]): Promise<Complaint | undefined> {
  const plays: LifePlay[] = [];
  try {
    for (const schedule of schedules) {
      const play = await playLife(life, schedule);
      const complaint = checkLife(play);
      if (complaint !== undefined) return complaint;
      plays.push(play);
    }
  } catch (error) {
    if (isHotloomError(error, 'SimulationStuck')) return { check: 'everyActionEnds', saw: error.what };
    return { check: 'nothingThrows', saw: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  return livesAlike(plays);
}
