import {
  type HotloomError,
  InvalidSchemaError,
  isHotloomError,
  NotJson,
  ParameterInvalid,
  TemplateInvalid,
  UnknownUserParameter,
  UserParameterMissing,
} from '../errors.ts';
import { builtSource, type Path, type SourceLocation } from '../source.ts';
import { asJson, isJsonObject, type Json, type JsonObject } from '../values.ts';
import { listNames, suggest } from '../wording.ts';
import {
  BOOLEAN_TEXTS,
  type ConstrainedType,
  type Constraint,
  type CustomConstraints,
  checkConstraintType,
  constraintViolation,
  describeConstraint,
  parseBoolean,
  parseConstraint,
} from './constraints.ts';
import { MAX_PROBLEMS, type ProblemFields, Problems } from './problems.ts';
import { isTrueInPython, parsePythonNumber, pythonText, pythonType } from './python.ts';
import type { Template } from './template.ts';
import type { TemplateVersion } from './version.ts';

export type ParameterType = 'string' | 'number' | 'comma_delimited_list' | 'json' | 'boolean';

/** A parameter as the template declares it (heat/engine/hot/parameters.py). */
export interface ParameterDefinition {
  readonly name: string;
  readonly path: Path;
  readonly type: ParameterType;
  /** As the template has it, not converted; `undefined` (or null in the template) means that a value has to be given. */
  readonly default: Json | undefined;
  readonly label: string | undefined;
  readonly description: string | undefined;
  /** The value is kept out of everything that people see. */
  readonly hidden: boolean;
  /** A hidden parameter whose value is never stored, not even encrypted: a key of hotloom-1. */
  readonly ephemeral: boolean;
  /** An update must not change the value. */
  readonly immutable: boolean;
  readonly tags: readonly string[];
  readonly constraints: readonly Constraint[];
  /** The definition as the document has it. */
  readonly schema: JsonObject;
}

/** Parameters that a client shows together. */
export interface ParameterGroup {
  readonly label: string | undefined;
  readonly description: string | undefined;
  readonly parameters: readonly string[];
}

/** The values of all parameters, converted to their types, pseudo-parameters included. */
export type ParameterValues = ReadonlyMap<string, Json>;

/** Options of resolveParameters. */
export interface ParameterOptions {
  /** Values that the user gives, by name; null means not given. */
  readonly given?: { readonly [name: string]: Json };
  /** Where one of them is given, for errors; undefined when that is no file. */
  readonly placeOfGiven?: (name: string) => SourceLocation | undefined;
  /** `parameter_defaults` of an environment: they go before the template's defaults and may name any parameter. */
  readonly defaults?: { readonly [name: string]: Json };
  /** The pseudo-parameters `OS::stack_name` and so on. */
  readonly stackName: string;
  readonly stackId: string;
  /** Default: the empty text. */
  readonly projectId?: string;
  /** Default: there is no `OS::region`. */
  readonly region?: string;
  /** What `custom_constraint` may name. Default: none, and a value that is constrained by one is refused. */
  readonly customConstraints?: CustomConstraints;
}

/** Set by the engine, and never by a user. */
export const PSEUDO_PARAMETERS: { readonly [dialect in TemplateVersion['dialect']]: readonly string[] } = {
  hot: ['OS::stack_name', 'OS::stack_id', 'OS::project_id', 'OS::region'],
  cfn: ['AWS::StackName', 'AWS::StackId', 'AWS::Region'],
};

/** Heat's default of AWS::Region (heat/engine/cfn/parameters.py). */
const DEFAULT_AWS_REGION = 'ap-southeast-1';

export const PARAMETER_TYPES: readonly ParameterType[] = [
  'string',
  'number',
  'comma_delimited_list',
  'json',
  'boolean',
];

const CONSTRAINED_TYPES: { readonly [type in ParameterType]: ConstrainedType } = {
  string: 'string',
  number: 'number',
  comma_delimited_list: 'list',
  json: 'map',
  boolean: 'boolean',
};

/**
 * The values of the template's parameters: what is given, else the environment's default, else the template's, converted
 * as Heat converts it and checked against the constraints. O(size of the values).
 *
 * Throws UserParameterMissing, UnknownUserParameter and ParameterInvalid; several of them together as TemplateInvalid.
 * The text of an error never has the value of a hidden parameter.
 */
export function resolveParameters(template: Template, options: ParameterOptions): ParameterValues {
  const { values, problems } = resolveEachParameter(template, options);
  if (problems.length === 1) throw problems[0];
  if (problems.length > 1) throw new TemplateInvalid(problems);
  return values;
}

/** What is known of a template's parameters, although something is wrong with some of them. */
export interface ParameterResolution {
  /** The values of those that nothing is wrong with. */
  readonly values: ParameterValues;
  /** The errors that resolveParameters throws. */
  readonly problems: readonly HotloomError[];
  /** Why a parameter has no value, by name. */
  readonly failures: ReadonlyMap<string, HotloomError>;
}

/** As resolveParameters, telling what is wrong instead of throwing it. */
export function resolveEachParameter(template: Template, options: ParameterOptions): ParameterResolution {
  const { given = {}, defaults = {} } = options;
  const values = pseudoParameters(template.version, options);
  const problems: HotloomError[] = unknownParameters(template, given, options.placeOfGiven);
  const failures = new Map<string, HotloomError>();
  for (const definition of template.parameters.values()) {
    try {
      values.set(definition.name, resolveParameter(definition, given, defaults, options.customConstraints, template));
    } catch (error) {
      if (!isHotloomError(error) || error.code === 'InternalError') throw error;
      problems.push(error);
      failures.set(definition.name, error);
    }
  }
  return { values, problems, failures };
}

function pseudoParameters({ dialect }: TemplateVersion, options: ParameterOptions): Map<string, Json> {
  const { stackName, stackId, projectId = '', region } = options;
  if (dialect === 'cfn') {
    return new Map([
      ['AWS::StackName', stackName],
      ['AWS::StackId', `arn:openstack:heat::${projectId}:stacks/${stackName}/${stackId}`],
      ['AWS::Region', region ?? DEFAULT_AWS_REGION],
    ]);
  }
  const values = new Map([
    ['OS::stack_name', stackName],
    ['OS::stack_id', stackId],
    ['OS::project_id', projectId],
  ]);
  if (region !== undefined) values.set('OS::region', region);
  return values;
}

/** The definitions in the section `parameters`; what is wrong with them is added to `problems`. */
export function parseParameters(
  section: JsonObject,
  version: TemplateVersion,
  problems: Problems,
): ReadonlyMap<string, ParameterDefinition> {
  const definitions = new Map<string, ParameterDefinition>();
  for (const [name, data] of Object.entries(section)) {
    const path = ['parameters', name];
    const own =
      isJsonObject(data) && (isTrueInPython(data.hidden) || isTrueInPython(data.ephemeral))
        ? new SecretProblems(problems)
        : problems;
    const definition = own.collect(path, () => parseParameter(name, data, version, own));
    if (definition !== undefined) definitions.set(name, definition);
  }
  return definitions;
}

/** The groups in the section `parameter_groups` (heat/engine/parameter_groups.py). */
export function parseParameterGroups(
  section: Json,
  parameters: ReadonlySet<string>,
  problems: Problems,
): readonly ParameterGroup[] {
  if (!isTrueInPython(section)) return [];
  const refuse = (path: Path, place: string, message: string, why: string, fix: string): void =>
    problems.add({ path, what: `Parameter Groups error: ${place}: ${message}`, why, fix });
  if (!Array.isArray(section)) {
    const fix = 'Write a list of groups, each with a label and a list of parameters.';
    refuse(['parameter_groups'], 'parameter_groups', 'The parameter_groups should be a list.', 'It is none.', fix);
    return [];
  }
  const groups: ParameterGroup[] = [];
  const grouped = new Set<string>();
  for (const [index, group] of (section as readonly Json[]).entries()) {
    const path = ['parameter_groups', index];
    const label = isJsonObject(group) && isTrueInPython(group.label) ? pythonText(group.label as Json) : undefined;
    const place = `parameter_groups.${label ?? ''}`;
    const names = isJsonObject(group) ? group.parameters : undefined;
    if (!isJsonObject(group) || names === undefined || names === null) {
      const message = 'The parameters must be provided for each parameter group.';
      refuse(path, place, message, 'A group without parameters has no use.', "Add a list 'parameters'.");
      continue;
    }
    if (!Array.isArray(names)) {
      const message = 'The parameters of parameter group should be a list.';
      refuse([...path, 'parameters'], place, message, 'A group may have several.', 'Write a list of names.');
      continue;
    }
    for (const [position, item] of (names as readonly Json[]).entries()) {
      const name = pythonText(item);
      const itemPath = [...path, 'parameters', position];
      if (grouped.has(name)) {
        const message = `The ${name} parameter must be assigned to one parameter group only.`;
        refuse(itemPath, place, message, 'A client shows each parameter once.', 'Remove it from one of the groups.');
      } else if (typeof item !== 'string' || !parameters.has(name)) {
        const message = `The grouped parameter ${name} does not reference a valid parameter.`;
        const fix = `${suggest(name, parameters)}Declare it in the section 'parameters'.`;
        refuse(itemPath, place, message, 'The template has no such parameter.', fix);
      }
      grouped.add(name);
    }
    const description = typeof group.description === 'string' ? group.description : undefined;
    groups.push({ label, description, parameters: (names as readonly Json[]).map(pythonText) });
  }
  return groups;
}

// --- definitions ---

/** Problems of a hidden parameter: its default may stand in the same line as what is wrong, so no line is quoted. */
class SecretProblems extends Problems {
  readonly #into: Problems;

  constructor(into: Problems) {
    super(builtSource());
    this.#into = into;
  }

  override add(problem: ProblemFields): void {
    this.#into.add({ ...problem, isSecret: true });
  }
}

function parseParameter(
  name: string,
  data: Json,
  version: TemplateVersion,
  problems: Problems,
): ParameterDefinition | undefined {
  const path = ['parameters', name];
  if (!isJsonObject(data)) {
    throw new InvalidSchemaError({
      what: `Invalid parameter (${name}), expected a mapping`,
      why: `It is ${data === null ? 'empty' : `a ${Array.isArray(data) ? 'list' : typeof data}`}.`,
      fix: 'Write at least {type: string}.',
    });
  }
  for (const key of Object.keys(data)) {
    if (version.parameterKeys.has(key)) continue;
    problems.add({
      path: [...path, key],
      Class: InvalidSchemaError,
      what: `Invalid key '${key}' for parameter (${name})`,
      why: `In version ${version.name} a parameter has no '${key}'.`,
      fix: `${suggest(key, version.parameterKeys)}It may have ${listNames(version.parameterKeys)}.`,
    });
  }
  if (!Object.hasOwn(data, 'type')) {
    throw new InvalidSchemaError({
      what: `Missing parameter type for parameter: ${name}`,
      why: 'Without it nobody knows what values are allowed.',
      fix: `Add 'type', one of ${listNames(PARAMETER_TYPES)}.`,
    });
  }
  const type = PARAMETER_TYPES.find((candidate) => candidate === data.type);
  if (type === undefined) {
    const given = pythonText(data.type as Json);
    problems.add({
      path: [...path, 'type'],
      Class: InvalidSchemaError,
      what: `Invalid type (${given})`,
      why: 'There is no such type of parameters.',
      fix: `${suggest(given, PARAMETER_TYPES)}The types are ${listNames(PARAMETER_TYPES)}.`,
    });
    return undefined;
  }
  if (data.tags !== undefined && !Array.isArray(data.tags)) {
    problems.add({
      path: [...path, 'tags'],
      Class: InvalidSchemaError,
      what: `Tags property should be a list for parameter: ${name}`,
      why: 'A parameter may have several tags.',
      fix: 'Write a list: [tag].',
    });
  }
  const definition: ParameterDefinition = {
    name,
    path,
    type,
    default: data.default ?? undefined,
    label: textOf(data.label),
    description: textOf(data.description),
    hidden: isTrueInPython(data.hidden) || isTrueInPython(data.ephemeral),
    ephemeral: isTrueInPython(data.ephemeral),
    immutable: isTrueInPython(data.immutable),
    tags: Array.isArray(data.tags) ? data.tags.map(pythonText) : [],
    constraints: parseConstraints(name, type, data.constraints, version, problems),
    schema: data,
  };
  if (definition.ephemeral && definition.default !== undefined) {
    problems.add({
      path: [...path, 'default'],
      Class: InvalidSchemaError,
      what: `The ephemeral parameter ${name} has a default.`,
      why: 'Its value is never stored, and the template is.',
      fix: "Leave the default out, or write 'hidden' instead of 'ephemeral'.",
    });
  }
  checkDefault(definition, problems);
  return definition;
}

function parseConstraints(
  name: string,
  type: ParameterType,
  data: Json | undefined,
  version: TemplateVersion,
  problems: Problems,
): readonly Constraint[] {
  if (data === undefined || data === null) return [];
  const path = ['parameters', name, 'constraints'];
  if (!Array.isArray(data)) {
    problems.add({
      path,
      Class: InvalidSchemaError,
      what: `Invalid parameter constraints for parameter ${name}, expected a list`,
      why: 'A parameter may have several constraints.',
      fix: 'Write a list: [{length: {min: 1}}].',
    });
    return [];
  }
  const constraints: Constraint[] = [];
  for (const [index, item] of (data as readonly Json[]).entries()) {
    const constraint = problems.collect([...path, index], () => parseConstraint(item, version.hasModulo));
    if (constraint === undefined) continue;
    problems.collect([...path, index], () => {
      try {
        checkConstraintType(constraint, CONSTRAINED_TYPES[type], type);
        constraints.push(constraint);
      } catch (error) {
        if (!isHotloomError(error, InvalidSchemaError.name)) throw error;
        const { what, why, fix } = error;
        throw new InvalidSchemaError({ what: `Parameter '${name}' is invalid: ${what}`, why, fix });
      }
    });
  }
  return constraints;
}

/** Heat checks a default even if a value is given, all but its custom constraints, which may ask other services. */
function checkDefault(definition: ParameterDefinition, problems: Problems): void {
  const { name, type, hidden } = definition;
  if (definition.default === undefined) return;
  const value = convert(definition.type, definition.default);
  const violation =
    'wrong' in value
      ? type === 'comma_delimited_list'
        ? `Default must be a comma-delimited list string: ${value.wrong}`
        : undefined
      : firstViolation(definition, value.right, undefined, (constraint) => constraint.kind !== 'custom_constraint');
  if (violation === undefined) return;
  const shown = hidden ? '******' : pythonText(definition.default);
  problems.add({
    path: [...definition.path, 'default'],
    Class: InvalidSchemaError,
    what: `Parameter '${name}' is invalid: ${type === 'comma_delimited_list' && 'wrong' in value ? violation : `Invalid default ${shown} (${violation})`}`,
    why: 'The default does not follow the type or the constraints of its own parameter.',
    fix: 'Change the default or the constraint.',
  });
}

function textOf(value: Json | undefined): string | undefined {
  return value === undefined || value === null ? undefined : pythonText(value);
}

// --- values ---

function unknownParameters(
  template: Template,
  given: { readonly [name: string]: Json },
  placeOfGiven: ParameterOptions['placeOfGiven'],
): HotloomError[] {
  const names = [...template.parameters.keys()];
  return Object.keys(given)
    .filter((name) => !template.parameters.has(name))
    .slice(0, MAX_PROBLEMS)
    .map(
      (name) =>
        new UnknownUserParameter({
          what: `The Parameter (${name}) was not defined in template.`,
          where: placeOfGiven?.(name) ?? placeOf(template, ['parameters']),
          why: PSEUDO_PARAMETERS[template.version.dialect].includes(name)
            ? 'It is a pseudo-parameter, which the engine sets.'
            : 'A value is given for it, and nothing in the template could use it.',
          fix: `${suggest(name, names)}${names.length === 0 ? 'The template has no parameters' : `The template has ${listNames(names)}`}; leave the value out where it is given.`,
        }),
    );
}

/** The place without its line where that line has the default of a hidden parameter. */
function placeOf(template: Template, path: Path): SourceLocation {
  const { excerpt, ...place } = template.source.locate(path);
  if (excerpt === undefined) return place;
  const isSecret = [...template.parameters.values()].some(
    (definition) =>
      definition.hidden &&
      definition.default !== undefined &&
      template.source.locate([...definition.path, 'default']).line === place.line,
  );
  return isSecret ? place : { ...place, excerpt };
}

/** The value that one parameter takes when these values and defaults are given. Throws as resolveParameters does. */
export function resolveParameter(
  definition: ParameterDefinition,
  given: { readonly [name: string]: Json },
  defaults: { readonly [name: string]: Json },
  customConstraints: CustomConstraints | undefined,
  template: Template,
): Json {
  const { name, type, hidden } = definition;
  const own = (values: { readonly [name: string]: Json }): Json | undefined =>
    Object.hasOwn(values, name) ? (values[name] ?? undefined) : undefined;
  const value = own(given) ?? own(defaults) ?? definition.default;
  const where = (): SourceLocation => placeOf(template, definition.path);
  if (value === undefined) {
    throw new UserParameterMissing({
      what: `The Parameter (${name}) was not provided.`,
      where: where(),
      why: 'It has no default.',
      fix: `Give a value of type ${type} (--parameter ${name}=VALUE, or an environment), or add a default to the template.`,
    });
  }
  const refuse = (message: string, why: string, fix: string): never => {
    throw new ParameterInvalid({ what: `Parameter '${name}' is invalid: ${message}`, where: where(), why, fix });
  };
  const converted = convert(type, value);
  if ('wrong' in converted) {
    const message = hidden ? `Value is not of type ${type}.` : converted.wrong;
    return refuse(message, `The parameter has the type ${type}.`, FORMS[type]);
  }
  const violation = firstViolation(definition, converted.right, customConstraints);
  if (violation !== undefined) {
    const rules = definition.constraints.map(describeConstraint).join(' ');
    return refuse(
      violation,
      'The value does not follow a constraint of the parameter.',
      `Give another value. ${rules}`,
    );
  }
  return converted.right;
}

const FORMS: { readonly [type in ParameterType]: string } = {
  string: 'Give a text.',
  number: 'Give a number, such as 3 or 2.5.',
  comma_delimited_list: "Give a list, or a text such as 'a,b,c'.",
  json: 'Give a map or a list, or a text that is JSON.',
  boolean: 'Give true or false.',
};

function firstViolation(
  { type, constraints, hidden }: ParameterDefinition,
  value: Json,
  customConstraints: CustomConstraints | undefined,
  isAsked: (constraint: Constraint) => boolean = () => true,
): string | undefined {
  for (const constraint of constraints) {
    if (!isAsked(constraint)) continue;
    const violation = constraintViolation(constraint, CONSTRAINED_TYPES[type], value, {
      ...(customConstraints === undefined ? {} : { customConstraints }),
      isSecret: hidden,
    });
    if (violation !== undefined) return violation;
  }
  return undefined;
}

type Converted = { readonly right: Json } | { readonly wrong: string };

/** By heat/engine/parameters.py; `wrong` is Heat's message, and may quote the value. */
function convert(type: ParameterType, given: Json): Converted {
  let value: Json;
  try {
    value = asJson(given);
  } catch (error) {
    // A program may pass anything.
    if (!isHotloomError(error, NotJson.name)) throw error;
    return { wrong: error.what };
  }
  switch (type) {
    case 'string':
      return { right: pythonText(value) };
    case 'number':
      return convertNumber(value);
    case 'boolean': {
      const boolean = parseBoolean(value);
      if (boolean !== undefined) return { right: boolean };
      const texts = BOOLEAN_TEXTS.map((text) => `'${text}'`).join(', ');
      return { wrong: `Unrecognized value '${pythonText(value)}', acceptable values are: ${texts}` };
    }
    case 'comma_delimited_list':
      if (Array.isArray(value)) return { right: value.map(pythonText) };
      if (typeof value === 'string') return { right: value === '' ? [] : value.split(',') };
      return {
        wrong: `Value must be a comma-delimited list string: '${pythonType(value)}' object has no attribute 'split'`,
      };
    case 'json':
      return convertJson(value);
    default:
      return type satisfies never;
  }
}

function convertNumber(value: Json): Converted {
  // In Python true is a number, and Heat keeps it.
  if (typeof value === 'number' || typeof value === 'boolean') return { right: value };
  if (typeof value !== 'string') return { wrong: `a number cannot be made of a value of type ${pythonType(value)}` };
  const number = parsePythonNumber(value);
  return number === undefined ? { wrong: `could not convert string to float: '${value}'` } : { right: number };
}

function convertJson(value: Json): Converted {
  if (typeof value !== 'string' || value === '') return { right: value };
  try {
    return { right: asJson(JSON.parse(value)) };
  } catch (error) {
    return { wrong: `Value must be valid JSON: ${isHotloomError(error) ? error.what : (error as Error).message}` };
  }
}
