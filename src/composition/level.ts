import { InternalError, InvalidTemplateReference, isHotloomError, StackValidationFailed } from '../errors.ts';
import type { Source, SourceLocation } from '../source.ts';
import { type ConditionExpression, conditionResults, evaluateCondition } from '../template/conditions.ts';
import {
  type Expression,
  type Facade,
  FunctionCall,
  type Reference,
  type ResolveScope,
  resolveExpression,
  type StaticScope,
  visitReferences,
  withoutReads,
} from '../template/expression.ts';
import type { ParameterDefinition } from '../template/parameters.ts';
import type { Template } from '../template/template.ts';
import type { Json } from '../values.ts';
import { NestedIdentity } from './calls.ts';

/** A parameter of a nested template. */
export interface NestedParameter {
  readonly definition: ParameterDefinition;
  /** What the composition's property says, in the root template's scope; undefined when it is not given. */
  readonly given: Expression | undefined;
  /** The value that the parameter takes when it is given this one. Throws the errors of parameters. */
  readonly convert: (given: Json | undefined) => Json;
}

export interface LevelOptions {
  readonly template: Template;
  /** The composition, named from the root template down. */
  readonly owner: string;
  readonly parameters: ReadonlyMap<string, NestedParameter>;
  /** The sections of the composition that the nested template may ask for. */
  readonly facade: { readonly [part in Facade]: Expression };
  /** The root template's text. */
  readonly rootSource: Source;
  /** The text of a file that the nested template names. */
  readonly file: (name: string) => string | undefined;
}

/**
 * A nested template at the place where it is used: turns its expressions into such of the root template's scope. Names of
 * its resources get the composition's name in front; its parameters are the composition's properties, so that a
 * `get_param` in it reads, and waits for, what stands there.
 */
export class Level {
  readonly template: Template;
  readonly owner: string;
  readonly parameters: ReadonlyMap<string, NestedParameter>;
  readonly #facade: { readonly [part in Facade]: Expression };
  readonly #rootSource: Source;
  readonly #file: (name: string) => string | undefined;
  /** The scopes made for a scope of the root template: conditions in them are evaluated once. */
  readonly #statics = new WeakMap<StaticScope, StaticScope>();
  readonly #resolving = new WeakMap<ResolveScope, ResolveScope>();

  constructor({ template, owner, parameters, facade, rootSource, file }: LevelOptions) {
    this.#facade = facade;
    this.#rootSource = rootSource;
    this.template = template;
    this.owner = owner;
    this.parameters = parameters;
    this.#file = file;
  }

  /** A resource of this template, named from the root template down. */
  flatName(resource: string): string {
    return `${this.owner}/${resource}`;
  }

  /** The expression with every call in it turned into the root template's scope. */
  lift(expression: Expression): Expression {
    if (typeof expression !== 'object' || expression === null) return expression;
    if (expression instanceof FunctionCall) return new LiftedCall(expression, this);
    if (Array.isArray(expression)) return expression.map((item) => this.lift(item));
    return this.liftMap(expression as { readonly [key: string]: Expression });
  }

  liftMap(map: { readonly [key: string]: Expression }): { readonly [key: string]: Expression } {
    return Object.fromEntries(Object.entries(map).map(([key, item]) => [key, this.lift(item)]));
  }

  liftCondition(condition: ConditionExpression | undefined): ConditionExpression | undefined {
    return condition === undefined || typeof condition === 'boolean' ? condition : new LiftedCondition(condition, this);
  }

  /** The scope of this template, inside that of the root template. */
  staticScope(root: StaticScope): StaticScope {
    const known = this.#statics.get(root);
    if (known !== undefined) return known;
    const scope: StaticScope = {
      home: root.home,
      project: root.project,
      parameter: (name) => this.#staticParameter(name, root),
      parameterReferences: (name, visit) => this.#parameterReferences(name, root, visit),
      facade: (part) => resolveExpression(this.#facade[part], withoutReads(root)) ?? null,
      facadeReferences: (part, visit) => this.#visitFlat(this.#facade[part], root, visit),
      condition: (name) => holds(name),
      file: (name) => this.#file(name) ?? root.file(name),
      attributes: (resource) => root.attributes?.(this.flatName(resource)) ?? [],
      selectsItself: (resource) => root.selectsItself?.(this.flatName(resource)) === true,
    };
    const holds = conditionResults(this.template.conditions, scope);
    this.#statics.set(root, scope);
    return scope;
  }

  resolveScope(root: ResolveScope): ResolveScope {
    const known = this.#resolving.get(root);
    if (known !== undefined) return known;
    const scope: ResolveScope = {
      ...this.staticScope(root),
      parameter: (name) => this.#parameter(name, root),
      facade: (part) => resolveExpression(this.#facade[part], root) ?? null,
      attribute: (resource, attribute) => root.attribute(this.flatName(resource), attribute),
      value: (name) => root.value(name),
    };
    this.#resolving.set(root, scope);
    return scope;
  }

  /** A reference that an expression of this template makes, as one of the root template's. */
  outward(reference: Reference): Reference {
    if (reference.source !== undefined) return reference;
    const { source } = this.template;
    if (reference.kind === 'name') return { ...reference, source };
    return { ...reference, resource: this.flatName(reference.resource), source };
  }

  #parameter(name: string, root: ResolveScope): Json {
    const parameter = this.parameters.get(name);
    if (parameter === undefined) return this.#pseudo(name, root);
    const { given, convert } = parameter;
    return convert(given === undefined ? undefined : resolveExpression(given, root));
  }

  /** A parameter that a condition, a count or a name asks for before anything runs. */
  #staticParameter(name: string, root: StaticScope): Json {
    const parameter = this.parameters.get(name);
    if (parameter?.given !== undefined) {
      let first: Reference | undefined;
      visitReferences(parameter.given, root, (reference) => {
        first ??= reference;
      });
      if (first !== undefined) throw this.#notKnownBefore(name, first);
    }
    return this.#parameter(name, withoutReads(root));
  }

  #parameterReferences(name: string, root: StaticScope, visit: (reference: Reference) => void): void {
    const parameter = this.parameters.get(name);
    if (parameter === undefined) this.#identity(name)?.references(root, visit);
    else if (parameter.given !== undefined) {
      this.#visitFlat(parameter.given, root, visit);
    }
  }

  /** What stands in the root template is named from there already. */
  #visitFlat(expression: Expression, root: StaticScope, visit: (reference: Reference) => void): void {
    visitReferences(expression, root, (reference) =>
      visit(reference.source === undefined ? { ...reference, source: this.#rootSource } : reference),
    );
  }

  #pseudo(name: string, root: ResolveScope): Json {
    const identity = this.#identity(name);
    if (identity === undefined) return root.parameter(name);
    try {
      return identity.resolve(root);
    } catch (error) {
      // Before the run nothing is read; then the name is the one that Heat validates with.
      if (!isHotloomError(error, InternalError.name)) throw error;
      return `${root.home.stack}-${this.owner.replaceAll('/', '-')}`;
    }
  }

  /** The pseudo-parameters that tell of the nested stack. */
  #identity(name: string): NestedIdentity | undefined {
    const form = /^(?:OS::stack_name|AWS::StackName)$/.test(name)
      ? 'name'
      : name === 'OS::stack_id'
        ? 'id'
        : name === 'AWS::StackId'
          ? 'arn'
          : undefined;
    return form === undefined
      ? undefined
      : new NestedIdentity({ path: [], source: this.template.source }, this.owner, form);
  }

  #notKnownBefore(name: string, reference: Reference): StackValidationFailed {
    const what = reference.kind === 'name' ? reference.name.join('.') : reference.resource;
    return new StackValidationFailed({
      what: `The parameter '${name}' of the nested template of '${this.owner}' is not known before the run.`,
      where: reference.source?.locate(reference.path),
      why: `It depends on '${what}', and a condition, a count or a name in the nested template needs it. What resources there are is decided before anything is created.`,
      fix: 'Give a value that does not depend on a resource, or use the attribute in properties only.',
    });
  }
}

/** A call of a nested template in the root template's scope. */
class LiftedCall extends FunctionCall {
  readonly name: string;
  readonly #call: FunctionCall;
  readonly #level: Level;

  constructor(call: FunctionCall, level: Level) {
    super(call.path);
    this.name = call.name;
    this.#call = call;
    this.#level = level;
  }

  override get location(): SourceLocation {
    return this.#call.location;
  }

  override references(root: StaticScope, visit: (reference: Reference) => void): void {
    this.#call.references(this.#level.staticScope(root), (reference) => visit(this.#level.outward(reference)));
  }

  override resolve(root: ResolveScope): Json | undefined {
    return this.#call.resolve(this.#level.resolveScope(root));
  }

  override toHot(): Json {
    return this.#call.toHot();
  }
}

/** A condition of a nested template in the root template's scope. */
class LiftedCondition extends FunctionCall {
  readonly name = 'condition';
  readonly #condition: string | FunctionCall;
  readonly #level: Level;

  constructor(condition: string | FunctionCall, level: Level) {
    super([]);
    this.#condition = condition;
    this.#level = level;
  }

  override references(): void {}

  override resolve(root: ResolveScope): Json {
    return evaluateCondition(this.#condition, this.#level.staticScope(root));
  }

  override toHot(): Json {
    throw new InvalidTemplateReference({ what: 'A condition of a nested template is not printed.' });
  }
}
