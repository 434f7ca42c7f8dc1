import type { FromSchema, JSONSchema } from 'json-schema-to-ts';
import type { Expression } from '../template/expression.ts';
import type { JsonObject } from '../values.ts';
import type { PlainHandler, StreamingHandler } from './handler.ts';
import type { Misfit } from './schema.ts';

/** A JSON Schema, draft 7. `default` fills in an absent property. */
export type Schema = JSONSchema & {
  /** An update may change the property of a live resource. Without it a change means a replacement. */
  readonly updateAllowed?: boolean;
  /** The names of custom constraints that the value has to follow too; the engine's option customConstraints has them. */
  readonly customConstraints?: readonly string[];
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
  /** True for a secret: encrypted in the store when the engine has a key, and masked wherever it is not asked for. */
  readonly secret?: boolean;
  /**
   * True for a secret that is never stored, not even encrypted: whoever reads it has to do so before the action ends. A later
   * reader has the resource created again when its handler is `isRepeatable`, and fails otherwise.
   */
  readonly ephemeral?: boolean;
}

export type AttributeDeclarations = { readonly [attribute: string]: AttributeDeclaration };

/**
 * The TypeScript type of the values that fit a schema; `unknown` for a schema that the compiler does not know. While it
 * infers the types of a declaration the compiler also asks for the values of *any* schema, and FromSchema of that does
 * not end.
 */
export type ValueOfSchema<S> = Schema extends S ? unknown : S extends JSONSchema ? FromSchema<S> : unknown;

/** The same before the defaults are filled in: what a template has to give. */
export type GivenOfSchema<S> = Schema extends S
  ? unknown
  : S extends JSONSchema
    ? FromSchema<S, { keepDefaultedPropertiesOptional: true }>
    : unknown;

/** The TypeScript type of a whole set of properties, as a handler gets them: those with a default are there. */
export type PropertiesOf<P extends PropertySchemas, R extends string = never> = {
  readonly [K in keyof P as K extends R | Defaulted<P> ? K : never]: ValueOfSchema<P[K]>;
} & {
  readonly [K in keyof P as K extends R | Defaulted<P> ? never : K]?: ValueOfSchema<P[K]>;
};

type Defaulted<P> = { [K in keyof P]: P[K] extends { readonly default: unknown } ? K : never }[keyof P];

/** The TypeScript types of a set of attributes. */
export type AttributesOf<A extends AttributeDeclarations> = { readonly [K in keyof A]: ValueOfSchema<A[K]['schema']> };

/** How an attempt that has failed is tried again. */
export interface Retries {
  /** How many more attempts there are after the first; a whole number from 0. */
  readonly limit: number;
  /** Milliseconds before the second attempt. Default 1,000. */
  readonly delayMs?: number;
  /** By what the delay grows with each further attempt; at least 1. Default 2. */
  readonly factor?: number;
  /** The longest delay. Default 60,000. */
  readonly maxDelayMs?: number;
  /** Up to this part of each delay is taken away at random; from 0 to 1. Default 0. */
  readonly jitter?: number;
}

interface TypeBase<P extends PropertySchemas, A extends AttributeDeclarations, R extends string> {
  /** `Vendor::Service::Thing`. */
  readonly name: string;
  readonly description?: string;
  readonly properties: P;
  /** The properties that a template has to give. */
  readonly required?: readonly R[];
  /** Sets of properties of each of which a template has to give at least one. */
  readonly requiresAnyOf?: readonly (readonly (keyof P & string)[])[];
  /** Properties by former names that are properties too: the value given by a former name is one by the current name. */
  readonly formerNames?: { readonly [former: string]: string };
  readonly attributes: A;
  /** What the section update_policy of a resource may say, by its keys. Absent: anything. */
  readonly updatePolicy?: PropertySchemas;
  /** True for a type that makes nothing itself: its resources are made of others. */
  readonly isComposition?: boolean;
  /**
   * True when a replacement cannot stand beside what it replaces (both listen on one port, say): the old one is then
   * deleted first. Default: it is deleted when everything that has read from it is updated.
   */
  readonly deletesBeforeReplacing?: boolean;
  /** True for a type of which every update makes a new resource, whether something differs or not. */
  readonly isReplacedByEveryUpdate?: boolean;
  /**
   * Has a create, an update or a delete that throws tried again. What a create has made until then is removed by the
   * handler's `delete` before the next attempt, which has another token; one that `isRepeatable` is called again under the
   * same token instead, and so is an update. Of such a resource `refid` is published at its end. Default: no retries.
   */
  readonly retries?: Retries;
  /**
   * How long the handler may work at a create, an update or a delete, in milliseconds, each attempt by itself; time in which
   * it waits for others does not count. Then its signal fires, and it has the engine's cancelGraceMs to stop. The section
   * `timeout` of a resource goes before it. Default: as long as the stack's action.
   */
  readonly timeoutMs?: number;
  /** True for a type that takes properties of any name besides its own; those are passed on as they are. */
  readonly anyProperties?: boolean;
  /** True for a type that has attributes of any name besides its own; those read as null. */
  readonly anyAttributes?: boolean;
  /**
   * The properties as `inspect` shows them, for a type of which one property says what another one is. The handler gets
   * them as they are.
   */
  readonly shown?: (properties: JsonObject) => JsonObject;
  /**
   * Attributes that one resource declares by its own properties, for types whose write-set the template decides.
   * Gets the properties as the template states them: function calls are not resolved.
   */
  readonly instanceAttributes?: (properties: { readonly [property: string]: Expression }) => AttributeDeclarations;
}

/** The parts of a declaration that are typed from its schemas. */
interface TypedParts<Properties, Handler> {
  /**
   * Rules between properties. Gets them converted and with their defaults, before the run if all of them are known by
   * then, else before a plain handler starts; a streaming handler, which gets them one by one, has to look itself.
   * Returns what is wrong, each with the path from the properties down.
   */
  readonly validate?: (properties: Properties) => readonly Misfit[];
  readonly handler: Handler;
}

// A finished type carries its schemas but not the TypeScript types made from them, so that the compiler can compare two
// types (in a list of types, say) without comparing what FromSchema makes of them, which may take it minutes. Its handler
// is held by `any`: handlers are contravariant in their properties, so nothing else would hold them all.

/** A type whose handler starts when all inputs are there and whose attributes appear when it returns, as under Heat. */
export interface PlainType<
  P extends PropertySchemas = PropertySchemas,
  A extends AttributeDeclarations = AttributeDeclarations,
  R extends string = string,
> extends TypeBase<P, A, R>,
    // biome-ignore lint/suspicious/noExplicitAny: see above
    TypedParts<any, PlainHandler<any, any>> {
  readonly kind: 'plain';
}

/** A type whose handler starts at once, blocks on the inputs it awaits, and publishes each attribute when it has it. */
export interface StreamingType<
  P extends PropertySchemas = PropertySchemas,
  A extends AttributeDeclarations = AttributeDeclarations,
  R extends string = string,
> extends TypeBase<P, A, R>,
    // biome-ignore lint/suspicious/noExplicitAny: see above
    TypedParts<any, StreamingHandler<any, any>> {
  readonly kind: 'streaming';
}

/** A resource type of either kind, its schemas not known to the compiler. */
// biome-ignore lint/suspicious/noExplicitAny: see above
export type ResourceType = PlainType<any, any, any> | StreamingType<any, any, any>;

/** What definePlainType takes. */
export type PlainDeclaration<P extends PropertySchemas, A extends AttributeDeclarations, R extends string> = TypeBase<
  P,
  A,
  R
> &
  TypedParts<PropertiesOf<P, R>, PlainHandler<PropertiesOf<P, R>, AttributesOf<A>>>;

/** What defineStreamingType takes. */
export type StreamingDeclaration<
  P extends PropertySchemas,
  A extends AttributeDeclarations,
  R extends string,
> = TypeBase<P, A, R> & TypedParts<PropertiesOf<P, R>, StreamingHandler<PropertiesOf<P, R>, AttributesOf<A>>>;

/**
 * Defines a plain type; the handler's `properties` and its result are typed from the schemas. The declaration is checked
 * when the type is registered: createRegistry throws InvalidSchemaError for one that contradicts itself.
 */
export function definePlainType<
  const P extends PropertySchemas,
  const A extends AttributeDeclarations,
  const R extends keyof P & string = never,
>(type: PlainDeclaration<P, A, R>): PlainType<P, A, R> {
  return { ...type, kind: 'plain' };
}

/** Defines a streaming type; the handler's `inputs` and `outputs` are typed from the schemas. Checked as a plain one. */
export function defineStreamingType<
  const P extends PropertySchemas,
  const A extends AttributeDeclarations,
  const R extends keyof P & string = never,
>(type: StreamingDeclaration<P, A, R>): StreamingType<P, A, R> {
  return { ...type, kind: 'streaming' };
}
