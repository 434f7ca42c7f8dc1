import { hostname } from 'node:os';
import { join } from 'node:path';
import { MemoryStore, SqliteStore } from 'hotloom';
import Database from 'libsql';
import { inDirectory } from './in-directory.mjs';
import { timed } from './timed.mjs';

/**
 * What it costs to store one step of one resource in a stack of `n`: it must not depend on `n`. The peer replaces one row of
 * `n` by the same record, in a transaction of its own, with the same binding and the same pragmas.
 */
export const subjects = {
  'direct write': (n) => inDirectory((directory) => writeDirectly(join(directory, 'direct.db'), n)),
  'one change, SQLite': (n) =>
    inDirectory(async (directory) => {
      const store = SqliteStore.open(join(directory, 'store.db'));
      const result = await appendTo(store, n);
      store.close();
      return result;
    }),
  'one change, in memory': (n) => appendTo(new MemoryStore(), n),
};

export const peer = 'direct write';

export const sizes = [100, 10_000];

const STEPS = 10_000;

async function appendTo(store, n) {
  const claim = store.createStack(stack, claimant);
  store.append(claim, [
    { kind: 'stack', action: 'CREATE', status: 'IN_PROGRESS', reason: '', time: 1 },
    ...Array.from({ length: n }, (_, index) => ({ kind: 'resource', record: recordOf(index, n), isEvent: true })),
  ]);
  return perStep(n, (index) => {
    store.append(claim, [{ kind: 'resource', record: recordOf(index, n), values: VALUES, isEvent: true }]);
  });
}

async function writeDirectly(file, n) {
  const database = new Database(file);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
  database.exec('CREATE TABLE resources (name TEXT PRIMARY KEY, record TEXT NOT NULL, result TEXT) STRICT');
  const upsert = database.prepare('INSERT OR REPLACE INTO resources (name, record, result) VALUES (?, ?, ?)');
  const write = (index) => {
    const record = recordOf(index, n);
    upsert.run([record.name, JSON.stringify(record), JSON.stringify(VALUES)]);
  };
  database.exec('BEGIN');
  for (let index = 0; index < n; index += 1) write(index);
  database.exec('COMMIT');
  const result = await perStep(n, (index) => {
    database.exec('BEGIN');
    write(index);
    database.exec('COMMIT');
  });
  database.close();
  return result;
}

/** Told as if there had been `n` steps: a figure is divided by the size. */
async function perStep(n, step) {
  const { ms, bytes } = await timed(() => {
    // All over the stack, and not always the row of before.
    for (let index = 0; index < STEPS; index += 1) step((index * 7919) % n);
  });
  return { ms: (ms * n) / STEPS, bytes };
}

const VALUES = { value: 'x'.repeat(200) };

function recordOf(index, n) {
  return {
    name: `r${index}`,
    type: 'Bench::NoOp',
    physicalName: `bench-r${index}-0123456789ab`,
    resourceId: `id-${n}-${index}`,
    action: 'CREATE',
    status: 'COMPLETE',
    reason: 'state changed',
    token: '00000000-0000-4000-8000-000000000000',
    data: {},
    requires: [],
    deletionPolicy: 'Delete',
    updatedAt: 1_700_000_000_000,
  };
}

const claimant = {
  engineId: 'bench',
  host: hostname(),
  pid: process.pid,
  processStart: 'now',
  actor: 'bench',
  leaseMs: 30_000,
};

const stack = {
  id: 'bench',
  space: 'default',
  name: 'bench',
  action: 'CREATE',
  status: 'IN_PROGRESS',
  reason: '',
  createdAt: 1,
  updatedAt: 1,
  template: {},
  files: {},
  parameters: {},
  environment: {},
  rollback: false,
  outputs: {},
};
