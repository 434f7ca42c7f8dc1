import type { Life } from './life.ts';
import type { StackSketch } from './scenario.ts';
import { smallest } from './shrink.ts';
import { consistent } from './tame.ts';

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
    if (versions.every(({ resources }) => resources.some((each) => each.name !== name))) {
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

function without(version: StackSketch, name: string): StackSketch {
  return consistent({ ...version, resources: version.resources.filter((resource) => resource.name !== name) });
}
