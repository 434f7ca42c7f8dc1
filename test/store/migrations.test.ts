import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import Database from 'libsql';
import type { HotloomError } from '../../src/errors.ts';
import { processStart } from '../../src/process-identity.ts';
import { MIGRATIONS } from '../../src/store/migrations/migrations.ts';
import { SqliteStore } from '../../src/store/sqlite-store.ts';
import type { Claimant } from '../../src/store/stack-store.ts';

let directory: string;
let file: string;
const opened: { close(): void }[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'hotloom-'));
  file = join(directory, 'stacks.db');
});

afterEach(() => {
  for (const each of opened.splice(0)) each.close();
  rmSync(directory, { recursive: true });
});

const json = (value: unknown): string => `'${JSON.stringify(value).replaceAll("'", "''")}'`;

const RECORD = {
  name: 'web',
  type: 'T',
  physicalName: 'app-web-1',
  resourceId: 'id-1',
  action: 'CREATE',
  status: 'COMPLETE',
  reason: 'state changed',
  token: 'token',
  data: { pid: 1 },
  requires: [],
  deletionPolicy: 'Delete',
  updatedAt: 3,
} as const;

const STATE = { action: 'CREATE', status: 'COMPLETE', reason: 'done', createdAt: 1, updatedAt: 2, rollback: true };

/** What a store had of one stack by each schema: the rows that it could have for the first time. At index i those of i + 1. */
const ROWS: readonly string[] = [
  `INSERT INTO stacks (key, id, space, name, state, outputs) VALUES (1, 'id', 'default', 'app', ${json(STATE)},
     ${json({ url: { value: 'u' } })});
   INSERT INTO templates (stack, document, files, parameters, environment, previous, declared)
     VALUES (1, ${json({ heat_template_version: '2021-04-16' })}, '{}', ${json({ size: 1 })}, '{}', NULL,
       ${json({ web: ['address', 'late'] })});
   INSERT INTO claims (stack, fence, holder) VALUES (1, 7,
     ${json({ engineId: 'e', host: hostname(), pid: process.pid, processStart: processStart(process.pid) })});
   INSERT INTO resources (stack, name, record, result) VALUES (1, 'web', ${json(RECORD)}, ${json({ address: 'a' })});
   INSERT INTO published (stack, resource, attribute, value) VALUES (1, 'web', 'late', '2');
   INSERT INTO outside (space, stack, resource, attribute, value) VALUES ('default', 'ops', 'gate', 'open', 'true');
   INSERT INTO reads (reader, of_space, of_stack, resource, attribute, value) VALUES (1, 'default', 'db', 'main', 'url', '1');
   INSERT INTO events (sequence, stack, count, events) VALUES (2, 1, 2,
     ${json([
       { type: 'stack', time: 1, space: 'default', stack: 'app', action: 'CREATE', status: 'IN_PROGRESS', reason: '' },
       [3, 'web', 'T', 'id-1', 'CREATE', 'COMPLETE', 'state changed'],
     ])});`,
];

/** A file as the release with the schema left it. */
function makeStore(schema: number): void {
  const database = new Database(file);
  database.exec('PRAGMA journal_mode = WAL');
  for (const migration of MIGRATIONS.slice(0, schema)) database.exec(migration);
  for (const rows of ROWS.slice(0, schema)) database.exec(rows);
  database.exec(`PRAGMA application_id = ${0x48_4f_54_4c}`);
  database.exec(`PRAGMA user_version = ${schema}`);
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  database.close();
}

const ME: Claimant = {
  engineId: 'me',
  host: hostname(),
  pid: process.pid,
  processStart: processStart(process.pid) ?? 'unknown',
  actor: 'ann@here',
  leaseMs: 30_000,
};

function open(): SqliteStore {
  const store = SqliteStore.open(file);
  opened.push(store);
  return store;
}

/** The tables with their columns, and the indexes. */
function schemaOf(path: string): unknown {
  const database = new Database(path);
  const rows = (sql: string) => database.prepare(sql).raw().all([]) as string[][];
  const objects = rows("SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name");
  const schema = objects.map(([type, name]) => [
    type,
    name,
    type === 'table' ? rows(`PRAGMA table_info(${name})`) : rows(`PRAGMA index_info(${name})`),
  ]);
  const version = rows('PRAGMA user_version');
  database.close();
  return { schema, version };
}

const EARLIER = MIGRATIONS.slice(1).map((_, index) => index + 1);

describe.each(EARLIER)('a store of schema %i', (schema) => {
  test('is brought up to date, and nothing of it is lost', () => {
    makeStore(schema);
    const store = open();
    expect(store.listStacks().map((stack) => ({ ...stack }))).toEqual([
      {
        id: 'id',
        space: 'default',
        name: 'app',
        ...STATE,
        template: { heat_template_version: '2021-04-16' },
        files: {},
        parameters: { size: 1 },
        environment: {},
        outputs: { url: { description: undefined, value: 'u', error: undefined } },
      },
    ]);
    expect(store.resources('id')).toEqual([RECORD]);
    expect(store.find(['default', 'app', 'web', 'address'])).toEqual({ value: 'a' });
    expect(store.find(['default', 'app', 'web', 'late'])).toEqual({ value: 2 });
    expect(store.find(['default', 'ops', 'gate', 'open'])).toEqual({ value: true });
    expect(store.readersOf('default', 'db').map(({ stack }) => stack)).toEqual(['app']);
    expect(store.events('id').map(({ sequence, event }) => [sequence, event.type])).toEqual([
      [1, 'stack'],
      [2, 'resource'],
    ]);
    expect(() => store.writeOutside(['default', 'app', 'web', 'address'], 1)).toThrow('cannot be written');
    // Its claim is from before there were leases, or it has been renewed by another clock.
    const claim = store.claim('id', ME);
    expect(claim.fence).toBe(8);
    store.append(claim, [
      { kind: 'stack', action: 'UPDATE', status: 'IN_PROGRESS', reason: '', time: 4 },
      { kind: 'value', resource: 'web', attribute: 'late', value: 3 },
    ]);
    expect(store.history('id').map(({ number, action }) => [number, action])).toEqual([[1, 'UPDATE']]);
    store.removeStack(claim);
    expect(store.listStacks()).toEqual([]);
  });

  test('has the schema of a new one then', () => {
    makeStore(schema);
    open();
    const old = schemaOf(file);
    file = join(directory, 'new.db');
    open();
    expect(old).toEqual(schemaOf(file));
  });

  test('is brought up to date once by many processes that open it at the same time', async () => {
    makeStore(schema);
    expect(await openAtOnce(4)).toEqual(Array(4).fill(['app COMPLETE']));
    expect(open().resources('id')).toEqual([RECORD]);
  });
});

test('a new store is made once by many processes that open it at the same time', async () => {
  expect(await openAtOnce(4)).toEqual(Array(4).fill([]));
});

test('a store that a newer release has brought further while it was open is written no more, and can be read', () => {
  makeStore(MIGRATIONS.length);
  const store = open();
  const database = new Database(file);
  opened.push(database);
  database.exec(`PRAGMA user_version = ${MIGRATIONS.length + 1}`);
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  const before = readFileSync(file);
  let refusal: HotloomError | undefined;
  try {
    store.writeOutside(['default', 'ops', 'gate', 'shut'], 1);
  } catch (error) {
    refusal = error as HotloomError;
  }
  expect(refusal?.message.replaceAll(file, 'FILE')).toBe(`FILE was written by a newer release of Hotloom.
  It has schema ${MIGRATIONS.length + 1}, and this release knows schemas up to ${MIGRATIONS.length}. The file was not changed.
  Install the release that wrote it, or a newer one.`);
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  expect(readFileSync(file).equals(before)).toBe(true);
  expect(store.listStacks().length).toBe(1);
});

/** What so many processes find that open the file in the same moment: when a lock on it is given up. */
async function openAtOnce(count: number): Promise<readonly unknown[]> {
  const lock = new Database(file);
  lock.exec('BEGIN EXCLUSIVE');
  const children = Array.from({ length: count }, startChild);
  await Promise.all(children.map(({ isOpening }) => isOpening));
  lock.exec('ROLLBACK');
  lock.close();
  return Promise.all(children.map(({ found }) => found));
}

function startChild(): { readonly isOpening: Promise<void>; readonly found: Promise<unknown> } {
  const hook = new URL('../fixtures/typescript-hook.mjs', import.meta.url);
  const script = new URL('./opening-child.mjs', import.meta.url);
  const child = spawn(process.execPath, ['--import', hook.href, script.pathname, file], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH },
  });
  let text = '';
  let isOpening = (): void => {};
  const opening = new Promise<void>((resolve) => {
    isOpening = resolve;
  });
  const found = new Promise<unknown>((resolve) => {
    child.stdout.on('data', (chunk) => {
      text += chunk;
      if (text.startsWith('opening\n')) isOpening();
    });
    child.stderr.on('data', (chunk) => {
      text += chunk;
    });
    child.on('close', (code) => {
      isOpening();
      resolve(code === 0 ? JSON.parse(text.slice('opening\n'.length)) : text);
    });
  });
  return { isOpening: opening, found };
}
