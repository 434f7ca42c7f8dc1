import type { TemplateVersion } from '../../src/template/version.ts';
import type { JsonObject } from '../../src/values.ts';
import { expressionSchema } from './expression-schema.ts';
import { described, type JsonSchema, namedMap, orEmpty, ref } from './json-schema.ts';
import { constraintSchema, parameterSchema } from './parameter-schema.ts';

const CONDITION_OR_NAME = ['string', 'boolean', 'object'];

const TEXT = { type: 'string' };

const NAMES = { type: 'array', items: TEXT };

/**
 * A schema of the templates of one version, made from what the version table says of it. It is never stricter than the
 * engine, and cannot be as strict: that a name is declared, for instance, no schema can say.
 */
export function templateSchema(version: TemplateVersion): JsonObject {
  const sections = sectionSchemas(version);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: `HOT template, version ${[version.name, ...version.aliases].join(' or ')}`,
    type: 'object',
    required: ['heat_template_version'],
    additionalProperties: false,
    properties: Object.fromEntries([...version.sections].map((section) => [section, sections[section] ?? true])),
    definitions: definitions(version),
  };
}

function sectionSchemas(version: TemplateVersion): { readonly [section: string]: JsonSchema } {
  const map = (description: string, definition: string, nameRule?: JsonObject): JsonSchema =>
    described(description, orEmpty(namedMap(ref(definition), nameRule)));
  return {
    heat_template_version: described('The version of HOT that the template is written in.', {
      enum: [version.name, ...version.aliases],
    }),
    description: described('What the template is for.'),
    parameter_groups: described('Which parameters a client shows together, and in which order.', {
      ...orEmpty({ type: 'array', items: ref('parameterGroup') }),
    }),
    parameters: map('What may differ between stacks of this template, by name.', 'parameter'),
    conditions: described('Conditions by name: true, false, or a function such as equals.', {
      ...namedMap({ allOf: [{ type: ['boolean', 'object'] }, ref('condition')] }),
    }),
    resources: map('What the stack is made of, by name.', 'resource', { pattern: '^[^/]*$' }),
    outputs: map('What the stack tells when it is there, by name.', 'output'),
    moved: described('Resources that had other names before: an update keeps what they are.', {
      type: ['array', 'null'],
      items: {
        type: 'object',
        required: ['from', 'to'],
        additionalProperties: false,
        properties: { from: TEXT, to: TEXT },
      },
    }),
  };
}

function definitions(version: TemplateVersion): JsonObject {
  const hasConditions = version.sections.has('conditions');
  return {
    parameterGroup: {
      type: 'object',
      required: ['parameters'],
      properties: {
        label: described("The group's name for people."),
        description: described('What the parameters have in common.'),
        parameters: described('The names of the parameters.', { ...NAMES, uniqueItems: true }),
      },
    },
    parameter: parameterSchema(version),
    constraint: constraintSchema(version),
    resource: resourceSchema(version),
    ...(version.resourceSections.has('outputs') ? { declaredOutput: declaredOutputSchema() } : {}),
    output: {
      type: 'object',
      required: ['value'],
      properties: {
        description: described('What the value means.'),
        value: { description: 'The value, once everything that it refers to is there.', allOf: [ref('expression')] },
        ...(hasConditions ? { condition: conditionSchema('the output is there', ['null']) } : {}),
      },
    },
    ...(hasConditions ? { condition: expressionSchema(version.conditionFunctions, 'condition') } : {}),
    expression: expressionSchema(version.functions, 'expression'),
  };
}

function conditionSchema(when: string, moreTypes: readonly string[] = []): JsonSchema {
  return {
    description: `When ${when}: the name of a condition, or a function such as equals.`,
    type: [...CONDITION_OR_NAME, ...moreTypes],
    allOf: [ref('condition')],
  };
}

function resourceSchema(version: TemplateVersion): JsonObject {
  const expressions = (description: string): JsonSchema =>
    described(description, { type: 'object', additionalProperties: ref('expression') });
  const wholeOrParts = (description: string): JsonSchema => ({
    description,
    type: 'object',
    allOf: [ref('expression')],
  });
  const sections: { readonly [section: string]: JsonSchema } = {
    type: described('What kind of thing it is, such as OS::Heat::Value.', TEXT),
    properties: expressions('What the thing is to be like; which keys there are depends on the type.'),
    metadata: wholeOrParts('Data that goes with the resource.'),
    depends_on: described('The resources that have to be there first, besides those that it refers to.', {
      anyOf: [TEXT, NAMES],
    }),
    deletion_policy: described('What happens to the thing when the resource leaves the stack.'),
    update_policy: wholeOrParts('How updates are carried out.'),
    description: described('What the resource is for.', TEXT),
    external_id: {
      description: 'The id of a thing that is there already: it is neither made nor deleted.',
      type: ['string', 'object'],
      allOf: [ref('expression')],
    },
    condition: conditionSchema('the resource is there'),
    inputs: expressions('Values that the handler or script reads while it runs, by the name it reads them by.'),
    timeout: {
      description: 'How many seconds the handler may work; time in which it waits for others does not count.',
      type: ['number', 'string', 'object', 'null'],
      allOf: [ref('expression')],
    },
    outputs: described('Attributes that the handler or script writes, besides those of the type.', {
      ...namedMap(ref('declaredOutput')),
    }),
  };
  const policy = { anyOf: [{ enum: [...version.deletionPolicies.keys()] }, { type: 'object', ...expressionRef() }] };
  return {
    type: 'object',
    required: ['type'],
    additionalProperties: false,
    properties: Object.fromEntries(
      [...version.resourceSections].map((section) => [section, sections[section] ?? true]),
    ),
    // Nothing is deleted that has an external_id, and its policy is not looked at.
    ...(version.resourceSections.has('external_id')
      ? { if: { not: { required: ['external_id'] } }, then: { properties: { deletion_policy: policy } } }
      : { allOf: [{ properties: { deletion_policy: policy } }] }),
  };
}

function expressionRef(): JsonObject {
  return { allOf: [ref('expression')] };
}

function declaredOutputSchema(): JsonObject {
  return {
    type: ['object', 'null'],
    additionalProperties: false,
    properties: {
      schema: described('A JSON Schema of its values.', { type: 'object' }),
      needs: described('The inputs it needs: properties and names of the section inputs. All when left out.', NAMES),
      description: described('What the value means.', TEXT),
      secret: described('Encrypted in the store when there is a key, and masked wherever it is not asked for.', {
        type: 'boolean',
      }),
      ephemeral: described('A secret that is never stored.', { type: 'boolean' }),
    },
  };
}
