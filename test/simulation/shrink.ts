import { groupOf, type ResourceSketch, type Scenario, type StackSketch, type Step } from './scenario.ts';
import { withLookups } from './tame.ts';

/** The smallest scenario that still fails. */
export function shrink(scenario: Scenario, fails: (scenario: Scenario) => Promise<boolean>): Promise<Scenario> {
  return smallest(scenario, smallerThan, fails);
}

/** The smallest that still fails, found greedily: each part is left out for good when it fails without it. */
export async function smallest<T>(
  whole: T,
  smaller: (one: T) => Iterable<T>,
  fails: (one: T) => Promise<boolean>,
): Promise<T> {
  let least = whole;
  for (let isSmaller = true; isSmaller; ) {
    isSmaller = false;
    for (const candidate of smaller(least)) {
      if (!(await fails(candidate))) continue;
      least = candidate;
      isSmaller = true;
      break;
    }
  }
  return least;
}

/** Each scenario with one part less, the largest parts first. */
function* smallerThan(scenario: Scenario): Generator<Scenario> {
  const { stacks } = scenario;
  for (const stack of stacks) yield withStacks(scenario, without(stacks, stack));
  const change = (stack: StackSketch, part: Partial<StackSketch>): Scenario =>
    withStacks(scenario, replaced(stacks, stack, { ...stack, ...part }));
  for (const stack of stacks) {
    for (const resource of stack.resources) {
      if (isLastOfGroup(stack, resource)) yield change(stack, { resources: without(stack.resources, resource) });
    }
  }
  for (const stack of stacks) {
    if (stack.resources.some(({ isKnownById }) => isKnownById)) yield change(stack, withLookups(stack));
    for (const output of Object.keys(stack.outputs)) yield change(stack, { outputs: dropped(stack.outputs, output) });
    for (const resource of stack.resources) {
      for (const smaller of smallerResources(resource)) {
        yield change(stack, { resources: replaced(stack.resources, resource, smaller) });
      }
    }
  }
}

/** A group's members are numbered, so only the last of them can go. True for what is in no group. */
function isLastOfGroup({ resources }: StackSketch, { name }: ResourceSketch): boolean {
  const group = groupOf(name);
  return group === undefined || resources.findLast((other) => groupOf(other.name) === group)?.name === name;
}

function* smallerResources(resource: ResourceSketch): Generator<ResourceSketch> {
  const { inputs, branches } = resource;
  if (resource.dependsOn.length > 0) yield { ...resource, dependsOn: [] };
  for (const [input, reads] of Object.entries(inputs)) {
    for (const read of reads) yield { ...resource, inputs: { ...inputs, [input]: without(reads, read) } };
  }
  for (const steps of branches) {
    if (branches.length > 1) yield { ...resource, branches: without(branches, steps) };
    for (const step of steps) yield { ...resource, branches: replaced(branches, steps, without(steps, step)) };
  }
}

/** With nothing in it that refers to what is not there any more. */
function withStacks(scenario: Scenario, stacks: readonly StackSketch[]): Scenario {
  const there = new Set(
    stacks.flatMap(({ name, resources }) => resources.map((resource) => `${name}.${resource.name}`)),
  );
  const isThere = (stack: string, read: string): boolean => {
    const [owner, resource] = read.split('.').length === 2 ? [stack, read.split('.')[0]] : read.split('.');
    return owner === 'ops' || there.has(`${owner}.${resource}`);
  };
  return {
    ...scenario,
    stacks: stacks.map((stack) => ({
      ...stack,
      outputs: Object.fromEntries(Object.entries(stack.outputs).filter(([, read]) => isThere(stack.name, read))),
      resources: stack.resources.map((resource) => ({
        ...resource,
        dependsOn: resource.dependsOn.filter((name) => there.has(`${stack.name}.${name}`)),
        inputs: Object.fromEntries(
          Object.entries(resource.inputs).map(([input, reads]) => [
            input,
            reads.filter((read) => isThere(stack.name, read)),
          ]),
        ),
        branches: resource.branches.map((steps) =>
          steps.filter((step: Step) => step.do !== 'read' || isThere(stack.name, step.name)),
        ),
      })),
    })),
  };
}

function without<T>(items: readonly T[], item: T): readonly T[] {
  return items.filter((each) => each !== item);
}

function replaced<T>(items: readonly T[], item: T, other: T): readonly T[] {
  return items.map((each) => (each === item ? other : each));
}

function dropped<T>(items: { readonly [name: string]: T }, name: string): { readonly [name: string]: T } {
  return Object.fromEntries(Object.entries(items).filter(([each]) => each !== name));
}
