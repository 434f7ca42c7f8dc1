import type { Path } from '../../source.ts';
import type { Json } from '../../values.ts';
import { conditionHolds } from '../conditions.ts';
import {
  type Expression,
  FunctionCall,
  type Reference,
  type ResolveScope,
  resolveExpression,
  type StaticScope,
  type Surroundings,
  toHot,
  visitReferences,
} from '../expression.ts';
import type { CallSite } from '../parser.ts';

/** `not: condition` (heat/engine/hot/functions.py, Not). */
export class Not extends FunctionCall {
  readonly name = 'not';
  readonly #condition: Expression;

  constructor(path: Path, surroundings: Surroundings, condition: Expression) {
    super(path, surroundings);
    this.#condition = condition;
  }

  static parse(args: Json, site: CallSite): Not | undefined {
    if (args === null) {
      return site.refuse(
        `Argument to "${site.name}" must be a condition`,
        'It has no argument.',
        'Write {not: condition}, with the name of a condition or a function such as equals.',
      );
    }
    return new Not(site.path, site.surroundings, site.expression(args));
  }

  override references(scope: StaticScope, visit: (reference: Reference) => void): void {
    visitReferences(this.#condition, scope, visit);
  }

  override resolve(scope: ResolveScope): boolean {
    return !conditionHolds(resolveExpression(this.#condition, scope) ?? null, scope, () => this.location);
  }

  override toHot(): Json {
    return { [this.name]: toHot(this.#condition) };
  }
}
