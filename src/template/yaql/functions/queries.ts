import { extension, method } from '../definitions.ts';
import { YaqlError } from '../errors.ts';
import { areEqual, hashOf, isTruthy } from '../python.ts';
import { any, integer, iterable, lambda, optional, toIndex } from '../types.ts';
import { type Collection, itemsOf, List, type Value } from '../values.ts';
import { lazily, memorize, toTuple } from './streams.ts';

/** The first of the items with each key. */
export function* distinct(items: Iterable<Value>, keyOf: (item: Value) => string): Generator<Value> {
  const seen = new Set<string>();
  for (const item of items) {
    const key = keyOf(item);
    if (seen.has(key)) continue;
    seen.add(key);
    yield item;
  }
}

function* sliced(items: Iterable<Value>, start: number, end = Number.POSITIVE_INFINITY): Generator<Value> {
  if (end <= start) return;
  let index = 0;
  for (const item of items) {
    if (index >= start) yield item;
    index += 1;
    if (index >= end) return;
  }
}

function countOf(count: bigint): number {
  const number = toIndex(count);
  if (number < 0) {
    throw new YaqlError('Indices for islice() must be None or an integer: 0 <= x <= sys.maxsize.');
  }
  return number;
}

function* filtered(items: Iterable<Value>, predicate: (item: Value) => Value): Generator<Value> {
  for (const item of items) if (isTruthy(predicate(item))) yield item;
}

function* mapped(items: Iterable<Value>, selector: (item: Value) => Value): Generator<Value> {
  for (const item of items) yield selector(item);
}

/** The position of the first (or last) item for which `isWanted`, -1 for none. */
function position(collection: Collection, isWanted: (item: Value) => boolean, isLast: boolean): bigint {
  let [index, found] = [0n, -1n];
  for (const item of itemsOf(collection)) {
    if (isWanted(item)) {
      if (!isLast) return index;
      found = index;
    }
    index += 1n;
  }
  return found;
}

/** Filters, projections and parts of collections (yaql/standard_library/queries.py). */
export const queryFunctions = [
  ...['where', 'filter'].map((name) =>
    method(name, { collection: iterable, predicate: lambda }, ({ collection, predicate }) =>
      lazily(() => filtered(itemsOf(collection), (item) => predicate(item))),
    ),
  ),
  ...['select', 'map'].map((name) =>
    method(name, { collection: iterable, selector: lambda }, ({ collection, selector }) =>
      lazily(() => mapped(itemsOf(collection), (item) => selector(item))),
    ),
  ),
  ...['limit', 'take'].map((name) =>
    method(name, { collection: iterable, count: integer }, ({ collection, count }) => {
      const end = countOf(count);
      return lazily(() => sliced(itemsOf(collection), 0, end));
    }),
  ),

  method('skip', { collection: iterable, count: integer }, ({ collection, count }) => {
    const start = countOf(count);
    return lazily(() => sliced(itemsOf(collection), start));
  }),

  extension(
    'append',
    { collection: iterable },
    ({ collection }, { rest }) =>
      lazily(function* () {
        yield* itemsOf(collection);
        yield* rest;
      }),
    { rest: any },
  ),

  extension('distinct', { collection: iterable, keySelector: optional(lambda, null) }, ({ collection, keySelector }) =>
    lazily(() => distinct(itemsOf(collection), (item) => hashOf(keySelector === null ? item : keySelector(item)))),
  ),

  extension('enumerate', { collection: iterable, start: optional(integer, 0n) }, ({ collection, start }) =>
    lazily(function* () {
      let index = start;
      for (const item of itemsOf(collection)) {
        yield new List([index, item], false);
        index += 1n;
      }
    }),
  ),

  extension('any', { collection: iterable, predicate: optional(lambda, null) }, ({ collection, predicate }) => {
    for (const item of itemsOf(collection)) if (predicate === null || isTruthy(predicate(item))) return true;
    return false;
  }),

  extension('all', { collection: iterable, predicate: optional(lambda, null) }, ({ collection, predicate }) => {
    for (const item of itemsOf(collection)) if (!isTruthy(predicate === null ? item : predicate(item))) return false;
    return true;
  }),

  extension(
    'concat',
    {},
    (_, { rest }) =>
      lazily(function* () {
        for (const collection of rest) yield* itemsOf(collection);
      }),
    { rest: iterable },
  ),

  method('count', { collection: iterable }, ({ collection }) => {
    let count = 0n;
    for (const _ of itemsOf(collection)) count += 1n;
    return count;
  }),

  method('memorize', { collection: iterable }, ({ collection }, { evaluation }) => memorize(collection, evaluation)),

  method('first', { collection: iterable, default: optional(any, undefined) }, (bound) => {
    for (const item of itemsOf(bound.collection)) return item;
    if (bound.default === undefined) throw new YaqlError('');
    return bound.default;
  }),

  method('single', { collection: iterable }, ({ collection }) => {
    const items = itemsOf(collection)[Symbol.iterator]();
    const first = items.next();
    if (first.done === true) throw new YaqlError('');
    if (items.next().done !== true) throw new YaqlError('Collection contains more than one item');
    return first.value;
  }),

  method('last', { collection: iterable, default: optional(any, undefined) }, (bound) => {
    let last: Value | undefined = bound.default;
    for (const item of itemsOf(bound.collection)) last = item;
    if (last === undefined) throw new YaqlError('');
    return last;
  }),

  method('takeWhile', { collection: iterable, predicate: lambda }, ({ collection, predicate }) =>
    lazily(function* () {
      for (const item of itemsOf(collection)) {
        if (!isTruthy(predicate(item))) return;
        yield item;
      }
    }),
  ),

  method('skipWhile', { collection: iterable, predicate: lambda }, ({ collection, predicate }) =>
    lazily(function* () {
      let isSkipping = true;
      for (const item of itemsOf(collection)) {
        isSkipping &&= isTruthy(predicate(item));
        if (!isSkipping) yield item;
      }
    }),
  ),

  method('indexOf', { collection: iterable, item: any }, ({ collection, item }) =>
    position(collection, (one) => areEqual(one, item), false),
  ),
  method('lastIndexOf', { collection: iterable, item: any }, ({ collection, item }) =>
    position(collection, (one) => areEqual(one, item), true),
  ),
  method('indexWhere', { collection: iterable, predicate: lambda }, ({ collection, predicate }) =>
    position(collection, (one) => isTruthy(predicate(one)), false),
  ),
  method('lastIndexWhere', { collection: iterable, predicate: lambda }, ({ collection, predicate }) =>
    position(collection, (one) => isTruthy(predicate(one)), true),
  ),
  method('reverse', { collection: iterable }, ({ collection }) => {
    const items = [...toTuple(collection).items].reverse();
    return lazily(function* () {
      yield* items;
    });
  }),

  method('defaultIfEmpty', { collection: iterable, default: iterable }, (bound, { evaluation }) => {
    const collection = memorize(bound.collection, evaluation);
    for (const _ of itemsOf(collection)) return collection;
    return bound.default;
  }),
];
