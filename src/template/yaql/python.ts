import { byCodePoint, pythonLiteral } from '../python.ts';
import { Context } from './context.ts';
import { YaqlError } from './errors.ts';
import { DateTime, TimeSpan } from './time.ts';
import {
  type Collection,
  Dictionary,
  isCollection,
  itemsOf,
  List,
  Pair,
  Pattern,
  type Value,
  ValueSet,
  View,
} from './values.ts';

// Python's rules for the values of an expression, as src/template/python.ts has them for JSON.

/** A key under which equal values meet: `1`, `1.0` and `true` are one. Throws for what Python cannot hash. */
export function hashOf(value: Value): string {
  if (value === null) return 'z';
  if (typeof value === 'string') return `s${value}`;
  if (typeof value === 'boolean') return value ? 'n1' : 'n0';
  if (typeof value === 'bigint') return `n${value}`;
  if (typeof value === 'number') return Number.isInteger(value) ? `n${BigInt(value)}` : `n${value}`;
  if (value instanceof DateTime) return `d${value.utcMicroseconds}`;
  if (value instanceof TimeSpan) return `t${value.microseconds}`;
  if (value instanceof List && value.isTuple) return `(${value.items.map(framedHash).join('')})`;
  if (value instanceof ValueSet) return `{${[...value.members.keys()].sort().map(frame).join('')}}`;
  if (value instanceof Dictionary && value.isFrozen) {
    const hashes = [...value.entries].map(([key, entry]) => frame(key) + framedHash(entry[1]));
    return `m{${hashes.sort().join('')}}`;
  }
  if (value instanceof List || value instanceof Dictionary)
    throw new YaqlError(`unhashable type: '${typeName(value)}'`);
  return `o${identityOf(value)}`;
}

/** `a == b`. */
export function areEqual(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (isNumeric(a) && isNumeric(b)) return compareNumbers(a, b) === 0;
  if (a instanceof List && b instanceof List) {
    return (
      a.isTuple === b.isTuple &&
      a.items.length === b.items.length &&
      a.items.every((item, index) => areEqual(item, b.items[index] as Value))
    );
  }
  if (a instanceof Dictionary && b instanceof Dictionary) {
    if (a.entries.size !== b.entries.size) return false;
    for (const [key, [, item]] of a.entries) {
      const other = b.entries.get(key);
      if (other === undefined || !areEqual(item, other[1])) return false;
    }
    return true;
  }
  if (isSet(a) && isSet(b)) {
    const [left, right] = [membersOf(a), membersOf(b)];
    return left.size === right.size && [...left.keys()].every((key) => right.has(key));
  }
  if (a instanceof DateTime && b instanceof DateTime) return a.utcMicroseconds === b.utcMicroseconds;
  if (a instanceof TimeSpan && b instanceof TimeSpan) return a.microseconds === b.microseconds;
  return false;
}

/** `bool(value)`. */
export function isTruthy(value: Value): boolean {
  if (value instanceof List || value instanceof View) return value.items.length > 0;
  if (value instanceof Dictionary) return value.entries.size > 0;
  if (value instanceof ValueSet) return value.members.size > 0;
  if (value instanceof TimeSpan) return value.microseconds !== 0n;
  return Boolean(value);
}

/** `type(value).__name__`. */
export function typeName(value: Value): string {
  if (value === null) return 'NoneType';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'number') return 'float';
  if (typeof value === 'string') return 'str';
  if (value instanceof List) return value.isTuple ? 'tuple' : 'list';
  if (value instanceof Dictionary) return value.isFrozen ? 'FrozenDict' : 'dict';
  if (value instanceof View) return `dict_${value.kind}`;
  if (value instanceof ValueSet) return 'frozenset';
  if (value instanceof DateTime) return 'datetime.datetime';
  if (value instanceof TimeSpan) return 'datetime.timedelta';
  if (value instanceof Pattern) return 're.Pattern';
  if (value instanceof Context) return 'Context';
  return value instanceof Pair ? 'MappingRule' : 'generator';
}

/** `str(value)`: a text as it is. */
export function textOf(value: Value): string {
  if (typeof value === 'string') return value;
  if (value instanceof DateTime || value instanceof TimeSpan) return value.toString();
  return literalOf(value);
}

/** `repr(value)`. */
export function literalOf(value: Value): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return pythonLiteral(value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return floatText(value);
  if (value instanceof List) {
    const items = value.items.map(literalOf).join(', ');
    return value.isTuple ? `(${items}${value.items.length === 1 ? ',' : ''})` : `[${items}]`;
  }
  if (value instanceof Dictionary) {
    const entries = [...value.entries.values()];
    return `{${entries.map(([key, item]) => `${literalOf(key)}: ${literalOf(item)}`).join(', ')}}`;
  }
  if (value instanceof ValueSet) {
    return value.members.size === 0
      ? 'frozenset()'
      : `frozenset({${[...value.members.values()].map(literalOf).join(', ')}})`;
  }
  if (value instanceof View) return `dict_${value.kind}([${value.items.map(literalOf).join(', ')}])`;
  if (value instanceof DateTime || value instanceof TimeSpan) return value.literal;
  if (value instanceof Pattern) return `re.compile(${pythonLiteral(value.source)})`;
  return `<${typeName(value)} object>`;
}

/** A float as Python writes it: always with a point or an exponent. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const [digits, exponentText] = value.toExponential().split('e') as [string, string];
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 16) {
    return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  const plain =
    exponent < 0 ? value.toFixed(Math.max(0, digits.replace(/[-.]/g, '').length - 1 - exponent)) : String(value);
  return plain.includes('.') ? plain : `${plain}.0`;
}

/** The order of two numbers, exact between integers of any size. */
export function compareNumbers(a: number | bigint | boolean, b: number | bigint | boolean): number {
  const [left, right] = [typeof a === 'boolean' ? BigInt(a) : a, typeof b === 'boolean' ? BigInt(b) : b];
  if (left < right) return -1;
  if (left > right) return 1;
  // Not a number has no order.
  return left <= right ? 0 : Number.NaN;
}

export function isNumeric(value: Value): value is number | bigint | boolean {
  return typeof value === 'bigint' || typeof value === 'number' || typeof value === 'boolean';
}

/** Texts in the order of their characters. */
export { byCodePoint as compareTexts };

/** A set, or a view that is one to Python. */
export function isSet(value: Value): value is ValueSet | View {
  return value instanceof ValueSet || (value instanceof View && value.kind !== 'values');
}

/** The members of a set by their hashes. */
export function membersOf(set: ValueSet | View): ReadonlyMap<string, Value> {
  return set instanceof ValueSet ? set.members : new Map(set.items.map((item) => [hashOf(item), item]));
}

/** A mapping of these entries; a later one takes the place of an earlier one. */
export function dictionaryOf(entries: Iterable<readonly [Value, Value]>, isFrozen = true): Dictionary {
  const map = new Map<string, readonly [Value, Value]>();
  for (const [key, item] of entries) {
    const hash = hashOf(key);
    map.set(hash, [map.get(hash)?.[0] ?? key, item]);
  }
  return new Dictionary(map, isFrozen);
}

/** A set of these values. */
export function setOf(values: Iterable<Value>): ValueSet {
  const members = new Map<string, Value>();
  for (const value of values) {
    const hash = hashOf(value);
    if (!members.has(hash)) members.set(hash, value);
  }
  return new ValueSet(members);
}

/** Whether a collection has an item that equals `value`. */
export function includes(collection: Collection, value: Value): boolean {
  for (const item of itemsOf(collection)) if (areEqual(item, value)) return true;
  return false;
}

/** The items of a value that Python can walk over: also the keys of a mapping and the characters of a text. */
export function walk(value: Value): Iterable<Value> {
  if (isCollection(value)) return itemsOf(value);
  if (typeof value === 'string') return value;
  if (value instanceof Dictionary) return [...value.entries.values()].map(([key]) => key);
  throw new YaqlError(`'${typeName(value)}' object is not iterable`);
}

const identities = new WeakMap<object, number>();
let identityCount = 0;

function identityOf(value: object): number {
  let identity = identities.get(value);
  if (identity === undefined) {
    identityCount += 1;
    identity = identityCount;
    identities.set(value, identity);
  }
  return identity;
}

function framedHash(value: Value): string {
  return frame(hashOf(value));
}

/** Puts the length before a hash, so that hashes in a row cannot be read in two ways. */
function frame(hash: string): string {
  return `${hash.length}:${hash}`;
}
