import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Engine } from '../../src/engine.ts';
import { SimulatedClock, seededRandomness } from '../../src/simulated-clock.ts';
import type { UpdateOptions } from '../../src/stack/update.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import type { Json, JsonObject } from '../../src/values.ts';
import { live } from './killed-engine.ts';
import { attr, type Told, template, thing, typesOf } from './update-world.ts';

let told: Told;
let engine: Engine;
let clock: SimulatedClock;
beforeEach(() => {
  told = { things: new Map(), calls: [] };
  clock = new SimulatedClock();
  engine = new Engine({ types: typesOf(told), clock, randomness: seededRandomness(1) });
});
afterEach(() => clock.run(engine.close()));

const create = (document: JsonObject, parameters: JsonObject = {}) =>
  clock.run(engine.create({ stack: 's', template: document, parameters }));
const update = (document: JsonObject, options: Partial<UpdateOptions> = {}) => {
  told.calls.length = 0;
  return clock.run(engine.update({ stack: 's', template: document, ...options }));
};
const inWorld = () => [...told.things.values()].map(({ name, of }) => `${name}=${of}`).sort();

describe('a condition that flips in an update', () => {
  const document = template(
    {
      always: thing({ of: 1 }),
      maybe: { ...thing({ of: attr('always', 'of') }), condition: 'on' },
      reader: thing({ live: { if: ['on', attr('maybe', 'of'), 'none'] } }),
    },
    {
      parameters: { on: { type: 'boolean', default: true } },
      conditions: { on: { equals: [{ get_param: 'on' }, true] } },
      outputs: { maybe: { value: attr('maybe', 'of'), condition: 'on' } },
    },
  );

  test.each([
    {
      from: true,
      to: false,
      calls: ['update reader', 'delete maybe'],
      things: ['always=1', 'reader=null'],
      output: null,
    },
    {
      from: false,
      to: true,
      calls: ['create maybe', 'update reader'],
      things: ['always=1', 'maybe=1', 'reader=null'],
      output: 1,
    },
    { from: true, to: true, calls: [], things: ['always=1', 'maybe=1', 'reader=null'], output: 1 },
    { from: false, to: false, calls: [], things: ['always=1', 'reader=null'], output: null },
  ])('from $from to $to', async ({ from, to, calls, things, output }) => {
    await create(document, { on: from });
    const { outputs } = await update(document, { parameters: { on: to } });
    expect(told.calls).toEqual(calls);
    expect([inWorld(), outputs.maybe]).toEqual([things, output]);
  });

  test('and flips back when the update is rolled back', async () => {
    await create(document, { on: true });
    const bad = { ...document, resources: { ...(document.resources as JsonObject), bad: thing({ of: 'bad' }) } };
    await expect(update(bad, { parameters: { on: false }, rollback: true })).rejects.toThrow('it is bad');
    expect(inWorld()).toEqual(['always=1', 'maybe=1', 'reader=null']);
  });
});

describe('an immutable parameter', () => {
  const document = (type: string, more: JsonObject = {}) =>
    template({ a: thing({ live: { get_param: 'p' } }) }, { parameters: { p: { type, immutable: true, ...more } } });

  test.each<{ type: string; from: Json; to: Json | undefined; more?: JsonObject; isRefused: boolean }>([
    { type: 'number', from: 1, to: 1, isRefused: false },
    { type: 'number', from: 1, to: '1', isRefused: false },
    { type: 'number', from: 1, to: 2, isRefused: true },
    { type: 'string', from: 'x', to: undefined, more: { default: 'x' }, isRefused: false },
    { type: 'string', from: 'x', to: undefined, more: { default: 'y' }, isRefused: true },
    { type: 'json', from: { a: 1, b: 2 }, to: { b: 2, a: 1 }, isRefused: false },
    { type: 'json', from: { a: 1 }, to: { a: 2 }, isRefused: true },
    { type: 'comma_delimited_list', from: 'a,b', to: ['a', 'b'], isRefused: false },
    { type: 'comma_delimited_list', from: 'a,b', to: 'b,a', isRefused: true },
  ])('of type $type from $from to $to, refused: $isRefused', async ({ type, from, to, more, isRefused }) => {
    await create(document(type, more), { p: from });
    const updating = update(document(type, more), to === undefined ? {} : { parameters: { p: to } });
    if (isRefused) await expect(updating).rejects.toMatchObject({ code: 'ImmutableParameterModified' });
    else expect((await updating).state).toBe('UPDATE_COMPLETE');
    expect(told.calls).toEqual([]);
  });

  test('may be changed once the template says so no more, and may be new', async () => {
    await create(document('number'), { p: 1 });
    const mutable = template({ a: thing({ live: { get_param: 'p' } }) }, { parameters: { p: { type: 'number' } } });
    await update(mutable, { parameters: { p: 2 } });
    expect(told.calls).toEqual(['update a']);
    const added = template({}, { parameters: { q: { type: 'number', immutable: true } } });
    expect((await update(added, { parameters: { q: 1 } })).state).toBe('UPDATE_COMPLETE');
  });
});

describe('restricted actions', () => {
  const from = { of: 1, live: 1 };
  test.each([
    { restricted: 'update', to: { of: 1, live: 2 }, refused: 'update', calls: [] },
    { restricted: 'update', to: { of: 2, live: 1 }, refused: undefined, calls: ['create a', 'delete a'] },
    { restricted: 'replace', to: { of: 2, live: 1 }, refused: 'replace', calls: [] },
    { restricted: 'replace', to: { of: 1, live: 2 }, refused: undefined, calls: ['update a'] },
    { restricted: ['update', 'replace'], to: { of: 1, live: 2 }, refused: 'update', calls: [] },
    { restricted: ['update', 'replace'], to: { of: 1, live: 1 }, refused: undefined, calls: [] },
  ])('$restricted, from {of: 1, live: 1} to $to', async ({ restricted, to, refused, calls }) => {
    await create(template({ a: thing(from), other: thing({ live: 1 }) }));
    const environments = [{ resource_registry: { resources: { a: { restricted_actions: restricted } } } }];
    const updating = update(template({ a: thing(to), other: thing({ live: 1 }) }), { environments });
    if (refused === undefined) expect((await updating).state).toBe('UPDATE_COMPLETE');
    else await expect(updating).rejects.toThrow(`ResourceActionRestricted: resources.a: ${refused} is restricted`);
    expect(told.calls).toEqual(calls);
    // As under Heat, what was refused has not failed itself.
    expect((await engine.show('s')).resources.find(({ name }) => name === 'a')?.status).toBe('COMPLETE');
  });
});

describe('a deletion policy', () => {
  const policy = (of: Json, deletion_policy?: string): JsonObject => ({
    ...thing({ of }),
    ...(deletion_policy === undefined ? {} : { deletion_policy }),
  });

  test.each([
    { what: 'leaves the template', policy: 'Delete', after: {}, things: [] },
    { what: 'leaves the template', policy: 'Retain', after: {}, things: ['a=1'] },
    { what: 'leaves the template', policy: 'retain', after: {}, things: ['a=1'] },
    { what: 'is replaced', policy: 'Delete', after: { a: policy(2, 'Delete') }, things: ['a=2'] },
    { what: 'is replaced', policy: 'Retain', after: { a: policy(2, 'Retain') }, things: ['a=1', 'a=2'] },
    { what: 'gets another policy', policy: 'Retain', after: { a: policy(1) }, things: ['a=1'] },
  ])('$policy of a resource that $what', async ({ policy: before, after, things }) => {
    await create(template({ a: policy(1, before) }));
    const { resources } = await update(template(after));
    expect(inWorld()).toEqual(things);
    expect(resources.map(({ name }) => name)).toEqual(Object.keys(after));
  });

  test.each([
    { from: 'Retain', to: 'Delete', things: [] },
    { from: 'Delete', to: 'Retain', things: ['a=1'] },
  ])('counts as it was said last: $from, then $to', async ({ from, to, things }) => {
    await create(template({ a: policy(1, from) }));
    await update(template({ a: policy(1, to) }));
    expect(told.calls).toEqual([]);
    await update(template({}));
    expect(inWorld()).toEqual(things);
  });

  test('Retain keeps what a rollback would remove too, as under Heat', async () => {
    await create(template({ a: policy(1) }));
    const after = template({ a: policy(1), b: policy(2, 'Retain'), bad: thing({ of: 'bad' }) });
    await expect(update(after, { rollback: true })).rejects.toThrow('it is bad');
    expect(inWorld()).toEqual(['a=1', 'b=2']);
  });
});

describe('a stack that has failed', () => {
  test('in its create goes on by an update with the same template: what stands is left alone', async () => {
    const parameters = { of: { type: 'string', default: 'bad' } };
    const document = template(
      { a: thing({ of: 1 }), b: thing({ of: { get_param: 'of' } }), c: thing({ of: attr('b', 'of') }) },
      { parameters },
    );
    await expect(create(document)).rejects.toThrow('it is bad');
    expect((await engine.show('s')).resources.map(({ state }) => state)).toEqual([
      'CREATE_COMPLETE',
      'CREATE_FAILED',
      'INIT_COMPLETE',
    ]);
    await expect(update(document)).rejects.toThrow('it is bad');
    const { state } = await update(document, { existing: true, parameters: { of: 'good' } });
    expect([state, inWorld()]).toEqual(['UPDATE_COMPLETE', ['a=1', 'b=good', 'c=good']]);
    expect(told.calls.filter((call) => call.endsWith(' a'))).toEqual([]);
  });

  test('in an update goes on by the same one', async () => {
    await create(template({ a: thing({ of: 1, live: 1 }) }));
    const after = template({
      a: thing({ of: 1, live: 2 }),
      b: thing({ of: attr('a', 'live') }),
      c: thing({ of: 'bad' }),
    });
    await expect(update(after)).rejects.toThrow('it is bad');
    await expect(update(after)).rejects.toThrow('it is bad');
    expect(told.calls.filter((call) => !call.endsWith(' c'))).toEqual([]);
  });
});

describe('an update that supersedes another', () => {
  test('loses nothing when the engine is killed at any position of the journal', async () => {
    const before = template({ a: thing({ of: 1 }), b: thing({ of: attr('a', 'id'), live: 1 }), gone: thing({}) });
    const first = template({ a: thing({ of: 2 }), b: thing({ of: attr('a', 'id'), live: 2 }), x: thing({ of: 5 }) });
    const second = template({ a: thing({ of: 3 }), b: thing({ of: attr('a', 'id'), live: 3 }), y: thing({ of: 6 }) });
    const run = async (limit: number) => {
      const store = new MemoryStore();
      const world: Told = { things: new Map(), calls: [] };
      const types = (isDead: () => boolean) => typesOf(world, isDead);
      await live(store, { seed: 1, types }, (own) => own.create({ stack: 's', template: before }));
      const batches = await live(store, { seed: 2, limit, types }, async (own, at) => {
        const one = own.update({ stack: 's', template: first, rollback: true });
        const two = new Promise<void>((resolve) => void at.schedule(2, resolve)).then(() =>
          own.update({ stack: 's', template: second }),
        );
        return Promise.allSettled([one, two]);
      });
      // Whatever it was killed in, the second update is asked for again.
      await live(store, { seed: 3, types }, (own) => own.update({ stack: 's', template: second }));
      const { id = '', action, status } = store.findStack('default', 's') ?? {};
      return {
        batches,
        state: `${action}_${status}`,
        resources: store
          .resources(id)
          .map(({ name }) => name)
          .sort(),
        things: [...world.things.values()].map(({ name, of }) => (name === 'b' ? name : `${name}=${of}`)).sort(),
      };
    };
    const { batches, ...undisturbed } = await run(Number.POSITIVE_INFINITY);
    expect(undisturbed).toEqual({ state: 'UPDATE_COMPLETE', resources: ['a', 'b', 'y'], things: ['a=3', 'b', 'y=6'] });
    expect(batches).toBeGreaterThan(10);
    for (let limit = 1; limit < batches; limit += 1) {
      const { batches: _, ...end } = await run(limit);
      expect({ limit, ...end }).toEqual({ limit, ...undisturbed });
    }
  });
});
