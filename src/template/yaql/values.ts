import type { Json } from '../../values.ts';
import type { Context } from './context.ts';
import { LimitExceeded } from './errors.ts';
import type { DateTime, TimeSpan } from './time.ts';

/**
 * What an expression computes with: Python's values. An integer is a bigint and a float a number, since Python tells them
 * apart and JavaScript does not.
 */
export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | List
  | Dictionary
  | View
  | ValueSet
  | Stream
  | Ordering
  | Pattern
  | DateTime
  | TimeSpan
  | Context
  | Pair;

/** A value that holds more values than this, each counted as often as it is reached, is refused. */
const MAX_WEIGHT = 500_000;

/** A value that is nested deeper than this is refused. */
const MAX_DEPTH = 250;

/**
 * Holds values. How many there are below it and how deep is known, since `[$, $]` in a fold makes values that are small
 * in memory and endless to walk over.
 */
export abstract class Container {
  readonly weight: number;
  readonly depth: number;

  constructor(parts: Iterable<Value>) {
    let [weight, depth] = [1, 0];
    for (const part of parts) {
      weight += part instanceof Container ? part.weight : 1;
      if (part instanceof Container && part.depth > depth) depth = part.depth;
    }
    if (weight > MAX_WEIGHT || depth >= MAX_DEPTH) throw new LimitExceeded('Expression consumed too much memory');
    this.weight = weight;
    this.depth = depth + 1;
  }
}

/** A tuple, or a list: they differ in what they equal, and a list cannot be a key. */
export class List extends Container {
  readonly items: readonly Value[];
  readonly isTuple: boolean;

  constructor(items: readonly Value[], isTuple = true) {
    super(items);
    this.items = items;
    this.isTuple = isTuple;
  }
}

/** A mapping, by the hash of its keys. A frozen one can be a key itself. */
export class Dictionary extends Container {
  readonly entries: ReadonlyMap<string, readonly [Value, Value]>;
  readonly isFrozen: boolean;

  constructor(entries: ReadonlyMap<string, readonly [Value, Value]>, isFrozen = true) {
    super([...entries.values()].flat());
    this.entries = entries;
    this.isFrozen = isFrozen;
  }
}

/** What `keys()`, `values()` and `items()` of a mapping return; the first and the last are sets to Python. */
export class View extends Container {
  readonly kind: 'keys' | 'values' | 'items';
  readonly items: readonly Value[];

  constructor(kind: View['kind'], items: readonly Value[]) {
    super(items);
    this.kind = kind;
    this.items = items;
  }
}

export class ValueSet extends Container {
  readonly members: ReadonlyMap<string, Value>;

  constructor(members: ReadonlyMap<string, Value>) {
    super(members.values());
    this.members = members;
  }
}

/** An iterator. It can be read once, unless it remembers. */
export class Stream {
  readonly #start: () => Iterator<Value>;

  constructor(start: () => Iterator<Value>) {
    this.#start = start;
  }

  [Symbol.iterator](): Iterator<Value> {
    return this.#start();
  }
}

/** What `orderBy` returns, which `thenBy` refines. */
export abstract class Ordering {
  abstract [Symbol.iterator](): Iterator<Value>;
}

/** A compiled regular expression, see regex.ts. */
export abstract class Pattern {
  abstract readonly source: string;
}

/** An entry of a literal of a map: `key => value`. */
export class Pair extends Container {
  readonly key: Value;
  readonly value: Value;

  constructor(key: Value, value: Value) {
    super([key, value]);
    this.key = key;
    this.value = value;
  }
}

/** A stream of what `items` yields. */
export function streamOf(items: Iterable<Value>): Stream {
  const iterator = items[Symbol.iterator]();
  return new Stream(() => iterator);
}

/** What can be walked over with `for`, a mapping and a text excepted. */
export type Collection = List | View | ValueSet | Stream | Ordering;

export function isCollection(value: Value): value is Collection {
  return (
    value instanceof List ||
    value instanceof View ||
    value instanceof ValueSet ||
    value instanceof Stream ||
    value instanceof Ordering
  );
}

/** The items of a collection. Those of a stream can be had once. */
export function itemsOf(collection: Collection): Iterable<Value> {
  if (collection instanceof List || collection instanceof View) return collection.items;
  return collection instanceof ValueSet ? collection.members.values() : collection;
}

/** The value that JSON stands for: lists become tuples, whole numbers integers. */
export function fromJson(json: Json): Value {
  if (typeof json === 'number') return Number.isInteger(json) ? BigInt(json) : json;
  if (typeof json !== 'object' || json === null) return json;
  if (Array.isArray(json)) return new List(json.map(fromJson));
  return new Dictionary(
    new Map(Object.entries(json).map(([key, item]) => [`s${key}`, [key, fromJson(item as Json)] as const])),
  );
}
