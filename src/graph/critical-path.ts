import { topologicalOrder } from './order.ts';
import { DONE, donePort, OUT, type Port, type PortGraph, portOf, START, startPort } from './port-graph.ts';

export interface CriticalPath {
  /** From the first start to the last `done`: the chain of ports that decides how long the whole takes. */
  readonly ports: readonly Port[];
  /** The resources on it, in order, each once. */
  readonly resources: readonly string[];
  /** The sum of the steps along it, in the unit of `durationOf`. */
  readonly length: number;
}

/**
 * How long it takes from `port`'s predecessors to `port`. The default counts one step for a resource's work: a plain
 * resource's attributes come at its end; a streaming one is taken to publish as soon as it has what the attribute needs.
 */
export type DurationOf = (graph: PortGraph, port: number, before: number) => number;

/** The longest chain of ports (the critical path method, Kelley and Walker 1959). O(V + E); the graph must be acyclic. */
export function findCriticalPath(graph: PortGraph, durationOf: DurationOf = oneStepPerResource(graph)): CriticalPath {
  const { offsets, targets } = graph.predecessors;
  const finish = new Float64Array(graph.size);
  const decides = new Int32Array(graph.size).fill(-1);
  let last = -1;
  for (const port of topologicalOrder(graph)) {
    for (let edge = offsets[port] as number; edge < (offsets[port + 1] as number); edge += 1) {
      const before = targets[edge] as number;
      const at = (finish[before] as number) + durationOf(graph, port, before);
      if (decides[port] === -1 || at > (finish[port] as number)) {
        finish[port] = at;
        decides[port] = before;
      }
    }
    if (graph.kinds[port] === DONE && (last === -1 || (finish[port] as number) > (finish[last] as number))) last = port;
  }
  const ports: Port[] = [];
  for (let port = last; port !== -1; port = decides[port] as number) ports.push(portOf(graph, port));
  ports.reverse();
  return {
    ports,
    resources: [...new Set(ports.map(({ resource }) => resource))],
    length: last === -1 ? 0 : (finish[last] as number),
  };
}

/** The default of {@link findCriticalPath}. */
export function oneStepPerResource(graph: PortGraph): DurationOf {
  // A resource none of whose inputs leads to its start is streaming (or has no inputs: then both readings agree).
  const startsAtOnce = (resource: number): boolean => {
    const start = startPort(graph, resource);
    const { offsets, targets } = graph.predecessors;
    const hasInputs = donePort(graph, resource) > start + 1 && graph.kinds[start + 1] !== OUT;
    if (!hasInputs) return false;
    for (let edge = offsets[start] as number; edge < (offsets[start + 1] as number); edge += 1) {
      if (graph.owners[targets[edge] as number] === resource) return false;
    }
    return true;
  };
  const streaming = Uint8Array.from(graph.names, (_, resource) => (startsAtOnce(resource) ? 1 : 0));
  return (_, port, before) => {
    const resource = graph.owners[port] as number;
    if (graph.owners[before] !== resource) return 0;
    if (streaming[resource] === 1) return graph.kinds[port] === DONE ? 1 : 0;
    return graph.kinds[before] === START ? 1 : 0;
  };
}
