import { attributesOf, needs, type ResourceSketch, type StackSketch } from './scenario.ts';
import { targetsOf } from './state.ts';

/**
 * Whether some port of these stacks waits for itself, by DESIGN 4: `out(a, x) -> in(b, p)`, inside a plain resource
 * `in -> start -> out -> done`, inside a streaming one `in(p) -> out(x)` where x needs p, `depends_on: a` is
 * `done(a) -> start(b)`. Only attributes that somebody reads have a port. With `seesReads` the names that handlers read at run
 * time count as inputs that every attribute needs which needs everything.
 */
export function hasPortCycle(stacks: readonly StackSketch[], seesReads = false): boolean {
  const after = new Map<string, string[]>();
  const edge = (from: string, to: string): void => {
    const known = after.get(from);
    if (known === undefined) after.set(from, [to]);
    else known.push(to);
  };
  for (const { name, resources } of stacks) {
    for (const resource of resources) {
      if (!resource.isEnabled) continue;
      addEdges(name, resource, edge);
      if (seesReads) addReads(name, resource, edge);
    }
  }
  const states = new Map<string, 'open' | 'done'>();
  const closes = (port: string): boolean => {
    const state = states.get(port);
    if (state !== undefined) return state === 'open';
    states.set(port, 'open');
    if ((after.get(port) ?? []).some(closes)) return true;
    states.set(port, 'done');
    return false;
  };
  return [...after.keys()].some(closes);
}

/** The stacks without the inputs that the template gives and no handler awaits: nobody ever waits for those. */
export function withoutIdleInputs(stacks: readonly StackSketch[]): readonly StackSketch[] {
  return stacks.map((stack) => ({
    ...stack,
    resources: stack.resources.map((resource) => {
      const awaited = resource.branches.flat().flatMap((step) => (step.do === 'await' ? step.inputs : []));
      const isAwaited = (input: string): boolean => resource.type === 'Sim::Plain' || awaited.includes(input);
      const inputs = Object.entries(resource.inputs).filter(([input]) => isAwaited(input));
      return { ...resource, inputs: Object.fromEntries(inputs) };
    }),
  }));
}

function addEdges(stack: string, resource: ResourceSketch, edge: (from: string, to: string) => void): void {
  const key = `${stack}.${resource.name}`;
  const isPlain = resource.type === 'Sim::Plain';
  for (const required of targetsOf(stack, resource, 'depends_on')) edge(`${required} done`, `${key} start`);
  for (const input of Object.keys(resource.inputs)) {
    const port = `${key} in ${input}`;
    for (const name of targetsOf(stack, resource, input)) edge(name, port);
    edge(port, isPlain ? `${key} start` : `${key} done`);
    for (const attribute of Object.keys(attributesOf(resource))) {
      if (!isPlain && needs(resource, attribute, input)) edge(port, `${key}.${attribute}`);
    }
  }
  edge(`${key} start`, `${key} done`);
  for (const attribute of Object.keys(attributesOf(resource))) {
    edge(`${key} start`, `${key}.${attribute}`);
    edge(`${key}.${attribute}`, `${key} done`);
  }
}

function addReads(stack: string, resource: ResourceSketch, edge: (from: string, to: string) => void): void {
  const key = `${stack}.${resource.name}`;
  for (const step of resource.branches.flat()) {
    if (step.do !== 'read') continue;
    edge(step.name, `${key} done`);
    for (const attribute of Object.keys(attributesOf(resource))) {
      if (needs(resource, attribute, undefined)) edge(step.name, `${key}.${attribute}`);
    }
  }
}
