import { AndOr } from './functions/and-or.ts';
import { Base64 } from './functions/cfn/base64.ts';
import { FindInMap } from './functions/cfn/find-in-map.ts';
import { parseGetAtt } from './functions/cfn/get-att.ts';
import { GetAzs } from './functions/cfn/get-azs.ts';
import { MemberListToMap } from './functions/cfn/member-list-to-map.ts';
import { parseNot } from './functions/cfn/not.ts';
import { parseParameterRef, parseRef } from './functions/cfn/ref.ts';
import { parseReplace } from './functions/cfn/replace.ts';
import { Select } from './functions/cfn/select.ts';
import { Split } from './functions/cfn/split.ts';
import { Equals } from './functions/equals.ts';
import { If } from './functions/if.ts';
import { ListJoin } from './functions/list-join.ts';
import { parseInvalidInCondition } from './functions/refused.ts';
import { ResourceFacade } from './functions/resource-facade.ts';
import type { ParseCall } from './parser.ts';
import type { TemplateVersion } from './version.ts';

/** The functions of CloudFormation that Heat has, and that the first version of HOT had too. */
export const CFN_FUNCTIONS: Readonly<Record<string, ParseCall>> = {
  Ref: parseRef,
  'Fn::GetAZs': GetAzs.parse,
  'Fn::Select': Select.parse,
  'Fn::Join': ListJoin.parseOne,
  'Fn::Split': Split.parse,
  'Fn::Replace': parseReplace,
  'Fn::Base64': Base64.parse,
  'Fn::MemberListToMap': MemberListToMap.parse,
  'Fn::ResourceFacade': ResourceFacade.parseCfn,
};

const FUNCTIONS: Readonly<Record<string, ParseCall>> = {
  ...CFN_FUNCTIONS,
  'Fn::FindInMap': FindInMap.parse,
  'Fn::GetAtt': parseGetAtt,
};

const CONDITION_FUNCTIONS: Readonly<Record<string, ParseCall>> = {
  Ref: parseParameterRef,
  'Fn::FindInMap': FindInMap.parse,
  'Fn::Equals': Equals.parse,
  'Fn::Not': parseNot,
  'Fn::And': AndOr.parseAnd,
  'Fn::Or': AndOr.parseOr,
};

/** HeatTemplateFormatVersion 2012-12-12 (heat/engine/cfn/template.py, HeatTemplate). Its keys are translated to HOT's. */
export const HEAT_TEMPLATE: TemplateVersion = version('2012-12-12', FUNCTIONS, {}, []);

/** AWSTemplateFormatVersion 2010-09-09, which has conditions (heat/engine/cfn/template.py, CfnTemplate). */
export const CFN_TEMPLATE: TemplateVersion = version(
  '2010-09-09',
  { ...FUNCTIONS, 'Fn::If': If.parseBoth },
  CONDITION_FUNCTIONS,
  ['conditions'],
);

function version(
  name: string,
  functions: Readonly<Record<string, ParseCall>>,
  conditionFunctions: Readonly<Record<string, ParseCall>>,
  sections: readonly string[],
): TemplateVersion {
  const refused = Object.keys(functions).map((key) => [key, parseInvalidInCondition] as const);
  return {
    name,
    dialect: 'cfn',
    aliases: [],
    sections: new Set([
      'AWSTemplateFormatVersion',
      'HeatTemplateFormatVersion',
      'description',
      'parameters',
      'resources',
      'outputs',
      ...sections,
    ]),
    resourceSections: new Set([
      'type',
      'properties',
      'metadata',
      'depends_on',
      'deletion_policy',
      'update_policy',
      'description',
      ...(sections.length === 0 ? [] : ['condition']),
    ]),
    parameterKeys: new Set(['type', 'description', 'default', 'hidden', 'label', 'constraints']),
    hasModulo: false,
    deletionPolicies: new Map([
      ['Delete', 'Delete'],
      ['Retain', 'Retain'],
      ['Snapshot', 'Snapshot'],
    ]),
    functions: new Map(Object.entries(functions)),
    conditionFunctions: new Map([...refused, ...Object.entries(conditionFunctions)]),
  };
}
