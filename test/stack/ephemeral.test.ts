import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { SqliteStore } from '../../src/store/sqlite-store.ts';
import { KEY } from '../store/keys.ts';
import { storeUntilKill } from './killed-engine.ts';
import { failure, leaks, SecretWorld } from './secret-world.ts';

const directory = mkdtempSync(join(tmpdir(), 'hotloom-'));
afterAll(() => rmSync(directory, { recursive: true }));

let world: SecretWorld;
beforeEach(() => {
  world = new SecretWorld();
});
afterEach(() => world.close());

const OF_TOKEN = { get_attr: ['lease', 'token'] };

/** `lease` writes what `app` reads; `app` and `late`, if it is there, can be changed by `live`. */
function template(type: 'Lease' | 'Vault', parts: { live?: string; late?: boolean; size?: number } = {}): object {
  const { live = 'good', late = false, size = 1 } = parts;
  return {
    heat_template_version: 'hotloom-1',
    parameters: { pin: { type: 'string', ephemeral: true } },
    resources: {
      lease: { type, properties: { size } },
      app: { type: 'User', properties: { of: OF_TOKEN, live } },
      own: { type: 'User', properties: { of: { get_param: 'pin' } } },
      ...(late ? { late: { type: 'User', properties: { of: OF_TOKEN } } } : {}),
    },
    outputs: { token: { value: OF_TOKEN }, echo: { value: { get_attr: ['own', 'echo'] } } },
  };
}

const PIN = { pin: 's3cret-pin' };

describe('what is ephemeral', () => {
  test('is nowhere in the file, even encrypted, and is told by no output', async () => {
    const folder = join(directory, 'nowhere');
    const engine = world.engine({ store: SqliteStore.open(join(folder, 's.db')) });
    const told: unknown[] = [];
    engine.onEvent((event) => told.push(event));
    told.push(await engine.create({ stack: 's', template: template('Vault'), parameters: PIN }));
    expect(world.calls).toEqual(['create lease', 'create own "s3cret-pin"', 'create app "s3cret-tk-1"']);
    const reason = 'It is ephemeral, so it was not kept.';
    expect((await engine.show('s')).outputErrors).toEqual({ token: reason, echo: reason });
    expect(await engine.outputs('s')).toEqual({ token: null, echo: null });
    told.push(await engine.export('s', 'default', { showSecrets: true }));
    expect(leaks(folder, told)).toEqual(expect.arrayContaining([]));
    expect(leaks(folder, told).filter((leak) => !leak.includes('s3cret-pw'))).toEqual([]);
  });

  test('parameter is given again for an update, also of what exists, and is compared', async () => {
    const store = new MemoryStore();
    await world.engine({ store }).create({ stack: 's', template: template('Vault'), parameters: PIN });
    world.calls.length = 0;
    const engine = world.engine({ store });
    const missing = await failure(engine.update({ stack: 's', existing: true }));
    expect(missing.code).toBe('UserParameterMissing');
    await engine.update({ stack: 's', existing: true, parameters: PIN });
    expect(world.calls).toEqual([]);
    await engine.update({ stack: 's', existing: true, parameters: { pin: 's3cret-new' } });
    expect(world.calls).toEqual(['update own "s3cret-new"']);
  });

  test.each(['Lease', 'Vault'] as const)('attribute is not missed by readers that do not change (%s)', async (type) => {
    const store = new MemoryStore();
    await world.engine({ store }).create({ stack: 's', template: template(type), parameters: PIN });
    world.calls.length = 0;
    const updated = await world.engine({ store }).update({ stack: 's', template: template(type), parameters: PIN });
    expect([updated.state, world.calls]).toEqual(['UPDATE_COMPLETE', []]);
  });

  test.each([
    ['is changed', { live: 'better' }, ['create lease', 'update app "s3cret-tk-2"']],
    ['is new', { late: true }, ['create lease', 'create late "s3cret-tk-2"']],
  ] as const)('attribute of a repeatable handler is made again for a reader that %s', async (_, parts, calls) => {
    const store = new MemoryStore();
    await world.engine({ store }).create({ stack: 's', template: template('Lease'), parameters: PIN });
    world.calls.length = 0;
    const engine = world.engine({ store });
    const update = { stack: 's', template: template('Lease', parts), parameters: PIN };
    expect((await engine.update(update)).state).toBe('UPDATE_COMPLETE');
    expect(world.calls).toEqual(calls);
    world.calls.length = 0;
    await engine.update(update);
    expect(world.calls).toEqual([]);
  });

  test('attribute of another handler fails such a reader, with what to do about it', async () => {
    const store = new MemoryStore();
    await world.engine({ store }).create({ stack: 's', template: template('Vault'), parameters: PIN });
    const engine = world.engine({ store });
    const update = { stack: 's', template: template('Vault', { late: true }), parameters: PIN };
    world.calls.length = 0;
    const error = await failure(engine.update(update));
    expect(error.message).toBe(
      "Stack UPDATE failed: Resources were not updated: What is ephemeral of 'lease' cannot be read any more, since it is not stored: token.\n" +
        '  Not updated, since what they wait for failed: late.\n' +
        "It can be read in the action in which 'lease' is created, and the handler of Vault cannot be called again to have it anew.\n" +
        "  Have the next update replace 'lease': 'hotloom mark-unhealthy s lease', and update the stack again. Update stack 's' again: what is as it has to be is left alone.",
    );
    expect(world.calls).toEqual([]);
    await engine.markUnhealthy({ stack: 's', resource: 'lease' });
    expect((await engine.update(update)).state).toBe('UPDATE_COMPLETE');
    expect(world.calls).toEqual(['create lease', 'update app "s3cret-tk-2"', 'create late "s3cret-tk-2"']);
  });

  /** What `lease` is made of is known to be as it was only when the update is at work; it comes out of `base`. */
  function chain(type: 'Lease' | 'Vault', live: string, ofApp: string): object {
    return {
      heat_template_version: 'hotloom-1',
      resources: {
        base: { type: 'User', properties: { of: 'x', live } },
        lease: { type, properties: { size: { get_attr: ['base', 'other'] } } },
        app: { type: 'User', properties: { of: OF_TOKEN, live: ofApp } },
      },
    };
  }

  test.each(['Lease', 'Vault'] as const)('attribute is as it was when its writer comes out so (%s)', async (type) => {
    const store = new MemoryStore();
    await world.engine({ store }).create({ stack: 's', template: chain(type, 'good', 'good') });
    world.calls.length = 0;
    const updated = await world.engine({ store }).update({ stack: 's', template: chain(type, 'better', 'good') });
    expect([updated.state, world.calls]).toEqual(['UPDATE_COMPLETE', ['update base "x"']]);
  });

  test.each([
    {
      type: 'Lease',
      why: "'lease' is as it has to be, and that it would be read was not known before it was compared.",
      fix: "Update the stack again: 'lease' is then called again first.",
      again: { state: 'UPDATE_COMPLETE' },
      calls: ['create lease', 'update app "s3cret-tk-2"'],
    },
    {
      type: 'Vault',
      why: "It can be read in the action in which 'lease' is created, and the handler of Vault cannot be called again to have it anew.",
      fix: "Have the next update replace 'lease': 'hotloom mark-unhealthy s lease', and update the stack again.",
      again: { code: 'StackFailed' },
      calls: [],
    },
  ] as const)(
    'attribute of a writer that is compared fails a reader that changes, with what to do about it ($type)',
    async ({ type, why, fix, again, calls }) => {
      const store = new MemoryStore();
      await world.engine({ store }).create({ stack: 's', template: chain(type, 'good', 'good') });
      const engine = world.engine({ store });
      world.calls.length = 0;
      const update = { stack: 's', template: chain(type, 'better', 'better') };
      const error = await failure(engine.update(update));
      expect(error.message).toBe(
        "Stack UPDATE failed: Resources were not updated: What is ephemeral of 'lease' cannot be read any more, since it is not stored: token.\n" +
          '  Not updated, since what they wait for failed: app.\n' +
          `${why}\n` +
          `  ${fix} Update stack 's' again: what is as it has to be is left alone.`,
      );
      expect(world.calls).toEqual(['update base "x"']);
      expect(await engine.update(update).catch((reason: unknown) => reason)).toMatchObject(again);
      expect(world.calls.slice(1)).toEqual(calls);
    },
  );

  test.each(['Lease', 'Vault'] as const)(
    'value is had by whoever reads it, wherever a create was killed (%s)',
    async (type) => {
      for (let limit = 1; ; limit += 1) {
        const store = new MemoryStore();
        const view = storeUntilKill(store, limit);
        const dying = world.dyingEngine({ store: view.store, encryption: { keys: [KEY] } });
        const acted = dying.create({ stack: 's', template: template(type), parameters: PIN }).then(() => true);
        if (await Promise.race([acted, view.killed.then(() => false)])) break;
        const next = world.engine({ store });
        if ((await next.list()).length === 0) continue;
        expect((await failure(next.resume({ stack: 's' }))).code).toBe('UserParameterMissing');
        world.calls.length = 0;
        const resumed = await next.resume({ stack: 's', parameters: PIN }).catch((error: Error) => error);
        if (type === 'Vault' && resumed instanceof Error) {
          expect([limit, resumed.message]).toEqual([
            limit,
            expect.stringContaining("What is ephemeral of 'lease' cannot be read any more"),
          ]);
          continue;
        }
        expect([limit, resumed]).toMatchObject([limit, { state: 'CREATE_COMPLETE' }]);
        expect(world.calls.filter((call) => call.includes('null'))).toEqual([]);
      }
    },
  );

  test('value of another stack is read while its engine has it, and is a failure later', async () => {
    const store = new MemoryStore();
    const first = world.engine({ store });
    await first.create({ stack: 's', template: template('Vault'), parameters: PIN });
    expect(await first.read('s.lease.token')).toBe('s3cret-tk-1');
    const entry = await world.engine({ store }).tryRead('s.lease.token');
    expect(entry).toMatchObject({ failure: { why: 'It is ephemeral, so it was not kept.' } });
  });
});

test.each([
  ['hotloom-1', { type: 'string', ephemeral: true, default: 'x' }, 'The ephemeral parameter p has a default.'],
  ['2021-04-16', { type: 'string', ephemeral: true }, "Invalid key 'ephemeral' for parameter (p)"],
])('in %s %j is refused', async (version, parameter, message) => {
  const engine = world.engine();
  const document = { heat_template_version: version, parameters: { p: parameter }, resources: {} };
  expect(() => engine.validate({ stack: 's', template: document, parameters: { p: 'y' } })).toThrow(message);
});
