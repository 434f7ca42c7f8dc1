import { type HotloomError, isHotloomError, messageOf, type TemplateInvalid } from '../errors.ts';
import { printLocation, type SourceLocation } from '../source.ts';
import { type Colors, type Io, manyLines, oneLine } from './io.ts';

/** Tells an error on stderr: as JSON for programs, else what, where (with the line of the file), why, and what to do. */
export function reportError(io: Io, error: unknown, asJson: boolean): void {
  io.err.write(asJson ? `${JSON.stringify(errorAsJson(error))}\n` : printError(error, io.err.colors));
}

/** The text of an error for people, its line ends included. Several problems stand one below the other. */
export function printError(error: unknown, colors: Colors): string {
  if (!isHotloomError(error)) return printUnforeseen(error, colors);
  const problems = problemsOf(error);
  const blocks = problems.map((problem) => printProblem(problem, colors));
  if (problems.length > 1) blocks.push(`${colors.bold(colors.red(`${problems.length} problems.`))}\n`);
  return blocks.join('\n');
}

function problemsOf(error: HotloomError): readonly HotloomError[] {
  return error.code === 'TemplateInvalid' ? (error as TemplateInvalid).problems : [error];
}

function printProblem({ what, where, why, fix, cause }: HotloomError, colors: Colors): string {
  const [first = '', ...rest] = manyLines(what);
  const lines = [`${colors.bold(colors.red('error:'))} ${colors.bold(first)}`, ...rest.map((line) => `  ${line}`)];
  if (where !== undefined) lines.push(...placeLines(where, colors));
  if (why !== undefined) lines.push(...manyLines(why).map((line) => `  ${line}`));
  lines.push(...causeLines(cause, [what, why ?? ''].join(' ')));
  if (fix !== undefined) lines.push(...manyLines(fix).map((line) => `  ${colors.cyan(line)}`));
  return `${lines.join('\n')}\n`;
}

const EXCERPT_WIDTH = 100;

function placeLines(where: SourceLocation, colors: Colors): readonly string[] {
  const lines = [`  ${colors.dim('at')} ${oneLine(printLocation(where))}`];
  const { line, column = 1, excerpt } = where;
  if (line === undefined || excerpt === undefined) return lines;
  // The caret has to stay below its character, also in a long line.
  const from = column > EXCERPT_WIDTH - 20 ? column - 40 : 0;
  const text = excerpt.replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ').slice(from, from + EXCERPT_WIDTH);
  const number = String(line);
  lines.push(
    colors.dim(`    ${number} | `) + text,
    colors.dim(`    ${' '.repeat(number.length)} | `) + colors.red(`${' '.repeat(column - 1 - from)}^`),
  );
  return lines;
}

/** The chain of causes, the nearest first, without what the error's own text says already. */
function causeLines(cause: unknown, said: string): readonly string[] {
  const lines: string[] = [];
  const seen = new Set<unknown>();
  let told = said;
  for (let next = cause; next !== undefined && !seen.has(next); next = next instanceof Error ? next.cause : undefined) {
    seen.add(next);
    const message = oneLine(messageOf(next));
    if (message === '' || told.includes(message)) continue;
    told += message;
    lines.push(`  Cause: ${message}`);
  }
  return lines;
}

function printUnforeseen(error: unknown, colors: Colors): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const lines = [
    `${colors.bold(colors.red('error:'))} ${colors.bold(`Unforeseen error: ${oneLine(messageOf(error))}`)}`,
    '  This is a bug in Hotloom.',
    `  ${colors.cyan('Please report it with the template and this text:')}`,
    ...manyLines(stack).map((line) => `  ${line}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** An error as plain data for programs. */
export function errorAsJson(error: unknown): Record<string, unknown> {
  if (isHotloomError(error)) return error.toJSON();
  return { code: 'InternalError', what: messageOf(error), why: 'This is a bug in Hotloom.' };
}
