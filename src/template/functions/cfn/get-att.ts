import type { Json } from '../../../values.ts';
import type { ParseCall } from '../../parser.ts';
import { GetAttr } from '../get-attr.ts';

/** `Fn::GetAtt: [resource, attribute]` (heat/engine/cfn/functions.py, GetAtt). */
export const parseGetAtt: ParseCall = (args, site) => {
  if (!Array.isArray(args) || (args as readonly Json[]).length !== 2) {
    return site.refuse(
      `Arguments to "${site.name}" must be of the form [resource_name, attribute]`,
      'It has the name of a resource and that of its attribute.',
      'Write {"Fn::GetAtt": [resource, attribute]}.',
    );
  }
  return GetAttr.parseOne(args, site);
};
