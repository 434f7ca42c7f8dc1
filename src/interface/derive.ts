import { type Composition, composedAttribute, NESTED_NAME, parentOf } from '../composition/composition.ts';
import { type FlattenOptions, flatten, isFlat } from '../composition/flatten.ts';
import {
  CircularDependencyException,
  type HotloomError,
  InvalidTemplateAttribute,
  InvalidTemplateReference,
  isHotloomError,
  RequestLimitExceeded,
  StackValidationFailed,
  TemplateInvalid,
} from '../errors.ts';
import { nameKey } from '../names.ts';
import { fitsByNames, type PropertyPlace, validateNames, validateStatically } from '../resource/properties.ts';
import type { ResourceTypes } from '../resource/registry.ts';
import type { AttributeDeclaration, AttributeDeclarations, ResourceType } from '../resource/resource-type.ts';
import { updatePolicyType } from '../resource/update-policy.ts';
import type { Path, Source } from '../source.ts';
import { evaluateCondition } from '../template/conditions.ts';
import {
  type Expression,
  FunctionCall,
  REFID,
  type Reference,
  type StaticScope,
  visitReferences,
} from '../template/expression.ts';
import { NO_ENTRIES, type ResourceForm } from '../template/form.ts';
import { type InputInterface, InputNames, METADATA } from '../template/inputs.ts';
import { type ProducerOf, type Reads, ReadsBuilder, withOutputs } from '../template/reads.ts';
import { printReferencePath } from '../template/references.ts';
import {
  type DeletionPolicy,
  deletionPolicyOf,
  type ResourceDefinition,
  type Template,
  timeoutOf,
} from '../template/template.ts';
import { setOwn } from '../values.ts';
import { listNames, suggest } from '../wording.ts';
import {
  type ForeignRead,
  type OutputInterface,
  producerOf,
  type ResourceInterface,
  type StackInterface,
} from './interface.ts';
import { type ResourceKind, ResourceOfKind } from './resource-kind.ts';

export interface DeriveOptions {
  readonly space: string;
  readonly stack: string;
  readonly types: ResourceTypes;
  /** Parameter values, conditions and files: everything that is fixed before the run. */
  readonly scope: StaticScope;
  /** Heat's max_resources_per_stack; default 1000. */
  readonly maxResources?: number;
  /** What stands for a type, and values for the parameters of nested templates. Default: nothing. */
  readonly environment?: FlattenOptions['environment'];
  /** What parameters and the schemas of properties may name. Default: custom constraints are not looked at. */
  readonly customConstraints?: FlattenOptions['customConstraints'];
  readonly duplicateKeys?: FlattenOptions['duplicateKeys'];
  /** Masks the values of hidden parameters. */
  readonly redact?: (text: string) => string;
}

/** What could be derived, and what is wrong. */
export interface Derived {
  readonly stack: StackInterface;
  readonly problems: readonly HotloomError[];
}

/** Heat's max_resources_per_stack. */
export const DEFAULT_MAX_RESOURCES = 1000;

/**
 * What each resource of the template reads and writes under these types, parameters and conditions.
 *
 * With it every problem: unknown types and attributes, properties that do not fit their schema, sections that the type has
 * no use for. A resource of an unknown type is taken with whatever it has. O(size of the template).
 */
export function deriveInterface(template: Template, options: DeriveOptions): Derived {
  return new Derivation(template, options).derive();
}

/** The attribute that every resource of Heat has: what its service tells of it, null for those that have no service. */
const SHOW = 'show';

const NULL_ATTRIBUTE = { schema: {}, optional: true } as const;

/** Stands for a type or a composition that could not be understood; what is wrong with it is told already. */
const UNKNOWN_TYPE: ResourceType = {
  kind: 'plain',
  name: 'unknown',
  properties: {},
  attributes: {},
  anyProperties: true,
  anyAttributes: true,
  handler: { create: () => ({}) },
};

type ExpressionMap = { readonly [name: string]: Expression };
type AttributeReference = Extract<Reference, { readonly kind: 'attribute' }>;

class Derivation {
  readonly #template: Template;
  readonly #options: DeriveOptions;
  readonly #problems: HotloomError[] = [];
  readonly #resources: ResourceOfKind[] = [];
  /** Made when somebody asks for a resource by its name that may stand elsewhere than in the template. */
  #numbersOnce: Map<string, number> | undefined;
  /** The attributes of each type with REFID, shared by the resources that add none. */
  readonly #typeOutputs = new Map<ResourceType, AttributeDeclarations>();
  /** By form; undefined where each resource has to be looked at. */
  readonly #kinds = new Map<ResourceForm, ResourceKind | undefined>();
  readonly #inputNames = new InputNames();
  /** Resources of one type often stand in a row. */
  #lastType: ResourceType | undefined;

  /** What stands behind the attributes of resources that are made of others, by their names. */
  readonly #followed = new Map<string, readonly Reference[]>();
  /** Whether anything reads a name from outside the stack. */
  #readsNames = false;
  /** The names of all resources, where some may be left out. */
  #enabled: ReadonlySet<string> | undefined;
  readonly #compositions = new Map<string, Composition>();
  /** The attributes of resources that have got more of them. */
  readonly #ownOutputs = new Map<string, Record<string, AttributeDeclaration>>();

  /** The caller's, with what the resource types tell. */
  readonly #scope: StaticScope;

  constructor(template: Template, options: DeriveOptions) {
    this.#template = template;
    this.#options = options;
    this.#scope = {
      ...options.scope,
      attributes: (resource) => this.#attributeNames(resource),
      selectsItself: (resource) => this.#compositions.get(resource)?.selectsItself === true,
    };
  }

  get #numbers(): ReadonlyMap<string, number> {
    this.#numbersOnce ??= new Map(this.#resources.map(({ name }, index) => [name, index]));
    return this.#numbersOnce;
  }

  derive(): Derived {
    const { space, stack: name } = this.#options;
    this.#checkSize();
    const template = this.#template;
    this.#addResources();
    const resources = this.#resources;
    const keepsPositions = this.#compositions.size === 0 && resources.length === template.resources.size;
    const numbers = keepsPositions ? template.positions : this.#numbers;
    const outputs = this.#outputs();
    const producer: ProducerOf = (reference) => producerOf({ keepsPositions, numbers }, reference);
    const fixed = keepsPositions ? template.reads : undefined;
    const reads = withOutputs(fixed ?? this.#reads(producer), outputs, producer);
    if (fixed === undefined || !this.#haveAttributes(fixed)) {
      for (const { inputs } of resources) this.#checkInputs(inputs, producer);
    }
    for (const { references } of outputs) {
      for (const reference of references) this.#checkReference(reference, producer, false);
    }
    const stack: StackInterface = {
      space,
      stack: name,
      template,
      scope: this.#scope,
      resources,
      numbers,
      keepsPositions,
      reads,
      compositions: this.#compositions,
      outputs,
      foreignReads: this.#readsNames ? resources.flatMap(foreignReadsOf) : [],
      customConstraints: this.#options.customConstraints,
    };
    return { stack, problems: this.#problems };
  }

  #reads(producer: ProducerOf): Reads {
    const reads = new ReadsBuilder(this.#resources.length, producer);
    for (const { inputs } of this.#resources) reads.add(inputs);
    return reads.build();
  }

  /** Whether every resource has the attributes that others read of it. */
  #haveAttributes({ attributes }: Reads): boolean {
    // Most resources of a type have the same attributes, and the same of them are read.
    let known: AttributeDeclarations | undefined;
    let asked: readonly string[] | undefined;
    for (let index = 0; index < attributes.length; index += 1) {
      const read = attributes[index];
      const { outputs } = this.#resources[index] as ResourceInterface;
      if (read === undefined || (read === asked && outputs === known)) continue;
      if (!read.every((attribute) => Object.hasOwn(outputs, attribute))) return false;
      known = outputs;
      asked = read;
    }
    return true;
  }

  #checkSize(): void {
    const limit = this.#options.maxResources ?? DEFAULT_MAX_RESOURCES;
    if (this.#template.resources.size <= limit) return;
    throw new RequestLimitExceeded({
      what: `Request limit exceeded: You have reached the maximum resources per stack, ${limit}.`,
      where: this.#template.source.locate(['resources']),
      why: `The template has ${this.#template.resources.size} resources.`,
      fix: "Split the stack, or raise the limit by the engine's option 'limits.maxResources'.",
    });
  }

  /** Most templates have nothing that is made of others, and no condition that leaves something out. */
  #addResources(): void {
    const template = this.#template;
    const { environment = { resourceRegistry: {}, parameterDefaults: {} } } = this.#options;
    if (template.reads !== undefined && isFlat(template, environment)) {
      this.#addOwnResources();
      return;
    }
    const { types, maxResources, customConstraints, duplicateKeys } = this.#options;
    const options: FlattenOptions = {
      types,
      scope: this.#scope,
      environment,
      maxResources: maxResources ?? DEFAULT_MAX_RESOURCES,
      customConstraints,
      duplicateKeys,
    };
    const flat = flatten(template, options, this.#problems);
    this.#enabled = new Set(flat.map(({ definition }) => definition.name));
    for (const { definition, composition } of flat) {
      if (composition !== undefined) this.#compositions.set(definition.name, composition);
    }
    for (const each of flat) {
      this.#addResource(each.definition, each.template, each.typeName, each.composition, each.isBroken);
    }
  }

  /** Without a look at the definitions of those that are like others: see ResourceForms. */
  #addOwnResources(): void {
    const template = this.#template;
    let lastForm: ResourceForm | undefined;
    let kind: ResourceKind | undefined;
    let index = 0;
    template.resources.forEach((definition, name) => {
      const form = template.forms[index];
      if (form !== lastForm) kind = form && this.#kindOf(form);
      lastForm = form;
      if (kind === undefined) this.#addResource(definition, template, definition.type);
      else this.#resources.push(new ResourceOfKind(index, name, definition, kind));
      index += 1;
    });
  }

  /** The kind of all resources of a form, if there is nothing wrong with them and nothing is special about their type. */
  #kindOf(form: ResourceForm): ResourceKind | undefined {
    if (!this.#kinds.has(form)) this.#kinds.set(form, this.#newKind(form));
    return this.#kinds.get(form);
  }

  #newKind({ type: typeName, readNames }: ResourceForm): ResourceKind | undefined {
    const { types } = this.#options;
    const type = types.has(typeName) ? types.get(typeName) : undefined;
    if (type === undefined || !fitsByNames(type, readNames)) return undefined;
    const isSpecial =
      type.instanceAttributes !== undefined || type.anyAttributes === true || updatePolicyType(type) !== undefined;
    if (isSpecial) return undefined;
    return {
      type,
      template: this.#template,
      inputs: undefined,
      inputNames: readNames,
      readNames,
      outputs: this.#typeOutputsOf(type),
      parent: -1,
      dependsOn: NO_NAMES,
      deletionPolicy: 'Delete',
      timeoutMs: undefined,
      isExternal: false,
    };
  }

  /** See FlatResource. */
  #addResource(
    definition: ResourceDefinition,
    template: Template,
    typeName: string | undefined,
    composition?: Composition,
    isBroken = false,
  ): void {
    const type = isBroken ? UNKNOWN_TYPE : (composition?.type ?? this.#typeOf(definition, template, typeName));
    const { source } = template;
    // Heat does not look at a resource that is there already (Stack.validate in heat/engine/stack.py).
    const isExternal = definition.externalId !== undefined;
    const inputs = this.#inputsOf(definition, isExternal);
    if (isExternal) this.#checkExternal(definition, source);
    else this.#checkProperties(definition, template, type, inputs, composition !== undefined);
    if (!isExternal) this.#checkUpdatePolicy(definition, template, type);
    if (composition === undefined) this.#checkSections(definition, type, source);
    const { name, dependsOn } = definition;
    const deletionPolicy = this.#deletionPolicyOf(definition, template, type);
    const parent = this.#parentOf(name);
    const index = this.#resources.length;
    const resource = new ResourceOfKind(index, name, definition, {
      type,
      template,
      inputs,
      inputNames: this.#inputNames.of(inputs),
      readNames: definition.readNames,
      outputs: this.#outputsOf(definition, type),
      parent: parent === undefined ? -1 : (this.#numbers.get(parent) ?? -1),
      dependsOn: dependsOn.length === 0 ? dependsOn : this.#enabledOf(dependsOn),
      deletionPolicy,
      timeoutMs:
        definition.timeout === undefined
          ? undefined
          : this.#collect(() => timeoutOf(definition, template, this.#scope)),
      isExternal,
    });
    this.#resources.push(resource);
    this.#numbersOnce?.set(name, index);
  }

  /** Most stacks have nothing that is made of others. */
  #parentOf(name: string): string | undefined {
    return this.#compositions.size === 0 ? undefined : parentOf(name);
  }

  /** Heat's rule for the policy Snapshot: validate_deletion_policy in heat/engine/resource.py. */
  #deletionPolicyOf(definition: ResourceDefinition, template: Template, type: ResourceType): DeletionPolicy {
    const { deletionPolicy, path } = definition;
    const policy =
      typeof deletionPolicy === 'string'
        ? deletionPolicy
        : (this.#collect(() => deletionPolicyOf(definition, template, this.#scope)) ?? 'Delete');
    // Of a type that nobody knows nothing is known here either.
    if (policy === 'Snapshot' && type.handler.snapshot === undefined && type.anyProperties !== true) {
      this.#problem(
        StackValidationFailed,
        template.source.locate([...path, 'deletion_policy']),
        `"${policy}" deletion policy not supported`,
        `Nothing of a resource of type ${type.name} can be kept when it is deleted.`,
        "Write 'Delete', or 'Retain' to leave it where it is.",
      );
    }
    return policy;
  }

  #enabledOf(dependsOn: readonly string[]): readonly string[] {
    return [...new Set(dependsOn)].filter((required) => this.#enabled?.has(required) !== false);
  }

  #typeOf(definition: ResourceDefinition, template: Template, typeName: string | undefined): ResourceType {
    if (this.#lastType !== undefined && typeName === this.#lastType.name) return this.#lastType;
    try {
      const type = this.#options.types.get(definition.type, typeName ?? null);
      this.#lastType = type;
      return type;
    } catch (error) {
      if (!isHotloomError(error)) throw error;
      this.#problems.push(placed(error, template.source, [...definition.path, 'type']));
      return UNKNOWN_TYPE;
    }
  }

  #checkProperties(
    definition: ResourceDefinition,
    template: Template,
    type: ResourceType,
    inputs: readonly InputInterface[],
    isComposed: boolean,
  ): void {
    const place = this.#placeOf(definition, template);
    // What a composition is made of has to be known, so its values are always looked at.
    const isMember = !isComposed && this.#parentOf(definition.name) !== undefined;
    const found = isMember
      ? validateNames(type, definition.properties, place)
      : validateStatically(type, definition.properties, place, this.#scope, inputs);
    if (found.length > 0) this.#problems.push(...found);
  }

  #checkUpdatePolicy(definition: ResourceDefinition, template: Template, type: ResourceType): void {
    const policyType = updatePolicyType(type);
    const policy = definition.updatePolicy;
    if (policyType === undefined || policy instanceof FunctionCall) return;
    const section = { ...this.#placeOf(definition, template), section: 'update_policy' } as const;
    this.#problems.push(...validateStatically(policyType, policy as ExpressionMap, section, this.#scope));
  }

  #placeOf({ name, path }: ResourceDefinition, { source }: Template): PropertyPlace {
    const { redact, customConstraints } = this.#options;
    return { resource: name, path, source, mask: redact, customConstraints };
  }

  /** It depends on nothing (required_resource_names in heat/engine/rsrc_defn.py). */
  #checkExternal({ name, type, path, dependsOn, externalId }: ResourceDefinition, source: Source): void {
    if (dependsOn.length === 0) return;
    this.#problem(
      StackValidationFailed,
      source.locate([...path, 'depends_on']),
      `Invalid dependency with external ${type} resource: ${typeof externalId === 'string' ? externalId : name}`,
      'A resource with an external_id is there already, so it cannot wait for another one.',
      "Remove 'depends_on', or 'external_id'.",
    );
  }

  /** The sections `inputs` and `outputs` are for handlers that can use them. */
  #checkSections(definition: ResourceDefinition, type: ResourceType, source: Source): void {
    if (isEmpty(definition.inputs) && isEmpty(definition.outputs)) return;
    for (const section of ['inputs', 'outputs'] as const) {
      if (type.kind === 'streaming' || Object.keys(definition[section]).length === 0) continue;
      this.#problem(
        StackValidationFailed,
        source.locate([...definition.path, section]),
        `Resource ${definition.name} of type ${type.name} cannot have the section '${section}'.`,
        'A handler of a plain type gets its properties at its start and returns its attributes at its end.',
        section === 'inputs'
          ? 'Give the values as properties, or use a streaming type such as Local::Process.'
          : 'Use a streaming type such as Local::Process, or read an attribute that the type has.',
      );
    }
    for (const alias of Object.keys(definition.inputs)) {
      if (!Object.hasOwn(type.properties, alias)) continue;
      this.#problem(
        StackValidationFailed,
        source.locate([...definition.path, 'inputs', alias]),
        `The input '${alias}' of resource ${definition.name} has the name of a property.`,
        `Type ${type.name} has a property '${alias}', and a handler reads both by the same name.`,
        'Give the input another name.',
      );
    }
  }

  #inputsOf(definition: ResourceDefinition, isExternal: boolean): readonly InputInterface[] {
    if (!isExternal && definition.fixedInputs !== undefined && this.#compositions.size === 0)
      return definition.fixedInputs;
    const inputs: InputInterface[] = [];
    if (!isExternal) this.#addInputs(definition.properties, 'properties', inputs);
    this.#addInputs(definition.inputs, 'inputs', inputs);
    if (!isExternal && !isEmpty(definition.metadata as object)) {
      this.#addInputs({ [METADATA]: definition.metadata }, 'metadata', inputs);
    }
    return inputs;
  }

  #addInputs(
    expressions: { readonly [name: string]: Expression },
    section: InputInterface['section'],
    inputs: InputInterface[],
  ): void {
    for (const name in expressions) {
      const expression = expressions[name] as Expression;
      if (typeof expression !== 'object' || expression === null) continue;
      const references = this.#references(expression);
      if (references.length > 0) inputs.push({ name, section, references });
    }
  }

  #references(expression: Expression): readonly Reference[] {
    const references: Reference[] = [];
    this.#collect(() => visitReferences(expression, this.#scope, (reference) => this.#follow(reference, references)));
    return references;
  }

  /**
   * A name of this very stack is a reference like `get_attr`, so that the static check sees it. An attribute of a resource
   * that is made of others is what stands behind it, and that the resource itself has started.
   */
  #follow(given: Reference, into: Reference[]): void {
    const reference = this.#inStack(given);
    const expression = this.#composedBy(reference);
    if (expression === undefined) {
      into.push(reference);
      return;
    }
    for (const each of this.#behind(reference as AttributeReference, expression)) into.push(each);
  }

  /**
   * What stands behind an attribute of a resource that is made of others, each reference once. A loop and no recursion,
   * and each attribute once: attributes may hand each other's values on through any number of nested templates, and each
   * several times.
   */
  #behind(reference: AttributeReference, expression: Expression): readonly Reference[] {
    const known = this.#followed.get(attributeName(reference));
    if (known !== undefined) return known;
    const open = new Map<string, Behind>();
    const stack: Behind[] = [];
    const enter = (entered: AttributeReference, behind: Expression): void => {
      const direct: Reference[] = [{ ...entered, attribute: NESTED_NAME }];
      visitReferences(behind, this.#scope, (each) => direct.push(this.#inStack(each)));
      const one = { name: attributeName(entered), direct, position: 0, all: new Map<string, Reference>() };
      open.set(one.name, one);
      stack.push(one);
    };
    enter(reference, expression);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const next = top.direct[top.position];
      if (next === undefined) {
        stack.pop();
        open.delete(top.name);
        this.#followed.set(top.name, [...top.all.values()]);
        continue;
      }
      const composed = this.#composedBy(next);
      if (composed === undefined) addReference(top.all, next);
      else {
        const attribute = next as AttributeReference;
        const name = attributeName(attribute);
        const done = this.#followed.get(name);
        if (done === undefined) {
          if (open.has(name)) throw this.#endless([...open.keys()], name, attribute);
          enter(attribute, composed);
          continue;
        }
        for (const each of done) addReference(top.all, each);
      }
      top.position += 1;
    }
    return this.#followed.get(attributeName(reference)) ?? [];
  }

  #composedBy(reference: Reference): Expression | undefined {
    if (reference.kind !== 'attribute') return undefined;
    return composedAttribute(this.#compositions.get(reference.resource), reference.attribute);
  }

  /** A name of this very stack as what it is. */
  #inStack(reference: Reference): Reference {
    if (reference.kind !== 'name') return reference;
    const [space, stack, resource, attribute] = reference.name;
    if (space === this.#options.space && stack === this.#options.stack && this.#isOwn(resource)) {
      return { kind: 'attribute', resource, attribute, path: reference.path };
    }
    this.#readsNames = true;
    return reference;
  }

  /** Attributes that only hand on each other's values: no port is in the circle, so the graph would not show it. */
  #endless(names: readonly string[], name: string, { path, source }: AttributeReference): CircularDependencyException {
    const circle = [...names.slice(names.indexOf(name)), name].join(' <- ');
    return new CircularDependencyException({
      what: `Circular Dependency Found: ${circle}`,
      where: (source ?? this.#template.source).locate(path),
      why: 'Each of these is what the next one is, and none of them is written by anybody.',
      fix: 'Give one of the parameters that hand the value on another value.',
    });
  }

  #isOwn(resource: string): boolean {
    return this.#template.resources.has(resource) || this.#numbers.has(resource);
  }

  #outputsOf(definition: ResourceDefinition, type: ResourceType): AttributeDeclarations {
    const shared = this.#typeOutputsOf(type);
    const { instanceAttributes } = type;
    const own = instanceAttributes && this.#collect(() => instanceAttributes(definition.properties));
    if ((own === undefined || isEmpty(own)) && isEmpty(definition.outputs) && !type.anyAttributes) return shared;
    const declared = Object.entries(definition.outputs).map(([name, { schema, needs, secret, ephemeral }]) => [
      name,
      {
        schema,
        ...(needs === undefined ? {} : { needs }),
        ...(secret ? { secret } : {}),
        ...(ephemeral ? { ephemeral } : {}),
      },
    ]);
    return { ...shared, ...own, ...Object.fromEntries(declared) };
  }

  #typeOutputsOf(type: ResourceType): AttributeDeclarations {
    const outputs = this.#typeOutputs.get(type) ?? { [REFID]: { schema: {} }, ...type.attributes };
    this.#typeOutputs.set(type, outputs);
    return outputs;
  }

  /** What `get_attr: [resource]` reads. */
  #attributeNames(resource: string): readonly string[] {
    const composition = this.#compositions.get(resource);
    if (composition !== undefined) return composition.attributeNames;
    const known = this.#resources[this.#numbers.get(resource) ?? -1];
    if (known !== undefined) return Object.keys(known.outputs).filter((attribute) => attribute !== REFID);
    const definition = this.#template.resources.get(resource);
    const type = definition === undefined ? undefined : this.#collect(() => this.#options.types.get(definition.type));
    if (definition === undefined || type === undefined) return [];
    return Object.keys(this.#outputsOf(definition, type)).filter((attribute) => attribute !== REFID);
  }

  #outputs(): readonly OutputInterface[] {
    const outputs: OutputInterface[] = [];
    for (const definition of this.#template.outputs.values()) {
      const { condition } = definition;
      const isEnabled =
        condition === undefined || this.#collect(() => evaluateCondition(condition, this.#scope)) === true;
      if (isEnabled) outputs.push({ definition, references: this.#references(definition.value) });
    }
    return outputs;
  }

  #checkInputs(inputs: readonly InputInterface[], producerOf: ProducerOf): void {
    for (const { references } of inputs) {
      for (const reference of references) this.#checkReference(reference, producerOf, true);
    }
  }

  /**
   * `get_attr` of a resource that a condition leaves out reads null, `get_resource` of it has no meaning but in an output;
   * an unknown type is a problem of its own.
   */
  #checkReference(reference: Reference, producerOf: ProducerOf, isInput: boolean): void {
    if (reference.kind !== 'attribute') return;
    const producer = this.#resources[producerOf(reference)];
    if (producer === undefined) {
      if (isInput && reference.attribute === REFID) this.#refuseLeftOut(reference);
    } else if (!Object.hasOwn(producer.outputs, reference.attribute)) {
      if (producer.type.anyAttributes || reference.attribute === SHOW) this.#addOutput(producer, reference.attribute);
      else this.#refuseAttribute(producer, reference);
    }
  }

  #refuseLeftOut({ resource, path, source }: AttributeReference): void {
    this.#problem(
      InvalidTemplateReference,
      (source ?? this.#template.source).locate(path),
      `The specified reference "${resource}" (in ${printReferencePath(path)}) is incorrect.`,
      `The condition of '${resource}' does not hold, so there will be no such resource.`,
      `Put the reference under the same condition: {if: [condition, {get_resource: ${resource}}, null]}.`,
    );
  }

  #refuseAttribute(producer: ResourceInterface, { resource, attribute, path, source }: AttributeReference): void {
    const names = Object.keys(producer.outputs).filter((name) => name !== REFID);
    this.#problem(
      InvalidTemplateAttribute,
      (source ?? this.#template.source).locate(path),
      `The Referenced Attribute (${resource} ${attribute}) is incorrect.`,
      `A resource of type ${producer.type.name} never writes '${attribute}'.`,
      `${suggest(attribute, names)}'${resource}' has ${listNames(names)}.`,
    );
  }

  /** Gives the resource an attribute that only a reference names. The attributes of its type are copied once. */
  #addOutput(producer: ResourceOfKind, attribute: string): void {
    let outputs = this.#ownOutputs.get(producer.name);
    if (outputs === undefined) {
      outputs = { ...producer.outputs };
      this.#ownOutputs.set(producer.name, outputs);
      this.#resources[producer.index] = producer.withOutputs(outputs);
    }
    setOwn(outputs, attribute, NULL_ATTRIBUTE);
  }

  #problem(
    ErrorClass: new (fields: { what: string; where: HotloomError['where']; why: string; fix: string }) => HotloomError,
    where: HotloomError['where'],
    what: string,
    why: string,
    fix: string,
  ): void {
    this.#problems.push(new ErrorClass({ what, where, why, fix }));
  }

  /** The result of `attempt`, or undefined with its problem noted. */
  #collect<T>(attempt: () => T): T | undefined {
    try {
      return attempt();
    } catch (error) {
      if (!isHotloomError(error) || error.code === 'InternalError') throw error;
      if (error instanceof TemplateInvalid) this.#problems.push(...error.problems);
      else this.#problems.push(error);
      return undefined;
    }
  }
}

/** The same error with its place in the template. */
function placed(error: HotloomError, source: Source, path: Path): HotloomError {
  const PlacedClass = error.constructor as new (fields: object) => HotloomError;
  const { what, why, fix } = error;
  return new PlacedClass({ what, why, fix, where: source.locate(path) });
}

const NO_NAMES: readonly never[] = [];

function isEmpty(map: object): boolean {
  if (map === NO_ENTRIES) return true;
  for (const _ in map) return false;
  return true;
}

function foreignReadsOf({ index, inputs }: ResourceInterface): readonly ForeignRead[] {
  return inputs.flatMap(({ references }, input) =>
    references.flatMap((reference) =>
      reference.kind === 'name' ? [{ resource: index, input, name: reference.name }] : [],
    ),
  );
}

/** An attribute that is being looked behind. */
interface Behind {
  readonly name: string;
  /** What its expression refers to, and how far that has been followed. */
  readonly direct: readonly Reference[];
  position: number;
  /** By what they refer to. */
  readonly all: Map<string, Reference>;
}

function attributeName({ resource, attribute }: AttributeReference): string {
  return `${resource}.${attribute}`;
}

function addReference(all: Map<string, Reference>, reference: Reference): void {
  const key =
    reference.kind === 'name'
      ? `name ${nameKey(reference.name)}`
      : reference.kind === 'done'
        ? `done ${reference.resource}`
        : `attribute ${attributeName(reference)}`;
  if (!all.has(key)) all.set(key, reference);
}
