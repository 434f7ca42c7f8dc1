import { isHotloomError } from '../../src/errors.ts';
import type { Complaint } from './checks.ts';
import { type Edition, LATEST } from './generate.ts';
import { generateLife, type Life } from './life.ts';
import { checkLife, differentEnds } from './life-checks.ts';
import { type LifePlay, playLife } from './play-life.ts';
import { LONG_MS } from './scenario.ts';
import type { LifeFault } from './simulate-life.ts';
import { schedulesOf } from './stage.ts';
import { withLookups } from './tame.ts';

/** How many lives, kills and faults there were. */
export interface KillsPlayed {
  readonly kills: number;
  readonly fault: LifeFault | undefined;
}

/**
 * Plays the life of a seed undisturbed, and then once for each change that it stores, with the engine killed there: before
 * the change is stored, and after. Another engine resumes what was interrupted and goes on; each step has to end as it did
 * undisturbed.
 */
export async function simulateKills(seed: number, edition: Edition = LATEST): Promise<KillsPlayed> {
  const life = calm(generateLife(seed, edition));
  const schedules = schedulesOf(seed, 1);
  const [schedule] = schedules as [(typeof schedules)[number]];
  const undisturbed = await playLife(life, schedule);
  let kills = 0;
  for (let position = 0; position < undisturbed.changes; position += 1) {
    for (const isStored of [false, true]) {
      kills += 1;
      const killed = { ...life, kills: [{ position, isStored }] };
      const complaint = await complaintOf(() => playLife(killed, schedule), undisturbed);
      if (complaint !== undefined) return { kills, fault: { seed, schedules, life: killed, ...complaint } };
    }
  }
  return { kills, fault: undefined };
}

/** The life with nothing in it that depends on when an engine is killed: nothing is stopped, nothing hangs, nothing lost. */
export function calm(life: Life): Life {
  return {
    ...life,
    kills: [],
    steps: life.steps.map((step) => ({ ...step, cancelMs: undefined, timeoutMs: LONG_MS, superseded: undefined })),
    versions: life.versions.map(withLookups).map((version) => ({
      ...version,
      resources: version.resources.map((resource) => ({
        ...resource,
        branches: resource.branches.map((steps) => steps.filter((step) => step.do !== 'hang')),
      })),
    })),
  };
}

async function complaintOf(act: () => Promise<LifePlay>, undisturbed: LifePlay): Promise<Complaint | undefined> {
  try {
    const play = await act();
    return checkLife(play) ?? differentEnds(undisturbed, play);
  } catch (error) {
    if (isHotloomError(error, 'SimulationStuck')) return { check: 'everyActionEnds', saw: error.what };
    return { check: 'nothingThrows', saw: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
