import type { Path } from '../../source.ts';
import type { Json } from '../../values.ts';
import { type ConditionExpression, evaluateCondition, isConditionExpression } from '../conditions.ts';
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
import type { CallSite, ParseCall } from '../parser.ts';
import { pythonText } from '../python.ts';

/**
 * `if: [condition, value, other value]`. Only the branch that is taken counts: what the other one refers to is not waited
 * for and need not exist. Since 2021-04-16 the other value may be left out; when the condition does not hold, the item,
 * key or property that holds the call is dropped (heat/engine/hot/functions.py, If and IfNullable).
 */
export class If extends FunctionCall {
  readonly name = 'if';
  readonly #condition: ConditionExpression;
  readonly #whenTrue: Expression;
  readonly #whenFalse: Expression | undefined;

  constructor(
    path: Path,
    surroundings: Surroundings,
    condition: ConditionExpression,
    whenTrue: Expression,
    whenFalse: Expression | undefined,
  ) {
    super(path, surroundings);
    this.#condition = condition;
    this.#whenTrue = whenTrue;
    this.#whenFalse = whenFalse;
  }

  /** Until 2018-08-31 both values are needed. */
  static readonly parseBoth: ParseCall = (args, site) => parse(args, site, 3);

  static readonly parse: ParseCall = (args, site) => parse(args, site, 2);

  override references(scope: StaticScope, visit: (reference: Reference) => void): void {
    const taken = this.#taken(scope);
    if (taken !== undefined) visitReferences(taken, scope, visit);
  }

  override resolve(scope: ResolveScope): Json | undefined {
    const taken = this.#taken(scope);
    return taken === undefined ? undefined : resolveExpression(taken, scope);
  }

  override toHot(): Json {
    const whenFalse = this.#whenFalse === undefined ? [] : [this.#whenFalse];
    return { [this.name]: [this.#condition, this.#whenTrue, ...whenFalse].map(toHot) };
  }

  #taken(scope: StaticScope): Expression | undefined {
    return evaluateCondition(this.#condition, scope, () => this.location) ? this.#whenTrue : this.#whenFalse;
  }
}

function parse(args: Json, site: CallSite, least: 2 | 3): If | undefined {
  if (!Array.isArray(args) || args.length < least || args.length > 3) {
    return site.refuse(
      `Arguments to "${site.name}" must be of the form: [condition_name, value_if_true, value_if_false]`,
      Array.isArray(args) ? `It has ${args.length} arguments.` : 'It is not a list.',
      least === 2
        ? 'Write {if: [condition, value, other value]}; the other value may be left out.'
        : 'Write {if: [condition, value, other value]}; use null for a value that is not there.',
    );
  }
  const condition = site.condition(args[0] as Json, 0);
  if (!isConditionExpression(condition)) {
    const shown = pythonText(toHot(condition));
    return site.refuse(
      `Invalid condition "${shown}"`,
      'A condition is a name, a boolean, or a function such as equals.',
      "Name a condition of the section 'conditions'.",
    );
  }
  if (typeof condition === 'string') site.checkCondition(condition);
  const whenTrue = site.branch(args[1] as Json, 1);
  const whenFalse = args.length === 3 ? site.branch(args[2] as Json, 2) : undefined;
  return new If(site.path, site.surroundings, condition, whenTrue, whenFalse);
}
