import { type PortGraph, PortGraphBuilder } from '../../src/graph/port-graph.ts';

/**
 * A graph from a text such as `a>b b>c`: resources without inputs and outputs, and `a>b` an edge from a's `done` to b's
 * `start`. Resources are numbered by their names.
 */
export function graphOf(edges: string): PortGraph {
  const pairs = edges
    .split(' ')
    .filter(Boolean)
    .map((edge) => edge.split('>') as [string, string]);
  const names = [...new Set(pairs.flat())].sort();
  const builder = new PortGraphBuilder(names.map((name) => ({ name })));
  for (const name of names)
    builder.addEdge(builder.startPort(names.indexOf(name)), builder.donePort(names.indexOf(name)));
  for (const [from, to] of pairs) {
    builder.addEdge(builder.donePort(names.indexOf(from)), builder.startPort(names.indexOf(to)));
  }
  return builder.build();
}
