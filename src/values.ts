import { isDeepStrictEqual } from 'node:util';
import { NotJson } from './errors.ts';

/** A JSON value. `null` is a value like any other; what is not written yet is `undefined`, which is not JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A mapping of JSON values. */
export type JsonObject = { readonly [key: string]: Json };

/** Nesting beyond this is refused, as js-yaml refuses it, so that no walk over a value can overflow the stack. */
export const MAX_VALUE_DEPTH = 100;

/**
 * How many nodes a value may have once shared parts are counted each time. A YAML bomb has few lines and billions of nodes;
 * the largest template that passes the size limit has some 200,000 without aliases.
 */
export const MAX_EXPANDED_NODES = 1_000_000;

/** How many nodes an item counts for: long texts for several, so that values have no text of any length either. */
export function weightOf(item: unknown): number {
  return typeof item === 'string' ? 1 + (item.length >>> 6) : 1;
}

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Equal as JSON: the order of keys does not matter. */
export function sameJson(a: Json, b: Json): boolean {
  return a === b || (typeof a === 'object' && typeof b === 'object' && isDeepStrictEqual(a, b));
}

const DIGEST = 'digest of a secret';

/** What stands for a value that must not be stored. */
export function digestValue(digest: string): Json {
  return { [DIGEST]: digest };
}

export function isDigest(value: Json): boolean {
  return isJsonObject(value) && Object.hasOwn(value, DIGEST);
}

/** The same without the values that are digests. */
export function withoutDigests(values: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => !isDigest(value)));
}

const NO_PATH: readonly never[] = [];

/** What asJson has made: a value passes several parts of the engine, and is copied by the first of them only. */
const checked = new WeakSet<object>();

/**
 * A frozen copy of `value` if it is JSON: whoever wrote it cannot change it afterwards. A property that is `undefined`
 * is left out, as JSON.stringify does, and -0 becomes 0. Throws NotJson, naming the path, for functions, symbols,
 * bigints, NaN, infinities, objects of a class, cycles, holes in an array, nesting deeper than MAX_VALUE_DEPTH, and shared
 * parts that make more than MAX_EXPANDED_NODES of few.
 * What an earlier call returned is returned itself.
 */
export function asJson(value: unknown): Json {
  if (typeof value !== 'object' || value === null) return asScalar(value, NO_PATH);
  if (checked.has(value)) return value as Json;
  const copy = new JsonCopier().container(value);
  checked.add(copy);
  return copy;
}

/** A part that was copied: `size` counts its nodes, parts that it shares each time; `height` its levels below. */
interface CopiedPart {
  readonly copy: Json & object;
  readonly size: number;
  readonly height: number;
}

/** Copies one value, each shared part of it once. `#path` leads to the node that is being copied. */
class JsonCopier {
  readonly #path: (string | number)[] = [];
  readonly #parts = new Map<object, CopiedPart>();
  /** Nodes so far: shared parts each time, and once. */
  #size = 0;
  #written = 0;
  /** The deepest level so far. */
  #depth = 0;

  container(value: object): Json & object {
    const depth = this.#path.length;
    const known = this.#parts.get(value);
    if (depth + (known?.height ?? 0) >= MAX_VALUE_DEPTH) {
      throw notJson(`it is nested deeper than ${MAX_VALUE_DEPTH} levels or refers to itself`, this.#path);
    }
    if (known !== undefined) {
      this.#depth = Math.max(this.#depth, depth + known.height);
      this.#addSize(known.size);
      return known.copy;
    }
    const [sizeBefore, depthBefore] = [this.#size, this.#depth];
    this.#depth = depth;
    this.#addWritten(1);
    const copy = Array.isArray(value) ? this.#list(value) : this.#map(value);
    this.#parts.set(value, { copy, size: this.#size - sizeBefore, height: this.#depth - depth });
    this.#depth = Math.max(this.#depth, depthBefore);
    return copy;
  }

  #list(list: readonly unknown[]): Json & object {
    const copy: Json[] = [];
    // By index, which unlike map comes to the holes, and they are not JSON.
    for (let index = 0; index < list.length; index += 1) copy.push(this.#item(list[index], index));
    // Its own length, not the room for 17 that it grew into.
    return Object.freeze(copy.slice());
  }

  #map(map: object): Json & object {
    const prototype = Object.getPrototypeOf(map);
    if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
      throw notJson(`it is an object of class ${prototype.constructor?.name ?? 'unknown'}`, this.#path);
    }
    const copy: Record<string, Json> = {};
    for (const key of Object.keys(map)) {
      const item: unknown = (map as { readonly [key: string]: unknown })[key];
      if (item !== undefined) setOwn(copy, key, this.#item(item, key));
    }
    return Object.freeze(copy);
  }

  #addWritten(size: number): void {
    this.#written += size;
    this.#addSize(size);
  }

  /** A large value may be copied; one that is large only because its parts are shared is refused. */
  #addSize(size: number): void {
    this.#size += size;
    if (this.#size <= MAX_EXPANDED_NODES || this.#size <= 10 * this.#written) return;
    throw notJson(`it has more than ${MAX_EXPANDED_NODES} nodes once shared parts are counted each time`, []);
  }

  #item(item: unknown, step: string | number): Json {
    this.#addWritten(weightOf(item));
    if (typeof item === 'string') return item;
    this.#path.push(step);
    const copy = typeof item === 'object' && item !== null ? this.container(item) : asScalar(item, this.#path);
    this.#path.pop();
    return copy;
  }
}

/** A plain assignment to `__proto__` would set the prototype instead of a key. */
export function setOwn<T>(object: Record<string, T>, key: string, value: T): void {
  if (key === '__proto__') Object.defineProperty(object, key, { value, enumerable: true });
  else object[key] = value;
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
