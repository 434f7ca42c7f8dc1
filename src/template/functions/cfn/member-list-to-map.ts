import type { Json } from '../../../values.ts';
import type { ParseCall } from '../../parser.ts';
import { ComputedCall, computedAt } from '../computed-call.ts';

const FIX = `Write {"Fn::MemberListToMap": [Name, Value, ['.member.0.Name=key', '.member.0.Value=door']]}.`;

/**
 * `Fn::MemberListToMap: [key name, value name, list]`: texts such as `.member.0.Name=key` and `.member.0.Value=door` to a
 * map (heat/engine/cfn/functions.py, MemberListToMap; heat/api/aws/utils.py, extract_param_pairs).
 */
export class MemberListToMap extends ComputedCall {
  static readonly parse: ParseCall = (args, site) => {
    const parsed = site.expression(args);
    if (!Array.isArray(parsed) || parsed.length !== 3) {
      return site.refuse(`Wrong Arguments try: "${FIX}"`, 'It has three arguments.', FIX);
    }
    const [key, value] = parsed;
    if (typeof key !== 'string')
      return site.refuse(`${site.name} Key Name must be a string`, 'It names the keys.', FIX);
    if (typeof value !== 'string') {
      return site.refuse(`${site.name} Value Name must be a string`, 'It names the values.', FIX);
    }
    return computedAt(site, MemberListToMap, parsed);
  };

  protected override compute(args: Json): Json {
    const [keyName, valueName, list] = args as readonly [string, string, Json];
    if (!Array.isArray(list)) throw this.wrong('Member list must be a list', 'It is none.', FIX);
    const members = new Map<number, Map<string, string>>();
    for (const item of list as readonly Json[]) {
      if (typeof item !== 'string') throw this.wrong('Member list items must be strings', 'One is none.', FIX);
      const equals = item.indexOf('=');
      if (equals === -1) throw this.wrong(`'${item}' has no value`, "Each item has a name, '=' and a value.", FIX);
      const match = /^\.member\.([0-9]+)\.(.*)/.exec(item.slice(0, equals));
      if (match === null) continue;
      const index = Number(match[1]);
      const member = members.get(index) ?? new Map<string, string>();
      member.set(match[2] as string, item.slice(equals + 1));
      members.set(index, member);
    }
    const pairs = [...members]
      .sort(([a], [b]) => a - b)
      .map(([, member]) => [member.get(keyName), member.get(valueName)]);
    return Object.fromEntries(pairs.filter((pair) => pair[0] !== undefined && pair[1] !== undefined)) as Json;
  }
}
