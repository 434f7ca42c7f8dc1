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
import type { CallSite, ParseCall } from '../parser.ts';
import { isTrueInPython, pythonJson, pythonLiteral } from '../python.ts';

const FIX = "Write {list_join: [',', [first, second]]}.";

/** As many characters of a wrong item as Heat's message shows. */
const SHOWN_LENGTH = 200;

/**
 * `list_join: [delimiter, list]`: the texts of the list with the delimiter between them; null is the empty text. Since
 * 2015-10-15 any number of lists, of which null and empty ones count for nothing, and lists and maps in them as JSON
 * (heat/engine/hot/functions.py, Join and JoinMultiple).
 */
export class ListJoin extends FunctionCall {
  readonly name = 'list_join';
  readonly #delimiter: Expression;
  readonly #lists: readonly Expression[];
  readonly #takesJson: boolean;

  constructor(
    path: Path,
    surroundings: Surroundings,
    delimiter: Expression,
    lists: readonly Expression[],
    takesJson: boolean,
  ) {
    super(path, surroundings);
    this.#delimiter = delimiter;
    this.#lists = lists;
    this.#takesJson = takesJson;
  }

  /** Until 2015-04-30: one list, of texts. */
  static readonly parseOne: ParseCall = (args, site) => parse(args, site, false);

  static readonly parse: ParseCall = (args, site) => parse(args, site, true);

  override references(scope: StaticScope, visit: (reference: Reference) => void): void {
    visitReferences(this.#delimiter, scope, visit);
    for (const list of this.#lists) visitReferences(list, scope, visit);
  }

  override get fixedReferences(): readonly Reference[] | undefined {
    return fixedReferencesOf([this.#delimiter, ...this.#lists]);
  }

  override resolve(scope: ResolveScope): Json {
    const lists = this.#lists.map((list) => this.#itemsOf(resolveExpression(list, scope)));
    const delimiter = resolveExpression(this.#delimiter, scope);
    if (typeof delimiter !== 'string') {
      throw this.refusal({
        what: `"${this.name}" delimiter must be a string`,
        why: 'The first argument stands between the items.',
        fix: FIX,
      });
    }
    const texts: string[] = [];
    let length = 0;
    for (const list of lists) {
      for (const item of list) {
        const text = this.#textOf(item);
        texts.push(text);
        // An empty item counts too, so that there cannot be any number of them.
        length += Math.max(1, text.length + delimiter.length);
        this.checkLength(length);
      }
    }
    return texts.join(delimiter);
  }

  override toHot(): Json {
    return { [this.name]: [this.#delimiter, ...this.#lists].map(toHot) };
  }

  #itemsOf(list: Json | undefined): readonly Json[] {
    if (Array.isArray(list)) return list;
    if (list === undefined || list === null || (this.#takesJson && !isTrueInPython(list))) return [];
    throw this.refusal({
      what: `"${this.name}" must operate on a list`,
      why: `The value is a ${typeof list === 'object' ? 'map' : typeof list}.`,
      fix: FIX,
    });
  }

  #textOf(item: Json): string {
    if (item === null) return '';
    if (typeof item === 'string') return item;
    if (this.#takesJson && typeof item === 'object') return pythonJson(item);
    throw this.refusal({
      what: `Items to join must be ${this.#takesJson ? 'string, map or list' : 'strings'} not ${pythonLiteral(item).slice(0, SHOWN_LENGTH)}`,
      why: 'Heat does not guess how a number or a boolean is to be written.',
      fix: 'Put the item into quotes, or make a text of it by str_replace.',
    });
  }
}

function parse(args: Json, site: CallSite, takesJson: boolean): ListJoin | undefined {
  const parsed = site.expression(args);
  const isRight = Array.isArray(parsed) && (takesJson ? parsed.length >= 2 : parsed.length === 2);
  if (!isRight) {
    return site.refuse(
      `Incorrect arguments to "${site.name}" should be: "${site.name}" : [ " ", [ "str1", "str2"]${takesJson ? ' ...' : ''}]`,
      'It has a delimiter and what to join.',
      FIX,
    );
  }
  const [delimiter, ...lists] = parsed as readonly Expression[];
  return new ListJoin(site.path, site.surroundings, delimiter as Expression, lists, takesJson);
}
