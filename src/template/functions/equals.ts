import type { Path } from '../../source.ts';
import type { Json } from '../../values.ts';
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
import { equalsInPython } from '../python.ts';

/** `equals: [value, value]`, for conditions (heat/engine/hot/functions.py, Equals). 1 equals true there, and not '1'. */
export class Equals extends FunctionCall {
  readonly name = 'equals';
  readonly #left: Expression;
  readonly #right: Expression;

  constructor(path: Path, surroundings: Surroundings, left: Expression, right: Expression) {
    super(path, surroundings);
    this.#left = left;
    this.#right = right;
  }

  static parse(args: Json, site: CallSite): Equals | undefined {
    const parsed = site.expression(args);
    if (!Array.isArray(parsed) || parsed.length !== 2) {
      return site.refuse(
        `Arguments to "${site.name}" must be of the form: [value_1, value_2]`,
        'It compares two values.',
        'Write {equals: [{get_param: name}, value]}.',
      );
    }
    return new Equals(site.path, site.surroundings, parsed[0], parsed[1]);
  }

  override references(scope: StaticScope, visit: (reference: Reference) => void): void {
    visitReferences(this.#left, scope, visit);
    visitReferences(this.#right, scope, visit);
  }

  override resolve(scope: ResolveScope): boolean {
    const left = resolveExpression(this.#left, scope) ?? null;
    return equalsInPython(left, resolveExpression(this.#right, scope) ?? null);
  }

  override toHot(): Json {
    return { [this.name]: [toHot(this.#left), toHot(this.#right)] };
  }
}
