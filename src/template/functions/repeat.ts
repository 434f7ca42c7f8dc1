import { isJsonObject, type Json, type JsonObject } from '../../values.ts';
import { type Expression, FunctionCall, isExpressionMap } from '../expression.ts';
import type { CallSite, ParseCall } from '../parser.ts';
import { ComputedCall, computedAt, kindOf } from './computed-call.ts';

const FIX = "Write {repeat: {template: 'text with %item%', for_each: {'%item%': [a, b]}}}.";

/** Heat has no limit; this many copies come from a mistake. */
const MAX_COPIES = 100_000;

/**
 * `repeat: {template, for_each, permutations}`: a copy of the template for each combination of the lists' items, in whose
 * texts the names of `for_each` are replaced. Of a map, the keys count. With `permutations: false` the first items go
 * together, then the second ones, and so on (heat/engine/hot/functions.py, Repeat, RepeatWithMap, RepeatWithNestedLoop).
 */
export class Repeat extends ComputedCall {
  /** Until 2016-04-08 over lists only. */
  static readonly parseLists: ParseCall = (args, site) => parse(args, site, 'lists');

  /** In 2016-10-14 over maps too. */
  static readonly parseMaps: ParseCall = (args, site) => parse(args, site, 'maps');

  /** Since 2017-09-01 with `permutations`. */
  static readonly parse: ParseCall = (args, site) => parse(args, site, 'permutations');

  /** What `for_each` may hold; set by the version. */
  protected readonly takesMaps: boolean = true;

  protected override compute(args: Json): Json {
    const { for_each: forEach, template = null, permutations = true } = args as JsonObject;
    const isNested = permutations !== false || !this.takesMaps;
    if (!isJsonObject(forEach)) {
      const what = `The "for_each" argument to "${this.name}" must contain a map`;
      throw this.wrong(what, `It is ${kindOf(forEach ?? null)}.`, FIX);
    }
    const names = Object.keys(forEach);
    if (names.length === 0)
      throw this.wrong('not enough values to unpack (expected 2, got 0)', 'for_each is empty.', FIX);
    const lists = names.map((name) => this.#items(forEach[name] as Json, isNested));
    return this.#combinations(lists, isNested).map((items) => this.#replace(names, items, template));
  }

  #items(value: Json, isNested: boolean): readonly Json[] | undefined {
    if (value === null) return undefined;
    if (Array.isArray(value)) return value as readonly Json[];
    const allowsMaps = this.takesMaps && isNested;
    if (allowsMaps && isJsonObject(value)) return Object.keys(value);
    const what = `The values of the "for_each" argument to "${this.name}" must be lists${allowsMaps ? ' or maps' : ''}`;
    throw this.wrong(what, `One of them is ${kindOf(value)}.`, FIX);
  }

  #combinations(lists: readonly (readonly Json[] | undefined)[], isNested: boolean): readonly (readonly Json[])[] {
    if (!isNested) return this.#inStep(lists);
    const copies = lists.reduce((product, list) => product * (list?.length ?? 0), 1);
    if (copies > MAX_COPIES) {
      const what = `"${this.name}" would make ${copies} copies of its template.`;
      throw this.wrong(what, `The limit is ${MAX_COPIES}.`, 'Repeat over shorter lists.');
    }
    return lists.reduce<readonly (readonly Json[])[]>(
      (combinations, list = []) => combinations.flatMap((items) => list.map((item) => [...items, item])),
      [[]],
    );
  }

  #inStep(lists: readonly (readonly Json[] | undefined)[]): readonly (readonly Json[])[] {
    const lengths = new Set(lists.flatMap((list) => (list === undefined ? [] : [list.length])));
    if (lengths.size > 1) {
      const what = `For ${this.name}, the length of for_each values should be equal if no nested loop.`;
      throw this.wrong(
        what,
        'Without permutations the items go together, one of each list.',
        'Give lists of one length.',
      );
    }
    if (lists.includes(undefined)) return [];
    return (lists[0] ?? []).map((_, index) => lists.map((list) => list?.[index] as Json));
  }

  #replace(names: readonly string[], items: readonly Json[], template: Json): Json {
    if (typeof template === 'string') {
      return names.reduce((text, name, index) => this.#replaceText(text, name, items[index] as Json), template);
    }
    if (Array.isArray(template)) return (template as readonly Json[]).map((item) => this.#replace(names, items, item));
    if (!isJsonObject(template)) return template;
    return Object.fromEntries(
      Object.entries(template).map(([key, value]) => [
        this.#replace(names, items, key) as string,
        this.#replace(names, items, value),
      ]),
    );
  }

  #replaceText(text: string, name: string, item: Json): string {
    if (typeof item === 'string')
      return name === '' ? [item, ...[...text].flatMap((c) => [c, item])].join('') : text.replaceAll(name, () => item);
    const what = `replace() argument 2 must be str, not ${kindOf(item)}`;
    throw this.wrong(what, 'What is put into a text has to be a text.', 'Put the items into quotes.');
  }
}

class RepeatLists extends Repeat {
  protected override readonly takesMaps = false;
}

function parse(args: Json, site: CallSite, takes: 'lists' | 'maps' | 'permutations'): FunctionCall | undefined {
  const parsed = site.expression(args);
  if (!isExpressionMap(parsed)) {
    return site.refuse(`Arguments to "${site.name}" must be a map`, "It has 'template' and 'for_each'.", FIX);
  }
  if (parsed.for_each === undefined || parsed.template === undefined) {
    const missing = parsed.for_each === undefined ? 'for_each' : 'template';
    const what = `"${site.name}" syntax should be repeat: {template: This is %var%, for_each: {%var%: ['a', 'b', 'c']}}`;
    return site.refuse(what, `'${missing}' is missing.`, FIX);
  }
  if (!(parsed.for_each instanceof FunctionCall) && !isExpressionMap(parsed.for_each)) {
    return site.refuse(`The "for_each" argument to "${site.name}" must contain a map`, 'Each name has a list.', FIX);
  }
  if (takes === 'permutations' && parsed.permutations !== undefined && typeof parsed.permutations !== 'boolean') {
    const what = `"permutations" should be boolean type for ${site.name} function.`;
    return site.refuse(what, 'It says whether every combination is made.', 'Write permutations: false.');
  }
  const known: { readonly [key: string]: Expression } =
    takes === 'permutations' ? parsed : { for_each: parsed.for_each, template: parsed.template };
  return computedAt(site, takes === 'lists' ? RepeatLists : Repeat, known);
}
