import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import Database from 'libsql';
import { Engine } from '../../src/engine.ts';
import type { HotloomError } from '../../src/errors.ts';
import { definePlainType } from '../../src/resource/resource-type.ts';
import { SqliteStore, type SqliteStoreOptions } from '../../src/store/sqlite-store.ts';
import type { Claimant, StackRecord } from '../../src/store/stack-store.ts';
import { failure } from '../scheduler/worlds.ts';

let directory: string;
let file: string;
let engines: Engine[];
/** What exists outside, by the token of the attempt that made it. */
let things: Map<string, string>;
let told: string[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'hotloom-'));
  file = join(directory, 'stacks.db');
  engines = [];
  things = new Map();
  told = [];
});

afterEach(async () => {
  for (const engine of engines) await engine.close();
  chmodSync(dirname(file), 0o700);
  rmSync(directory, { recursive: true });
});

function open(options: SqliteStoreOptions = {}): Engine {
  const thing = definePlainType({
    name: 'Thing',
    properties: { size: { type: 'integer', updateAllowed: true }, of: {} },
    attributes: { value: { schema: {} } },
    handler: {
      async create({ token, resource, properties, setResourceId, signal }) {
        signal.addEventListener('abort', () => told.push(resource.name), { once: true });
        things.set(token, resource.name);
        await nextTurn();
        await setResourceId(token);
        // It takes longer than all others, also longer than it takes until the disk is full.
        while (resource.name === 'slow' && isTight(options) && !signal.aborted) await nextTurn();
        return { value: 'x'.repeat(properties.size ?? 0) };
      },
      update: ({ properties }) => ({ value: 'x'.repeat(properties.size ?? 0) }),
      lookup: ({ token }) => (things.has(token) ? token : undefined),
      delete: ({ token }) => void things.delete(token),
    },
  });
  const engine = new Engine({ types: [thing], store: SqliteStore.open(file, options) });
  engines.push(engine);
  return engine;
}

function isTight({ maxBytes }: SqliteStoreOptions): boolean {
  return maxBytes !== undefined;
}

const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** A chain of things, and one beside it that takes longer than all of them. */
function stackOf(size: number) {
  const resources: Record<string, object> = { slow: { type: 'Thing' } };
  for (let index = 0; index < 8; index += 1) {
    const before = index === 0 ? {} : { depends_on: `t${index - 1}` };
    resources[`t${index}`] = { type: 'Thing', properties: { size }, ...before };
  }
  return { stack: 's', template: { heat_template_version: '2021-04-16', resources } as never };
}

const NAMES = ['slow', 't0', 't1', 't2', 't3', 't4', 't5', 't6', 't7'];
const FULL = `The store FILE cannot grow: the disk is full.
  SQLite says: database or disk is full (SQLITE_FULL).
  Free space on the disk, then resume the stack whose action this has stopped. Until then the store can be read.`;

const textOf = (error: HotloomError): string => error.message.replaceAll(file, 'FILE');
const present = (): readonly string[] => [...things.values()].sort();

describe('a disk that is full', () => {
  // The empty store has 60 kB; a value of the chain has 20.
  test.each([70_000, 80_000, 100_000, 120_000, 150_000, 180_000, 210_000])(
    'at %i bytes stops a create; its handlers are told, the store is read, and a resume goes on when there is space',
    async (maxBytes) => {
      const full = open({ maxBytes });
      const error = await failure(full.create(stackOf(20_000)));
      expect([error.code, textOf(error)]).toEqual(['StoreUnusable', FULL]);
      expect(told).toContain('slow');
      const { state, isInterrupted, resources } = await full.show('s');
      expect([state, isInterrupted]).toEqual(['CREATE_IN_PROGRESS', true]);
      const complete = resources.filter(({ status, action }) => status === 'COMPLETE' && action === 'CREATE');
      const kept = [...things].filter(([, name]) => complete.some((each) => each.name === name));
      expect((await full.storedEvents('s')).length).toBeGreaterThan(0);
      // Also in the engine that was stopped: it holds the stack no more.
      expect(textOf(await failure(full.resume({ stack: 's' })))).toBe(FULL);
      const roomy = open();
      expect(await roomy.resume({ stack: 's' })).toMatchObject({ state: 'CREATE_COMPLETE' });
      expect(present()).toEqual(NAMES);
      expect([...things]).toEqual(expect.arrayContaining(kept));
      await roomy.delete({ stack: 's' });
      expect([present(), await roomy.list()]).toEqual([[], []]);
    },
  );

  test('stops an update, and a resume comes to its end when there is space', async () => {
    const roomy = open();
    await roomy.create(stackOf(10));
    const full = open({ maxBytes: 100_000 });
    expect(textOf(await failure(full.update(stackOf(20_000))))).toBe(FULL);
    expect(await full.show('s')).toMatchObject({ state: 'UPDATE_IN_PROGRESS', isInterrupted: true });
    expect(await roomy.resume({ stack: 's' })).toMatchObject({ state: 'UPDATE_COMPLETE' });
    expect([present(), await roomy.read('s.t7.value')]).toEqual([NAMES, 'x'.repeat(20_000)]);
  });

  test('does not keep an update from being rolled back, which needs less space', async () => {
    await open().create(stackOf(10));
    const engine = open({ maxBytes: 100_000 });
    const error = await failure(engine.update({ ...stackOf(20_000), rollback: true }));
    expect(textOf(error)).toMatch(/^Stack UPDATE failed: The store FILE cannot grow: the disk is full\./);
    expect(error.fix).toMatch(/^Free space on the disk/);
    expect(await engine.show('s')).toMatchObject({ state: 'ROLLBACK_COMPLETE' });
    expect([present(), await engine.read('s.t0.value')]).toEqual([NAMES, 'x'.repeat(10)]);
  });

  test('refuses a new stack and a value from outside, and stores nothing of them', async () => {
    open();
    const full = open({ maxBytes: 61_440 });
    const large = { ...stackOf(1), files: { big: 'x'.repeat(50_000) } };
    expect(textOf(await failure(full.create(large)))).toBe(FULL);
    expect(textOf(await failure(full.write('ops.gate.open', 'x'.repeat(50_000))))).toBe(FULL);
    expect([await full.list(), await full.tryRead('ops.gate.open'), present()]).toEqual([[], undefined, []]);
  });
});

const ME: Claimant = {
  engineId: 'me',
  host: 'here',
  pid: 1,
  processStart: 'now',
  actor: 'ann@here',
  leaseMs: 30_000,
};

describe('a file that may only be read', () => {
  /** As a user who may only read; the superuser may write everything. */
  function asReader<T>(act: () => T): T {
    const { seteuid, geteuid } = process;
    if (seteuid === undefined || geteuid?.() !== 0) return act();
    seteuid.call(process, 65534);
    try {
      return act();
    } finally {
      seteuid.call(process, 0);
    }
  }

  /** A store with a stack, in a directory of its own, which nobody has opened. */
  async function makeStack(change: (bytes: Buffer) => void = () => {}): Promise<void> {
    const engine = open();
    await engine.create(stackOf(10));
    await engine.close();
    const bytes = readFileSync(file);
    change(bytes);
    chmodSync(directory, 0o755);
    mkdirSync(join(directory, 'copy'));
    file = join(directory, 'copy', 'stacks.db');
    writeFileSync(file, bytes);
  }

  // Who becomes another user for a moment is told by SQLite what another user is told by the system.
  const CANNOT_WRITE = /^The store FILE cannot be written\.\n.*(EACCES|SQLITE_CANTOPEN|SQLITE_READONLY)/;

  test.each([
    ['itself', 0o444, 0o777],
    ['and whose directory may only be read', 0o444, 0o555],
    ['because of its directory', 0o666, 0o555],
  ])('%s is read, and told as such when something is to be stored', async (_, fileMode, directoryMode) => {
    await makeStack();
    const before = readFileSync(file);
    chmodSync(file, fileMode);
    chmodSync(dirname(file), directoryMode);
    const store = asReader(() => SqliteStore.open(file));
    const engine = new Engine({ store });
    engines.push(engine);
    expect(await engine.list()).toMatchObject([{ name: 's', state: 'CREATE_COMPLETE', isInterrupted: false }]);
    expect((await engine.show('s')).resources.map(({ name }) => name).sort()).toEqual(NAMES);
    expect(await engine.read('s.t0.value')).toBe('x'.repeat(10));
    expect((await engine.storedEvents('s')).length).toBe(20);
    const [{ id }] = store.listStacks() as [StackRecord];
    const acts = [
      () => store.claim(id, ME),
      () => store.writeOutside(['default', 'ops', 'gate', 'open'], 1),
      () => store.createStack({ ...store.listStacks()[0], id: 'other', name: 'other' } as StackRecord, ME),
    ];
    for (const act of acts) {
      const error = await failure((async () => asReader(act))());
      expect([error.code, textOf(error)]).toEqual(['StoreUnusable', expect.stringMatching(CANNOT_WRITE)]);
    }
    if (directoryMode === 0o555) expect(readdirSync(dirname(file))).toEqual(['stacks.db']);
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  test('is read as it is now, although others store on, and is written as soon as that is possible', async () => {
    await makeStack();
    const owner = SqliteStore.open(file);
    owner.close();
    chmodSync(file, 0o444);
    chmodSync(dirname(file), 0o555);
    // The log of the owner's connection stays until that is collected; who may only read does without it.
    rmSync(`${file}-wal`, { force: true });
    rmSync(`${file}-shm`, { force: true });
    const store = asReader(() => SqliteStore.open(file));
    const before = store.revision();
    const found = () => asReader(() => store.find(['default', 'ops', 'gate', 'open']));
    expect([found(), asReader(() => store.revision())]).toEqual([undefined, before]);
    chmodSync(file, 0o666);
    chmodSync(dirname(file), 0o777);
    const writer = SqliteStore.open(file);
    writer.writeOutside(['default', 'ops', 'gate', 'open'], 1);
    expect(found()).toEqual({ value: 1 });
    expect(asReader(() => store.revision())).not.toBe(before);
    // The one that reads may write now.
    store.writeOutside(['default', 'ops', 'gate', 'shut'], 2);
    expect(writer.find(['default', 'ops', 'gate', 'shut'])).toEqual({ value: 2 });
    store.close();
    writer.close();
  });

  test('and that is empty, or of an older schema, is refused', async () => {
    chmodSync(directory, 0o755);
    writeFileSync(file, '', { mode: 0o444 });
    expect(() => asReader(() => SqliteStore.open(file))).toThrow('cannot be written');
    rmSync(file);
    await makeStack((bytes) => bytes.writeUInt32BE(1, 60));
    chmodSync(file, 0o444);
    expect(() => asReader(() => SqliteStore.open(file))).toThrow(
      /^The store .* is of an older release and has to be brought up to date, but cannot be written\./,
    );
  });

  test('is refused when its last changes stand in a log whose index cannot be made', async () => {
    const engine = open();
    await engine.create(stackOf(10));
    const copy = join(directory, 'copy.db');
    const [bytes, log] = [readFileSync(file), readFileSync(`${file}-wal`)];
    writeFileSync(copy, bytes, { mode: 0o444 });
    writeFileSync(`${copy}-wal`, log, { mode: 0o444 });
    chmodSync(directory, 0o555);
    expect(() => asReader(() => SqliteStore.open(copy))).toThrow(
      /^The store .* cannot be read here: its last changes stand in its log\./,
    );
    expect(readFileSync(copy).equals(bytes)).toBe(true);
    chmodSync(directory, 0o755);
    // Who may write reads it, log included.
    const store = SqliteStore.open(copy);
    expect(store.listStacks().map(({ status }) => status)).toEqual(['COMPLETE']);
    store.close();
  });
});

test('a file that another process keeps locked for a while holds an action up, and does not end it', async () => {
  const engine = open({ busyTimeoutMs: 0 });
  const other = new Database(file);
  let refused = 0;
  engine.onEvent((event) => {
    if (event.type !== 'resource' || event.resource !== 't0' || event.status !== 'IN_PROGRESS' || refused > 0) return;
    other.exec('BEGIN IMMEDIATE');
    refused += 1;
    setTimeout(() => other.exec('ROLLBACK'), 200);
  });
  expect(await engine.create(stackOf(10))).toMatchObject({ state: 'CREATE_COMPLETE' });
  expect(refused).toBe(1);
  other.close();
});
