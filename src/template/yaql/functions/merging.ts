import { method } from '../definitions.ts';
import { YaqlError } from '../errors.ts';
import { dictionaryOf, hashOf, typeName } from '../python.ts';
import { integer, lambda, mapping, optional } from '../types.ts';
import { Dictionary, List, type Value } from '../values.ts';
import { distinct } from './queries.ts';

interface Mergers {
  readonly lists: (first: List, second: List) => Value;
  readonly items: (first: Value, second: Value) => Value;
}

function merge(first: Dictionary, second: Dictionary, mergers: Mergers, levels: bigint): Dictionary {
  const result: (readonly [Value, Value])[] = [];
  for (const [hash, [key, value]] of first.entries) {
    const other = second.entries.get(hash);
    result.push([key, other === undefined ? value : mergeValues(value, other[1], mergers, levels)]);
  }
  for (const [hash, entry] of second.entries) if (!first.entries.has(hash)) result.push(entry);
  return dictionaryOf(result, false);
}

function mergeValues(first: Value, second: Value, mergers: Mergers, levels: bigint): Value {
  if (levels !== 1n && second instanceof Dictionary) {
    if (!(first instanceof Dictionary)) throw cannotMerge(first, second);
    return merge(first, second, mergers, levels === 0n ? 0n : levels - 1n);
  }
  if (levels !== 1n && second instanceof List) {
    if (!(first instanceof List)) throw cannotMerge(first, second);
    return mergers.lists(first, second);
  }
  return mergers.items(first, second);
}

function cannotMerge(first: Value, second: Value): YaqlError {
  return new YaqlError(`Cannot merge ${className(first)} with ${className(second)}`);
}

function className(value: Value): string {
  const name = typeName(value);
  return `<class '${name === 'FrozenDict' ? 'yaql.language.utils.FrozenDict' : name}'>`;
}

/** `mergeWith` (yaql/standard_library/queries.py, merge_with). */
export const mergingFunctions = [
  method(
    'mergeWith',
    {
      dict: mapping,
      another: mapping,
      listMerger: optional(lambda, null),
      itemMerger: optional(lambda, null),
      maxLevels: optional(integer, 0n),
    },
    ({ dict, another, listMerger, itemMerger, maxLevels }) =>
      merge(
        dict,
        another,
        {
          lists: listMerger ?? ((first, second) => new List([...distinct([...first.items, ...second.items], hashOf)])),
          items: itemMerger ?? ((_first, second) => second),
        },
        maxLevels,
      ),
  ),
];
