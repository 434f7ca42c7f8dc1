import { type Context, createContext, Script } from 'node:vm';
import { RE2JS } from 're2js';
import { InvalidSchemaError } from '../errors.ts';

/** A pattern in Python's syntax. */
export interface Pattern {
  /** Whether a match from the start of `text` ends at its end. */
  matches(text: string): boolean;
}

/** A pattern that backtracks is given up after this time, which is a thousand times what an ordinary one takes. */
const BACKTRACKING_LIMIT_MS = 100;

/**
 * Compiles an `allowed_pattern`. Heat matches from the start (re.match) and asks whether the match ends where the text
 * ends, so that `a|ab` does not match `ab`.
 *
 * Patterns come from templates that others wrote, and a backtracking one can run for years on a short text. So they run in
 * RE2, in time linear in the text; what RE2 does not have (look-around, back-references, counts above 1000) runs in
 * JavaScript's engine with a time limit. Throws InvalidSchemaError for a pattern that neither can read.
 */
export function compilePattern(pattern: string): Pattern {
  return compileLinear(pattern) ?? compileBacktracking(pattern);
}

function compileLinear(pattern: string): Pattern | undefined {
  // Python's \Z is the very end of the text, which RE2 calls \z.
  const translated = pattern.replace(/\\([\s\S])/g, (token, char) => (char === 'Z' ? '\\z' : token));
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(translated);
  } catch {
    return undefined;
  }
  return {
    matches: (text) => {
      const matcher = compiled.matcher(text);
      return matcher.lookingAt() && matcher.end() === text.length;
    },
  };
}

function compileBacktracking(pattern: string): Pattern {
  const translated = toJavaScript(pattern);
  let compiled: RegExp;
  try {
    compiled = new RegExp(translated, 'yu');
  } catch {
    try {
      // Without `u`, needless escapes such as `\-` and `\_` are allowed, as in Python.
      compiled = new RegExp(translated, 'y');
    } catch (error) {
      // The message repeats the pattern as JavaScript writes it.
      const reason = (error as Error).message.replace(/^Invalid regular expression: [\s\S]*\/\w*: /, '');
      throw new InvalidSchemaError({
        what: `The pattern ${JSON.stringify(pattern)} is not a regular expression: ${reason}`,
        why: 'It cannot be checked whether a value matches it.',
        fix: 'Use the syntax of Python, for example [a-z][a-z0-9-]*; put the pattern into single quotes.',
      });
    }
  }
  return { matches: (text) => runWithLimit(compiled, text) };
}

/** What Python writes in another way: named groups, references to them, the start and the end of the text. */
function toJavaScript(pattern: string): string {
  return pattern.replace(/\\([\s\S])|\(\?P<|\(\?P=(\w+)\)/g, (token, escaped, name) => {
    if (escaped === 'A') return '^';
    if (escaped === 'Z') return '(?![\\s\\S])';
    if (escaped !== undefined) return token;
    return name === undefined ? '(?<' : `\\k<${name}>`;
  });
}

/** A statement, so that its names do not stay behind in the context. */
const MATCH = new Script(
  '{ pattern.lastIndex = 0; const match = pattern.exec(text); match !== null && match[0].length === text.length; }',
);

const sandbox: { pattern: RegExp | undefined; text: string } = { pattern: undefined, text: '' };
let context: Context | undefined;

/** A text that takes too long does not match. */
function runWithLimit(pattern: RegExp, text: string): boolean {
  context ??= createContext(sandbox);
  sandbox.pattern = pattern;
  sandbox.text = text;
  try {
    return MATCH.runInContext(context, { timeout: BACKTRACKING_LIMIT_MS }) as boolean;
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return false;
    throw error;
  }
}
