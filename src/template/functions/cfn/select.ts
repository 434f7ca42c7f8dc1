import { isJsonObject, type Json } from '../../../values.ts';
import type { ParseCall } from '../../parser.ts';
import { parsePythonInteger } from '../../python.ts';
import { ComputedCall, computedAt, kindOf } from '../computed-call.ts';

const FIX = 'Write {"Fn::Select": [index, list]} or {"Fn::Select": [key, map]}.';

/** `Fn::Select: [index, list or map]`; the empty text where there is no such item (heat/engine/cfn/functions.py, Select). */
export class Select extends ComputedCall {
  static readonly parse: ParseCall = (args, site) => {
    const parsed = site.expression(args);
    if (Array.isArray(parsed) && parsed.length === 2) return computedAt(site, Select, parsed);
    return site.refuse(`Arguments to "${site.name}" must be of the form [index, collection]`, 'It has two.', FIX);
  };

  protected override compute(args: Json): Json {
    const [index = null, given = null] = args as readonly Json[];
    if (given === '') return '';
    const items = typeof given === 'string' ? this.#parsed(given) : given;
    if (isJsonObject(items)) {
      if (typeof index !== 'string') {
        throw this.wrong(`Index to "${this.name}" must be a string`, `It is ${kindOf(index)}.`, FIX);
      }
      return Object.hasOwn(items, index) ? (items[index] as Json) : '';
    }
    if (Array.isArray(items)) {
      const position = typeof index === 'string' ? (parsePythonInteger(index) ?? index) : index;
      if (typeof position !== 'number' && typeof position !== 'boolean') {
        throw this.wrong(`Index to "${this.name}" must be an integer`, `It is ${kindOf(index)}.`, FIX);
      }
      const item = (items as readonly Json[]).at(Math.trunc(Number(position)));
      return item === undefined ? '' : item;
    }
    if (items === null) return '';
    throw this.wrong(`Arguments to ${this.name} not fully resolved`, `The second one is ${kindOf(items)}.`, FIX);
  }

  /** A text may be JSON. */
  #parsed(text: string): Json {
    try {
      return JSON.parse(text) as Json;
    } catch (error) {
      throw this.wrong(
        `"${this.name}": ${(error as Error).message}`,
        'The second argument is a text that is no JSON.',
        FIX,
      );
    }
  }
}
