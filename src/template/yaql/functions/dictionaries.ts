import { define, extension, method } from '../definitions.ts';
import { YaqlError } from '../errors.ts';
import { limitMemory } from '../limits.ts';
import { areEqual, dictionaryOf, hashOf, literalOf, textOf, walk } from '../python.ts';
import { any, iterable, type Lambda, lambda, mapping, optional, pair, word } from '../types.ts';
import { Dictionary, itemsOf, List, type Pair, type Value, View } from '../values.ts';

function entriesOf(map: Dictionary): (readonly [Value, Value])[] {
  return [...map.entries.values()];
}

function pairsOf(pairs: readonly Pair[]): (readonly [Value, Value])[] {
  return pairs.map((one) => [one.key, one.value] as const);
}

function read(map: Dictionary, key: Value): Value {
  const entry = map.entries.get(hashOf(key));
  if (entry === undefined) throw new YaqlError(typeof key === 'object' ? textOf(key) : literalOf(key));
  return entry[1];
}

/** `map.get(key, fallback)` where null is a value too. */
function get(map: Dictionary, key: Value, fallback: Value): Value {
  const entry = map.entries.get(hashOf(key));
  return entry === undefined ? fallback : entry[1];
}

function without(map: Dictionary, keys: Iterable<Value>): Dictionary {
  const entries = new Map(map.entries);
  for (const key of keys) entries.delete(hashOf(key));
  return new Dictionary(entries, false);
}

function literal(pairs: readonly Pair[]): Dictionary {
  limitMemory(...pairs.map((one) => [1, one] as const));
  return dictionaryOf(pairsOf(pairs));
}

function toDict(items: Iterable<Value>, keyOf: Lambda, itemOf: Lambda | null): Dictionary {
  const entries: (readonly [Value, Value])[] = [];
  for (const item of items) entries.push([keyOf(item), itemOf === null ? item : itemOf(item)]);
  const map = dictionaryOf(entries, false);
  limitMemory([1, map]);
  return map;
}

/** The first two items of each item, as key and value. */
function* keyValues(items: Iterable<Value>): Generator<readonly [Value, Value]> {
  for (const item of items) {
    const [key, value] = walk(item);
    if (key === undefined || value === undefined) throw new YaqlError('');
    yield [key, value];
  }
}

/** Mappings (yaql/standard_library/collections.py). */
export const dictionaryFunctions = [
  define('#map', {}, (_, { rest }) => literal(rest), { rest: pair, takesPairs: true }),
  define('dict', {}, (_, { rest }) => literal(rest), { rest: pair, takesPairs: true }),

  define('dict', { items: iterable }, ({ items }) => dictionaryOf(keyValues(itemsOf(items))), { takesPairs: true }),

  method(
    'toDict',
    { collection: iterable, keySelector: lambda, valueSelector: optional(lambda, null) },
    ({ collection, keySelector, valueSelector }) => toDict(itemsOf(collection), keySelector, valueSelector),
  ),

  define('#operator_.', { dict: mapping, key: word }, ({ dict, key }) => read(dict, key)),
  define('#indexer', { dict: mapping, key: any }, ({ dict, key }) => read(dict, key)),
  define('#indexer', { dict: mapping, key: any, default: any }, (bound) => get(bound.dict, bound.key, bound.default)),

  method('get', { dict: mapping, key: any, default: optional(any, null) }, (bound) =>
    get(bound.dict, bound.key, bound.default),
  ),

  method(
    'set',
    { dict: mapping, key: any, value: any },
    ({ dict, key, value }) => {
      limitMemory([1, dict], [1, key], [1, value]);
      return dictionaryOf([...entriesOf(dict), [key, value]]);
    },
    { takesPairs: true },
  ),

  method(
    'set',
    { dict: mapping, replacements: mapping },
    ({ dict, replacements }) => dictionaryOf([...entriesOf(dict), ...entriesOf(replacements)]),
    { takesPairs: true },
  ),

  method(
    'set',
    { dict: mapping },
    ({ dict }, { rest }) => {
      limitMemory([1, dict], ...rest.map((one) => [1, one] as const));
      return dictionaryOf([...entriesOf(dict), ...pairsOf(rest)]);
    },
    { rest: pair, takesPairs: true },
  ),

  method(
    'keys',
    { dict: mapping },
    ({ dict }) =>
      new View(
        'keys',
        entriesOf(dict).map(([key]) => key),
      ),
  ),
  method(
    'values',
    { dict: mapping },
    ({ dict }) =>
      new View(
        'values',
        entriesOf(dict).map(([, value]) => value),
      ),
  ),
  method(
    'items',
    { dict: mapping },
    ({ dict }) =>
      new View(
        'items',
        entriesOf(dict).map((entry) => new List(entry)),
      ),
  ),
  method('containsKey', { dict: mapping, key: any }, ({ dict, key }) => dict.entries.has(hashOf(key))),

  method('containsValue', { dict: mapping, value: any }, ({ dict, value }) =>
    entriesOf(dict).some(([, item]) => areEqual(item, value)),
  ),

  define('#operator_+', { left: mapping, right: mapping }, ({ left, right }) => {
    limitMemory([1, left], [1, right]);
    return dictionaryOf([...entriesOf(left), ...entriesOf(right)]);
  }),

  define('isDict', { arg: any }, ({ arg }) => arg instanceof Dictionary),
  extension('len', { dict: mapping }, ({ dict }) => BigInt(dict.entries.size)),
  method('delete', { dict: mapping }, ({ dict }, { rest }) => without(dict, rest), { rest: any }),

  method('deleteAll', { dict: mapping, keys: iterable }, ({ dict, keys }) => without(dict, itemsOf(keys))),
];
