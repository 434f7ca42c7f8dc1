import { ENVIRONMENT_SECTIONS } from '../../src/template/environment.ts';
import type { JsonObject } from '../../src/values.ts';
import { described, orEmpty } from './json-schema.ts';

type Section = keyof typeof ENVIRONMENT_SECTIONS;

const DESCRIPTIONS: { readonly [section in Section]: string } = {
  parameters: "Values of the template's parameters, by name.",
  parameter_defaults: 'Values for parameters that are given none, whatever template declares them.',
  resource_registry: 'What names of types stand for: other types, or templates.',
  encrypted_param_names: 'Names of parameters whose values are encrypted.',
  event_sinks: 'Where events are sent.',
  parameter_merge_strategies:
    'How values of several environments are combined: overwrite, for a parameter or by default.',
};

/** A schema of environments, made from the table of their sections. */
export function environmentSchema(): JsonObject {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'HOT environment',
    type: ['object', 'null'],
    additionalProperties: false,
    properties: Object.fromEntries(
      (Object.keys(ENVIRONMENT_SECTIONS) as Section[]).map((name) => [
        name,
        described(DESCRIPTIONS[name], sectionSchema(name)),
      ]),
    ),
  };
}

function sectionSchema(name: Section): JsonObject {
  if (name === 'resource_registry') {
    return { type: 'object', additionalProperties: { type: ['string', 'null', 'object'] } };
  }
  const type = ENVIRONMENT_SECTIONS[name] === 'map' ? 'object' : 'array';
  // Empty sections count as left out, but null is nearly always a mistake of indentation.
  const { anyOf } = orEmpty({ type }) as { readonly anyOf: readonly [JsonObject, { readonly enum: readonly [] }] };
  return { anyOf: [anyOf[0], { enum: anyOf[1].enum.filter((value) => value !== null) }] };
}
