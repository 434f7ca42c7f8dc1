import type Database from 'libsql';

/** libsql aborts the process when it is to bind a boolean, so what is bound is narrowed by type. */
export type Bound = string | number | null;
export type Row = readonly Bound[];

/** As much of libsql's as is used here. */
export interface Statement {
  run(values: readonly Bound[]): Database.RunResult;
  all(values: readonly Bound[]): unknown[];
}

export function run(statement: Statement, ...values: Bound[]): Database.RunResult {
  return statement.run(values);
}

/** The rows as arrays; the statement must be one of `query`. Never `get`: after an `all` it answers with an old row. */
export function all(statement: Statement, ...values: Bound[]): readonly Row[] {
  return statement.all(values) as Row[];
}

export function transaction<T>(database: Database.Database, body: () => T): T {
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
