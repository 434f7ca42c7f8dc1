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
import type { CallSite, ParseCall } from '../parser.ts';

/**
 * `and: [condition, condition, ...]` and `or: [...]`: they evaluate their conditions from the left until the result is
 * certain (heat/engine/hot/functions.py, ConditionBoolean, And and Or).
 */
export class AndOr extends FunctionCall {
  readonly name: 'and' | 'or';
  readonly #conditions: readonly Expression[];

  constructor(path: Path, surroundings: Surroundings, name: 'and' | 'or', conditions: readonly Expression[]) {
    super(path, surroundings);
    this.name = name;
    this.#conditions = conditions;
  }

  static readonly parseAnd: ParseCall = (args, site) => parse(args, site, 'and');

  static readonly parseOr: ParseCall = (args, site) => parse(args, site, 'or');

  override references(scope: StaticScope, visit: (reference: Reference) => void): void {
    for (const condition of this.#conditions) visitReferences(condition, scope, visit);
  }

  override resolve(scope: ResolveScope): boolean {
    const conditions = this.#conditions.map((condition) => resolveExpression(condition, scope) ?? null);
    const holds = (condition: Json): boolean => conditionHolds(condition, scope, () => this.location);
    return this.name === 'and' ? conditions.every(holds) : conditions.some(holds);
  }

  override toHot(): Json {
    return { [this.name]: this.#conditions.map(toHot) };
  }
}

function parse(args: Json, site: CallSite, name: 'and' | 'or'): AndOr | undefined {
  const parsed = site.expression(args);
  const fix = `Write {${name}: [condition, condition]}.`;
  if (!Array.isArray(parsed)) {
    return site.refuse(`Arguments to "${name}" must be a list of conditions`, 'It is not a list.', fix);
  }
  if (parsed.length < 2) {
    const why = `It has ${parsed.length === 0 ? 'none' : 'one'}.`;
    return site.refuse(`The minimum number of condition arguments to "${name}" is 2.`, why, fix);
  }
  return new AndOr(site.path, site.surroundings, name, parsed as readonly Expression[]);
}
