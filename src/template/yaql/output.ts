import type { Json } from '../../values.ts';
import { YaqlError } from './errors.ts';
import type { Evaluation } from './evaluate.ts';
import { MAX_ITEMS, tooManyItems } from './limits.ts';
import { floatText, isSet, literalOf, membersOf, textOf, typeName } from './python.ts';
import { limitItems } from './types.ts';
import { Dictionary, isCollection, itemsOf, type Value } from './values.ts';

/**
 * The JSON of an expression's value: tuples and everything with items become lists, sets included; keys become texts as
 * Python's json writes them (yaql/language/utils.py, convert_output_data). What JSON does not have is its text.
 */
export function toJson(value: Value, evaluation: Evaluation): Json {
  evaluation.budget.step();
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'bigint') return finite(Number(value), value);
  if (typeof value === 'number') return finite(value + 0, value);
  if (value instanceof Dictionary) {
    if (value.entries.size > MAX_ITEMS) throw tooManyItems();
    // fromEntries makes own properties, `__proto__` included.
    return Object.fromEntries(
      [...value.entries.values()].map(([key, item]) => [keyText(key), toJson(item, evaluation)]),
    );
  }
  if (isCollection(value)) {
    if (isSet(value) && membersOf(value).size > MAX_ITEMS) throw tooManyItems();
    if (isSet(value)) return [...membersOf(value).values()].map((item) => hashable(item, toJson(item, evaluation)));
    return Array.from(itemsOf(limitItems(value, evaluation)), (item) => toJson(item, evaluation));
  }
  return textOf(value);
}

function finite(number: number, value: Value): number {
  if (Number.isFinite(number)) return number;
  throw new YaqlError(`${literalOf(value)} cannot be written as JSON`);
}

/** What a set or the keys of a mapping hold must not become a list or a mapping, which Python cannot hash. */
function hashable(value: Value, json: Json): Json {
  if (typeof json !== 'object' || json === null) return json;
  throw new YaqlError(`unhashable type: '${value instanceof Dictionary ? 'dict' : isSet(value) ? 'set' : 'list'}'`);
}

function keyText(key: Value): string {
  if (typeof key === 'string') return key;
  if (key === null) return 'null';
  if (typeof key === 'boolean') return String(key);
  if (typeof key === 'bigint') return String(key);
  if (typeof key === 'number') return floatText(key);
  if (key instanceof Dictionary) throw new YaqlError("unhashable type: 'dict'");
  if (isCollection(key)) throw new YaqlError(`unhashable type: '${isSet(key) ? 'set' : 'list'}'`);
  throw new YaqlError(`keys must be str, int, float, bool or None, not ${typeName(key)}`);
}
