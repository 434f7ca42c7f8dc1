import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Engine } from '../../src/engine.ts';
import { parseKey } from '../../src/store/encryption-key.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import type { StackStore } from '../../src/store/stack-store.ts';
import { KEY, OTHER_KEY } from '../store/keys.ts';
import { storeUntilKill } from './killed-engine.ts';
import { failure, leaks, NO_KEYS, SecretWorld } from './secret-world.ts';

let world: SecretWorld;
beforeEach(() => {
  world = new SecretWorld();
});
afterEach(() => world.close());

const template = (live: string): object => ({
  heat_template_version: 'hotloom-1',
  parameters: { pin: { type: 'string', hidden: true }, old: { type: 'string', hidden: true, default: 's3cret-old' } },
  resources: {
    db: { type: 'Vault' },
    app: { type: 'User', properties: { of: { get_attr: ['db', 'password'] }, live } },
    own: { type: 'User', properties: { of: { get_param: 'pin' } } },
    stream: { type: 'Stream', outputs: { key: { secret: true } } },
  },
  outputs: { password: { value: { get_attr: ['db', 'password'] } }, url: { value: { get_attr: ['db', 'url'] } } },
});

const READER = {
  heat_template_version: 'hotloom-1',
  resources: { a: { type: 'User', properties: { of: { get_data: 's.db.password' } } } },
};

/** Everything that has secrets: a stack with a snapshot, one that has read from it, one whose update has failed. */
async function fill(engine: Engine): Promise<void> {
  const parameters = { pin: 's3cret-pin' };
  await engine.create({ stack: 's', template: template('good'), parameters });
  await engine.snapshot({ stack: 's', name: 'first' });
  await engine.create({ stack: 'reader', template: READER });
  await engine.create({ stack: 'failed', template: template('good'), parameters });
  await failure(engine.update({ stack: 'failed', template: template('bad'), parameters: { pin: 's3cret-2' } }));
}

/** What the backend holds, with the ids of the keys that it is encrypted with. */
async function contentOf(store: StackStore): Promise<string> {
  const stacks = await store.listStacks();
  const parts = await Promise.all(
    stacks.map(async ({ id }) => {
      const snapshots = await store.snapshots(id);
      const kept = await Promise.all(snapshots.map((snapshot) => store.resourceSnapshots(snapshot.id)));
      return [await store.resources(id), await store.values(id), await store.reads(id), snapshots, kept];
    }),
  );
  return JSON.stringify([stacks, parts]);
}

function keysIn(content: string): readonly string[] {
  return [...new Set([...content.matchAll(/"key":"([0-9a-f]{16})"/g)].map((match) => match[1] as string))];
}

/** That everything is there and can be used. */
async function use(engine: Engine): Promise<void> {
  expect((await engine.outputs('s')).password).toBe('s3cret-pw-1');
  expect((await engine.show('failed')).state).toBe('UPDATE_FAILED');
  world.calls.length = 0;
  await engine.update({ stack: 's', existing: true });
  await engine.update({ stack: 'reader', existing: true });
  expect(world.calls).toEqual([]);
  await engine.update({ stack: 'failed', template: template('good'), parameters: { pin: 's3cret-pin' } });
  expect(world.calls).toContain('create app "s3cret-pw-2"');
  await engine.restore({ stack: 's', snapshot: 'first' });
  for (const stack of ['reader', 's', 'failed']) await engine.delete({ stack });
  expect(world.calls).toContain('delete own s3cret-pin');
}

const [id, otherId] = [parseKey(KEY).id, parseKey(OTHER_KEY).id];

describe('rekey', () => {
  test('encrypts everything with the first key, after which the other one is not needed', async () => {
    const store = new MemoryStore();
    await fill(world.engine({ store }));
    expect(keysIn(await contentOf(store))).toEqual([id]);
    const names = ['failed', 'reader', 's'].map((stack) => ({ space: 'default', stack }));
    const rekeyed = await world.engine({ store }, [OTHER_KEY, KEY]).rekey();
    expect(rekeyed).toEqual({ keyId: otherId, stacks: names, busy: [] });
    expect(keysIn(await contentOf(store))).toEqual([otherId]);
    await use(world.engine({ store }, [OTHER_KEY]));
  });

  test('encrypts what was stored without a key', async () => {
    const store = new MemoryStore();
    await fill(world.engine({ store }, NO_KEYS));
    expect(leaks(undefined, JSON.parse(await contentOf(store)))).not.toEqual([]);
    await world.engine({ store }).rekey();
    const content = await contentOf(store);
    // What stood in the template before stays there until the next update tells of it.
    expect(leaks(undefined, content.replaceAll('s3cret-old', ''))).toEqual([]);
    expect(keysIn(content)).toEqual([id]);
    expect((await world.engine({ store }).outputs('s')).password).toBe('s3cret-pw-1');
  });

  test('may be killed at any point, and is called again', async () => {
    for (let limit = 1; ; limit += 1) {
      const store = new MemoryStore();
      world = new SecretWorld();
      await fill(world.engine({ store }));
      const view = storeUntilKill(store, limit);
      const keys = [OTHER_KEY, KEY];
      const done = world.dyingEngine({ store: view.store, encryption: { keys } }).rekey();
      const isDone = await Promise.race([done.then(() => true), view.killed.then(() => false)]);
      await world.engine({ store }, keys).rekey();
      expect([limit, keysIn(await contentOf(store))]).toEqual([limit, [otherId]]);
      if (isDone) break;
    }
    await world.close();
  });

  test('leaves what somebody is at work on, and tells so', async () => {
    const store = new MemoryStore();
    const engine = world.engine({ store });
    await engine.create({ stack: 's', template: template('good'), parameters: { pin: 's3cret-pin' } });
    const { id: stackId } = await engine.show('s');
    const claimant = {
      engineId: 'e',
      actor: 'ann@here',
      host: 'elsewhere',
      pid: 1,
      processStart: 'x',
      leaseMs: 1_000_000,
    };
    store.claim(stackId, claimant);
    expect(await engine.rekey()).toEqual({ keyId: id, stacks: [], busy: [{ space: 'default', stack: 's' }] });
  });

  test('is refused without a key, and without the one that something is encrypted with', async () => {
    const store = new MemoryStore();
    await fill(world.engine({ store }));
    expect((await failure(world.engine({ store }, NO_KEYS).rekey())).code).toBe('UsageError');
    expect((await failure(world.engine({ store }, [OTHER_KEY]).rekey())).code).toBe('EncryptionKeyMissing');
    expect(keysIn(await contentOf(store))).toEqual([id]);
  });
});
