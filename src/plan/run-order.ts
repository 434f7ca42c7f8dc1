import { producerOf, type ResourceInterface, type StackInterface } from '../interface/interface.ts';
import type { Change } from './changes.ts';

/**
 * `ordered`, which is an order of the graph, with those behind what their handlers have read by name and changes, as far as
 * these do not wait for them.
 */
export function inRunOrder(
  ordered: readonly ResourceInterface[],
  stack: StackInterface,
  changes: readonly Change[],
): readonly ResourceInterface[] {
  if (changes.every(({ unknownReads }) => unknownReads === undefined)) return ordered;
  const placed = new Set<number>();
  const begun = new Set<number>();
  const moved: ResourceInterface[] = [];
  for (const first of ordered) {
    // A stack of its own: a chain may be as long as there are resources.
    const open = [first];
    for (let resource = open.at(-1); resource !== undefined; resource = open.at(-1)) {
      const { index } = resource;
      const before = begun.has(index) ? [] : producersOf(resource, stack, changes).filter((each) => !begun.has(each));
      begun.add(index);
      if (before.length > 0) {
        for (const each of before) open.push(stack.resources[each] as ResourceInterface);
        continue;
      }
      open.pop();
      if (placed.has(index)) continue;
      placed.add(index);
      moved.push(resource);
    }
  }
  return moved;
}

function producersOf(
  { index, inputs, dependsOn }: ResourceInterface,
  stack: StackInterface,
  changes: readonly Change[],
): readonly number[] {
  const declared = inputs.flatMap(({ references }) => references.map((reference) => producerOf(stack, reference)));
  const named = [...dependsOn, ...(changes[index]?.unknownReads ?? []).map(({ name }) => name[2])];
  return [...declared, ...named.map((name) => stack.numbers.get(name) ?? -1)].filter((each) => each >= 0);
}
