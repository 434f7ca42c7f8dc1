import { hasPortCycle } from './ports.ts';
import {
  attributesOf,
  groupOf,
  needs,
  type Read,
  type ResourceSketch,
  type StackSketch,
  type Step,
} from './scenario.ts';
import { keepsDeclaration } from './traits.ts';

/**
 * The stack by itself, without members of groups, and with handlers that do what they declare and no more: what differs
 * between two versions is what is looked at here.
 */
export function tame({ resources, outputs, ...rest }: StackSketch): StackSketch {
  const kept = resources.filter(({ name }) => groupOf(name) === undefined);
  const names = kept.map(({ name }) => name);
  const isKept = (read: Read): boolean => {
    const [owner, , attribute] = read.split('.') as [string, string, string?];
    return attribute === undefined ? names.includes(owner) : owner === 'ops';
  };
  const tamed = kept.map((resource) => {
    const inputs = Object.entries(resource.inputs).map(([input, reads]) => [input, reads.filter(isKept)] as const);
    return faithful({ ...resource, inputs: Object.fromEntries(inputs) });
  });
  return acyclic({
    ...rest,
    startMs: 0,
    resources: tamed,
    outputs: Object.fromEntries(Object.entries(outputs).filter(([, read]) => isKept(read))),
  });
}

/** With as many reads left out, from the last on, as it takes for no port to wait for itself. */
export function acyclic(stack: StackSketch): StackSketch {
  let tried = stack;
  for (let index = stack.resources.length - 1; index >= 0 && hasPortCycle([tried]); index -= 1) {
    tried = {
      ...tried,
      resources: tried.resources.map((resource, at) =>
        at !== index
          ? resource
          : {
              ...resource,
              dependsOn: [],
              inputs: Object.fromEntries(Object.keys(resource.inputs).map((input) => [input, []])),
            },
      ),
    };
  }
  return tried;
}

/**
 * A handler that keeps its declaration stays; another does what its resource declares in one branch, in which it may await
 * what the next attribute does not need.
 */
export function faithful(resource: ResourceSketch): ResourceSketch {
  return keepsDeclaration(resource) ? resource : { ...resource, branches: [stepsOf(resource)] };
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

/** With nothing in it that refers to what is not there any more. */
export function consistent(stack: StackSketch): StackSketch {
  const there = new Set(
    stack.resources.flatMap((resource) =>
      Object.keys(attributesOf(resource)).map((attribute) => `${resource.name}.${attribute}`),
    ),
  );
  const isThere = (read: Read): boolean => there.has(read) || read.startsWith('ops.');
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
