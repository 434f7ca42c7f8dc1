import type { Path } from '../../source.ts';
import type { Json, JsonObject } from '../../values.ts';
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
import { byCodePoint, pythonJson, pythonLength, pythonText } from '../python.ts';

const FIX = "Write {str_replace: {template: 'text with NAME', params: {NAME: value}}}.";

/**
 * `str_replace: {template, params}`: the template with each placeholder replaced by its value. Longer placeholders go
 * first, equally long ones in the order of their characters, and what was put in is never looked at again
 * (heat/engine/hot/functions.py, Replace and ReplaceJson). Since 2015-10-15 lists and maps are put in as JSON.
 */
export class StrReplace extends FunctionCall {
  readonly name: string;
  readonly #template: Expression;
  readonly #params: Expression;
  readonly #kind: Kind;

  constructor(
    path: Path,
    surroundings: Surroundings,
    name: string,
    template: Expression,
    params: Expression,
    kind: Kind,
  ) {
    super(path, surroundings);
    this.name = name;
    this.#template = template;
    this.#params = params;
    this.#kind = kind;
  }

  /** Until 2015-04-30 values are texts, numbers and booleans. */
  static readonly parseScalars: ParseCall = (args, site) => parse(args, site, 'scalars');

  static readonly parse: ParseCall = (args, site) => parse(args, site, 'json');

  /** `str_replace_strict`: each placeholder has to be in the template. */
  static readonly parseStrict: ParseCall = (args, site) => parse(args, site, 'strict');

  /** `str_replace_vstrict`: and each value has to be there and not be empty. */
  static readonly parseVeryStrict: ParseCall = (args, site) => parse(args, site, 'veryStrict');

  /** A call with these arguments, for functions that are written otherwise. */
  static of(site: CallSite, template: Expression, params: Expression): StrReplace {
    return new StrReplace(site.path, site.surroundings, site.name, template, params, 'scalars');
  }

  override references(scope: StaticScope, visit: (reference: Reference) => void): void {
    visitReferences(this.#template, scope, visit);
    visitReferences(this.#params, scope, visit);
  }

  override get fixedReferences(): readonly Reference[] | undefined {
    return fixedReferencesOf([this.#template, this.#params]);
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
    return this.#replaceAll(template, this.#texts(params as JsonObject));
  }

  override toHot(): Json {
    return { [this.name]: { template: toHot(this.#template), params: toHot(this.#params) } };
  }

  #replaceAll(template: string, texts: ReadonlyMap<string, string>): string {
    const { text, unused } = replaceAll(template, texts, (length) => this.checkLength(length));
    const isStrict = this.#kind === 'strict' || this.#kind === 'veryStrict';
    if (!isStrict || unused.length === 0) return text;
    throw this.refusal({
      what: `The following params were not found in the template: ${unused.join(',')}`,
      why: `${this.name} takes no placeholder that the template does not have.`,
      fix: 'Take them out of params, or use str_replace.',
    });
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
    if (this.#kind === 'veryStrict' && isEmpty(value)) {
      throw this.refusal({
        what: `${this.name} has an undefined or empty value for param ${placeholder}, must be a defined non-empty value`,
        why: 'This function takes no empty values.',
        fix: 'Give a value, or use str_replace_strict.',
      });
    }
    if (value === null) return '';
    if (typeof value !== 'object') return pythonText(value);
    if (this.#kind !== 'scalars') return pythonJson(value);
    throw this.refusal({
      what: `"${this.name}" params must be strings or numbers, param ${placeholder} is not valid`,
      why: `In this version of HOT a ${Array.isArray(value) ? 'list' : 'map'} has no text.`,
      fix: 'Use heat_template_version 2015-10-15 or newer, which puts lists and maps in as JSON.',
    });
  }
}

/** What a version or a variant of the function takes. */
type Kind = 'scalars' | 'json' | 'strict' | 'veryStrict';

function isEmpty(value: Json): boolean {
  if (typeof value === 'object') return value === null || Object.keys(value).length === 0;
  return value === '';
}

/**
 * Splits the text at the first placeholder, each part at the second, and so on, as Heat does; one pass with an alternation
 * would find other matches where placeholders overlap.
 */
function replaceAll(
  template: string,
  texts: ReadonlyMap<string, string>,
  checkLength: (length: number) => void,
): { readonly text: string; readonly unused: readonly string[] } {
  const placeholders = [...texts.keys()].sort((a, b) => pythonLength(b) - pythonLength(a) || byCodePoint(a, b));
  const unused: string[] = [];
  /** Parts of the template at even places, what was put in between them at odd places. */
  let parts: string[] = [template];
  let length = template.length;
  for (const placeholder of placeholders) {
    const before = parts.length;
    const text = texts.get(placeholder) as string;
    if (template.includes(placeholder)) {
      parts = parts.flatMap((part, index) =>
        index % 2 === 1 ? [part] : part.split(placeholder).flatMap((piece, at) => (at === 0 ? [piece] : [text, piece])),
      );
    }
    if (parts.length === before) unused.push(placeholder);
    length += ((parts.length - before) / 2) * (text.length - placeholder.length);
    checkLength(length);
  }
  return { text: parts.join(''), unused };
}

function parse(args: Json, site: CallSite, kind: Kind): StrReplace | undefined {
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
  return new StrReplace(site.path, site.surroundings, site.name, template, params, kind);
}
