import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { Engine } from '../../src/engine.ts';
import type { EngineOptions } from '../../src/engine-options.ts';
import { type HotloomError, isHotloomError } from '../../src/errors.ts';
import { definePlainType } from '../../src/resource/resource-type.ts';
import { SimulatedClock } from '../../src/simulated-clock.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { SqliteStore } from '../../src/store/sqlite-store.ts';
import type { StackStore } from '../../src/store/stack-store.ts';
import { KEY, OTHER_KEY } from '../store/keys.ts';
import { storeUntilKill } from './killed-engine.ts';

const directory = mkdtempSync(join(tmpdir(), 'hotloom-'));
afterAll(() => rmSync(directory, { recursive: true }));
const engines: Engine[] = [];
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.close();
});

/** What the handlers were given, in order: `a create one`. */
let given: string[] = [];
afterEach(() => {
  given = [];
});

const Thing = definePlainType({
  name: 'Thing',
  properties: { of: { updateAllowed: true }, fail: { type: 'boolean', updateAllowed: true } },
  attributes: {},
  handler: {
    create({ resource, properties }) {
      given.push(`${resource.name} create ${properties.of}`);
      if (properties.fail) throw new Error('it fails');
      return {};
    },
    update({ resource, properties }) {
      given.push(`${resource.name} update ${properties.of}`);
      if (properties.fail) throw new Error('it fails');
      return {};
    },
    delete: () => {},
    signal: () => {},
    isRepeatable: true,
  },
});

const TEMPLATE = {
  heat_template_version: '2018-08-31',
  parameters: {
    pin: { type: 'string', hidden: true },
    old: { type: 'string', hidden: true, default: 'old-default' },
    size: { type: 'number', default: 1 },
    fail: { type: 'boolean', default: false },
  },
  resources: {
    a: { type: 'Thing', properties: { of: { get_param: 'pin' } } },
    b: { type: 'Thing', depends_on: 'a', properties: { of: { get_param: 'size' }, fail: { get_param: 'fail' } } },
    c: { type: 'Thing', properties: { of: { get_param: 'old' } } },
  },
};

const STACK = { stack: 's', template: TEMPLATE, parameters: { pin: 'secret-1' } };

function engine(
  store: StackStore,
  key: string | readonly string[] | undefined = KEY,
  options: EngineOptions = {},
): Engine {
  const encryption = key === undefined ? {} : { encryption: { keys: [key].flat() } };
  const made = new Engine({ types: [Thing], store, clock: new SimulatedClock(), ...encryption, ...options });
  engines.push(made);
  return made;
}

async function failure(action: Promise<unknown>): Promise<HotloomError> {
  const error = await action.then(
    () => new Error('It did not fail.'),
    (reason: unknown) => reason,
  );
  if (isHotloomError(error)) return error;
  throw error;
}

/** An engine without a key must not get the default one. */
const NO_KEY: readonly string[] = [];
function keyless(store: StackStore): Engine {
  const made = new Engine({ types: [Thing], store, clock: new SimulatedClock() });
  engines.push(made);
  return made;
}

describe('with a key', () => {
  test('an update with the existing parameters needs no hidden one again, after a restart', async () => {
    const store = new MemoryStore();
    await engine(store).create(STACK);
    given = [];
    await engine(store).update({ stack: 's', existing: true, parameters: { size: 2 } });
    expect(given).toEqual(['b update 2']);
    await engine(store).update({ stack: 's', existing: true, parameters: { pin: 'secret-2' } });
    expect(given).toEqual(['b update 2', 'a update secret-2']);
    await engine(store).update({ stack: 's', existing: true });
    expect(given).toHaveLength(2);
  });

  test('a hidden parameter that is cleared gets its default', async () => {
    const store = new MemoryStore();
    await engine(store).create({ ...STACK, parameters: { pin: 'secret-1', old: 'other' } });
    given = [];
    await engine(store).update({ stack: 's', existing: true, clearParameters: ['old'] });
    expect(given).toEqual(['c update old-default']);
  });

  test('a rollback goes back to the hidden values from before', async () => {
    const store = new MemoryStore();
    const own = engine(store);
    await own.create(STACK);
    given = [];
    const update = { stack: 's', existing: true, rollback: true, parameters: { pin: 'secret-2', fail: true } };
    await failure(own.update(update));
    expect((await own.show('s')).state).toBe('ROLLBACK_COMPLETE');
    expect(given.filter((call) => call.startsWith('a'))).toEqual(['a update secret-2', 'a update secret-1']);
    given = [];
    await own.update({ stack: 's', existing: true, parameters: { pin: 'secret-1' } });
    expect(given).toEqual([]);
  });

  test('a stack whose engine was killed at any point of a create or an update is resumed without them', async () => {
    for (let limit = 1; ; limit += 1) {
      const store = new MemoryStore();
      const view = storeUntilKill(store, limit);
      const dying = new Engine({
        types: [Thing],
        store: view.store,
        clock: new SimulatedClock(),
        encryption: { keys: [KEY] },
      });
      const acted = dying
        .create(STACK)
        .then(() => dying.update({ stack: 's', existing: true, parameters: { pin: 'secret-2' } }));
      acted.catch(() => {});
      const isDone = await Promise.race([acted.then(() => true), view.killed.then(() => false)]);
      const next = engine(store);
      if ((await next.list()).length > 0) {
        const resumed = await next.resume({ stack: 's' });
        expect([limit, resumed?.status]).toEqual([limit, 'COMPLETE']);
      }
      if (isDone) break;
    }
  });

  test('an immutable one may not change', async () => {
    const store = new MemoryStore();
    const template = {
      ...TEMPLATE,
      parameters: { ...TEMPLATE.parameters, pin: { type: 'string', hidden: true, immutable: true } },
    };
    await engine(store).create({ ...STACK, template });
    const error = await failure(engine(store).update({ stack: 's', template, parameters: { pin: 'secret-2' } }));
    expect(error.code).toBe('ImmutableParameterModified');
  });
});

describe('the file of a store', () => {
  test.each([
    ['with a key', [KEY]],
    ['without one', NO_KEY],
  ])('has no value of a hidden parameter in it, %s', async (title, keys) => {
    const folder = join(directory, title.replaceAll(' ', '-'));
    const own = engine(SqliteStore.open(join(folder, 's.db')), keys.length === 0 ? undefined : keys);
    const told: unknown[] = [];
    own.onEvent((event) => told.push(event));
    await own.create({
      ...STACK,
      template: { ...TEMPLATE, parameters: { ...TEMPLATE.parameters, old: { type: 'string', hidden: true } } },
      parameters: { pin: 'secret-1', old: 'secret-0' },
    });
    told.push(own.inspect({ ...STACK }, undefined, { masksSecrets: true }));
    told.push(await own.previewUpdate({ stack: 's', template: TEMPLATE, parameters: { pin: 'secret-2' } }));
    told.push(await failure(own.update({ ...STACK, rollback: true, parameters: { pin: 'secret-3', fail: true } })));
    told.push(await own.show('s'), await own.list(), await own.export('s'), await own.storedEvents('s'));
    const files = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'latin1'));
    const text = [inspect(told, { depth: 20, maxStringLength: null }), JSON.stringify(told), ...files].join('\n');
    expect(text).toContain('it fails');
    expect(text.match(/.{0,40}secret-\d.{0,40}/)).toBeNull();
    await own.delete({ stack: 's' });
  });

  test('has no default of a hidden parameter in it when there is a key', async () => {
    const folder = join(directory, 'defaults');
    const own = engine(SqliteStore.open(join(folder, 's.db')));
    await own.create(STACK);
    const text = readdirSync(folder)
      .map((file) => readFileSync(join(folder, file), 'latin1'))
      .join('\n');
    expect(text).toContain('hotloom');
    expect(text.match(/.{0,40}old-default.{0,40}/)).toBeNull();
    expect((await own.export('s')).template).toEqual(TEMPLATE);
  });
});

describe('a stack that was stored with a key', () => {
  const CALLS: readonly (readonly [string, (own: Engine) => Promise<unknown>])[] = [
    ['update', (own) => own.update({ ...STACK, parameters: { pin: 'secret-2' } })],
    ['update of what exists', (own) => own.update({ stack: 's', existing: true })],
    ['check', (own) => own.check({ stack: 's' })],
    ['export', (own) => own.export('s')],
    ['mark-unhealthy', (own) => own.markUnhealthy({ stack: 's', resource: 'a' })],
    ['signal', (own) => own.signal({ stack: 's', resource: 'a' })],
  ];

  test.each(CALLS)('is not open to %s without it', async (_, call) => {
    const store = new MemoryStore();
    await engine(store).create(STACK);
    const before = inspect(store.listStacks(), { depth: 9 });
    const error = await failure(call(keyless(store)));
    expect(error.message).toBe(
      "The encryption key of stack 's' is needed, and was not given.\n" +
        '  It is encrypted with the key 979fa3b5a5812cd2, and no key was given.\n' +
        '  Give the key by --key-file, $HOTLOOM_KEY_FILE or $HOTLOOM_KEY; in a program by the option encryption.',
    );
    expect((await failure(call(engine(store, OTHER_KEY)))).why).toBe(
      'It is encrypted with the key 979fa3b5a5812cd2, and none of those that were given is it.',
    );
    expect(inspect(store.listStacks(), { depth: 9 })).toBe(before);
    await call(engine(store, [OTHER_KEY, KEY]));
  });

  test('is listed, shown and deleted without it', async () => {
    const store = new MemoryStore();
    await engine(store).create(STACK);
    const own = keyless(store);
    expect((await own.list()).map(({ name }) => name)).toEqual(['s']);
    expect((await own.show('s')).parameters).toEqual({ size: 1, fail: false });
    await own.delete({ stack: 's' });
    expect(await own.list()).toEqual([]);
  });

  test('is resumed only with it, and a delete of it also without', async () => {
    const store = new MemoryStore();
    const view = storeUntilKill(store, 4);
    const dying = new Engine({
      types: [Thing],
      store: view.store,
      clock: new SimulatedClock(),
      encryption: { keys: [KEY] },
    });
    dying.create(STACK).catch(() => {});
    await view.killed;
    const own = keyless(store);
    const resumed = own.resume({ stack: 's', parameters: { pin: 'secret-1' } });
    expect((await failure(resumed)).code).toBe('EncryptionKeyMissing');
    await own.delete({ stack: 's' });
  });
});

test('an inspection tells what it can of a template with a wrong output, whether it masks secrets or not', async () => {
  const own = new Engine();
  // As under Heat, what outputs of this language refer to is looked at when they are resolved.
  const template = {
    AWSTemplateFormatVersion: '2010-09-09',
    Parameters: { pin: { Type: 'String', NoEcho: true }, key: { Type: 'String', NoEcho: true, Default: 'a key' } },
    Outputs: {
      pin: { Value: { Ref: 'pin' } },
      wrong: { Value: { Ref: 'nothing' } },
      told: { Value: { 'Fn::Select': ['9', [{ Ref: 'pin' }]] } },
      looksWrong: { Value: { __error__: { Ref: 'pin' } } },
    },
  };
  const input = { stack: 's', template, parameters: { pin: '1234' } };
  const error = { __error__: expect.stringContaining('The Parameter (nothing) was not provided.') };
  const plain = own.inspect(input);
  expect(plain.parameters).toMatchObject({ pin: null, key: null });
  expect(plain.outputs).toMatchObject({ pin: { value: '1234' }, wrong: { value: error } });
  const masked = own.inspect(input, undefined, { masksSecrets: true });
  expect(masked.parameters).toMatchObject({ pin: '******', key: '******' });
  expect(masked.outputs).toMatchObject({
    pin: { value: '******' },
    wrong: { value: error },
    looksWrong: { value: '******' },
  });
  expect(JSON.stringify(masked)).not.toContain('1234');
  await own.close();
});
