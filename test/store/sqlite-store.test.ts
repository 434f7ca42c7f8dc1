import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import Database from 'libsql';
import { Engine } from '../../src/engine.ts';
import type { HotloomError } from '../../src/errors.ts';
import type { Name } from '../../src/names.ts';
import { isStopped, processStart } from '../../src/process-identity.ts';
import { SimulatedClock } from '../../src/simulated-clock.ts';
import { MIGRATIONS } from '../../src/store/migrations/migrations.ts';
import { SqliteStore } from '../../src/store/sqlite-store.ts';
import type { Claimant, StackRecord, StoreChange } from '../../src/store/stack-store.ts';

// What every store does is in test/contract; here is what a file adds to it.

let directory: string;
let file: string;
const opened: SqliteStore[] = [];
const children: ChildProcess[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'hotloom-'));
  file = join(directory, 'stacks.db');
});

afterEach(async () => {
  for (const store of opened.splice(0)) store.close();
  for (const child of children.splice(0)) await kill(child);
  rmSync(directory, { recursive: true });
});

function open(path = file): SqliteStore {
  const store = SqliteStore.open(path, { busyTimeoutMs: 2000 });
  opened.push(store);
  return store;
}

const ME: Claimant = {
  engineId: '00000000-0000-4000-8000-000000000001',
  host: hostname(),
  pid: process.pid,
  processStart: processStart(process.pid) ?? 'unknown',
  actor: 'ann@here',
  leaseMs: 30_000,
};

const ADDRESS: Name = ['default', 'app', 'web', 'address'];

function stack(fields: Partial<StackRecord> = {}): StackRecord {
  return {
    id: '00000000-0000-4000-8000-0000000000aa',
    space: 'default',
    name: 'app',
    action: 'CREATE',
    status: 'IN_PROGRESS',
    reason: 'Stack CREATE started',
    createdAt: 1,
    updatedAt: 2,
    template: { heat_template_version: 'hotloom-1' },
    files: {},
    parameters: {},
    environment: {},
    rollback: false,
    outputs: {},
    ...fields,
  };
}

const address = (value: string): StoreChange => ({ kind: 'value', resource: 'web', attribute: 'address', value });

function refusalOf(act: () => unknown): HotloomError {
  try {
    act();
  } catch (error) {
    return error as HotloomError;
  }
  throw new Error('It was accepted.');
}

/** Starts the child and resolves once it has written `lines` lines. */
async function startChild(task: 'write' | 'hold' | 'stop' | 'wait', lines: number): Promise<ChildProcess> {
  const fixtures = new URL('../fixtures/typescript-hook.mjs', import.meta.url);
  const script = new URL('./writing-child.mjs', import.meta.url);
  const child = spawn(process.execPath, ['--import', fixtures.href, script.pathname, file, task], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH },
  });
  children.push(child);
  let seen = 0;
  for await (const chunk of child.stdout!) {
    seen += String(chunk).split('\n').length - 1;
    if (seen >= lines) return child;
  }
  throw new Error('The child ended by itself.');
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

describe('the file', () => {
  test('is created with its directory, for its owner only, and marked as ours', () => {
    const path = join(directory, 'new', 'deep', 'stacks.db');
    const store = open(path);
    store.createStack(stack(), ME);
    const files = readdirSync(join(directory, 'new', 'deep'));
    for (const each of files) expect(statSync(join(directory, 'new', 'deep', each)).mode & 0o777).toBe(0o600);
    expect(statSync(join(directory, 'new', 'deep')).mode & 0o777).toBe(0o700);
    store.close();
    expect(readFileSync(path).toString('latin1', 68, 72)).toBe('HOTL');
    expect(factsOf(path)).toEqual({ schema: MIGRATIONS.length, stacks: 1 });
  });

  test('keeps what was stored, for the next one that opens it', () => {
    const first = open();
    const claim = first.createStack(stack(), ME);
    first.append(claim, [address('10.0.0.1')]);
    first.release(claim);
    first.writeOutside(['default', 'ops', 'gate', 'open'], null);
    first.close();
    const second = open();
    expect(second.find(ADDRESS)).toEqual({ value: '10.0.0.1' });
    expect(second.find(['default', 'ops', 'gate', 'open'])).toEqual({ value: null });
    expect(second.claim(claim.stackId, ME).fence).toBe(claim.fence + 1);
  });

  test('may be empty: somebody was killed before the first transaction', () => {
    writeFileSync(file, '');
    open().createStack(stack(), ME);
  });
});

describe('a file that cannot be used is refused, and stays as it is', () => {
  const foreign = (path: string): void => {
    const database = new Database(path);
    database.exec('CREATE TABLE notes (text TEXT)');
    database.close();
  };
  const ours = (): Buffer => {
    const source = join(directory, 'source.db');
    const store = SqliteStore.open(source);
    const claim = store.createStack(stack(), ME);
    store.append(
      claim,
      Array.from(
        { length: 500 },
        (_, index): StoreChange => ({
          kind: 'value',
          resource: 'web',
          attribute: String(index),
          value: 'x'.repeat(100),
        }),
      ),
    );
    store.close();
    // A copy has nothing to do with the connection that made the original.
    return readFileSync(source);
  };
  const patched = (change: (bytes: Buffer) => Uint8Array) => (path: string) => writeFileSync(path, change(ours()));
  const rows: readonly { what: string; make: (path: string) => void; text: string }[] = [
    {
      what: 'a text file',
      make: (path) => writeFileSync(path, 'heat_template_version: hotloom-1\n'.repeat(20)),
      text: `The store FILE is not a store: it is not an SQLite database, or its beginning is damaged.
  SQLite says: file is not a database (SQLITE_NOTADB).
  Name another file, or restore this one from a backup. It was not changed.`,
    },
    {
      what: 'a file shorter than a header',
      make: (path) => writeFileSync(path, 'SQLite format 3\u0000'),
      text: `The store FILE is not a store: it is not an SQLite database, or its beginning is damaged.
  SQLite says: file is not a database (SQLITE_NOTADB).
  Name another file, or restore this one from a backup. It was not changed.`,
    },
    {
      what: 'a database of another program',
      make: foreign,
      text: `FILE is not a store.
  The file is an SQLite database of another program. It was not changed.
  Name another file.`,
    },
    {
      what: 'a store of a newer release',
      make: patched((bytes) => {
        bytes.writeUInt32BE(99, 60);
        return bytes;
      }),
      text: `FILE was written by a newer release of Hotloom.
  It has schema 99, and this release knows schemas up to ${MIGRATIONS.length}. The file was not changed.
  Install the release that wrote it, or a newer one.`,
    },
    {
      what: 'a store whose schema is overwritten',
      make: patched((bytes) => bytes.fill(0xa5, 100, 4096)),
      text: `The store FILE is damaged.
  SQLite says: database disk image is malformed (SQLITE_CORRUPT).
  Restore the file from a backup; nothing more is written to it.`,
    },
    {
      what: 'a store that was cut off',
      make: patched((bytes) => bytes.subarray(0, bytes.length - 4096)),
      text: `The store FILE is damaged.
  SQLite says: database disk image is malformed (SQLITE_CORRUPT).
  Restore the file from a backup; nothing more is written to it.`,
    },
  ];
  test.each(rows)('$what', ({ make, text }) => {
    make(file);
    const before = readFileSync(file);
    const error = refusalOf(() => open());
    expect(error.code).toBe('StoreUnusable');
    expect(error.message.replaceAll(file, 'FILE')).toBe(text);
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  test('a directory, or a file below a file', () => {
    writeFileSync(file, '');
    for (const path of [directory, join(file, 'below.db')]) {
      const error = refusalOf(() => open(path));
      expect(error.code).toBe('StoreUnusable');
      expect(error.what).toBe(`The store ${path} cannot be opened.`);
    }
  });

  // The superuser may write everything.
  const testAsUser = process.getuid?.() === 0 ? test.skip : test;
  testAsUser('a file that may not be written', () => {
    writeFileSync(file, ours(), { mode: 0o400 });
    expect(refusalOf(() => open())).toMatchObject({
      code: 'StoreUnusable',
      what: `The store ${file} cannot be opened.`,
    });
  });

  test('damage that shows only later is told as such, when it is met', () => {
    const bytes = ours();
    // Everything but the schema on the first pages: the tables' own pages lie behind it.
    writeFileSync(file, Buffer.concat([bytes.subarray(0, 4096 * 4), Buffer.alloc(bytes.length - 4096 * 4, 0xa5)]));
    const error = refusalOf(() => {
      const store = open();
      store.listStacks();
      store.values(stack().id);
      store.find(ADDRESS);
      store.events(stack().id);
    });
    expect(error).toMatchObject({ code: 'StoreUnusable', what: `The store ${file} is damaged.` });
  });

  test('damage of any page: nothing is written to the file, whatever page it would be', () => {
    const whole = ours();
    const claimOf = (store: SqliteStore) => store.claim(stack().id, ME);
    let refused = 0;
    for (let page = 1; page * 4096 < whole.length; page += 1) {
      const bytes = Buffer.from(whole).fill(0xa5, page * 4096, (page + 1) * 4096);
      writeFileSync(file, bytes);
      const store = SqliteStore.open(file);
      const error = refusalOf(() => claimOf(store));
      expect([page, error.code, error.what]).toEqual([page, 'StoreUnusable', `The store ${file} is damaged.`]);
      expect(refusalOf(() => store.writeOutside(['default', 'a', 'b', 'c'], 1)).what).toBe(error.what);
      store.close();
      expect(readFileSync(file).equals(bytes)).toBe(true);
      refused += 1;
    }
    expect(refused).toBeGreaterThan(10);
  });

  test('a text that is not UTF-8 any more is damage, for who reads and for who writes', () => {
    const bytes = ours();
    const at = bytes.lastIndexOf('x'.repeat(50));
    bytes[at] = 0xff;
    writeFileSync(file, bytes);
    const store = open();
    const expected = `The store ${file} is damaged.
  A text in the column 'value' of its table 'published' is not UTF-8.
  Restore the file from a backup; nothing more is written to it.`;
    expect(refusalOf(() => store.listStacks()).message).toBe(expected);
    expect(refusalOf(() => store.values(stack().id)).message).toBe(expected);
    expect(refusalOf(() => store.claim(stack().id, ME)).message).toBe(expected);
    store.close();
    expect(readFileSync(file).equals(bytes)).toBe(true);
  });

  test('a store whose damage was met while it is read is not written to any more', () => {
    const store = open();
    const claim = store.createStack(stack(), ME);
    // By another hand, while it is open.
    const other = new Database(file);
    other.exec('DROP TABLE operations');
    other.close();
    expect(refusalOf(() => store.history(stack().id)).what).toBe(
      `The store ${file} is damaged: its tables are not those of its schema.`,
    );
    expect(refusalOf(() => store.renew(claim)).what).toBe(
      `The store ${file} is damaged: its tables are not those of its schema.`,
    );
    expect(store.listStacks()).toHaveLength(1);
  });

  test('what is stored and is no JSON any more is damage, after which nothing is written', () => {
    const store = open();
    const claim = store.createStack(stack(), ME);
    store.append(claim, [address('10.0.0.1')]);
    const other = new Database(file);
    other.exec("UPDATE published SET value = '{'");
    other.close();
    const error = refusalOf(() => store.values(stack().id));
    expect(error.code).toBe('StoreUnusable');
    expect(error.message).toMatch(
      /^The store .* is damaged\.\n {2}What is stored in it is no JSON: .*\n {2}Restore the file/,
    );
    expect(refusalOf(() => store.renew(claim)).message).toBe(error.message);
  });

  test('a store that has refused one thing is not taken for damaged: it is written to again', () => {
    const store = open();
    const other = new Database(file);
    // SQLite's code for it is that of a missing table, too.
    other.exec("CREATE TRIGGER late BEFORE INSERT ON stacks BEGIN SELECT json('{'); END");
    const error = refusalOf(() => store.createStack(stack(), ME));
    expect(error.message.replaceAll(file, 'FILE')).toBe(`The store FILE has refused what was to be done.
  SQLite says: malformed JSON (SQLITE_ERROR).
  Run the action again. If it is refused again, see what else uses the file, and report it with this text.`);
    other.exec('DROP TRIGGER late');
    other.close();
    store.createStack(stack(), ME);
    expect(store.listStacks()).toHaveLength(1);
  });

  test('a store that was closed', () => {
    const store = open();
    store.close();
    expect(refusalOf(() => store.listStacks())).toMatchObject({
      code: 'StoreUnusable',
      what: `The store ${file} has been closed.`,
    });
  });
});

describe('two connections', () => {
  test('see each other, and the revision tells when to look', () => {
    const [one, two] = [open(), open()];
    const revisions = [two.revision(), two.revision()];
    expect(revisions[0]).toBe(revisions[1]);
    const claim = one.createStack(stack(), ME);
    revisions.push(two.revision());
    one.append(claim, [address('a')]);
    revisions.push(two.revision());
    expect(new Set(revisions).size).toBe(3);
    expect(two.find(ADDRESS)).toEqual({ value: 'a' });
    expect(two.revision()).toBe(revisions.at(-1));
  });

  test('the revision counts own writes too, since several engines may share one store', () => {
    const store = open();
    const before = store.revision();
    store.writeOutside(ADDRESS, 1);
    expect(store.revision()).not.toBe(before);
  });

  test('fence each other: a claim that was taken over writes no more through the other one', () => {
    const [one, two] = [open(), open()];
    const late = one.createStack(stack(), { ...ME, pid: 2 ** 30, processStart: 'never' });
    const claim = two.claim(late.stackId, ME);
    expect(refusalOf(() => one.append(late, [address('late')])).code).toBe('ClaimLost');
    expect(refusalOf(() => one.claim(late.stackId, ME)).code).toBe('ActionInProgress');
    two.append(claim, [address('right')]);
    expect(one.find(ADDRESS)).toEqual({ value: 'right' });
  });

  test('a stack under the same name does not take over a late writer of the one before', () => {
    const [one, two] = [open(), open()];
    const late = one.createStack(stack(), ME);
    two.removeStack(late);
    two.createStack(stack({ id: '00000000-0000-4000-8000-0000000000bb' }), ME);
    expect(refusalOf(() => one.append(late, [address('late')])).code).toBe('ClaimLost');
    expect(two.find(ADDRESS)).toBeUndefined();
  });

  test('a writer that another process keeps waiting too long says so', () => {
    const store = SqliteStore.open(file, { busyTimeoutMs: 0 });
    opened.push(store);
    const other = new Database(file);
    other.exec('BEGIN IMMEDIATE');
    const error = refusalOf(() => store.writeOutside(ADDRESS, 1));
    other.exec('ROLLBACK');
    other.close();
    expect(error.message.replaceAll(file, 'FILE')).toBe(`The store FILE is locked by another process for too long.
  SQLite says: database is locked (SQLITE_BUSY).
  Run the action again. If it stays locked, look for a process that hangs while it has the file open.`);
    store.writeOutside(ADDRESS, 1);
  });
});

describe('events', () => {
  test('old ones leave the file too, also when each action stores only a few', () => {
    const store = open();
    let claim = store.createStack(stack(), ME);
    const event: StoreChange = {
      kind: 'event',
      event: {
        type: 'stack',
        time: 1,
        space: 'default',
        stack: 'app',
        action: 'CREATE',
        status: 'COMPLETE',
        reason: '',
      },
    };
    for (let action = 0; action < 8; action += 1) {
      for (let batch = 0; batch < 3; batch += 1) store.append(claim, Array(200).fill(event));
      store.release(claim);
      claim = store.claim(claim.stackId, ME);
    }
    expect(store.events(claim.stackId).map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: 1000 }, (_, index) => 3801 + index),
    );
    const reader = new Database(file);
    expect(reader.prepare('SELECT sum(count) FROM events').raw().all([])).toEqual([[1000]]);
    reader.close();
  });
});

describe('another process', () => {
  test('that is killed while it writes loses no batch that it was told of, and half of none', async () => {
    const child = await startChild('write', 50);
    await kill(child);
    const store = open();
    const [record] = store.listStacks();
    const values = store.values(record!.id);
    const batches = (resource: string): number[] =>
      values
        .filter((each) => each.resource === resource)
        .map((each) => each.value as number)
        .sort((a, b) => a - b);
    expect(batches('left').length).toBeGreaterThanOrEqual(50);
    expect(batches('left')).toEqual(Array.from({ length: batches('left').length }, (_, index) => index + 1));
    expect(batches('right')).toEqual(batches('left'));
  });

  test('holds its stack while it lives, and no longer', async () => {
    const child = await startChild('hold', 1);
    const store = open();
    const [record] = store.listStacks();
    const error = refusalOf(() => store.claim(record!.id, ME));
    expect(error.message).toBe(`Stack app already has an action in progress.
  The engine in process ${child.pid} on ${hostname()} is at work on it: one action at a time changes a stack.
  Wait until that action has ended, or cancel it, if it is a create or an update ('hotloom cancel'). If the process hangs, end it (kill ${child.pid}) and run the action again.`);
    expect(store.holder(record!.id)?.pid).toBe(child.pid);
    await kill(child);
    expect(store.holder(record!.id)).toBeUndefined();
    store.append(store.claim(record!.id, ME), [address('taken over')]);
    expect(store.find(ADDRESS)).toEqual({ value: 'taken over' });
  });
});

describe('another process in the middle of a write', () => {
  const LATE = ['default', 'other', 'approval', 'given'] as const;

  test.each([
    { task: 'stop', isStopped: true, remedy: 'SIGCONT', late: { value: 'late' } },
    { task: 'stop', isStopped: true, remedy: 'SIGKILL', late: undefined },
    { task: 'wait', isStopped: false, remedy: 'SIGKILL', late: undefined },
  ] as const)(
    'and stopped: $isStopped, is named to whoever waits too long; after $remedy nothing is lost',
    async ({ task, isStopped: isToBeStopped, remedy, late }) => {
      const child = await startChild(task, 1);
      while (isStopped(child.pid as number) !== isToBeStopped) await new Promise((resolve) => setImmediate(resolve));
      // By another way to the same file.
      symlinkSync(directory, join(directory, 'link'));
      const way = join(directory, 'link', 'stacks.db');
      // An engine on a shared store first opens a socket for observers, which takes real time.
      const store = Object.defineProperty(SqliteStore.open(way, { busyTimeoutMs: 0 }), 'isShared', { value: false });
      const clock = new SimulatedClock();
      const engine = new Engine({ store, clock });
      // Who only reads is not held up.
      expect((await engine.list()).map(({ name }) => name)).toEqual(['app']);
      const template = { heat_template_version: '2021-04-16', resources: { a: { type: 'OS::Heat::None' } } };
      const create = () => clock.run(engine.create({ stack: 'mine', template }));
      const error = await create().then(String, (refusal: Error) => refusal.message);
      expect(error.replaceAll(way, 'FILE')).toBe(`The store FILE is locked by another process for too long.
  SQLite says: database is locked (SQLITE_BUSY). Process ${child.pid} is ${
    isToBeStopped
      ? 'in the middle of writing to it, and is stopped: it was sent SIGSTOP, say, or Ctrl-Z'
      : 'writing to it'
  }.
  ${
    isToBeStopped
      ? `Let it go on (kill -CONT ${child.pid}), or end it (kill -KILL ${child.pid}): nothing that was stored is lost. Then run the action again.`
      : `Run the action again. If it stays locked, see what process ${child.pid} does, or end it (kill ${child.pid}).`
  }`);
      const exit = once(child, 'exit');
      child.kill(remedy);
      await exit;
      expect((await create()).state).toBe('CREATE_COMPLETE');
      expect(store.find(LATE)).toEqual(late);
      await clock.run(engine.close());
    },
  );
});

/** What another program sees in the file. */
function factsOf(path: string): { schema: number; stacks: number } {
  const database = new Database(path);
  const count = (sql: string): number => (database.prepare(sql).raw().all([]) as number[][])[0]![0]!;
  const facts = { schema: count('PRAGMA user_version'), stacks: count('SELECT count(*) FROM stacks') };
  database.close();
  return facts;
}
