import { stronglyConnected } from './cycles.ts';
import { type PortGraph, PortGraphBuilder, packRows } from './port-graph.ts';

/** How resources that are there are walked over: along the arrows of their creation, against them, or all at once. */
export type WalkOrder = 'along' | 'against' | 'any';

/**
 * The order in which an action comes to resources that are there. `requires` tells what each resource required: against the
 * arrows, a resource has its turn when everything that required it has had it; along them, the other way round. Resources
 * in one cycle go together: none of them waits for another.
 */
export function buildRecordedGraph(
  resources: readonly {
    readonly name: string;
    /** The name under which others have required it, when another has that now. */
    readonly replacedName?: string;
    readonly requires: readonly string[];
  }[],
  order: WalkOrder,
): PortGraph {
  const builder = new PortGraphBuilder(resources.map(({ name }) => ({ name })));
  const indexes = new Map<string, number[]>();
  for (const [index, { name, replacedName = name }] of resources.entries()) {
    const named = indexes.get(replacedName);
    if (named === undefined) indexes.set(replacedName, [index]);
    else named.push(index);
  }
  const readers: number[] = [];
  const producers: number[] = [];
  for (const [reader, { requires }] of resources.entries()) {
    builder.addEdge(builder.startPort(reader), builder.donePort(reader));
    if (order === 'any') continue;
    for (const name of requires) {
      // None when a condition left it out, or when it is gone already.
      for (const producer of indexes.get(name) ?? []) {
        if (producer === reader) continue;
        readers.push(reader);
        producers.push(producer);
      }
    }
  }
  const groupOf = new Uint32Array(resources.length);
  const groups: (readonly number[])[] = [];
  stronglyConnected(resources.length, packRows(resources.length, readers, producers), (members) => {
    for (const member of members) groupOf[member] = groups.length;
    groups.push(members);
  });
  const added = new Set<string>();
  for (const [edge, reader] of readers.entries()) {
    const needed = groupOf[producers[edge] as number] as number;
    if (groupOf[reader] === needed || added.has(`${reader} ${needed}`)) continue;
    added.add(`${reader} ${needed}`);
    // Who needs one member of a circle needs the others too, since that member does.
    for (const member of groups[needed] ?? []) {
      const [first, second] = order === 'against' ? [reader, member] : [member, reader];
      builder.addEdge(builder.donePort(first), builder.startPort(second));
    }
  }
  return builder.build();
}
