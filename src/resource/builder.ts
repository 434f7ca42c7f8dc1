import { dump } from 'js-yaml';
import type { JSONSchema } from 'json-schema-to-ts';
import { StackValidationFailed } from '../errors.ts';
import { type DeletionPolicy, parseTemplate, type Template } from '../template/template.ts';
import type { Json, JsonObject } from '../values.ts';
import {
  type BuiltJson,
  Computed,
  Condition,
  type Given,
  type GivenCondition,
  type Known,
  Reference,
  toDocument,
} from './built-value.ts';
import type { AttributeDeclarations, GivenOfSchema, ResourceType, ValueOfSchema } from './resource-type.ts';

/** Options of templateBuilder. */
export interface TemplateOptions {
  /** The `heat_template_version`. Default: `hotloom-1`. */
  readonly version?: string;
  readonly description?: string;
}

/**
 * A template that a program states: `const t = templateBuilder()`, then `t.parameter`, `t.resource`, `t.output`, and at
 * the end `t.build()`. Properties, attributes and references are typed from the JSON Schemas of the resource types, so
 * that a wrong one does not compile; the result is the template that the same HOT document would be.
 */
export function templateBuilder(options: TemplateOptions = {}): TemplateBuilder {
  return new TemplateBuilder(options);
}

/** The types of parameters, with the type of their values. */
export interface ParameterTypes {
  readonly string: string;
  readonly number: number;
  readonly boolean: boolean;
  readonly comma_delimited_list: readonly string[];
  // biome-ignore lint/suspicious/noExplicitAny: JSON of any form
  readonly json: any;
}

/** A rule that a parameter's value has to follow; `description` is told when it does not. */
export type ParameterRule = { readonly description?: string } & (
  | { readonly length: { readonly min?: number; readonly max?: number } }
  | { readonly range: { readonly min?: number; readonly max?: number } }
  | { readonly modulo: { readonly step: number; readonly offset: number } }
  | { readonly allowedValues: readonly Json[] }
  | { readonly allowedPattern: string }
  | { readonly customConstraint: string }
);

/** A parameter of the template. */
export interface ParameterOptions<K extends keyof ParameterTypes> {
  readonly type: K;
  /** Without it the parameter has to be given a value. */
  readonly default?: ParameterTypes[K];
  readonly label?: string;
  readonly description?: string;
  /** Keeps the value out of everything that people see. Default: false. */
  readonly hidden?: boolean;
  /** A hidden parameter whose value is never stored; under `hotloom-1`. Default: false. */
  readonly ephemeral?: boolean;
  readonly constraints?: readonly ParameterRule[];
  readonly immutable?: boolean;
  readonly tags?: readonly string[];
}

/** Attributes that one resource writes besides those of its type; for streaming types under `hotloom-1`. */
export type DeclaredOutputs = {
  readonly [attribute: string]: {
    readonly schema: Exclude<JSONSchema, boolean>;
    /** The properties and inputs that have to be there before it can be written. Default: all of them. */
    readonly needs?: readonly string[];
    readonly description?: string;
    /** As in a type's declaration. */
    readonly secret?: boolean;
    readonly ephemeral?: boolean;
  };
};

/** The sections of a resource besides its type and properties. */
export interface ResourceOptions<O extends DeclaredOutputs = DeclaredOutputs> {
  /** Resources that have to be complete before this one starts. References need no mention. */
  readonly dependsOn?: readonly (BuiltResource | string)[];
  /** The resource is left out unless this holds. */
  readonly condition?: GivenCondition;
  /** What happens to the real thing when the resource leaves the stack. Default: `Delete`. */
  readonly deletionPolicy?: DeletionPolicy;
  readonly metadata?: { readonly [key: string]: BuiltJson };
  readonly updatePolicy?: { readonly [key: string]: BuiltJson };
  readonly externalId?: Given<string>;
  /** Values by alias that the handler or script reads while it runs. */
  readonly inputs?: { readonly [alias: string]: BuiltJson };
  readonly outputs?: O;
  /** How many seconds its handler may work. */
  readonly timeout?: Given<number>;
}

/** The properties of a type as a template may give them. */
export type GivenProperties<T extends ResourceType> =
  IsAny<T['properties']> extends true
    ? { readonly [property: string]: BuiltJson }
    : {
        readonly [K in keyof T['properties'] & RequiredOf<T>]: Given<GivenOfSchema<T['properties'][K]>>;
      } & {
        readonly [K in Exclude<keyof T['properties'], RequiredOf<T>>]?: Given<GivenOfSchema<T['properties'][K]>>;
      } & (T extends { readonly anyProperties: true } ? { readonly [property: string]: BuiltJson } : unknown);

type RequiredOf<T extends ResourceType> = NonNullable<T['required']>[number];

type IsAny<T> = 0 extends 1 & T ? true : false;

/** The attributes of a type as references. One that the handler may leave unwritten may be null. */
export type AttributeReferences<A extends AttributeDeclarations> =
  IsAny<A> extends true
    ? // biome-ignore lint/suspicious/noExplicitAny: nothing is known of the type
      { readonly [attribute: string]: Reference<any> }
    : {
        readonly [K in keyof A]: Reference<
          Known<ValueOfSchema<A[K]['schema']> | (A[K] extends { readonly optional: true } ? null : never)>
        >;
      };

type OutputReferences<O extends DeclaredOutputs> = {
  readonly [K in keyof O]: Reference<Known<ValueOfSchema<O[K]['schema']>>>;
};

/** Every attribute of a resource as a reference: those of its type, and those of its section `outputs`. */
export type AttributesIn<T extends ResourceType, O extends DeclaredOutputs> = AttributeReferences<T['attributes']> &
  OutputReferences<O>;

// The classes carry the types that were made from the schemas, and not the schemas: to compare two of these (in a list for
// dependsOn, say) the compiler would have to compare what FromSchema makes of any two schemas.

/** A resource of the template that is built, for references to it. `Attributes` is an AttributesIn. */
export class BuiltResource<Attributes = unknown> {
  readonly name: string;
  readonly type: ResourceType;
  /** What get_resource gives: Heat's reference id. */
  readonly refid: Computed<string>;
  /** Its attributes: those of its type, and those of its section `outputs`. */
  readonly attr: Attributes;

  /** Use TemplateBuilder.resource. */
  constructor(name: string, type: ResourceType, outputs: DeclaredOutputs) {
    this.name = name;
    this.type = type;
    this.refid = new Computed({ get_resource: name });
    const attributes = [...Object.keys(type.attributes), ...Object.keys(outputs)];
    const references = Object.fromEntries(attributes.map((attribute) => [attribute, this.attribute(attribute)]));
    this.attr = Object.freeze(references) as Attributes;
  }

  /**
   * An attribute that the compiler does not know, since the type's own schemas do not list it: one that a property of
   * the resource declares, or any of `OS::Heat::None`. The type of the value is what the caller says.
   */
  // biome-ignore lint/suspicious/noExplicitAny: nothing is known of the value unless the caller says it
  attribute(name: string): Reference<any>;
  attribute<V>(name: string): Reference<V>;
  attribute(name: string): Reference<unknown> {
    return new Reference('get_attr', [this.name, name]);
  }
}

/** A resource that can be referred to before its properties are stated, so that two resources can name each other. */
export class DeclaredResource<Properties, Attributes> extends BuiltResource<Attributes> {
  readonly #define: (properties: Properties, options: ResourceOptions) => void;

  /** Use TemplateBuilder.declare. */
  constructor(name: string, type: ResourceType, define: (properties: Properties, options: ResourceOptions) => void) {
    super(name, type, {});
    this.#define = define;
  }

  /** States the properties and the other sections. Throws StackValidationFailed when that was done already. */
  define(properties: Properties, options: ResourceOptions = {}): this {
    this.#define(properties, options);
    return this;
  }
}

/** An output of the stack. */
export interface OutputOptions {
  readonly description?: string;
  readonly condition?: GivenCondition;
}

/** Options of TemplateBuilder.build. */
export interface BuildOptions {
  /** The texts that getFile names. */
  readonly files?: { readonly [name: string]: string };
}

/** See templateBuilder. A builder can go on after `build`, which takes what is stated so far. */
export class TemplateBuilder {
  readonly #options: TemplateOptions;
  readonly #parameters = new Map<string, JsonObject>();
  readonly #conditions = new Map<string, Json>();
  /** `undefined` for a resource that is declared and not defined yet. */
  readonly #resources = new Map<string, JsonObject | undefined>();
  readonly #outputs = new Map<string, JsonObject>();
  readonly #moved: { readonly from: string; readonly to: string }[] = [];

  /** Use templateBuilder. */
  constructor(options: TemplateOptions) {
    this.#options = options;
  }

  /** The name of the stack. */
  get stackName(): Reference<string> {
    return new Reference('get_param', ['OS::stack_name']);
  }

  /** The UUID of the stack. */
  get stackId(): Reference<string> {
    return new Reference('get_param', ['OS::stack_id']);
  }

  /** States a parameter. Throws StackValidationFailed for a name that is taken. */
  parameter<K extends keyof ParameterTypes>(name: string, options: ParameterOptions<K>): Reference<ParameterTypes[K]> {
    const constraints = options.constraints?.map(snakeCaseKeys);
    add(this.#parameters, 'parameter', name, toDocument(constraints ? { ...options, constraints } : options));
    return new Reference('get_param', [name]);
  }

  /** Gives a condition a name. Throws StackValidationFailed for a name that is taken. */
  condition(name: string, condition: GivenCondition): Condition {
    add(this.#conditions, 'condition', name, condition.hot);
    return new Condition(name);
  }

  /**
   * States a resource. Throws StackValidationFailed for a name that is taken or a property that is undefined, and NotJson
   * for one that is neither JSON nor computed.
   */
  resource<T extends ResourceType, const O extends DeclaredOutputs = Record<never, never>>(
    name: string,
    type: T,
    properties: GivenProperties<T>,
    options: ResourceOptions<O> = {},
  ): BuiltResource<AttributesIn<T, O>> {
    add(this.#resources, 'resource', name, resourceDocument(name, type, properties, options));
    return new BuiltResource(name, type, options.outputs ?? {});
  }

  /** States a resource whose properties follow later, by `define`. Throws StackValidationFailed as `resource` does. */
  declare<T extends ResourceType>(
    name: string,
    type: T,
  ): DeclaredResource<GivenProperties<T>, AttributesIn<T, Record<never, never>>> {
    add(this.#resources, 'resource', name, undefined);
    return new DeclaredResource(name, type, (properties, options) => {
      if (this.#resources.get(name) !== undefined) throw isTaken('resource', name);
      this.#resources.set(name, resourceDocument(name, type, properties, options));
    });
  }

  /** States that a resource had another name before: an update keeps what it is. */
  moved(from: string, to: BuiltResource | string): void {
    this.#moved.push({ from, to: typeof to === 'string' ? to : to.name });
  }

  /** States an output of the stack. Throws StackValidationFailed for a name that is taken. */
  output(name: string, value: BuiltJson, options: OutputOptions = {}): void {
    add(this.#outputs, 'output', name, {
      ...(options.description === undefined ? {} : { description: options.description }),
      ...(options.condition === undefined ? {} : { condition: options.condition.hot }),
      value: toDocument(value),
    });
  }

  /** The HOT document as plain data. Throws StackValidationFailed for a resource that is declared and not defined. */
  document(): JsonObject {
    for (const [name, resource] of this.#resources) {
      if (resource !== undefined) continue;
      throw new StackValidationFailed({
        what: `The resource '${name}' is declared and not defined.`,
        why: 'Its properties are not stated, and other resources may refer to it.',
        fix: `Call define on what declare('${name}', ...) returned.`,
      });
    }
    const sections = {
      parameters: this.#parameters,
      conditions: this.#conditions,
      resources: this.#resources as ReadonlyMap<string, JsonObject>,
      outputs: this.#outputs,
    };
    return {
      heat_template_version: this.#options.version ?? 'hotloom-1',
      ...(this.#options.description === undefined ? {} : { description: this.#options.description }),
      ...Object.fromEntries(
        Object.entries(sections)
          .filter(([, section]) => section.size > 0)
          .map(([name, section]) => [name, Object.fromEntries<Json>(section)]),
      ),
      ...(this.#moved.length === 0 ? {} : { moved: [...this.#moved] }),
    };
  }

  /** The HOT document as YAML. Throws as `document` does. */
  print(): string {
    // The same part in two places is printed twice: people read it, and Heat's parser limits aliases.
    return dump(this.document(), { noRefs: true, lineWidth: -1 });
  }

  /** The template, checked as one that was read from a HOT document. Throws TemplateInvalid and StackValidationFailed. */
  build(options: BuildOptions = {}): Template {
    return parseTemplate(this.document(), options);
  }
}

function resourceDocument(
  name: string,
  type: ResourceType,
  properties: object,
  { dependsOn, deletionPolicy, ...options }: ResourceOptions,
): JsonObject {
  const sections: { readonly [section: string]: unknown } = {
    type: type.name,
    properties: Object.keys(properties).length === 0 ? undefined : properties,
    depends_on: dependsOn?.map((required) => (typeof required === 'string' ? required : required.name)),
    deletion_policy: deletionPolicy,
    ...snakeCaseKeys(options),
  };
  return Object.fromEntries(
    Object.entries(sections)
      .filter(([, section]) => section !== undefined)
      .map(([key, section]) => [key, toDocument(section, ['resources', name, key])]),
  );
}

/** `deletionPolicy` here is `deletion_policy` in HOT. Keys below the first level are the user's own. */
function snakeCaseKeys(options: object): { readonly [key: string]: unknown } {
  return Object.fromEntries(
    Object.entries(options).map(([key, value]) => [
      key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      value,
    ]),
  );
}

function add<V>(section: Map<string, V>, kind: string, name: string, value: V): void {
  if (section.has(name)) throw isTaken(kind, name);
  section.set(name, value);
}

function isTaken(kind: string, name: string): StackValidationFailed {
  return new StackValidationFailed({
    what: `The template already has ${kind === 'output' ? 'an' : 'a'} ${kind} '${name}'.`,
    why: `Each ${kind} is stated once, under a name of its own.`,
    fix: 'Give one of them another name.',
  });
}
