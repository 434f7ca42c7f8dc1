import type { Evaluation } from '../evaluate.ts';
import { limitBytes } from '../limits.ts';
import { type Collection, itemsOf, List, Stream, streamOf, type Value } from '../values.ts';

/** A stream of what a generator yields, which runs as its items are asked for. */
export function lazily(generate: () => Generator<Value>): Stream {
  return streamOf(generate());
}

/** The items as a tuple; a tuple as it is (yaql/standard_library/collections.py, to_list). */
export function toTuple(collection: Collection): List {
  return collection instanceof List && collection.isTuple ? collection : new List([...itemsOf(collection)]);
}

/** The collection, as one that can be read again and again (yaql/language/utils.py, memorize). */
export function memorize(collection: Collection, evaluation: Evaluation): Collection {
  if (!(collection instanceof Stream)) return collection;
  const source = collection[Symbol.iterator]();
  const read: Value[] = [];
  const itemAt = (index: number): IteratorResult<Value> => {
    if (index < read.length) return { done: false, value: read[index] as Value };
    const next = source.next();
    if (next.done !== true) {
      evaluation.budget.step();
      read.push(next.value);
      limitBytes(56 + 8 * read.length);
    }
    return next;
  };
  return new Stream(() => {
    let index = -1;
    return {
      next: () => {
        index += 1;
        return itemAt(index);
      },
    };
  });
}
