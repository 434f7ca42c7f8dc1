import type { Life } from './life.ts';
import { groupOf, membersOf, type StackSketch } from './scenario.ts';
import { smallest } from './shrink.ts';
import { consistent, isInGroup } from './tame.ts';

/** The smallest life that still fails. */
export function shrinkLife(life: Life, fails: (life: Life) => Promise<boolean>): Promise<Life> {
  return smallest(life, smallerThan, fails);
}

/** Each life with one part less. The last step stays, since it ends every life well. */
function* smallerThan(life: Life): Generator<Life> {
  const { steps, kills, versions } = life;
  for (const step of steps.slice(0, -1)) yield { ...life, steps: steps.filter((each) => each !== step) };
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

/** The members of a group are numbered, so only the last of them can. */
function canGo(version: StackSketch, name: string): boolean {
  const isThere = version.resources.some((each) => each.name === name);
  return !isInGroup(name) || !isThere || membersOf(version, groupOf(name) as string).at(-1)?.name === name;
}

function without(version: StackSketch, name: string): StackSketch {
  return consistent({ ...version, resources: version.resources.filter((resource) => resource.name !== name) });
}
