import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Engine } from '../../src/engine.ts';
import type { EngineEvent } from '../../src/events.ts';
import { printName } from '../../src/names.ts';
import { definePlainType } from '../../src/resource/resource-type.ts';
import { SimulatedClock, seededRandomness } from '../../src/simulated-clock.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import type { Json, JsonObject } from '../../src/values.ts';
import { withOwn } from './killed-engine.ts';
import { attr, type Told, template, thing, typesOf } from './update-world.ts';

/** Reads the name that `of` says while it runs; `live` is changed in place. */
const reading = (told: Told, name: string, canUpdate: boolean) =>
  definePlainType({
    name,
    properties: { of: { type: 'string' }, live: { updateAllowed: true } },
    attributes: { read: { schema: {} } },
    handler: {
      async create({ resource, properties, read }) {
        told.calls.push(`create ${resource.name}`);
        return { read: await read(String(properties.of)) };
      },
      ...(canUpdate
        ? {
            async update({ resource, properties, read }) {
              told.calls.push(`update ${resource.name}`);
              if (properties.live === 'no read') return {};
              return { read: await read(String(properties.of)) };
            },
          }
        : {}),
    },
  });

describe('what a stack has read of another', () => {
  let told: Told;
  let engine: Engine;
  let clock: SimulatedClock;
  let events: EngineEvent[];
  beforeEach(() => {
    told = { things: new Map(), calls: [] };
    clock = new SimulatedClock();
    const types = [...typesOf(told), reading(told, 'Updating', true), reading(told, 'Fixed', false)];
    engine = new Engine({ types, clock, randomness: seededRandomness(1) });
    events = [];
    engine.onEvent((event) => void (event.type === 'stack:didBecomeStale' && events.push(event)));
  });
  afterEach(() => clock.run(engine.close()));

  const create = (stack: string, resources: JsonObject, more?: JsonObject) =>
    clock.run(engine.create({ stack, template: template(resources, more) }));
  const update = (stack: string, resources: JsonObject, more?: JsonObject) => {
    told.calls.length = 0;
    return clock.run(engine.update({ stack, template: template(resources, more) }));
  };
  const producer = (live: Json) => ({ a: thing({ live }), b: thing({ of: 1 }) });
  const data = (name: string): JsonObject => ({ get_data: name });
  const stale = async (stack: string) => (await engine.show(stack)).staleReads.map(printName);

  test('makes it stale when it changes, and an update brings it up to date', async () => {
    await create('p', producer(1));
    const reader = { r: thing({ live: data('p.a.live') }), s: thing({ live: data('p.b.of') }) };
    await create('reader', reader);
    await update('p', producer(2));
    expect(await stale('reader')).toEqual(['default.p.a.live']);
    expect((await engine.list()).map(({ name, staleReads }) => [name, staleReads.length])).toEqual([
      ['p', 0],
      ['reader', 1],
    ]);
    expect(events).toEqual([
      {
        type: 'stack:didBecomeStale',
        time: expect.any(Number),
        space: 'default',
        stack: 'reader',
        names: [['default', 'p', 'a', 'live']],
      },
    ]);
    await update('reader', reader);
    expect([told.calls, await stale('reader')]).toEqual([['update r'], []]);
  });

  test.each(['create', 'update'] as const)(
    'makes it stale when one resource stands with the value before a change and another, of the same %s, has read the one since',
    async (action) => {
      await create('p', producer(1));
      if (action === 'update') await create('reader', { g: thing({ of: 1 }) });
      const reader = template({
        r: thing({ live: data('p.a.live') }),
        g: { type: 'Updating', properties: { of: 'ops.gate.open' } },
        s: { type: 'Updating', properties: { of: 'default.p.a.live' }, depends_on: 'g' },
      });
      const acting = engine[action]({ stack: 'reader', template: reader });
      await clock.run(
        new Promise<void>((resolve) => void engine.onEvent(({ type }) => type === 'stack:didQuiesce' && resolve())),
      );
      await update('p', producer(2));
      await engine.write('ops.gate.open', 'open');
      await clock.run(acting);
      expect(await stale('reader')).toEqual(['default.p.a.live']);
      await clock.run(engine.update({ stack: 'reader', template: reader }));
      expect(await stale('reader')).toEqual([]);
    },
  );

  test('is looked up once for all stacks of a list, and not at all while nobody listens', async () => {
    const store = new MemoryStore();
    const asked: string[] = [];
    const counted = withOwn(store, {
      find: (name) => {
        asked.push(printName(name));
        return store.find(name);
      },
      readersOf: (space, stack) => {
        asked.push(`readers of ${space}.${stack}`);
        return store.readersOf(space, stack);
      },
    });
    const quiet = new Engine({ types: typesOf(told), clock, store: counted });
    const make = (stack: string, resources: JsonObject) =>
      clock.run(quiet.create({ stack, template: template(resources) }));
    await make('p', producer(1));
    for (const reader of ['q', 'r', 's']) {
      await make(reader, { r: thing({ live: data('p.a.live') }), s: thing({ live: data('p.b.of') }) });
    }
    asked.length = 0;
    expect((await quiet.list()).map(({ staleReads }) => staleReads.length)).toEqual([0, 0, 0, 0]);
    expect(asked.sort()).toEqual(['default.p.a.live', 'default.p.b.of']);
    asked.length = 0;
    const change = () => clock.run(quiet.update({ stack: 'p', template: template(producer(asked.length + 2)) }));
    await change();
    expect(asked).toEqual([]);
    const stop = quiet.onEvent(() => {});
    await change();
    expect(asked.filter((each) => each.startsWith('readers'))).toEqual(Array(2).fill('readers of default.p'));
    stop();
    await clock.run(quiet.close());
  });

  test('decides nothing about an action: one that is done is done, although the store cannot tell then who has read', async () => {
    const store = new MemoryStore();
    let isAway = false;
    const failing = withOwn(store, {
      append: (claim, changes) => {
        store.append(claim, changes);
        isAway ||= changes.some((change) => change.kind === 'stack' && change.status === 'COMPLETE');
      },
      readersOf: (space, stack) => {
        if (isAway) throw new Error('The disk is away.');
        return store.readersOf(space, stack);
      },
    });
    const heard = new Engine({ types: typesOf(told), clock, store: failing });
    await clock.run(heard.create({ stack: 'p', template: template(producer(1)) }));
    isAway = false;
    heard.onEvent(() => {});
    const { state } = await clock.run(heard.update({ stack: 'p', template: template(producer(2)) }));
    expect([state, isAway]).toEqual(['UPDATE_COMPLETE', true]);
    await clock.run(heard.close());
  });

  test('is told once, and not when it comes out equal', async () => {
    await create('p', producer(1));
    await create('reader', { r: thing({ live: data('p.a.live') }) });
    await update('p', { ...producer(1), c: thing({}) });
    expect([await stale('reader'), events]).toEqual([[], []]);
    await update('p', producer(2));
    await update('p', producer(3));
    expect(events).toHaveLength(1);
    await update('p', producer(1));
    expect(await stale('reader')).toEqual([]);
  });

  test.each([
    { what: 'its resource goes', change: { b: thing({ of: 1 }) }, more: {} },
    {
      what: 'its resource is moved',
      change: { c: thing({ live: 1 }), b: thing({ of: 1 }) },
      more: { moved: [{ from: 'a', to: 'c' }] },
    },
  ])('makes it stale when $what', async ({ change, more }) => {
    await create('p', producer(1));
    await create('reader', { r: thing({ live: data('p.a.live') }) });
    await update('p', change, more);
    expect([await stale('reader'), events.length]).toEqual([['default.p.a.live'], 1]);
  });

  test('makes it stale when its stack is deleted by force', async () => {
    await create('p', producer(1));
    await create('reader', { r: thing({ live: data('p.a.live') }) });
    await clock.run(engine.delete({ stack: 'p', force: true }));
    expect([await stale('reader'), events.length]).toEqual([['default.p.a.live'], 1]);
  });

  test('counts no more once it reads something else, so that the other can be deleted', async () => {
    await create('p', producer(1));
    await create('q', producer(1));
    await create('reader', { r: thing({ live: data('p.a.live') }) }, { outputs: { o: { value: data('p.b.of') } } });
    await expect(engine.delete({ stack: 'p' })).rejects.toThrow('other stacks have read its values');
    await update('reader', { r: thing({ live: data('q.a.live') }) });
    await clock.run(engine.delete({ stack: 'p' }));
    await expect(engine.delete({ stack: 'q' })).rejects.toThrow('other stacks have read its values');
  });

  test('counts still when what has read it stands, though nothing was read again', async () => {
    await create('p', producer(1));
    const reader = { r: { type: 'Fixed', properties: { of: 'default.p.a.live' } } };
    await create('reader', { ...reader, s: thing({ live: data('p.b.of') }) });
    await update('reader', { ...reader, t: thing({}) });
    expect(told.calls).toEqual(['create t', 'delete s']);
    await expect(engine.delete({ stack: 'p' })).rejects.toThrow('default.reader reads default.p.a.live.');
  });

  test.each([
    { type: 'Updating', calls: ['update r', 'update x'] },
    { type: 'Fixed', calls: ['create r', 'update x'] },
  ])('at run time brings a resource of type $type up to date too, and who reads from it', async ({ type, calls }) => {
    await create('p', producer(1));
    const reader = { r: { type, properties: { of: 'default.p.a.live' } }, x: thing({ live: attr('r', 'read') }) };
    await create('reader', reader);
    await update('p', producer(2));
    expect(await stale('reader')).toEqual(['default.p.a.live']);
    const plan = await engine.previewUpdate({ stack: 'reader', template: template(reader) });
    expect(plan.steps.map(({ action }) => action)).toEqual([type === 'Fixed' ? 'replace' : 'update', 'compare']);
    expect(plan.steps[0]?.changes).toMatchObject([{ name: 'default.p.a.live', kind: 'name', before: 1, after: 2 }]);
    await update('reader', reader);
    expect([told.calls, await stale('reader')]).toEqual([calls, []]);
    await update('reader', reader);
    expect(told.calls).toEqual([]);
  });

  test('is kept over an update that does not read it again', async () => {
    await create('p', producer(1));
    const reader = (live: Json) => ({ r: { type: 'Updating', properties: { of: 'default.p.a.live', live } } });
    await create('reader', reader(1));
    await update('reader', reader('no read'));
    await update('p', producer(2));
    expect(await stale('reader')).toEqual(['default.p.a.live']);
    await update('reader', reader(3));
    expect([told.calls, await stale('reader')]).toEqual([['update r'], []]);
  });
});
