import type { Name } from '../names.ts';
import type { Path } from '../source.ts';
import type { Json } from '../values.ts';

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

/** Something that an expression reads at run time; `path` is where the template says so. */
export type Reference =
  | { readonly kind: 'attribute'; readonly resource: string; readonly attribute: string; readonly path: Path }
  | { readonly kind: 'name'; readonly name: Name; readonly path: Path };

/** What is known before anything runs. */
export interface StaticScope {
  /** A parameter's value, pseudo-parameters included. Throws InvalidTemplateReference for an unknown one. */
  parameter(name: string): Json;
  /** Whether a condition holds. Throws InvalidTemplateReference for an unknown one. */
  condition(name: string): boolean;
  /** The text of a file given along with the template. */
  file(name: string): string;
  /** The space and stack that short names in `get_data` are completed from. */
  readonly home: { readonly space: string; readonly stack: string };
}

/** What is known once every reference of the expression can be read. */
export interface ResolveScope extends StaticScope {
  /** An attribute's value; REFID is one of them. `null` for a resource that a condition left out. */
  attribute(resource: string, attribute: string): Json;
  /** A value by its fully qualified name. */
  value(name: Name): Json;
}

/** A call of one of HOT's functions, its arguments parsed. One subclass per function, one file per subclass. */
export abstract class FunctionCall {
  /** The function's name in the template. */
  abstract readonly name: string;
  /** Where the call stands in the document. */
  readonly path: Path;

  constructor(path: Path) {
    this.path = path;
  }

  /** Tells `visit` each value that `resolve` will read, given what is known before the run. */
  abstract references(scope: StaticScope, visit: (reference: Reference) => void): void;

  /** The call's value; `undefined` when the node that holds the call is to be dropped (`if` without an else). */
  abstract resolve(scope: ResolveScope): Json | undefined;

  /** The call as it stands in a HOT document, for printing. */
  abstract toHot(): Json;
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

/** The value of `expression`; `undefined` when it is a call that drops its node. Parts without calls are shared. */
export function resolveExpression(expression: Expression, scope: ResolveScope): Json | undefined {
  if (typeof expression !== 'object' || expression === null) return expression;
  if (expression instanceof FunctionCall) return expression.resolve(scope);
  if (isLiteral(expression)) return expression;
  if (Array.isArray(expression)) {
    return expression.map((item) => resolveExpression(item, scope)).filter((item) => item !== undefined);
  }
  const resolved: Record<string, Json> = {};
  for (const [key, item] of Object.entries(expression)) {
    const value = resolveExpression(item, scope);
    if (value !== undefined) Object.defineProperty(resolved, key, { value, enumerable: true });
  }
  return resolved;
}

/** True when no function is called anywhere in `expression`, so that it is its own value. */
export function isLiteral(expression: Expression): expression is Json {
  if (typeof expression !== 'object' || expression === null) return true;
  if (expression instanceof FunctionCall) return false;
  return Array.isArray(expression) ? expression.every(isLiteral) : Object.values(expression).every(isLiteral);
}

/** The expression as a HOT document has it, calls included. */
export function toHot(expression: Expression): Json {
  if (typeof expression !== 'object' || expression === null) return expression;
  if (expression instanceof FunctionCall) return expression.toHot();
  if (Array.isArray(expression)) return expression.map(toHot);
  return Object.fromEntries(Object.entries(expression).map(([key, item]) => [key, toHot(item)]));
}
