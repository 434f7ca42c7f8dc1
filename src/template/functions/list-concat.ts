import type { Json } from '../../values.ts';
import type { ParseCall } from '../parser.ts';
import { includesInPython, pythonJson } from '../python.ts';
import { ComputedCall, computedAt, kindOf } from './computed-call.ts';

const FIX = 'Write {list_concat: [[first, second], [third]]}.';

/**
 * `list_concat: [list, list, ...]`: one list with the items of all; null counts as an empty list. `list_concat_unique`
 * keeps the first of equal items (heat/engine/hot/functions.py, ListConcat and ListConcatUnique).
 */
export class ListConcat extends ComputedCall {
  static readonly parse: ParseCall = (args, site) => computedAt(site, ListConcat, site.expression(args));

  protected override compute(args: Json): Json {
    if (!Array.isArray(args)) {
      const what = `Incorrect arguments to "${this.name}" should be: "${this.name}" : [ [ <value 1>, <value 2> ], [ <value 3>, <value 4> ] ]`;
      throw this.wrong(what, `The arguments are ${kindOf(args)}.`, FIX);
    }
    const items = (args as readonly Json[]).flatMap((list) => {
      if (list === null) return [];
      if (Array.isArray(list)) return list as readonly Json[];
      const what = `Incorrect arguments: Items to concat must be lists. ${pythonJson(args)} contains an item that is not a list: ${pythonJson(list)}`;
      throw this.wrong(what, `One item is ${kindOf(list)}.`, FIX);
    });
    return this.name === 'list_concat_unique' ? unique(items) : items;
  }
}

function unique(items: readonly Json[]): Json[] {
  const texts = new Set<string>();
  const kept: Json[] = [];
  for (const item of items) {
    if (typeof item === 'string') {
      if (texts.has(item)) continue;
      texts.add(item);
    } else if (includesInPython(kept, item)) continue;
    kept.push(item);
  }
  return kept;
}
