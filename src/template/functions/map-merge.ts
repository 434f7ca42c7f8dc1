import { isJsonObject, type Json } from '../../values.ts';
import type { ParseCall } from '../parser.ts';
import { pythonLiteral, pythonType } from '../python.ts';
import { ComputedCall, computedAt, kindOf } from './computed-call.ts';

const FIX = 'Write {map_merge: [{a: 1}, {b: 2}]}.';

/** `map_merge: [map, map, ...]`: of a key that several have, the last counts (heat/engine/hot/functions.py, MapMerge). */
export class MapMerge extends ComputedCall {
  static readonly parse: ParseCall = (args, site) => computedAt(site, MapMerge, site.expression(args));

  protected override compute(args: Json): Json {
    const maps = args === '' ? [] : args;
    if (!Array.isArray(maps)) {
      const what = `Incorrect arguments to "${this.name}" should be: "${this.name}" : [ { "key1": "val1" }, { "key2": "val2" } ]`;
      throw this.wrong(what, `The arguments are ${kindOf(args)}.`, FIX);
    }
    const entries = (maps as readonly Json[]).flatMap((map) => {
      if (map === null) return [];
      if (isJsonObject(map)) return Object.entries(map);
      const shown = pythonLiteral(map).slice(0, 200);
      const what = `Incorrect arguments: Items to merge must be maps. ${shown} is type <class '${pythonType(map)}'> instead of a dict`;
      throw this.wrong(what, `One item is ${kindOf(map)}.`, FIX);
    });
    return Object.fromEntries(entries);
  }
}
