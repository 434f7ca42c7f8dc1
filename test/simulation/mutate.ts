import type { Random } from './random.ts';
import { attributesOf, type Read, type ResourceSketch, type StackSketch, type TypeName } from './scenario.ts';
import { acyclic, consistent, faithful, isPlainlyFaithful } from './tame.ts';

type Mutation = (stack: StackSketch, random: Random) => StackSketch;

/** Another version of the stack: up to three things are different, one of them often a constant alone. */
export function mutate(stack: StackSketch, random: Random): StackSketch {
  let mutated = stack;
  for (let count = random.below(4); count > 0; count -= 1) {
    mutated = acyclic(random.pick(MUTATIONS)(mutated, random));
  }
  return mutated;
}

const MUTATIONS: readonly Mutation[] = [
  otherConstant,
  otherConstant,
  otherReads,
  added,
  removed,
  flipped,
  otherType,
  otherDependency,
  otherNeeds,
  otherOutput,
];

/** In place or not, as the property says. */
function otherConstant(stack: StackSketch, random: Random): StackSketch {
  const changed = pickWhere(stack, random, ({ inputs }) => Object.keys(inputs).length > 0);
  if (changed === undefined) return stack;
  const input = random.pick(Object.keys(changed.inputs));
  return withResource(stack, { ...changed, constants: { ...changed.constants, [input]: random.below(3) } });
}

function otherReads(stack: StackSketch, random: Random): StackSketch {
  const changed = pickWhere(stack, random, ({ inputs }) => Object.keys(inputs).length > 0);
  if (changed === undefined) return stack;
  const input = random.pick(Object.keys(changed.inputs));
  return withResource(stack, { ...changed, inputs: { ...changed.inputs, [input]: [anyRead(stack, random)] } });
}

function added(stack: StackSketch, random: Random): StackSketch {
  const type = random.pick<TypeName>(['Sim::Plain', 'Sim::Staged']);
  const reads = stack.resources.length === 0 ? [] : [anyRead(stack, random)];
  // A name that was there before may come again.
  const name = `n${random.below(3)}`;
  if (stack.resources.some((resource) => resource.name === name)) return stack;
  const fresh: ResourceSketch = {
    name,
    type,
    isEnabled: true,
    dependsOn: [],
    inputs: { a: reads, b: [] },
    outputs: {},
    branches: [],
    removalMs: random.below(10),
  };
  const place = random.below(stack.resources.length + 1);
  return { ...stack, resources: stack.resources.toSpliced(place, 0, faithful(fresh)) };
}

function removed(stack: StackSketch, random: Random): StackSketch {
  if (stack.resources.length < 2) return stack;
  const gone = random.pick(stack.resources);
  return consistent({ ...stack, resources: stack.resources.filter((resource) => resource !== gone) });
}

/** Its condition comes out the other way. */
function flipped(stack: StackSketch, random: Random): StackSketch {
  const changed = random.pick(stack.resources);
  return withResource(stack, { ...changed, isEnabled: !changed.isEnabled });
}

/** Not back again, since by one type and with one set of inputs a resource does the same in every version. */
function otherType(stack: StackSketch, random: Random): StackSketch {
  const isFirst = (resource: ResourceSketch): boolean => resource.name.startsWith('n') || !isPlainlyFaithful(resource);
  const changed = pickWhere(stack, random, (resource) => resource.type !== 'Sim::Open' && isFirst(resource));
  if (changed === undefined) return stack;
  const type = changed.type === 'Sim::Plain' ? 'Sim::Staged' : 'Sim::Plain';
  return consistent(withResource(stack, faithful({ ...changed, type, branches: [] })));
}

function otherDependency(stack: StackSketch, random: Random): StackSketch {
  const changed = random.pick(stack.resources);
  const others = stack.resources.filter(({ name }) => name !== changed.name).map(({ name }) => name);
  return withResource(stack, { ...changed, dependsOn: random.some(others, 0.3).slice(0, 1) });
}

/** What an attribute of its own needs is everything now: its handler awaits no more than before. */
function otherNeeds(stack: StackSketch, random: Random): StackSketch {
  const changed = pickWhere(stack, random, ({ type }) => type === 'Sim::Open');
  if (changed === undefined) return stack;
  const attribute = random.pick(Object.keys(changed.outputs));
  return withResource(stack, { ...changed, outputs: { ...changed.outputs, [attribute]: null } });
}

function otherOutput(stack: StackSketch, random: Random): StackSketch {
  return { ...stack, outputs: { ...stack.outputs, [`o${random.below(3)}`]: anyRead(stack, random) } };
}

function pickWhere(
  { resources }: StackSketch,
  random: Random,
  holds: (resource: ResourceSketch) => boolean,
): ResourceSketch | undefined {
  const some = resources.filter(holds);
  return some.length === 0 ? undefined : random.pick(some);
}

function anyRead({ resources }: StackSketch, random: Random): Read {
  const resource = random.pick(resources);
  return `${resource.name}.${random.pick(Object.keys(attributesOf(resource)))}`;
}

function withResource(stack: StackSketch, changed: ResourceSketch): StackSketch {
  return { ...stack, resources: stack.resources.map((each) => (each.name === changed.name ? changed : each)) };
}
