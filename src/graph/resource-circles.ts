import { stronglyConnected } from './cycles.ts';
import { IN, type PortGraph, packRows, START } from './port-graph.ts';

/**
 * By resource, the number of the circle of resources that it is in; -1 for one that reads, over any number of others, nothing
 * of itself. A circle of resources need not be one of ports. `more` are reads that the graph does not have.
 */
export function findResourceCircles(
  graph: PortGraph,
  more: readonly { readonly reader: number; readonly producer: number }[] = [],
): Int32Array {
  const { kinds, owners, predecessors } = graph;
  const size = graph.names.length;
  const readers = more.map(({ reader }) => reader);
  const producers = more.map(({ producer }) => producer);
  for (let port = 0; port < graph.size; port += 1) {
    if (kinds[port] !== IN && kinds[port] !== START) continue;
    for (
      let edge = predecessors.offsets[port] as number;
      edge < (predecessors.offsets[port + 1] as number);
      edge += 1
    ) {
      const before = predecessors.targets[edge] as number;
      // Before its start are its own inputs too.
      if (kinds[before] === IN || kinds[before] === START) continue;
      readers.push(owners[port] as number);
      producers.push(owners[before] as number);
    }
  }
  const readsItself = new Uint8Array(size);
  for (const [edge, reader] of readers.entries()) if (producers[edge] === reader) readsItself[reader] = 1;
  const circles = new Int32Array(size).fill(-1);
  let count = 0;
  stronglyConnected(size, packRows(size, readers, producers), (members) => {
    if (members.length === 1 && readsItself[members[0] as number] === 0) return;
    for (const member of members) circles[member] = count;
    count += 1;
  });
  return circles;
}
