import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { messageOf } from '../errors.ts';
import type { Path } from '../source.ts';
import { type Json, sameJson } from '../values.ts';
import { listNames, suggest } from '../wording.ts';

/** Stands for a part of a value that is not known before the run. It fits every schema. */
export const UNKNOWN: unique symbol = Symbol('unknown');

/** JSON in which any node may still be unknown. */
export type PartialJson =
  | typeof UNKNOWN
  | null
  | boolean
  | number
  | string
  | readonly PartialJson[]
  | { readonly [key: string]: PartialJson };

/** Something in a value that its schema forbids. */
export interface Misfit {
  /** From the value that was converted down to the node. */
  readonly path: Path;
  /** The node to show when it is another one: a key that should not be there. */
  readonly at?: Path;
  /** Heat's own words where Heat has the error. */
  readonly what: string;
  readonly why: string;
  readonly fix: string;
}

/** Converts a value to what its schema asks for; adds to `misfits` what cannot be converted, and returns that as it is. */
export type Convert = (value: PartialJson, path: Path, misfits: Misfit[]) => PartialJson;

/** A schema that contradicts itself or that is no JSON Schema; `message` is one sentence. */
export class SchemaProblem extends Error {}

/**
 * Compiles a JSON Schema (draft 7) to a conversion by Heat's rules (heat/engine/properties.py): a text from a boolean or
 * an integer, a number or integer from a text, a boolean from `true` and `false` in any case; `null` becomes the default
 * or else the empty value of the schema's type, unless the schema has no type or allows null; defaults are filled in at
 * every depth. A list is not read from a text with commas, nor a map from JSON text, since Heat does neither.
 *
 * The conversion follows `type`, `items`, `properties` and `additionalProperties`. Schemas that also use anyOf, $ref and
 * the like are checked by ajv after it; ajv compiles them at once, so that a bad schema is found here. With `isStrict`
 * nothing is converted or filled in, only checked. Throws SchemaProblem. Values that need no change are returned as
 * they are, not copied.
 */
export function compileSchema(schema: unknown, isStrict = false): Convert {
  const convert = compileNode(schema, isStrict);
  if (isPlainSchema(schema)) return convert;
  const validate = compileByAjv(schema as object);
  return (value, path, misfits) => {
    const before = misfits.length;
    const converted = convert(value, path, misfits);
    if (misfits.length > before || isPartlyUnknown(converted) || validate(converted)) return converted;
    for (const error of validate.errors ?? []) misfits.push(describeAjvError(error, path));
    return converted;
  };
}

/** True when a part of the value is not known before the run. */
export function isPartlyUnknown(value: PartialJson | undefined): boolean {
  if (value === UNKNOWN) return true;
  if (typeof value !== 'object' || value === null) return false;
  return Array.isArray(value) ? value.some(isPartlyUnknown) : Object.values(value).some(isPartlyUnknown);
}

// --- one node of a schema ---

type TypeName = 'string' | 'integer' | 'number' | 'boolean' | 'object' | 'array' | 'null';

interface SchemaNode {
  readonly [keyword: string]: unknown;
}

const TYPE_TESTS: { readonly [T in TypeName]: (value: PartialJson) => boolean } = {
  string: (value) => typeof value === 'string',
  integer: (value) => Number.isInteger(value),
  number: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  array: (value) => Array.isArray(value),
  null: (value) => value === null,
};

const TYPE_WORDS: { readonly [T in TypeName]: string } = {
  string: 'a string',
  integer: 'an integer',
  number: 'a number',
  boolean: 'a boolean',
  object: 'a map',
  array: 'a list',
  null: 'null',
};

const EMPTY_VALUES: { readonly [T in TypeName]: Json } = {
  string: '',
  integer: 0,
  number: 0,
  boolean: false,
  object: Object.freeze({}),
  array: Object.freeze([]),
  null: null,
};

function compileNode(schema: unknown, isStrict: boolean): Convert {
  // `false` allows nothing; ajv says so.
  if (typeof schema === 'boolean') return (value) => value;
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) {
    throw new SchemaProblem(`A schema is a mapping, true or false, and not ${printValue(schema as Json)}.`);
  }
  const node = schema as SchemaNode;
  checkKeywords(node);
  const types = typesOf(node);
  const toType = compileTypes(node, types, isStrict);
  const constraints = compileConstraints(node);
  const replacement = isStrict ? null : nullReplacement(node, types);
  const convert: Convert = (value, path, misfits) => {
    if (value === UNKNOWN) return value;
    const before = misfits.length;
    const converted = toType(value === null ? replacement : value, path, misfits);
    if (misfits.length === before) for (const constraint of constraints) constraint(converted, path, misfits);
    return converted;
  };
  checkDefault(node, convert);
  return convert;
}

function typesOf(node: SchemaNode): readonly TypeName[] {
  const { type } = node;
  const types = type === undefined ? [] : Array.isArray(type) ? type : [type];
  for (const name of types) if (!Object.hasOwn(TYPE_TESTS, name)) throw unknownType(name);
  return types as TypeName[];
}

function unknownType(name: unknown): SchemaProblem {
  return new SchemaProblem(
    `${printValue(name as Json)} is no type; a type is one of ${listNames(Object.keys(TYPE_TESTS))}.`,
  );
}

function nullReplacement(node: SchemaNode, types: readonly TypeName[]): Json {
  if (node.default !== undefined) return node.default as Json;
  return types.length === 0 || types.includes('null') ? null : EMPTY_VALUES[types[0] as TypeName];
}

function checkDefault(node: SchemaNode, convert: Convert): void {
  if (node.default === undefined) return;
  const misfits: Misfit[] = [];
  convert(node.default as Json, [], misfits);
  if (misfits[0] === undefined) return;
  throw new SchemaProblem(`Invalid default ${printValue(node.default as Json)} (${misfits[0].what}).`);
}

function compileTypes(node: SchemaNode, types: readonly TypeName[], isStrict: boolean): Convert {
  const intoMap = compileMap(node, isStrict);
  const intoList = compileList(node, isStrict);
  const inside: Convert = (value, path, misfits) => {
    if (typeof value !== 'object' || value === null) return value;
    return Array.isArray(value) ? intoList(value, path, misfits) : intoMap(value, path, misfits);
  };
  if (types.length === 0) return inside;
  return (value, path, misfits) => {
    for (const type of types) if (TYPE_TESTS[type](value)) return inside(value, path, misfits);
    for (const type of isStrict ? [] : types) {
      const converted = CONVERSIONS[type](value);
      if (converted !== undefined) return converted;
    }
    misfits.push({
      path,
      what: MISFITS[types[0] as TypeName](value),
      why: `The value is ${describeKind(value)}.`,
      fix: `Give ${types.map((type) => TYPE_WORDS[type]).join(' or ')}.`,
    });
    return value;
  };
}

/** What a value of another type becomes; undefined when it cannot be converted. */
const CONVERSIONS: { readonly [T in TypeName]: (value: PartialJson) => Json | undefined } = {
  // Python's str(): Heat's templates see 'True' and '3', and no text is made from a fraction.
  string(value) {
    if (typeof value === 'boolean') return value ? 'True' : 'False';
    return Number.isInteger(value) ? String(value) : undefined;
  },
  // Python's int(): a text must be an integer, a fraction loses its digits.
  integer(value) {
    if (typeof value === 'boolean') return value ? 1 : 0;
    // Python has one zero; Math.trunc(-0.5) would be the other one.
    if (typeof value === 'number') return Math.trunc(value) + 0;
    return typeof value === 'string' && INTEGER_TEXT.test(value) ? numberFrom(value) : undefined;
  },
  number(value) {
    if (typeof value === 'boolean') return value ? 1 : 0;
    return typeof value === 'string' && NUMBER_TEXT.test(value) ? numberFrom(value) : undefined;
  },
  boolean(value) {
    const text = typeof value === 'string' ? value.toLowerCase() : undefined;
    return text === 'true' ? true : text === 'false' ? false : undefined;
  },
  object: () => undefined,
  array: () => undefined,
  null: () => undefined,
};

const INTEGER_TEXT = /^\s*[+-]?\d+(?:_\d+)*\s*$/;
const NUMBER_TEXT = /^\s*[+-]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:[eE][+-]?\d+)?\s*$/;

/** Undefined for one that is too large to be finite, which JSON cannot express. */
function numberFrom(text: string): number | undefined {
  const number = Number(text.replaceAll('_', ''));
  return Number.isFinite(number) ? number : undefined;
}

/** Heat's lines. */
const MISFITS: { readonly [T in TypeName]: (value: PartialJson) => string } = {
  string: (value) => `Value must be a string; got ${printValue(value)}`,
  integer: (value) => `Value '${printText(value)}' is not an integer`,
  number: (value) =>
    typeof value === 'string'
      ? `could not convert string to float: '${printText(value)}'`
      : `Value '${printValue(value)}' is not a number`,
  boolean: (value) => `"${printText(value)}" is not a valid boolean`,
  object: (value) => `"${printText(value)}" is not a map`,
  array: (value) => `"${printText(value)}" is not a list`,
  null: (value) => `"${printText(value)}" is not null`,
};

function compileMap(node: SchemaNode, isStrict: boolean): Convert {
  const children = Object.entries(childSchemas(node.properties));
  const known = new Map(children.map(([key, child]) => [key, compileNode(child, isStrict)]));
  const defaults = isStrict ? [] : children.filter(([, child]) => defaultOf(child) !== undefined);
  const required = (node.required ?? []) as readonly string[];
  const isClosed = node.additionalProperties === false;
  const others = isMapping(node.additionalProperties) ? compileNode(node.additionalProperties, isStrict) : undefined;
  if (known.size === 0 && required.length === 0 && !isClosed && others === undefined) return (value) => value;
  return (value, path, misfits) => {
    const given = value as { readonly [key: string]: PartialJson };
    const converted = new Map<string, PartialJson>();
    let isChanged = false;
    for (const [key, item] of Object.entries(given)) {
      const convert = known.get(key) ?? others;
      if (convert === undefined && isClosed) misfits.push(unknownKey(key, path, [...known.keys()]));
      const result = convert === undefined ? item : convert(item, [...path, key], misfits);
      if (result !== item) isChanged = true;
      converted.set(key, result);
    }
    for (const [key, child] of defaults) {
      if (converted.has(key)) continue;
      converted.set(key, (known.get(key) as Convert)(defaultOf(child) as Json, [...path, key], misfits));
      isChanged = true;
    }
    for (const key of required) if (!converted.has(key)) misfits.push(missingKey(key, path));
    return isChanged ? Object.fromEntries(converted) : value;
  };
}

/** The default that a schema states; undefined when it states none. */
export function defaultOf(schema: unknown): Json | undefined {
  return isMapping(schema) ? ((schema as SchemaNode).default as Json | undefined) : undefined;
}

function compileList(node: SchemaNode, isStrict: boolean): Convert {
  // A tuple (`items` as a list of schemas) is left to ajv.
  if (node.items === undefined || Array.isArray(node.items)) return (value) => value;
  const convert = compileNode(node.items, isStrict);
  return (value, path, misfits) => {
    const list = value as readonly PartialJson[];
    const converted = list.map((item, index) => convert(item, [...path, index], misfits));
    return converted.some((item, index) => item !== list[index]) ? converted : value;
  };
}

/** Heat's line for a property that its schema does not have. */
export function unknownKey(key: string, path: Path, known: readonly string[]): Misfit {
  return {
    path,
    at: [...path, key],
    what: `Unknown Property ${key}`,
    why: `There is no property '${key}' here.`,
    fix: known.length === 0 ? 'It has none.' : `${suggest(key, known)}The properties are ${listNames(known)}.`,
  };
}

/** Heat's line for a required property that is not given. */
export function missingKey(key: string, path: Path): Misfit {
  return {
    path,
    what: `Property ${key} not assigned`,
    why: `'${key}' is required and has no default.`,
    fix: `Add '${key}'.`,
  };
}

/** None is given of properties of which one has to be. */
export function missingAnyOf(keys: readonly string[], path: Path): Misfit {
  return {
    path,
    what: `None of the properties ${listNames(keys)} is given`,
    why: 'At least one of them is required.',
    fix: 'Add one of them.',
  };
}

// --- constraints ---

type Constraint = (value: PartialJson, path: Path, misfits: Misfit[]) => void;

function compileConstraints(node: SchemaNode): readonly Constraint[] {
  const constraints: Constraint[] = [];
  const { enum: allowed, pattern } = node as { enum?: readonly Json[]; pattern?: string };
  if (allowed !== undefined) constraints.push(allowedValues(allowed));
  if (node.const !== undefined) constraints.push(allowedValues([node.const as Json]));
  const ranges: [min: unknown, max: unknown, isExclusive: boolean][] = [
    [node.minimum, node.maximum, false],
    [node.exclusiveMinimum, node.exclusiveMaximum, true],
  ];
  for (const [min, max, isExclusive] of ranges) {
    if (min !== undefined || max !== undefined) constraints.push(range(min as number, max as number, isExclusive));
  }
  const lengths: [kind: 'string' | 'array' | 'object', min: unknown, max: unknown][] = [
    ['string', node.minLength, node.maxLength],
    ['array', node.minItems, node.maxItems],
    ['object', node.minProperties, node.maxProperties],
  ];
  for (const [kind, min, max] of lengths) {
    if (min !== undefined || max !== undefined) constraints.push(length(kind, min as number, max as number));
  }
  if (pattern !== undefined) constraints.push(matches(pattern));
  return constraints;
}

function allowedValues(choices: readonly Json[]): Constraint {
  return (value, path, misfits) => {
    if (isPartlyUnknown(value) || choices.some((choice) => sameJson(choice, value as Json))) return;
    misfits.push({
      path,
      what: `${printValue(value)} is not an allowed value [${choices.map(printValue).join(', ')}]`,
      why: `Only ${choices.length === 1 ? 'one value is' : `${choices.length} values are`} allowed here.`,
      fix:
        typeof value === 'string'
          ? `${suggest(
              value,
              choices.filter((choice) => typeof choice === 'string'),
            )}Give one of these values.`
          : 'Give one of these values.',
    });
  };
}

function range(min: number | undefined, max: number | undefined, isExclusive: boolean): Constraint {
  const rule = describeBounds(min, max, isExclusive);
  return (value, path, misfits) => {
    if (typeof value !== 'number') return;
    const isInside = value >= (min ?? Number.NEGATIVE_INFINITY) && value <= (max ?? Number.POSITIVE_INFINITY);
    if (isInside && !(isExclusive && (value === min || value === max))) return;
    misfits.push({
      path,
      what: `${value} is out of range (min: ${min ?? 'None'}, max: ${max ?? 'None'})`,
      why: `The value must be ${rule}.`,
      fix: `Give a number that is ${rule}.`,
    });
  };
}

function describeBounds(min: number | undefined, max: number | undefined, isExclusive: boolean): string {
  const above = min === undefined ? [] : [`${isExclusive ? 'greater than' : 'at least'} ${min}`];
  const below = max === undefined ? [] : [`${isExclusive ? 'less than' : 'at most'} ${max}`];
  return [...above, ...below].join(' and ');
}

function length(kind: 'string' | 'array' | 'object', min: number | undefined, max: number | undefined): Constraint {
  const unit = kind === 'string' ? 'characters' : kind === 'array' ? 'items' : 'keys';
  const rule = describeBounds(min, max, false);
  return (value, path, misfits) => {
    if (value === UNKNOWN || !TYPE_TESTS[kind](value)) return;
    // JSON Schema counts characters, not UTF-16 code units.
    const size =
      typeof value === 'string'
        ? [...value].length
        : Array.isArray(value)
          ? value.length
          : Object.keys(value as object).length;
    if (size >= (min ?? 0) && size <= (max ?? Number.POSITIVE_INFINITY)) return;
    misfits.push({
      path,
      what: `length (${size}) is out of range (min: ${min ?? 'None'}, max: ${max ?? 'None'})`,
      why: `The value must have ${rule} ${unit}.`,
      fix: `Give ${TYPE_WORDS[kind]} of ${rule} ${unit}.`,
    });
  };
}

function matches(pattern: string): Constraint {
  let expression: RegExp;
  try {
    expression = new RegExp(pattern, 'u');
  } catch (error) {
    throw new SchemaProblem(`The pattern ${printValue(pattern)} is no regular expression: ${messageOf(error)}.`);
  }
  return (value, path, misfits) => {
    if (typeof value !== 'string' || expression.test(value)) return;
    misfits.push({
      path,
      what: `"${printText(value)}" does not match pattern "${pattern}"`,
      why: 'The text does not have the form that the property asks for.',
      fix: `Give a text that matches /${pattern}/.`,
    });
  };
}

// --- which schemas need ajv, and whether the others are well-formed ---

const ANNOTATIONS = new Set([
  'default',
  'title',
  'description',
  'examples',
  'format',
  'readOnly',
  'writeOnly',
  'updateAllowed',
  'customConstraints',
  '$comment',
  '$schema',
  '$id',
]);

/** The keywords that are understood here, and the form of their arguments. */
const KEYWORDS: {
  readonly [keyword: string]: { readonly form: string; readonly isFine: (value: unknown) => boolean };
} = {
  type: { form: 'a type or a list of types', isFine: () => true },
  enum: { form: 'a list', isFine: Array.isArray },
  const: { form: 'a value', isFine: () => true },
  ...keywords('a number', Number.isFinite, ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum']),
  ...keywords('a number from 0', (value) => Number.isInteger(value) && (value as number) >= 0, [
    'minLength',
    'maxLength',
    'minItems',
    'maxItems',
    'minProperties',
    'maxProperties',
  ]),
  ...keywords('a text', (value) => typeof value === 'string', ['pattern']),
  ...keywords('a list of names', isNameList, ['required']),
  ...keywords('a mapping', isMapping, ['properties']),
  ...keywords('a schema', (value) => typeof value === 'boolean' || isMapping(value), ['additionalProperties']),
  ...keywords('a schema or a list of schemas', (value) => typeof value === 'object' || typeof value === 'boolean', [
    'items',
  ]),
};

function keywords(form: string, isFine: (value: unknown) => boolean, names: readonly string[]): typeof KEYWORDS {
  return Object.fromEntries(names.map((name) => [name, { form, isFine }]));
}

function isMapping(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNameList(value: unknown): boolean {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}

function checkKeywords(node: SchemaNode): void {
  for (const [keyword, argument] of Object.entries(node)) {
    const rule = Object.hasOwn(KEYWORDS, keyword) ? KEYWORDS[keyword] : undefined;
    if (rule !== undefined && !rule.isFine(argument)) {
      throw new SchemaProblem(`'${keyword}' has to be ${rule.form}, and not ${printValue(argument as Json)}.`);
    }
  }
}

function childSchemas(properties: unknown): { readonly [key: string]: unknown } {
  return (properties ?? {}) as { readonly [key: string]: unknown };
}

/** True when compileNode checks everything that the schema says. */
function isPlainSchema(schema: unknown): boolean {
  if (typeof schema === 'boolean') return schema;
  const node = schema as SchemaNode;
  for (const keyword of Object.keys(node)) {
    if (!Object.hasOwn(KEYWORDS, keyword) && !ANNOTATIONS.has(keyword)) return false;
  }
  if (Array.isArray(node.items)) return false;
  if (node.items !== undefined && !isPlainSchema(node.items)) return false;
  if (isMapping(node.additionalProperties) && !isPlainSchema(node.additionalProperties)) return false;
  return Object.values(childSchemas(node.properties)).every(isPlainSchema);
}

let ajv: Ajv | undefined;

function compileByAjv(schema: object): ValidateFunction {
  if (ajv === undefined) {
    ajv = new Ajv({
      allErrors: true,
      allowUnionTypes: true,
      strictTypes: false,
      strictRequired: false,
      validateFormats: false,
    });
    ajv.addVocabulary(['updateAllowed', 'customConstraints']);
  }
  try {
    const validate = ajv.compile(schema);
    // ajv keeps every schema that it has seen, for ever; a program may make types as it goes.
    ajv.removeSchema(schema);
    return validate;
  } catch (error) {
    throw new SchemaProblem(`It is not a JSON Schema of draft 7: ${messageOf(error)}.`);
  }
}

function describeAjvError(error: ErrorObject, path: Path): Misfit {
  const steps = error.instancePath
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step));
  return {
    path: [...path, ...steps],
    what: `The value ${error.message ?? 'does not fit its schema'}`,
    why: `The schema asks for it by the rule '${error.keyword}'.`,
    fix: 'Give a value for which the rule holds.',
  };
}

// --- wording ---

const PRINTED_AT_MOST = 200;

function printValue(value: PartialJson): string {
  return cut(JSON.stringify(value, (_key, item) => (item === UNKNOWN ? '...' : item)) ?? String(value));
}

function printText(value: PartialJson): string {
  return typeof value === 'string' ? cut(value) : printValue(value);
}

function cut(text: string): string {
  return text.length > PRINTED_AT_MOST ? `${text.slice(0, PRINTED_AT_MOST)}...` : text;
}

function describeKind(value: PartialJson): string {
  if (Array.isArray(value)) return 'a list';
  if (value === null || typeof value !== 'object') return value === null ? 'null' : `a ${typeof value}`;
  return 'a map';
}
