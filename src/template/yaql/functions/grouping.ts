import { method } from '../definitions.ts';
import { IndexOutOfRange, NoMatchingFunction, YaqlError } from '../errors.ts';
import { areEqual, hashOf } from '../python.ts';
import { iterable, type Lambda, lambda, optional } from '../types.ts';
import { itemsOf, List, type Value } from '../values.ts';
import { lazily } from './streams.ts';

/**
 * Calls the aggregator with the values of a group, and puts the key before the result. An aggregator in the style of old
 * versions takes the key and the values together; it is called in that way when it failed in the new one
 * (yaql/standard_library/queries.py, GroupAggregator).
 */
class Aggregator {
  readonly #aggregate: Lambda;
  #mayBeOld = true;
  #failure: YaqlError | undefined;

  constructor(aggregate: Lambda) {
    this.#aggregate = aggregate;
  }

  apply(key: Value, values: List): Value {
    if (this.#failure === undefined) {
      try {
        const result = this.#aggregate(values);
        if (!looksOld(result, values)) this.#mayBeOld = false;
        return new List([key, result]);
      } catch (error) {
        if (!(error instanceof NoMatchingFunction || error instanceof IndexOutOfRange)) throw error;
        this.#failure = error;
      }
    }
    const old = this.#mayBeOld ? this.#applyOld(key, values) : undefined;
    if (old === undefined) throw this.#failure;
    return old;
  }

  #applyOld(key: Value, values: List): Value | undefined {
    try {
      const result = this.#aggregate(new List([key, values]));
      const size = result instanceof List ? result.items.length : typeof result === 'string' ? [...result].length : 0;
      return size === 2 ? result : undefined;
    } catch (error) {
      if (error instanceof YaqlError) return undefined;
      throw error;
    }
  }
}

function looksOld(result: Value, values: List): boolean {
  return (
    values.items.length === 2 &&
    result instanceof List &&
    result.items.length === 2 &&
    areEqual(result.items[0] as Value, values.items[0] as Value)
  );
}

/** `groupBy` (yaql/standard_library/queries.py). */
export const groupingFunctions = [
  method(
    'groupBy',
    {
      collection: iterable,
      keySelector: lambda,
      valueSelector: optional(lambda, null),
      aggregator: optional(lambda, null),
    },
    ({ collection, keySelector, valueSelector, aggregator }) => {
      const groups = new Map<string, { readonly key: Value; readonly values: Value[] }>();
      for (const item of itemsOf(collection)) {
        const value = valueSelector === null ? item : valueSelector(item);
        const key = keySelector(item);
        const hash = hashOf(key);
        const group = groups.get(hash);
        if (group === undefined) groups.set(hash, { key, values: [value] });
        else group.values.push(value);
      }
      const apply = aggregator === null ? undefined : new Aggregator(aggregator);
      return lazily(function* () {
        for (const { key, values } of groups.values()) {
          const list = new List(values, false);
          yield apply === undefined ? new List([key, list]) : apply.apply(key, list);
        }
      });
    },
  ),
];
