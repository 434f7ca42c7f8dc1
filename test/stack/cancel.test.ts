import { mkdtempSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Engine } from '../../src/engine.ts';
import type { Action } from '../../src/events.ts';
import { processStart } from '../../src/process-identity.ts';
import { definePlainType } from '../../src/resource/resource-type.ts';
import { SimulatedClock, seededRandomness } from '../../src/simulated-clock.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { SqliteStore } from '../../src/store/sqlite-store.ts';
import type { StackRecord } from '../../src/store/stack-store.ts';
import type { Json, JsonObject } from '../../src/values.ts';
import { live, storeUntilKill, withOwn } from './killed-engine.ts';
import { type Told, template, thing, typesOf } from './update-world.ts';

/** Works until its action is stopped, or `ms` are over. */
const slow = definePlainType({
  name: 'Slow',
  properties: { ms: { type: 'number', default: 60_000 } },
  attributes: {},
  handler: {
    create: ({ clock, properties, signal }) =>
      new Promise((resolve, reject) => {
        const timer = clock.schedule(properties.ms, () => resolve({}));
        signal.addEventListener('abort', () => {
          timer.cancel();
          reject(signal.reason);
        });
      }),
    delete: () => {},
  },
});
const SLOW = { type: 'Slow', properties: {} };

let letGo = (): void => {};
/** Is deleted when somebody lets it go. */
const slowToGo = definePlainType({
  name: 'SlowToGo',
  properties: {},
  attributes: {},
  handler: {
    create: () => ({}),
    delete: () =>
      new Promise<void>((resolve) => {
        letGo = resolve;
      }),
  },
});

describe('a cancel', () => {
  let told: Told;
  let engine: Engine;
  let clock: SimulatedClock;
  beforeEach(() => {
    told = { things: new Map(), calls: [] };
    clock = new SimulatedClock();
    engine = new Engine({ types: [...typesOf(told), slow], clock, randomness: seededRandomness(1) });
  });
  afterEach(() => clock.run(engine.close()));

  const at = (ms: number) => new Promise<void>((resolve) => void clock.schedule(ms, resolve));
  const create = (resources: JsonObject) => engine.create({ stack: 's', template: template(resources) });
  const update = (resources: JsonObject, rollback = false) =>
    engine.update({ stack: 's', template: template(resources), rollback });
  const inWorld = () => [...told.things.values()].map(({ name, of }) => `${name}=${of}`).sort();
  const cancelling = async (acting: Promise<unknown>, options: { readonly rollback?: boolean } = {}) => {
    const cancelled = at(100).then(() => engine.cancel({ stack: 's', ...options }));
    const [acted, result] = await clock.run(Promise.allSettled([acting, cancelled]));
    return { acted, result, now: clock.now() };
  };

  test.each([
    { rollback: true, state: 'ROLLBACK_COMPLETE', things: ['a=1'] },
    { rollback: false, state: 'UPDATE_FAILED', things: ['a=1', 'a=2'] },
  ])('of an update, with rollback: $rollback, leaves it $state', async ({ rollback, state, things }) => {
    await clock.run(create({ a: thing({ of: 1 }) }));
    // What the caller of the update has asked for does not count.
    const { acted, result } = await cancelling(update({ a: thing({ of: 2 }), s: SLOW }, !rollback), { rollback });
    expect(acted).toMatchObject({
      status: 'rejected',
      reason: {
        code: 'StackFailed',
        what: 'Stack UPDATE failed: Stack UPDATE was cancelled.',
        fix: rollback ? undefined : "Update stack 's' again: what is as it has to be is left alone.",
      },
    });
    expect(result).toMatchObject({ status: 'fulfilled', value: { state } });
    expect(inWorld()).toEqual(things);
    expect((await clock.run(update({ a: thing({ of: 2 }) }))).state).toBe('UPDATE_COMPLETE');
    expect(inWorld()).toEqual(['a=2']);
  });

  test.each([
    { rollback: undefined, state: 'ROLLBACK_COMPLETE', things: [] },
    { rollback: false, state: 'CREATE_FAILED', things: ['a=1'] },
  ])('of a create, with rollback: $rollback, leaves it $state', async ({ rollback, state, things }) => {
    const options = rollback === undefined ? {} : { rollback };
    const { result } = await cancelling(create({ a: thing({ of: 1 }), s: SLOW }), options);
    expect(result).toMatchObject({ status: 'fulfilled', value: { state } });
    expect(inWorld()).toEqual(things);
  });

  test('of a create, after which an update goes on from where it was', async () => {
    await cancelling(create({ a: thing({ of: 1 }), s: SLOW }), { rollback: false });
    told.calls.length = 0;
    const { state } = await clock.run(update({ a: thing({ of: 1 }), b: thing({}) }));
    expect([state, told.calls]).toEqual(['UPDATE_COMPLETE', ['create b']]);
  });

  test.each([
    {
      what: 'nothing is at work',
      begin: async () => void (await create({ a: thing({}) })),
      error: 'Cancelling a stack when it is CREATE_COMPLETE is not supported: s.',
    },
    {
      what: 'there is nothing to go back to',
      begin: async () => {
        await create({ a: thing({ of: 'bad' }) }).catch(() => {});
        void update({ s: { type: 'Slow', properties: { ms: 500 } } }).catch(() => {});
        await at(100);
      },
      error: "The UPDATE of stack 's' cannot be rolled back.",
    },
    {
      what: 'it is being deleted',
      begin: async () => {
        await create({ o: { type: 'Only', properties: {} } });
        void engine.delete({ stack: 's' });
      },
      error: 'Cancelling a stack when it is deleting is not supported.',
    },
  ])('is refused when $what', async ({ begin, error }) => {
    await clock.run(begin());
    await expect(clock.run(engine.cancel({ stack: 's' }))).rejects.toThrow(error);
    await clock.run(at(1000));
  });

  test('of a stack that is not there is refused', async () => {
    await expect(engine.cancel({ stack: 'none' })).rejects.toThrow('The Stack (none) could not be found.');
  });

  test('that comes right after the call of the action waits until that has begun', async () => {
    const creating = create({ a: thing({ of: 1 }), s: SLOW });
    const [, cancelled] = await clock.run(Promise.allSettled([creating, engine.cancel({ stack: 's' })]));
    expect(cancelled).toMatchObject({ status: 'fulfilled', value: { state: 'ROLLBACK_COMPLETE' } });
  });
});

describe('a cancel of what an engine was stopped in', () => {
  test.each([
    { of: 'create', rollback: true, state: 'ROLLBACK_COMPLETE', things: 0 },
    { of: 'create', rollback: false, state: 'CREATE_FAILED', things: 1 },
    { of: 'update', rollback: true, state: 'ROLLBACK_COMPLETE', things: 1 },
    { of: 'update', rollback: false, state: 'UPDATE_FAILED', things: 2 },
  ])('$of, rollback: $rollback', async ({ of, rollback, state, things }) => {
    const store = new MemoryStore();
    const told: Told = { things: new Map(), calls: [] };
    const live = async (limit: number, act: (engine: Engine) => Promise<unknown>) => {
      const seen = storeUntilKill(store, limit);
      const clock = new SimulatedClock();
      const types = [...typesOf(told, seen.isDead), slow];
      const engine = new Engine({ types, clock, store: seen.store });
      const result = await clock.run(Promise.race([act(engine), seen.killed]));
      if (!seen.isDead()) await clock.run(engine.close());
      return result;
    };
    const never = Number.POSITIVE_INFINITY;
    const made = (value: Json) => template({ a: thing({ of: value }), s: SLOW });
    if (of === 'update') {
      await live(never, (engine) => engine.create({ stack: 's', template: template({ a: thing({ of: 0 }) }) }));
    }
    await live(6, (engine) =>
      of === 'create'
        ? engine.create({ stack: 's', template: made(1) })
        : engine.update({ stack: 's', template: made(1) }),
    );
    expect(store.findStack('default', 's')?.status).toBe('IN_PROGRESS');
    expect(await live(never, (engine) => engine.cancel({ stack: 's', rollback }))).toMatchObject({ state });
    expect(told.things.size).toBe(things);
    await live(never, (engine) => engine.delete({ stack: 's' }));
    expect(told.things.size).toBe(0);
  });
});

describe('a cancel that is repeated after its engine was stopped in the rollback', () => {
  test.each(['create', 'update'] as const)('goes on with it, of %s, at any position', async (of) => {
    for (let limit = 1; ; limit += 1) {
      const store = new MemoryStore();
      const told: Told = { things: new Map(), calls: [] };
      const types = (isDead: () => boolean) => [...typesOf(told, isDead), slow];
      const act = (max: number, what: (engine: Engine) => Promise<unknown>) =>
        live(store, { seed: limit, limit: max, types }, what);
      const never = Number.POSITIVE_INFINITY;
      const made = template({ a: thing({ of: 1 }), s: SLOW });
      const before = template({ a: thing({ of: 0 }) });
      if (of === 'update') await act(never, (engine) => engine.create({ stack: 's', template: before }));
      await act(6, (engine) => engine[of]({ stack: 's', template: made }));
      await act(limit, (engine) => engine.cancel({ stack: 's' }));
      const { action, status } = store.findStack('default', 's') as StackRecord;
      let refusal: unknown;
      let result: unknown;
      await act(never, async (engine) => {
        if (action === 'ROLLBACK' && status === 'IN_PROGRESS')
          refusal = await engine.cancel({ stack: 's', rollback: false }).catch((error: unknown) => error);
        if (status === 'IN_PROGRESS') result = await engine.cancel({ stack: 's' });
      });
      if (refusal !== undefined) {
        expect(refusal).toMatchObject({
          what: 'Cancelling a stack when it is ROLLBACK_IN_PROGRESS is not supported: s.',
          why: 'An engine was stopped in its ROLLBACK, and what that has done cannot be taken back.',
          fix: "Go on with it: 'hotloom resume s'.",
        });
      }
      if (status === 'COMPLETE') {
        expect(limit).toBeGreaterThan(3);
        return;
      }
      expect([limit, result]).toMatchObject([limit, { state: 'ROLLBACK_COMPLETE' }]);
      expect([...told.things.values()].map(({ of: size }) => size)).toEqual(of === 'create' ? [] : [0]);
    }
  });
});

test('a cancel of a snapshot that an engine was stopped in leaves it failed, to be deleted', async () => {
  const store = new MemoryStore();
  const types = typesOf({ things: new Map(), calls: [] });
  const clock = new SimulatedClock();
  const engine = new Engine({ types, clock, store });
  await clock.run(engine.create({ stack: 's', template: template({ a: thing({}) }) }));
  const seen = storeUntilKill(store, 2);
  const killed = new SimulatedClock();
  const one = new Engine({ types, clock: killed, store: seen.store });
  await killed.run(Promise.race([one.snapshot({ stack: 's' }), seen.killed]));
  const states = async () => (await engine.snapshots('s')).map(({ state, reason }) => [state, reason]);
  expect(await states()).toEqual([['CREATE_IN_PROGRESS', 'Stack SNAPSHOT started']]);
  const cancelled = await clock.run(engine.cancel({ stack: 's', rollback: false }));
  expect(cancelled.state).toBe('SNAPSHOT_FAILED');
  expect(await states()).toEqual([['CREATE_FAILED', 'Stack SNAPSHOT was cancelled.']]);
  await clock.run(engine.close());
});

test('a cancel that comes while a resume removes what was interrupted ends that resume', async () => {
  const store = new MemoryStore();
  const lingering = definePlainType({
    name: 'Lingering',
    properties: {},
    attributes: {},
    handler: {
      create: async ({ clock, setResourceId }) => {
        await setResourceId('x');
        await new Promise<void>((resolve) => void clock.schedule(10, resolve));
        return {};
      },
      delete: ({ clock }) => new Promise<void>((resolve) => void clock.schedule(1000, resolve)),
    },
  });
  const seen = storeUntilKill(store, 4);
  const killed = new SimulatedClock();
  const one = new Engine({ types: [lingering, slow], clock: killed, store: seen.store });
  const made = template({ a: { type: 'Lingering' }, s: { ...SLOW, depends_on: 'a' } });
  await killed.run(Promise.race([one.create({ stack: 's', template: made }), seen.killed]));
  expect(store.findStack('default', 's')?.status).toBe('IN_PROGRESS');
  const clock = new SimulatedClock();
  const engine = new Engine({ types: [lingering, slow], clock, store });
  const later = new Promise<void>((resolve) => void clock.schedule(100, resolve));
  const ended = await clock.run(
    Promise.allSettled([
      engine.resume({ stack: 's' }),
      later.then(() => engine.cancel({ stack: 's', rollback: false })),
    ]),
  );
  await clock.run(engine.close());
  expect(ended).toMatchObject([
    { status: 'rejected', reason: { what: 'Stack CREATE failed: Stack CREATE was cancelled.' } },
    { status: 'fulfilled', value: { state: 'CREATE_FAILED' } },
  ]);
});

describe('a cancel whose engine is gone when it is asked', () => {
  const gone = {
    engineId: 'another',
    host: hostname(),
    pid: process.pid,
    processStart: processStart(process.pid) ?? '',
    actor: 'ann',
    leaseMs: 30_000,
    observers: { socket: '/nowhere', token: 'x' },
  };
  const interrupted = async () => {
    const store = new MemoryStore();
    const clock = new SimulatedClock();
    const one = new Engine({ clock, store });
    await clock.run(one.create({ stack: 's', template: template({}) }));
    const claim = store.claim(store.listStacks()[0]?.id as string, gone);
    store.append(claim, [{ kind: 'stack', action: 'UPDATE', status: 'IN_PROGRESS', reason: '', time: 0 }]);
    await clock.run(one.close());
    return { store, claim };
  };

  test.each([
    { has: 'ended well', state: 'UPDATE_COMPLETE' },
    { has: 'been killed', state: 'UPDATE_FAILED' },
  ])('looks again: it has $has', async ({ state }) => {
    const { store, claim } = await interrupted();
    let asked = 0;
    const seen = withOwn(store, {
      holder: (id) => {
        asked += 1;
        if (asked === 1) return gone;
        if (state === 'UPDATE_COMPLETE') {
          store.append(claim, [{ kind: 'stack', action: 'UPDATE', status: 'COMPLETE', reason: '', time: 0 }]);
        }
        store.release(claim);
        return store.holder(id);
      },
    });
    // By the real clock: its socket is a real one.
    const engine = new Engine({ store: seen });
    expect(await engine.cancel({ stack: 's', rollback: false })).toMatchObject({ state });
    await engine.close();
  });
});

describe('another process', () => {
  test.each([
    { rollback: true, state: 'ROLLBACK_COMPLETE' },
    { rollback: false, state: 'UPDATE_FAILED' },
  ])('cancels with rollback: $rollback, which the engine at work does', async ({ rollback, state }) => {
    const directory = mkdtempSync(join(tmpdir(), 'hotloom-cancel-'));
    const file = join(directory, 'store.db');
    const told: Told = { things: new Map(), calls: [] };
    const types = [...typesOf(told), slow];
    const [one, other] = [0, 1].map(() => new Engine({ types, store: SqliteStore.open(file) })) as [Engine, Engine];
    try {
      await one.create({ stack: 's', template: template({ a: thing({ of: 1 }) }) });
      const begun = new Promise<void>((resolve) => {
        one.onEvent((event) => {
          if (event.type === 'resource' && event.resource === 's') resolve();
        });
      });
      const updating = one.update({ stack: 's', template: template({ a: thing({ of: 1 }), s: SLOW }) });
      updating.catch(() => {});
      await begun;
      expect(await other.cancel({ stack: 's', rollback })).toMatchObject({ state });
      await expect(updating).rejects.toThrow('Stack UPDATE was cancelled.');
      await expect(other.cancel({ stack: 's' })).rejects.toThrow(`Cancelling a stack when it is ${state}`);
    } finally {
      await one.close();
      await other.close();
      rmSync(directory, { recursive: true, force: true });
    }
  });

  test('supersedes an update when it is told so, once its own is seen to be right; what is deleted it leaves alone', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'hotloom-cancel-'));
    const told: Told = { things: new Map(), calls: [] };
    const types = [...typesOf(told), slow, slowToGo];
    const make = () => new Engine({ types, store: SqliteStore.open(join(directory, 'store.db')) });
    const [one, other] = [make(), make()];
    const inTheMiddle = (action: Action) =>
      new Promise<void>((resolve) => {
        one.onEvent((event) => {
          if (event.type === 'resource' && event.resource === 's' && event.action === action) resolve();
        });
      });
    const to = (of: number, more = {}) => ({ stack: 's', template: template({ a: thing({ of }), ...more }) });
    try {
      await one.create(to(1));
      const atWork = inTheMiddle('CREATE');
      const updating = one.update(to(2, { s: SLOW }));
      updating.catch(() => {});
      await atWork;
      await expect(other.update(to(3))).rejects.toThrow('already has an action in progress');
      const wrong = { stack: 's', template: template({ b: { type: 'Nothing' } }), supersede: true };
      await expect(other.update(wrong)).rejects.toMatchObject({ code: 'TemplateInvalid' });
      expect((await other.show('s')).state).toBe('UPDATE_IN_PROGRESS');
      expect((await other.update({ ...to(3), supersede: true })).state).toBe('UPDATE_COMPLETE');
      await expect(updating).rejects.toThrow('Stack UPDATE was cancelled.');
      expect([...told.things.values()].map(({ name, of }) => `${name}=${of}`)).toEqual(['a=3']);
      await one.update(to(3, { s: { type: 'SlowToGo', properties: {} } }));
      const goes = inTheMiddle('DELETE');
      const deleting = one.delete({ stack: 's' });
      await goes;
      await expect(other.update({ ...to(4), supersede: true })).rejects.toThrow('is deleting is not supported');
      letGo();
      await deleting;
    } finally {
      letGo();
      await one.close();
      await other.close();
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
