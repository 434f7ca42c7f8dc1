import {
  type ErrorFields,
  InvalidTemplateReference,
  InvalidTemplateSection,
  isHotloomError,
  StackValidationFailed,
  TemplateFormatError,
} from '../errors.ts';
import { builtSource, type Path, type Source } from '../source.ts';
import { asJson, isJsonObject, type Json, type JsonObject } from '../values.ts';
import { listNames, suggest } from '../wording.ts';
import { translateCfn } from './cfn-document.ts';
import { type ConditionExpression, isConditionExpression, wrongDefinitionFields } from './conditions.ts';
import {
  type Expression,
  FunctionCall,
  type Reference,
  type StaticScope,
  type Surroundings,
  toHot,
  valueBeforeRun,
} from './expression.ts';
import { NO_ENTRIES, type ResourceForm, ResourceForms } from './form.ts';
import { areAllRead, fixedInputs, type InputInterface, InputNames } from './inputs.ts';
import { parseMoved, type StatedMove } from './moved.ts';
import {
  type ParameterDefinition,
  type ParameterGroup,
  PSEUDO_PARAMETERS,
  parseParameterGroups,
  parseParameters,
} from './parameters.ts';
import { type NameChecks, Parser, RefusedCall } from './parser.ts';
import { Problems } from './problems.ts';
import { isTrueInPython, pythonText, pythonType } from './python.ts';
import { NOBODY, type Reads, ReadsBuilder } from './reads.ts';
import { unknownCondition, unknownResource } from './references.ts';
import { type TemplateVersion, versionOf } from './version.ts';
import { checkShape, type DocumentOptions, type DuplicateKeys, loadDocument, nonTextKeys } from './yaml.ts';

/** What happens to the real thing when its resource leaves the stack. */
export type DeletionPolicy = 'Delete' | 'Retain' | 'Snapshot';

/** A resource as the template states it. `path` of a section is always [...definition.path, section, ...]. */
export interface ResourceDefinition {
  readonly name: string;
  readonly type: string;
  readonly path: Path;
  readonly description: string | undefined;
  readonly properties: { readonly [property: string]: Expression };
  readonly metadata: Expression;
  readonly dependsOn: readonly string[];
  readonly condition: ConditionExpression | undefined;
  /** A call when the template takes the policy from a parameter: see deletionPolicyOf. */
  readonly deletionPolicy: DeletionPolicy | FunctionCall;
  readonly updatePolicy: Expression;
  readonly externalId: Expression | undefined;
  /** The section `timeout` of hotloom-1, in seconds: see timeoutOf. */
  readonly timeout: Expression | undefined;
  /** The section `inputs` of hotloom-1: aliases that a handler or a script reads while it runs. */
  readonly inputs: { readonly [alias: string]: Expression };
  /** The section `outputs` of hotloom-1: attributes that this resource writes besides those of its type. */
  readonly outputs: { readonly [attribute: string]: DeclaredOutput };
  /** Its inputs, where they are the same for all parameters: see fixedInputs. */
  readonly fixedInputs: readonly InputInterface[] | undefined;
  /** The names of its properties, where each of them is the value of one attribute: see areAllRead. */
  readonly readNames: readonly string[] | undefined;
}

/** An attribute that the template declares. */
export interface DeclaredOutput {
  /** JSON Schema of its values; the empty schema allows any. */
  readonly schema: JsonObject;
  /** The inputs it needs: property names and aliases. `undefined` means all of them. */
  readonly needs: readonly string[] | undefined;
  readonly description: string | undefined;
  /** Whether it is encrypted in the store, and masked; and whether it is not stored at all. */
  readonly secret: boolean;
  readonly ephemeral: boolean;
}

/** An output of the stack. */
export interface OutputDefinition {
  readonly name: string;
  readonly path: Path;
  readonly description: string | undefined;
  readonly value: Expression;
  readonly condition: ConditionExpression | undefined;
}

/** A template, parsed and checked as far as it can be without resource types and parameter values. Immutable. */
export interface Template {
  readonly source: Source;
  readonly version: TemplateVersion;
  readonly description: string;
  readonly parameterGroups: readonly ParameterGroup[];
  readonly parameters: ReadonlyMap<string, ParameterDefinition>;
  readonly conditions: ReadonlyMap<string, ConditionExpression>;
  readonly resources: ReadonlyMap<string, ResourceDefinition>;
  /** Where each resource stands among them, counted from 0. */
  readonly positions: ReadonlyMap<string, number>;
  /** By position: the form of a resource that has one. */
  readonly forms: readonly (ResourceForm | undefined)[];
  /** The names of their types. */
  readonly typeNames: ReadonlySet<string>;
  /**
   * What they read of each other by these positions, where it is the same for all parameters: all have fixed inputs, and
   * none has a condition or stands for something that is there already.
   */
  readonly reads: Reads | undefined;
  readonly outputs: ReadonlyMap<string, OutputDefinition>;
  /** The section `moved` of hotloom-1. */
  readonly moved: readonly StatedMove[];
  /** Texts by the name that `get_file` gives. */
  readonly files: ReadonlyMap<string, string>;
  /** The document as plain data: what is stored, and printed as HOT. */
  readonly document: { readonly [section: string]: Json };
}

/** Options of parseTemplate. */
export interface TemplateParseOptions {
  /** The file's name, for errors. Default: `<template>`. */
  readonly file?: string;
  /** Texts by the name that `get_file` gives. Default: none. */
  readonly files?: { readonly [name: string]: string };
  /** The most bytes that the text may have. Default: Heat's max_template_size, 524,288. */
  readonly maxSize?: number;
  /** A key twice in one mapping: an error (default), or the last counts, as under Heat. */
  readonly duplicateKeys?: DuplicateKeys;
}

/**
 * Reads a template: YAML or JSON text, or a document that a program built, which is copied.
 *
 * Throws TemplateInvalid with every problem (up to MAX_PROBLEMS) in the order of the text: sections and keys that are not there, values of
 * the wrong form, functions with wrong arguments, and names of parameters, resources and conditions that are not
 * declared, as far as no condition can make them harmless. Throws TemplateFormatError, RequestLimitExceeded or
 * InvalidTemplateVersion for a document that cannot be read at all. O(size of the document).
 */
export function parseTemplate(input: string | object, options: TemplateParseOptions = {}): Template {
  const { document, source } = typeof input === 'string' ? readText(input, options) : copyDocument(input, options);
  const version = versionOf(document, source);
  return new TemplateParser(document, source, version).parse(new Map(Object.entries(options.files ?? {})));
}

/**
 * What happens to the real thing when the resource leaves the stack, once parameters are known. Throws
 * StackValidationFailed when a parameter gives no policy.
 */
export function deletionPolicyOf(
  definition: ResourceDefinition,
  template: Template,
  scope: StaticScope,
): DeletionPolicy {
  const { deletionPolicy } = definition;
  if (!(deletionPolicy instanceof FunctionCall)) return deletionPolicy;
  const refusal = (fields: Omit<ErrorFields, 'where'>): StackValidationFailed =>
    new StackValidationFailed({
      ...fields,
      where: template.source.locate([...definition.path, 'deletion_policy']),
    });
  const value = valueBeforeRun(deletionPolicy, scope, () =>
    refusal({
      what: `The deletion policy of resource ${definition.name} depends on a value that is not known before the run.`,
      why: 'It is stored before the resource is created, so that a delete at any time knows it.',
      fix: 'Write the policy out, or take it from a parameter.',
    }),
  );
  if (value === null) return 'Delete';
  const policy = template.version.deletionPolicies.get(pythonText(value));
  if (policy !== undefined) return policy;
  throw refusal(wrongPolicy(value, template.version));
}

/**
 * How long the resource's handler may work, in milliseconds, once parameters are known. Throws StackValidationFailed for what
 * is no number of seconds above 0.
 */
export function timeoutOf(definition: ResourceDefinition, template: Template, scope: StaticScope): number | undefined {
  const { name, path, timeout } = definition;
  if (timeout === undefined) return undefined;
  const refusal = (why: string): StackValidationFailed =>
    new StackValidationFailed({
      what: `The timeout of resource ${name} is not a number of seconds above 0.`,
      where: template.source.locate([...path, 'timeout']),
      why,
      fix: 'Write the number of seconds, for example timeout: 30, or take it from a parameter.',
    });
  const value = valueBeforeRun(timeout, scope, () =>
    refusal('It depends on a value that is not known before the run.'),
  );
  const seconds = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof seconds === 'number' && Number.isFinite(seconds) && seconds > 0) return seconds * 1000;
  throw refusal(`It is ${JSON.stringify(value)}.`);
}

function readText(
  text: string,
  { file, maxSize, duplicateKeys }: TemplateParseOptions,
): { document: JsonObject; source: Source } {
  const options: DocumentOptions = {
    ...(file === undefined ? {} : { file }),
    ...(maxSize === undefined ? {} : { maxSize }),
    ...(duplicateKeys === undefined ? {} : { duplicateKeys }),
  };
  const { data, source } = loadDocument(text, options);
  return { document: data, source };
}

function copyDocument(input: object, { file }: TemplateParseOptions): { document: JsonObject; source: Source } {
  const source = builtSource(file);
  checkShape(input, 'template', source);
  try {
    const document = asJson(input);
    if (isJsonObject(document)) return { document, source };
  } catch (error) {
    if (!isHotloomError(error)) throw error;
    const { what, why, fix } = error;
    throw new TemplateFormatError({ what, why, fix, where: source.locate([]) });
  }
  throw new TemplateFormatError({
    what: 'The template is not a JSON object or YAML mapping.',
    where: source.locate([]),
    why: 'Its top level is a list.',
    fix: 'Pass an object with sections such as resources.',
  });
}

/** Names of things that would be mistaken for parts of JavaScript's objects. */
const RESERVED_NAMES = new Set(['__proto__', 'constructor', 'prototype']);

const NO_NAMES: readonly never[] = Object.freeze([]);

/** Sections of a document to definitions. */
class TemplateParser {
  readonly #original: JsonObject;
  /** With HOT's keys. */
  readonly #document: JsonObject;
  readonly #source: Source;
  readonly #version: TemplateVersion;
  readonly #problems: Problems;
  readonly #surroundings: Surroundings;
  readonly #inputNames = new InputNames();
  readonly #forms = new ResourceForms();
  readonly #parser: Parser;

  constructor(original: JsonObject, originalSource: Source, version: TemplateVersion) {
    const isCfn = version.dialect === 'cfn';
    const translated = isCfn ? translateCfn(original, originalSource) : undefined;
    const { document, source } = translated ?? { document: original, source: originalSource };
    this.#original = original;
    this.#document = document;
    this.#source = source;
    this.#version = version;
    this.#problems = new Problems(source);
    this.#surroundings = {
      source,
      parameters: new Set([...namesOf(document.parameters), ...PSEUDO_PARAMETERS[version.dialect]]),
      resources: positionsOf(namesOf(document.resources)),
      conditions: version.sections.has('conditions') ? namesOf(document.conditions) : new Set(),
      ...(translated === undefined ? {} : { mappings: translated.mappings }),
    };
    this.#parser = new Parser(version, this.#problems, this.#surroundings);
  }

  parse(files: ReadonlyMap<string, string>): Template {
    this.#checkSections();
    const parameters = parseParameters(this.#section('parameters'), this.#version, this.#problems);
    const template: Template = {
      source: this.#source,
      version: this.#version,
      description: this.#description(),
      parameterGroups: parseParameterGroups(
        this.#document.parameter_groups ?? null,
        this.#surroundings.parameters,
        this.#problems,
      ),
      parameters,
      conditions: this.#conditions(),
      ...this.#resources(),
      positions: this.#surroundings.resources,
      outputs: this.#outputs(),
      moved: this.#version.sections.has('moved') ? parseMoved(this.#document.moved, this.#problems) : NO_NAMES,
      files,
      document: this.#original,
    };
    this.#problems.throwIfAny();
    return template;
  }

  #checkSections(): void {
    for (const section of Object.keys(this.#document)) {
      if (this.#version.sections.has(section)) continue;
      this.#problems.add({
        path: [section],
        Class: InvalidTemplateSection,
        what: `The template section is invalid: ${section}`,
        why:
          section === 'conditions'
            ? `Conditions came with version 2016-10-14, and this template is of version ${this.#version.name}.`
            : `Version ${this.#version.name} has no section '${section}'.`,
        fix: `${suggest(section, this.#version.sections)}The sections are ${listNames(this.#version.sections)}.`,
      });
    }
  }

  /** Heat takes any description; one that is no text is printed. */
  #description(): string {
    const { description } = this.#document;
    return isTrueInPython(description) ? pythonText(description as Json) : 'No description';
  }

  /** The section as a mapping of names that may be used; empty where it is missing, null or an empty list. */
  #section(section: 'parameters' | 'conditions' | 'resources' | 'outputs'): JsonObject {
    const data = this.#document[section];
    const isOptional = section !== 'conditions';
    if (data === undefined || (isOptional && !isTrueInPython(data))) return {};
    if (isJsonObject(data)) {
      this.#checkNames(section, data);
      return data;
    }
    const thing = section.slice(0, -1);
    this.#problems.add({
      path: [section],
      what: isOptional
        ? `"${section}" must contain a map of ${thing} maps. Found a [${pythonType(data)}] instead`
        : `Conditions validation error: Condition definitions must be a map. Found a ${pythonType(data)} instead`,
      why: `Each ${thing} has a name.`,
      fix: `Write the name of each ${thing}, a colon, and its definition indented below.`,
    });
    return {};
  }

  #checkNames(section: string, data: JsonObject): void {
    const thing = section.slice(0, -1);
    for (const name of Object.keys(data)) {
      if (RESERVED_NAMES.has(name)) {
        this.#problems.add({
          path: [section, name],
          what: `'${name}' is not the name of a ${thing}.`,
          why: 'JavaScript gives this name a meaning of its own, and a program that uses the stack could be fooled by it.',
          fix: 'Choose another name.',
        });
      }
      if (section === 'resources' && name.includes('/')) {
        this.#problems.add({
          path: [section, name],
          what: 'Resource name may not contain "/"',
          why: 'The slash stands between the names of nested stacks.',
          fix: `Write '${name.replaceAll('/', '-')}'.`,
        });
      }
    }
    for (const name of nonTextKeys(data)) {
      this.#problems.add({
        path: [section, name],
        what: `The name of a ${thing} is not a text: ${name}`,
        why: 'YAML reads it as a number, a boolean or null.',
        fix: 'Put it into quotes.',
      });
    }
  }

  #conditions(): ReadonlyMap<string, ConditionExpression> {
    const conditions = new Map<string, ConditionExpression>();
    if (!this.#version.sections.has('conditions')) return conditions;
    for (const [name, data] of Object.entries(this.#section('conditions'))) {
      const path = ['conditions', name];
      // Whether names in a condition exist is seen when it is evaluated: `or` may never come to them.
      const definition = this.#parser.condition(data, path, 'none');
      if (typeof definition === 'boolean' || definition instanceof FunctionCall) conditions.set(name, definition);
      else this.#problems.add({ path, ...wrongDefinitionFields(name, toHot(definition)) });
    }
    return conditions;
  }

  // --- resources ---

  #resources(): Pick<Template, 'resources' | 'forms' | 'typeNames' | 'reads'> {
    const resources = new Map<string, ResourceDefinition>();
    const forms: (ResourceForm | undefined)[] = [];
    const typeNames = new Set<string>();
    const { resources: positions } = this.#surroundings;
    const reads = new ReadsBuilder(positions.size, positionOf);
    let areFixed = true;
    for (const [name, data] of Object.entries(this.#section('resources'))) {
      const definition = this.#resource(name, data);
      if (definition === undefined) continue;
      resources.set(name, definition);
      forms.push(this.#forms.of(definition));
      typeNames.add(definition.type);
      areFixed &&= isFixed(definition);
      if (areFixed) reads.add(definition.fixedInputs ?? []);
    }
    return { resources, forms, typeNames, reads: areFixed ? reads.build() : undefined };
  }

  #resource(name: string, data: Json): ResourceDefinition | undefined {
    const path = ['resources', name];
    if (!this.#isResource(path, data)) return undefined;
    for (const key of Object.keys(data)) {
      if (!this.#version.resourceSections.has(key)) this.#addWrongResourceKey(path, key);
    }
    const condition =
      data.condition === undefined
        ? undefined
        : this.#condition(data.condition, [...path, 'condition'], `Resource ${name} condition`);
    const checks: NameChecks = condition === undefined || condition === true ? 'all' : 'none';
    const type = data.type;
    if (typeof type !== 'string') this.#addType(name, 'type', 'string', data.type);
    if (data.description !== undefined && typeof data.description !== 'string') {
      this.#addType(name, 'description', 'string', data.description);
    }
    const properties = this.#plainMap(name, 'properties', data.properties, checks);
    const inputs = this.#plainMap(name, 'inputs', data.inputs, checks);
    const externalId = this.#externalId(name, data.external_id, checks);
    const metadata = this.#map(name, 'metadata', data.metadata, checks);
    const fixed = fixedInputs({ properties, inputs, metadata });
    // One literal: a copy of another object with a section more would have a hidden class of its own for each resource.
    return {
      name,
      path,
      type: typeof type === 'string' ? type : '',
      description: typeof data.description === 'string' ? data.description : undefined,
      properties,
      metadata,
      dependsOn: this.#dependsOn(name, data.depends_on, checks),
      condition,
      // Heat never deletes what it did not make.
      deletionPolicy: externalId === undefined ? this.#deletionPolicy(name, data.deletion_policy, checks) : 'Retain',
      updatePolicy: this.#map(name, 'update_policy', data.update_policy, checks),
      externalId,
      timeout:
        data.timeout === undefined || data.timeout === null
          ? undefined
          : this.#parser.expression(data.timeout, [...path, 'timeout'], checks),
      inputs,
      fixedInputs: fixed,
      readNames: fixed !== undefined && areAllRead(properties, fixed) ? this.#inputNames.of(fixed) : undefined,
      outputs: this.#declaredOutputs(path, data.outputs, { properties, inputs }),
    };
  }

  #isResource(path: Path, data: Json): data is JsonObject {
    if (!isTrueInPython(data)) {
      this.#problems.add({
        path,
        what: 'Each resource must contain a type key.',
        why: 'The resource is empty.',
        fix: "Add 'type', for example {type: OS::Heat::None}.",
      });
      return false;
    }
    if (!isJsonObject(data)) {
      this.#problems.add({
        path,
        what: `"resources" must contain a map of resource maps. Found a [${pythonType(data)}] instead`,
        why: 'A resource has sections such as type and properties.',
        fix: 'Write for example {type: OS::Heat::None}.',
      });
      return false;
    }
    if (Object.hasOwn(data, 'type')) return true;
    const near = Object.keys(data).find((key) => suggest(key, ['type']) !== '');
    this.#problems.add({
      path,
      what: 'Each resource must contain a type key.',
      why: 'Without it nobody knows what to create.',
      fix: `${near === undefined ? '' : suggest(near, ['type'])}Add 'type', for example 'type: OS::Heat::None'.`,
    });
    return false;
  }

  #addWrongResourceKey(path: Path, key: string): void {
    const sections = this.#version.resourceSections;
    const needsNewer = ['inputs', 'outputs', 'timeout'].includes(key) && this.#version.name !== 'hotloom-1';
    this.#problems.add({
      path: [...path, key],
      what: `"${key}" is not a valid keyword inside a resource definition`,
      why: needsNewer
        ? `The sections inputs, outputs and timeout of a resource are those of hotloom-1, and this template is of version ${this.#version.name}.`
        : `A resource has no section '${key}' in version ${this.#version.name}.`,
      fix: needsNewer
        ? "Write 'heat_template_version: hotloom-1'."
        : `${suggest(key, sections)}It may have ${listNames(sections)}.`,
    });
  }

  #addType(name: string, key: string, typeName: string, given: Json | undefined): void {
    this.#problems.add({
      path: ['resources', name, key],
      what: `Resource ${name} ${key} type must be ${typeName}`,
      why: `It is a value of type ${pythonType(given)}.`,
      fix: FIXES.get(key) ?? `Give a value of type ${typeName}, or leave the section out.`,
    });
  }

  /** A section that has to be stated key by key, because each key is an input of the resource. */
  #plainMap(
    name: string,
    key: 'properties' | 'inputs',
    data: Json | undefined,
    checks: NameChecks,
  ): { readonly [name: string]: Expression } {
    const map = this.#map(name, key, data, checks);
    if (!(map instanceof FunctionCall)) return map as { readonly [name: string]: Expression };
    if (!(map instanceof RefusedCall)) {
      this.#problems.add({
        path: ['resources', name, key],
        what: `The section ${key} of a resource cannot be a call of ${map.name} as a whole.`,
        why: 'What waits for what has to be known key by key.',
        fix: 'Call the function in the value of each key.',
      });
    }
    return {};
  }

  /** A section that is a mapping or a call; empty where it is missing. */
  #map(name: string, key: string, data: Json | undefined, checks: NameChecks): Expression {
    if (data === undefined) return NO_ENTRIES;
    const parsed = this.#parser.expression(data, ['resources', name, key], checks);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed;
    this.#addType(name, key, 'object', data);
    return {};
  }

  #dependsOn(name: string, data: Json | undefined, checks: NameChecks): readonly string[] {
    if (data === undefined) return NO_NAMES;
    const path = ['resources', name, 'depends_on'];
    if (typeof data !== 'string' && !Array.isArray(data)) {
      this.#addType(name, 'depends_on', 'list or string', data);
      return [];
    }
    const names: readonly Json[] = typeof data === 'string' ? [data] : (data as readonly Json[]);
    const required: string[] = [];
    for (const [index, item] of names.entries()) {
      const itemPath = typeof data === 'string' ? path : [...path, index];
      if (typeof item !== 'string') {
        this.#problems.add({
          path: itemPath,
          what: `Resource ${name} depends_on must be a list of strings`,
          why: `One item is a value of type ${pythonType(item)}.`,
          fix: 'Write the names of resources; functions are not allowed here.',
        });
        continue;
      }
      required.push(item);
      if (checks !== 'all' || this.#surroundings.resources.has(item)) continue;
      this.#problems.add({
        path: itemPath,
        Class: InvalidTemplateReference,
        ...unknownResource(item, ['resources', name], this.#surroundings.resources.keys()),
      });
    }
    return required;
  }

  #deletionPolicy(name: string, data: Json | undefined, checks: NameChecks): DeletionPolicy | FunctionCall {
    if (data === undefined) return 'Delete';
    const path = ['resources', name, 'deletion_policy'];
    const parsed = this.#parser.expression(data, path, checks);
    if (parsed instanceof FunctionCall) return parsed;
    if (typeof parsed !== 'string') {
      this.#addType(name, 'deletion_policy', 'string', data);
      return 'Delete';
    }
    const policy = this.#version.deletionPolicies.get(parsed);
    if (policy === undefined) this.#problems.add({ path, ...wrongPolicy(parsed, this.#version) });
    return policy ?? 'Delete';
  }

  #externalId(name: string, data: Json | undefined, checks: NameChecks): Expression | undefined {
    if (data === undefined) return undefined;
    const parsed = this.#parser.expression(data, ['resources', name, 'external_id'], checks);
    if (typeof parsed === 'string' || parsed instanceof FunctionCall) return parsed;
    this.#addType(name, 'external_id', 'string', data);
    return undefined;
  }

  #condition(data: Json | undefined, path: Path, owner: string): ConditionExpression | undefined {
    if (data === undefined || !this.#version.resourceSections.has('condition')) return undefined;
    const condition = this.#parser.condition(data, path);
    if (typeof condition === 'string' && !this.#surroundings.conditions.has(condition)) {
      const { what, ...fields } = unknownCondition(condition, this.#surroundings.conditions);
      this.#problems.add({ path, Class: InvalidTemplateReference, what: `${path.join('.')}: ${what}`, ...fields });
    }
    if (isConditionExpression(condition)) return condition;
    this.#problems.add({
      path,
      what: `${owner} type must be string_or_boolean`,
      why: `It is a value of type ${pythonType(data)}.`,
      fix: 'Write the name of a condition, or a function such as equals.',
    });
    return undefined;
  }

  /** The section `outputs` of a resource: `{}` for any value, or `{schema, needs, description}`. */
  #declaredOutputs(
    path: Path,
    data: Json | undefined,
    definition: Pick<ResourceDefinition, 'properties' | 'inputs'>,
  ): { readonly [attribute: string]: DeclaredOutput } {
    if (data === undefined || !this.#version.resourceSections.has('outputs')) return NO_ENTRIES;
    const sectionPath = [...path, 'outputs'];
    if (!isJsonObject(data)) {
      this.#problems.add({
        path: sectionPath,
        what: `Resource ${path[1]} outputs type must be object`,
        why: `It is a value of type ${pythonType(data)}.`,
        fix: 'Write {address: {}} for an attribute with any value.',
      });
      return {};
    }
    const outputs: Record<string, DeclaredOutput> = {};
    for (const [attribute, declaration] of Object.entries(data)) {
      const attributePath = [...sectionPath, attribute];
      if (RESERVED_NAMES.has(attribute)) {
        this.#problems.add({
          path: attributePath,
          what: `'${attribute}' is not the name of an attribute.`,
          why: 'JavaScript gives this name a meaning of its own.',
          fix: 'Choose another name.',
        });
        continue;
      }
      const output = this.#declaredOutput(attributePath, attribute, declaration ?? {}, definition);
      if (output !== undefined) outputs[attribute] = output;
    }
    return outputs;
  }

  #declaredOutput(
    path: Path,
    attribute: string,
    data: Json,
    { properties, inputs }: Pick<ResourceDefinition, 'properties' | 'inputs'>,
  ): DeclaredOutput | undefined {
    const refuse = (steps: Path, what: string, why: string, fix: string, isReference = false): undefined => {
      const Class = isReference ? InvalidTemplateReference : StackValidationFailed;
      this.#problems.add({ path: [...path, ...steps], what, why, fix, Class });
      return undefined;
    };
    if (!isJsonObject(data)) {
      const fix = 'Write {} for any value, or {schema: {type: string}, needs: [input], description: ...}.';
      return refuse(
        [],
        `The declaration of the output '${attribute}' is not a mapping.`,
        'It has keys of its own.',
        fix,
      );
    }
    const keys = ['schema', 'needs', 'description', 'secret', 'ephemeral'];
    for (const key of Object.keys(data)) {
      if (keys.includes(key)) continue;
      const what = `"${key}" is not a valid keyword inside the declaration of an output`;
      refuse(
        [key],
        what,
        `The output '${attribute}' has no '${key}'.`,
        `${suggest(key, keys)}It may have ${listNames(keys)}.`,
      );
    }
    const { schema = {}, needs, description, secret = false, ephemeral = false } = data;
    if (!isJsonObject(schema)) {
      const fix = 'Write for example {type: string}.';
      return refuse(
        ['schema'],
        `The schema of the output '${attribute}' is not a mapping.`,
        'It is a JSON Schema.',
        fix,
      );
    }
    if (description !== undefined && typeof description !== 'string') {
      refuse(
        ['description'],
        `The description of the output '${attribute}' is not a text.`,
        'People read it.',
        'Write a text.',
      );
    }
    for (const [key, value] of [
      ['secret', secret],
      ['ephemeral', ephemeral],
    ] as const) {
      if (typeof value === 'boolean') continue;
      const why = 'An attribute is one, or it is none.';
      refuse([key], `Whether the output '${attribute}' is ${key} is not a boolean.`, why, 'Write true or false.');
    }
    if (needs !== undefined && !(Array.isArray(needs) && needs.every((need) => typeof need === 'string'))) {
      const fix = 'Write the names of properties and inputs: [name].';
      return refuse(
        ['needs'],
        `What the output '${attribute}' needs is not a list of names.`,
        'It may need several.',
        fix,
      );
    }
    for (const [index, need] of ((needs ?? []) as readonly string[]).entries()) {
      if (Object.hasOwn(properties, need) || Object.hasOwn(inputs, need)) continue;
      const known = [...Object.keys(properties), ...Object.keys(inputs)];
      refuse(
        ['needs', index],
        `The specified reference "${need}" (in ${path.slice(1).join('.')}) is incorrect.`,
        `The resource '${path[1]}' has no property and no input '${need}'.`,
        `${suggest(need, known)}It has ${listNames(known)}.`,
        true,
      );
    }
    return {
      schema,
      needs: needs as readonly string[] | undefined,
      description: typeof description === 'string' ? description : undefined,
      secret: secret === true,
      ephemeral: ephemeral === true,
    };
  }

  // --- outputs ---

  #outputs(): ReadonlyMap<string, OutputDefinition> {
    const outputs = new Map<string, OutputDefinition>();
    for (const [name, data] of Object.entries(this.#section('outputs'))) {
      const path = ['outputs', name];
      const refuse = (message: string, why: string, fix: string): void =>
        this.#problems.add({ path, what: `Output validation error: outputs.${name}: ${message}`, why, fix });
      if (!isJsonObject(data)) {
        const message = `Output definitions must be a map. Found a ${pythonType(data)} instead`;
        refuse(message, 'An output has a value, and maybe a description.', 'Write {value: ...}.');
        continue;
      }
      if (!Object.hasOwn(data, 'value')) {
        const near = Object.keys(data).find((key) => suggest(key, ['value']) !== '');
        const fix = `${near === undefined ? '' : suggest(near, ['value'])}Write {value: ...}.`;
        refuse('Each output definition must contain a value key.', 'There is nothing to put out.', fix);
        continue;
      }
      const conditionPath = [...path, 'condition'];
      // Heat takes null for a condition that is not there, in outputs only.
      const condition = this.#condition(data.condition ?? undefined, conditionPath, `Output ${name} condition`);
      const checks: NameChecks = condition === undefined || condition === true ? 'attributes' : 'none';
      const { description } = data;
      outputs.set(name, {
        name,
        path,
        description: description === undefined || description === null ? undefined : pythonText(description),
        value: this.#parser.expression(data.value as Json, [...path, 'value'], checks),
        condition,
      });
    }
    return outputs;
  }
}

/** What to write into a section of a resource that has a value of the wrong type. */
const FIXES: ReadonlyMap<string, string> = new Map([
  ['type', "Write the name of a resource type, for example 'OS::Heat::Value'."],
  ['properties', 'Write {property: value}, or leave the section out.'],
  ['depends_on', 'Write the name of a resource, or a list of names.'],
]);

function wrongPolicy(given: Json, version: TemplateVersion): { what: string; why: string; fix: string } {
  const policies = [...version.deletionPolicies.keys()];
  return {
    what: `Invalid deletion policy "${pythonText(given)}"`,
    why: 'There is no such policy.',
    fix: `${suggest(pythonText(given), policies)}The policies are ${listNames(policies)}.`,
  };
}

function namesOf(section: Json | undefined): ReadonlySet<string> {
  return new Set(isJsonObject(section) ? Object.keys(section) : []);
}

function positionsOf(names: ReadonlySet<string>): ReadonlyMap<string, number> {
  const positions = new Map<string, number>();
  for (const name of names) positions.set(name, positions.size);
  return positions;
}

function isFixed({ fixedInputs: inputs, condition, externalId }: ResourceDefinition): boolean {
  return inputs !== undefined && condition === undefined && externalId === undefined;
}

/** Of a reference among fixed inputs, which knows it. */
function positionOf(reference: Reference): number {
  return reference.kind === 'attribute' ? (reference.position ?? NOBODY) : NOBODY;
}
