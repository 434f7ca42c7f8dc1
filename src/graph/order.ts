import { invariant } from '../errors.ts';
import { uint32Array } from './number-arrays.ts';
import type { PortGraph } from './port-graph.ts';

/**
 * The ports in an order in which they can happen: Kahn's algorithm (1962); among those that are free, the one that comes
 * first in the template. O(V + E). The graph must be acyclic.
 */
export function topologicalOrder(graph: PortGraph): Uint32Array {
  const { order, length } = walk(graph);
  invariant(length === graph.size, 'a graph that is put into order has no cycle');
  return order;
}

/** Whether every port can happen. O(V + E). */
export function isAcyclic(graph: PortGraph): boolean {
  return readsOnlyBackwards(graph) || walk(graph).length === graph.size;
}

/**
 * Whether every resource waits only for resources that stand before it, as in most templates, and inside of each the ports
 * wait for each other as they do in a stack: then there is no cycle. Told in a fifth of the time of a walk, since the rows
 * are looked at as they lie.
 */
function readsOnlyBackwards({ firstPort, names, inputs, predecessors }: PortGraph): boolean {
  const { offsets, targets } = predecessors;
  for (let resource = 0; resource < names.length; resource += 1) {
    const start = firstPort[resource] as number;
    const done = (firstPort[resource + 1] as number) - 1;
    const firstOut = start + 1 + (inputs[resource] as readonly unknown[]).length;
    for (let port = start; port <= done; port += 1) {
      // An input waits for nothing of its own resource, `start` for inputs, an output for those two, `done` for all.
      const end = port === done ? done : port === start || port >= firstOut ? firstOut : start;
      for (let edge = offsets[port] as number; edge < (offsets[port + 1] as number); edge += 1) {
        const before = targets[edge] as number;
        if (before >= end || before === port) return false;
      }
    }
  }
  return true;
}

/** The ports that can happen, in order; shorter than the graph when there is a cycle. */
function walk(graph: PortGraph): { readonly order: Uint32Array; readonly length: number } {
  const { offsets, targets } = graph.successors;
  const missing = uint32Array(graph.size);
  for (let edge = 0; edge < targets.length; edge += 1) {
    const target = targets[edge] as number;
    missing[target] = (missing[target] as number) + 1;
  }
  const order = uint32Array(graph.size);
  let end = 0;
  for (let port = 0; port < graph.size; port += 1) {
    if (missing[port] === 0) {
      order[end] = port;
      end += 1;
    }
  }
  for (let head = 0; head < end; head += 1) {
    const port = order[head] as number;
    for (let edge = offsets[port] as number; edge < (offsets[port + 1] as number); edge += 1) {
      const target = targets[edge] as number;
      missing[target] = (missing[target] as number) - 1;
      if (missing[target] === 0) {
        order[end] = target;
        end += 1;
      }
    }
  }
  return { order, length: end };
}
