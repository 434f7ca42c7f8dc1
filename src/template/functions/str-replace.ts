import type { Path } from '../../source.ts';
import type { Json, JsonObject } from '../../values.ts';
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
import { byCodePoint, pythonJson, pythonLength, pythonText } from '../python.ts';

const FIX = "Write {str_replace: {template: 'text with NAME', params: {NAME: value}}}.";

/**
 * `str_replace: {template, params}`: the template with each placeholder replaced by its value. Longer placeholders go
 * first, equally long ones in the order of their characters, and what was put in is never looked at again
 * (heat/engine/hot/functions.py, Replace and ReplaceJson). Since 2015-10-15 lists and maps are put in as JSON.
 */
export class StrReplace extends FunctionCall {
  readonly name = 'str_replace';
  readonly #template: Expression;
  readonly #params: Expression;
  readonly #takesJson: boolean;

  constructor(path: Path, surroundings: Surroundings, template: Expression, params: Expression, takesJson: boolean) {
    super(path, surroundings);
    this.#template = template;
    this.#params = params;
    this.#takesJson = takesJson;
  }

  /** Until 2015-04-30 values are texts, numbers and booleans. */
  static readonly parseScalars: ParseCall = (args, site) => parse(args, site, false);

  static readonly parse: ParseCall = (args, site) => parse(args, site, true);

  override references(scope: StaticScope, visit: (reference: Reference) => void): void {
    visitReferences(this.#template, scope, visit);
    visitReferences(this.#params, scope, visit);
  }

  override resolve(scope: ResolveScope): Json {
    const template = resolveExpression(this.#template, scope);
    const params = resolveExpression(this.#params, scope);
    if (typeof template !== 'string') {
      throw this.refusal({
        what: `"${this.name}" template must be a string`,
        why: 'Only a text has placeholders.',
        fix: FIX,
      });
    }
    if (typeof params !== 'object' || params === null || Array.isArray(params)) {
      throw this.refusal({
        what: `"${this.name}" params must be a map`,
        why: 'Each placeholder has one value.',
        fix: FIX,
      });
    }
    return replaceAll(template, this.#texts(params as JsonObject));
  }

  override toHot(): Json {
    return { [this.name]: { template: toHot(this.#template), params: toHot(this.#params) } };
  }

  #texts(params: JsonObject): ReadonlyMap<string, string> {
    const texts = new Map<string, string>();
    for (const [placeholder, value] of Object.entries(params)) {
      if (placeholder === '') {
        throw this.refusal({
          what: `"${this.name}" has an empty placeholder.`,
          why: 'The empty text stands between any two characters.',
          fix: 'Give the placeholder a name.',
        });
      }
      texts.set(placeholder, this.#textOf(placeholder, value));
    }
    return texts;
  }

  #textOf(placeholder: string, value: Json): string {
    if (value === null) return '';
    if (typeof value !== 'object') return pythonText(value);
    if (this.#takesJson) return pythonJson(value);
    throw this.refusal({
      what: `"${this.name}" params must be strings or numbers, param ${placeholder} is not valid`,
      why: `In this version of HOT a ${Array.isArray(value) ? 'list' : 'map'} has no text.`,
      fix: 'Use heat_template_version 2015-10-15 or newer, which puts lists and maps in as JSON.',
    });
  }
}

/**
 * Splits the text at the first placeholder, each part at the second, and so on, as Heat does; one pass with an alternation
 * would find other matches where placeholders overlap.
 */
function replaceAll(template: string, texts: ReadonlyMap<string, string>): string {
  const placeholders = [...texts.keys()].sort((a, b) => pythonLength(b) - pythonLength(a) || byCodePoint(a, b));
  /** Parts of the template at even places, what was put in between them at odd places. */
  let parts: string[] = [template];
  for (const placeholder of placeholders) {
    if (!template.includes(placeholder)) continue;
    const text = texts.get(placeholder) as string;
    parts = parts.flatMap((part, index) =>
      index % 2 === 1 ? [part] : part.split(placeholder).flatMap((piece, at) => (at === 0 ? [piece] : [text, piece])),
    );
  }
  return parts.join('');
}

function parse(args: Json, site: CallSite, takesJson: boolean): StrReplace | undefined {
  const parsed = site.expression(args);
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed) || parsed instanceof FunctionCall) {
    return site.refuse(
      `Arguments to "${site.name}" must be a map`,
      "It has the arguments 'template' and 'params'.",
      FIX,
    );
  }
  const { template, params } = parsed as { readonly [key: string]: Expression };
  if (template === undefined || params === undefined) {
    return site.refuse(
      `"${site.name}" syntax should be ${site.name}: {template: This is var1 template var2, params: {var1: a, var2: string}}`,
      `'${template === undefined ? 'template' : 'params'}' is missing.`,
      FIX,
    );
  }
  const isMap = typeof params === 'object' && params !== null && !Array.isArray(params);
  if (!isMap) return site.refuse(`"${site.name}" parameters must be a mapping`, 'Each placeholder has one value.', FIX);
  return new StrReplace(site.path, site.surroundings, template, params, takesJson);
}
