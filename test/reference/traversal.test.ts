import { describe, expect, test } from '@jest/globals';
import { Traversal } from '../../src/scheduler/traversal.ts';
import type { Json } from '../../src/values.ts';
import { generate } from '../simulation/generate.ts';
import { type Play, play } from '../simulation/play.ts';
import { hasPortCycle } from '../simulation/ports.ts';
import { attributesOf, groupOf, type Scenario, type StackSketch, targetOf } from '../simulation/scenario.ts';
import { schedulesOf } from '../simulation/stage.ts';
import { traits } from '../simulation/traits.ts';
import { type Phase, type Rules, StackModel } from './stack-model.ts';

/** How a stack has ended. */
interface End {
  readonly state: string | undefined;
  readonly resources: { readonly [resource: string]: string };
  /** What is written, by `resource.attribute`. */
  readonly values: { readonly [name: string]: Json };
  readonly outputs: { readonly [output: string]: Json | undefined };
}

const STATES: { readonly [P in Phase]?: string } = {
  complete: 'CREATE_COMPLETE',
  failed: 'CREATE_FAILED',
  skipped: 'INIT_COMPLETE',
};

/** How the scenario ends by the model: in the first order there is, and what waits for itself in the end fails. */
function modelled({ stacks, outside }: Scenario, rules?: Partial<Rules>): { readonly [stack: string]: End } {
  const model = new StackModel(stacks, rules);
  for (const { name } of outside) model.write(name, name);
  for (let isOver = false; !isOver; ) {
    const [next] = model.next();
    const [circle] = next === undefined ? model.circles() : [];
    if (next !== undefined) model.happen(next);
    else if (circle !== undefined) model.fail(circle.waits);
    else isOver = true;
  }
  return Object.fromEntries(stacks.map((stack) => [stack.name, endOf(stack, model)]));
}

function endOf({ name: stack, resources, outputs }: StackSketch, model: StackModel): End {
  const phases = model.phases();
  const enabled = resources.filter(({ isEnabled }) => isEnabled);
  const isComplete = enabled.every(({ name }) => phases[`${stack}.${name}`] === 'complete');
  const values = enabled.flatMap((resource) =>
    Object.keys(attributesOf(resource)).map((attribute) => {
      const name = `${resource.name}.${attribute}`;
      return [name, model.valueOf(`${stack}.${name}`)] as const;
    }),
  );
  const read = Object.entries(outputs).map(([output, from]) => {
    const { stack: owner, resource, attribute } = targetOf(stack, from);
    return [output, model.valueOf(`${owner}.${resource}.${attribute}`)] as const;
  });
  return {
    state: isComplete ? 'CREATE_COMPLETE' : 'CREATE_FAILED',
    resources: Object.fromEntries(
      enabled.map(({ name }) => [name, STATES[phases[`${stack}.${name}`] as Phase] as string]),
    ),
    values: Object.fromEntries(values.filter((entry): entry is [string, Json] => entry[1] !== undefined)),
    outputs: Object.fromEntries(read),
  };
}

/**
 * Nothing in it takes time into account, and every stack is accepted, so that whatever is read comes or fails. An output of
 * another stack's value is there or not when the own stack fails early; and a group is of the engine's own making.
 */
function isOfModel(scenario: Scenario): boolean {
  return (
    traits.isTimeless(scenario) &&
    scenario.stacks.every(
      (stack) =>
        !hasPortCycle([stack]) &&
        stack.resources.every(({ name }) => groupOf(name) === undefined) &&
        Object.values(stack.outputs).every((read) => read.split('.').length === 2),
    )
  );
}

/** Of the stacks' ends, what the model tells too. */
function played({ ends }: Play): { readonly [stack: string]: End } {
  return Object.fromEntries(
    Object.entries(ends).map(([stack, { state, resources, values, outputs }]) => [
      stack,
      { state, resources, values, outputs },
    ]),
  );
}

/** The first seed for which the engine and the model end differently, under the plain schedule and a random one. */
async function firstDifference(seeds: number, rules?: Partial<Rules>): Promise<unknown> {
  for (let seed = 1; seed <= seeds; seed += 1) {
    const scenario = generate(seed);
    if (!isOfModel(scenario)) continue;
    const expected = modelled(scenario, rules);
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

describe('the engine ends as the model of a page does', () => {
  test('states, values, outputs, failures and what is skipped, over random stacks', async () => {
    expect(await firstDifference(500)).toBeUndefined();
  });

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

  test.each<[string, Partial<Rules>]>([
    ['a failed resource takes back what it has written', { keepsWritten: false }],
    ['what a condition leaves out is read as an empty text', { leftOut: '' }],
  ])('a model in which %s is found out', async (_, rules) => {
    expect(await firstDifference(700, rules)).toBeDefined();
  });

  test('an engine that takes every end of a handler for a good one is found out', async () => {
    const { didEnd } = Traversal.prototype;
    try {
      Traversal.prototype.didEnd = function (run, _, ...rest) {
        didEnd.call(this, run, undefined, ...rest);
      };
      expect(await firstDifference(700)).toBeDefined();
    } finally {
      Traversal.prototype.didEnd = didEnd;
    }
  });
});
