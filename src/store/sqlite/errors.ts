import { InternalError, isHotloomError, messageOf, StoreBusy, StoreUnusable } from '../../errors.ts';
import { isStopped } from '../../process-identity.ts';
import { NEWEST_SCHEMA } from '../migrations/migrations.ts';
import { lockHolder } from './lock-holder.ts';

/** Runs `body`; what SQLite throws becomes a StoreUnusable. */
export function guarded<T>(path: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw isHotloomError(error) ? error : storeUnusable(path, error);
  }
}

function storeUnusable(path: string, cause: unknown): StoreUnusable | StoreBusy | InternalError {
  const code = sqliteCode(cause);
  const message = messageOf(cause);
  if (isBrokenJson(cause)) {
    const why = `What is stored in it is no JSON: ${message}.`;
    return new StoreUnusable({ what: `The store ${path} is damaged.`, why, fix: OTHER_SCHEMA[2], cause });
  }
  // Opening is the one thing for which libsql has no code.
  if (message.startsWith('ConnectionFailed')) return cannotOpen(path, cause);
  if (code === '' || code.startsWith('SQLITE_CONSTRAINT')) {
    return new InternalError(`The store ${path} failed: ${message}`, cause);
  }
  const [, what, fix] = (isOtherSchema(cause)
    ? OTHER_SCHEMA
    : SQLITE_ERRORS.find(([prefix]) => code.startsWith(prefix))) ?? [
    '',
    'cannot be used',
    'Look at the disk and at the file. If it is damaged, restore it from a backup.',
  ];
  const fields = { what: `The store ${path} ${what}.`, why: `SQLite says: ${message} (${code}).`, fix, cause };
  if (!code.startsWith('SQLITE_BUSY')) return new StoreUnusable(fields);
  const holder = lockHolder(path);
  return new StoreBusy(holder === undefined ? fields : { ...fields, ...heldBy(holder, fields.why) });
}

function heldBy(pid: number, why: string): { readonly why: string; readonly fix: string } {
  if (!isStopped(pid)) {
    const look = `see what process ${pid} does, or end it (kill ${pid})`;
    return {
      why: `${why} Process ${pid} is writing to it.`,
      fix: `Run the action again. If it stays locked, ${look}.`,
    };
  }
  return {
    why: `${why} Process ${pid} is in the middle of writing to it, and is stopped: it was sent SIGSTOP, say, or Ctrl-Z.`,
    fix: `Let it go on (kill -CONT ${pid}), or end it (kill -KILL ${pid}): nothing that was stored is lost. Then run the action again.`,
  };
}

/** Empty for what SQLite has not thrown. */
export function sqliteCode(error: unknown): string {
  const { code, rawCode } = (error ?? {}) as { readonly code?: unknown; readonly rawCode?: unknown };
  if (typeof code === 'string' && code.startsWith('SQLITE_')) return code;
  // libsql has no name for some of SQLite's extended codes; the last byte is the primary one (https://sqlite.org/rescode.html).
  return (typeof rawCode === 'number' && PRIMARY_CODES[rawCode & 0xff]) || '';
}

const PRIMARY_CODES: { readonly [code: number]: string } = {
  1: 'SQLITE_ERROR',
  5: 'SQLITE_BUSY',
  8: 'SQLITE_READONLY',
  10: 'SQLITE_IOERR',
  11: 'SQLITE_CORRUPT',
  13: 'SQLITE_FULL',
  14: 'SQLITE_CANTOPEN',
  19: 'SQLITE_CONSTRAINT',
  26: 'SQLITE_NOTADB',
};

/** By the beginning of SQLite's code: what happened, and what to do. */
const SQLITE_ERRORS: readonly (readonly [prefix: string, what: string, fix: string])[] = [
  [
    'SQLITE_BUSY',
    'is locked by another process for too long',
    'Run the action again. If it stays locked, look for a process that hangs while it has the file open.',
  ],
  ['SQLITE_CORRUPT', 'is damaged', 'Restore the file from a backup; nothing more is written to it.'],
  [
    'SQLITE_NOTADB',
    'is not a store: it is not an SQLite database, or its beginning is damaged',
    'Name another file, or restore this one from a backup. It was not changed.',
  ],
  [
    'SQLITE_ERROR',
    'has refused what was to be done',
    'Run the action again. If it is refused again, see what else uses the file, and report it with this text.',
  ],
  ['SQLITE_READONLY', 'cannot be written', 'Give this user the right to write the file and its directory.'],
  [
    'SQLITE_FULL',
    'cannot grow: the disk is full',
    'Free space on the disk, then resume the stack whose action this has stopped. Until then the store can be read.',
  ],
  ['SQLITE_CANTOPEN', 'cannot be opened', 'Look at the rights of the file and its directory.'],
];

const OTHER_SCHEMA = [
  '',
  'is damaged: its tables are not those of its schema',
  'Restore the file from a backup; nothing more is written to it.',
] as const;

/** What the store parses, it has stored. */
export function isBrokenJson(error: unknown): boolean {
  return error instanceof SyntaxError;
}

/** SQLite tells of missing tables and columns by a code that it has for many things. */
export function isOtherSchema(error: unknown): boolean {
  return sqliteCode(error) === 'SQLITE_ERROR' && /^no such (table|column)|^table \S+ has /.test(messageOf(error));
}

export function cannotOpen(path: string, cause: unknown): StoreUnusable {
  return new StoreUnusable({
    what: `The store ${path} cannot be opened.`,
    why: `The system says: ${messageOf(cause)}.`,
    fix: 'Name a file that this user may read and write, in a directory that it may write.',
    cause,
  });
}

export function cannotWrite(path: string, obstacle: unknown): StoreUnusable {
  return new StoreUnusable({
    what: `The store ${path} cannot be written.`,
    why: `It could only be opened to be read: ${reasonOf(obstacle)}.`,
    fix: 'Give this user the right to write the file and its directory, on a disk that has space, and open the store again.',
    cause: obstacle,
  });
}

export function cannotReadLog(path: string, obstacle: unknown): StoreUnusable {
  return new StoreUnusable({
    what: `The store ${path} cannot be read here: its last changes stand in its log.`,
    why: `The index of the log is missing, and cannot be made beside it: ${reasonOf(obstacle)}.`,
    fix: `Free space on the disk, or copy the file and '${path}-wal' to where this user may write, and read them there.`,
    cause: obstacle,
  });
}

export function cannotMigrate(path: string, schema: number, obstacle: unknown): StoreUnusable {
  return new StoreUnusable({
    what: `The store ${path} is of an older release and has to be brought up to date, but cannot be written.`,
    why: `It has schema ${schema}, and this release reads schema ${NEWEST_SCHEMA}: ${reasonOf(obstacle)}.`,
    fix: 'Open it once where it can be written, or read it with the release that wrote it.',
    cause: obstacle,
  });
}

function reasonOf(obstacle: unknown): string {
  const code = sqliteCode(obstacle);
  return code === '' ? `the system says: ${messageOf(obstacle)}` : `SQLite says: ${messageOf(obstacle)} (${code})`;
}

/** Whether the error tells that the file cannot be written, rather than that something is wrong with it. */
export function isObstacle(error: unknown): boolean {
  if (isHotloomError(error)) return false;
  const { code } = error as { readonly code?: unknown };
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return true;
  const codes = ['SQLITE_READONLY', 'SQLITE_CANTOPEN', 'SQLITE_FULL', 'SQLITE_IOERR'];
  return (
    codes.some((prefix) => sqliteCode(error).startsWith(prefix)) || messageOf(error).startsWith('ConnectionFailed')
  );
}
