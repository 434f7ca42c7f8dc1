import { CircularDependencyException } from '../errors.ts';
import { findResource, type StackInterface } from '../interface/interface.ts';
import { printLocation } from '../source.ts';
import { firstOf, uint8Array, uint32Array } from './number-arrays.ts';
import { isAcyclic } from './order.ts';
import { DONE, IN, labelOf, OUT, type Port, type PortGraph, portOf, printPort, type Rows } from './port-graph.ts';

/**
 * The shortest cycle in each deadlocked group of ports, in template order; empty when the graph is acyclic.
 *
 * Each cycle starts at its first port in the template, which is not repeated at its end; each port waits for the one
 * after it. O(V + E) for an acyclic graph: groups are found by Tarjan's algorithm (1972); inside a group a breadth-first
 * search from its first port.
 */
export function findCycles(graph: PortGraph): readonly (readonly Port[])[] {
  return findCyclePorts(graph).map((cycle) => cycle.map((port) => portOf(graph, port)));
}

/** One CircularDependencyException per deadlocked group, naming every hop with its place in the template. */
export function describeCycles(graph: PortGraph, stack: StackInterface): readonly CircularDependencyException[] {
  return findCyclePorts(graph).map((cycle) => describeCycle(graph, stack, cycle));
}

function describeCycle(graph: PortGraph, stack: StackInterface, cycle: readonly number[]): CircularDependencyException {
  const ports = printPorts(cycle.map((port) => portOf(graph, port)));
  const hops = cycle.map((port, position) => {
    const producer = cycle[(position + 1) % cycle.length] as number;
    return `    ${ports[position]} <- ${ports[(position + 1) % cycle.length]}   ${whyHop(graph, stack, port, producer)}`;
  });
  const first = cycle.findIndex((port, position) =>
    placeOfHop(graph, stack, port, cycle[(position + 1) % cycle.length] as number),
  );
  const where =
    first === -1
      ? undefined
      : placeOfHop(graph, stack, cycle[first] as number, cycle[(first + 1) % cycle.length] as number);
  return new CircularDependencyException({
    what: `Circular Dependency Found: ${[...ports, ports[0]].join(' <- ')}`,
    where,
    why: `Each of these waits for the next, so none of them can ever happen:\n${hops.join('\n')}`,
    fix: "Break one hop: refer to an attribute that does not need the input, declare what an attribute really needs ('needs' of its output), or drop a depends_on.",
  });
}

/** A property and an attribute of one name are told apart where a cycle passes both. */
function printPorts(cycle: readonly Port[]): readonly string[] {
  const texts = cycle.map(printPort);
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return cycle.map((port, position) => {
    const text = texts[position] as string;
    if (counts.get(text) === 1) return text;
    return `${text} (${port.kind === 'in' ? 'property' : 'attribute'})`;
  });
}

function whyHop(graph: PortGraph, stack: StackInterface, consumer: number, producer: number): string {
  const place = placeOfHop(graph, stack, consumer, producer);
  if (place !== undefined) return `at ${printLocation(place)}`;
  const resource = graph.names[graph.owners[consumer] as number] as string;
  const type = findResource(stack, resource)?.type;
  if (graph.kinds[consumer] === DONE) return `('${resource}' is done when all of it is)`;
  if (graph.kinds[consumer] === OUT && graph.kinds[producer] === IN) {
    return `(a resource of type ${type?.name} needs '${labelOf(graph, producer)}' before it writes '${labelOf(graph, consumer)}')`;
  }
  return `(a resource of type ${type?.name} starts when all its inputs are there)`;
}

/** Where the template says that `consumer` waits for `producer`; undefined for a hop inside a resource. */
function placeOfHop(graph: PortGraph, stack: StackInterface, consumer: number, producer: number) {
  const reader = stack.resources[graph.owners[consumer] as number];
  const writer = graph.names[graph.owners[producer] as number];
  if (reader === undefined) return undefined;
  const { source } = reader.template;
  if (graph.kinds[consumer] === IN) {
    const input = reader.inputs.find(({ name }) => name === labelOf(graph, consumer));
    const reference = input?.references.find(
      (candidate) =>
        candidate.kind !== 'name' &&
        candidate.resource === writer &&
        (graph.kinds[producer] === DONE ||
          (candidate.kind === 'attribute' && candidate.attribute === labelOf(graph, producer))),
    );
    return reference === undefined ? undefined : (reference.source ?? stack.template.source).locate(reference.path);
  }
  if (graph.kinds[producer] === DONE) return source.locate([...reader.definition.path, 'depends_on']);
  return undefined;
}

function findCyclePorts(graph: PortGraph): readonly (readonly number[])[] {
  const groups = deadlockedGroups(graph);
  return groups.map((group) => shortestCycle(graph, group)).sort((a, b) => (a[0] as number) - (b[0] as number));
}

/** The strongly connected groups with more than one port, or with an edge of a port to itself. */
function deadlockedGroups(graph: PortGraph): readonly (readonly number[])[] {
  // Most graphs are acyclic, which Kahn's walk tells in a third of the time.
  if (isAcyclic(graph)) return [];
  const groups: number[][] = [];
  stronglyConnected(graph.size, graph.successors, (group) => {
    if (group.length > 1 || hasEdge(graph.successors, group[0] as number, group[0] as number)) groups.push(group);
  });
  return groups;
}

/**
 * Calls `visit` with each strongly connected group of nodes, a group before those that lead to it: Tarjan's algorithm
 * (1972) with its recursion written as a loop over an explicit stack.
 */
export function stronglyConnected(size: number, { offsets, targets }: Rows, visit: (group: number[]) => void): void {
  const UNSEEN = 0;
  const order = uint32Array(size); // 1-based discovery order
  const low = uint32Array(size);
  const onStack = uint8Array(size);
  const nextEdge = firstOf(offsets, size);
  const open: number[] = [];
  const path: number[] = [];
  let count = 0;
  for (let root = 0; root < size; root += 1) {
    if (order[root] !== UNSEEN) continue;
    path.push(root);
    while (path.length > 0) {
      const node = path[path.length - 1] as number;
      if (order[node] === UNSEEN) {
        count += 1;
        order[node] = count;
        low[node] = count;
        open.push(node);
        onStack[node] = 1;
      }
      const edge = nextEdge[node] as number;
      if (edge < (offsets[node + 1] as number)) {
        nextEdge[node] = edge + 1;
        const target = targets[edge] as number;
        if (order[target] === UNSEEN) path.push(target);
        else if (onStack[target] === 1) low[node] = Math.min(low[node] as number, order[target] as number);
        continue;
      }
      path.pop();
      const parent = path[path.length - 1];
      if (parent !== undefined) low[parent] = Math.min(low[parent] as number, low[node] as number);
      if (low[node] !== order[node]) continue;
      const group: number[] = [];
      for (let member = -1; member !== node; ) {
        member = open.pop() as number;
        onStack[member] = 0;
        group.push(member);
      }
      visit(group);
    }
  }
}

/** Breadth-first along the arrows' reverse, so that each port of the result waits for the next. */
function shortestCycle(graph: PortGraph, group: readonly number[]): readonly number[] {
  const members = new Set(group);
  let best: readonly number[] | undefined;
  // Every port is tried as a start only in small groups: a group's shortest cycle need not hold its first port.
  const starts = group.length <= 64 ? [...group].sort((a, b) => a - b) : [Math.min(...group.slice(0, 65_536))];
  for (const start of starts) {
    const cycle = shortestCycleThrough(graph, members, start);
    if (cycle !== undefined && (best === undefined || cycle.length < best.length)) best = cycle;
  }
  return rotateToFirst(best ?? group);
}

function shortestCycleThrough(
  graph: PortGraph,
  members: ReadonlySet<number>,
  start: number,
): readonly number[] | undefined {
  const { offsets, targets } = graph.predecessors;
  const cameFrom = new Map<number, number>();
  const queue = [start];
  for (let head = 0; head < queue.length; head += 1) {
    const node = queue[head] as number;
    for (let edge = offsets[node] as number; edge < (offsets[node + 1] as number); edge += 1) {
      const target = targets[edge] as number;
      if (target === start) return walkBack(cameFrom, start, node);
      if (!members.has(target) || cameFrom.has(target)) continue;
      cameFrom.set(target, node);
      queue.push(target);
    }
  }
  return undefined;
}

function walkBack(cameFrom: ReadonlyMap<number, number>, start: number, end: number): readonly number[] {
  const cycle = [end];
  for (let node = end; node !== start; ) {
    node = cameFrom.get(node) as number;
    cycle.push(node);
  }
  return cycle.reverse();
}

function rotateToFirst(cycle: readonly number[]): readonly number[] {
  let first = 0;
  for (let position = 1; position < cycle.length; position += 1) {
    if ((cycle[position] as number) < (cycle[first] as number)) first = position;
  }
  return [...cycle.slice(first), ...cycle.slice(0, first)];
}

function hasEdge({ offsets, targets }: Rows, from: number, to: number): boolean {
  for (let edge = offsets[from] as number; edge < (offsets[from + 1] as number); edge += 1) {
    if (targets[edge] === to) return true;
  }
  return false;
}
