import type { Json } from '../values.ts';

// Heat is written in Python, and some of Python shows in what a template means: what counts as empty, what equals what,
// how a value becomes a text. This file has these rules, so that templates mean here what they mean there.

/** `bool(value)`: false for null, false, 0, and an empty text, list or map. */
export function isTrueInPython(value: Json | undefined): boolean {
  if (typeof value !== 'object' || value === null) return Boolean(value);
  return (Array.isArray(value) ? value : Object.keys(value)).length > 0;
}

/** `a == b`: true equals 1 and false equals 0, at every depth; the order of a map's keys does not matter. */
export function equalsInPython(a: Json, b: Json): boolean {
  if (isNumeric(a) && isNumeric(b)) return Number(a) === Number(b);
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  if (Array.isArray(a) || Array.isArray(b)) {
    return (
      Array.isArray(a) &&
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((item, index) => equalsInPython(item, b[index] as Json))
    );
  }
  const [mapA, mapB] = [a as { readonly [key: string]: Json }, b as { readonly [key: string]: Json }];
  const keys = Object.keys(mapA);
  return (
    keys.length === Object.keys(mapB).length &&
    keys.every((key) => Object.hasOwn(mapB, key) && equalsInPython(mapA[key] as Json, mapB[key] as Json))
  );
}

/** `value in list`. */
export function includesInPython(list: readonly Json[], value: Json): boolean {
  return list.some((item) => equalsInPython(item, value));
}

/** `str(value)`: texts as they are, `True`, `None`, `{'a': [1]}`. */
export function pythonText(value: Json): string {
  return typeof value === 'string' ? value : pythonLiteral(value);
}

/** `repr(value)`: as pythonText, with texts in quotes. */
export function pythonLiteral(value: Json): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return pythonNumber(value);
  if (typeof value === 'string') return quote(value);
  if (Array.isArray(value)) return `[${value.map(pythonLiteral).join(', ')}]`;
  return `{${Object.entries(value)
    .map(([key, item]) => `${quote(key)}: ${pythonLiteral(item as Json)}`)
    .join(', ')}}`;
}

/** `json.dumps(value, sort_keys=True)`: sorted keys, a space behind `,` and `:`, nothing but ASCII. */
export function pythonJson(value: Json): string {
  return dumps(value, (keys) => keys.sort(byCodePoint));
}

/** `json.dumps(value)`: the same with the keys in their order. */
export function pythonJsonAsGiven(value: Json): string {
  return dumps(value, (keys) => keys);
}

function dumps(value: Json, order: (keys: string[]) => string[]): string {
  if (typeof value === 'string') return asciiJson(value);
  if (typeof value === 'number') return pythonNumber(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => dumps(item, order)).join(', ')}]`;
  const map = value as { readonly [key: string]: Json };
  const keys = order(Object.keys(map));
  return `{${keys.map((key) => `${asciiJson(key)}: ${dumps(map[key] as Json, order)}`).join(', ')}}`;
}

/** `type(value).__name__`, as Heat's messages show it. */
export function pythonType(value: Json | undefined): string {
  if (value === null || value === undefined) return 'NoneType';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float';
  if (typeof value === 'string') return 'str';
  return Array.isArray(value) ? 'list' : 'dict';
}

/** Python orders texts by code points; JavaScript's `<` orders them by UTF-16 units, where emoji come before U+E000. */
export function byCodePoint(a: string, b: string): number {
  const [pointsA, pointsB] = [[...a], [...b]];
  const shorter = Math.min(pointsA.length, pointsB.length);
  for (let index = 0; index < shorter; index += 1) {
    const difference = (pointsA[index]?.codePointAt(0) ?? 0) - (pointsB[index]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return pointsA.length - pointsB.length;
}

/** How many characters Python counts in a text: code points. */
export function pythonLength(value: string): number {
  let length = 0;
  for (const _ of value) length += 1;
  return length;
}

/** `int(text)`: digits, with blanks around and `_` between them; `undefined` for anything else. */
export function parsePythonInteger(text: string): number | undefined {
  return /^\s*[-+]?\d+(?:_\d+)*\s*$/.test(text) ? Number(text.replaceAll('_', '')) : undefined;
}

/**
 * `int(text)` or else `float(text)`: blanks around it, `_` between digits, `1e3`, `.5` and `5.` are fine, `0x10` is not.
 * `undefined` for a text that is no number, or that stands for infinity or not-a-number, which JSON does not have.
 */
export function parsePythonNumber(text: string): number | undefined {
  const trimmed = text.trim();
  if (!/^[-+]?(?:\d+(?:_\d+)*)?(?:\.(?:\d+(?:_\d+)*)?)?(?:[eE][-+]?\d+(?:_\d+)*)?$/.test(trimmed)) return undefined;
  if (!/^[-+]?\.?\d/.test(trimmed)) return undefined;
  const number = Number(trimmed.replaceAll('_', ''));
  // Adding 0 makes 0 of -0, which JSON does not have.
  return Number.isFinite(number) ? number + 0 : undefined;
}

/** `repr(value)`: Python writes small numbers with an exponent from 0.0001 down, and with two digits in it. */
function pythonNumber(value: number): string {
  if (Number.isInteger(value) || Math.abs(value) >= 1e-4) return String(value);
  return value.toExponential().replace(/e-(\d)$/, 'e-0$1');
}

function isNumeric(value: Json): value is number | boolean {
  return typeof value === 'number' || typeof value === 'boolean';
}

function quote(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(/[\\\n\r\t'"]|[\p{C}\p{Z}]/gu, (char) => {
    if (char === ' ' || ((char === "'" || char === '"') && char !== mark)) return char;
    return SHORT_ESCAPES.get(char) ?? (char === mark ? `\\${char}` : escapeCode(char.codePointAt(0) as number));
  });
  return `${mark}${escaped}${mark}`;
}

const SHORT_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['\\', '\\\\'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);

function escapeCode(code: number): string {
  const digits = code.toString(16);
  if (code <= 0xff) return `\\x${digits.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${digits.padStart(4, '0')}` : `\\U${digits.padStart(8, '0')}`;
}

function asciiJson(text: string): string {
  return JSON.stringify(text).replace(/[\x7f-\uffff]/g, (unit) =>
    unit === '\x7f' ? unit : `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
