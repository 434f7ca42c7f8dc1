import { InvalidSchemaError, messageOf } from '../errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../values.ts';
import { listNames, suggest } from '../wording.ts';
import { compilePattern, type Pattern } from './pattern.ts';
import { equalsInPython, parsePythonNumber, pythonJson, pythonLength, pythonText } from './python.ts';

/** A rule that a value has to follow (heat/engine/constraints.py). `description` is told when it does not. */
export type Constraint = { readonly description: string | undefined } & (
  | { readonly kind: 'length'; readonly min: number | undefined; readonly max: number | undefined }
  | { readonly kind: 'range'; readonly min: number | undefined; readonly max: number | undefined }
  | { readonly kind: 'modulo'; readonly step: number; readonly offset: number }
  | { readonly kind: 'allowed_values'; readonly allowed: readonly Json[] }
  | { readonly kind: 'allowed_pattern'; readonly pattern: string; readonly compiled: Pattern }
  | { readonly kind: 'custom_constraint'; readonly name: string }
);

/** What the constrained value is; `list` for a comma_delimited_list, `map` for json. */
export type ConstrainedType = 'string' | 'number' | 'boolean' | 'list' | 'map';

/**
 * The custom constraints that there are, by name (`nova.flavor`). Each returns true for a value that is right, or else
 * false, or the reason as a text, which may be empty. One that throws refuses the value, and the error's first line is the
 * reason.
 */
export type CustomConstraints = { readonly [name: string]: (value: Json) => boolean | string };

/** How constraintViolation checks. */
export interface ViolationOptions {
  readonly customConstraints?: CustomConstraints;
  /** True when texts must not quote the value. */
  readonly isSecret?: boolean;
}

/** Heat's names of the classes, in its order of precedence where one item of the list states several. */
const CLASS_NAMES = {
  modulo: 'Modulo',
  range: 'Range',
  length: 'Length',
  allowed_values: 'AllowedValues',
  allowed_pattern: 'AllowedPattern',
  custom_constraint: 'CustomConstraint',
} as const;

export const CONSTRAINT_KINDS = Object.keys(CLASS_NAMES) as Constraint['kind'][];

const FITTING_TYPES: { readonly [kind in Constraint['kind']]: readonly ConstrainedType[] } = {
  modulo: ['number'],
  range: ['number'],
  length: ['string', 'list', 'map'],
  allowed_values: ['string', 'number', 'boolean', 'list'],
  allowed_pattern: ['string'],
  custom_constraint: ['string', 'number', 'boolean', 'list'],
};

/**
 * One item of a list of constraints, as HOT writes it: `{range: {min: 1}, description: ...}`. `hasModulo`: the version of
 * HOT has the constraint `modulo`. Throws InvalidSchemaError, with Heat's first lines.
 */
export function parseConstraint(data: Json, hasModulo: boolean): Constraint {
  if (!isJsonObject(data)) {
    throw invalid('Invalid parameter constraints, expected a mapping', 'A constraint has a kind and its limits.');
  }
  const keys = ['description', ...CONSTRAINT_KINDS];
  for (const key of Object.keys(data)) {
    if (keys.includes(key)) continue;
    throw invalid(
      `Invalid key '${key}' for parameter constraints`,
      'There is no such constraint.',
      `${suggest(key, keys)}There are ${listNames(CONSTRAINT_KINDS)}.`,
    );
  }
  const kind = CONSTRAINT_KINDS.find(
    (candidate) => Object.hasOwn(data, candidate) && (candidate !== 'modulo' || hasModulo),
  );
  if (kind === undefined) {
    throw Object.hasOwn(data, 'modulo')
      ? invalid('No constraint expressed', "'modulo' is known since 2017-02-24.", 'Use a newer heat_template_version.')
      : invalid('No constraint expressed', `It has none of ${listNames(CONSTRAINT_KINDS)}.`);
  }
  const description =
    data.description === undefined || data.description === null ? undefined : pythonText(data.description);
  return { description, ...parseKind(kind, data[kind] as Json) } as Constraint;
}

/** Throws InvalidSchemaError when the constraint says nothing about values of this type; `typeName` is what HOT calls it. */
export function checkConstraintType(constraint: Constraint, type: ConstrainedType, typeName: string): void {
  if (FITTING_TYPES[constraint.kind].includes(type)) return;
  throw invalid(
    `${CLASS_NAMES[constraint.kind]} constraint invalid for ${typeName}`,
    `A ${constraint.kind} constrains values of the types ${FITTING_TYPES[constraint.kind].join(', ')}.`,
    'Remove the constraint, or change the type.',
  );
}

/**
 * What is wrong with the value, which is converted to `type` already; undefined when it follows the constraint. The text
 * is the constraint's description if it has one, else Heat's.
 */
export function constraintViolation(
  constraint: Constraint,
  type: ConstrainedType,
  value: Json,
  options: ViolationOptions = {},
): string | undefined {
  const shown = (text: string): string => (options.isSecret === true ? '******' : text);
  const message = violationMessage(constraint, type, value, options, shown);
  return message === undefined ? undefined : (constraint.description ?? message);
}

/** What a value has to be, for people: `The value must be in the range 1 to 5.` */
export function describeConstraint(constraint: Constraint): string {
  switch (constraint.kind) {
    case 'length':
      return describeLimits('length', constraint);
    case 'range':
      return describeLimits('value', constraint);
    case 'modulo':
      return `The value must be a multiple of ${constraint.step} with an offset of ${constraint.offset}.`;
    case 'allowed_values':
      return `Allowed values: ${constraint.allowed.map(pythonJson).join(', ')}`;
    case 'allowed_pattern':
      return `Value must match pattern: ${constraint.pattern}`;
    case 'custom_constraint':
      return `Value must be of type ${constraint.name}`;
    default:
      return constraint satisfies never;
  }
}

// --- parsing ---

function parseKind(kind: Constraint['kind'], data: Json): object {
  switch (kind) {
    case 'length':
    case 'range':
      return { kind, ...parseLimits(kind, data) };
    case 'modulo':
      return { kind, ...parseModulo(data) };
    case 'allowed_values':
      if (!Array.isArray(data)) throw invalid('AllowedValues must be a list', 'It is the list of all values.');
      return { kind, allowed: data };
    case 'allowed_pattern':
      if (typeof data !== 'string') throw invalid('AllowedPattern must be a string', 'It is a regular expression.');
      return { kind, pattern: data, compiled: compilePattern(data) };
    case 'custom_constraint':
      return { kind, name: pythonText(data) };
    default:
      return kind satisfies never;
  }
}

function parseLimits(kind: 'length' | 'range', data: Json): { min: number | undefined; max: number | undefined } {
  const limits = checkKeys(data, ['min', 'max'], `${kind} constraint`);
  const min = parseNumber(limits.min);
  const max = parseNumber(limits.max);
  if (min === undefined && max === undefined) {
    const what = `A ${kind} constraint must have a min value and/or a max value specified.`;
    throw invalid(what, 'Without them every value is allowed.', `Write for example {${kind}: {min: 1}}.`);
  }
  if (kind === 'length' && ![min, max].every((limit) => limit === undefined || Number.isInteger(limit))) {
    throw invalid('min/max length must be integral', 'A length is counted.');
  }
  return { min, max };
}

function parseModulo(data: Json): { step: number; offset: number } {
  const { step: givenStep, offset: givenOffset } = checkKeys(data, ['step', 'offset'], 'modulo constraint');
  const step = parseNumber(givenStep);
  const offset = parseNumber(givenOffset);
  if (step === undefined || offset === undefined) {
    throw invalid(
      'A modulo constraint must have a step value and an offset value specified.',
      'A value is right when it is offset plus a multiple of step.',
      'Write for example {modulo: {step: 2, offset: 0}} for even numbers.',
    );
  }
  if (!Number.isInteger(step) || !Number.isInteger(offset)) {
    throw invalid('step/offset must be integer', 'Multiples are counted.');
  }
  if (step === 0) throw invalid('step cannot be 0.', 'Nothing is a multiple of 0 but 0.');
  if (Math.abs(offset) >= Math.abs(step)) {
    throw invalid(
      'offset must be smaller (by absolute value) than step.',
      'No remainder of a division by the step is that large.',
    );
  }
  if (step * offset < 0) {
    throw invalid('step and offset must be both positive or both negative.', 'A remainder has the sign of the step.');
  }
  return { step, offset };
}

function checkKeys(data: Json, keys: readonly string[], entity: string): JsonObject {
  if (!isJsonObject(data)) throw invalid(`Invalid ${entity}, expected a mapping`, `It has ${listNames(keys)}.`);
  for (const key of Object.keys(data)) {
    if (keys.includes(key)) continue;
    throw invalid(
      `Invalid key '${key}' for ${entity}`,
      `It has ${listNames(keys)} and nothing else.`,
      `${suggest(key, keys)}Remove the key.`,
    );
  }
  return data;
}

function parseNumber(value: Json | undefined): number | undefined {
  if (value === undefined || value === null) return undefined;
  const number =
    typeof value === 'string' ? parsePythonNumber(value) : typeof value === 'object' ? undefined : Number(value);
  if (number === undefined) {
    throw invalid(`could not convert string to float: '${pythonText(value)}'`, 'The limit is no number.');
  }
  return number;
}

function invalid(
  what: string,
  why: string,
  fix = 'See the section about parameters in the guide to HOT.',
): InvalidSchemaError {
  return new InvalidSchemaError({ what, why, fix });
}

// --- checking ---

function violationMessage(
  constraint: Constraint,
  type: ConstrainedType,
  value: Json,
  options: ViolationOptions,
  shown: (text: string) => string,
): string | undefined {
  switch (constraint.kind) {
    case 'length': {
      const length = lengthOf(value);
      return isWithin(length, constraint)
        ? undefined
        : `length (${length}) is out of range (${printLimits(constraint)})`;
    }
    case 'range':
      return isWithin(Number(value), constraint)
        ? undefined
        : `${shown(pythonText(value))} is out of range (${printLimits(constraint)})`;
    case 'modulo': {
      const { step, offset } = constraint;
      // Python's remainder has the sign of the divisor.
      const remainder = ((Number(value) % step) + step) % step;
      return remainder === offset
        ? undefined
        : `${shown(pythonText(value))} is not a multiple of ${step} with an offset of ${offset}`;
    }
    case 'allowed_values':
      return isAllowed(value, type, constraint.allowed)
        ? undefined
        : `${shown(pythonJson(value))} is not an allowed value [${constraint.allowed.map(pythonJson).join(', ')}]`;
    case 'allowed_pattern':
      return constraint.compiled.matches(String(value))
        ? undefined
        : `"${shown(String(value))}" does not match pattern "${constraint.pattern}"`;
    case 'custom_constraint':
      return customViolation(constraint.name, value, options);
    default:
      return constraint satisfies never;
  }
}

/**
 * What is wrong with the value under the custom constraint of that name, in the words of CustomConstraint and
 * BaseCustomConstraint in heat/engine/constraints.py; undefined when nothing is.
 */
export function customViolation(
  name: string,
  value: Json,
  { customConstraints = {}, isSecret = false }: ViolationOptions,
): string | undefined {
  const check = Object.hasOwn(customConstraints, name) ? customConstraints[name] : undefined;
  const shown = isSecret ? '******' : pythonText(value);
  if (check === undefined) return `"${shown}" does not validate ${name} (constraint not found)`;
  const outcome = outcomeOf(check, value);
  if (outcome === true) return undefined;
  if (outcome === false) return `"${shown}" does not validate ${name}`;
  // The reason may quote the value.
  return isSecret || outcome === ''
    ? `Error validating value '${shown}'`
    : `Error validating value '${shown}': ${outcome}`;
}

/** What a plug-in throws may quote the value, so it must not get past the masking of secrets. */
function outcomeOf(check: (value: Json) => boolean | string, value: Json): boolean | string {
  try {
    return check(value);
  } catch (error) {
    return messageOf(error);
  }
}

interface Limits {
  readonly min: number | undefined;
  readonly max: number | undefined;
}

function isWithin(number: number, { min, max }: Limits): boolean {
  return (min === undefined || number >= min) && (max === undefined || number <= max);
}

function printLimits({ min, max }: Limits): string {
  return `min: ${min ?? 'None'}, max: ${max ?? 'None'}`;
}

function describeLimits(noun: string, { min, max }: Limits): string {
  if (max === undefined) return `The ${noun} must be at least ${min}.`;
  if (min === undefined) return `The ${noun} must be no greater than ${max}.`;
  return `The ${noun} must be in the range ${min} to ${max}.`;
}

function lengthOf(value: Json): number {
  if (typeof value === 'string') return pythonLength(value);
  if (typeof value !== 'object' || value === null) return pythonLength(pythonText(value));
  return Array.isArray(value) ? value.length : Object.keys(value).length;
}

/** A list is right when each item is. Other values are compared after both were converted to the type. */
function isAllowed(value: Json, type: ConstrainedType, allowed: readonly Json[]): boolean {
  if (Array.isArray(value)) {
    // Both may be long, so scalars are looked up.
    const scalars = new Set(allowed.map(scalarKey));
    return value.every((item: Json) =>
      typeof item === 'object'
        ? allowed.some((candidate) => equalsInPython(item, candidate))
        : scalars.has(scalarKey(item)),
    );
  }
  return allowed.some((candidate) => equalsInPython(value, convertAllowed(candidate, type)));
}

/** Equal for scalars that Python takes for equal; undefined for others. */
function scalarKey(value: Json): string | number | undefined {
  if (typeof value === 'object') return undefined;
  return typeof value === 'string' ? value : Number(value);
}

function convertAllowed(candidate: Json, type: ConstrainedType): Json {
  if (type === 'string') return pythonText(candidate);
  if (type === 'number' && typeof candidate === 'string') return parsePythonNumber(candidate) ?? candidate;
  if (type === 'boolean') return parseBoolean(candidate) ?? candidate;
  return candidate;
}

const TRUE_TEXTS = ['1', 't', 'true', 'on', 'y', 'yes'];
const FALSE_TEXTS = ['0', 'f', 'false', 'off', 'n', 'no'];

/** The texts that oslo.utils takes for booleans, in the order of its message. */
export const BOOLEAN_TEXTS: readonly string[] = [...TRUE_TEXTS, ...FALSE_TEXTS].sort();

/** The boolean that a value stands for, by oslo.utils' strutils.bool_from_string; undefined for others. */
export function parseBoolean(value: Json): boolean | undefined {
  if (typeof value === 'boolean') return value;
  const text = pythonText(value).trim().toLowerCase();
  if (TRUE_TEXTS.includes(text)) return true;
  return FALSE_TEXTS.includes(text) ? false : undefined;
}
