import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { localTypes } from '../../src/builtin/local/index.ts';
import { Engine } from '../../src/engine.ts';
import { isHotloomError } from '../../src/errors.ts';
import type { SnapshotDeleteCall } from '../../src/resource/handler.ts';
import { definePlainType, defineStreamingType } from '../../src/resource/resource-type.ts';
import { SimulatedClock } from '../../src/simulated-clock.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { SqliteStore } from '../../src/store/sqlite-store.ts';
import { KEY } from '../store/keys.ts';
import { storeUntilKill } from './killed-engine.ts';

/** What is in the world. */
class World {
  /** The content of each thing, by resource and token. */
  readonly things = new Map<string, string>();
  /** What is kept of them, by snapshot and resource. */
  readonly kept = new Map<string, string>();
  readonly calls: string[] = [];
  /** The call that fails, as `snapshot b`. */
  failing: string | undefined;
  isDead = (): boolean => false;

  call(what: string, { name }: { readonly name: string }): void {
    if (this.isDead()) throw new Error('the engine is dead');
    this.calls.push(`${what} ${name}`);
    if (this.failing === `${what} ${name}`) throw new Error(`no ${what}`);
  }

  /** Somebody outside changes a thing. */
  drift(name: string, content: string): void {
    for (const key of this.things.keys()) if (key.startsWith(`${name} `)) this.things.set(key, content);
  }

  get contents(): readonly string[] {
    return [...this.things].map(([key, content]) => `${key.split(' ')[0]}=${content}`).sort();
  }
}

function typesOf(world: World) {
  const base = {
    lookup: ({ resource, token }: { resource: { name: string }; token: string }) =>
      world.things.has(`${resource.name} ${token}`) ? token : undefined,
    snapshot({
      resource,
      resourceId,
      snapshotId,
    }: {
      resource: { name: string };
      resourceId: string | undefined;
      snapshotId: string;
    }) {
      world.call('snapshot', resource);
      const key = `${snapshotId} ${resource.name}`;
      world.kept.set(key, world.things.get(`${resource.name} ${resourceId}`) as string);
      return { key };
    },
    deleteSnapshot({ resource, snapshot, snapshotId }: SnapshotDeleteCall) {
      world.call('deleteSnapshot', resource);
      world.kept.delete(snapshot === undefined ? `${snapshotId} ${resource.name}` : String(snapshot.key));
    },
    delete({
      resource,
      resourceId,
      token,
    }: {
      resource: { name: string };
      resourceId: string | undefined;
      token: string;
    }) {
      world.call('delete', resource);
      world.things.delete(`${resource.name} ${resourceId ?? token}`);
    },
  };
  const thing = definePlainType({
    name: 'Thing',
    properties: { text: { type: 'string', updateAllowed: true }, place: { type: 'string' } },
    attributes: { content: { schema: { type: 'string' } } },
    handler: {
      ...base,
      async create({ resource, properties, token, setResourceId }) {
        world.call('create', resource);
        world.things.set(`${resource.name} ${token}`, properties.text ?? '');
        await setResourceId(token);
        return { content: properties.text ?? '' };
      },
      update({ resource, properties, previous }) {
        world.call('update', resource);
        world.things.set(`${resource.name} ${previous.resourceId}`, properties.text ?? '');
        return { content: properties.text ?? '' };
      },
      async restore({ resource, previous, snapshot, token, setResourceId }) {
        world.call(previous === undefined ? 'make' : 'restore', resource);
        const content = world.kept.get(String(snapshot.key)) as string;
        world.things.set(`${resource.name} ${previous?.resourceId ?? token}`, content);
        if (previous === undefined) await setResourceId(token);
        return { content };
      },
    },
  });
  const stream = defineStreamingType({
    name: 'Stream',
    properties: { text: { type: 'string' } },
    attributes: { content: { schema: { type: 'string' } } },
    handler: {
      ...base,
      async create({ resource, token, inputs, outputs, setResourceId }) {
        const text = (await inputs.text) ?? '';
        world.call('create', resource);
        world.things.set(`${resource.name} ${token}`, text);
        await setResourceId(token);
        await outputs.content(text);
      },
      async restore({ resource, previous, snapshot, outputs, token, setResourceId }) {
        world.call(previous === undefined ? 'make' : 'restore', resource);
        const content = world.kept.get(String(snapshot.key)) as string;
        world.things.set(`${resource.name} ${previous?.resourceId ?? token}`, content);
        if (previous === undefined) await setResourceId(token);
        await outputs.content(content);
      },
    },
  });
  return [thing, stream];
}

const template = {
  heat_template_version: 'hotloom-1',
  parameters: { text: { type: 'string', default: 'one' }, pin: { type: 'string', hidden: true, default: '1234' } },
  resources: {
    a: { type: 'Thing', properties: { text: { get_param: 'text' }, place: { get_param: 'pin' } } },
    b: { type: 'Stream', properties: { text: { get_attr: ['a', 'content'] } } },
    group: {
      type: 'OS::Heat::ResourceGroup',
      properties: { count: 2, resource_def: { type: 'Thing', properties: { text: '%index%' } } },
    },
    value: { type: 'OS::Heat::Value', properties: { value: { get_attr: ['a', 'content'] } } },
  },
  outputs: { a: { value: { get_attr: ['value', 'value'] } }, b: { value: { get_attr: ['b', 'content'] } } },
};
const NAMES = ['a', 'b', 'group/0', 'group/1'];

describe('a snapshot', () => {
  let clock: SimulatedClock;
  let engine: Engine;
  let world: World;
  beforeEach(async () => {
    clock = new SimulatedClock();
    world = new World();
    engine = new Engine({ types: typesOf(world), clock, limits: { maxSnapshots: 3 } });
    await clock.run(engine.create({ stack: 's', template, tags: ['old'] }));
    world.calls.length = 0;
  });
  afterEach(() => clock.run(engine.close()));

  const snapshot = (name = 'first') => clock.run(engine.snapshot({ stack: 's', name }));
  const restore = (options = {}) => clock.run(engine.restore({ stack: 's', snapshot: 'first', ...options }));
  const refused = (call: Promise<unknown>, code: string) =>
    clock.run(call).then(
      () => expect(code).toBe('a refusal'),
      (error: unknown) => {
        if (!isHotloomError(error, code)) throw error;
        return error;
      },
    );

  test("holds the stack's definition, and what is kept of each resource, also of nested ones", async () => {
    world.drift('a', 'drifted');
    const taken = await snapshot();
    expect(taken).toMatchObject({
      name: 'first',
      state: 'CREATE_COMPLETE',
      reason: 'Stack SNAPSHOT completed successfully',
      stackState: 'CREATE_COMPLETE',
    });
    expect((await engine.show('s')).state).toBe('SNAPSHOT_COMPLETE');
    expect((await engine.show('s')).resources.every(({ state }) => state === 'SNAPSHOT_COMPLETE')).toBe(true);
    expect([...world.calls].sort()).toEqual(NAMES.map((name) => `snapshot ${name}`));
    expect(await engine.snapshots('s')).toEqual([taken]);
    const shown = await engine.showSnapshot({ stack: 's', snapshot: taken.id });
    expect(shown).toMatchObject({ ...taken, template, tags: ['old'], parameters: { text: 'one' } });
    expect(JSON.stringify({ ...shown, template: {} })).not.toContain('"1234"');
    expect(shown.resources.map(({ name, data }) => [name, data])).toEqual(
      expect.arrayContaining([
        ['a', { key: `${taken.id} a` }],
        ['group/1', { key: `${taken.id} group/1` }],
        ['value', undefined],
      ]),
    );
    world.calls.length = 0;
    await clock.run(engine.update({ stack: 's', template }));
    expect(world.calls).toEqual([]);
  });

  test('is restored: what was changed, removed and added since, and what has drifted', async () => {
    world.drift('b', 'kept');
    await snapshot();
    const { b: _b, ...rest } = template.resources;
    const later = {
      ...template,
      resources: { ...rest, c: { type: 'Thing', properties: { text: 'new' } } },
      outputs: {},
    };
    await clock.run(engine.update({ stack: 's', template: later, parameters: { text: 'two' }, tags: ['new'] }));
    world.drift('group/1', 'drifted');
    world.calls.length = 0;
    const restored = await restore();
    expect(restored).toMatchObject({
      state: 'RESTORE_COMPLETE',
      reason: 'Stack RESTORE completed successfully',
      outputs: { a: 'one', b: 'kept' },
      parameters: { text: 'one' },
      tags: ['old'],
    });
    expect(world.contents).toEqual(['a=one', 'b=kept', 'group/0=0', 'group/1=1']);
    expect([...world.calls].sort()).toEqual(['delete c', 'make b', 'restore a', 'restore group/0', 'restore group/1']);
    world.calls.length = 0;
    await clock.run(engine.update({ stack: 's', existing: true }));
    expect(world.calls).toEqual([]);
  });

  test('is restored also when only the real things have changed, as often as one likes', async () => {
    await snapshot();
    for (const content of ['x', 'y']) {
      world.drift('a', content);
      expect((await restore()).outputs).toEqual({ a: 'one', b: 'one' });
      expect(world.contents).toEqual(['a=one', 'b=one', 'group/0=0', 'group/1=1']);
    }
    expect(world.calls.filter((each) => each.startsWith('create') || each.startsWith('delete'))).toEqual([]);
  });

  test('brings the readers of what it restores to its values', async () => {
    world.drift('a', 'drifted');
    await snapshot();
    // The attribute was the one of the create until now.
    expect((await restore()).outputs).toEqual({ a: 'drifted', b: 'one' });
  });

  test('does not touch a stack when it fails, but for its state', async () => {
    world.failing = 'snapshot b';
    const { what } = (await refused(engine.snapshot({ stack: 's' }), 'StackFailed')) ?? { what: '' };
    expect(what).toBe('Stack SNAPSHOT failed: Resource SNAPSHOT failed: Error: resources.b: no snapshot');
    expect((await engine.show('s')).state).toBe('SNAPSHOT_FAILED');
    const [failed] = await engine.snapshots('s');
    expect(failed).toMatchObject({
      name: undefined,
      state: 'CREATE_FAILED',
      reason: 'Resource SNAPSHOT failed: Error: resources.b: no snapshot',
    });
    const refusal = await refused(engine.restore({ stack: 's', snapshot: failed?.id ?? '' }), 'NotSupported');
    expect(refusal?.what).toBe(`Restoring incomplete snapshot is not supported: ${failed?.id} is CREATE_FAILED.`);
    [world.failing, world.calls.length] = [undefined, 0];
    // A resource of which nothing could be kept is well all the same.
    await clock.run(engine.update({ stack: 's', template }));
    expect(world.calls).toEqual([]);
    await clock.run(engine.deleteSnapshot({ stack: 's', snapshot: failed?.id ?? '' }));
    expect([world.kept.size, await engine.snapshots('s')]).toEqual([0, []]);
  });

  test('is not taken of what has failed, in a stack that says so', async () => {
    await engine.markUnhealthy({ stack: 's', resource: 'a' });
    const { what } = (await refused(engine.snapshot({ stack: 's' }), 'StackFailed')) ?? { what: '' };
    expect(what).toContain("resources.a: State ('CHECK', 'FAILED') invalid for snapshot");
    expect((await engine.show('s')).resources.find(({ name }) => name === 'a')?.state).toBe('CHECK_FAILED');
  });

  test('of a suspended stack leaves it suspended', async () => {
    await clock.run(engine.suspend({ stack: 's' }));
    expect((await snapshot()).stackState).toBe('SUSPEND_COMPLETE');
    await refused(engine.update({ stack: 's', template }), 'NotSupported');
    const { what } = (await refused(engine.restore({ stack: 's', snapshot: 'first' }), 'NotSupported')) ?? { what: '' };
    expect(what).toBe('Restoring a stack when it is suspended is not supported: s is SNAPSHOT_COMPLETE.');
    expect((await clock.run(engine.resume({ stack: 's' })))?.state).toBe('RESUME_COMPLETE');
    expect((await restore()).state).toBe('RESTORE_COMPLETE');
  });

  test('leaves a plan that was kept before as it is, and so do a suspend and a resume', async () => {
    const plan = await engine.planUpdate({ stack: 's', template, parameters: { text: 'two' } });
    await snapshot();
    await clock.run(engine.suspend({ stack: 's' }));
    await refused(engine.apply({ plan }), 'PlanStale');
    await clock.run(engine.resume({ stack: 's' }));
    expect((await clock.run(engine.apply({ plan }))).outputs).toEqual({ a: 'two', b: 'two' });
  });

  test('is one of so many', async () => {
    for (const name of ['first', 'second', 'third']) await snapshot(name);
    const { what } = (await refused(engine.snapshot({ stack: 's' }), 'RequestLimitExceeded')) ?? { what: '' };
    expect(what).toBe(
      'Request limit exceeded: You have reached the maximum snapshots per stack, 3. Please delete some snapshots.',
    );
    await clock.run(engine.deleteSnapshot({ stack: 's', snapshot: 'second' }));
    await snapshot('first');
    expect((await engine.snapshots('s')).map(({ name }) => name)).toEqual(['first', 'third', 'first']);
  });

  test('may have the name of another, and is then meant by its id', async () => {
    const [first, second] = [await snapshot('nightly'), await snapshot('nightly')];
    const text = `2 snapshots of stack 's' are called 'nightly'.
  They are, oldest first: ${[first, second].map(({ id, createdAt }) => `${id} of ${new Date(createdAt).toISOString()}`).join(', ')}.
  Give the id of the one that is meant.`;
    const choice = { stack: 's', snapshot: 'nightly' };
    for (const act of [engine.restore(choice), engine.deleteSnapshot(choice), engine.showSnapshot(choice)]) {
      expect((await refused(act, 'UsageError'))?.message).toBe(text);
    }
    await clock.run(engine.deleteSnapshot({ stack: 's', snapshot: second.id }));
    expect((await engine.showSnapshot(choice)).id).toBe(first.id);
  });

  test('is deleted with what is kept for it, as often as it takes', async () => {
    await snapshot();
    world.failing = 'deleteSnapshot b';
    const { what } = (await refused(engine.deleteSnapshot({ stack: 's', snapshot: 'first' }), 'ResourceFailure')) ?? {
      what: '',
    };
    expect(what).toBe('Resource snapshot DELETE failed: Error: resources.b: no deleteSnapshot');
    expect((await engine.snapshots('s')).map(({ state }) => state)).toEqual(['DELETE_FAILED']);
    await refused(engine.restore({ stack: 's', snapshot: 'first' }), 'NotSupported');
    world.failing = undefined;
    await clock.run(engine.deleteSnapshot({ stack: 's', snapshot: 'first' }));
    expect([world.kept.size, await engine.snapshots('s')]).toEqual([0, []]);
    const refusal = await refused(engine.deleteSnapshot({ stack: 's', snapshot: 'first' }), 'EntityNotFound');
    expect(refusal?.what).toBe('The Snapshot (first) for Stack (s) could not be found.');
    expect((await engine.show('s')).state).toBe('SNAPSHOT_COMPLETE');
  });

  test('goes with its stack, before anything else of it', async () => {
    await snapshot();
    world.failing = 'deleteSnapshot b';
    const { what } = (await refused(engine.delete({ stack: 's' }), 'StackFailed')) ?? { what: '' };
    expect(what).toBe('Stack DELETE failed: Resource snapshot DELETE failed: Error: resources.b: no deleteSnapshot');
    expect(world.things.size).toBe(4);
    world.failing = undefined;
    await clock.run(engine.delete({ stack: 's' }));
    expect([world.kept.size, world.things.size]).toEqual([0, 0]);
  });

  test('that holds something keeps its stack from being abandoned, unless by force', async () => {
    await snapshot();
    world.calls.length = 0;
    const refusal = await refused(engine.abandon('s'), 'NotSupported');
    expect(String(refusal?.message)).toBe(
      [
        "Abandoning stack 's' is not supported while its snapshots hold something.",
        "  What they hold is not in an export, and nobody could restore or remove it any more: 'first' of 'a', 'b', 'group/0' and 'group/1'.",
        '  Delete them (hotloom delete-snapshot s SNAPSHOT), or abandon the stack by force (--force), and what they hold is left behind.',
      ].join('\n'),
    );
    expect((await engine.snapshots('s')).map(({ state }) => state)).toEqual(['CREATE_COMPLETE']);
    await engine.abandon('s', 'default', { force: true });
    expect([await engine.list(), world.kept.size, world.calls]).toEqual([[], 4, []]);
  });

  test('that is deleted, or holds nothing, keeps its stack from nothing', async () => {
    await snapshot();
    await clock.run(engine.deleteSnapshot({ stack: 's', snapshot: 'first' }));
    await engine.abandon('s');
    const value = { type: 'OS::Heat::Value', properties: { value: 1 } };
    await clock.run(engine.create({ stack: 's', template: { ...template, resources: { value }, outputs: {} } }));
    await snapshot();
    await engine.abandon('s');
    expect(await engine.list()).toEqual([]);
  });

  test('whose restore fails leaves a stack that is restored again, or rolled back', async () => {
    await snapshot();
    await clock.run(engine.update({ stack: 's', template, parameters: { text: 'two' } }));
    world.failing = 'make b';
    const { what } = (await refused(engine.restore({ stack: 's', snapshot: 'first' }), 'StackFailed')) ?? { what: '' };
    expect(what).toBe('Stack RESTORE failed: Resource CREATE failed: Error: resources.b: no make');
    expect((await engine.show('s')).state).toBe('RESTORE_FAILED');
    world.failing = undefined;
    expect((await restore()).outputs).toEqual({ a: 'one', b: 'one' });
    await clock.run(engine.update({ stack: 's', template, parameters: { text: 'two' } }));
    world.failing = 'make b';
    await refused(engine.restore({ stack: 's', snapshot: 'first', rollback: true }), 'StackFailed');
    expect(await engine.show('s')).toMatchObject({ state: 'ROLLBACK_COMPLETE', outputs: { a: 'two', b: 'two' } });
    expect(world.contents).toEqual(['a=two', 'b=two', 'group/0=0', 'group/1=1']);
  });

  test('gives way to an update or a delete of the stack by the same engine', async () => {
    for (const act of ['update', 'delete'] as const) {
      const stack = `s-${act}`;
      await clock.run(engine.create({ stack, template }));
      let done: Promise<unknown> | undefined;
      const stop = engine.onEvent((event) => {
        if (event.type !== 'resource' || event.stack !== stack || event.action !== 'SNAPSHOT') return;
        done ??= act === 'update' ? engine.update({ stack, template }) : engine.delete({ stack });
      });
      const refusal = await refused(engine.snapshot({ stack }), 'StackFailed');
      expect(refusal?.what).toContain('Stack SNAPSHOT failed: Stack SNAPSHOT was');
      await clock.run(done ?? Promise.resolve());
      stop();
      const left = (await engine.list()).find(({ name }) => name === stack);
      expect(left?.state).toBe(act === 'update' ? 'UPDATE_COMPLETE' : undefined);
    }
  });

  test('asks for hidden parameters again, which are not stored', async () => {
    const { pin: _pin, ...parameters } = template.parameters;
    const strict = { ...template, parameters: { ...parameters, pin: { type: 'string', hidden: true } } };
    await clock.run(engine.create({ stack: 't', template: strict, parameters: { pin: '99' } }));
    await clock.run(engine.snapshot({ stack: 't', name: 'first' }));
    await refused(engine.restore({ stack: 't', snapshot: 'first' }), 'UserParameterMissing');
    const { state } = await clock.run(engine.restore({ stack: 't', snapshot: 'first', parameters: { pin: '99' } }));
    expect(state).toBe('RESTORE_COMPLETE');
  });
});

describe('an engine that is killed at any position of the journal', () => {
  async function live(store: MemoryStore, world: World, limit: number, act: (engine: Engine) => Promise<unknown>) {
    const seen = storeUntilKill(store, limit);
    const clock = new SimulatedClock();
    world.isDead = seen.isDead;
    const engine = new Engine({ types: typesOf(world), clock, store: seen.store });
    await clock.run(Promise.race([act(engine), seen.killed]));
    if (!seen.isDead()) await clock.run(engine.close());
    return seen.isDead();
  }
  const never = Number.POSITIVE_INFINITY;
  const take = (engine: Engine) => engine.snapshot({ stack: 's', name: 'first' });
  const resume = (engine: Engine) => engine.resume({ stack: 's' });
  const change = async (engine: Engine) => {
    const { b: _b, ...rest } = template.resources;
    const resources = { ...rest, c: { type: 'Thing', properties: { text: 'new' } } };
    await engine.update({ stack: 's', template: { ...template, resources, outputs: {} }, parameters: { text: 'two' } });
  };

  test('while it takes a snapshot: the next one comes to the end, and everything is kept once', async () => {
    for (let limit = 1; ; limit += 1) {
      const [store, world] = [new MemoryStore(), new World()];
      await live(store, world, never, (engine) => engine.create({ stack: 's', template }));
      const isKilled = await live(store, world, limit, take);
      await live(store, world, (limit % 4) + 1, resume);
      await live(store, world, never, async (engine) => {
        await resume(engine);
        if ((await engine.snapshots('s')).length === 0) await take(engine);
        expect([limit, (await engine.show('s')).state]).toEqual([limit, 'SNAPSHOT_COMPLETE']);
        expect((await engine.snapshots('s')).map(({ state }) => [limit, state])).toEqual([[limit, 'CREATE_COMPLETE']]);
        const { resources } = await engine.showSnapshot({ stack: 's', snapshot: 'first' });
        expect([
          limit,
          resources
            .filter(({ data }) => data !== undefined)
            .map(({ name }) => name)
            .sort(),
        ]).toEqual([limit, NAMES]);
        expect([limit, world.kept.size]).toEqual([limit, 4]);
        await engine.delete({ stack: 's' });
        expect([limit, world.kept.size, world.things.size]).toEqual([limit, 0, 0]);
      });
      if (!isKilled) return;
    }
  });

  test('while it takes a snapshot: a delete of the stack leaves nothing that was kept', async () => {
    for (let limit = 1; ; limit += 1) {
      const [store, world] = [new MemoryStore(), new World()];
      await live(store, world, never, (engine) => engine.create({ stack: 's', template }));
      const isKilled = await live(store, world, limit, take);
      // Another engine that cannot keep everything deletes all the same.
      world.failing = 'snapshot b';
      await live(store, world, never, (engine) => engine.delete({ stack: 's' }));
      expect([limit, world.kept.size, world.things.size]).toEqual([limit, 0, 0]);
      if (!isKilled) return;
    }
  });

  test('while it restores: the next one comes to the end, nothing is there twice, and all of it is what it was', async () => {
    let kills = 0;
    for (let limit = 1; ; limit += 1) {
      const [store, world] = [new MemoryStore(), new World()];
      await live(store, world, never, (engine) => engine.create({ stack: 's', template }));
      world.drift('b', 'kept');
      await live(store, world, never, take);
      await live(store, world, never, change);
      world.drift('group/1', 'drifted');
      const restore = (engine: Engine) => engine.restore({ stack: 's', snapshot: 'first' });
      const isKilled = await live(store, world, limit, restore);
      kills += Number(isKilled);
      await live(store, world, (limit % 7) + 1, resume);
      await live(store, world, never, async (engine) => {
        await resume(engine);
        // Killed before it had begun, it is asked for again.
        if ((await engine.show('s')).state !== 'RESTORE_COMPLETE') await restore(engine);
        const { state, outputs } = await engine.show('s');
        expect({ limit, state, outputs }).toEqual({
          limit,
          state: 'RESTORE_COMPLETE',
          outputs: { a: 'one', b: 'kept' },
        });
        expect([limit, ...world.contents]).toEqual([limit, 'a=one', 'b=kept', 'group/0=0', 'group/1=1']);
        await engine.delete({ stack: 's' });
        expect([limit, world.kept.size, world.things.size]).toEqual([limit, 0, 0]);
      });
      if (!isKilled) break;
    }
    expect(kills).toBeGreaterThan(8);
  });

  test('while it deletes a snapshot: it is deleted by whoever asks again', async () => {
    for (let limit = 1; ; limit += 1) {
      const [store, world] = [new MemoryStore(), new World()];
      await live(store, world, never, (engine) => engine.create({ stack: 's', template }));
      await live(store, world, never, take);
      const remove = (engine: Engine) => engine.deleteSnapshot({ stack: 's', snapshot: 'first' });
      const isKilled = await live(store, world, limit, remove);
      await live(store, world, never, async (engine) => {
        if ((await engine.snapshots('s')).length > 0) await remove(engine);
        expect([limit, world.kept.size, world.things.size]).toEqual([limit, 0, 4]);
      });
      if (!isKilled) return;
    }
  });
});

describe('with a key', () => {
  test('a snapshot holds no secret as it is, and is restored without being given one again; without the key nothing of it is deleted', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'hotloom-'));
    const file = join(directory, 'store.db');
    const pin = 'a-secret-that-nobody-may-read';
    const strict = {
      heat_template_version: '2021-04-16',
      parameters: { pin: { type: 'string', hidden: true } },
      resources: {
        f: { type: 'Local::File', properties: { path: join(directory, 'pin'), content: { get_param: 'pin' } } },
      },
    };
    const engine = new Engine({
      types: localTypes(),
      store: SqliteStore.open(file),
      encryption: { keys: [KEY] },
    });
    await engine.create({ stack: 's', template: strict, parameters: { pin } });
    await engine.snapshot({ stack: 's', name: 'first' });
    await engine.update({ stack: 's', template: strict, parameters: { pin: 'another' } });
    const { state } = await engine.restore({ stack: 's', snapshot: 'first' });
    const keyless = new Engine({ types: localTypes(), store: SqliteStore.open(file) });
    await expect(keyless.delete({ stack: 's' })).rejects.toMatchObject({ code: 'EncryptionKeyMissing' });
    expect((await keyless.show('s')).state).toBe(state);
    await keyless.close();
    expect([state, readFileSync(join(directory, 'pin'), 'utf8')]).toEqual(['RESTORE_COMPLETE', pin]);
    await engine.close();
    const stored = readFileSync(file, 'latin1');
    for (const form of [pin, Buffer.from(pin).toString('base64')]) expect(stored).not.toContain(form);
    rmSync(directory, { recursive: true });
  });
});
