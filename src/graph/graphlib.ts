import { Graph } from '@dagrejs/graphlib';
import { printName } from '../names.ts';
import { type Port, type PortGraph, portOf } from './port-graph.ts';

/**
 * The graph as a directed graph of @dagrejs/graphlib, for its algorithms and for drawing by dagre. A node's id is what
 * the port is and its name: `in web.url`, `out db.address`, `start web`, `done web`; its label is the Port. An edge leads
 * from what happens first to what cannot happen before. A copy: changing it changes nothing here. O(V + E), but a
 * hundred times as slow to build as the graph itself, and graphlib's own walks recurse: they overflow the call stack at a
 * few thousand resources in a chain.
 */
export function toGraphlib(graph: PortGraph): Graph {
  const copy = new Graph({ directed: true });
  const ids: string[] = [];
  for (let port = 0; port < graph.size; port += 1) {
    const label = portOf(graph, port);
    ids.push(nodeId(label));
    copy.setNode(nodeId(label), label);
  }
  const { offsets, targets } = graph.successors;
  for (let from = 0; from < graph.size; from += 1) {
    for (let edge = offsets[from] as number; edge < (offsets[from + 1] as number); edge += 1) {
      copy.setEdge(ids[from] as string, ids[targets[edge] as number] as string);
    }
  }
  return copy;
}

/** With the kind, because a resource may have a property and an attribute of one name. */
function nodeId({ kind, resource, label }: Port): string {
  return `${kind} ${printName(label === undefined ? [resource] : [resource, label])}`;
}
