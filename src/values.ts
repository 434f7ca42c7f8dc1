import { isDeepStrictEqual } from 'node:util';
import { NotJson } from './errors.ts';

/** A JSON value. `null` is a value like any other; what is not written yet is `undefined`, which is not JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A mapping of JSON values. */
export type JsonObject = { readonly [key: string]: Json };

/** Nesting beyond this is refused, as js-yaml refuses it, so that no walk over a value can overflow the stack. */
export const MAX_VALUE_DEPTH = 100;

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Equal as JSON: the order of keys does not matter. */
export function sameJson(a: Json, b: Json): boolean {
  return a === b || (typeof a === 'object' && typeof b === 'object' && isDeepStrictEqual(a, b));
}

/** What asJson has made: a value passes several parts of the engine, and is copied by the first of them only. */
const checked = new WeakSet<object>();

/**
 * A frozen copy of `value` if it is JSON: whoever wrote it cannot change it afterwards. A property that is `undefined`
 * is left out, as JSON.stringify does, and -0 becomes 0. Throws NotJson, naming the path, for functions, symbols,
 * bigints, NaN, infinities, objects of a class, cycles, holes in an array, and nesting deeper than MAX_VALUE_DEPTH.
 * What an earlier call returned is returned itself.
 */
export function asJson(value: unknown): Json {
  if (typeof value !== 'object' || value === null) return asScalar(value, []);
  if (checked.has(value)) return value as Json;
  const copy = copyContainer(value, [], 0);
  checked.add(copy);
  return copy;
}

function copyContainer(value: object, path: readonly (string | number)[], depth: number): Json & object {
  if (depth >= MAX_VALUE_DEPTH)
    throw notJson(`it is nested deeper than ${MAX_VALUE_DEPTH} levels or refers to itself`, path);
  const copyItem = (item: unknown, step: string | number): Json =>
    typeof item === 'object' && item !== null
      ? copyContainer(item, [...path, step], depth + 1)
      : asScalar(item, [...path, step]);
  // Unlike map, Array.from visits the holes, which are not JSON.
  if (Array.isArray(value)) return Object.freeze(Array.from(value, copyItem));
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    throw notJson(`it is an object of class ${prototype.constructor?.name ?? 'unknown'}`, path);
  }
  const copy: Record<string, Json> = {};
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue;
    // A plain assignment to `__proto__` would set the prototype instead of a key.
    Object.defineProperty(copy, key, { value: copyItem(item, key), enumerable: true });
  }
  return Object.freeze(copy);
}

function asScalar(value: unknown, path: readonly (string | number)[]): Json {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  // JSON text has no -0, so a value would differ from itself once it was stored. Adding 0 changes no other number.
  if (typeof value === 'number' && Number.isFinite(value)) return value + 0;
  throw notJson(`it is ${typeof value === 'number' ? String(value) : `of type ${typeof value}`}`, path);
}

function notJson(reason: string, path: readonly (string | number)[]): NotJson {
  const place = path.length === 0 ? 'The value' : `The value at ${path.join('.')}`;
  return new NotJson({
    what: `${place} cannot be written as JSON: ${reason}.`,
    why: 'Values in the data space are JSON, so that they can be stored and read by any program.',
    fix: 'Write null, a boolean, a finite number, a string, or arrays and plain objects of these.',
  });
}
