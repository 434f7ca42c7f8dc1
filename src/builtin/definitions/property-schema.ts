import type { Schema } from '../../resource/resource-type.ts';
import type { ConstraintDefinition, PropertyDefinition } from './definition.ts';

type Keywords = { [keyword: string]: unknown };

/** The names that Heat gives to the types of JSON. */
export const JSON_TYPES = {
  string: { type: 'string' },
  number: { type: 'number' },
  integer: { type: 'integer' },
  boolean: { type: 'boolean' },
  list: { type: 'array' },
  map: { type: 'object' },
  any: {},
} as const;

/** The JSON Schema of a property. */
export function propertySchema(definition: PropertyDefinition): Schema {
  const keywords: Keywords = { ...JSON_TYPES[definition.type], ...childKeywords(definition) };
  if (definition.default !== undefined) keywords.default = definition.default;
  if (definition.update_allowed === true) keywords.updateAllowed = true;
  for (const constraint of definition.constraints ?? []) addConstraint(keywords, definition.type, constraint);
  const custom = (definition.constraints ?? []).flatMap(({ custom_constraint: name }) => name ?? []);
  if (custom.length > 0) keywords.customConstraints = custom;
  return keywords as Schema;
}

/** The names of those that have to be given. */
export function requiredNames(definitions: { readonly [name: string]: PropertyDefinition }): string[] {
  return Object.keys(definitions).filter((name) => definitions[name]?.required === true);
}

function childKeywords({ type, schema }: PropertyDefinition): Keywords {
  if (schema === undefined) return {};
  if (type === 'list') return schema['*'] === undefined ? {} : { items: propertySchema(schema['*']) };
  const properties = Object.entries(schema).map(([key, child]) => [key, propertySchema(child)]);
  return {
    properties: Object.fromEntries(properties),
    required: requiredNames(schema),
    additionalProperties: false,
  };
}

function addConstraint(keywords: Keywords, type: PropertyDefinition['type'], constraint: ConstraintDefinition): void {
  const { allowed_values: values, allowed_pattern: pattern, length, range, modulo } = constraint;
  if (values !== undefined) {
    // Heat compares the items of a list, not the list.
    if (type === 'list') keywords.items = { ...(keywords.items as Keywords | undefined), enum: values };
    else keywords.enum = values;
  }
  // Heat asks for a match of the whole text.
  if (pattern !== undefined) keywords.pattern = `^(?:${pattern})$`;
  if (length !== undefined) addBounds(keywords, lengthKeywords(type), length.min, length.max);
  if (range !== undefined) addBounds(keywords, ['minimum', 'maximum'], range.min, range.max);
  // JSON Schema has no word for an offset.
  if (modulo?.offset === 0) keywords.multipleOf = modulo.step;
}

function lengthKeywords(type: PropertyDefinition['type']): readonly [min: string, max: string] {
  if (type === 'list') return ['minItems', 'maxItems'];
  return type === 'map' ? ['minProperties', 'maxProperties'] : ['minLength', 'maxLength'];
}

function addBounds(
  keywords: Keywords,
  [minName, maxName]: readonly [string, string],
  min: number | undefined,
  max: number | undefined,
): void {
  if (min !== undefined) keywords[minName] = min;
  if (max !== undefined) keywords[maxName] = max;
}
