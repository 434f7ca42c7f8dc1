import { InternalError, InvalidName, isHotloomError } from '../../errors.ts';
import { DEFAULT_SPACE, type Name, parseName } from '../../names.ts';
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
  withoutReads,
} from '../expression.ts';
import type { CallSite } from '../parser.ts';
import { selectLikeAttribute } from '../select.ts';

const FIX =
  "Write {get_data: 'space.stack.resource.attribute'}, or {get_data: [name, key, index]} for a part of the value.";

/** Any stack will do to see whether a short name has the right form. */
const SOME_HOME = { space: DEFAULT_SPACE, stack: 'stack' };

/**
 * `get_data: name` or `get_data: [name, key or index, ...]` of hotloom-1: the value of a fully qualified name, which may be
 * that of another stack, or one that is written from outside. A short name is completed from the stack that the template
 * is used for: `resource.attribute`, `stack.resource.attribute`. A part that is not there is null, as for `get_attr`.
 * The name may be a call that is known before the run, the path any calls.
 */
export class GetData extends FunctionCall {
  readonly name = 'get_data';
  readonly #dataName: Expression;
  readonly #parts: readonly Expression[];

  constructor(path: Path, surroundings: Surroundings, dataName: Expression, parts: readonly Expression[]) {
    super(path, surroundings);
    this.#dataName = dataName;
    this.#parts = parts;
  }

  static parse(args: Json, site: CallSite): GetData | undefined {
    const parsed = site.expression(args);
    const [dataName, ...parts] = Array.isArray(parsed) ? (parsed as readonly Expression[]) : [parsed];
    if (dataName instanceof FunctionCall) return new GetData(site.path, site.surroundings, dataName, parts);
    if (typeof dataName !== 'string') {
      return site.refuse(
        `Argument to "${site.name}" must be the name of a value.`,
        'Only a text can name a value.',
        FIX,
      );
    }
    try {
      parseName(dataName, SOME_HOME);
    } catch (error) {
      if (!isHotloomError(error, InvalidName.name)) throw error;
      return site.refuse(error.what, error.why ?? '', error.fix ?? FIX, InvalidName);
    }
    return new GetData(site.path, site.surroundings, dataName, parts);
  }

  override references(scope: StaticScope, visit: (reference: Reference) => void): void {
    for (const part of this.#parts) visitReferences(part, scope, visit);
    visit({ kind: 'name', name: this.#fullName(scope), path: this.path });
  }

  override resolve(scope: ResolveScope): Json {
    const value = scope.value(this.#fullName(scope));
    return selectLikeAttribute(
      value,
      this.#parts.map((part) => resolveExpression(part, scope) ?? null),
    );
  }

  override toHot(): Json {
    const name = toHot(this.#dataName);
    return { [this.name]: this.#parts.length === 0 ? name : [name, ...this.#parts.map(toHot)] };
  }

  #fullName(scope: StaticScope): Name {
    const text = this.#nameText(scope);
    try {
      return parseName(text, scope.home);
    } catch (error) {
      if (!isHotloomError(error, InvalidName.name)) throw error;
      throw new InvalidName({ what: error.what, why: error.why, fix: error.fix, where: this.location });
    }
  }

  #nameText(scope: StaticScope): string {
    if (typeof this.#dataName === 'string') return this.#dataName;
    let name: Json | undefined;
    try {
      name = resolveExpression(this.#dataName, withoutReads(scope));
    } catch (error) {
      if (!isHotloomError(error, InternalError.name)) throw error;
      throw this.refusal({
        what: `The name in "${this.name}" depends on a value that is not known before the run.`,
        why: 'Which resource waits for which is decided before anything is created.',
        fix: 'Write the name, or take parts of it from parameters.',
      });
    }
    if (typeof name === 'string') return name;
    throw this.refusal({
      what: `Argument to "${this.name}" must be the name of a value.`,
      why: 'Only a text can name a value.',
      fix: FIX,
    });
  }
}
