import type { Complaint } from './checks.ts';
import { type Life, type LifeStep, stackOf, stacksOf } from './life.ts';
import { groupOf, membersOf, type StackSketch } from './scenario.ts';
import { smallest } from './shrink.ts';
import { consistent, isInGroup } from './tame.ts';

/** The smallest life that still fails in the way in which this one was found to. */
export function shrinkLife(
  life: Life,
  found: Complaint,
  complaintOf: (life: Life) => Promise<Complaint | undefined>,
): Promise<Life> {
  return smallest(life, smallerThan, async (candidate) => {
    const complaint = await complaintOf(candidate);
    return complaint !== undefined && wayOf(complaint) === wayOf(found);
  });
}

/** What fails in another way may do so for another reason, and would be explained in the place of what was found. */
function wayOf({ check, saw }: Complaint): string {
  if (check === 'failsForAReason') return `${check}: ${saw.replace(/^step \d+: /, '')}`;
  if (check === 'nothingThrows') return `${check}: ${saw.split('\n')[0]}`;
  return check;
}

/** Each life with one part less. */
function* smallerThan(life: Life): Generator<Life> {
  const { steps, kills, versions } = life;
  for (const stack of stacksOf(life)) {
    const own = steps.filter((step) => stackOf(life, step) === stack);
    if (own.length > 0 && own.length < steps.length) yield { ...life, steps: own.reduce(withoutStep, steps) };
    // The last of each stack stays, since it ends every life well. A create, which nothing supersedes, takes the place of another.
    for (const [index, step] of own.slice(0, -1).entries()) {
      const next = own[index + 1] as LifeStep;
      if (index > 0) yield { ...life, steps: withoutStep(steps, step) };
      else if (next.superseded === undefined) yield { ...life, steps: withoutStep(inPlaceOf(steps, step, next), next) };
    }
  }
  for (const kill of kills) yield { ...life, kills: kills.filter((each) => each !== kill) };
  const names = new Set(versions.flatMap(({ resources }) => resources.map(({ name }) => name)));
  for (const name of names) {
    if (versions.every((version) => version.resources.some((each) => each.name !== name) && canGo(version, name))) {
      yield { ...life, versions: versions.map((version) => without(version, name)) };
    }
  }
  for (const [index, version] of versions.entries()) {
    for (const output of Object.keys(version.outputs)) {
      const outputs = Object.fromEntries(Object.entries(version.outputs).filter(([name]) => name !== output));
      yield { ...life, versions: versions.with(index, { ...version, outputs }) };
    }
  }
}

/** Those that begin with it still begin together, and with no others. */
function withoutStep(steps: readonly LifeStep[], gone: LifeStep): readonly LifeStep[] {
  const index = steps.indexOf(gone);
  const isFirst = gone.besideMs === undefined;
  return steps.flatMap((step, at) => {
    if (at === index) return [];
    return at === index + 1 && isFirst && step.besideMs !== undefined ? { ...step, besideMs: undefined } : step;
  });
}

/** The other step begins when the one would have. */
function inPlaceOf(steps: readonly LifeStep[], one: LifeStep, other: LifeStep): readonly LifeStep[] {
  return steps.map((step) => (step === one ? { ...other, besideMs: one.besideMs } : step));
}

/** The members of a group are numbered, so only the last of them can. */
function canGo(version: StackSketch, name: string): boolean {
  const isThere = version.resources.some((each) => each.name === name);
  return !isInGroup(name) || !isThere || membersOf(version, groupOf(name) as string).at(-1)?.name === name;
}

function without(version: StackSketch, name: string): StackSketch {
  return consistent({ ...version, resources: version.resources.filter((resource) => resource.name !== name) });
}
