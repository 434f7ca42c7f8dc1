import type { ParseCall } from '../../parser.ts';
import { GetParam } from '../get-param.ts';
import { GetResource } from '../get-resource.ts';

/** `Ref: name`: the reference id of the resource of that name, else the parameter (heat/engine/cfn/functions.py, Ref). */
export const parseRef: ParseCall = (args, site) => {
  const isResource = typeof args === 'string' && site.surroundings.resources.has(args);
  return isResource ? GetResource.parse(args, site) : parseParameterRef(args, site);
};

/** `Ref: name` in a condition, where only parameters are known. */
export const parseParameterRef: ParseCall = (args, site) => {
  const parsed = site.expression(args);
  if (typeof parsed === 'string') {
    site.checkParameter(parsed);
    return new GetParam(site.path, site.surroundings, parsed, site.checks === 'all');
  }
  return new GetParam(site.path, site.surroundings, parsed, false);
};
