import { define, method } from '../definitions.ts';
import { YaqlError } from '../errors.ts';
import { areEqual, hashOf, isTruthy } from '../python.ts';
import { any, boolean, integer, iterable, type Lambda, lambda, optional, toIndex } from '../types.ts';
import { isCollection, itemsOf, List, type Value } from '../values.ts';
import { lazily, memorize, toTuple } from './streams.ts';

function fold(items: Iterable<Value>, selector: (total: Value, item: Value) => Value, seed: Value | undefined): Value {
  let total = seed;
  for (const item of items) total = total === undefined ? item : selector(total, item);
  if (total === undefined) throw new YaqlError('reduce() of empty iterable with no initial value');
  return total;
}

/** The collections item by item, until the first (or last) of them ends. */
function* zip(collections: readonly Iterable<Value>[], isLongest: boolean, fallback: Value): Generator<Value> {
  const iterators = collections.map((items) => items[Symbol.iterator]());
  if (iterators.length === 0) return;
  for (;;) {
    const row: Value[] = [];
    let ended = 0;
    for (const iterator of iterators) {
      const next = iterator.next();
      if (next.done === true) {
        if (!isLongest) return;
        ended += 1;
      }
      row.push(next.done === true ? fallback : next.value);
    }
    if (ended === iterators.length) return;
    yield new List(row);
  }
}

function* counted(start: bigint, stop: bigint | undefined, step: bigint): Generator<Value> {
  for (let value = start; stop === undefined || (step > 0n ? value < stop : value > stop); value += step) yield value;
}

/** A part of a list. */
function slices(list: List, from: number, to: number): List {
  return new List(list.items.slice(from, to), list.isTuple);
}

/** Folds, sequences and combinations of collections (yaql/standard_library/queries.py). */
export const combiningFunctions = [
  ...['aggregate', 'reduce'].map((name) =>
    method(
      name,
      { collection: iterable, selector: lambda, seed: optional(any, undefined) },
      ({ collection, selector, seed }) => fold(itemsOf(collection), selector, seed),
    ),
  ),
  ...(
    [
      ['sum', '#operator_+'],
      ['max', 'max'],
      ['min', 'min'],
    ] as const
  ).map(([name, operation]) =>
    method(name, { collection: iterable, initial: optional(any, undefined) }, ({ collection, initial }, { invoke }) =>
      fold(itemsOf(collection), (total, item) => invoke(operation, total, item), initial),
    ),
  ),

  method(
    'accumulate',
    { collection: iterable, selector: lambda, seed: optional(any, undefined) },
    ({ collection, selector, seed }) =>
      lazily(function* () {
        let total = seed;
        if (total !== undefined) yield total;
        for (const item of itemsOf(collection)) {
          total = total === undefined ? item : selector(total, item);
          yield total;
        }
        if (total === undefined) throw new YaqlError('accumulate() of empty sequence with no initial value');
      }),
  ),

  method('selectMany', { collection: iterable, selector: lambda }, ({ collection, selector }) =>
    lazily(function* () {
      for (const item of itemsOf(collection)) {
        const inner = selector(item);
        if (isCollection(inner)) yield* itemsOf(inner);
        else yield inner;
      }
    }),
  ),

  method(
    'zip',
    {},
    (_, { rest }) =>
      lazily(() =>
        zip(
          rest.map((one) => itemsOf(one)),
          false,
          null,
        ),
      ),
    { rest: iterable },
  ),

  method(
    'zipLongest',
    {},
    (_, { rest, named }) =>
      lazily(() =>
        zip(
          rest.map((one) => itemsOf(one)),
          true,
          named.get('default') ?? null,
        ),
      ),
    { rest: iterable, named: any },
  ),

  method(
    'join',
    { collection1: iterable, collection2: iterable, predicate: lambda, selector: lambda },
    ({ collection1, collection2, predicate, selector }, { evaluation }) =>
      lazily(function* () {
        const others = memorize(collection2, evaluation);
        for (const item of itemsOf(collection1)) {
          for (const other of itemsOf(others)) if (isTruthy(predicate(item, other))) yield selector(item, other);
        }
      }),
  ),

  define('range', { stop: integer }, ({ stop }) => lazily(() => counted(0n, stop, 1n))),
  define('range', { start: integer, stop: integer, step: optional(integer, 1n) }, ({ start, stop, step }) => {
    if (step === 0n) throw new YaqlError('range() arg 3 must not be zero');
    return lazily(() => counted(start, stop, step));
  }),
  define('sequence', { start: optional(integer, 0n), step: optional(integer, 1n) }, ({ start, step }) =>
    lazily(() => counted(start, undefined, step)),
  ),

  method('repeat', { value: any, times: optional(integer, -1n) }, ({ value, times }) =>
    lazily(function* () {
      for (let count = 0n; times < 0n || count < times; count += 1n) yield value;
    }),
  ),

  method('cycle', { collection: iterable }, ({ collection }, { evaluation }) =>
    lazily(function* () {
      const again = memorize(collection, evaluation);
      for (let isEmpty = false; !isEmpty; ) {
        isEmpty = true;
        for (const item of itemsOf(again)) {
          isEmpty = false;
          yield item;
        }
      }
    }),
  ),

  method('slice', { collection: iterable, length: integer }, ({ collection, length }) => {
    const size = toIndex(length);
    return lazily(function* () {
      let part: Value[] = [];
      for (const item of itemsOf(collection)) {
        if (size <= 0) return;
        part.push(item);
        if (part.length < size) continue;
        yield new List(part);
        part = [];
      }
      if (part.length > 0) yield new List(part);
    });
  }),

  method('splitWhere', { collection: iterable, predicate: lambda }, ({ collection, predicate }) =>
    lazily(function* () {
      const list = toTuple(collection);
      let start = 0;
      for (const [index, item] of list.items.entries()) {
        if (!isTruthy(predicate(item))) continue;
        yield slices(list, start, index);
        start = index + 1;
      }
      if (start !== list.items.length) yield slices(list, start, list.items.length);
    }),
  ),

  method('sliceWhere', { collection: iterable, predicate: lambda }, ({ collection, predicate }) =>
    lazily(function* () {
      const list = toTuple(collection);
      let start = 0;
      let before: Value | undefined;
      for (const [index, item] of list.items.entries()) {
        const current = predicate(item);
        if (before !== undefined && !areEqual(current, before)) {
          yield slices(list, start, index);
          start = index;
        }
        before = current;
      }
      if (start !== list.items.length) yield slices(list, start, list.items.length);
    }),
  ),

  method('splitAt', { collection: iterable, index: integer }, ({ collection, index }) => {
    const list = toTuple(collection);
    const at = toIndex(index);
    return new List([new List(list.items.slice(0, at)), new List(list.items.slice(at))], false);
  }),

  define(
    'generate',
    {
      initial: any,
      predicate: lambda,
      producer: lambda,
      selector: optional(lambda, null),
      decycle: optional(boolean, false),
    },
    ({ initial, predicate, producer, selector, decycle }) =>
      lazily(function* () {
        const past = new Set<string>();
        for (let value = initial; isTruthy(predicate(value)); value = producer(value)) {
          if (decycle && !addNew(past, value)) break;
          yield selector === null ? value : selector(value);
        }
      }),
  ),

  define(
    'generateMany',
    {
      initial: any,
      producer: lambda,
      selector: optional(lambda, null),
      decycle: optional(boolean, false),
      depthFirst: optional(boolean, false),
    },
    (bound, { evaluation }) => lazily(() => generateMany(bound, (items) => evaluation.budget.limited(items))),
  ),
];

interface ManyArguments {
  readonly initial: Value;
  readonly producer: Lambda;
  readonly selector: Lambda | null;
  readonly decycle: boolean;
  readonly depthFirst: boolean;
}

function* generateMany(bound: ManyArguments, limited: (items: Iterable<Value>) => Iterable<Value>): Generator<Value> {
  const { initial, producer, selector, decycle, depthFirst } = bound;
  const past = new Set<string>();
  const queue: Value[] = [initial];
  while (queue.length > 0) {
    const item = queue.shift() as Value;
    if (decycle && !addNew(past, item)) continue;
    yield selector === null ? item : selector(item);
    const produced = producer(item);
    if (!isCollection(produced)) throw new YaqlError('The producer has to return a collection');
    const items = [...limited(itemsOf(produced))];
    if (depthFirst) queue.unshift(...items);
    else queue.push(...items);
  }
}

/** Notes a value; false when it was noted already. */
function addNew(past: Set<string>, value: Value): boolean {
  const hash = hashOf(value);
  if (past.has(hash)) return false;
  past.add(hash);
  return true;
}
