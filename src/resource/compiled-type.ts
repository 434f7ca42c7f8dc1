import { InvalidSchemaError } from '../errors.ts';
import type { Path } from '../source.ts';
import { REFID } from '../template/expression.ts';
import type { Json } from '../values.ts';
import { listNames, suggest } from '../wording.ts';
import { hasCustomConstraints } from './custom-constraints.ts';
import type { AttributeDeclaration, ResourceType, Retries } from './resource-type.ts';
import { type Convert, compileSchema, defaultOf, SchemaProblem } from './schema.ts';

/** A resource type, its declaration checked and its schemas compiled. */
export interface CompiledType {
  readonly properties: ReadonlyMap<string, CompiledProperty>;
  /** The properties that have a default, with it. */
  readonly defaults: readonly (readonly [property: string, value: Json])[];
  readonly required: readonly string[];
  readonly formerNames: readonly (readonly [former: string, current: string])[];
  /** Whether anything is asked of several properties together. */
  readonly hasRules: boolean;
}

export interface CompiledProperty {
  readonly convert: Convert;
  /** `[name]`: one array for all resources of the type. */
  readonly path: Path;
  /** False when there are none at any depth. */
  readonly hasCustomConstraints: boolean;
}

/**
 * The compiled form of `type`, made at the first call and kept as long as the type. Throws InvalidSchemaError with every
 * contradiction in the declaration. Costs microseconds for schemas made of types and bounds, and some milliseconds for
 * each schema that needs ajv.
 */
export function compiledType(type: ResourceType): CompiledType {
  let compiled = compiledTypes.get(type);
  if (compiled === undefined) {
    compiled = compileType(type);
    compiledTypes.set(type, compiled);
  }
  return compiled;
}

/** The check of an attribute's values, compiled at the first call and kept as long as the schema. Throws SchemaProblem. */
export function compiledAttribute(schema: AttributeDeclaration['schema']): Convert {
  if (typeof schema !== 'object') return compileSchema(schema, true);
  let check = compiledAttributes.get(schema);
  if (check === undefined) {
    check = compileSchema(schema, true);
    compiledAttributes.set(schema, check);
  }
  return check;
}

const compiledTypes = new WeakMap<ResourceType, CompiledType>();
const compiledAttributes = new WeakMap<object, Convert>();

function compileType(type: ResourceType): CompiledType {
  const problems = [...shapeProblems(type)];
  if (problems.length > 0) throw invalidDeclaration(type, problems);
  const properties = new Map<string, CompiledProperty>();
  const defaults: [string, Json][] = [];
  const collect = (place: string, compile: () => void): void => {
    try {
      compile();
    } catch (error) {
      if (!(error instanceof SchemaProblem)) throw error;
      problems.push(`${place}: ${error.message}`);
    }
  };
  for (const [name, schema] of Object.entries(type.properties)) {
    collect(`The schema of the property '${name}'`, () => {
      const property = {
        convert: compileSchema(schema),
        path: Object.freeze([name]),
        hasCustomConstraints: hasCustomConstraints(schema),
      };
      properties.set(name, property);
      const value = defaultOf(schema);
      if (value !== undefined) defaults.push([name, property.convert(value, property.path, []) as Json]);
    });
  }
  for (const [name, attribute] of Object.entries<AttributeDeclaration>(type.attributes)) {
    collect(`The schema of the attribute '${name}'`, () => compiledAttribute(attribute.schema));
    problems.push(...attributeProblems(type, name, attribute));
  }
  for (const name of type.required ?? []) {
    if (!Object.hasOwn(type.properties, name)) {
      problems.push(`'required' lists '${name}', which is no property. ${propertyHint(type, name)}`);
    }
  }
  for (const name of (type.requiresAnyOf ?? []).flat()) {
    if (!Object.hasOwn(type.properties, name)) {
      problems.push(`'requiresAnyOf' lists '${name}', which is no property. ${propertyHint(type, name)}`);
    }
  }
  for (const name of Object.entries(type.formerNames ?? {}).flat()) {
    if (!Object.hasOwn(type.properties, name)) {
      problems.push(`'formerNames' has '${name}', which is no property. ${propertyHint(type, name)}`);
    }
  }
  if (problems.length > 0) throw invalidDeclaration(type, problems);
  const formerNames = Object.entries(type.formerNames ?? {});
  const hasRules = formerNames.length > 0 || type.requiresAnyOf !== undefined || type.validate !== undefined;
  return { properties, defaults, required: type.required ?? [], formerNames, hasRules };
}

/** What a caller without TypeScript may have left out. */
function* shapeProblems(type: ResourceType): Generator<string> {
  if (typeof type.name !== 'string' || type.name === '')
    yield "'name' has to be a text such as 'Vendor::Service::Thing'.";
  if (type.kind !== 'plain' && type.kind !== 'streaming') {
    yield "'kind' has to be 'plain' or 'streaming': make the type by definePlainType or defineStreamingType.";
  }
  for (const section of ['properties', 'attributes'] as const) {
    if (typeof type[section] !== 'object' || type[section] === null) yield `'${section}' has to be a mapping by name.`;
  }
  if (typeof type.handler?.create !== 'function') yield "'handler' has to have a function 'create'.";
  if (type.timeoutMs !== undefined && !isAtLeast(type.timeoutMs, 1)) yield "'timeoutMs' has to be a number from 1.";
  yield* retryProblems(type.retries);
}

function* retryProblems(retries: Retries | undefined): Generator<string> {
  if (retries === undefined) return;
  const { limit, delayMs = 0, factor = 1, maxDelayMs = 0, jitter = 0 } = retries;
  if (!Number.isInteger(limit) || limit < 0) yield "'limit' of 'retries' has to be a whole number from 0.";
  if (!isAtLeast(delayMs, 0)) yield "'delayMs' of 'retries' has to be a number from 0.";
  if (!isAtLeast(factor, 1)) yield "'factor' of 'retries' has to be a number from 1.";
  if (!isAtLeast(maxDelayMs, 0)) yield "'maxDelayMs' of 'retries' has to be a number from 0.";
  if (!isAtLeast(jitter, 0) || jitter > 1) yield "'jitter' of 'retries' has to be a number from 0 to 1.";
}

function isAtLeast(number: unknown, least: number): boolean {
  return typeof number === 'number' && Number.isFinite(number) && number >= least;
}

function* attributeProblems(type: ResourceType, name: string, attribute: AttributeDeclaration): Generator<string> {
  if (attribute.needs !== undefined && type.kind === 'plain') {
    yield `The attribute '${name}' states what it needs, but a plain handler starts when all inputs are there and ` +
      'publishes when it returns. Leave it out, or define a streaming type.';
  }
  for (const input of attribute.needs ?? []) {
    if (Object.hasOwn(type.properties, input) || type.anyProperties) continue;
    yield `The attribute '${name}' needs '${input}', which is no property. ${propertyHint(type, input)}`;
  }
  if (name === REFID && (attribute.schema as { type?: unknown }).type !== 'string') {
    yield `The attribute '${REFID}' is what get_resource reads, so its schema has to be { type: 'string' }.`;
  }
}

function propertyHint(type: ResourceType, name: string): string {
  const names = Object.keys(type.properties);
  return names.length === 0
    ? 'It has no properties.'
    : `${suggest(name, names)}The properties are ${listNames(names)}.`;
}

function invalidDeclaration(type: ResourceType, problems: readonly string[]): InvalidSchemaError {
  return new InvalidSchemaError({
    what: `The declaration of the resource type '${type.name}' contradicts itself.`,
    why: problems.join(' '),
    fix: 'Correct the declaration; a template cannot do anything about it.',
  });
}
