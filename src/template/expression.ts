import { type ErrorFields, InternalError, isHotloomError, StackValidationFailed } from '../errors.ts';
import type { Name } from '../names.ts';
import { builtSource, type Path, type Source, type SourceLocation } from '../source.ts';
import type { Json, JsonObject } from '../values.ts';

/** A value in a template: JSON in which any node may be a call of a function. Immutable. */
export type Expression =
  | null
  | boolean
  | number
  | string
  | readonly Expression[]
  | { readonly [key: string]: Expression }
  | FunctionCall;

/** The attribute that `get_resource` reads: Heat's reference id of a resource. */
export const REFID = 'refid';

/** A longer text is not made by any function: nested calls can make one of any length out of a few lines. */
export const MAX_TEXT_LENGTH = 16_777_216;

/**
 * Something that an expression reads at run time; `path` is where the template says so. `source` is set once the resource
 * is named from the root template down (`group/0`): the text that the path is in.
 */
export type Reference =
  | {
      readonly kind: 'attribute';
      readonly resource: string;
      readonly attribute: string;
      readonly path: Path;
      readonly source?: Source;
      /** Where the template has the resource among its own, counted from 0; absent where nobody has looked it up yet. */
      readonly position?: number | undefined;
    }
  /** The end of a resource. No function reads it; a resource that is made of others waits for theirs. */
  | { readonly kind: 'done'; readonly resource: string; readonly path: Path; readonly source?: Source }
  | { readonly kind: 'name'; readonly name: Name; readonly path: Path; readonly source?: Source };

/** What a nested template may ask of the resource that it stands for. */
export type Facade = 'metadata' | 'deletionPolicy' | 'updatePolicy';

/** What is known before anything runs. */
export interface StaticScope {
  /** A parameter's value, pseudo-parameters included. Throws InvalidTemplateReference for an unknown one. */
  parameter(name: string): Json;
  /**
   * What a parameter's value reads at run time: in a nested template, whose parameters are properties of a resource.
   * Absent where parameters are fixed before the run.
   */
  parameterReferences?(name: string, visit: (reference: Reference) => void): void;
  /** A section of the resource that this template is the type of. Absent in a root template. */
  facade?(part: Facade): Json;
  facadeReferences?(part: Facade, visit: (reference: Reference) => void): void;
  /** Whether a condition holds. Throws InvalidTemplateReference for an unknown one. */
  condition(name: string): boolean;
  /** The text of a file given along with the template. */
  file(name: string): string;
  /** The space and stack that short names in `get_data` are completed from. */
  readonly home: { readonly space: string; readonly stack: string };
  /** `OS::project_id`. */
  readonly project?: string | undefined;
  /**
   * The attributes of a resource, REFID not among them: what `get_attr: [resource]` reads. Absent where nothing is known
   * of resource types; such a call is an error there.
   */
  attributes?(resource: string): readonly string[];
  /**
   * True for a resource that selects by itself what `get_attr` asks of an attribute, as Heat's groups do: an attribute
   * of each member. Its attribute is then named by {@link pathAttribute}.
   */
  selectsItself?(resource: string): boolean;
}

/** The name under which such a resource is asked for an attribute with the path behind it: `output ["a",0]`. */
export function pathAttribute(attribute: string, path: readonly Json[]): string {
  return path.length === 0 ? attribute : `${attribute} ${JSON.stringify(path)}`;
}

/** What is known once every reference of the expression can be read. */
export interface ResolveScope extends StaticScope {
  /**
   * An attribute's value; REFID is one of them. `null` for a resource that a condition left out. `position` is where the
   * template has the resource, when the caller knows it: see Reference.
   */
  attribute(resource: string, attribute: string, position?: number): Json;
  /** A value by its fully qualified name. */
  value(name: Name): Json;
}

/** The template around a call: where its text is, and the names that it declares. Shared by all calls of a template. */
export interface Surroundings {
  readonly source: Source;
  /** Pseudo-parameters included. */
  readonly parameters: ReadonlySet<string>;
  /** With their positions. */
  readonly resources: ReadonlyMap<string, number>;
  readonly conditions: ReadonlySet<string>;
  /** The section Mappings of CloudFormation's language. */
  readonly mappings?: JsonObject;
}

const NOWHERE: Surroundings = {
  source: builtSource(),
  parameters: new Set(),
  resources: new Map(),
  conditions: new Set(),
};

/** A call of one of HOT's functions, its arguments parsed. One subclass per function, one file per subclass. */
export abstract class FunctionCall {
  /** The function's name in the template. */
  abstract readonly name: string;
  /** Where the call stands in the document. */
  readonly path: Path;
  protected readonly surroundings: Surroundings;

  constructor(path: Path, surroundings: Surroundings = NOWHERE) {
    this.path = path;
    this.surroundings = surroundings;
  }

  /**
   * Tells `visit` each value that `resolve` will read, given what is known before the run. Throws InvalidTemplateReference
   * for a parameter, resource or condition that the template does not have.
   */
  abstract references(scope: StaticScope, visit: (reference: Reference) => void): void;

  /**
   * What `references` tells, for a call that tells the same in every scope of a root template; its caller need not ask.
   * Undefined for the others.
   */
  get fixedReferences(): readonly Reference[] | undefined {
    return undefined;
  }

  /** Whether its value is what its one fixed reference is to. */
  get isRead(): boolean {
    return false;
  }

  /**
   * The call's value; `undefined` when the node that holds the call is to be dropped (`if` without an else). Throws
   * StackValidationFailed for arguments that the function cannot take.
   */
  abstract resolve(scope: ResolveScope): Json | undefined;

  /** The call as it stands in a HOT document, for printing. */
  abstract toHot(): Json;

  /** Where the call stands in the template's text. */
  get location(): SourceLocation {
    return this.surroundings.source.locate(this.path);
  }

  /** The value of an argument that has to be known before the run, because the graph is made from it. */
  protected known(argument: Expression, scope: StaticScope): Json {
    return valueBeforeRun(argument, scope, () =>
      this.refusal({
        what: `Argument to "${this.name}" depends on a value that is not known before the run.`,
        why: 'Which resource waits for which is decided before anything is created.',
        fix: 'Write the name out, or take it from a parameter.',
      }),
    );
  }

  /** Throws for a text of this length that the function would make. */
  protected checkLength(length: number): void {
    if (length <= MAX_TEXT_LENGTH) return;
    throw this.refusal({
      what: `"${this.name}" would make a text of more than ${MAX_TEXT_LENGTH} characters.`,
      why: 'Such texts come from calls that multiply what other calls have multiplied.',
      fix: 'Put large texts into files, and hand their names on.',
    });
  }

  /** The error for an argument that the function cannot take. */
  protected refusal(fields: Omit<ErrorFields, 'where'>): StackValidationFailed {
    return new StackValidationFailed({ ...fields, where: this.location });
  }
}

/** Tells `visit` every reference in `expression`, in document order. */
export function visitReferences(
  expression: Expression,
  scope: StaticScope,
  visit: (reference: Reference) => void,
): void {
  if (typeof expression !== 'object' || expression === null) return;
  if (expression instanceof FunctionCall) expression.references(scope, visit);
  else if (Array.isArray(expression)) for (const item of expression) visitReferences(item, scope, visit);
  else for (const item of Object.values(expression)) visitReferences(item, scope, visit);
}

/** The references of `expression` in document order, if they are the same in every scope of a root template. */
export function fixedReferencesOf(expression: Expression): readonly Reference[] | undefined {
  if (typeof expression !== 'object' || expression === null) return NO_REFERENCES;
  if (expression instanceof FunctionCall) return expression.fixedReferences;
  let fixed: readonly Reference[] = NO_REFERENCES;
  for (const item of Object.values(expression)) {
    const own = fixedReferencesOf(item);
    if (own === undefined) return undefined;
    if (own.length > 0) fixed = fixed.length === 0 ? own : [...fixed, ...own];
  }
  return fixed;
}

const NO_REFERENCES: readonly never[] = [];

/** The value of `expression`; `undefined` when it is a call that drops its node. Parts without calls are shared. */
export function resolveExpression(expression: Expression, scope: ResolveScope): Json | undefined {
  if (typeof expression !== 'object' || expression === null) return expression;
  if (expression instanceof FunctionCall) return expression.resolve(scope);
  return Array.isArray(expression)
    ? resolveList(expression, scope)
    : resolveMap(expression as { readonly [key: string]: Expression }, scope);
}

/**
 * A scope for expressions that have to be known before the run: conditions, names of resources. Call `references` first,
 * since an expression that reads something is an InternalError here.
 */
export function withoutReads(scope: StaticScope): ResolveScope {
  const refuse = (): never => {
    throw new InternalError('A value is read before the run.');
  };
  return {
    home: scope.home,
    project: scope.project,
    ...(scope.selectsItself === undefined
      ? {}
      : { selectsItself: (resource) => scope.selectsItself?.(resource) === true }),
    parameter: (name) => scope.parameter(name),
    condition: (name) => scope.condition(name),
    file: (name) => scope.file(name),
    attribute: refuse,
    value: refuse,
  };
}

/** The value of an expression that has to be known before the run. Throws what `refusal` makes when it is not. */
export function valueBeforeRun(expression: Expression, scope: StaticScope, refusal: () => StackValidationFailed): Json {
  if (typeof expression !== 'object') return expression;
  try {
    return resolveExpression(expression, withoutReads(scope)) ?? null;
  } catch (error) {
    throw isHotloomError(error, InternalError.name) ? refusal() : error;
  }
}

/** A mapping that is written out, not the result of a call. */
export function isExpressionMap(
  expression: Expression | undefined,
): expression is { readonly [key: string]: Expression } {
  return (
    typeof expression === 'object' &&
    expression !== null &&
    !Array.isArray(expression) &&
    !(expression instanceof FunctionCall)
  );
}

/** True when no function is called anywhere in `expression`, so that it is its own value. */
export function isLiteral(expression: Expression): expression is Json {
  if (typeof expression !== 'object' || expression === null) return true;
  if (expression instanceof FunctionCall) return false;
  return Array.isArray(expression) ? expression.every(isLiteral) : Object.values(expression).every(isLiteral);
}

/** The expression as a HOT document has it, calls included. Parts without calls are shared. */
export function toHot(expression: Expression): Json {
  if (isLiteral(expression)) return expression;
  if (expression instanceof FunctionCall) return expression.toHot();
  if (Array.isArray(expression)) return expression.map(toHot);
  return Object.fromEntries(Object.entries(expression).map(([key, item]) => [key, toHot(item)]));
}

function resolveList(list: readonly Expression[], scope: ResolveScope): Json {
  let copy: Json[] | undefined;
  for (let index = 0; index < list.length; index += 1) {
    const item = list[index] as Expression;
    const value = resolveExpression(item, scope);
    if (copy === undefined && value !== item) copy = list.slice(0, index) as Json[];
    if (copy !== undefined && value !== undefined) copy.push(value);
  }
  return copy ?? (list as readonly Json[]);
}

function resolveMap(map: { readonly [key: string]: Expression }, scope: ResolveScope): Json {
  let copy: Record<string, Json> | undefined;
  for (const key of Object.keys(map)) {
    const item = map[key] as Expression;
    const value = resolveExpression(item, scope);
    if (value === item) continue;
    // A spread makes own properties, and so a later assignment to `__proto__` meets one and not the setter.
    copy ??= { ...map } as Record<string, Json>;
    if (value === undefined) delete copy[key];
    else copy[key] = value;
  }
  return copy ?? (map as { readonly [key: string]: Json });
}
