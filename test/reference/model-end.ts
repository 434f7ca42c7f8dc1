import type { Json } from '../../src/values.ts';
import { attributesOf, type StackSketch, targetOf } from '../simulation/scenario.ts';
import { type Phase, type Rules, StackModel } from './stack-model.ts';

/** How a stack has ended. */
export interface ModelledEnd {
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

/** The stacks when all has happened, other names holding the values of `outside`: in the first order there is, and what waits for itself in the end fails. */
export function playModel(
  stacks: readonly StackSketch[],
  outside: { readonly [name: string]: Json },
  rules?: Partial<Rules>,
): StackModel {
  const model = new StackModel(stacks, rules);
  for (const [name, value] of Object.entries(outside)) model.write(name, value);
  for (let isOver = false; !isOver; ) {
    const [next] = model.next();
    const [circle] = next === undefined ? model.circles() : [];
    if (next !== undefined) model.happen(next);
    else if (circle !== undefined) model.fail(circle.waits);
    else isOver = true;
  }
  return model;
}

/** How the stack has ended by the model. */
export function endOf({ name: stack, resources, outputs }: StackSketch, model: StackModel): ModelledEnd {
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
