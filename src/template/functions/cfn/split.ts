import type { Json } from '../../../values.ts';
import { isExpressionMap } from '../../expression.ts';
import type { ParseCall } from '../../parser.ts';
import { pythonType } from '../../python.ts';
import { ComputedCall, computedAt } from '../computed-call.ts';

const FIX = 'Write {"Fn::Split": [",", "a,b"]}.';

/** `Fn::Split: [delimiter, text]` (heat/engine/cfn/functions.py, Split). */
export class Split extends ComputedCall {
  static readonly parse: ParseCall = (args, site) => {
    const parsed = site.expression(args);
    if (Array.isArray(parsed) && parsed.length === 2) return computedAt(site, Split, parsed);
    const what = `Incorrect arguments to "${site.name}" should be: "${site.name}" : [ ",", "str1,str2"]]`;
    return site.refuse(what, isExpressionMap(parsed) ? 'It is a map.' : 'It has two arguments.', FIX);
  };

  protected override compute(args: Json): Json {
    const [delimiter = null, text = null] = args as readonly Json[];
    if (typeof delimiter !== 'string') {
      throw this.wrong(`Delimiter for ${this.name} must be string`, 'It stands between the parts.', FIX);
    }
    if (typeof text !== 'string') {
      const what = `String to split must be string; got <class '${pythonType(text)}'>`;
      throw this.wrong(what, 'Only a text has parts.', FIX);
    }
    if (delimiter === '') throw this.wrong('empty separator', 'The empty text stands between any two characters.', FIX);
    return text.split(delimiter);
  }
}
