import {
  AttributeInvalid,
  type HotloomError,
  InvalidSchemaError,
  isHotloomError,
  PropertyInvalid,
  StackValidationFailed,
} from '../errors.ts';
import { type Path, printPath, type Source } from '../source.ts';
import type { CustomConstraints } from '../template/constraints.ts';
import {
  type Expression,
  FunctionCall,
  isLiteral,
  type ResolveScope,
  resolveExpression,
  type StaticScope,
} from '../template/expression.ts';
import { type Json, type JsonObject, setOwn } from '../values.ts';
import { type CompiledProperty, type CompiledType, compiledAttribute, compiledType } from './compiled-type.ts';
import { customMisfits } from './custom-constraints.ts';
import type { AttributeDeclaration, ResourceType } from './resource-type.ts';
import {
  isPartlyUnknown,
  type Misfit,
  missingAnyOf,
  missingKey,
  type PartialJson,
  SchemaProblem,
  UNKNOWN,
  unknownKey,
} from './schema.ts';

/** The resource whose properties are looked at, for errors. */
export interface PropertyPlace {
  /** The section that they stand in. Default: `properties`. */
  readonly section?: 'properties' | 'update_policy';
  /** The resource's name. */
  readonly resource: string;
  /** The path of its definition in the template. */
  readonly path: Path;
  readonly source: Source;
  /** Replaces secrets in a text that quotes a value. Default: quotes it as it is. */
  readonly mask?: ((text: string) => string) | undefined;
  /** What the schemas' custom constraints may name. Default: custom constraints are not looked at. */
  readonly customConstraints?: CustomConstraints | undefined;
}

/**
 * Everything that is wrong with a resource's properties as far as it can be known before the run: an unknown property, a
 * missing one, a value that does not fit its schema, each placed at its node. Empty when nothing is. With `scope`, calls
 * that read no attribute (`get_param`, say) are resolved and checked too; without it, every call counts as unknown.
 * `inputs` names the properties that are known to read something at run time.
 *
 * Throws InvalidSchemaError for a type whose declaration contradicts itself.
 */
export function validateStatically(
  type: ResourceType,
  properties: { readonly [property: string]: Expression },
  place: PropertyPlace,
  scope?: StaticScope,
  inputs: readonly { readonly name: string }[] = NONE,
): readonly HotloomError[] {
  const compiled = compiledType(type);
  const failures: HotloomError[] = [];
  const misfits: Misfit[] = [];
  // Without rules between properties each is looked at alone, and no object of them is needed.
  const known: Record<string, PartialJson> | undefined = compiled.hasRules ? {} : undefined;
  const given = compiled.required.length > 0 ? new Set<string>() : undefined;
  for (const name in properties) {
    const expression = properties[name] as Expression;
    // A call that is known to read at run time need not be asked again.
    const isRead = expression instanceof FunctionCall && hasName(inputs, name);
    const value = isRead ? UNKNOWN : knownPart(expression, scope, failures);
    if (value === undefined) continue;
    if (known !== undefined) setOwn(known, name, value);
    else {
      given?.add(name);
      convertNamed(type, compiled, name, value, misfits, place.customConstraints);
    }
  }
  if (known !== undefined) convertAll(type, known, misfits, place.customConstraints);
  else for (const name of compiled.required) if (given?.has(name) !== true) misfits.push(missingKey(name, []));
  if (failures.length === 0 && misfits.length === 0) return NONE;
  return [...failures, ...misfits.map((misfit) => new StackValidationFailed(errorFields(misfit, place)))];
}

const NONE: readonly never[] = [];

/** Whether nothing can be wrong with properties of these names whose values are all read at run time. */
export function fitsByNames(type: ResourceType, names: readonly string[]): boolean {
  const { properties, required, hasRules } = compiledType(type);
  if (hasRules || required.some((name) => !names.includes(name))) return false;
  return type.anyProperties === true || names.every((name) => properties.has(name));
}

function hasName(inputs: readonly { readonly name: string }[], name: string): boolean {
  for (const input of inputs) if (input.name === name) return true;
  return false;
}

/**
 * The part of validateStatically that Heat does for the members of nested stacks (heat/engine/properties.py, validate
 * without values): an unknown property, and none given of several. A value that is wrong or missing fails its resource
 * when it is created.
 */
export function validateNames(
  type: ResourceType,
  properties: { readonly [property: string]: Expression },
  place: PropertyPlace,
): readonly HotloomError[] {
  const known = compiledType(type).properties;
  const unknown = type.anyProperties ? [] : Object.keys(properties).filter((name) => !known.has(name));
  const misfits = [
    ...unknown.map((name) => unknownKey(name, [], [...known.keys()])),
    ...missingChoices(type, properties),
  ];
  return misfits.map((misfit) => new StackValidationFailed(errorFields(misfit, place)));
}

/**
 * The properties that a handler gets: `resolved` converted to the types of their schemas by Heat's rules, defaults filled
 * in, frozen at every depth. Throws PropertyInvalid, which tells everything that does not fit, and InvalidSchemaError for
 * a type whose declaration contradicts itself.
 *
 * O(size of the value); what needs no conversion is shared with `resolved`, `resolved` itself too, and frozen in place.
 */
export function convertProperties(type: ResourceType, resolved: JsonObject, place?: PropertyPlace): JsonObject {
  const misfits: Misfit[] = [];
  const converted = convertAll(type, resolved, misfits, place?.customConstraints);
  if (misfits.length > 0) throw propertyInvalid(type, misfits, place);
  return freezeDeeply(converted as JsonObject) as JsonObject;
}

/**
 * One property as a streaming handler gets it: converted and frozen; the default, or undefined, when `resolved` is
 * undefined. Throws as convertProperties does. Rules between properties are not looked at.
 */
export function convertProperty(
  type: ResourceType,
  name: string,
  resolved: Json | undefined,
  place?: PropertyPlace,
): Json | undefined {
  const compiled = compiledType(type);
  const property = compiled.properties.get(name);
  const misfits: Misfit[] = [];
  let converted: PartialJson | undefined = resolved;
  if (property === undefined) {
    if (!type.anyProperties) misfits.push(unknownKey(name, [], [...compiled.properties.keys()]));
  } else if (resolved !== undefined)
    converted = convertOne(type, property, resolved, misfits, place?.customConstraints);
  else if (compiled.required.includes(name)) misfits.push(missingKey(name, []));
  else converted = compiled.defaults.find(([defaulted]) => defaulted === name)?.[1];
  if (misfits.length > 0) throw propertyInvalid(type, misfits, place);
  return converted === undefined ? undefined : freezeDeeply(converted as Json);
}

/**
 * Checks a value that a handler writes as the attribute `name` of the resource. Nothing is converted: a handler is code,
 * and has to write what it declares. Throws AttributeInvalid, and InvalidSchemaError for a schema that is none.
 */
export function checkAttribute(
  declaration: Pick<AttributeDeclaration, 'schema'>,
  name: string,
  value: Json,
  resource?: string,
): void {
  const misfits: Misfit[] = [];
  checkFor(declaration, name)(value, [name], misfits);
  if (misfits.length === 0) return;
  const owner = resource === undefined ? '' : ` of the resource '${resource}'`;
  throw new AttributeInvalid({
    what: `The value of the attribute '${name}'${owner} does not fit its schema: ${misfits.map(describeMisfit).join('; ')}.`,
    why: 'The handler wrote another value than its resource type declares, and readers rely on the declaration.',
    fix: "Correct the resource type's handler or the schema of the attribute.",
  });
}

function checkFor(
  declaration: Pick<AttributeDeclaration, 'schema'>,
  name: string,
): ReturnType<typeof compiledAttribute> {
  try {
    return compiledAttribute(declaration.schema);
  } catch (error) {
    if (!(error instanceof SchemaProblem)) throw error;
    throw new InvalidSchemaError({
      what: `The schema of the attribute '${name}' contradicts itself.`,
      why: error.message,
      fix: 'Correct the schema.',
    });
  }
}

// --- conversion ---

type PartialObject = { readonly [property: string]: PartialJson };

function convertNamed(
  type: ResourceType,
  compiled: CompiledType,
  name: string,
  given: PartialJson,
  misfits: Misfit[],
  customConstraints: CustomConstraints | undefined,
): PartialJson {
  const property = compiled.properties.get(name);
  if (property !== undefined) return convertOne(type, property, given, misfits, customConstraints);
  if (!type.anyProperties) misfits.push(unknownKey(name, [], [...compiled.properties.keys()]));
  return given;
}

/** A value is asked about its custom constraints when it fits its schema otherwise. */
function convertOne(
  type: ResourceType,
  property: CompiledProperty,
  given: PartialJson,
  misfits: Misfit[],
  customConstraints: CustomConstraints | undefined,
): PartialJson {
  const before = misfits.length;
  const converted = property.convert(given, property.path, misfits);
  if (property.hasCustomConstraints && customConstraints !== undefined && misfits.length === before) {
    const schema = type.properties[property.path[0] as string];
    misfits.push(...customMisfits(schema, given, converted, property.path, customConstraints));
  }
  return converted;
}

/** `given` itself when nothing in it changes. */
function convertAll(
  type: ResourceType,
  given: PartialObject,
  misfits: Misfit[],
  customConstraints: CustomConstraints | undefined,
): PartialObject {
  const compiled = compiledType(type);
  let converted = given;
  for (const name in given) {
    const value = given[name] as PartialJson;
    const made = convertNamed(type, compiled, name, value, misfits, customConstraints);
    if (made !== value) converted = withOwn(converted, given, name, made);
  }
  for (const [former, current] of compiled.formerNames) {
    const value = Object.hasOwn(given, former) ? given[former] : undefined;
    if (value === undefined || value === null || Object.hasOwn(given, current)) continue;
    // What is wrong with the value has been told of the name by which it was given.
    const made = compiled.properties.get(current)?.convert(value, [former], []) ?? value;
    converted = withOwn(converted, given, current, made);
  }
  for (const [name, value] of compiled.defaults) {
    if (!Object.hasOwn(converted, name)) converted = withOwn(converted, given, name, value);
  }
  for (const name of compiled.required) if (!Object.hasOwn(converted, name)) misfits.push(missingKey(name, []));
  if (type.requiresAnyOf !== undefined) misfits.push(...missingChoices(type, converted));
  if (type.validate !== undefined && misfits.length === 0 && !isPartlyUnknown(converted)) {
    misfits.push(...type.validate(converted));
  }
  return converted;
}

/** `converted` with one more property; a copy of it while it is `given` itself. */
function withOwn(converted: PartialObject, given: PartialObject, name: string, value: PartialJson): PartialObject {
  // A spread makes own properties, and so a later assignment to `__proto__` meets one and not the setter.
  const own = converted === given ? { ...given } : converted;
  setOwn(own as Record<string, PartialJson>, name, value);
  return own;
}

function missingChoices(type: ResourceType, given: { readonly [property: string]: unknown }): readonly Misfit[] {
  const sets: readonly (readonly string[])[] = type.requiresAnyOf ?? [];
  return sets
    .filter((names) => !names.some((name) => Object.hasOwn(given, name)))
    .map((names) => missingAnyOf(names, []));
}

function freezeDeeply(value: Json): Json {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const key in value) freezeDeeply((value as { readonly [key: string]: Json })[key] as Json);
  return Object.freeze(value);
}

// --- what is known before the run ---

/** The value of `expression` with UNKNOWN for what is read at run time; undefined when its node is dropped. */
function knownPart(
  expression: Expression,
  scope: StaticScope | undefined,
  failures: HotloomError[],
): PartialJson | undefined {
  if (isLiteral(expression)) return expression;
  if (expression instanceof FunctionCall) return scope === undefined ? UNKNOWN : knownCall(expression, scope, failures);
  if (Array.isArray(expression)) {
    return expression.map((item) => knownPart(item, scope, failures)).filter((item) => item !== undefined);
  }
  const known: Record<string, PartialJson> = {};
  for (const [key, item] of Object.entries(expression)) {
    const value = knownPart(item, scope, failures);
    if (value !== undefined) setOwn(known, key, value);
  }
  return known;
}

function knownCall(call: FunctionCall, scope: StaticScope, failures: HotloomError[]): PartialJson | undefined {
  try {
    let readsAtRunTime = false;
    call.references(scope, () => {
      readsAtRunTime = true;
    });
    return readsAtRunTime ? UNKNOWN : resolveExpression(call, withoutReads(scope));
  } catch (error) {
    if (!isHotloomError(error)) throw error;
    // Whoever lists the references of the template tells what they do not find.
    if (!REPORTED_ELSEWHERE.has(error.code)) failures.push(error);
    return UNKNOWN;
  }
}

const REPORTED_ELSEWHERE = new Set(['InvalidTemplateReference', 'InvalidTemplateAttribute', 'UserParameterMissing']);

/** For calls that have just told that they read nothing. */
function withoutReads(scope: StaticScope): ResolveScope {
  return {
    home: scope.home,
    parameter: (name) => scope.parameter(name),
    condition: (name) => scope.condition(name),
    file: (name) => scope.file(name),
    attribute: () => null,
    value: () => null,
  };
}

// --- errors ---

function errorFields(misfit: Misfit, place: PropertyPlace): ConstructorParameters<typeof StackValidationFailed>[0] {
  const mask = place.mask ?? ((text) => text);
  const section = place.section ?? 'properties';
  const path = printPath(['resources', place.resource, section, ...misfit.path]);
  return {
    what: mask(`Property error: ${path}: ${misfit.what}`),
    where: place.source.locate([...place.path, section, ...(misfit.at ?? misfit.path)]),
    why: mask(misfit.why),
    fix: mask(misfit.fix),
  };
}

function propertyInvalid(
  type: ResourceType,
  misfits: readonly Misfit[],
  place: PropertyPlace | undefined,
): PropertyInvalid {
  const first = misfits[0] as Misfit;
  const fields =
    place === undefined
      ? { what: `Property error: ${describeMisfit(first)}`, why: first.why, fix: first.fix }
      : errorFields(first, place);
  if (misfits.length === 1) return new PropertyInvalid(fields);
  const mask = place?.mask ?? ((text) => text);
  const others = misfits.slice(1).map(describeMisfit).join('; ');
  return new PropertyInvalid({
    ...fields,
    why: `${fields.why} ${mask(`The resource of type ${type.name} has ${misfits.length - 1} more: ${others}.`)}`,
  });
}

function describeMisfit(misfit: Misfit): string {
  return misfit.path.length === 0 ? misfit.what : `${printPath(misfit.path)}: ${misfit.what}`;
}
