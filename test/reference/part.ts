import type { Json } from '../../src/values.ts';
import { attributesOf, constantsOf, type ResourceSketch, type StackSketch, type Step } from '../simulation/scenario.ts';
import { targetsOf as targetsOfSketch } from '../simulation/state.ts';
import { digest } from '../simulation/world.ts';
import type { SpaceModel } from './space-model.ts';

/** A resource of the model. `skipped`: it was not started, since something that it needs never comes. */
export interface Part {
  /** `stack.resource`. */
  readonly key: string;
  readonly stack: string;
  readonly sketch: ResourceSketch;
  readonly isPlain: boolean;
  /** The inputs that it starts with. */
  readonly given: readonly string[];
  phase: 'absent' | 'waiting' | 'running' | 'complete' | 'failed' | 'skipped';
  /** What its handler does, side by side. */
  readonly branches: readonly Branch[];
  /** By name. */
  readonly written: Map<string, Json>;
}

/** `at` counts its steps, `known` is what it has read. */
export interface Branch {
  readonly steps: readonly Step[];
  at: number;
  state: 'working' | 'reading' | 'failed';
  readonly known: Json[];
}

export function partsOf({ name: stack, resources }: StackSketch): readonly Part[] {
  return resources.map((sketch) => {
    const isPlain = sketch.type === 'Sim::Plain';
    return {
      key: `${stack}.${sketch.name}`,
      stack,
      sketch,
      isPlain,
      given: isPlain ? Object.keys(sketch.inputs) : [],
      phase: 'absent',
      branches: sketch.branches.map((steps) => ({ steps, at: 0, state: 'working', known: [] })),
      written: new Map(),
    };
  });
}

/** The name of its end, and those of its attributes. */
export function namesOf({ key, sketch }: Part): readonly string[] {
  return [key, ...Object.keys(attributesOf(sketch)).map((attribute) => `${key}.${attribute}`)];
}

/** The names that a read refers to: an input, `depends_on`, or the name itself. */
export function targetsOf({ stack, sketch }: Part, read: string): readonly string[] {
  return targetsOfSketch(stack, sketch, read);
}

/** What has no value, and may never have one. */
export function missingOf(part: Part, read: string, { held }: SpaceModel): readonly string[] {
  return targetsOf(part, read).filter((name) => !('value' in (held.get(name) ?? {})));
}

/** Of an input, the values of what it refers to, and its constant; of a read by name, the value. */
export function readValue(part: Part, read: string, { held }: SpaceModel): Json {
  const values = targetsOf(part, read).map((name) => (held.get(name) as { readonly value: Json }).value);
  return read.includes('.') ? (values[0] as Json) : [...values, ...constantsOf(part.sketch, read)];
}

/** What the branch reads where it is. */
export function readsOf({ steps, at }: Branch): readonly string[] {
  const step = steps[at];
  return step?.do === 'read' ? [step.name] : step?.do === 'await' ? step.inputs : [];
}

/** What the branch writes where it is, by name. A value tells of all that was read before. */
export function writesOf(part: Part, { steps, at, known }: Branch, space: SpaceModel): readonly [string, Json][] {
  const step = steps[at];
  const { key, sketch, given } = part;
  if (step?.do === 'stray') return [[`${key}.stray`, 1]];
  if (step?.do !== 'write' && step?.do !== 'rewrite') return [];
  const { attribute } = step;
  const read = [...given.map((input) => readValue(part, input, space)), ...known];
  const tellsOf = step.do === 'write' ? [sketch.name, attribute, ...read] : ['again', sketch.name, attribute];
  return [[`${key}.${attribute}`, digest(tellsOf)]];
}

export function hasEnded({ steps, at, state }: Branch): boolean {
  return state === 'failed' || at >= steps.length;
}
