import { CONSTRAINT_KINDS, type Constraint } from '../../src/template/constraints.ts';
import { PARAMETER_TYPES } from '../../src/template/parameters.ts';
import type { TemplateVersion } from '../../src/template/version.ts';
import { described, type JsonSchema, ref } from './json-schema.ts';

const PARAMETER_KEYS: { readonly [key: string]: JsonSchema } = {
  type: described('What values it takes.', { enum: PARAMETER_TYPES }),
  description: described('What it is for, told to whoever gives a value.'),
  default: described('The value when none is given.'),
  label: described('Its name for people.'),
  hidden: described('Whether its value is kept out of everything that people see.'),
  ephemeral: described('Whether its value is besides never stored, not even encrypted.', { type: 'boolean' }),
  immutable: described('Whether an update may not change it.'),
  schema: described('The form of a value of type json.'),
  tags: described('Words to find it by.', { type: 'array' }),
};

/** One parameter of the section `parameters`. */
export function parameterSchema(version: TemplateVersion): JsonSchema {
  const constraints = described('Rules that values have to follow.', {
    type: ['array', 'null'],
    items: ref('constraint'),
  });
  const keys = [...version.parameterKeys].map((key) => [
    key,
    key === 'constraints' ? constraints : (PARAMETER_KEYS[key] ?? true),
  ]);
  return { type: 'object', required: ['type'], additionalProperties: false, properties: Object.fromEntries(keys) };
}

const LIMIT = { type: ['number', 'string', 'boolean', 'null'] };

const limits = (description: string, keys: readonly string[], required: readonly string[]): JsonSchema =>
  described(description, {
    type: 'object',
    additionalProperties: false,
    minProperties: 1,
    ...(required.length === 0 ? {} : { required }),
    properties: Object.fromEntries(keys.map((key) => [key, LIMIT])),
  });

const CONSTRAINTS: { readonly [kind in Constraint['kind']]: JsonSchema } = {
  modulo: limits('Numbers in steps, from an offset on.', ['step', 'offset'], ['step', 'offset']),
  range: limits('The least and the greatest number.', ['min', 'max'], []),
  length: limits('The least and the greatest length of a text, a list or a map.', ['min', 'max'], []),
  allowed_values: described('All values that are allowed.', { type: 'array' }),
  allowed_pattern: described('A regular expression that the whole text has to match.', { type: 'string' }),
  custom_constraint: described('A rule that the engine was given, by name.'),
};

/** One item of `constraints`. Of several kinds in one item the first counts, and the others are not looked at. */
export function constraintSchema({ hasModulo }: TemplateVersion): JsonSchema {
  const kinds = CONSTRAINT_KINDS.filter((kind) => kind !== 'modulo' || hasModulo);
  const keys = ['description', ...CONSTRAINT_KINDS].map((key) => [key, true] as const);
  const rule = kinds.reduceRight<JsonSchema>(
    (others, kind) => ({
      if: { required: [kind] },
      then: { properties: { [kind]: CONSTRAINTS[kind] } },
      else: others,
    }),
    false,
  );
  return { type: 'object', additionalProperties: false, properties: Object.fromEntries(keys), ...(rule as object) };
}
