import { FunctionCall, isExpressionMap } from '../../expression.ts';
import type { ParseCall } from '../../parser.ts';
import { StrReplace } from '../str-replace.ts';

const FIX = 'Write {"Fn::Replace": [{"$name": value}, "text with $name"]}.';

/** `Fn::Replace: [params, template]`, else as str_replace (heat/engine/cfn/functions.py, Replace). */
export const parseReplace: ParseCall = (args, site) => {
  const parsed = site.expression(args);
  if (!Array.isArray(parsed) || parsed.length !== 2) {
    const what = `Incorrect arguments to "${site.name}" should be: {"${site.name}": [ {"$var1": "foo", "%var2%": "bar"}, "$var1 is %var2%"]}`;
    return site.refuse(what, 'It has two arguments.', FIX);
  }
  const [params, template] = parsed;
  if (!isExpressionMap(params) && !(params instanceof FunctionCall)) {
    return site.refuse(`"${site.name}" parameters must be a mapping`, 'Each placeholder has one value.', FIX);
  }
  return StrReplace.of(site, template, params);
};
