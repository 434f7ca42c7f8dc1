import { YaqlError } from '../errors.ts';
import { limitBytes } from '../limits.ts';

// Python's methods of texts. Positions are counted in characters, as Python does.

const BLANKS = /[\s\x1c-\x1f\x85]/u;

/** `text[start:end]`. */
export function slice(text: string, start: number, end?: number): string {
  return [...text].slice(start, end).join('');
}

/** `text.strip(chars)`, or of one side. */
export function strip(text: string, chars: string | null, isLeft: boolean, isRight: boolean): string {
  const all = [...text];
  const wanted = new Set(chars);
  const isStripped = (char: string): boolean => (chars === null ? BLANKS.test(char) : wanted.has(char));
  let [start, end] = [0, all.length];
  while (isLeft && start < end && isStripped(all[start] as string)) start += 1;
  while (isRight && end > start && isStripped(all[end - 1] as string)) end -= 1;
  return all.slice(start, end).join('');
}

/** `text.split(separator, maximum)`; without a separator at runs of blanks. */
export function splitLeft(text: string, separator: string | null, maximum: number): string[] {
  if (separator === '') throw new YaqlError('empty separator');
  return separator === null ? splitAtBlanks(text, maximum) : splitAtText(text, separator, maximum);
}

function splitAtText(text: string, separator: string, maximum: number): string[] {
  const parts: string[] = [];
  let start = 0;
  while (maximum < 0 || parts.length < maximum) {
    const at = text.indexOf(separator, start);
    if (at === -1) break;
    parts.push(text.slice(start, at));
    start = at + separator.length;
  }
  return [...parts, text.slice(start)];
}

function splitAtBlanks(text: string, maximum: number): string[] {
  const parts: string[] = [];
  const isBlank = (index: number): boolean => BLANKS.test(text[index] as string);
  let start = 0;
  for (;;) {
    while (start < text.length && isBlank(start)) start += 1;
    if (start === text.length) return parts;
    if (maximum >= 0 && parts.length >= maximum) return [...parts, text.slice(start)];
    let end = start;
    while (end < text.length && !isBlank(end)) end += 1;
    parts.push(text.slice(start, end));
    start = end;
  }
}

/** `text.rsplit(separator, maximum)`. */
export function splitRight(text: string, separator: string | null, maximum: number): string[] {
  const reversed = splitLeft(reverse(text), separator === null ? null : reverse(separator), maximum);
  return reversed.map(reverse).reverse();
}

function reverse(text: string): string {
  return [...text].reverse().join('');
}

/** `text.replace(old, new, count)`. */
export function replaceText(text: string, old: string, replacement: string, count: number): string {
  if (old === '') {
    const chars = [...text];
    const places = count < 0 ? chars.length + 1 : Math.min(count, chars.length + 1);
    limitBytes(places * replacement.length);
    const replaced = chars.map((char, index) => (index < places ? replacement + char : char)).join('');
    return places > chars.length ? replaced + replacement : replaced;
  }
  const parts = splitLeft(text, old, count);
  limitBytes((parts.length - 1) * replacement.length);
  return parts.join(replacement);
}

/** `text.find(sub, start, end)`. */
export function find(text: string, sub: string, start: number, end?: number): bigint {
  return search([...text], [...sub], start, end, false);
}

/** `text.rfind(sub, start, end)`. */
export function findLast(text: string, sub: string, start: number, end?: number): bigint {
  return search([...text], [...sub], start, end, true);
}

function search(
  text: readonly string[],
  sub: readonly string[],
  start: number,
  end: number | undefined,
  isLast: boolean,
): bigint {
  const from = start < 0 ? Math.max(0, start + text.length) : start;
  const to = Math.min(text.length, end === undefined ? text.length : end < 0 ? end + text.length : end);
  if (from > text.length || from > to) return -1n;
  const part = text.slice(from, to).join('');
  const wanted = sub.join('');
  const at = isLast ? part.lastIndexOf(wanted) : part.indexOf(wanted);
  return at === -1 ? -1n : BigInt(from + [...part.slice(0, at)].length);
}
