import type { FromSchema, JSONSchema } from 'json-schema-to-ts';
import type { Expression } from '../template/expression.ts';
import type { Json } from '../values.ts';
import type { PlainHandler, StreamingHandler } from './handler.ts';

/** A JSON Schema, draft 7. `default` fills in an absent property. */
export type Schema = JSONSchema & {
  /** An update may change the property of a live resource. Without it a change means a replacement. */
  readonly updateAllowed?: boolean;
};

/** Schemas by property name. */
export type PropertySchemas = { readonly [property: string]: Schema };

/** An attribute that a type's handler writes. */
export interface AttributeDeclaration {
  readonly schema: Schema;
  /** The inputs that have to be there before it can be written. Absent: all of them, as under Heat. */
  readonly needs?: readonly string[];
  readonly description?: string;
  /** True for an attribute that the handler may leave unwritten; it then reads as null. */
  readonly optional?: boolean;
}

export type AttributeDeclarations = { readonly [attribute: string]: AttributeDeclaration };

/** The TypeScript type of a whole set of properties. */
export type PropertiesOf<P extends PropertySchemas, R extends string = never> = FromSchema<{
  readonly type: 'object';
  readonly properties: P;
  readonly required: readonly R[];
  readonly additionalProperties: false;
}>;

/** The TypeScript types of a set of attributes. */
export type AttributesOf<A extends AttributeDeclarations> = { readonly [K in keyof A]: FromSchema<A[K]['schema']> };

interface TypeBase<P extends PropertySchemas, A extends AttributeDeclarations, R extends string> {
  /** `Vendor::Service::Thing`. */
  readonly name: string;
  readonly description?: string;
  readonly properties: P;
  /** The properties that a template has to give. */
  readonly required?: readonly R[];
  readonly attributes: A;
  /**
   * Attributes that one resource declares by its own properties, for types whose write-set the template decides.
   * Gets the properties as the template states them: function calls are not resolved.
   */
  readonly instanceAttributes?: (properties: { readonly [property: string]: Expression }) => AttributeDeclarations;
}

/** A type whose handler starts when all inputs are there and whose attributes appear when it returns, as under Heat. */
export interface PlainType<
  P extends PropertySchemas = PropertySchemas,
  A extends AttributeDeclarations = AttributeDeclarations,
  R extends string = string,
> extends TypeBase<P, A, R> {
  readonly kind: 'plain';
  readonly handler: PlainHandler<PropertiesOf<P, R>, AttributesOf<A>>;
}

/** A type whose handler starts at once, blocks on the inputs it awaits, and publishes each attribute when it has it. */
export interface StreamingType<
  P extends PropertySchemas = PropertySchemas,
  A extends AttributeDeclarations = AttributeDeclarations,
  R extends string = string,
> extends TypeBase<P, A, R> {
  readonly kind: 'streaming';
  readonly handler: StreamingHandler<PropertiesOf<P, R>, AttributesOf<A>>;
}

/** A resource type of either kind, its schemas not known to the compiler. */
// biome-ignore lint/suspicious/noExplicitAny: handlers are contravariant in their properties, so only `any` holds them all
export type ResourceType = PlainType<any, any, any> | StreamingType<any, any, any>;

/**
 * Defines a plain type; the handler's `properties` and its result are typed from the schemas. Throws InvalidSchemaError
 * for a declaration that contradicts itself.
 */
export function definePlainType<
  const P extends PropertySchemas,
  const A extends AttributeDeclarations,
  const R extends keyof P & string = never,
>(type: Omit<PlainType<P, A, R>, 'kind'>): PlainType<P, A, R> {
  return { ...type, kind: 'plain' };
}

/** Defines a streaming type; the handler's `inputs` and `outputs` are typed from the schemas. */
export function defineStreamingType<
  const P extends PropertySchemas,
  const A extends AttributeDeclarations,
  const R extends keyof P & string = never,
>(type: Omit<StreamingType<P, A, R>, 'kind'>): StreamingType<P, A, R> {
  return { ...type, kind: 'streaming' };
}

/** The literal value of a property, or undefined when it is absent or computed. For `instanceAttributes`. */
export type LiteralProperty = Json | undefined;
