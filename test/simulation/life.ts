import { type Edition, generate, LATEST } from './generate.ts';
import { mutate, withReadByName } from './mutate.ts';
import { Random } from './random.ts';
import { type Kill, LONG_MS, type StackSketch, type Step } from './scenario.ts';
import { acyclic, consistent, tame, withLookups } from './tame.ts';

/** The life of some stacks, as plain data: each is created, brought to one template after the other, and deleted. */
export interface Life {
  readonly seed: number;
  /** What each step brings a stack to, faults included; it says of which stack it is. */
  readonly versions: readonly StackSketch[];
  /** The first of each stack creates it, each later one updates it. The last of each has no faults, and nothing stops it. */
  readonly steps: readonly LifeStep[];
  /** Names of nobody that are written before it begins. */
  readonly outside: readonly string[];
  readonly kills: readonly Kill[];
}

export interface LifeStep {
  /** The number of a version. */
  readonly to: number;
  /** It begins with the step before it, which is another stack's, so many milliseconds later; undefined: after that. */
  readonly besideMs?: number | undefined;
  readonly rollback: boolean;
  readonly cancelMs: number | undefined;
  readonly timeoutMs: number;
  /** Another update comes while this one is at work, or after it. */
  readonly superseded: { readonly afterMs: number; readonly to: number } | undefined;
}

/** The name of a stack that lives alone. */
export const STACK = 'one';

export function stackOf({ versions }: Life, { to }: LifeStep): string {
  return (versions[to] as StackSketch).name;
}

export function stacksOf({ versions }: Life): readonly string[] {
  return [...new Set(versions.map(({ name }) => name))];
}

/** What the version reads of others, by its template and at run time. */
export function foreignReadsOf(version: StackSketch): readonly string[] {
  const known = foreignReads.get(version);
  if (known !== undefined) return known;
  const { resources, outputs } = version;
  const given = resources.flatMap(({ inputs }) => Object.values(inputs).flat());
  const steps = resources.flatMap(({ branches }) => branches.flat());
  const later = steps.flatMap((step) => (step.do === 'read' ? [step.name] : []));
  const all = [...given, ...later, ...Object.values(outputs)].filter((read) => read.split('.').length === 3);
  const found = [...new Set(all)];
  foreignReads.set(version, found);
  return found;
}

/** Asked for again and again by the checks. */
const foreignReads = new WeakMap<StackSketch, readonly string[]>();

const FAULTS = 0.3;
const STOPS = 0.2;
const ROLLBACK = 0.4;
const SUPERSEDED = 0.15;
const KILLS = 0.4;
const MAX_POSITION = 80;
const SEVERAL_STACKS = 0.5;
const MAX_STACKS = 3;
const READS_BY_NAME = 0.3;
const BESIDE = 0.3;

/**
 * The life of a seed. In the first edition it is one of one stack without groups, whose handlers read nothing by name. Where
 * an engine is killed every type has a `lookup`: what would be lost without one depends on when that is.
 */
export function generateLife(seed: number, edition: Edition = LATEST): Life {
  const random = new Random(seed ^ 0x5bd1e995);
  const { stacks } = generate(seed, edition);
  const first = edition === 1 ? [{ ...tame(stacks[0] as StackSketch), name: STACK }] : firstVersions(stacks, random);
  const versions = [...first];
  const latest = new Map(first.map((version) => [version.name, version]));
  const othersOf = (name: string): StackSketch[] => [...latest.values()].filter((other) => other.name !== name);
  for (let count = random.between(1, 3); count > 0; count -= 1) {
    const name = first.length === 1 ? (first[0] as StackSketch).name : random.pick([...latest.keys()]);
    const next = mutate(latest.get(name) as StackSketch, random, othersOf(name), edition);
    latest.set(name, next);
    versions.push(next);
  }
  const steps = versions.map((version, to): LifeStep => {
    const isStopped = random.chance(STOPS);
    const earlier = versions.slice(0, to).flatMap(({ name }, index) => (name === version.name ? [index] : []));
    return {
      to,
      rollback: random.chance(ROLLBACK),
      cancelMs: isStopped && random.chance(0.5) ? random.below(60) : undefined,
      timeoutMs: isStopped && random.chance(0.5) ? random.between(20, 200) : LONG_MS,
      // By another version: of the same one nobody could tell whether it has begun when an engine is killed.
      superseded:
        earlier.length > 0 && random.chance(SUPERSEDED)
          ? { afterMs: random.below(40), to: random.pick(earlier) }
          : undefined,
    };
  });
  const faulty = versions.map((version) => (random.chance(FAULTS) ? withFault(version, random) : version));
  const kills = random.chance(KILLS) ? random.between(1, 3) : 0;
  const last = [...latest.values()].map((version) => consistent(version, othersOf(version.name)));
  const lastSteps = last.map((_, index) => ({
    to: versions.length + index,
    ...LAST,
    ...(index > 0 ? { besideMs: 0 } : {}),
  }));
  return {
    seed,
    versions: [...faulty, ...last].map((version, index) => ({
      ...(kills === 0 ? version : withLookups(version)),
      version: `v${index}`,
    })),
    steps: [...inRounds(steps, versions, first.length, random), ...lastSteps],
    outside: outsideOf(versions),
    kills: Array.from({ length: kills }, () => ({
      position: random.below(MAX_POSITION * first.length),
      isStored: random.chance(0.5),
    })),
  };
}

const LAST = { rollback: false, cancelMs: undefined, timeoutMs: LONG_MS, superseded: undefined } as const;

/** Some of the stacks, tame, which read each other by their templates and at run time; no port waits for itself. */
function firstVersions(stacks: readonly StackSketch[], random: Random): readonly StackSketch[] {
  const kept = random.chance(SEVERAL_STACKS) ? stacks.slice(0, MAX_STACKS) : stacks.slice(0, 1);
  const versions: StackSketch[] = [];
  for (const stack of kept) {
    const others = kept.filter((other) => other !== stack);
    versions.push(acyclic(tame(stack, others, true), versions));
  }
  if (!random.chance(READS_BY_NAME)) return versions;
  return versions.reduce<readonly StackSketch[]>(
    (all, { name }) => all.map((version) => (version.name === name ? reading(version, all, random) : version)),
    versions,
  );
}

function reading(version: StackSketch, all: readonly StackSketch[], random: Random): StackSketch {
  const others = all.filter((other) => other !== version);
  return random.chance(0.7) ? withReadByName(version, random, random.chance(0.8) ? others : []) : version;
}

/** The creates of several stacks begin together, and sometimes an update with the step before it. */
function inRounds(
  steps: readonly LifeStep[],
  versions: readonly StackSketch[],
  creates: number,
  random: Random,
): readonly LifeStep[] {
  if (creates === 1) return steps;
  const round = new Set<string>();
  return steps.map((step, index) => {
    const name = versions[index]?.name as string;
    const isBeside = index > 0 && (index < creates || (index > creates && !round.has(name) && random.chance(BESIDE)));
    if (!isBeside) round.clear();
    round.add(name);
    return isBeside ? { ...step, besideMs: random.chance(0.5) ? 0 : random.below(40) } : step;
  });
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
  return [...new Set(versions.flatMap(foreignReadsOf).filter((read) => read.startsWith('ops.')))];
}
