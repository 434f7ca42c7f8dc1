import type Database from 'libsql';
import type { Bound, Statement } from './database.ts';

export type Statements = ReturnType<typeof prepareAll>;

const STACK_COLUMNS =
  's.id, s.space, s.name, s.state, s.outputs, t.document, t.files, t.parameters, t.environment, t.previous';

/** All statements of the store. That they can be prepared is also the proof that the schema is there. */
export function prepareAll(database: Database.Database) {
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
      `UPDATE templates SET document = ?2, files = ?3, parameters = ?4, environment = ?5, declared = coalesce(?6, declared), previous = ?7
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
export function storeRows({ columns, statements }: ManyRows, values: Bound[]): void {
  let at = 0;
  for (const { rows, statement } of statements) {
    for (; values.length - at >= rows * columns; at += rows * columns) {
      statement.run(values.slice(at, at + rows * columns));
    }
  }
  values.length = 0;
}
