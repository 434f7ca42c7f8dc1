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
import { isTrueInPython } from '../python.ts';
import { referenceError, unknownParameter } from '../references.ts';
import { selectLikeParameter } from '../select.ts';

const FIX = 'Write {get_param: name}, or {get_param: [name, key, index]} for a part of the value.';

/**
 * `get_param: name` or `get_param: [name, key or index, ...]`. A part that is not there is the empty text. Name and path
 * may be calls themselves (heat/engine/hot/functions.py, GetParam).
 */
export class GetParam extends FunctionCall {
  readonly name = 'get_param';
  readonly #args: Expression;
  /** In an output, Heat tells of an unknown parameter only when the output is read. */
  readonly #isChecked: boolean;

  constructor(path: Path, surroundings: Surroundings, args: Expression, isChecked: boolean) {
    super(path, surroundings);
    this.#args = args;
    this.#isChecked = isChecked;
  }

  static parse(args: Json, site: CallSite): GetParam | undefined {
    const parsed = site.expression(args);
    const parameter = Array.isArray(parsed) ? parsed[0] : parsed;
    if (typeof parameter === 'string' && parameter !== '') site.checkParameter(parameter);
    else if (site.checks === 'all' && isLiteralName(parameter)) {
      const [message, why] = wrongName(parsed as Json, site.name);
      return site.refuse(message, why, FIX);
    }
    return new GetParam(site.path, site.surroundings, parsed, site.checks !== 'attributes');
  }

  override references(scope: StaticScope, visit: (reference: Reference) => void): void {
    visitReferences(this.#args, scope, visit);
    if (!this.#isChecked && scope.parameterReferences === undefined) return;
    const parameter = Array.isArray(this.#args) ? this.#args[0] : this.#args;
    const name = parameter instanceof FunctionCall ? this.known(parameter, scope) : parameter;
    if (typeof name !== 'string' || name === '') return;
    const { parameters } = this.surroundings;
    if (!parameters.has(name)) throw referenceError(unknownParameter(name, parameters), this.location);
    // That it has no value is a problem of the parameter, not of whoever reads it.
    scope.parameterReferences?.(name, visit);
  }

  /** In a root template parameters are fixed before the run. */
  override get fixedReferences(): readonly Reference[] | undefined {
    const parameter = Array.isArray(this.#args) ? this.#args[0] : this.#args;
    const isKnown = typeof parameter === 'string' && this.surroundings.parameters.has(parameter);
    return isKnown ? fixedReferencesOf(this.#args) : undefined;
  }

  override resolve(scope: ResolveScope): Json {
    const args = resolveExpression(this.#args, scope) ?? null;
    const [name, ...path] = Array.isArray(args) ? (args as readonly Json[]) : [args];
    if (typeof name !== 'string' || name === '') {
      const [what, why] = wrongName(args, this.name);
      throw this.refusal({ what, why, fix: FIX });
    }
    return selectLikeParameter(this.#valueOf(name, scope), path);
  }

  override toHot(): Json {
    return { [this.name]: toHot(this.#args) };
  }

  #valueOf(name: string, scope: StaticScope): Json {
    const { parameters } = this.surroundings;
    // The scope throws too, but only the call knows its place.
    if (!parameters.has(name)) throw referenceError(unknownParameter(name, parameters), this.location);
    return scope.parameter(name);
  }
}

function isLiteralName(parameter: Expression | undefined): boolean {
  return !(parameter instanceof FunctionCall);
}

function wrongName(args: Json, name: string): readonly [message: string, why: string] {
  if (!isTrueInPython(args)) return [`Function "${name}" must have arguments`, 'It does not say which parameter.'];
  if (typeof args !== 'string' && !Array.isArray(args)) {
    return [`Argument to "${name}" must be string or list`, 'Only a text can name a parameter.'];
  }
  return [`Parameter name in "${name}" must be string`, 'Only a text can name a parameter.'];
}
