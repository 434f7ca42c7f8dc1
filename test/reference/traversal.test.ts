import { describe, expect, test } from '@jest/globals';
import { Traversal } from '../../src/scheduler/traversal.ts';
import { runs } from '../random.ts';
import { generate } from '../simulation/generate.ts';
import { type Play, play } from '../simulation/play.ts';
import { hasPortCycle } from '../simulation/ports.ts';
import type { Scenario } from '../simulation/scenario.ts';
import { schedulesOf } from '../simulation/stage.ts';
import { traits } from '../simulation/traits.ts';
import { endOf, type ModelledEnd, playModel } from './model-end.ts';
import { namesOf } from './part.ts';
import { StackModel } from './stack-model.ts';

function modelled({ stacks, outside }: Scenario, Model?: typeof StackModel): { readonly [stack: string]: ModelledEnd } {
  const model = playModel(stacks, Object.fromEntries(outside.map(({ name }) => [name, name])), Model);
  return Object.fromEntries(stacks.map((stack) => [stack.name, endOf(stack, model)]));
}

/**
 * Nothing in it takes time into account, and every stack is accepted, so that whatever is read comes or fails. An output of
 * another stack's value is there or not when the own stack fails early.
 */
function isOfModel(scenario: Scenario): boolean {
  return (
    traits.isTimeless(scenario) &&
    scenario.stacks.every(
      (stack) => !hasPortCycle([stack]) && Object.values(stack.outputs).every((read) => read.split('.').length === 2),
    )
  );
}

/** Of the stacks' ends, what the model tells too: it has no groups, but their members. */
function played({ scenario, ends }: Play): { readonly [stack: string]: ModelledEnd } {
  return Object.fromEntries(
    scenario.stacks.map((stack) => {
      const { state, resources, values, outputs } = ends[stack.name] as Play['ends'][string];
      const own = Object.entries(resources).filter(([name]) => stack.resources.some((each) => each.name === name));
      return [stack.name, { state, resources: Object.fromEntries(own), values, outputs }];
    }),
  );
}

/** The first of some seeds for which the engine and the model end differently, under the plain schedule and a random one. */
async function firstDifference(first: number, count: number, Model?: typeof StackModel): Promise<unknown> {
  for (let seed = first; seed < first + count; seed += 1) {
    const scenario = generate(seed);
    if (!isOfModel(scenario)) continue;
    const expected = modelled(scenario, Model);
    for (const schedule of schedulesOf(seed, 2)) {
      const real = await play(scenario, schedule).then(played, (error: Error) => error.message);
      if (!isEqual(real, expected)) return { seed, schedule, real, expected };
    }
  }
  return undefined;
}

/** Whatever the order of their keys; an output that is not there is undefined. */
function isEqual(one: unknown, two: unknown): boolean {
  try {
    expect(one).toEqual(two);
    return true;
  } catch {
    return false;
  }
}

class Forgetful extends StackModel {
  override follow(): boolean {
    const goesOn = super.follow();
    for (const part of this.parts.filter(({ phase }) => phase === 'failed')) {
      for (const name of namesOf(part)) this.space.held.set(name, { failure: part.key });
    }
    return goesOn;
  }
}

class Textual extends StackModel {
  override begin(stack: string): void {
    super.begin(stack);
    for (const [name, held] of this.space.held) {
      if ('value' in held && held.value === null) this.space.held.set(name, { value: '' });
    }
  }
}

describe('the engine ends as the model of a page does', () => {
  const firsts = Array.from({ length: runs(20) }, (_, index) => 1 + index * 25);
  test.each(firsts)(
    'states, values, outputs, failures and what is skipped, over 25 random stacks from seed %i',
    async (first) => {
      expect(await firstDifference(first, 25)).toBeUndefined();
    },
  );

  test('what is compared ends in every way', () => {
    const ends = Array.from({ length: 700 }, (_, index) => generate(index + 1))
      .filter(isOfModel)
      .flatMap((scenario) => Object.values(modelled(scenario)));
    const states = ends.flatMap(({ resources }) => Object.values(resources));
    const count = (state: string): number => states.filter((each) => each === state).length;
    expect(ends.length).toBeGreaterThan(400);
    expect(count('CREATE_COMPLETE')).toBeGreaterThan(800);
    expect(count('CREATE_FAILED')).toBeGreaterThan(200);
    expect(count('INIT_COMPLETE')).toBeGreaterThan(60);
  });

  test.each([
    ['a failed resource takes back what it has written', Forgetful],
    ['what a condition leaves out is read as an empty text', Textual],
  ])('a model in which %s is found out', async (_, Model) => {
    expect(await firstDifference(1, 700, Model)).toBeDefined();
  });

  test('an engine that takes every end of a handler for a good one is found out', async () => {
    const { didEnd } = Traversal.prototype;
    try {
      Traversal.prototype.didEnd = function (run, _, ...rest) {
        didEnd.call(this, run, undefined, ...rest);
      };
      expect(await firstDifference(1, 700)).toBeDefined();
    } finally {
      Traversal.prototype.didEnd = didEnd;
    }
  });
});
