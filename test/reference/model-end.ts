import type { Json } from '../../src/values.ts';
import { attributesOf, type StackSketch, targetOf } from '../simulation/scenario.ts';
import { circlesIn } from './circle-model.ts';
import { hasEnded, type Part } from './part.ts';
import { StackModel } from './stack-model.ts';
import { endWait } from './waits.ts';

/** How a stack has ended. */
export interface ModelledEnd {
  readonly state: string | undefined;
  readonly resources: { readonly [resource: string]: string };
  /** What is written, by `resource.attribute`. */
  readonly values: { readonly [name: string]: Json };
  readonly outputs: { readonly [output: string]: Json | undefined };
}

const STATES: { readonly [P in Part['phase']]?: string } = {
  complete: 'CREATE_COMPLETE',
  failed: 'CREATE_FAILED',
  skipped: 'INIT_COMPLETE',
};

/** The stacks when all has happened, other names holding the values of `outside`: in the first order there is, and what waits for itself in the end fails. */
export function playModel(
  stacks: readonly StackSketch[],
  outside: { readonly [name: string]: Json },
  Model = StackModel,
): StackModel {
  const model = new Model(stacks);
  for (const [name, value] of Object.entries(outside)) model.space.writeOutside(name, value);
  for (const { name } of stacks) model.begin(name);
  for (let isOver = false; !isOver; ) {
    while (model.follow());
    const part = model.parts.find((each) => each.phase === 'running' && each.branches.some(canGoOn));
    const branch = part?.branches.find(canGoOn);
    const [circle] = part === undefined ? circlesIn(model) : [];
    if (part !== undefined && branch !== undefined) model.step(part, branch);
    else if (circle !== undefined) for (const wait of circle.waits) endWait(wait, model);
    else isOver = true;
  }
  return model;
}

function canGoOn(branch: Part['branches'][number]): boolean {
  return branch.state === 'working' && !hasEnded(branch) && branch.steps[branch.at]?.do !== 'hang';
}

/** How the stack has ended by the model. */
export function endOf({ name: stack, outputs }: StackSketch, model: StackModel): ModelledEnd {
  const own = model.parts.filter((part) => part.stack === stack && part.sketch.isEnabled);
  const isComplete = own.every(({ phase }) => phase === 'complete');
  const values = own.flatMap(({ sketch }) =>
    Object.keys(attributesOf(sketch)).map((attribute) => {
      const name = `${sketch.name}.${attribute}`;
      return [name, valueIn(model, `${stack}.${name}`)] as const;
    }),
  );
  const read = Object.entries(outputs).map(([output, from]) => {
    const { stack: owner, resource, attribute } = targetOf(stack, from);
    return [output, valueIn(model, `${owner}.${resource}.${attribute}`)] as const;
  });
  return {
    state: isComplete ? 'CREATE_COMPLETE' : 'CREATE_FAILED',
    resources: Object.fromEntries(own.map(({ sketch, phase }) => [sketch.name, STATES[phase] as string])),
    values: Object.fromEntries(values.filter((entry): entry is [string, Json] => entry[1] !== undefined)),
    outputs: Object.fromEntries(read),
  };
}

function valueIn({ space }: StackModel, name: string): Json | undefined {
  const held = space.held.get(name);
  return held !== undefined && 'value' in held ? held.value : undefined;
}
