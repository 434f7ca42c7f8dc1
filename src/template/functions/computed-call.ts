import type { Path } from '../../source.ts';
import type { Json } from '../../values.ts';
import {
  type Expression,
  FunctionCall,
  fixedReferencesOf,
  type Reference,
  type ResolveScope,
  resolveExpression,
  type StaticScope,
  type Surroundings,
  toHot,
  visitReferences,
} from '../expression.ts';
import type { CallSite } from '../parser.ts';

/** A function that is computed from its arguments alone, once all of them are resolved. */
export abstract class ComputedCall extends FunctionCall {
  readonly name: string;
  protected readonly args: Expression;

  constructor(path: Path, surroundings: Surroundings, name: string, args: Expression) {
    super(path, surroundings);
    this.name = name;
    this.args = args;
  }

  override references(scope: StaticScope, visit: (reference: Reference) => void): void {
    visitReferences(this.args, scope, visit);
  }

  override get fixedReferences(): readonly Reference[] | undefined {
    return fixedReferencesOf(this.args);
  }

  override resolve(scope: ResolveScope): Json | undefined {
    return this.compute(resolveExpression(this.args, scope) ?? null);
  }

  override toHot(): Json {
    return { [this.name]: toHot(this.args) };
  }

  /** The value for these arguments. Throws what `wrong` returns. */
  protected abstract compute(args: Json): Json;

  /** The error for arguments that the function cannot take; `what` is Heat's message. */
  protected wrong(what: string, why: string, fix: string): Error {
    return this.refusal({ what, why, fix });
  }
}

/** What every class of computed calls is made by. */
export type ComputedClass = new (
  path: Path,
  surroundings: Surroundings,
  name: string,
  args: Expression,
) => ComputedCall;

/** The call of a class whose arguments are all looked at when they are resolved. */
export function computedAt(site: CallSite, Class: ComputedClass, args: Expression): ComputedCall {
  return new Class(site.path, site.surroundings, site.name, args);
}

/** `a list`, `a text`: what a value is, for the second line of an error. */
export function kindOf(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a map' : typeof value === 'string' ? 'a text' : `a ${typeof value}`;
}
