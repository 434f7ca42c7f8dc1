import { InvalidTemplateReference, isHotloomError } from '../../errors.ts';
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

/** `get_file: name`: the text of a file that was given along with the template (heat/engine/hot/functions.py, GetFile). */
export class GetFile extends FunctionCall {
  readonly name = 'get_file';
  readonly #file: Expression;

  constructor(path: Path, surroundings: Surroundings, file: Expression) {
    super(path, surroundings);
    this.#file = file;
  }

  static parse(args: Json, site: CallSite): GetFile {
    return new GetFile(site.path, site.surroundings, site.expression(args));
  }

  override references(scope: StaticScope, visit: (reference: Reference) => void): void {
    visitReferences(this.#file, scope, visit);
  }

  override get fixedReferences(): readonly Reference[] | undefined {
    return fixedReferencesOf(this.#file);
  }

  override resolve(scope: ResolveScope): Json {
    const file = resolveExpression(this.#file, scope);
    if (typeof file !== 'string') {
      throw this.refusal({
        what: `Argument to "${this.name}" must be a string`,
        why: 'Only a text can name a file.',
        fix: 'Write {get_file: name}.',
      });
    }
    try {
      return scope.file(file);
    } catch (error) {
      if (!isHotloomError(error, InvalidTemplateReference.name)) throw error;
      // The scope does not know where the call stands.
      throw this.refusal({ what: error.what, why: error.why, fix: error.fix });
    }
  }

  override toHot(): Json {
    return { [this.name]: toHot(this.#file) };
  }
}
