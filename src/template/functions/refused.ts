import { InvalidTemplateVersion } from '../../errors.ts';
import type { ParseCall } from '../parser.ts';

/** A function that an older version of HOT had (heat/engine/hot/functions.py, Removed). */
export const parseRemoved: ParseCall = (args, site) => {
  // The arguments are parsed for the problems in them.
  site.expression(args);
  return site.refuse(
    `The template version is invalid: The function ${site.name} is not supported in this version of HOT.`,
    'It came from CloudFormation, and only older versions of HOT still have it.',
    REPLACEMENTS.get(site.name) ?? 'Use a function of HOT instead.',
    InvalidTemplateVersion,
  );
};

/** A function of HOT that may not be called in a condition (heat/engine/function.py, Invalid). */
export const parseInvalidInCondition: ParseCall = (args, site) => {
  site.expression(args);
  return site.refuse(
    `The function "${site.name}" is invalid in this context`,
    'A condition is evaluated before anything runs, from parameters alone.',
    'Conditions may call get_param, equals, not, and, or.',
  );
};

const REPLACEMENTS: ReadonlyMap<string, string> = new Map([
  ['Ref', 'Use get_resource for a resource and get_param for a parameter.'],
  ['Fn::Join', 'Use list_join.'],
  ['Fn::Split', 'Use str_split.'],
  ['Fn::Replace', 'Use str_replace.'],
  ['Fn::Select', 'Give get_attr or get_param a path: {get_attr: [resource, attribute, 0]}.'],
  ['Fn::ResourceFacade', 'Use resource_facade.'],
]);
