import type { Json } from '../../../values.ts';
import type { ParseCall } from '../../parser.ts';
import { ComputedCall, computedAt } from '../computed-call.ts';

/** `Fn::GetAZs: region`: the availability zones of a cloud, which is not asked (heat/engine/cfn/functions.py, GetAZs). */
export class GetAzs extends ComputedCall {
  static readonly parse: ParseCall = (args, site) => computedAt(site, GetAzs, site.expression(args));

  protected override compute(): Json {
    throw this.wrong(
      `"${this.name}" cannot be resolved.`,
      'Only a cloud knows its availability zones, and none is asked.',
      'Give the zones by a parameter.',
    );
  }
}
