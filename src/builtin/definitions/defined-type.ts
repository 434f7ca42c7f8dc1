import { EntityNotFound } from '../../errors.ts';
import type { PlainHandler } from '../../resource/handler.ts';
import {
  type AttributeDeclarations,
  definePlainType,
  type PlainType,
  type PropertySchemas,
} from '../../resource/resource-type.ts';
import type { Misfit } from '../../resource/schema.ts';
import type { Path } from '../../source.ts';
import type { Json, JsonObject } from '../../values.ts';
import type { PropertyDefinition, TypeDefinition } from './definition.ts';
import { JSON_TYPES, propertySchema, requiredNames } from './property-schema.ts';
import { findRules } from './rules.ts';

/** A handler of a type whose schemas the compiler does not know. */
export type DefinedHandler = PlainHandler<JsonObject, JsonObject>;

/** The resource type that `definition` describes. Without a handler its resources cannot be created. */
export function definedType(name: string, definition: TypeDefinition, handler?: DefinedHandler): PlainType {
  const properties = schemasOf(definition.properties);
  const rules = findRules(name);
  // Heat's attributes are null when the cloud has no value for them.
  const attributes = mapValues(definition.attributes, ({ type }) => ({
    schema: JSON_TYPES[type],
    optional: true,
  })) as AttributeDeclarations;
  return definePlainType<PropertySchemas, AttributeDeclarations, string>({
    name,
    properties,
    required: requiredNames(definition.properties),
    requiresAnyOf: rules?.requiresAnyOf ?? [],
    formerNames: formerNames(definition),
    attributes,
    ...(definition.any_properties === true ? {} : { updatePolicy: schemasOf(definition.update_policy ?? {}) }),
    anyProperties: definition.any_properties === true,
    anyAttributes: definition.any_attributes === true,
    validate: (values) => [
      ...unimplemented(definition.properties, values as JsonObject, []),
      ...(rules?.validate?.(values as JsonObject) ?? []),
    ],
    handler: (handler ?? missingHandler(name)) as PlainHandler<unknown, unknown>,
  });
}

/** Those of properties; Heat has former names of keys inside properties too, none of them here of a required key. */
function formerNames({ translations = [] }: TypeDefinition): { readonly [former: string]: string } {
  const names = translations.filter(({ from, to }) => from.length === 1 && to.length === 1);
  return Object.fromEntries(names.map(({ from, to }) => [from[0] as string, to[0] as string]));
}

function schemasOf(definitions: { readonly [name: string]: PropertyDefinition }): PropertySchemas {
  return mapValues(definitions, propertySchema) as PropertySchemas;
}

function mapValues<V, R>(map: { readonly [key: string]: V }, change: (value: V) => R): { readonly [key: string]: R } {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value)]));
}

/** The types of which Heat keeps a backup or an image by the deletion policy Snapshot (`handle_snapshot_delete`). */
const KEPT: ReadonlySet<string> = new Set([
  'OS::Nova::Server',
  'OS::Heat::DeployedServer',
  'OS::Cinder::Volume',
  'AWS::EC2::Volume',
]);

function missingHandler(name: string): DefinedHandler {
  const refuse = (): never => {
    throw new EntityNotFound({
      what: `The resource type ${name} has no handler.`,
      why: "This engine knows the type's definition only: it can validate, preview and draw, but not create.",
      fix: `Register a type of the name '${name}' with a handler, or map the name to another type in an environment's resource_registry.`,
    });
  };
  return { create: refuse, ...(KEPT.has(name) ? { snapshot: refuse } : {}) };
}

/** What Heat says to the properties that it knows and does not implement, at every depth. */
function* unimplemented(
  definitions: { readonly [name: string]: PropertyDefinition },
  values: JsonObject,
  path: Path,
): Generator<Misfit> {
  for (const [name, value] of Object.entries(values)) {
    const here = [...path, Array.isArray(values) ? Number(name) : name];
    const definition = definitions[name] ?? definitions['*'];
    if (definition === undefined) continue;
    if (definition.implemented === false) {
      yield {
        path: here,
        what: `Property ${name} not implemented yet`,
        why: 'Heat knows the property and refuses it.',
        fix: `Leave '${name}' out.`,
      };
    } else if (definition.schema !== undefined && isContainer(value)) {
      yield* unimplemented(definition.schema, value as JsonObject, here);
    }
  }
}

function isContainer(value: Json | undefined): boolean {
  return typeof value === 'object' && value !== null;
}
