import { type Edition, LATEST } from './generate.ts';
import { hasPortCycle } from './ports.ts';
import type { Random } from './random.ts';
import {
  attributesOf,
  groupOf,
  membersOf,
  needs,
  type Read,
  type ResourceSketch,
  type StackSketch,
  type TypeName,
} from './scenario.ts';
import { acyclic, consistent, faithful, isInGroup, isPlainlyFaithful, ofType, withResource } from './tame.ts';

/** `others`: the stacks that it may read of. */
type Mutation = (stack: StackSketch, random: Random, others: readonly StackSketch[]) => StackSketch;

/** How often the outputs of another version are others, whatever else is different. */
const OTHER_OUTPUTS = 0.4;

/** Another version of the stack: up to three things are different, one of them often a constant alone, and its outputs. */
export function mutate(
  stack: StackSketch,
  random: Random,
  others: readonly StackSketch[] = [],
  edition: Edition = LATEST,
): StackSketch {
  let mutated = stack;
  for (let count = random.below(4); count > 0; count -= 1) {
    const mutations = mutated.resources.some(({ name }) => isInGroup(name)) ? [...MUTATIONS, resized] : MUTATIONS;
    const next = acyclic(random.pick(mutations)(mutated, random, others), others);
    // What a handler reads by name is the same in every version.
    if (!hasPortCycle([next, ...others], true)) mutated = next;
  }
  if (edition < 3 || !random.chance(OTHER_OUTPUTS)) return mutated;
  return withOtherOutputs(mutated, random, others);
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

function otherReads(stack: StackSketch, random: Random, others: readonly StackSketch[]): StackSketch {
  const changed = pickWhere(stack, random, ({ inputs }) => Object.keys(inputs).length > 0);
  if (changed === undefined) return stack;
  const input = random.pick(Object.keys(changed.inputs));
  // A group's definition cannot refer to the group.
  const read = anyRead(stack, random, others, ({ name }) => !isInGroup(changed.name) || !isInGroup(name));
  return withResource(stack, { ...changed, inputs: { ...changed.inputs, [input]: read === undefined ? [] : [read] } });
}

function added(stack: StackSketch, random: Random, others: readonly StackSketch[]): StackSketch {
  const type = random.pick<TypeName>(['Sim::Plain', 'Sim::Staged']);
  const read = stack.resources.length === 0 ? undefined : anyRead(stack, random, others);
  // A name that was there before may come again.
  const name = `n${random.below(3)}`;
  if (stack.resources.some((resource) => resource.name === name)) return stack;
  const fresh: ResourceSketch = {
    name,
    type,
    isEnabled: true,
    dependsOn: [],
    inputs: { a: read === undefined ? [] : [read], b: [] },
    outputs: {},
    branches: [],
    removalMs: random.below(10),
  };
  const place = random.below(stack.resources.length + 1);
  return { ...stack, resources: stack.resources.toSpliced(place, 0, faithful(fresh)) };
}

function removed(stack: StackSketch, random: Random): StackSketch {
  if (stack.resources.length < 2) return stack;
  const picked = random.pick(stack.resources);
  // The members of a group are numbered.
  const gone = isInGroup(picked.name) ? lastOf(stack, picked) : picked;
  return consistent({ ...stack, resources: stack.resources.filter((resource) => resource !== gone) });
}

/** A group has one member more. */
function resized(stack: StackSketch, random: Random): StackSketch {
  const last = lastOf(stack, random.pick(stack.resources.filter(({ name }) => isInGroup(name))));
  const [group, number] = last.name.split('/') as [string, string];
  const next = faithful({ ...last, name: `${group}/${Number(number) + 1}`, branches: [] });
  return { ...stack, resources: stack.resources.toSpliced(stack.resources.indexOf(last) + 1, 0, next) };
}

function lastOf(stack: StackSketch, { name }: ResourceSketch): ResourceSketch {
  return membersOf(stack, groupOf(name) as string).at(-1) as ResourceSketch;
}

/** Its condition comes out the other way. */
function flipped(stack: StackSketch, random: Random): StackSketch {
  const changed = random.pick(stack.resources);
  return isInGroup(changed.name) ? stack : withResource(stack, { ...changed, isEnabled: !changed.isEnabled });
}

/**
 * Not back again, since by one type and with one set of inputs a resource does the same in every version, but where it has
 * been plainly faithful from the start; of a group only the first member may not have been.
 */
function otherType(stack: StackSketch, random: Random): StackSketch {
  const isSame = ({ name }: ResourceSketch): boolean => /^n\d/.test(name) || (isInGroup(name) && !name.endsWith('/0'));
  const isFirst = (resource: ResourceSketch): boolean => isSame(resource) || !isPlainlyFaithful(resource);
  const changed = pickWhere(stack, random, (resource) => resource.type !== 'Sim::Open' && isFirst(resource));
  if (changed === undefined) return stack;
  const type = changed.type === 'Sim::Plain' ? 'Sim::Staged' : 'Sim::Plain';
  return consistent(withResource(stack, ofType({ ...changed, type })));
}

/** Within what it is a member of. */
function otherDependency(stack: StackSketch, random: Random): StackSketch {
  const changed = random.pick(stack.resources);
  if (isInGroup(changed.name)) return stack;
  const others = stack.resources
    .map(({ name }) => name)
    .filter((name) => name !== changed.name && groupOf(name) === groupOf(changed.name));
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
  const output = `o${random.below(3)}`;
  return { ...stack, outputs: { ...stack.outputs, [output]: anyRead(stack, random, []) as Read } };
}

/** Some outputs go, and one comes or reads another attribute, of its own stack or of one of the others. */
function withOtherOutputs(stack: StackSketch, random: Random, others: readonly StackSketch[]): StackSketch {
  const kept = random.some(Object.entries(stack.outputs), 0.6);
  const read = random.chance(0.7) ? anyRead(stack, random, others) : undefined;
  const fresh = read === undefined ? [] : [[`o${random.below(3)}`, read] as const];
  return { ...stack, outputs: Object.fromEntries([...kept, ...fresh]) };
}

/** A handler reads a name of another stack at its beginning, in a branch that writes only what needs everything. */
export function withReadByName(stack: StackSketch, random: Random, others: readonly StackSketch[]): StackSketch {
  const changed = random.pick(stack.resources);
  const branch = changed.branches.find((steps) =>
    steps.every((step) => step.do !== 'write' || needs(changed, step.attribute, undefined)),
  );
  const name = others.length === 0 ? 'ops.desk.go' : foreignRead(random, others);
  // A member of a group that is taken away may come again, and does then what all others do.
  const mayComeAgain = isInGroup(changed.name) && !changed.name.endsWith('/0');
  if (branch === undefined || name === undefined || mayComeAgain) return stack;
  const branches = changed.branches.map((steps) =>
    steps === branch ? [{ do: 'read' as const, name }, ...steps] : steps,
  );
  const next = withResource(stack, { ...changed, branches });
  return hasPortCycle([next, ...others], true) ? stack : next;
}

function pickWhere(
  { resources }: StackSketch,
  random: Random,
  holds: (resource: ResourceSketch) => boolean,
): ResourceSketch | undefined {
  const some = resources.filter(holds);
  return some.length === 0 ? undefined : random.pick(some);
}

/** Of its own, or of one of the `others`; undefined where there is nothing to read. */
function anyRead(
  { resources }: StackSketch,
  random: Random,
  others: readonly StackSketch[],
  isReadable: (resource: ResourceSketch) => boolean = () => true,
): Read | undefined {
  if (others.length > 0 && random.chance(0.3)) return foreignRead(random, others);
  const some = resources.filter(isReadable);
  if (some.length === 0) return undefined;
  const resource = random.pick(some);
  return `${resource.name}.${random.pick(Object.keys(attributesOf(resource)))}`;
}

function foreignRead(random: Random, others: readonly StackSketch[]): Read | undefined {
  const { name, resources } = random.pick(others);
  const some = resources.filter(({ isEnabled }) => isEnabled);
  if (some.length === 0) return undefined;
  const resource = random.pick(some);
  return `${name}.${resource.name}.${random.pick(Object.keys(attributesOf(resource)))}`;
}
