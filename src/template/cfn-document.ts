import type { Path, Source } from '../source.ts';
import { isJsonObject, type Json, type JsonObject } from '../values.ts';

// Documents in the language of CloudFormation, as Heat takes them, have the same parts as those in HOT under other names
// (heat/engine/cfn/template.py). They are read as HOT after their keys have been translated.

const SECTIONS: ReadonlyMap<string, string> = new Map([
  ['Description', 'description'],
  ['Parameters', 'parameters'],
  ['Conditions', 'conditions'],
  ['Resources', 'resources'],
  ['Outputs', 'outputs'],
]);

const RESOURCE_KEYS: ReadonlyMap<string, string> = new Map([
  ['Type', 'type'],
  ['Properties', 'properties'],
  ['Metadata', 'metadata'],
  ['DependsOn', 'depends_on'],
  ['DeletionPolicy', 'deletion_policy'],
  ['UpdatePolicy', 'update_policy'],
  ['Description', 'description'],
  ['Condition', 'condition'],
]);

const OUTPUT_KEYS: ReadonlyMap<string, string> = new Map([
  ['Description', 'description'],
  ['Value', 'value'],
  ['Condition', 'condition'],
]);

const PARAMETER_KEYS: ReadonlyMap<string, string> = new Map([
  ['Type', 'type'],
  ['Description', 'description'],
  ['Default', 'default'],
  ['NoEcho', 'hidden'],
  ['Label', 'label'],
]);

/** The keys of a parameter that become its constraints. */
const CONSTRAINT_KEYS = new Set([
  'AllowedValues',
  'AllowedPattern',
  'MinLength',
  'MaxLength',
  'MinValue',
  'MaxValue',
  'ConstraintDescription',
]);

const PARAMETER_TYPES: ReadonlyMap<Json, string> = new Map<Json, string>([
  ['String', 'string'],
  ['Number', 'number'],
  ['CommaDelimitedList', 'comma_delimited_list'],
  ['Json', 'json'],
  ['Boolean', 'boolean'],
]);

/** A document with HOT's keys, and a source that finds its nodes in the original text. */
export interface TranslatedDocument {
  readonly document: JsonObject;
  readonly source: Source;
  /** The section Mappings. */
  readonly mappings: JsonObject;
}

export function translateCfn(document: JsonObject, source: Source): TranslatedDocument {
  const { Mappings: mappings, ...others } = document;
  const translated = mapKeys(others, SECTIONS, (value, section) => {
    if (section === 'Parameters') return mapEntries(value, translateParameter);
    if (section === 'Resources') return mapEntries(value, (resource) => mapKeys(resource, RESOURCE_KEYS));
    return section === 'Outputs' ? mapEntries(value, (output) => mapKeys(output, OUTPUT_KEYS)) : value;
  });
  return {
    document: translated as JsonObject,
    source: { file: source.file, locate: (path) => source.locate(originalPath(path)) },
    mappings: isJsonObject(mappings) ? mappings : {},
  };
}

function translateParameter(parameter: Json): Json {
  if (!isJsonObject(parameter)) return parameter;
  const stated = Object.fromEntries(Object.entries(parameter).filter(([key]) => !CONSTRAINT_KEYS.has(key)));
  const translated = mapKeys(stated, PARAMETER_KEYS, (value, key) => {
    if (key === 'Type') return PARAMETER_TYPES.get(value) ?? value;
    return key === 'NoEcho' ? String(value).toLowerCase() === 'true' : value;
  });
  const constraints = constraintsOf(parameter);
  return constraints.length === 0 ? translated : { ...(translated as JsonObject), constraints };
}

/** In the order of heat/engine/parameters.py. */
function constraintsOf(parameter: JsonObject): readonly Json[] {
  const { ConstraintDescription: description } = parameter;
  const constraints: JsonObject[] = [];
  const bounds = (min: string, max: string): JsonObject => ({
    ...(parameter[min] === undefined ? {} : { min: numeric(parameter[min]) }),
    ...(parameter[max] === undefined ? {} : { max: numeric(parameter[max]) }),
  });
  const range = bounds('MinValue', 'MaxValue');
  const length = bounds('MinLength', 'MaxLength');
  if (Object.keys(range).length > 0) constraints.push({ range });
  if (Object.keys(length).length > 0) constraints.push({ length });
  if (parameter.AllowedValues !== undefined) constraints.push({ allowed_values: parameter.AllowedValues });
  if (parameter.AllowedPattern !== undefined) constraints.push({ allowed_pattern: parameter.AllowedPattern });
  return description === undefined ? constraints : constraints.map((constraint) => ({ ...constraint, description }));
}

function numeric(value: Json): Json {
  return typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value)) ? Number(value) : value;
}

/** A key that the language does not have stays, in quotes where HOT has it, so that it is told as unknown. */
function mapKeys(
  value: Json,
  names: ReadonlyMap<string, string>,
  map: (value: Json, key: string) => Json = (item) => item,
): Json {
  if (!isJsonObject(value)) return value;
  const hotNames = new Set(names.values());
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      names.get(key) ?? (hotNames.has(key) || key === 'constraints' ? `'${key}'` : key),
      map(item, key),
    ]),
  );
}

function mapEntries(value: Json, map: (value: Json) => Json): Json {
  return isJsonObject(value)
    ? Object.fromEntries(Object.entries(value).map(([name, item]) => [name, map(item)]))
    : value;
}

const INVERSE = new Map(
  [
    ['parameters', PARAMETER_KEYS],
    ['resources', RESOURCE_KEYS],
    ['outputs', OUTPUT_KEYS],
  ].map(([section, keys]) => [section as string, inverse(keys as ReadonlyMap<string, string>)]),
);
const SECTIONS_INVERSE = inverse(SECTIONS);

/** The way in the text to what stands at `path` of the translated document. */
function originalPath([section, name, key, ...rest]: Path): Path {
  const path: (string | number)[] = [];
  if (section !== undefined) path.push(SECTIONS_INVERSE.get(String(section)) ?? unquoted(section));
  if (name !== undefined) path.push(name);
  if (key !== undefined) path.push(INVERSE.get(String(section))?.get(String(key)) ?? unquoted(key));
  return [...path, ...rest];
}

/** See mapKeys. */
function unquoted(step: string | number): string | number {
  return typeof step === 'string' ? step.replace(/^'(.*)'$/, '$1') : step;
}

function inverse(names: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...names].map(([name, translated]) => [translated, name]));
}
