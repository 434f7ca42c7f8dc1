import { isJsonObject, type Json, type JsonObject } from '../../values.ts';
import type { ParseCall } from '../parser.ts';
import { ComputedCall, computedAt, kindOf } from './computed-call.ts';

const FIX = 'Write {map_replace: [{a: b}, {keys: {a: new_a}, values: {b: new_b}}]}.';

/**
 * `map_replace: [map, {keys, values}]`: the map with some keys and some values replaced; a new key that is there already
 * is an error (heat/engine/hot/functions.py, MapReplace).
 */
export class MapReplace extends ComputedCall {
  static readonly parse: ParseCall = (args, site) => computedAt(site, MapReplace, site.expression(args));

  protected override compute(args: Json): Json {
    if (!Array.isArray(args) || args.length !== 2) {
      throw this.wrong(usage(this.name), 'It has two arguments, both maps.', FIX);
    }
    const map = this.#mapOf(args[0]);
    const replacements = this.#mapOf(args[1]);
    for (const key of Object.keys(replacements)) {
      if (key !== 'keys' && key !== 'values') throw this.wrong(usage(this.name), `It has no argument '${key}'.`, FIX);
    }
    const keys = this.#mapOf(own(replacements, 'keys'));
    const values = this.#mapOf(own(replacements, 'values'));
    const replaced = new Map<string, Json>();
    for (const [key, value] of Object.entries(map)) {
      const name = this.#newKey(key, own(keys, key), map, replaced);
      replaced.set(name, replacementOf(value, values));
    }
    return Object.fromEntries(replaced);
  }

  #newKey(key: string, given: Json | undefined, map: JsonObject, replaced: ReadonlyMap<string, Json>): string {
    if (given === undefined || given === null) return key;
    const name = String(given);
    if (name === key) return key;
    const where = Object.hasOwn(map, name) ? 'input' : replaced.has(name) ? 'output' : undefined;
    if (where === undefined) return name;
    const what = `key replacement ${name} collides with a key in the ${where} map`;
    throw this.wrong(what, 'Two values would have the same key.', 'Choose another key.');
  }

  #mapOf(value: Json | undefined): JsonObject {
    if (value === null || value === undefined) return {};
    if (isJsonObject(value)) return value;
    const what = `Incorrect arguments: to "${this.name}", arguments must be a list of maps. Example:  ${example(this.name)}`;
    throw this.wrong(what, `One of them is ${kindOf(value)}.`, FIX);
  }
}

function own(map: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}

/** The new value. Keys are texts, and only a text equals one. */
function replacementOf(value: Json, values: JsonObject): Json {
  return (typeof value === 'string' ? own(values, value) : undefined) ?? value;
}

function example(name: string): string {
  return `"${name}" : [ { "key1": "val1" }, {"keys": {"key1": "key2"}, "values": {"val1": "val2"}}]`;
}

function usage(name: string): string {
  return `Incorrect arguments to "${name}" should be: ${example(name)}`;
}
