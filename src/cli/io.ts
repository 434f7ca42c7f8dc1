import { stripVTControlCharacters } from 'node:util';
import pc from 'picocolors';

export type Colors = ReturnType<typeof pc.createColors>;

/** A stream that text goes to, and what it can show. */
export interface Output {
  write(text: string): void;
  readonly isTerminal: boolean;
  readonly colors: Colors;
  /** The size of the terminal now. */
  readonly columns: number;
  readonly rows: number;
}

/** What a command has of the process that it runs in. */
export interface Io {
  readonly out: Output;
  readonly err: Output;
  readonly stdin: NodeJS.ReadStream;
  readonly env: { readonly [variable: string]: string | undefined };
  readonly cwd: string;
}

export function processIo(process: NodeJS.Process): Io {
  return {
    out: outputOf(process.stdout, process.env),
    err: outputOf(process.stderr, process.env),
    stdin: process.stdin,
    env: process.env,
    cwd: process.cwd(),
  };
}

function outputOf(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Output {
  return {
    write: (text) => {
      stream.write(text);
    },
    isTerminal: stream.isTTY === true,
    colors: pc.createColors(hasColors(stream, env)),
    get columns() {
      return stream.columns ?? 80;
    },
    get rows() {
      return stream.rows ?? 24;
    },
  };
}

/** NO_COLOR: https://no-color.org */
function hasColors(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== '0';
  return stream.isTTY === true && env.TERM !== 'dumb';
}

/**
 * A text from a template, a handler or a store as one line that a terminal can be given: it may hold escape sequences,
 * which would let its author write anywhere on the screen.
 */
export function oneLine(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
    .trim();
}

/** The same with its lines kept. */
export function manyLines(text: string): readonly string[] {
  return text.split(/\r?\n/).map((line) => {
    const indent = /^ */.exec(line)?.[0] ?? '';
    return indent + oneLine(line);
  });
}

/** `data` on stdout as JSON, for programs. */
export function printJson(io: Io, data: unknown): void {
  io.out.write(`${JSON.stringify(data, null, 2)}\n`);
}
