import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import Database from 'libsql';
import { InternalError, isHotloomError, messageOf, StoreBusy, StoreUnusable } from '../errors.ts';
import type { ResourceEvent, StackEvent } from '../events.ts';
import { type DeclaredNames, type Name, nameKey } from '../names.ts';
import { conflictingWrite, notTheWriter, writtenOutside } from '../refusals.ts';
import { asJson, type Json, type JsonObject, sameJson } from '../values.ts';
import { claimWasLost, isHeld, monotonicNow, stackIsBusy } from './claim.ts';
import { MIGRATIONS } from './migrations/migrations.ts';
import { MAX_OPERATIONS_PER_STACK, OperationLog } from './operation-log.ts';
import type {
  Claim,
  Claimant,
  OperationRecord,
  PreviousDefinition,
  ResourceRecord,
  ResourceSnapshot,
  SnapshotRecord,
  StackDefinition,
  StackRecord,
  StackStore,
  StoreChange,
  StoredEntry,
  StoredEvent,
  StoredRead,
} from './stack-store.ts';
import {
  checkChange,
  MAX_EVENTS_PER_STACK,
  noSuchStack,
  resourceEventOf,
  stackExists,
  whyNeverWritten,
} from './stored-stack.ts';

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

/**
 * A store in one SQLite file, which any number of engines and processes of one machine may use at the same time. Not for
 * a network file system: SQLite's write-ahead log needs shared memory.
 *
 * Answers at once. A batch is one transaction. SQLite comes from the package libsql, whose binary is part of the
 * package of its platform (about 9 MB); nothing is compiled or downloaded at installation.
 */
export class SqliteStore implements StackStore {
  readonly isShared = true;
  readonly #file: string;
  /** Why it can only be read; undefined when it can be written. */
  readonly #obstacle: unknown;
  /** Undefined once the store is closed: libsql frees a connection when nothing refers to its statements any more. */
  #connection: Connection | undefined;
  readonly #now: () => number;
  /** Of the stacks that are claimed through this object, by id. */
  readonly #logs = new Map<string, OperationLog>();
  /** How many events were stored since a stack's old ones were last dropped, by the stack's id; while it is claimed. */
  readonly #undropped = new Map<string, number>();
  #revision = 0;
  #seenVersion = 0;

  private constructor(file: string, connection: Connection, now: () => number, obstacle: unknown) {
    this.#file = file;
    this.#connection = connection;
    this.#now = now;
    this.#obstacle = obstacle;
  }

  /**
   * Opens the store in `file`, which is created with its directory when there is none, readable by its owner only. A
   * store of an older release is brought up to date. One that this user may only read, or that lies on a disk that is full or
   * mounted to be read, is opened all the same; what would write it throws StoreUnusable. Throws StoreUnusable, leaving the
   * file as it is, when it is no store, is damaged, was written by a newer release, or cannot be read.
   */
  static open(file: string, options: SqliteStoreOptions = {}): SqliteStore {
    const path = resolve(file);
    const { busyTimeoutMs = 5000, now = monotonicNow } = options;
    createFile(path);
    return guarded(path, () => {
      inspect(path, busyTimeoutMs);
      try {
        return new SqliteStore(path, openToWrite(path, busyTimeoutMs, options), now, undefined);
      } catch (error) {
        if (!isObstacle(error)) throw error;
        return new SqliteStore(path, openToRead(path, busyTimeoutMs, error), now, error);
      }
    });
  }

  createStack(record: StackRecord, claimant: Claimant, declared: DeclaredNames = new Map()): Claim {
    return this.#write((statements) => {
      const { id, space, name, action, status, reason, createdAt, updatedAt, tags, rollback } = record;
      const at = [storedSegment(space), storedSegment(name)];
      if (all(statements.stackByName, ...at).length > 0) throw stackExists(space, name);
      refuseWrittenOutside(statements, [space, name], declared);
      const state = { action, status, reason, createdAt, updatedAt, tags, rollback };
      const { lastInsertRowid } = run(statements.addStack, id, ...at, text(state), text(record.outputs));
      const key = Number(lastInsertRowid);
      run(statements.addTemplate, key, ...definitionColumns(record, declared));
      run(statements.addClaim, key, 1, text(claimant), this.#now());
      return { stackId: id, claimant, fence: 1 };
    });
  }

  findStack(space: string, name: string): StackRecord | undefined {
    return this.#read((statements) => {
      const row = all(statements.stackByName, storedSegment(space), storedSegment(name))[0];
      return row === undefined ? undefined : stackOf(row);
    });
  }

  listStacks(): readonly StackRecord[] {
    return this.#read((statements) => all(statements.allStacks).map(stackOf));
  }

  resources(stackId: string): readonly ResourceRecord[] {
    return this.#read((statements) => all(statements.resources, stackId).map(([record]) => resourceOf(record)));
  }

  values(stackId: string): readonly { readonly resource: string; readonly attribute: string; readonly value: Json }[] {
    return this.#read((statements) => {
      const published = all(statements.published, stackId).map(([resource, attribute, value]) => ({
        resource: segmentOf(resource),
        attribute: segmentOf(attribute),
        value: jsonOf(value),
      }));
      const keys = new Set(published.map(({ resource, attribute }) => nameKey([resource, attribute])));
      const ofResults = all(statements.results, stackId).flatMap(([column, result]) => {
        const resource = segmentOf(column);
        return Object.entries(jsonOf(result) as JsonObject)
          .filter(([attribute]) => !keys.has(nameKey([resource, attribute])))
          .map(([attribute, value]) => ({ resource, attribute, value }));
      });
      return [...published, ...ofResults];
    });
  }

  snapshots(stackId: string): readonly SnapshotRecord[] {
    return this.#read((statements) => all(statements.snapshots, stackId).map(snapshotOf));
  }

  resourceSnapshots(snapshotId: string): readonly ResourceSnapshot[] {
    return this.#read((statements) =>
      all(statements.resourceSnapshots, snapshotId).map(([record, data]) => ({
        record: resourceOf(record),
        ...(data === null ? {} : { data: jsonOf(data) as JsonObject }),
      })),
    );
  }

  events(stackId: string, after = 0): readonly StoredEvent[] {
    return this.#read((statements) => {
      const told: StoredEvent[] = [];
      for (const [space, stack, last, count, events] of all(statements.events, stackId, after)) {
        const first = Number(last) - Number(count) + 1;
        const at = { space: segmentOf(space), stack: segmentOf(stack) };
        for (const [index, event] of (JSON.parse(events as string) as TextEvent[]).entries()) {
          if (first + index > after) told.push({ sequence: first + index, event: eventOf(event, at) });
        }
      }
      return told.slice(-MAX_EVENTS_PER_STACK);
    });
  }

  history(stackId: string): readonly OperationRecord[] {
    return this.#read((statements) => all(statements.operations, stackId).map(([record]) => operationOf(record)));
  }

  claim(stackId: string, claimant: Claimant): Claim {
    return this.#write((statements) => {
      const row = all(statements.claim, stackId)[0];
      if (row === undefined) throw noSuchStack(stackId);
      const [key, name, fence] = row;
      const holder = this.#holderOf(row);
      if (holder !== undefined) throw stackIsBusy(segmentOf(name), holder, claimant);
      const claim = { stackId, claimant, fence: Number(fence) + 1 };
      run(statements.setClaim, claim.fence, text(claimant), this.#now(), Number(key));
      this.#dropOldEvents(statements, Number(key), stackId);
      return claim;
    });
  }

  renew(claim: Claim): void {
    this.#write((statements) => run(statements.renew, this.#now(), this.#claimed(statements, claim).key));
  }

  release(claim: Claim): void {
    this.#forget(claim);
    this.#write((statements) => run(statements.release, claim.stackId, claim.fence));
  }

  holder(stackId: string): Claimant | undefined {
    return this.#read((statements) => this.#holderOf(all(statements.claim, stackId)[0]));
  }

  append(claim: Claim, changes: readonly StoreChange[]): void {
    this.#write((statements) => {
      const { key, renewedAt } = this.#claimed(statements, claim);
      const now = this.#now();
      // Not at each batch: a row that is written costs more than one that is read.
      if (Math.abs(now - renewedAt) * 10 >= claim.claimant.leaseMs) run(statements.renew, now, key);
      const events = store(statements, key, changes);
      this.#storeOperations(statements, key, claim, changes);
      const undropped = (this.#undropped.get(claim.stackId) ?? 0) + events;
      // Dropping many at a time makes the cost of one event constant.
      if (undropped < MAX_EVENTS_PER_STACK) this.#undropped.set(claim.stackId, undropped);
      else this.#dropOldEvents(statements, key, claim.stackId);
    });
  }

  removeStack(claim: Claim): void {
    this.#forget(claim);
    this.#write((statements) => {
      const { key } = this.#claimed(statements, claim);
      for (const statement of statements.removeStack) run(statement, key);
    });
  }

  writeOutside(name: Name, value: Json): void {
    const written = asJson(value);
    this.#write((statements) => {
      const segments = name.map(storedSegment);
      if (publishedValue(statements, name) !== undefined) throw notTheWriter(name);
      if (declaredBy(all(statements.declared, ...segments.slice(0, 2))[0], name)) throw notTheWriter(name);
      const present = all(statements.outside, ...segments)[0];
      if (present === undefined) run(statements.addOutside, ...segments, text(written));
      else if (!sameJson(jsonOf(present[0]), written)) throw conflictingWrite(name, 'outside');
    });
  }

  find(name: Name): StoredEntry | undefined {
    return this.#read((statements) => {
      const segments = name.map(storedSegment);
      const row = all(statements.outside, ...segments)[0];
      const value = row === undefined ? publishedValue(statements, name) : jsonOf(row[0]);
      if (value !== undefined) return { value };
      const [space, stack, resource] = segments as [string, string, string];
      const writer = all(statements.resourceByName, space, stack, resource)[0];
      if (writer === undefined) return undefined;
      const failure = whyNeverWritten({ name: name[1], ...stateOf(writer[0]) }, resourceOf(writer[1]));
      return failure === undefined ? undefined : { failure };
    });
  }

  readersOf(
    space: string,
    stack: string,
  ): readonly { readonly space: string; readonly stack: string; readonly names: readonly Name[] }[] {
    const rows = this.#read((statements) => all(statements.readersOf, storedSegment(space), storedSegment(stack)));
    const readers: { readonly space: string; readonly stack: string; readonly names: Name[] }[] = [];
    for (const [readerSpace, readerStack, resource, attribute] of rows.map((row) => row.map(segmentOf) as string[])) {
      let reader = readers.at(-1);
      if (reader?.space !== readerSpace || reader?.stack !== readerStack) {
        reader = { space: readerSpace as string, stack: readerStack as string, names: [] };
        readers.push(reader);
      }
      reader?.names.push([space, stack, resource as string, attribute as string]);
    }
    return readers;
  }

  reads(stackId: string): readonly StoredRead[] {
    return this.#read((statements) =>
      all(statements.reads, stackId).map(([space, stack, resource, attribute, value]) => ({
        name: [segmentOf(space), segmentOf(stack), segmentOf(resource), segmentOf(attribute)],
        value: jsonOf(value),
      })),
    );
  }

  /** Counts this object's own writes too: several engines may share it. */
  revision(): number {
    // It tells of the commits of all other connections, and of nothing else: https://sqlite.org/pragma.html#pragma_data_version
    const version = this.#read((statements) => Number(all(statements.dataVersion)[0]?.[0]));
    if (version !== this.#seenVersion) {
      this.#seenVersion = version;
      this.#revision += 1;
    }
    return this.#revision;
  }

  close(): void {
    if (this.#connection === undefined) return;
    const { database } = this.#connection;
    this.#connection = undefined;
    try {
      // Leaves one file behind where it can; another process that reads just now keeps the log alive.
      database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch {
      // The log is complete without it.
    }
    database.close();
  }

  #read<T>(body: (statements: Statements) => T): T {
    return guarded(this.#file, () => body(this.#opened().statements));
  }

  #write<T>(body: (statements: Statements) => T): T {
    return guarded(this.#file, () => {
      const { database, statements } = this.#opened();
      if (this.#obstacle !== undefined) throw cannotWrite(this.#file, this.#obstacle);
      const result = transaction(database, () => {
        // A newer release may have come to the file while this one had it open.
        checkSchema(this.#file, Number(all(statements.schema)[0]?.[0]));
        return body(statements);
      });
      this.#revision += 1;
      return result;
    });
  }

  #opened(): Connection {
    if (this.#connection !== undefined) return this.#connection;
    throw new StoreUnusable({
      what: `The store ${this.#file} has been closed.`,
      fix: 'Close a store after the engines that use it.',
    });
  }

  /** The key of the stack, as long as the claim was not lost, and when it was renewed. */
  #claimed(statements: Statements, claim: Claim): { readonly key: number; readonly renewedAt: number } {
    const row = all(statements.claim, claim.stackId)[0];
    if (row === undefined) throw claimWasLost(claim, undefined);
    const [key, name, fence, holder, renewedAt] = row;
    if (fence !== claim.fence || holder === null) {
      throw claimWasLost(claim, { stack: segmentOf(name), fence: Number(fence), holder: claimantOf(holder) });
    }
    return { key: Number(key), renewedAt: Number(renewedAt) };
  }

  /** Of a row of `claim`, the claimant whose claim holds. */
  #holderOf(row: Row | undefined): Claimant | undefined {
    const holder = claimantOf(row?.[3]);
    return holder !== undefined && isHeld(holder, Number(row?.[4]), this.#now()) ? holder : undefined;
  }

  #storeOperations(statements: Statements, key: number, claim: Claim, changes: readonly StoreChange[]): void {
    let log = this.#logs.get(claim.stackId);
    // Set again at the end: what was noted of a batch that is not stored, is forgotten.
    this.#logs.delete(claim.stackId);
    if (log?.fence !== claim.fence) {
      const last = all(statements.lastOperation, key)[0];
      log = new OperationLog(claim, last === undefined ? undefined : operationOf(last[0]));
    }
    for (const change of changes) log.note(change);
    for (const operation of log.takeChanged()) {
      run(statements.setOperation, key, operation.number, text(operation));
      run(statements.dropOperation, key, operation.number - MAX_OPERATIONS_PER_STACK);
    }
    this.#logs.set(claim.stackId, log);
  }

  #forget({ stackId, fence }: Claim): void {
    this.#undropped.delete(stackId);
    if (this.#logs.get(stackId)?.fence === fence) this.#logs.delete(stackId);
  }

  #dropOldEvents(statements: Statements, key: number, stackId: string): void {
    run(statements.dropEvents, key, MAX_EVENTS_PER_STACK);
    this.#undropped.set(stackId, 0);
  }
}

/** 'HOTL': marks a file as ours, in the field that SQLite's header has for that. */
const APPLICATION_ID = 0x48_4f_54_4c;
const NEWEST_SCHEMA = MIGRATIONS.length;

interface Connection {
  readonly database: Database.Database;
  readonly statements: Statements;
}

/** libsql aborts the process when it is to bind a boolean, so what is bound is narrowed by type. */
type Bound = string | number | null;
type Row = readonly Bound[];
type Statement = Database.Statement;
type Statements = ReturnType<typeof prepareAll>;

// --- opening ---

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

function checkSchema(path: string, schema: number): void {
  if (schema <= NEWEST_SCHEMA) return;
  throw new StoreUnusable({
    what: `${path} was written by a newer release of Hotloom.`,
    why: `It has schema ${schema}, and this release knows schemas up to ${NEWEST_SCHEMA}. The file was not changed.`,
    fix: 'Install the release that wrote it, or a newer one.',
  });
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
    return { database, statements: prepareAll(database) };
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
  return readable(path, busyTimeoutMs, (database) => {
    const schema = schemaOf(database);
    checkSchema(path, schema);
    if (schema < NEWEST_SCHEMA) throw cannotMigrate(path, schema, obstacle);
    return { database, statements: prepareAll(database) };
  });
}

/**
 * What `read` gives, with a connection that does not write, which stays open unless `read` closes it. SQLite reads its log by
 * an index that it keeps in a file beside it, and makes both where they are missing. Who may not do that reads the file
 * alone, as long as there is nothing in the log, and does not see then what others store from now on.
 */
function readable<T>(path: string, busyTimeoutMs: number, read: (database: Database.Database) => T): T {
  const tried = (location: string): T => {
    const database = new Database(location, { timeout: busyTimeoutMs });
    try {
      return read(database);
    } catch (error) {
      database.close();
      throw error;
    }
  };
  const location = pathToFileURL(path).href;
  const hasLog = (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;
  try {
    // Beside a file that is somebody else's nothing is left that he could not write.
    return tried(hasLog || mayWrite(path) ? `${location}?mode=ro` : `${location}?immutable=1`);
  } catch (error) {
    if (!isObstacle(error)) throw error;
    if (!hasLog) return tried(`${location}?immutable=1`);
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

// --- statements ---

const STACK_COLUMNS =
  's.id, s.space, s.name, s.state, s.outputs, t.document, t.files, t.parameters, t.environment, t.previous';

/** All statements of the store. That they can be prepared is also the proof that the schema is there. */
function prepareAll(database: Database.Database) {
  const prepare = (sql: string): Statement => database.prepare(sql);
  const query = (sql: string): Statement => database.prepare(sql).raw();
  return {
    dataVersion: query('PRAGMA data_version'),
    schema: query('PRAGMA user_version'),
    stackByName: query(
      `SELECT ${STACK_COLUMNS} FROM stacks s JOIN templates t ON t.stack = s.key WHERE s.space = ? AND s.name = ?`,
    ),
    allStacks: query(
      `SELECT ${STACK_COLUMNS} FROM stacks s JOIN templates t ON t.stack = s.key ORDER BY s.space, s.name`,
    ),
    addStack: prepare('INSERT INTO stacks (id, space, name, state, outputs) VALUES (?, ?, ?, ?, ?)'),
    addTemplate: prepare(
      'INSERT INTO templates (stack, document, files, parameters, environment, declared) VALUES (?, ?, ?, ?, ?, ?)',
    ),
    setTemplate: prepare(
      `UPDATE templates SET document = ?2, files = ?3, parameters = ?4, environment = ?5, declared = ?6, previous = ?7
       WHERE stack = ?1`,
    ),
    nameOfStack: query('SELECT space, name FROM stacks WHERE key = ?'),
    declared: query(
      'SELECT t.declared FROM templates t JOIN stacks s ON s.key = t.stack WHERE s.space = ? AND s.name = ?',
    ),
    addClaim: prepare('INSERT INTO claims (stack, fence, holder, renewed_at) VALUES (?, ?, ?, ?)'),
    claim: query(
      'SELECT s.key, s.name, c.fence, c.holder, c.renewed_at FROM stacks s JOIN claims c ON c.stack = s.key WHERE s.id = ?',
    ),
    setClaim: prepare('UPDATE claims SET fence = ?, holder = ?, renewed_at = ? WHERE stack = ?'),
    renew: prepare('UPDATE claims SET renewed_at = ? WHERE stack = ?'),
    release: prepare(
      'UPDATE claims SET holder = NULL WHERE stack = (SELECT key FROM stacks WHERE id = ?) AND fence = ?',
    ),
    resources: query(
      'SELECT r.record FROM resources r JOIN stacks s ON s.key = r.stack WHERE s.id = ? ORDER BY r.ordinal',
    ),
    resourceByName: query(
      `SELECT s.state, r.record FROM stacks s JOIN resources r ON r.stack = s.key
       WHERE s.space = ? AND s.name = ? AND r.name = ?`,
    ),
    published: query(
      'SELECT p.resource, p.attribute, p.value FROM published p JOIN stacks s ON s.key = p.stack WHERE s.id = ?',
    ),
    results: query(
      `SELECT r.name, r.result FROM resources r JOIN stacks s ON s.key = r.stack
       WHERE s.id = ? AND r.result IS NOT NULL ORDER BY r.ordinal`,
    ),
    resultByName: query(
      `SELECT r.result FROM stacks s JOIN resources r ON r.stack = s.key
       WHERE s.space = ? AND s.name = ? AND r.name = ? AND r.result IS NOT NULL`,
    ),
    publishedByName: query(
      `SELECT p.value FROM stacks s JOIN published p ON p.stack = s.key
       WHERE s.space = ? AND s.name = ? AND p.resource = ? AND p.attribute = ?`,
    ),
    outside: query('SELECT value FROM outside WHERE space = ? AND stack = ? AND resource = ? AND attribute = ?'),
    outsideOfStack: query('SELECT resource, attribute FROM outside WHERE space = ? AND stack = ?'),
    addOutside: prepare('INSERT INTO outside (space, stack, resource, attribute, value) VALUES (?, ?, ?, ?, ?)'),
    readersOf: query(
      `SELECT s.space, s.name, r.resource, r.attribute FROM reads r JOIN stacks s ON s.key = r.reader
       WHERE r.of_space = ?1 AND r.of_stack = ?2 AND NOT (s.space = ?1 AND s.name = ?2)
         AND NOT EXISTS (
           SELECT 1 FROM outside o
           WHERE o.space = ?1 AND o.stack = ?2 AND o.resource = r.resource AND o.attribute = r.attribute)
       ORDER BY s.space, s.name`,
    ),
    reads: query(
      `SELECT r.of_space, r.of_stack, r.resource, r.attribute, r.value FROM reads r JOIN stacks s ON s.key = r.reader
       WHERE s.id = ?`,
    ),
    removeReads: prepare('DELETE FROM reads WHERE reader = ?'),
    events: query(
      `SELECT s.space, s.name, e.sequence, e.count, e.events FROM stacks s JOIN events e ON e.stack = s.key
       WHERE s.id = ? AND e.sequence > ? ORDER BY e.sequence`,
    ),
    operations: query(
      'SELECT o.record FROM stacks s JOIN operations o ON o.stack = s.key WHERE s.id = ? ORDER BY o.number',
    ),
    lastOperation: query('SELECT record FROM operations WHERE stack = ? ORDER BY number DESC LIMIT 1'),
    setOperation: prepare(
      `INSERT INTO operations (stack, number, record) VALUES (?, ?, ?)
       ON CONFLICT (stack, number) DO UPDATE SET record = excluded.record`,
    ),
    dropOperation: prepare('DELETE FROM operations WHERE stack = ? AND number <= ?'),
    dropEvents: prepare(
      `DELETE FROM events WHERE stack = ?1 AND sequence < (
         SELECT min(sequence) FROM (
           SELECT sequence, sum(count) OVER (ORDER BY sequence DESC) - count AS newer FROM events WHERE stack = ?1)
         WHERE newer < ?2)`,
    ),
    setState: prepare(`UPDATE stacks SET state = json_patch(state, ?2) WHERE key = ?1`),
    setOutputs: prepare('UPDATE stacks SET outputs = ?2 WHERE key = ?1'),
    setResources: manyRows(
      prepare,
      'INSERT INTO resources (stack, name, record, result)',
      4,
      `ON CONFLICT (stack, name) DO UPDATE SET record = excluded.record, result = coalesce(excluded.result, result)`,
    ),
    setPublished: manyRows(
      prepare,
      'INSERT INTO published (stack, resource, attribute, value)',
      4,
      'ON CONFLICT (stack, resource, attribute) DO UPDATE SET value = excluded.value',
    ),
    setReads: manyRows(
      prepare,
      'INSERT INTO reads (reader, of_space, of_stack, resource, attribute, value)',
      6,
      'ON CONFLICT (reader, of_space, of_stack, resource, attribute) DO UPDATE SET value = excluded.value',
    ),
    addEvents: prepare(
      `INSERT INTO events (sequence, stack, count, events)
       VALUES (coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0) + ?2, ?1, ?2, ?3)`,
    ),
    snapshots: query(
      `SELECT n.id, n.state, n.document, n.files, n.parameters, n.environment
       FROM snapshots n JOIN stacks s ON s.key = n.stack WHERE s.id = ? ORDER BY n.key`,
    ),
    resourceSnapshots: query(
      `SELECT r.record, r.data FROM snapshot_resources r JOIN snapshots n ON n.key = r.snapshot
       WHERE n.id = ? ORDER BY r.ordinal`,
    ),
    addSnapshot: prepare(
      'INSERT INTO snapshots (stack, id, state, document, files, parameters, environment) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ),
    setSnapshotState: prepare('UPDATE snapshots SET state = json_patch(state, ?3) WHERE stack = ?1 AND id = ?2'),
    setResourceSnapshot: prepare(
      `INSERT INTO snapshot_resources (snapshot, name, record, data)
       SELECT key, ?3, ?4, ?5 FROM snapshots WHERE stack = ?1 AND id = ?2
       ON CONFLICT (snapshot, name) DO UPDATE SET record = excluded.record, data = excluded.data`,
    ),
    removeSnapshot: [
      prepare(
        'DELETE FROM snapshot_resources WHERE snapshot = (SELECT key FROM snapshots WHERE stack = ?1 AND id = ?2)',
      ),
      prepare('DELETE FROM snapshots WHERE stack = ?1 AND id = ?2'),
    ],
    removeResource: prepare('DELETE FROM resources WHERE stack = ? AND name = ?'),
    removePublished: prepare('DELETE FROM published WHERE stack = ? AND resource = ?'),
    removeStack: [
      prepare('DELETE FROM operations WHERE stack = ?'),
      prepare('DELETE FROM events WHERE stack = ?'),
      prepare('DELETE FROM reads WHERE reader = ?'),
      prepare('DELETE FROM snapshot_resources WHERE snapshot IN (SELECT key FROM snapshots WHERE stack = ?)'),
      prepare('DELETE FROM snapshots WHERE stack = ?'),
      prepare('DELETE FROM published WHERE stack = ?'),
      prepare('DELETE FROM resources WHERE stack = ?'),
      prepare('DELETE FROM claims WHERE stack = ?'),
      prepare('DELETE FROM templates WHERE stack = ?'),
      prepare('DELETE FROM stacks WHERE key = ?'),
    ],
  };
}

/** Statements that store many rows at once, by falling number of rows. */
interface ManyRows {
  readonly columns: number;
  readonly statements: readonly { readonly rows: number; readonly statement: Statement }[];
}

/**
 * A call into SQLite costs more than the row that it stores: of a batch of 1,000 records, 100 rows a call take two thirds of
 * the time of one row a call, and as little of that of one JSON text that SQLite takes apart.
 */
function manyRows(prepare: (sql: string) => Statement, insert: string, columns: number, onConflict: string): ManyRows {
  const row = `(${Array(columns).fill('?').join(', ')})`;
  const statements = [100, 10, 1].map((rows) => ({
    rows,
    statement: prepare(`${insert} VALUES ${Array(rows).fill(row).join(', ')} ${onConflict}`),
  }));
  return { columns, statements };
}

/** Stores rows whose columns stand one after the other in `values`, and empties that. */
function storeRows({ columns, statements }: ManyRows, values: Bound[]): void {
  let at = 0;
  for (const { rows, statement } of statements) {
    for (; values.length - at >= rows * columns; at += rows * columns) {
      statement.run(values.slice(at, at + rows * columns));
    }
  }
  values.length = 0;
}

/** Stores a batch within a transaction; returns how many of the changes are events. */
function store(statements: Statements, key: number, changes: readonly StoreChange[]): number {
  const resources: Bound[] = [];
  const published: Bound[] = [];
  const reads: Bound[] = [];
  const events: TextEvent[] = [];
  const storeResources = (): void => {
    storeRows(statements.setResources, resources);
    storeRows(statements.setPublished, published);
  };
  for (const each of changes) {
    const change = checkChange(each);
    switch (change.kind) {
      case 'stack': {
        const { action, status, reason, time } = change;
        run(statements.setState, key, text({ action, status, reason, updatedAt: time }));
        break;
      }
      case 'definition': {
        const { definition, previous, declared, rollback, tags, restoring = null } = change;
        const [space, name] = (all(statements.nameOfStack, key)[0] as Row).map(segmentOf) as [string, string];
        refuseWrittenOutside(statements, [space, name], declared);
        const before = previous === undefined ? null : text(previousOf(previous));
        run(statements.setTemplate, key, ...definitionColumns(definition, declared), before);
        run(statements.setState, key, text({ rollback, tags, restoring }));
        break;
      }
      case 'outputs':
        run(statements.setOutputs, key, text(change.outputs));
        break;
      case 'resource': {
        const { record, values, isEvent } = change;
        resources.push(key, storedSegment(record.name), text(record), values === undefined ? null : text(values));
        if (isEvent === true) events.push(textEvent(record));
        break;
      }
      case 'resourceGone': {
        // Order matters between a resource's records and its end, and nowhere else.
        storeResources();
        const resource = storedSegment(change.resource);
        run(statements.removeResource, key, resource);
        run(statements.removePublished, key, resource);
        break;
      }
      case 'snapshot': {
        const { id, definition, ...state } = change.snapshot;
        const { template, files, parameters, environment } = definition;
        run(statements.addSnapshot, key, id, text(state), ...[template, files, parameters, environment].map(text));
        break;
      }
      case 'snapshotState': {
        const { id, action, status, reason } = change;
        run(statements.setSnapshotState, key, id, text({ action, status, reason }));
        break;
      }
      case 'resourceSnapshot': {
        const { record, data } = change.resource;
        const kept = data === undefined ? null : text(data);
        run(statements.setResourceSnapshot, key, change.id, storedSegment(record.name), text(record), kept);
        break;
      }
      case 'snapshotGone':
        for (const statement of statements.removeSnapshot) run(statement, key, change.id);
        break;
      case 'hook': {
        const { resource, hook, state } = change;
        run(statements.setState, key, text({ hooks: { [resource]: { [hook]: state ?? null } } }));
        break;
      }
      case 'hooksGone':
        run(statements.setState, key, text({ hooks: null }));
        break;
      case 'value':
        published.push(key, storedSegment(change.resource), storedSegment(change.attribute), text(change.value));
        break;
      case 'read':
        reads.push(key, ...change.name.map(storedSegment), text(change.value));
        break;
      case 'reads':
        reads.length = 0;
        run(statements.removeReads, key);
        for (const { name, value } of change.reads) reads.push(key, ...name.map(storedSegment), text(value));
        break;
      case 'event':
        events.push(change.event);
        break;
      default:
        change satisfies never;
    }
  }
  storeResources();
  storeRows(statements.setReads, reads);
  if (events.length > 0) run(statements.addEvents, key, events.length, text(events));
  return events.length;
}

/** Throws ConflictingWrite when somebody outside has written one of the names that the stack is to write. */
function refuseWrittenOutside(
  statements: Statements,
  [space, stack]: readonly [space: string, stack: string],
  declared: DeclaredNames,
): void {
  for (const [resource, attribute] of all(statements.outsideOfStack, storedSegment(space), storedSegment(stack))) {
    const written: Name = [space, stack, segmentOf(resource), segmentOf(attribute)];
    if (declared.get(written[2])?.includes(written[3]) === true) throw writtenOutside(written);
  }
}

function definitionOf({ template, files, parameters, environment }: StackDefinition): StackDefinition {
  return { template, files, parameters, environment };
}

function previousOf(previous: PreviousDefinition): PreviousDefinition {
  const { namesBefore } = previous;
  return { ...definitionOf(previous), ...(namesBefore === undefined ? {} : { namesBefore }) };
}

function definitionColumns(definition: StackDefinition, declared: DeclaredNames): readonly string[] {
  const { template, files, parameters, environment } = definition;
  const names = Object.fromEntries([...declared.keys()].map((resource) => [resource, declared.get(resource)]));
  return [template, files, parameters, environment, names].map(text);
}

/** An event as a row has it: whole, or of a resource's event what differs between those of one stack. */
type TextEvent =
  | StackEvent
  | ResourceEvent
  | readonly [number, string, string, string | null, ResourceRecord['action'], ResourceRecord['status'], string];

function textEvent(record: ResourceRecord): TextEvent {
  const { updatedAt, name, replacedName, type, resourceId, action, status, reason } = record;
  return [updatedAt, replacedName ?? name, type, resourceId ?? null, action, status, reason];
}

function eventOf(event: TextEvent, { space, stack }: { readonly space: string; readonly stack: string }) {
  if (!('length' in event)) return event.type === 'resource' ? { ...event, resourceId: event.resourceId } : event;
  const [updatedAt, name, type, resourceId, action, status, reason] = event;
  return resourceEventOf(
    { updatedAt, name, type, resourceId: resourceId ?? undefined, action, status, reason },
    { space, stack },
  );
}

/** What a stack has published under the name. */
function publishedValue(statements: Statements, name: Name): Json | undefined {
  const segments = name.map(storedSegment) as [string, string, string, string];
  const row = all(statements.publishedByName, ...segments)[0];
  if (row !== undefined) return jsonOf(row[0]);
  const [space, stack, resource] = segments;
  const result = all(statements.resultByName, space, stack, resource)[0];
  if (result === undefined) return undefined;
  const values = jsonOf(result[0]) as JsonObject;
  return Object.hasOwn(values, name[3]) ? values[name[3]] : undefined;
}

function run(statement: Statement, ...values: Bound[]): Database.RunResult {
  return statement.run(values);
}

/** The rows as arrays; the statement must be one of `query`. Never `get`: after an `all` it answers with an old row. */
function all(statement: Statement, ...values: Bound[]): readonly Row[] {
  return statement.all(values) as Row[];
}

function transaction<T>(database: Database.Database, body: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = body();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    try {
      database.exec('ROLLBACK');
    } catch {
      // After some errors, a full disk for one, SQLite has rolled back itself.
    }
    throw error;
  }
}

// --- rows to records ---

/**
 * A segment of a name as a column has it: itself, or with `\` escapes as in a JSON text where it has characters that
 * SQLite's text cannot carry (NUL, half a surrogate pair) or that begin an escape.
 */
function storedSegment(segment: string): string {
  return /[\\"\u0000-\u001f\ud800-\udfff]/.test(segment) ? JSON.stringify(segment).slice(1, -1) : segment;
}

function segmentOf(column: Bound | undefined): string {
  const stored = String(column);
  return stored.includes('\\') ? JSON.parse(`"${stored}"`) : stored;
}

function text(value: unknown): string {
  return JSON.stringify(value);
}

function jsonOf(column: Bound | undefined): Json {
  return JSON.parse(column as string);
}

/** Whether the stack of the row declares the name. */
function declaredBy(row: Row | undefined, [, , resource, attribute]: Name): boolean {
  if (row === undefined) return false;
  const declared = new Map<string, readonly string[]>(Object.entries(JSON.parse(row[0] as string)));
  return declared.get(resource)?.includes(attribute) === true;
}

/** The documents are parsed when they are asked for: a list of stacks needs none of them. */
function stackOf([
  id,
  space,
  name,
  state,
  outputs,
  document,
  files,
  parameters,
  environment,
  previous,
]: Row): StackRecord {
  let parsedDocument: StackRecord['template'] | undefined;
  let parsedFiles: StackRecord['files'] | undefined;
  return {
    ...(previous === null ? {} : { previous: jsonOf(previous) as unknown as PreviousDefinition }),
    id: id as string,
    space: segmentOf(space),
    name: segmentOf(name),
    ...stateOf(state),
    parameters: jsonOf(parameters) as StackRecord['parameters'],
    environment: jsonOf(environment) as StackRecord['environment'],
    outputs: outputsOf(outputs),
    get template() {
      parsedDocument ??= jsonOf(document) as StackRecord['template'];
      return parsedDocument;
    },
    get files() {
      parsedFiles ??= jsonOf(files) as StackRecord['files'];
      return parsedFiles;
    },
  };
}

function snapshotOf([id, state, document, files, parameters, environment]: Row): SnapshotRecord {
  return {
    ...(JSON.parse(state as string) as Omit<SnapshotRecord, 'id' | 'definition'>),
    id: id as string,
    definition: {
      template: jsonOf(document) as StackDefinition['template'],
      files: jsonOf(files) as StackDefinition['files'],
      parameters: jsonOf(parameters) as StackDefinition['parameters'],
      environment: jsonOf(environment) as StackDefinition['environment'],
    },
  };
}

type StackState = Pick<
  StackRecord,
  'action' | 'status' | 'reason' | 'createdAt' | 'updatedAt' | 'tags' | 'rollback' | 'restoring'
>;

function stateOf(column: Bound | undefined): StackState {
  return JSON.parse(column as string);
}

/** JSON leaves out what is undefined; the records say so. */
function outputsOf(column: Bound | undefined): StackRecord['outputs'] {
  const outputs = JSON.parse(column as string) as StackRecord['outputs'];
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { description, value, error }]) => [name, { description, value, error }]),
  );
}

function resourceOf(column: Bound | undefined): ResourceRecord {
  return { resourceId: undefined, ...JSON.parse(column as string) };
}

function operationOf(column: Bound | undefined): OperationRecord {
  const { reason, startedAt, endedAt, ...others } = JSON.parse(column as string) as OperationRecord;
  return { ...others, reason, startedAt, endedAt };
}

function claimantOf(column: Bound | undefined): Claimant | undefined {
  return column === null || column === undefined ? undefined : JSON.parse(column as string);
}

// --- errors ---

/** Runs `body`; what SQLite throws becomes a StoreUnusable. */
function guarded<T>(path: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw isHotloomError(error) ? error : storeUnusable(path, error);
  }
}

function storeUnusable(path: string, cause: unknown): StoreUnusable | StoreBusy | InternalError {
  const code = sqliteCode(cause);
  const message = messageOf(cause);
  // Opening is the one thing for which libsql has no code.
  if (message.startsWith('ConnectionFailed')) return cannotOpen(path, cause);
  if (code === '' || code.startsWith('SQLITE_CONSTRAINT')) {
    return new InternalError(`The store ${path} failed: ${message}`, cause);
  }
  const [, what, fix] = SQLITE_ERRORS.find(([prefix]) => code.startsWith(prefix)) ?? [
    '',
    'cannot be used',
    'Look at the disk and at the file. If it is damaged, restore it from a backup.',
  ];
  const fields = { what: `The store ${path} ${what}.`, why: `SQLite says: ${message} (${code}).`, fix, cause };
  return code.startsWith('SQLITE_BUSY') ? new StoreBusy(fields) : new StoreUnusable(fields);
}

/** Empty for what SQLite has not thrown. */
function sqliteCode(error: unknown): string {
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
    'is damaged: its tables are not those of its schema',
    'Restore the file from a backup; nothing more is written to it.',
  ],
  ['SQLITE_READONLY', 'cannot be written', 'Give this user the right to write the file and its directory.'],
  [
    'SQLITE_FULL',
    'cannot grow: the disk is full',
    'Free space on the disk, then resume the stack whose action this has stopped. Until then the store can be read.',
  ],
  ['SQLITE_CANTOPEN', 'cannot be opened', 'Look at the rights of the file and its directory.'],
];

function cannotOpen(path: string, cause: unknown): StoreUnusable {
  return new StoreUnusable({
    what: `The store ${path} cannot be opened.`,
    why: `The system says: ${messageOf(cause)}.`,
    fix: 'Name a file that this user may read and write, in a directory that it may write.',
    cause,
  });
}

function cannotWrite(path: string, obstacle: unknown): StoreUnusable {
  return new StoreUnusable({
    what: `The store ${path} cannot be written.`,
    why: `It could only be opened to be read: ${reasonOf(obstacle)}.`,
    fix: 'Give this user the right to write the file and its directory, on a disk that has space, and open the store again.',
    cause: obstacle,
  });
}

function cannotReadLog(path: string, obstacle: unknown): StoreUnusable {
  return new StoreUnusable({
    what: `The store ${path} cannot be read here: its last changes stand in its log.`,
    why: `The index of the log is missing, and cannot be made beside it: ${reasonOf(obstacle)}.`,
    fix: `Free space on the disk, or copy the file and '${path}-wal' to where this user may write, and read them there.`,
    cause: obstacle,
  });
}

function cannotMigrate(path: string, schema: number, obstacle: unknown): StoreUnusable {
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
function isObstacle(error: unknown): boolean {
  if (isHotloomError(error)) return false;
  const { code } = error as { readonly code?: unknown };
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return true;
  const codes = ['SQLITE_READONLY', 'SQLITE_CANTOPEN', 'SQLITE_FULL', 'SQLITE_IOERR'];
  return (
    codes.some((prefix) => sqliteCode(error).startsWith(prefix)) || messageOf(error).startsWith('ConnectionFailed')
  );
}
