import { closeSync, constants, fstatSync, mkdirSync, openSync, readSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { messageOf, ProcessFailed } from '../../errors.ts';

const TAIL_LINES = 20;
const TAIL_BYTES = 4096;
const READ_BYTES = 1024 * 1024;

/** Of a longer line only the end is kept, so that output without line ends cannot fill the memory. */
const LONGEST_LINE = 64 * 1024;

/** The file that a process writes its output to, from where this process began. */
export class ProcessLog {
  readonly path: string;
  readonly #begin: number;
  #position: number;
  #partialLine = '';
  /** A character may lie across two pieces. */
  readonly #decoder = new StringDecoder('utf8');

  private constructor(path: string, begin: number) {
    this.path = path;
    this.#begin = begin;
    this.#position = begin;
  }

  /**
   * Opens the file for a new process, with its directories, for this user only: output may hold secrets. It goes on at the
   * end of what is there unless `isEmptied`. The descriptor is for the process; the caller closes it. Throws ProcessFailed.
   */
  static open(path: string, { isEmptied }: { readonly isEmptied: boolean }): { log: ProcessLog; descriptor: number } {
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      const { O_WRONLY, O_CREAT, O_APPEND, O_TRUNC } = constants;
      const descriptor = openSync(path, O_WRONLY | O_CREAT | O_APPEND | (isEmptied ? O_TRUNC : 0), 0o600);
      return { log: new ProcessLog(path, fstatSync(descriptor).size), descriptor };
    } catch (error) {
      throw new ProcessFailed({
        what: `The log '${path}' cannot be opened.`,
        why: `The system says: ${messageOf(error)}.`,
        fix: "Give a 'log_file' that this user may write.",
        cause: error,
      });
    }
  }

  /** True when one of the lines that became complete since the last call matches. Looks at a bounded piece of the file. */
  hasNewLine(expression: RegExp): boolean {
    const lines = (this.#partialLine + this.#readNew()).split('\n');
    this.#partialLine = (lines.pop() ?? '').slice(-LONGEST_LINE);
    return lines.some((line) => expression.test(line.endsWith('\r') ? line.slice(0, -1) : line));
  }

  /** The last lines of the output, each behind `indent`; empty when there is none. */
  tail(indent: string): string {
    return printTail(this.path, this.#begin, indent);
  }

  #readNew(): string {
    const buffer = Buffer.alloc(READ_BYTES);
    let length = 0;
    withFile(this.path, (file) => {
      length = readSync(file, buffer, 0, buffer.length, this.#position);
    });
    this.#position += length;
    return this.#decoder.write(buffer.subarray(0, length));
  }
}

/** The last lines of a file from `begin` on, each behind `indent`; empty when there are none. */
export function printTail(path: string, begin: number, indent: string): string {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const start = Math.max(begin, size - TAIL_BYTES);
  if (size <= start) return '';
  const buffer = Buffer.alloc(size - start);
  withFile(path, (file) => readSync(file, buffer, 0, buffer.length, start));
  const lines = buffer.toString('utf8').trimEnd().split('\n').slice(-TAIL_LINES);
  return lines.map((line) => `${indent}${line}`).join('\n');
}

/** Does nothing when the file is gone: somebody may have cleared it away. */
function withFile(path: string, work: (file: number) => void): void {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return;
  }
  try {
    work(file);
  } finally {
    closeSync(file);
  }
}
