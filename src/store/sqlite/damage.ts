import type Database from 'libsql';
import { isHotloomError, StoreUnusable } from '../../errors.ts';
import { all } from './database.ts';
import { isOtherSchema, sqliteCode } from './errors.ts';

/** Larger ones would keep their first writer waiting for longer than some 50 ms. */
const CHECKED_BYTES = 8 * 2 ** 20;

/**
 * Looks at a whole file before anything is written to it, since SQLite meets damage only in the pages that it comes to. Of a
 * large one it is left to that. Throws StoreUnusable.
 */
export function refuseDamaged(path: string, database: Database.Database): void {
  const pragma = (name: string): unknown => all(database.prepare(`PRAGMA ${name}`).raw())[0]?.[0];
  if (Number(pragma('page_count')) * Number(pragma('page_size')) > CHECKED_BYTES) return;
  const found = pragma('quick_check(1)');
  if (found === 'ok') return;
  throw new StoreUnusable({
    what: `The store ${path} is damaged.`,
    why: `SQLite says: ${String(found).replace(/\s+/g, ' ')}.`,
    fix: 'Restore the file from a backup; nothing more is written to it.',
  });
}

/** Whether the error tells of damage, after which nothing may be written. */
export function isDamage(error: unknown): boolean {
  if (!isHotloomError(error, 'StoreUnusable')) return false;
  const code = sqliteCode(error.cause);
  return code.startsWith('SQLITE_CORRUPT') || code.startsWith('SQLITE_NOTADB') || isOtherSchema(error.cause);
}
