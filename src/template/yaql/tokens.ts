import { createLexer } from 'leac';
import { YaqlError } from './errors.ts';
import { decodeEscapes } from './escapes.ts';
import type { ConstantValue } from './syntax.ts';

/** A token of an expression. */
export interface Token {
  readonly kind: 'dollar' | 'number' | 'function' | 'word' | 'string' | 'constant' | 'operator' | 'punctuation' | 'end';
  /** The text as written; of a function without its parenthesis. */
  readonly text: string;
  /** The value of a literal. */
  readonly value: ConstantValue;
  readonly offset: number;
}

const WORD = '[\\p{L}\\p{N}_]';
const LETTER = '[\\p{L}_]';
const START = `(?<!${WORD})`;
const END = `(?!${WORD})`;

/** Words that are operators and not names. */
const WORD_OPERATORS: ReadonlySet<string> = new Set(['mod', 'in', 'not', 'and', 'or']);

const CONSTANTS: ReadonlyMap<string, ConstantValue> = new Map<string, ConstantValue>([
  ['true', true],
  ['false', false],
  ['null', null],
]);

// In the order in which yaql tries them (yaql/language/lexer.py): `not(` is a call of a function named `not`.
const lexer = createLexer([
  { name: 'blank', regex: /[ \t\r\n]+/, discard: true },
  { name: 'dollar', regex: new RegExp(`\\$${WORD}*`, 'u') },
  { name: 'number', regex: new RegExp(`${START}\\p{Nd}+(?:\\.?\\p{Nd}+)?${END}`, 'u') },
  { name: 'function', regex: new RegExp(`${START}${LETTER}${WORD}*\\(`, 'u') },
  { name: 'word', regex: new RegExp(`(?!__)${START}${LETTER}${WORD}*${END}`, 'u') },
  { name: 'string', regex: /'(?:[^'\\]|\\[^\n])*'/ },
  { name: 'string', regex: /"(?:[^"\\]|\\[^\n])*"/ },
  { name: 'verbatim', regex: /`(?:[^`\\]|\\[^\n])*`/ },
  { name: 'operator', regex: /\?\.|=~|!~|>=|<=|!=|->|=>|[.+\-*/><=]/ },
  { name: 'punctuation', regex: /[()[\]{},]/ },
]);

/** The tokens of an expression as far as it has any, and the offset behind them. */
export interface Tokens {
  readonly tokens: readonly Token[];
  /** The offset of a character that starts no token. */
  readonly illegalAt: number | undefined;
}

/** Splits an expression into tokens. The last one is an `end`, unless a character is illegal. */
export function tokenize(text: string): Tokens {
  const { tokens, offset, complete } = lexer(text);
  const found = tokens.map((token) => toToken(token.name, token.text, token.offset));
  if (complete) found.push({ kind: 'end', text: '', value: null, offset: text.length });
  return { tokens: found, illegalAt: complete ? undefined : offset };
}

/** The error for a character that starts no token. */
export function illegalCharacter(text: string, offset: number): YaqlError {
  const character = String.fromCodePoint(text.codePointAt(offset) as number);
  return new YaqlError(`Lexical error: illegal character '${character}' at position ${offset}`, offset);
}

function toToken(name: string, text: string, offset: number): Token {
  switch (name) {
    case 'number':
      return { kind: 'number', text, value: text.includes('.') ? Number(text) : BigInt(text), offset };
    case 'function':
      return { kind: 'function', text: text.slice(0, -1), value: null, offset };
    case 'string':
      return { kind: 'string', text, value: decodeEscapes(text.slice(1, -1)), offset };
    case 'verbatim':
      return { kind: 'string', text, value: text.slice(1, -1).replaceAll('\\`', '`'), offset };
    case 'word': {
      const constant = CONSTANTS.get(text);
      if (constant !== undefined) return { kind: 'constant', text, value: constant, offset };
      return { kind: WORD_OPERATORS.has(text) ? 'operator' : 'word', text, value: text, offset };
    }
    case 'dollar':
    case 'operator':
      return { kind: name, text, value: null, offset };
    default:
      return { kind: 'punctuation', text, value: null, offset };
  }
}
