import type { Json } from '../../values.ts';
import { isExpressionMap } from '../expression.ts';
import type { ParseCall } from '../parser.ts';
import { parsePythonInteger } from '../python.ts';
import { ComputedCall, computedAt, kindOf } from './computed-call.ts';

const FIX = "Write {str_split: [',', 'a,b,c']}, with an index behind for one of the parts.";

/** `str_split: [delimiter, text, index]`: the parts of the text, or the one at the index (heat/engine/hot/functions.py, StrSplit). */
export class StrSplit extends ComputedCall {
  static readonly parse: ParseCall = (args, site) => {
    const parsed = site.expression(args);
    if (typeof parsed === 'string' || isExpressionMap(parsed)) {
      return site.refuse(usage(site.name), `The arguments are ${kindOf(args)}.`, FIX);
    }
    return computedAt(site, StrSplit, parsed);
  };

  protected override compute(args: Json): Json {
    const [delimiter, text, ...rest] = Array.isArray(args) ? (args as readonly Json[]) : [];
    if (delimiter === undefined || text === undefined) {
      throw this.wrong(usage(this.name), 'It needs a delimiter and a text.', FIX);
    }
    if (text === null) return null;
    if (typeof text !== 'string') throw this.wrong(usage(this.name), `What is to be split is ${kindOf(text)}.`, FIX);
    const parts = this.#split(text, delimiter);
    return rest.length === 0 ? parts : this.#partAt(parts, rest[0] as Json);
  }

  #split(text: string, delimiter: Json): readonly string[] {
    // Python splits at white space where the delimiter is None.
    if (delimiter === null) return text.trim() === '' ? [] : text.trim().split(/\s+/);
    if (typeof delimiter !== 'string')
      throw this.wrong(usage(this.name), `The delimiter is ${kindOf(delimiter)}.`, FIX);
    if (delimiter === '') throw this.wrong('empty separator', 'The empty text stands between any two characters.', FIX);
    return text.split(delimiter);
  }

  #partAt(parts: readonly string[], given: Json): Json {
    const index = typeof given === 'string' ? (parsePythonInteger(given) ?? given) : given;
    if (typeof index !== 'number' && typeof index !== 'boolean') {
      const what = `Incorrect index to "${this.name}" should be: ${example(this.name)}`;
      throw this.wrong(what, `The index is ${kindOf(given)}.`, FIX);
    }
    const part = parts.at(Math.trunc(Number(index)));
    if (part !== undefined) return part;
    const last = parts.length - 1;
    const what = `Incorrect index to "${this.name}" should be between 0 and ${last}`;
    throw this.wrong(what, `The text has ${parts.length} parts.`, 'Use an index that is there.');
  }
}

function example(name: string): string {
  return `"${name}" : [ ",", "apples,pears", <index>]`;
}

function usage(name: string): string {
  return `Incorrect arguments to "${name}" should be: ${example(name)}`;
}
