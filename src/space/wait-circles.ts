import { stronglyConnected } from '../graph/cycles.ts';
import { packRows, type Rows } from '../graph/port-graph.ts';
import type { Party, WaitSource, WaitTarget } from './waits.ts';

/** A name that somebody waits for; of a resource that is compared there is one, whatever is wanted of it. */
interface Node {
  readonly source: WaitSource;
  readonly target: WaitTarget;
  /** What the resource waits for while it is compared; undefined when it is not. */
  readonly compared: readonly WaitTarget[] | undefined;
}

/**
 * What is wanted, in circles of waits, of those of these resources of one stack that are compared: by its name, of each for whom
 * somebody waits that it waits for itself. Only where all of them wait: who leads on to somebody at work, or to a name that
 * nobody here writes, is not among them. One walk for all of them: O(names and waits reachable).
 */
export function findWantedInCircles(
  parties: readonly Party[],
  sourceOf: (space: string, stack: string) => WaitSource | undefined,
): ReadonlyMap<string, ReadonlySet<string>> {
  const nodes: Node[] = [];
  const numbers = new Map<WaitSource, Map<string, Map<string | undefined, number>>>();
  const numberOf = (target: WaitTarget): number | undefined => {
    const source = sourceOf(target.space, target.stack);
    if (source === undefined) return undefined;
    const byResource = numbers.get(source) ?? new Map<string, Map<string | undefined, number>>();
    numbers.set(source, byResource);
    const known = byResource.get(target.resource);
    const first = known?.values().next().value;
    const isCompared = first !== undefined && (nodes[first] as Node).compared !== undefined;
    const found = isCompared ? first : known?.get(target.attribute);
    if (found !== undefined) return found;
    const compared = known === undefined ? source.comparedInputs?.(target.resource) : undefined;
    const byAttribute = known ?? new Map<string | undefined, number>();
    byResource.set(target.resource, byAttribute.set(target.attribute, nodes.length));
    return nodes.push({ source, target, compared }) - 1;
  };
  for (const party of parties) numberOf({ ...party, attribute: undefined });
  const waiting: number[] = [];
  const awaited: number[] = [];
  const wanted: (string | undefined)[] = [];
  /** By node: somebody is at work for it, or it waits for somebody of whom nothing is known. */
  const goesOn: boolean[] = [];
  // More nodes come in while they are walked.
  for (let node = 0; node < nodes.length; node += 1) {
    const missing = missingOf(nodes[node] as Node);
    goesOn[node] = missing.length === 0;
    for (const target of missing) {
      const next = numberOf(target);
      if (next === undefined || isOnItsWay(nodes[next] as Node, target)) goesOn[node] = true;
      else {
        waiting.push(node);
        awaited.push(next);
        wanted.push(target.attribute);
      }
    }
  }
  const groups = groupStuck(packRows(nodes.length, waiting, awaited), goesOn);
  const found = new Map<string, Set<string>>();
  for (const [edge, node] of awaited.entries()) {
    if (node >= parties.length || groups[node] === -1 || groups[node] !== groups[waiting[edge] as number]) continue;
    const { resource } = (nodes[node] as Node).target;
    const attributes = found.get(resource) ?? new Set();
    found.set(resource, attributes);
    const attribute = wanted[edge];
    if (attribute !== undefined) attributes.add(attribute);
  }
  return found;
}

/** A value that was confirmed in a circle comes, though its resource is still compared. */
function isOnItsWay({ source, compared }: Node, { resource, attribute }: WaitTarget): boolean {
  return compared !== undefined && attribute !== undefined && source.isConfirmed?.(resource, attribute) === true;
}

/** What keeps it all; empty when something of it may come by itself. */
function missingOf({ source, target, compared }: Node): readonly WaitTarget[] {
  if (compared !== undefined) return compared;
  const blockers = source.blockers(target.resource, target.attribute);
  return blockers.some(({ missing }) => missing.length === 0) ? [] : blockers.flatMap(({ missing }) => missing);
}

/** By node, the number of the group of those that wait for each other; -1 where it leads on to one that goes on. */
function groupStuck(rows: Rows, goesOn: boolean[]): Int32Array {
  const groups = new Int32Array(goesOn.length).fill(-1);
  let count = 0;
  // A group comes after those that it waits for.
  stronglyConnected(goesOn.length, rows, (group) => {
    const isAwaited = (node: number): boolean =>
      goesOn[node] === true ||
      rows.targets.subarray(rows.offsets[node], rows.offsets[node + 1]).some((next) => goesOn[next]);
    const isFree = group.some(isAwaited);
    for (const node of group) {
      if (isFree) goesOn[node] = true;
      else groups[node] = count;
    }
    count += 1;
  });
  return groups;
}
