import { pythonLength } from '../../python.ts';
import { define, extension, method } from '../definitions.ts';
import { YaqlError } from '../errors.ts';
import { limitBytes, sizeOf } from '../limits.ts';
import { textOf } from '../python.ts';
import { any, boolean, integer, iterable, mapping, nullable, number, optional, text, toIndex } from '../types.ts';
import { type Collection, itemsOf, List, type Value } from '../values.ts';
import { find, findLast, replaceText, slice, splitLeft, splitRight, strip } from './text.ts';

/** `str` of yaql: as Python's, but null, true and false as yaql writes them. */
function toText(value: Value): string {
  if (value === null) return 'null';
  return typeof value === 'boolean' ? String(value) : textOf(value);
}

function joined(items: Collection, separator: string): string {
  const texts: string[] = [];
  let length = 0;
  for (const item of itemsOf(items)) {
    const one = toText(item);
    length += one.length;
    limitBytes(length);
    texts.push(one);
  }
  return texts.join(separator);
}

function repeated(value: string, times: bigint): string {
  const count = toIndex(times);
  limitBytes((1 - count) * sizeOf(''), count * sizeOf(value));
  return value.repeat(Math.max(0, count));
}

function list(texts: readonly string[]): List {
  return new List(texts, false);
}

/** The end of a part that starts at `start`, as indexOf and lastIndexOf count. */
function partOf(value: string, start: bigint, length: bigint): [number, number] {
  const size = pythonLength(value);
  const from = toIndex(start) + (start < 0n ? size : 0);
  return [from, length < 0n ? size : from + toIndex(length)];
}

const separators = { separator: optional(nullable(text), null), maxSplits: optional(integer, -1n) };

const CHARACTER_CLASSES: { readonly [name: string]: string } = {
  digits: '0123456789',
  hexdigits: '0123456789abcdefABCDEF',
  asciiLowercase: 'abcdefghijklmnopqrstuvwxyz',
  asciiUppercase: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
  asciiLetters: 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ',
  octdigits: '01234567',
  punctuation: '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~',
  whitespace: ' \t\n\r\x0b\x0c',
};
const PRINTABLE = ['digits', 'asciiLetters', 'punctuation', 'whitespace']
  .map((name) => CHARACTER_CLASSES[name])
  .join('');

const flag = optional(boolean, false);

/** Texts (yaql/standard_library/strings.py). */
export const stringFunctions = [
  define('str', { value: any }, ({ value }) => toText(value)),
  define('isString', { arg: any }, ({ arg }) => typeof arg === 'string'),
  define('concat', {}, (_, { rest }) => rest.join(''), { rest: text }),
  define('#operator_+', {}, (_, { rest }) => rest.join(''), { rest: text }),
  define('#operator_*', { left: text, right: integer }, ({ left, right }) => repeated(left, right)),
  define('#operator_*', { left: integer, right: text }, ({ left, right }) => repeated(right, left)),
  define('#operator_in', { left: text, right: text }, ({ left, right }) => right.includes(left)),
  extension('len', { string: text }, ({ string }) => BigInt(pythonLength(string))),
  method('toUpper', { string: text }, ({ string }) => string.toUpperCase()),
  method('toLower', { string: text }, ({ string }) => string.toLowerCase()),

  method('split', { string: text, ...separators }, ({ string, separator, maxSplits }) =>
    list(splitLeft(string, separator, toIndex(maxSplits))),
  ),
  method('rightSplit', { string: text, ...separators }, ({ string, separator, maxSplits }) =>
    list(splitRight(string, separator, toIndex(maxSplits))),
  ),
  method('join', { sequence: iterable, separator: text }, ({ sequence, separator }) => joined(sequence, separator)),
  method('join', { separator: text, sequence: iterable }, ({ sequence, separator }) => joined(sequence, separator)),

  method('trim', { string: text, chars: optional(nullable(text), null) }, ({ string, chars }) =>
    strip(string, chars, true, true),
  ),
  method('trimLeft', { string: text, chars: optional(nullable(text), null) }, ({ string, chars }) =>
    strip(string, chars, true, false),
  ),
  method('trimRight', { string: text, chars: optional(nullable(text), null) }, ({ string, chars }) =>
    strip(string, chars, false, true),
  ),
  extension('norm', { string: nullable(text), chars: optional(nullable(text), null) }, ({ string, chars }) =>
    string === null ? null : strip(string, chars, true, true) || null,
  ),
  extension(
    'isEmpty',
    { string: nullable(text), trim: optional(boolean, true), chars: optional(nullable(text), null) },
    ({ string, trim, chars }) => string === null || (trim ? strip(string, chars, true, true) : string) === '',
  ),

  method('replace', { string: text, old: text, new: text, count: optional(integer, -1n) }, (bound) =>
    replaceText(bound.string, bound.old, bound.new, toIndex(bound.count)),
  ),
  method(
    'replace',
    { string: text, replacements: mapping, count: optional(integer, -1n) },
    ({ string, replacements, count }) => {
      let result = string;
      for (const [key, value] of replacements.entries.values()) {
        result = replaceText(result, toText(key), toText(value), toIndex(count));
      }
      return result;
    },
  ),

  method('substring', { string: text, start: integer, length: optional(integer, -1n) }, ({ string, start, length }) => {
    const size = pythonLength(string);
    const from = toIndex(start) + (start < 0n ? size : 0);
    return slice(string, from, from + (length < 0n ? size : toIndex(length)));
  }),

  method('indexOf', { string: text, sub: text, start: optional(integer, 0n) }, ({ string, sub, start }) =>
    find(string, sub, toIndex(start)),
  ),
  method('indexOf', { string: text, sub: text, start: integer, length: integer }, ({ string, sub, start, length }) =>
    find(string, sub, ...partOf(string, start, length)),
  ),
  method('lastIndexOf', { string: text, sub: text, start: optional(integer, 0n) }, ({ string, sub, start }) =>
    findLast(string, sub, toIndex(start)),
  ),
  method(
    'lastIndexOf',
    { string: text, sub: text, start: integer, length: integer },
    ({ string, sub, start, length }) => findLast(string, sub, ...partOf(string, start, length)),
  ),

  method('toCharArray', { string: text }, ({ string }) => new List([...string])),
  method('startsWith', { string: text }, ({ string }, { rest }) => rest.some((one) => string.startsWith(one)), {
    rest: text,
  }),
  method('endsWith', { string: text }, ({ string }, { rest }) => rest.some((one) => string.endsWith(one)), {
    rest: text,
  }),

  define('hex', { num: nullable(number) }, ({ num }) => {
    if (typeof num === 'bigint') return num < 0n ? `-0x${(-num).toString(16)}` : `0x${num.toString(16)}`;
    throw new YaqlError(`'${num === null ? 'NoneType' : 'float'}' object cannot be interpreted as an integer`);
  }),

  define(
    'characters',
    {
      digits: flag,
      hexdigits: flag,
      asciiLowercase: flag,
      asciiUppercase: flag,
      asciiLetters: flag,
      letters: flag,
      octdigits: flag,
      punctuation: flag,
      printable: flag,
      lowercase: flag,
      uppercase: flag,
      whitespace: flag,
    },
    (bound) => {
      let all = '';
      for (const [name, isWanted] of Object.entries(bound)) {
        if (!isWanted) continue;
        const found = name === 'printable' ? PRINTABLE : CHARACTER_CLASSES[name];
        if (found === undefined) throw new YaqlError(`module 'string' has no attribute '${name}'`);
        all += found;
      }
      return new List([...new Set(all)]);
    },
  ),
];
