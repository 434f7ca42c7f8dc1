import { convertProperties, convertProperty, type PropertyPlace } from '../resource/properties.ts';
import type { Path, Source } from '../source.ts';
import { type Expression, type ResolveScope, resolveExpression } from '../template/expression.ts';
import { pythonText } from '../template/python.ts';
import { type Json, type JsonObject, setOwn } from '../values.ts';
import type { ResourceInterface, StackInterface } from './interface.ts';

/** Where errors of a resource's properties are placed; `mask` replaces secrets in a text that quotes a value. */
export function placeOf(
  resource: ResourceInterface,
  { customConstraints }: Pick<StackInterface, 'customConstraints'>,
  mask: (text: string) => string,
): PropertyPlace {
  return new ResourcePlace(resource, customConstraints, mask);
}

/** Looks its parts up when an error asks for them: each resource that is run needs a place, and hardly any has an error. */
class ResourcePlace implements PropertyPlace {
  readonly #resource: ResourceInterface;
  readonly customConstraints: StackInterface['customConstraints'];
  readonly mask: (text: string) => string;

  constructor(
    resource: ResourceInterface,
    customConstraints: StackInterface['customConstraints'],
    mask: (text: string) => string,
  ) {
    this.#resource = resource;
    this.customConstraints = customConstraints;
    this.mask = mask;
  }

  get resource(): string {
    return this.#resource.name;
  }

  get source(): Source {
    return this.#resource.template.source;
  }

  get path(): Path {
    return this.#resource.definition.path;
  }
}

/** Reads the inputs of a stack's resources by their numbers, where what they read is the same for all parameters. */
export interface InputReader {
  /** The value of an input that is the value of one attribute. `input` counts from 0 among those of the resource. */
  input(resource: number, input: number): Json;
}

/**
 * The properties that a plain handler gets: resolved and converted. Throws what does not fit. With `reader` the properties
 * are read without a look at their expressions, where each is an attribute.
 */
export function givenProperties(
  resource: ResourceInterface,
  scope: ResolveScope,
  place: PropertyPlace,
  reader?: InputReader,
): JsonObject {
  const resolved: Record<string, Json> = {};
  const { readNames } = resource;
  if (reader !== undefined && readNames !== undefined) {
    for (let input = 0; input < readNames.length; input += 1) {
      setOwn(resolved, readNames[input] as string, reader.input(resource.index, input));
    }
    return convertProperties(resource.type, resolved, place);
  }
  const { properties } = resource.definition;
  for (const property in properties) {
    const value = resolveExpression(properties[property] as Expression, scope);
    if (value !== undefined) setOwn(resolved, property, value);
  }
  return convertProperties(resource.type, resolved, place);
}

/**
 * One property or alias as a streaming handler gets it. An absent property without a default is undefined, as it is among a
 * plain handler's properties. Throws what does not fit.
 */
export function givenInput(
  resource: ResourceInterface,
  input: string,
  scope: ResolveScope,
  place: PropertyPlace,
): Json | undefined {
  const { definition, type } = resource;
  const isAlias = Object.hasOwn(definition.inputs, input);
  const expression: Expression | undefined = isAlias ? definition.inputs[input] : definition.properties[input];
  const resolved = expression === undefined ? undefined : resolveExpression(expression, scope);
  return isAlias ? (resolved ?? null) : convertProperty(type, input, resolved, place);
}

/** The id of the real thing that an external resource stands for. */
export function externalIdOf({ definition }: ResourceInterface, scope: ResolveScope): string {
  return pythonText(resolveExpression(definition.externalId ?? null, scope) ?? null);
}
