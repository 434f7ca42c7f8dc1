import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { EngineEvent } from '../../src/events.ts';
import { definePlainType } from '../../src/resource/resource-type.ts';
import { Keyring } from '../../src/store/keyring.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { SealedStore } from '../../src/store/sealed-store.ts';
import { SqliteStore } from '../../src/store/sqlite-store.ts';
import type {
  ResourceRecord,
  StackRecord,
  StackStore,
  StoreChange,
  StoredOutput,
} from '../../src/store/stack-store.ts';
import type { Json } from '../../src/values.ts';
import { KEY } from '../store/keys.ts';
import { failure, leaks, NO_KEYS, SecretWorld } from './secret-world.ts';

const directory = mkdtempSync(join(tmpdir(), 'hotloom-'));
afterAll(() => rmSync(directory, { recursive: true }));

let world: SecretWorld;
beforeEach(() => {
  world = new SecretWorld();
});
afterEach(() => world.close());

/** The resources of a stack, opened with the key. */
async function stored(store: StackStore, stack: string): Promise<readonly ResourceRecord[]> {
  const sealed = new SealedStore(store, new Keyring([KEY]));
  const record = await sealed.findStack('default', stack);
  const resources = await sealed.resources(record?.id ?? '');
  await sealed.close();
  return resources;
}

const OF_PASSWORD = { get_attr: ['db', 'password'] };

const USER_OF_PASSWORD = { type: 'User', properties: { of: OF_PASSWORD } };

function template(resources: object, outputs: object = {}, parameters: object = {}): object {
  return { heat_template_version: 'hotloom-1', parameters, resources, outputs };
}

const STACK = template(
  {
    db: { type: 'Vault' },
    app: { type: 'User', properties: { of: OF_PASSWORD, live: { get_param: 'live' } } },
    on: { type: 'User', properties: { of: { get_attr: ['app', 'echo'] } } },
    own: { type: 'Stream', outputs: { key: { secret: true }, open: {} } },
  },
  {
    password: { value: OF_PASSWORD },
    part: { value: { str_replace: { template: 'x:PW', params: { PW: OF_PASSWORD } } } },
    echo: { value: { get_attr: ['on', 'echo'] } },
    digest: { value: { digest: ['sha256', OF_PASSWORD] } },
    url: { value: { get_attr: ['db', 'url'] } },
    key: { value: { get_attr: ['own', 'key'] } },
    pin: { value: { get_param: 'pin' } },
  },
  { live: { type: 'string', default: 'good' }, pin: { type: 'string', hidden: true, default: 'no' } },
);

describe('a stack with secret attributes', () => {
  test('masks them in its outputs, and tells them when it is asked', async () => {
    const engine = world.engine();
    const created = await engine.create({ stack: 's', template: STACK });
    const masked = {
      password: '******',
      part: '******',
      echo: '******',
      digest: '******',
      key: '******',
      pin: '******',
    };
    expect(created.outputs).toEqual({ ...masked, url: 'https://db' });
    expect(created.secretOutputs).toEqual(['password', 'part', 'echo', 'digest', 'key', 'pin']);
    expect((await engine.show('s')).outputs).toEqual(created.outputs);
    expect(await engine.outputs('s')).toMatchObject({
      password: 's3cret-pw-1',
      part: 'x:s3cret-pw-1',
      echo: 'echo of echo of s3cret-pw-1',
      key: 's3cret-out-key',
      pin: 'no',
    });
    expect(await engine.read('s.db.password')).toBe('s3cret-pw-1');
  });

  test('has no trace of them in its file, its events, its errors and plans, in a whole life with a key', async () => {
    const folder = join(directory, 'life');
    const file = join(folder, 's.db');
    const told: unknown[] = [];
    const engine = world.engine({ store: SqliteStore.open(file) });
    engine.onEvent((event: EngineEvent) => told.push(event));
    told.push(
      engine.preview({ stack: 's', template: STACK }),
      engine.inspect({ stack: 's', template: STACK }, undefined, { masksSecrets: true }),
    );
    told.push(await failure(engine.create({ stack: 'f', template: STACK, parameters: { live: 'bad' } })));
    told.push(await engine.create({ stack: 's', template: STACK, parameters: { pin: 's3cret-pin' } }));
    const of = (live: string) => ({ stack: 's', existing: true, parameters: { live } });
    told.push(await engine.previewUpdate(of('better')), await engine.update(of('better')));
    told.push(await failure(engine.update({ ...of('bad'), rollback: true })));
    told.push(await failure(engine.update(of('bad'))));
    told.push(await engine.show('s'), await engine.list(), await engine.storedEvents('s'), await engine.export('s'));
    expect(leaks(folder, told)).toEqual([]);
    // In a process of its own, so to say: what is known is what the store tells.
    const next = world.engine({ store: SqliteStore.open(file) });
    next.onEvent((event: EngineEvent) => told.push(event));
    told.push(await next.previewUpdate(of('good')), await next.update(of('good')), await next.check({ stack: 's' }));
    expect((await next.outputs('s')).echo).toBe('echo of echo of s3cret-pw-1'.replace('1', '2'));
    world.calls.length = 0;
    await next.delete({ stack: 's' });
    expect(world.calls).toContain('delete app s3cret-pw-2');
    expect(leaks(folder, told)).toEqual([]);
  });

  test('has no trace of them in what signals leave behind, and in what is kept of a resource before its deletion', async () => {
    const Bell = definePlainType({
      name: 'Bell',
      properties: { of: {} },
      attributes: {},
      handler: {
        create: () => ({}),
        delete: () => {},
        signal: ({ metadata }, data) => ({ reason: String(data), metadata: { before: metadata, data: data ?? null } }),
        snapshot: ({ data }) => ({ data, copy: 's3cret-pin' }),
      },
    });
    const folder = join(directory, 'kept');
    const store = () => SqliteStore.open(join(folder, 's.db'));
    const pin = { pin: { type: 'string', hidden: true, default: 'no' } };
    const bell = { type: 'Bell', deletion_policy: 'Snapshot', properties: { of: { get_param: 'pin' } } };
    const told: unknown[] = [];
    const engine = world.engine({ store: store(), types: [Bell] });
    engine.onEvent((event: EngineEvent) => told.push(event));
    await engine.create({ stack: 's', template: template({ bell }, {}, pin), parameters: { pin: 's3cret-pin' } });
    await engine.signal({ stack: 's', resource: 'bell', data: 'first s3cret-pin' });
    const next = world.engine({ store: store(), types: [Bell] });
    next.onEvent((event: EngineEvent) => told.push(event));
    await next.signal({ stack: 's', resource: 'bell', data: 'second s3cret-pin' });
    const [record] = await stored(store(), 's');
    expect(record?.metadata).toEqual({ before: { before: {}, data: 'first s3cret-pin' }, data: 'second s3cret-pin' });
    await next.update({ stack: 's', existing: true, template: template({}, {}, pin) });
    expect(told).toContainEqual(
      expect.objectContaining({ action: 'DELETE', reason: 'Kept as {"data":{},"copy":"******"}' }),
    );
    told.push(await next.storedEvents('s'));
    expect(leaks(folder, told)).toEqual([]);
  });

  test('is not touched by an update in which they come out equal, and its readers are when they do not', async () => {
    const store = new MemoryStore();
    await world.engine({ store }).create({ stack: 's', template: STACK });
    world.calls.length = 0;
    const engine = world.engine({ store });
    await engine.update({ stack: 's', template: STACK });
    expect(world.calls).toEqual([]);
    await engine.markUnhealthy({ stack: 's', resource: 'db' });
    await engine.update({ stack: 's', template: STACK });
    expect(world.calls).toEqual(['create db', 'update app "s3cret-pw-2"']);
  });

  test('is checked: a secret that is as it was is no drift, and another one is, which nobody is told', async () => {
    const engine = world.engine();
    await engine.create({ stack: 's', template: template({ db: { type: 'Vault' }, app: USER_OF_PASSWORD }) });
    world.seen = 's3cret-pw-1';
    expect(await engine.check({ stack: 's' })).toMatchObject({ state: 'CHECK_COMPLETE', drifts: {} });
    world.seen = 's3cret-other';
    const told = await engine.check({ stack: 's' });
    expect(told.drifts).toEqual({ app: [{ name: 'of', kind: 'property', before: '******', after: '******' }] });
    expect(told.reason).toContain("'of': expected '******', got '******'");
    expect(leaks(undefined, [told, await engine.storedEvents('s')])).toEqual([]);
  });

  test('is read by another stack, which keeps the secret too', async () => {
    const folder = join(directory, 'two');
    const reader = template(
      { a: { type: 'User', properties: { of: { get_data: 's.db.password' } } } },
      { direct: { value: { get_data: 's.db.password' } }, echo: { value: { get_attr: ['a', 'echo'] } } },
    );
    const told: unknown[] = [];
    for (const [index, isOneEngine] of [true, false].entries()) {
      const store = SqliteStore.open(join(folder, `${index}.db`));
      const first = world.engine({ store });
      await first.create({ stack: 's', template: STACK });
      const second = isOneEngine ? first : world.engine({ store: SqliteStore.open(join(folder, `${index}.db`)) });
      second.onEvent((event) => told.push(event));
      told.push(await second.create({ stack: 'reader', template: reader }));
      expect((await second.outputs('reader')).direct).toMatch(/^s3cret-pw-/);
    }
    expect(world.calls.filter((call) => call.startsWith('create a '))).toHaveLength(2);
    expect(leaks(folder, told)).toEqual([]);
  });

  test('is up to date although what it has read cannot be compared: ephemeral, or without its key', async () => {
    const store = new MemoryStore();
    const engine = world.engine({ store });
    const read = (name: string) => template({ app: { type: 'User', properties: { of: { get_data: name } } } });
    await Promise.all([
      engine.create({ stack: 'token', template: read('s.db.token') }),
      engine.create({ stack: 'password', template: read('s.db.password') }),
      engine.create({ stack: 's', template: STACK }),
    ]);
    const staleOnes = async (keys?: readonly string[]) =>
      (await world.engine({ store }, keys).list()).flatMap(({ name, staleReads }) =>
        staleReads.length > 0 ? [name] : [],
      );
    expect([await staleOnes(), await staleOnes(NO_KEYS)]).toEqual([[], []]);
    await engine.markUnhealthy({ stack: 's', resource: 'db' });
    await engine.update({ stack: 's', template: STACK });
    expect([await staleOnes(), await staleOnes(NO_KEYS)]).toEqual([['password'], []]);
    await engine.delete({ stack: 's', force: true });
    expect(await staleOnes(NO_KEYS)).toEqual(['password', 'token']);
  });

  test('shows them masked without the key, and reads nothing', async () => {
    const store = new MemoryStore();
    await world.engine({ store }).create({ stack: 's', template: STACK });
    const engine = world.engine({ store }, NO_KEYS);
    expect((await engine.show('s')).outputs).toMatchObject({ password: '******', url: 'https://db' });
    expect((await failure(engine.outputs('s'))).code).toBe('EncryptionKeyMissing');
    const read = await engine.tryRead('s.db.password');
    expect(read).toMatchObject({ failure: { why: 'It is sealed, and its key was not given.' } });
    expect(await engine.tryRead('s.db.url')).toEqual({ value: 'https://db' });
    // The user's handler has kept the secret, and needs it to delete what it has made.
    const error = await failure(engine.delete({ stack: 's' }));
    expect(error.code).toBe('EncryptionKeyMissing');
    expect(world.calls.filter((call) => call.startsWith('delete'))).toEqual([]);
    await world.engine({ store }).delete({ stack: 's' });
  });

  test('keeps them as they are without a key, masked all the same; a key later seals what is written then', async () => {
    const store = new MemoryStore();
    const engine = world.engine({ store }, NO_KEYS);
    const created = await engine.create({ stack: 's', template: STACK });
    expect(created.outputs.password).toBe('******');
    expect((await engine.outputs('s')).password).toBe('s3cret-pw-1');
    expect(leaks(undefined, [await engine.show('s'), await engine.storedEvents('s')])).toEqual([]);
    const keyed = world.engine({ store });
    expect((await keyed.outputs('s')).password).toBe('s3cret-pw-1');
    await keyed.update({ stack: 's', template: STACK, parameters: { live: 'x' } });
    expect((await failure(world.engine({ store }, NO_KEYS).update({ stack: 's', template: STACK }))).code).toBe(
      'EncryptionKeyMissing',
    );
  });

  test.each<[string, (store: MemoryStore, stack: StackRecord) => readonly StoreChange[]]>([
    [
      'value',
      (store, { id }) => [{ kind: 'value', resource: 'db', attribute: 'url', value: sealedPassword(store, id) }],
    ],
    [
      'data',
      (store, { id }) => {
        const [data] = store.resources(id).flatMap((record) => (record.name === 'app' ? [record.data] : []));
        return store
          .resources(id)
          .filter(({ name }) => name === 'db')
          .map((record) => ({ kind: 'resource', record: { ...record, data: data ?? {} } }));
      },
    ],
    [
      'output',
      (_, { outputs }) => [{ kind: 'outputs', outputs: { ...outputs, url: outputs.password as StoredOutput } }],
    ],
    [
      'hidden parameter',
      (store, { id, template, files, environment, parameters }) => {
        const moved = { ...parameters, $hotloom: sealedPassword(store, id) };
        const definition = { template, files, environment, parameters: moved };
        return [{ kind: 'definition', definition, previous: undefined, declared: new Map(), rollback: false }];
      },
    ],
  ])('refuses a sealed %s that stands at another place', async (_, moving) => {
    const store = new MemoryStore();
    const engine = world.engine({ store });
    await engine.create({ stack: 's', template: STACK });
    const stack = store.findStack('default', 's') as StackRecord;
    const claim = store.claim(stack.id, CLAIMANT);
    store.append(claim, moving(store, stack));
    store.release(claim);
    const error = await failure(engine.show('s').then(() => engine.update({ stack: 's', template: STACK })));
    expect(error.code).toBe('SealBroken');
    expect(leaks(undefined, error)).toEqual([]);
  });
});

const CLAIMANT = { engineId: 'e', actor: 'ann@here', host: 'h', pid: 1, processStart: 'x', leaseMs: 20_000 };

function sealedPassword(store: MemoryStore, id: string): Json {
  const found = store.values(id).find(({ attribute }) => attribute === 'password');
  if (found === undefined) throw new Error('There is no password.');
  return found.value;
}
