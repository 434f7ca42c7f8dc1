import type { Json } from '../../../values.ts';
import type { ParseCall } from '../../parser.ts';
import { ComputedCall, computedAt, kindOf } from '../computed-call.ts';

/** `Fn::Base64: text`: the text as it is, since Heat takes user data as plain text (heat/engine/cfn/functions.py, Base64). */
export class Base64 extends ComputedCall {
  static readonly parse: ParseCall = (args, site) => computedAt(site, Base64, site.expression(args));

  protected override compute(args: Json): Json {
    if (typeof args === 'string') return args;
    throw this.wrong(`"${this.name}" argument must be a string`, `It is ${kindOf(args)}.`, 'Give a text.');
  }
}
