import { type Matcher, RE2JS } from 're2js';
import { pythonLength } from '../../python.ts';
import type { Context } from '../context.ts';
import { type Call, define, method } from '../definitions.ts';
import { YaqlError } from '../errors.ts';
import type { Evaluation } from '../evaluate.ts';
import { limitBytes } from '../limits.ts';
import { dictionaryOf, textOf } from '../python.ts';
import { any, boolean, contextLambda, integer, optional, pattern, text, toIndex } from '../types.ts';
import { List, Pattern, type Value } from '../values.ts';
import { lazily } from './streams.ts';

/** A regular expression in Python's syntax, run by RE2 in linear time. RE2 has no look-around and no back-references. */
class CompiledPattern extends Pattern {
  override readonly source: string;
  readonly compiled: RE2JS;

  constructor(source: string, flags = 0) {
    super();
    this.source = source;
    try {
      // Python's \Z is the very end of the text, which RE2 calls \z.
      this.compiled = RE2JS.compile(
        source.replace(/\\([\s\S])/g, (token, char) => (char === 'Z' ? '\\z' : token)),
        flags,
      );
    } catch (error) {
      throw new YaqlError(`The regular expression ${source} cannot be read: ${(error as Error).message}`);
    }
  }
}

/** A match: the texts of its groups, and where they start and end in UTF-16 units. */
interface Match {
  readonly groups: readonly (string | null)[];
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

function* matchesIn(regexp: Pattern, string: string): Generator<Match> {
  const matcher = (regexp as CompiledPattern).compiled.matcher(string);
  while (matcher.find()) yield readMatch(matcher);
}

function readMatch(matcher: Matcher): Match {
  const indexes = Array.from({ length: matcher.groupCount() + 1 }, (_, index) => index);
  return {
    groups: indexes.map((index) => matcher.group(index)),
    starts: indexes.map((index) => matcher.start(index)),
    ends: indexes.map((index) => matcher.end(index)),
  };
}

function isMatch(regexp: Pattern, string: string): boolean {
  return (regexp as CompiledPattern).compiled.matcher(string).find();
}

/** Sets `$1` to the match and `$2`, `$3`, ... to its groups, each with its value, start and end (regex.py, _publish_match). */
function publish(context: Context, match: Match, string: string, evaluation: Evaluation): void {
  // Counting characters takes time for every match.
  for (const _ of match.groups) evaluation.budget.work(string);
  const position = (index: number): bigint => (index < 0 ? -1n : BigInt(pythonLength(string.slice(0, index))));
  match.groups.forEach((value, index) => {
    const record: [Value, Value][] = [
      ['value', value],
      ['start', position(match.starts[index] as number)],
      ['end', position(match.ends[index] as number)],
    ];
    context.set(`$${index + 1}`, dictionaryOf(record, false));
  });
}

/** `regexp.split(string, maximum)`, groups included. */
function split(regexp: Pattern, string: string, maximum: number): List {
  const parts: Value[] = [];
  let [end, count] = [0, 0];
  for (const match of matchesIn(regexp, string)) {
    if (maximum < 0 || (maximum > 0 && count >= maximum)) break;
    parts.push(string.slice(end, match.starts[0]), ...match.groups.slice(1));
    end = match.ends[0] as number;
    count += 1;
  }
  parts.push(string.slice(end));
  return new List(parts, false);
}

/** `regexp.sub(replacement, string, count)`. */
function substitute(regexp: Pattern, string: string, replacementOf: (match: Match) => string, maximum: number): string {
  let [result, end, count] = ['', 0, 0];
  for (const match of matchesIn(regexp, string)) {
    if (maximum < 0 || (maximum > 0 && count >= maximum)) break;
    result += string.slice(end, match.starts[0]) + replacementOf(match);
    limitBytes(result.length);
    end = match.ends[0] as number;
    count += 1;
  }
  return result + string.slice(end);
}

const ESCAPES: { readonly [character: string]: string } = {
  n: '\n',
  t: '\t',
  r: '\r',
  f: '\f',
  v: '\v',
  a: '\x07',
  b: '\b',
};

/** A replacement as Python writes it: `\1`, `\g<1>`, `\g<name>`, `\n`. */
function templateOf(regexp: Pattern, replacement: string): (match: Match) => string {
  const names = (regexp as CompiledPattern).compiled.namedGroups() as { readonly [name: string]: number };
  return (match) =>
    replacement.replace(/\\(?:g<([^>]*)>|(\d{1,2})|([\s\S]))/g, (whole, name, number, char) => {
      if (char !== undefined) return char === '\\' ? '\\' : (ESCAPES[char as string] ?? whole);
      const key = (name ?? number) as string;
      const index = /^\d+$/.test(key) ? Number(key) : Object.hasOwn(names, key) ? (names[key] as number) : -1;
      const group = match.groups[index];
      if (group === undefined) {
        throw new YaqlError(name === undefined ? `invalid group reference ${key}` : `unknown group name '${key}'`);
      }
      return group ?? '';
    });
}

function replaceBy(
  regexp: Pattern,
  string: string,
  replace: (context: Context) => Value,
  count: bigint,
  { context, evaluation }: Pick<Call, 'context' | 'evaluation'>,
): string {
  return substitute(
    regexp,
    string,
    (match) => {
      publish(context, match, string, evaluation);
      return textOf(replace(context.child()));
    },
    toIndex(count),
  );
}

const flag = optional(boolean, false);
const count = optional(integer, 0n);
const selector = optional(contextLambda, null);

/** Regular expressions (yaql/standard_library/regex.py). */
export const regexFunctions = [
  define('regex', { pattern: text, ignoreCase: flag, multiLine: flag, dotAll: flag }, (bound) => {
    const flags =
      (bound.ignoreCase ? RE2JS.CASE_INSENSITIVE : 0) |
      (bound.multiLine ? RE2JS.MULTILINE : 0) |
      (bound.dotAll ? RE2JS.DOTALL : 0);
    return new CompiledPattern(bound.pattern, flags);
  }),
  define('isRegex', { value: any }, ({ value }) => value instanceof Pattern),
  define('escapeRegex', { string: text }, ({ string }) =>
    string.replace(/[-\s()[\]{}?*+|^$\\.&~#]/g, (char) => `\\${char}`),
  ),

  method('matches', { regexp: pattern, string: text }, ({ regexp, string }) => isMatch(regexp, string)),
  method('matches', { string: text, regexp: text }, ({ string, regexp }) =>
    isMatch(new CompiledPattern(regexp), string),
  ),
  define('#operator_=~', { string: text, regexp: pattern }, ({ regexp, string }) => isMatch(regexp, string)),
  define('#operator_=~', { string: text, pattern: text }, (bound) =>
    isMatch(new CompiledPattern(bound.pattern), bound.string),
  ),
  define('#operator_!~', { string: text, regexp: pattern }, ({ regexp, string }) => !isMatch(regexp, string)),
  define(
    '#operator_!~',
    { string: text, pattern: text },
    (bound) => !isMatch(new CompiledPattern(bound.pattern), bound.string),
  ),

  method('search', { regexp: pattern, string: text, selector }, (bound, { context, evaluation }) => {
    for (const match of matchesIn(bound.regexp, bound.string)) {
      if (bound.selector === null) return match.groups[0] ?? null;
      const inner = context.child();
      publish(inner, match, bound.string, evaluation);
      return bound.selector(inner);
    }
    return null;
  }),
  method('searchAll', { regexp: pattern, string: text, selector }, (bound, { context, evaluation }) =>
    lazily(function* () {
      for (const match of matchesIn(bound.regexp, bound.string)) {
        const inner = context.child();
        if (bound.selector === null) yield match.groups[0] ?? null;
        else {
          publish(inner, match, bound.string, evaluation);
          yield bound.selector(inner);
        }
      }
    }),
  ),

  method('split', { regexp: pattern, string: text, maxSplit: count }, ({ regexp, string, maxSplit }) =>
    split(regexp, string, toIndex(maxSplit)),
  ),
  method('split', { string: text, regexp: pattern, maxSplit: count }, ({ regexp, string, maxSplit }) =>
    split(regexp, string, toIndex(maxSplit)),
  ),
  method('replace', { regexp: pattern, string: text, repl: text, count }, (bound) =>
    substitute(bound.regexp, bound.string, templateOf(bound.regexp, bound.repl), toIndex(bound.count)),
  ),
  method('replace', { string: text, regexp: pattern, repl: text, count }, (bound) =>
    substitute(bound.regexp, bound.string, templateOf(bound.regexp, bound.repl), toIndex(bound.count)),
  ),
  method('replaceBy', { regexp: pattern, string: text, repl: contextLambda, count }, (bound, call) =>
    replaceBy(bound.regexp, bound.string, bound.repl, bound.count, call),
  ),
  method('replaceBy', { string: text, regexp: pattern, repl: contextLambda, count }, (bound, call) =>
    replaceBy(bound.regexp, bound.string, bound.repl, bound.count, call),
  ),
];
