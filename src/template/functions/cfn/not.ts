import type { Json } from '../../../values.ts';
import type { ParseCall } from '../../parser.ts';
import { Not } from '../not.ts';

/** `Fn::Not: [condition]` (heat/engine/cfn/functions.py, Not). */
export const parseNot: ParseCall = (args, site) => {
  if (Array.isArray(args) && args.length === 1) {
    return new Not(site.path, site.surroundings, site.expression((args as readonly Json[])[0] as Json, 0));
  }
  return site.refuse(
    `Arguments to "${site.name}" must be of the form: [condition]`,
    'It has one condition, in a list.',
    'Write {"Fn::Not": [condition]}.',
  );
};
