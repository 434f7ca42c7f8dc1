import { hasPortCycle } from './ports.ts';
import {
  attributesOf,
  groupOf,
  NEST,
  needs,
  type Read,
  type ResourceSketch,
  type StackSketch,
  type Step,
} from './scenario.ts';
import { keepsDeclaration } from './traits.ts';

/**
 * The stack with handlers that do what they declare and no more: what differs between two versions is what is looked at
 * here. It reads of `others` and of nobody else; members of groups are left out unless it `keepsGroups`.
 */
export function tame(stack: StackSketch, others: readonly StackSketch[] = [], keepsGroups = false): StackSketch {
  const { resources, outputs, ...rest } = stack;
  const kept = resources.filter(({ name }) => keepsGroups || groupOf(name) === undefined);
  const names = kept.map(({ name }) => name);
  const isKept = (read: Read): boolean => {
    const [owner, , attribute] = read.split('.') as [string, string, string?];
    if (attribute === undefined) return names.includes(owner);
    return owner === 'ops' || others.some((other) => hasName(other, read));
  };
  const tamed = kept.map((resource) => {
    const inputs = Object.entries(resource.inputs).map(([input, reads]) => [input, reads.filter(isKept)] as const);
    // A member that goes and comes again does what it did.
    const branches = isInGroup(resource.name) ? [] : resource.branches;
    return faithful({ ...resource, inputs: Object.fromEntries(inputs), branches });
  });
  return acyclic({
    ...rest,
    startMs: 0,
    resources: tamed,
    outputs: Object.fromEntries(Object.entries(outputs).filter(([, read]) => isKept(read))),
  });
}

/** Whether it declares the name, with the stack's own name in it. */
export function hasName(stack: StackSketch, read: Read): boolean {
  return namesOf(stack).some((name) => `${stack.name}.${name}` === read);
}

function namesOf({ resources }: StackSketch): readonly Read[] {
  return resources.flatMap((resource) =>
    Object.keys(attributesOf(resource)).map((attribute) => `${resource.name}.${attribute}`),
  );
}

/**
 * With as many inputs left empty, from the last on, as it takes for no port to wait for itself, through the `others` either.
 * What handlers read by name stays.
 */
export function acyclic(stack: StackSketch, others: readonly StackSketch[] = []): StackSketch {
  let tried = stack;
  for (let index = stack.resources.length - 1; index >= 0 && hasPortCycle([tried, ...others], true); index -= 1) {
    const resource = tried.resources[index] as ResourceSketch;
    const inputs = Object.fromEntries(Object.keys(resource.inputs).map((input) => [input, []]));
    tried = withResource(tried, { ...resource, dependsOn: [], inputs });
  }
  return tried;
}

/** With the resource in the place of the one of its name. The members of a group follow it in what they share. */
export function withResource(stack: StackSketch, changed: ResourceSketch): StackSketch {
  const isAlike = ({ name }: ResourceSketch): boolean => isInGroup(name) && groupOf(name) === groupOf(changed.name);
  const { type, inputs, constants } = changed;
  return {
    ...stack,
    resources: stack.resources.map((each) => {
      if (each.name === changed.name) return changed;
      if (!isAlike(each)) return each;
      const alike = { ...each, inputs, ...(constants === undefined ? {} : { constants }) };
      return each.type === type ? alike : ofType({ ...alike, type });
    }),
  };
}

/** With types that all have a `lookup`. */
export function withLookups(stack: StackSketch): StackSketch {
  return { ...stack, resources: stack.resources.map(({ isKnownById: _, ...resource }) => resource) };
}

/** Whether it is of a group, all of whose members have one definition. */
export function isInGroup(name: string): boolean {
  return groupOf(name) !== undefined && groupOf(name) !== NEST;
}

/**
 * A handler that keeps its declaration stays; another does what its resource declares in one branch, in which it may await
 * what the next attribute does not need.
 */
export function faithful(resource: ResourceSketch): ResourceSketch {
  return keepsDeclaration(resource) ? resource : { ...resource, branches: [stepsOf(resource)] };
}

/**
 * With the handler that its type has now. That of a group's member reads by name what it did, so that it is the same whenever
 * the group comes back to a type.
 */
export function ofType(resource: ResourceSketch): ResourceSketch {
  const plain = faithful({ ...resource, branches: [] });
  const reads = isInGroup(resource.name) ? resource.branches.flat().filter((step) => step.do === 'read') : [];
  return { ...plain, branches: plain.branches.map((steps) => [...reads, ...steps]) };
}

/** Whether its handler does what `faithful` would make it do. */
export function isPlainlyFaithful(resource: ResourceSketch): boolean {
  return JSON.stringify(resource.branches) === JSON.stringify([stepsOf(resource)]);
}

function stepsOf(resource: ResourceSketch): readonly Step[] {
  const making: readonly Step[] = [{ do: 'make' }, { do: 'tell' }, { do: 'work', ms: 3, heedsSignal: true }];
  const given = Object.keys(resource.inputs);
  const attributes = Object.keys(attributesOf(resource)).map((attribute) => ({
    attribute,
    needed: given.filter((input) => needs(resource, attribute, input)),
  }));
  attributes.sort((left, right) => left.needed.length - right.needed.length);
  const known = new Set<string>();
  const steps: Step[] = [...making];
  for (const { attribute, needed } of attributes) {
    const missing = resource.type === 'Sim::Plain' ? [] : needed.filter((input) => !known.has(input));
    for (const input of missing) known.add(input);
    if (missing.length > 0) steps.push({ do: 'await', inputs: missing });
    steps.push({ do: 'write', attribute });
  }
  return steps;
}

/** With nothing in it that refers to what is not there any more, of `others` either when they are given. */
export function consistent(stack: StackSketch, others?: readonly StackSketch[]): StackSketch {
  const there = new Set(namesOf(stack));
  const isForeign = (read: Read): boolean =>
    others === undefined ? read.split('.').length === 3 : others.some((other) => hasName(other, read));
  const isThere = (read: Read): boolean => there.has(read) || read.startsWith('ops.') || isForeign(read);
  const names = stack.resources.map(({ name }) => name);
  return {
    ...stack,
    outputs: Object.fromEntries(Object.entries(stack.outputs).filter(([, read]) => isThere(read))),
    resources: stack.resources.map((resource) => ({
      ...resource,
      dependsOn: resource.dependsOn.filter((name) => names.includes(name)),
      inputs: Object.fromEntries(
        Object.entries(resource.inputs).map(([input, reads]) => [input, reads.filter(isThere)]),
      ),
    })),
  };
}
