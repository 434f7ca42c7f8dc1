import { type Edition, generate, LATEST } from './generate.ts';
import { mutate } from './mutate.ts';
import { Random } from './random.ts';
import { type Kill, LONG_MS, type StackSketch, type Step } from './scenario.ts';
import { tame } from './tame.ts';

/** The life of one stack, as plain data: it is created, brought to one template after the other, and deleted. */
export interface Life {
  readonly seed: number;
  /** What each step brings the stack to, faults included. */
  readonly versions: readonly StackSketch[];
  /** The first creates the stack, each later one updates it. The last has no faults, and nothing stops it. */
  readonly steps: readonly LifeStep[];
  /** Names of nobody that are written before it begins. */
  readonly outside: readonly string[];
  readonly kills: readonly Kill[];
}

export interface LifeStep {
  /** The number of a version. */
  readonly to: number;
  readonly rollback: boolean;
  readonly cancelMs: number | undefined;
  readonly timeoutMs: number;
  /** Another update comes while this one is at work, or after it. */
  readonly superseded: { readonly afterMs: number; readonly to: number } | undefined;
}

export const STACK = 'one';

const FAULTS = 0.3;
const STOPS = 0.2;
const ROLLBACK = 0.4;
const SUPERSEDED = 0.15;
const KILLS = 0.4;
const MAX_POSITION = 80;

/** The life of a seed. */
export function generateLife(seed: number, edition: Edition = LATEST): Life {
  const random = new Random(seed ^ 0x5bd1e995);
  const versions = [{ ...tame(generate(seed, edition).stacks[0] as StackSketch), name: STACK }];
  for (let count = random.between(1, 3); count > 0; count -= 1) {
    versions.push(mutate(versions.at(-1) as StackSketch, random));
  }
  const steps = versions.map((_, to): LifeStep => {
    const isStopped = random.chance(STOPS);
    return {
      to,
      rollback: random.chance(ROLLBACK),
      cancelMs: isStopped && random.chance(0.5) ? random.below(60) : undefined,
      timeoutMs: isStopped && random.chance(0.5) ? random.between(20, 200) : LONG_MS,
      // By another version: of the same one nobody could tell whether it has begun when an engine is killed.
      superseded: to > 0 && random.chance(SUPERSEDED) ? { afterMs: random.below(40), to: random.below(to) } : undefined,
    };
  });
  const last = { to: versions.length, rollback: false, cancelMs: undefined, timeoutMs: LONG_MS, superseded: undefined };
  const faulty = versions.map((version) => (random.chance(FAULTS) ? withFault(version, random) : version));
  const kills = random.chance(KILLS) ? random.between(1, 3) : 0;
  return {
    seed,
    versions: [...faulty, versions.at(-1) as StackSketch].map((version, index) => ({
      ...version,
      version: `v${index}`,
    })),
    steps: [...steps, last],
    outside: outsideOf(versions),
    kills: Array.from({ length: kills }, () => ({
      position: random.below(MAX_POSITION),
      isStored: random.chance(0.5),
    })),
  };
}

/** One of its handlers fails, or hangs. */
function withFault(version: StackSketch, random: Random): StackSketch {
  const faulty = random.pick(version.resources);
  const fault: Step = random.pick<Step>([{ do: 'fail' }, { do: 'fail' }, { do: 'stray' }, { do: 'hang' }]);
  const branches = faulty.branches.map((steps) => [...steps]);
  const branch = random.pick(branches);
  branch.splice(random.below(branch.length + 1), 0, fault);
  return { ...version, resources: version.resources.map((each) => (each === faulty ? { ...each, branches } : each)) };
}

function outsideOf(versions: readonly StackSketch[]): readonly string[] {
  const reads = versions.flatMap(({ resources, outputs }) => [
    ...resources.flatMap(({ inputs }) => Object.values(inputs).flat()),
    ...Object.values(outputs),
  ]);
  return [...new Set(reads.filter((read) => read.startsWith('ops.')))];
}
