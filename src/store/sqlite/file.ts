import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import Database from 'libsql';
import { StoreUnusable } from '../../errors.ts';
import { MIGRATIONS, NEWEST_SCHEMA } from '../migrations/migrations.ts';
import { refuseDamaged } from './damage.ts';
import { all, transaction } from './database.ts';
import { cannotMigrate, cannotOpen, cannotReadLog, cannotWrite, guarded, isObstacle } from './errors.ts';
import { prepareAll, type Statements } from './statements.ts';

/** How a SqliteStore is opened. */
export interface SqliteStoreOptions {
  /**
   * What a stored change outlives. `process` (the default): the engine's process being killed at any point, and a power
   * loss in which the last changes may be undone, so that a resource created in the last moments may be forgotten; the
   * file is never damaged. `power`: a power loss too; each batch then waits for the disk, about 0.2 ms on a fast disk
   * of a server and several on a slow one.
   */
  readonly durability?: 'process' | 'power';
  /** How long a write waits for another process that writes. Default 5,000; at least 0. */
  readonly busyTimeoutMs?: number;
  /** How large the file may become, in bytes; a write beyond that is refused like one to a full disk. Default: no bound. */
  readonly maxBytes?: number;
  /**
   * The clock by which leases are measured, in milliseconds: one that everybody who uses the file shares. Default: the
   * machine's, which nobody sets.
   */
  readonly now?: () => number;
}

export interface Connection {
  readonly database: Database.Database;
  readonly statements: Statements;
  /** Why it can only be read; undefined when it can be written. */
  readonly obstacle: unknown;
  /** Of one that does not see what others store from then on, the files as they were when it was opened; see stampOf. */
  readonly stamp: string | undefined;
}

/** A connection to the store in the file, which is made when there is none. Throws StoreUnusable and StoreBusy. */
export function openFile(path: string, options: SqliteStoreOptions): Connection {
  const { busyTimeoutMs = 5000 } = options;
  createFile(path);
  return guarded(path, () => {
    inspect(path, busyTimeoutMs);
    try {
      return openToWrite(path, busyTimeoutMs, options);
    } catch (obstacle) {
      if (!isObstacle(obstacle)) throw obstacle;
      return openToRead(path, busyTimeoutMs, obstacle);
    }
  });
}

/** Differs when somebody has stored something meanwhile. */
export function stampOf(path: string): string {
  return [path, `${path}-wal`]
    .map((file) => statSync(file, { throwIfNoEntry: false }))
    .map((stat) => (stat === undefined ? '-' : `${stat.ino} ${stat.size} ${stat.mtimeMs}`))
    .join(', ');
}

/** Throws StoreUnusable for the schema of a newer release. */
export function checkSchema(path: string, schema: number): void {
  if (schema <= NEWEST_SCHEMA) return;
  throw new StoreUnusable({
    what: `${path} was written by a newer release of Hotloom.`,
    why: `It has schema ${schema}, and this release knows schemas up to ${NEWEST_SCHEMA}. The file was not changed.`,
    fix: 'Install the release that wrote it, or a newer one.',
  });
}

/** 'HOTL': marks a file as ours, in the field that SQLite's header has for that. */
const APPLICATION_ID = 0x48_4f_54_4c;

function createFile(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // SQLite gives its log the mode of the file. The exclusive flag leaves a file that is there alone.
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    // Which error it is depends on the file system, when that is mounted to be read.
    if (existsSync(path)) return;
    throw cannotOpen(path, error);
  }
}

/**
 * Refuses a file that is not ours before anything could be written to it. SQLite itself has to look: a file that is
 * opened and closed beside it loses the locks that this process has on it (https://sqlite.org/howtocorrupt.html, 2.2).
 */
function inspect(path: string, busyTimeoutMs: number): void {
  try {
    if (!statSync(path).isFile()) throw new Error('it is not a file');
    accessSync(path, constants.R_OK);
    // New, or left by somebody who was killed before the first transaction.
    if (statSync(path).size === 0) return;
  } catch (error) {
    throw cannotOpen(path, error);
  }
  const found = readable(path, busyTimeoutMs, (database) => {
    const pragma = (name: string): number => Number(all(database.prepare(`PRAGMA ${name}`).raw())[0]?.[0]);
    const facts = {
      pages: pragma('page_count'),
      application: pragma('application_id'),
      schema: pragma('user_version'),
    };
    database.close();
    return facts;
  });
  if (found.pages === 0) return;
  if (found.application !== APPLICATION_ID) {
    throw new StoreUnusable({
      what: `${path} is not a store.`,
      why: 'The file is an SQLite database of another program. It was not changed.',
      fix: 'Name another file.',
    });
  }
  checkSchema(path, found.schema);
}

function openToWrite(path: string, busyTimeoutMs: number, options: SqliteStoreOptions): Connection {
  accessSync(path, constants.W_OK);
  const database = new Database(path, { timeout: busyTimeoutMs });
  try {
    const { durability, maxBytes } = options;
    migrate(path, database);
    // A new file gets its marks before this, so that they stand in the file itself and not only in its log.
    database.exec('PRAGMA journal_mode = WAL');
    database.exec(`PRAGMA synchronous = ${durability === 'power' ? 'FULL' : 'NORMAL'}`);
    if (maxBytes !== undefined) limitSize(database, maxBytes);
    return { database, statements: prepareAll(database), obstacle: undefined, stamp: undefined };
  } catch (error) {
    database.close();
    throw error;
  }
}

function limitSize(database: Database.Database, maxBytes: number): void {
  const pageSize = Number(all(database.prepare('PRAGMA page_size').raw())[0]?.[0]);
  database.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(maxBytes / pageSize))}`);
}

/** Opens what `obstacle` keeps from being written. */
function openToRead(path: string, busyTimeoutMs: number, obstacle: unknown): Connection {
  if (statSync(path).size === 0) throw cannotWrite(path, obstacle);
  return readable(path, busyTimeoutMs, (database, stamp) => {
    const schema = schemaOf(database);
    checkSchema(path, schema);
    if (schema < NEWEST_SCHEMA) throw cannotMigrate(path, schema, obstacle);
    return { database, statements: prepareAll(database), obstacle, stamp };
  });
}

/**
 * What `read` gives, with a connection that does not write, which stays open unless `read` closes it. SQLite reads its log by
 * an index that it keeps in a file beside it, and makes both where they are missing. Who may not do that reads the file
 * alone, as long as there is nothing in the log; he does not see what others store from then on, and gets a stamp.
 */
function readable<T>(
  path: string,
  busyTimeoutMs: number,
  read: (database: Database.Database, stamp: string | undefined) => T,
): T {
  const tried = (location: string, stamp?: string): T => {
    const database = new Database(location, { timeout: busyTimeoutMs });
    try {
      return read(database, stamp);
    } catch (error) {
      database.close();
      throw error;
    }
  };
  const location = pathToFileURL(path).href;
  const stamp = stampOf(path);
  const hasLog = (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;
  const triedAlone = (): T => tried(`${location}?immutable=1`, stamp);
  try {
    // Beside a file that is somebody else's nothing is left that he could not write.
    return hasLog || mayWrite(path) ? tried(`${location}?mode=ro`) : triedAlone();
  } catch (error) {
    if (!isObstacle(error)) throw error;
    if (!hasLog) return triedAlone();
    try {
      // Somebody was killed, and SQLite has to bring the file in order before anybody can read.
      return tried(path);
    } catch (obstacle) {
      throw isObstacle(obstacle) ? cannotReadLog(path, obstacle) : obstacle;
    }
  }
}

function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    accessSync(dirname(path), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function migrate(path: string, database: Database.Database): void {
  checkSchema(path, schemaOf(database));
  if (schemaOf(database) === NEWEST_SCHEMA) return;
  refuseDamaged(path, database);
  transaction(database, () => {
    // Asked again, under the lock: another process may have done it meanwhile, or have gone further.
    const schema = schemaOf(database);
    checkSchema(path, schema);
    for (const migration of MIGRATIONS.slice(schema)) database.exec(migration);
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    database.exec(`PRAGMA user_version = ${NEWEST_SCHEMA}`);
  });
}

function schemaOf(database: Database.Database): number {
  return Number(all(database.prepare('PRAGMA user_version').raw())[0]?.[0]);
}
