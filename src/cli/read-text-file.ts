import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { UsageError } from '../errors.ts';
import { suggest } from '../wording.ts';
import type { Io } from './io.ts';

/**
 * The text of a file that the user named; `-` is the standard input. `what` says what the file is for: 'template'.
 * Throws UsageError, with a suggestion from the files beside it when there is no such file.
 */
export async function readTextFile(io: Io, file: string, what: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = file === '-' ? await readStdin(io) : await readFile(resolve(io.cwd, file));
  } catch (error) {
    throw cannotRead(io, file, what, error);
  }
  try {
    // Strips a byte order mark, which editors of Windows put before the text.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new UsageError({
      what: `The ${what} ${file === '-' ? 'on the standard input' : `'${file}'`} is not a text.`,
      why: 'It holds bytes that are not UTF-8.',
      fix: 'Save it as UTF-8, or name another file.',
    });
  }
}

export async function readStdin(io: Io): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of io.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

function cannotRead(io: Io, file: string, what: string, error: unknown): UsageError {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') {
    return new UsageError({
      what: `There is no ${what} '${file}'.`,
      why: `No such file: ${resolve(io.cwd, file)}`,
      fix: `${suggest(basename(file), filesBeside(resolve(io.cwd, file)))}Name a file that exists${what === 'template' ? ', or - for the standard input' : ''}.`,
    });
  }
  return new UsageError({
    what: `The ${what} '${file}' cannot be read.`,
    why: code === 'EISDIR' ? 'It is a directory.' : `The system says: ${message}.`,
    fix: 'Name a file that this user may read.',
    cause: error,
  });
}

function filesBeside(path: string): readonly string[] {
  try {
    return readdirSync(dirname(path));
  } catch {
    return [];
  }
}
