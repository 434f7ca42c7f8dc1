import { define, extension, method } from '../definitions.ts';
import { IndexOutOfRange } from '../errors.ts';
import { limitBytes, limitMemory, sizeOf } from '../limits.ts';
import { includes } from '../python.ts';
import { any, integer, iterable, iterableNoSet, iterator, optional, sequence, toIndex } from '../types.ts';
import { type Collection, isCollection, itemsOf, List, Stream, type Value, ValueSet } from '../values.ts';
import { lazily, toTuple } from './streams.ts';

/** The items with those of streams among them in their place. */
export function* spread(items: Iterable<Value>): Generator<Value> {
  for (const item of items) {
    if (item instanceof Stream) yield* spread(item);
    else yield item;
  }
}

function* flatten(items: Iterable<Value>): Generator<Value> {
  for (const item of items) {
    if (isCollection(item)) yield* flatten(itemsOf(item));
    else yield item;
  }
}

function repeatList(list: List, times: bigint): List {
  const count = Math.max(0, toIndex(times));
  limitBytes((1 - toIndex(times)) * 56, toIndex(times) * sizeOf(list));
  return new List(Array.from({ length: count }, () => list.items).flat(), list.isTuple);
}

/** Whether the item at `index` is one of `count` from `position` on; a negative count means all. */
function isInRange(index: number, position: bigint, count: bigint): boolean {
  const at = BigInt(index);
  return count >= 0n ? position <= at && at < position + count : at >= position;
}

function* replaced(collection: Collection, position: bigint, count: bigint, values: Iterable<Value>): Generator<Value> {
  let [index, isDone] = [0, false];
  for (const item of itemsOf(collection)) {
    if (!isInRange(index, position, count)) yield item;
    else if (!isDone) {
      isDone = true;
      yield* values;
    }
    index += 1;
  }
}

/** Lists (yaql/standard_library/collections.py). */
export const listFunctions = [
  define('list', {}, (_, { rest, evaluation }) => new List([...evaluation.budget.limited(spread(rest))]), {
    rest: any,
  }),

  define(
    '#list',
    {},
    (_, { rest }) => {
      limitMemory(...rest.map((item) => [1, item] as const));
      return new List(rest);
    },
    { rest: any },
  ),

  method('flatten', { collection: iterable }, ({ collection }) => lazily(() => flatten(itemsOf(collection)))),
  method('toList', { collection: iterable }, ({ collection }) => toTuple(collection)),

  define('#indexer', { list: sequence, index: integer }, ({ list, index }) => {
    const length = BigInt(list.items.length);
    const at = index < 0n ? index + length : index;
    if (at < 0n || at >= length) throw new IndexOutOfRange(`${list.isTuple ? 'tuple' : 'list'} index out of range`);
    return list.items[Number(at)] as Value;
  }),

  define('#operator_in', { value: any, collection: iterable }, ({ value, collection }) => includes(collection, value)),
  method('contains', { collection: iterable, value: any }, ({ collection, value }) => includes(collection, value)),

  define('#operator_+', { left: iterable, right: iterable }, ({ left, right }) => {
    if (left instanceof List && right instanceof List && left.isTuple && right.isTuple) {
      limitMemory([1, left], [1, right]);
      return new List([...left.items, ...right.items]);
    }
    if (left instanceof ValueSet && right instanceof ValueSet) {
      return new ValueSet(new Map([...right.members, ...left.members]));
    }
    return lazily(function* () {
      yield* itemsOf(left);
      yield* itemsOf(right);
    });
  }),

  define('#operator_*', { left: sequence, right: integer }, ({ left, right }) => repeatList(left, right)),
  define('#operator_*', { left: integer, right: sequence }, ({ left, right }) => repeatList(right, left)),
  define('isList', { arg: any }, ({ arg }) => arg instanceof List),
  define('isIterable', { value: any }, ({ value }) => isCollection(value)),
  extension('len', { sequence }, ({ sequence: list }) => BigInt(list.items.length)),
  extension('len', { collection: iterator }, ({ collection }, { evaluation }) => {
    let count = 0n;
    for (const _ of collection) {
      evaluation.budget.step();
      count += 1n;
    }
    return count;
  }),

  method(
    'delete',
    { collection: iterable, position: integer, count: optional(integer, 1n) },
    ({ collection, position, count }) => lazily(() => replaced(collection, position, count, [])),
  ),

  method(
    'replace',
    { collection: iterable, position: integer, value: any, count: optional(integer, 1n) },
    ({ collection, position, value, count }) => lazily(() => replaced(collection, position, count, [value])),
  ),

  method(
    'replaceMany',
    { collection: iterable, position: integer, values: iterable, count: optional(integer, 1n) },
    ({ collection, position, values, count }) => lazily(() => replaced(collection, position, count, itemsOf(values))),
  ),

  method('insert', { collection: iterableNoSet, position: integer, value: any }, ({ collection, position, value }) =>
    lazily(() => inserted(collection, position, [value], false)),
  ),

  method('insert', { collection: sequence, position: integer, value: any }, ({ collection, position, value }) => {
    const items = [...collection.items];
    items.splice(toIndex(position), 0, value);
    return new List(items, false);
  }),

  method(
    'insertMany',
    { collection: iterable, position: integer, values: iterable },
    ({ collection, position, values }) => lazily(() => inserted(collection, position, itemsOf(values), true)),
  ),
];

function* inserted(
  collection: Collection,
  position: bigint,
  values: Iterable<Value>,
  isFirstWhenNegative: boolean,
): Generator<Value> {
  let index = -1n;
  if (isFirstWhenNegative && position < 0n) yield* values;
  for (const item of itemsOf(collection)) {
    index += 1n;
    if (index === position) yield* values;
    yield item;
  }
  if (position > index) yield* values;
}
