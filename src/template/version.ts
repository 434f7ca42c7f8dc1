import { InvalidTemplateVersion, TemplateFormatError } from '../errors.ts';
import type { Source } from '../source.ts';
import type { Json, JsonObject } from '../values.ts';
import { listNames, suggest } from '../wording.ts';
import { CFN_FUNCTIONS, CFN_TEMPLATE, HEAT_TEMPLATE } from './cfn-version.ts';
import { AndOr } from './functions/and-or.ts';
import { Contains } from './functions/contains.ts';
import { Digest } from './functions/digest.ts';
import { Equals } from './functions/equals.ts';
import { Filter } from './functions/filter.ts';
import { GetAttr } from './functions/get-attr.ts';
import { GetData } from './functions/get-data.ts';
import { GetFile } from './functions/get-file.ts';
import { GetParam } from './functions/get-param.ts';
import { GetResource } from './functions/get-resource.ts';
import { If } from './functions/if.ts';
import { ListConcat } from './functions/list-concat.ts';
import { ListJoin } from './functions/list-join.ts';
import { MakeUrl } from './functions/make-url.ts';
import { MapMerge } from './functions/map-merge.ts';
import { MapReplace } from './functions/map-replace.ts';
import { Not } from './functions/not.ts';
import { parseInvalidInCondition, parseRemoved } from './functions/refused.ts';
import { Repeat } from './functions/repeat.ts';
import { ResourceFacade } from './functions/resource-facade.ts';
import { StrReplace } from './functions/str-replace.ts';
import { StrSplit } from './functions/str-split.ts';
import { Yaql } from './functions/yaql.ts';
import type { FunctionTable, ParseCall } from './parser.ts';
import { pythonText } from './python.ts';

/** What one `heat_template_version` allows. */
export interface TemplateVersion {
  readonly name: string;
  /** HOT, or the language of CloudFormation, whose keys are translated to HOT's before anything else. */
  readonly dialect: 'hot' | 'cfn';
  /** Other names of the same version: `wallaby`. */
  readonly aliases: readonly string[];
  /** Sections of the document. */
  readonly sections: ReadonlySet<string>;
  /** Sections of a resource. */
  readonly resourceSections: ReadonlySet<string>;
  /** Keys of a parameter. */
  readonly parameterKeys: ReadonlySet<string>;
  /** Whether a parameter's constraints may be `modulo`. */
  readonly hasModulo: boolean;
  /** The deletion policies, by what a template may write. */
  readonly deletionPolicies: ReadonlyMap<string, 'Delete' | 'Retain' | 'Snapshot'>;
  /** The functions that an expression may call. */
  readonly functions: FunctionTable;
  /** The functions that a condition may call. The others are in it too, and tell that they may not be called there. */
  readonly conditionFunctions: FunctionTable;
}

/** What a version adds to the one before it. */
interface VersionChange {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly sections?: readonly string[];
  readonly resourceSections?: readonly string[];
  readonly parameterKeys?: readonly string[];
  readonly hasModulo?: true;
  readonly deletionPolicies?: Readonly<Record<string, 'Delete' | 'Retain' | 'Snapshot'>>;
  readonly functions?: Readonly<Record<string, ParseCall>>;
  readonly conditionFunctions?: Readonly<Record<string, ParseCall>>;
}

/** Heat's versions (heat/engine/hot/template.py), oldest first, and our own. The one place where functions are registered. */
const CHANGES: readonly VersionChange[] = [
  {
    name: '2013-05-23',
    sections: ['heat_template_version', 'description', 'parameter_groups', 'parameters', 'resources', 'outputs'],
    resourceSections: [
      'type',
      'properties',
      'metadata',
      'depends_on',
      'deletion_policy',
      'update_policy',
      'description',
    ],
    parameterKeys: ['type', 'description', 'default', 'schema', 'constraints', 'hidden', 'label', 'immutable'],
    deletionPolicies: { Delete: 'Delete', Retain: 'Retain', Snapshot: 'Snapshot' },
    functions: {
      get_param: GetParam.parse,
      get_resource: GetResource.parse,
      get_attr: GetAttr.parseOne,
      get_file: GetFile.parse,
      list_join: ListJoin.parseOne,
      str_replace: StrReplace.parseScalars,
      resource_facade: ResourceFacade.parse,
      ...CFN_FUNCTIONS,
    },
  },
  {
    name: '2014-10-16',
    functions: {
      Ref: parseRemoved,
      'Fn::GetAZs': parseRemoved,
      'Fn::Join': parseRemoved,
      'Fn::Split': parseRemoved,
      'Fn::Replace': parseRemoved,
      'Fn::Base64': parseRemoved,
      'Fn::MemberListToMap': parseRemoved,
      'Fn::ResourceFacade': parseRemoved,
    },
  },
  { name: '2015-04-30', functions: { repeat: Repeat.parseLists, digest: Digest.parse } },
  {
    name: '2015-10-15',
    functions: {
      get_attr: GetAttr.parse,
      list_join: ListJoin.parse,
      str_replace: StrReplace.parse,
      str_split: StrSplit.parse,
      'Fn::Select': parseRemoved,
    },
  },
  { name: '2016-04-08', functions: { map_merge: MapMerge.parse } },
  {
    name: '2016-10-14',
    aliases: ['newton'],
    sections: ['conditions'],
    resourceSections: ['external_id', 'condition'],
    deletionPolicies: { delete: 'Delete', retain: 'Retain', snapshot: 'Snapshot' },
    functions: { if: If.parseBoth, map_replace: MapReplace.parse, repeat: Repeat.parseMaps, yaql: Yaql.parse },
    conditionFunctions: {
      get_param: GetParam.parse,
      equals: Equals.parse,
      not: Not.parse,
      and: AndOr.parseAnd,
      or: AndOr.parseOr,
    },
  },
  {
    name: '2017-02-24',
    aliases: ['ocata'],
    hasModulo: true,
    functions: { filter: Filter.parse, str_replace_strict: StrReplace.parseStrict },
  },
  {
    name: '2017-09-01',
    aliases: ['pike'],
    functions: {
      make_url: MakeUrl.parse,
      repeat: Repeat.parse,
      list_concat: ListConcat.parse,
      list_concat_unique: ListConcat.parse,
      str_replace_vstrict: StrReplace.parseVeryStrict,
      contains: Contains.parse,
    },
    conditionFunctions: { yaql: Yaql.parse, contains: Contains.parse },
  },
  { name: '2018-03-02', aliases: ['queens'], parameterKeys: ['tags'] },
  { name: '2018-08-31', aliases: ['rocky'] },
  { name: '2021-04-16', aliases: ['wallaby'], functions: { if: If.parse } },
  {
    name: 'hotloom-1',
    sections: ['moved'],
    parameterKeys: ['ephemeral'],
    resourceSections: ['inputs', 'outputs', 'timeout'],
    functions: { get_data: GetData.parse },
  },
];

/** Every version, oldest first. */
export const TEMPLATE_VERSIONS: readonly TemplateVersion[] = CHANGES.reduce<TemplateVersion[]>((versions, change) => {
  versions.push(applyChange(versions.at(-1), change));
  return versions;
}, []);

const BY_NAME: ReadonlyMap<string, TemplateVersion> = new Map(
  TEMPLATE_VERSIONS.flatMap((version) => [version.name, ...version.aliases].map((name) => [name, version] as const)),
);

/** The keys that say what language a document is written in, Heat's own and those of CloudFormation. */
const VERSION_KEYS = ['heat_template_version', 'HeatTemplateFormatVersion', 'AWSTemplateFormatVersion'] as const;

/** The versions by the key that names them. */
const VERSIONS: { readonly [key in (typeof VERSION_KEYS)[number]]: ReadonlyMap<string, TemplateVersion> } = {
  heat_template_version: BY_NAME,
  HeatTemplateFormatVersion: new Map([[HEAT_TEMPLATE.name, HEAT_TEMPLATE]]),
  AWSTemplateFormatVersion: new Map([[CFN_TEMPLATE.name, CFN_TEMPLATE]]),
};

/**
 * The version that the document says it is written in. Throws TemplateFormatError when it names none, and
 * InvalidTemplateVersion when it names several, or one that is not there.
 */
export function versionOf(document: JsonObject, source: Source): TemplateVersion {
  const keys = VERSION_KEYS.filter((key) => Object.hasOwn(document, key));
  const key = keys[0];
  if (key === undefined) {
    throw new TemplateFormatError({
      what: 'Template format version not found.',
      where: source.locate([]),
      why: "The document has no 'heat_template_version', so nobody knows what its functions mean.",
      fix: `${suggestKey(document)}Write 'heat_template_version: 2021-04-16' as its first line.`,
    });
  }
  if (keys.length > 1) {
    throw new InvalidTemplateVersion({
      what: `The template version is invalid: Ambiguous versions (${keys.join(', ')})`,
      where: source.locate([key]),
      why: 'A template is written in one language.',
      fix: `Remove all but '${key}'.`,
    });
  }
  const value = document[key] as Json;
  const name = pythonText(value);
  const allowed = VERSIONS[key];
  const version = typeof value === 'string' ? allowed.get(value) : undefined;
  if (version !== undefined) return version;
  const names = [...allowed.keys()];
  throw new InvalidTemplateVersion({
    what: `The template version is invalid: "${key}: ${name}". "${key}" should be one of: ${names.join(', ')}`,
    where: source.locate([key]),
    why: typeof value === 'string' ? `There is no version '${name}'.` : 'A version is a text.',
    fix:
      key === 'heat_template_version'
        ? `${suggest(name, names)}The newest of Heat is 2021-04-16; hotloom-1 adds get_data, the section moved, and the resource sections inputs, outputs and timeout.`
        : `Write '${key}: "${names[0]}"', or translate the template to HOT.`,
  });
}

function suggestKey(document: JsonObject): string {
  const keys = Object.keys(document);
  const near = keys.find((key) => suggest(key, VERSION_KEYS) !== '');
  return near === undefined ? (keys.length === 0 ? '' : `It has ${listNames(keys)}. `) : suggest(near, VERSION_KEYS);
}

function applyChange(before: TemplateVersion | undefined, change: VersionChange): TemplateVersion {
  const functions = new Map([...(before?.functions ?? []), ...Object.entries(change.functions ?? {})]);
  const own = new Map([...ownConditionFunctions(before), ...Object.entries(change.conditionFunctions ?? {})]);
  const refused = [...functions].map(
    ([name, parse]) => [name, parse === parseRemoved ? parseRemoved : parseInvalidInCondition] as const,
  );
  return {
    name: change.name,
    dialect: 'hot',
    aliases: change.aliases ?? [],
    sections: new Set([...(before?.sections ?? []), ...(change.sections ?? [])]),
    resourceSections: new Set([...(before?.resourceSections ?? []), ...(change.resourceSections ?? [])]),
    parameterKeys: new Set([...(before?.parameterKeys ?? []), ...(change.parameterKeys ?? [])]),
    hasModulo: change.hasModulo ?? before?.hasModulo ?? false,
    deletionPolicies: new Map([...(before?.deletionPolicies ?? []), ...Object.entries(change.deletionPolicies ?? {})]),
    functions,
    conditionFunctions: new Map([...refused, ...own]),
  };
}

function ownConditionFunctions(version: TemplateVersion | undefined): [string, ParseCall][] {
  return [...(version?.conditionFunctions ?? [])].filter(
    ([, parse]) => parse !== parseInvalidInCondition && parse !== parseRemoved,
  );
}
