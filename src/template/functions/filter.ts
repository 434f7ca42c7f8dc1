import type { Json } from '../../values.ts';
import type { ParseCall } from '../parser.ts';
import { includesInPython, isTrueInPython } from '../python.ts';
import { ComputedCall, computedAt, kindOf } from './computed-call.ts';

const FIX = 'Write {filter: [[unwanted], [first, unwanted, second]]}.';

/** `filter: [values, list]`: the list without those values (heat/engine/hot/functions.py, Filter). */
export class Filter extends ComputedCall {
  static readonly parse: ParseCall = (args, site) => {
    const parsed = site.expression(args);
    if (!Array.isArray(parsed)) {
      return site.refuse(`Argument to "${site.name}" must be a list`, 'It has two arguments.', FIX);
    }
    if (parsed.length !== 2) {
      const what = `"${site.name}" expected 2 arguments of the form [values, sequence] but got ${parsed.length} arguments instead`;
      return site.refuse(what, 'It has the unwanted values and the list.', FIX);
    }
    return computedAt(site, Filter, parsed);
  };

  protected override compute(args: Json): Json {
    const [values = null, list = null] = args as readonly Json[];
    if (!isTrueInPython(list)) return list;
    if (!Array.isArray(list)) {
      throw this.wrong(`"${this.name}" only works with lists`, `The second argument is ${kindOf(list)}.`, FIX);
    }
    if (!isTrueInPython(values)) return list;
    if (!Array.isArray(values)) {
      throw this.wrong(`"${this.name}" filters a list of values`, `The first argument is ${kindOf(values)}.`, FIX);
    }
    return (list as readonly Json[]).filter((item) => !includesInPython(values as readonly Json[], item));
  }
}
