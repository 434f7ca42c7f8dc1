import { resolve } from 'node:path';
import { StoreUnusable } from '../errors.ts';
import { type DeclaredNames, type Name, nameKey } from '../names.ts';
import { conflictingWrite, notTheWriter } from '../refusals.ts';
import { asJson, type Json, type JsonObject, sameJson } from '../values.ts';
import { claimWasLost, isHeld, monotonicNow, stackIsBusy } from './claim.ts';
import { MAX_OPERATIONS_PER_STACK, OperationLog } from './operation-log.ts';
import { publishedValue, refuseWrittenOutside, storeChanges } from './sqlite/changes.ts';
import { isDamage, refuseBrokenTexts, refuseDamaged } from './sqlite/damage.ts';
import { all, type Row, run, transaction } from './sqlite/database.ts';
import { cannotWrite, guarded } from './sqlite/errors.ts';
import { type Connection, checkSchema, openFile, type SqliteStoreOptions, stampOf } from './sqlite/file.ts';
import {
  claimantOf,
  declaredBy,
  definitionColumns,
  eventOf,
  jsonOf,
  operationOf,
  resourceOf,
  segmentOf,
  snapshotOf,
  stackOf,
  stateOf,
  storedSegment,
  type TextEvent,
  text,
} from './sqlite/rows.ts';
import type { Statements } from './sqlite/statements.ts';
import type {
  Claim,
  Claimant,
  OperationRecord,
  ResourceRecord,
  ResourceSnapshot,
  SnapshotRecord,
  StackRecord,
  StackStore,
  StoreChange,
  StoredEntry,
  StoredEvent,
  StoredRead,
} from './stack-store.ts';
import { MAX_EVENTS_PER_STACK, noSuchStack, stackExists, whyNeverWritten } from './stored-stack.ts';

export type { SqliteStoreOptions } from './sqlite/file.ts';

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
  readonly #options: SqliteStoreOptions;
  /** Undefined once the store is closed: libsql frees a connection when nothing refers to its statements any more. */
  #connection: Connection | undefined;
  readonly #now: () => number;
  /** Of the stacks that are claimed through this object, by id. */
  readonly #logs = new Map<string, OperationLog>();
  /** How many events were stored since a stack's old ones were last dropped, by the stack's id; while it is claimed. */
  readonly #undropped = new Map<string, number>();
  #revision = 0;
  #seenVersion = 0;
  /** Whether the file was looked at, which is done before the first write. */
  #isChecked = false;
  /** Whether its texts were looked at, which is done before the first read. */
  #areTextsChecked = false;
  /** The error that told that the file is damaged. */
  #damage: unknown;

  private constructor(file: string, options: SqliteStoreOptions) {
    this.#file = file;
    this.#options = options;
    this.#connection = openFile(file, options);
    this.#now = options.now ?? monotonicNow;
  }

  /**
   * Opens the store in `file`, which is created with its directory when there is none, readable by its owner only. A
   * store of an older release is brought up to date. One that this user may only read, or that lies on a disk that is full or
   * mounted to be read, is opened all the same; what would write it throws StoreUnusable as long as that is so. Throws
   * StoreUnusable, leaving the file as it is, when it is no store, is damaged, was written by a newer release, or cannot be
   * read, and StoreBusy.
   */
  static open(file: string, options: SqliteStoreOptions = {}): SqliteStore {
    return new SqliteStore(resolve(file), options);
  }

  createStack(record: StackRecord, claimant: Claimant, declared: DeclaredNames = new Map()): Claim {
    return this.#write((statements) => {
      const { id, space, name, action, status, reason, createdAt, updatedAt, tags, rollback, moved } = record;
      const at = [storedSegment(space), storedSegment(name)];
      if (all(statements.stackByName, ...at).length > 0) throw stackExists(space, name);
      refuseWrittenOutside(statements, [space, name], declared);
      const state = { action, status, reason, createdAt, updatedAt, tags, rollback, moved };
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
      const events = storeChanges(statements, key, changes);
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
      // Leaves one file behind where it can, and waits for nobody: another process that reads or writes just now keeps the log.
      database.exec('PRAGMA busy_timeout = 0');
      database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch {
      // The log is complete without it.
    }
    database.close();
  }

  #read<T>(body: (statements: Statements) => T): T {
    return this.#heedingDamage(() => body(this.#opened().statements));
  }

  #write<T>(body: (statements: Statements) => T): T {
    if (this.#damage !== undefined) throw this.#damage;
    return this.#heedingDamage(() => {
      const { database, statements } = this.#writable();
      if (!this.#isChecked) refuseDamaged(this.#file, database);
      this.#isChecked = true;
      const result = transaction(database, () => {
        // A newer release may have come to the file while this one had it open.
        checkSchema(this.#file, Number(all(statements.schema)[0]?.[0]));
        return body(statements);
      });
      this.#revision += 1;
      return result;
    });
  }

  /** What is damaged is written to no more, though another part of it is whole. */
  #heedingDamage<T>(body: () => T): T {
    try {
      return guarded(this.#file, body);
    } catch (error) {
      if (isDamage(error)) this.#damage = error;
      throw error;
    }
  }

  #writable(): Connection {
    const connection = this.#opened();
    if (connection.obstacle === undefined) return connection;
    // What was in the way may have gone.
    const again = this.#openAgain(connection);
    if (again.obstacle !== undefined) throw cannotWrite(this.#file, again.obstacle);
    return again;
  }

  #opened(): Connection {
    const connection = this.#connection;
    if (connection === undefined) {
      throw new StoreUnusable({
        what: `The store ${this.#file} has been closed.`,
        fix: 'Close a store after the engines that use it.',
      });
    }
    const { stamp } = connection;
    const current = stamp === undefined || stamp === stampOf(this.#file) ? connection : this.#openAgain(connection);
    if (!this.#areTextsChecked) refuseBrokenTexts(this.#file, current.database);
    this.#areTextsChecked = true;
    return current;
  }

  #openAgain({ database }: Connection): Connection {
    const connection = openFile(this.#file, this.#options);
    this.#connection = connection;
    this.#revision += 1;
    database.close();
    return connection;
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
