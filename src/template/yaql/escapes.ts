import { YaqlError } from './errors.ts';

const ESCAPE = /\\(?:U([0-9A-Fa-f]{8})|u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|([0-7]{1,3})|N\{([^}]+)\}|([\\'"abfnrtv]))/g;

const SINGLE: { readonly [character: string]: string } = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

const LAST_CODE_POINT = 0x10ffff;

/** The text between quotes with Python's escapes replaced; what is no escape stays (yaql/language/lexer.py). */
export function decodeEscapes(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(ESCAPE, (whole, eight, four, two, octal, name, single) => {
    if (name !== undefined) throw new YaqlError(`The character named ${name} is not known.`);
    if (single !== undefined) return SINGLE[single as string] ?? (single as string);
    const code = octal === undefined ? Number.parseInt(eight ?? four ?? two, 16) : Number.parseInt(octal, 8);
    if (code > LAST_CODE_POINT) throw new YaqlError(`${whole} is no character.`);
    return String.fromCodePoint(code);
  });
}
