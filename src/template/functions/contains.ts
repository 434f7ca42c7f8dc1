import type { Json } from '../../values.ts';
import type { ParseCall } from '../parser.ts';
import { includesInPython } from '../python.ts';
import { ComputedCall, computedAt, kindOf } from './computed-call.ts';

const FIX = 'Write {contains: [value, [value, other]]}.';

/**
 * `contains: [value, list]`: whether the list has the value; of a text, whether the value is a part of it
 * (heat/engine/hot/functions.py, Contains).
 */
export class Contains extends ComputedCall {
  static readonly parse: ParseCall = (args, site) => {
    const parsed = site.expression(args);
    if (!Array.isArray(parsed) || parsed.length === 0) {
      const what = `Incorrect arguments to "${site.name}" should be: "${site.name}" : [ "value1", [ "value1", "value2"]]`;
      return site.refuse(what, 'It has a value and a list.', FIX);
    }
    if (parsed.length !== 2) {
      const what = `Arguments to "${site.name}" must be of the form: [value1, [value1, value2]]`;
      return site.refuse(what, `It has ${parsed.length} arguments.`, FIX);
    }
    return computedAt(site, Contains, parsed);
  };

  protected override compute(args: Json): Json {
    const [value = null, sequence = null] = args as readonly Json[];
    if (typeof sequence === 'string') {
      if (typeof value === 'string') return sequence.includes(value);
      const what = `'in <string>' requires string as left operand, not ${kindOf(value)}`;
      throw this.wrong(what, 'Only a text is a part of a text.', FIX);
    }
    if (!Array.isArray(sequence)) {
      const what = `Second argument to "${this.name}" should be a sequence.`;
      throw this.wrong(what, `It is ${kindOf(sequence)}.`, FIX);
    }
    return includesInPython(sequence as readonly Json[], value);
  }
}
