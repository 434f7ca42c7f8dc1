import { isUtf8 } from 'node:buffer';
import type Database from 'libsql';
import { isHotloomError, StoreUnusable } from '../../errors.ts';
import { all } from './database.ts';
import { isBrokenJson, isOtherSchema, sqliteCode } from './errors.ts';

/** Larger ones would keep their first writer waiting for longer than some 50 ms. */
const CHECKED_BYTES = 8 * 2 ** 20;

/**
 * Looks at a whole file before anything is written to it, since SQLite meets damage only in the pages that it comes to. Of a
 * large one it is left to that. Throws StoreUnusable.
 */
export function refuseDamaged(path: string, database: Database.Database): void {
  if (isLarge(database)) return;
  const found = pragma(database, 'quick_check(1)');
  if (found !== 'ok') throw damaged(path, `SQLite says: ${String(found).replace(/\s+/g, ' ')}.`);
}

/**
 * Looks at the texts of a file before any of them is read, since libsql ends the process at one that is not UTF-8, which
 * SQLite does not look at. Of a large one it is left to that. Throws StoreUnusable.
 */
export function refuseBrokenTexts(path: string, database: Database.Database): void {
  if (isLarge(database)) return;
  for (const [table, column] of all(database.prepare(TEXT_COLUMNS).raw())) {
    if (isUtf8(textsOf(database, `"${table}"`, `"${column}"`))) continue;
    throw damaged(path, `A text in the column '${column}' of its table '${table}' is not UTF-8.`);
  }
}

function textsOf(database: Database.Database, table: string, column: string): Uint8Array {
  try {
    const texts = database.prepare(`SELECT CAST(group_concat(${column}, ' ') AS BLOB) FROM ${table}`).raw().all([]);
    const [[bytes] = []] = texts as unknown[][];
    return bytes instanceof Uint8Array ? bytes : new Uint8Array();
  } catch {
    // Damage that SQLite itself meets is told by whoever reads that table; others may still be read.
    return new Uint8Array();
  }
}

const TEXT_COLUMNS = `SELECT t.name, c.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c
  WHERE t.type = 'table' AND c.type = 'TEXT'`;

function isLarge(database: Database.Database): boolean {
  return Number(pragma(database, 'page_count')) * Number(pragma(database, 'page_size')) > CHECKED_BYTES;
}

function pragma(database: Database.Database, name: string): unknown {
  return all(database.prepare(`PRAGMA ${name}`).raw())[0]?.[0];
}

function damaged(path: string, why: string): StoreUnusable {
  return new StoreUnusable({
    what: `The store ${path} is damaged.`,
    why,
    fix: 'Restore the file from a backup; nothing more is written to it.',
  });
}

/** Whether the error tells of damage, after which nothing may be written. */
export function isDamage(error: unknown): boolean {
  if (!isHotloomError(error, 'StoreUnusable')) return false;
  const code = sqliteCode(error.cause);
  return (
    isBrokenJson(error.cause) ||
    code.startsWith('SQLITE_CORRUPT') ||
    code.startsWith('SQLITE_NOTADB') ||
    isOtherSchema(error.cause)
  );
}
