import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Engine } from '../../src/engine.ts';
import type { Name } from '../../src/names.ts';
import type { PlainCreateCall } from '../../src/resource/handler.ts';
import { definePlainType, defineStreamingType } from '../../src/resource/resource-type.ts';
import { SimulatedClock, seededRandomness } from '../../src/simulated-clock.ts';
import type { UpdateOptions } from '../../src/stack/update.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import type { Json, JsonObject } from '../../src/values.ts';
import { live } from './killed-engine.ts';
import { attr, type Told, template, thing, typesOf } from './update-world.ts';

/** Reads the names of its own stack that `names` says while it runs, and publishes what it has read. */
const reading = (told: Told, name: string, canUpdate: boolean, isDead: () => boolean = () => false) => {
  type Call = Pick<PlainCreateCall<{ readonly names?: unknown }>, 'resource' | 'properties' | 'read'>;
  const call = async (what: string, { resource, properties, read }: Call): Promise<{ read: Json }> => {
    if (isDead()) await new Promise<never>(() => {});
    told.calls.push(`${what} ${resource.name}`);
    const values: Json[] = [];
    for (const each of (properties.names ?? []) as readonly string[]) {
      const of = ['default', ...(each.includes(':') ? each.split(':') : [resource.stack, ...each.split('.')])];
      values.push(await read(of as unknown as Name));
    }
    return { read: values };
  };
  return definePlainType({
    name,
    properties: { names: { updateAllowed: true }, wait: { updateAllowed: true } },
    attributes: { read: { schema: {} } },
    handler: {
      isRepeatable: true,
      create: (given) => call('create', given),
      ...(canUpdate ? { update: (given: Call) => call('update', given) } : {}),
    },
  });
};

/** Publishes `live` at once, and ends 10 s later. */
const early = (told: Told) =>
  defineStreamingType({
    name: 'Early',
    properties: { live: { updateAllowed: true } },
    attributes: { live: { schema: {} }, late: { schema: {} } },
    handler: {
      async create({ inputs, outputs, clock }) {
        await outputs.live((await inputs.live) ?? null);
        await new Promise<void>((resolve) => void clock.schedule(10_000, resolve));
        await outputs.late(null);
      },
      async update({ inputs, outputs, clock, resource }) {
        told.calls.push(`update ${resource.name}`);
        await outputs.live((await inputs.live) ?? null);
        await new Promise<void>((resolve) => void clock.schedule(10_000, resolve));
        told.calls.push(`end ${resource.name}`);
        await outputs.late(null);
      },
    },
  });

const typesFor = (told: Told, isDead?: () => boolean) => [
  ...typesOf(told, isDead),
  reading(told, 'Reading', true, isDead),
  reading(told, 'Fixed', false, isDead),
  early(told),
];

const reader = (...names: string[]): JsonObject => ({ type: 'Reading', properties: { names } });

describe('what a handler has read by name of its own stack', () => {
  let told: Told;
  let engine: Engine;
  let clock: SimulatedClock;
  beforeEach(() => {
    told = { things: new Map(), calls: [] };
    clock = new SimulatedClock();
    engine = new Engine({ types: typesFor(told), clock, randomness: seededRandomness(1) });
  });
  afterEach(() => clock.run(engine.close()));

  const create = async (resources: JsonObject, more?: JsonObject) => {
    await clock.run(engine.create({ stack: 's', template: template(resources, more) }));
    told.calls.length = 0;
  };
  const update = async (resources: JsonObject, options: Partial<UpdateOptions> = {}, more?: JsonObject) => {
    told.calls.length = 0;
    return clock.run(engine.update({ stack: 's', template: template(resources, more), ...options }));
  };
  const read = async (name = 'r') => (await engine.tryRead(`s.${name}.read`)) as { value?: Json };

  test.each<{ readonly rule: string; readonly a: JsonObject; readonly calls: readonly string[]; readonly then: Json }>([
    { rule: 'is left alone when that does not change', a: { of: 1, live: 1 }, calls: [], then: [1] },
    {
      rule: 'is called after that has changed in place',
      a: { of: 1, live: 2 },
      calls: ['update a', 'update r'],
      then: [2],
    },
    {
      rule: 'is called after that was replaced',
      a: { of: 2, live: 2 },
      calls: ['create a', 'update r', 'delete a'],
      then: [2],
    },
    {
      rule: 'is left alone when that is called and comes out equal',
      a: { of: 2, live: 1 },
      calls: ['create a', 'delete a'],
      then: [1],
    },
  ])('$rule', async ({ a, calls, then }) => {
    // It stands before what it reads, and nothing in the template says that it reads.
    await create({ r: reader('a.live'), a: thing({ of: 1, live: 1 }) });
    const { state } = await update({ r: reader('a.live'), a: thing(a) });
    expect([state, told.calls, await read()]).toEqual(['UPDATE_COMPLETE', calls, { value: then }]);
    await update({ r: reader('a.live'), a: thing(a) });
    expect(told.calls).toEqual([]);
  });

  test('has it replaced when its type cannot change in place', async () => {
    const r = { type: 'Fixed', properties: { names: ['a.live'] } };
    await create({ r, a: thing({ live: 1 }) });
    await update({ r, a: thing({ live: 2 }) });
    expect([told.calls, await read()]).toEqual([['update a', 'create r'], { value: [2] }]);
  });

  test('goes on over readers of readers, by name or by declaration', async () => {
    const others = {
      r3: reader('r2.read'),
      r2: reader('r1.read'),
      r1: reader('a.live'),
      t: thing({ live: attr('r3', 'read') }),
    };
    await create({ ...others, a: thing({ live: 1 }) });
    await update({ ...others, a: thing({ live: 2 }) });
    expect(told.calls).toEqual(['update a', 'update r1', 'update r2', 'update r3', 'update t']);
    expect(await engine.tryRead('s.t.live')).toEqual({ value: [[[2]]] });
  });

  test('need not be the end of what writes it', async () => {
    const a = (value: Json) => ({ type: 'Early', properties: { live: value } });
    await create({ r: reader('a.live'), a: a(1) });
    await update({ r: reader('a.live'), a: a(2) });
    expect(told.calls).toEqual(['update a', 'update r', 'end a']);
  });

  test('leaves it as it is when that fails, until an update in which it has another value', async () => {
    const resources = (value: Json) => ({ r: reader('a.live'), a: thing({ live: value }) });
    await create(resources(1));
    await expect(update(resources('bad'))).rejects.toThrow('it is bad');
    expect(told.calls).toEqual(['update a']);
    // What has failed is replaced.
    await update(resources(1));
    expect(told.calls).toEqual(['create a', 'delete a']);
    await expect(update(resources('bad'))).rejects.toThrow('it is bad');
    await update(resources(3));
    expect([told.calls, await read()]).toEqual([['create a', 'update r', 'delete a'], { value: [3] }]);
  });

  test('is read anew when a failed update has changed it and not come to its reader', async () => {
    const resources = (value: Json, b: Json) => ({
      r: { type: 'Reading', properties: { names: ['a.live'], wait: attr('b', 'live') } },
      a: thing({ live: value }),
      b: thing({ live: b }),
    });
    await create(resources(1, 1));
    await expect(update(resources(2, 'bad'))).rejects.toThrow('it is bad');
    expect(told.calls).toEqual(['update a', 'update b']);
    await update(resources(2, 1));
    expect([told.calls, await read()]).toEqual([['create b', 'update r', 'delete b'], { value: [2] }]);
    await expect(update(resources(3, 'bad'))).rejects.toThrow('it is bad');
    await update(resources(2, 1));
    expect([told.calls, await read()]).toEqual([['update a', 'create b', 'delete b'], { value: [2] }]);
  });

  test('is not waited for in a circle', async () => {
    const resources = (value: Json) => ({
      a: thing({ live: value }),
      left: { type: 'Reading', properties: { names: ['a.live'], wait: attr('right', 'read') } },
      right: reader('right2.live'),
      right2: thing({ live: 1, of: 1 }),
    });
    await create(resources(1));
    await update(resources(2));
    expect(told.calls).toEqual(['update a', 'update left']);
    await clock.run(engine.delete({ stack: 's' }));
    const of = (name: string) => ({
      x: reader(name),
      y: reader('x.read'),
      a: thing({ live: name, of: attr('y', 'read') }),
      b: thing({ live: 1 }),
    });
    await create(of('b.live'));
    // `x` reads `a` by name only now, which needs `y`, which has read `x` by name.
    const { state } = await update(of('a.live'));
    expect([state, told.calls, await read('x')]).toEqual([
      'UPDATE_COMPLETE',
      ['update x', 'update a'],
      { value: ['a.live'] },
    ]);
  });

  test('is not waited for by those who read each other', async () => {
    const both = (value: Json) => ({
      x: { type: 'Early', properties: { live: value } },
      y: { type: 'Early', properties: { live: value } },
      r: reader('x.live', 's2.read'),
      s2: reader('y.live'),
    });
    await create(both(1));
    await update(both(2));
    expect([...told.calls].sort()).toEqual(['end x', 'end y', 'update r', 'update s2', 'update x', 'update y']);
    expect(await read()).toEqual({ value: [2, [2]] });
  });

  test('is not waited for when its writer reads the reader by name now: nobody waits for ever', async () => {
    await create({ r: reader('a.read'), a: reader('c.live'), c: thing({ live: 1 }) });
    const { state } = await update({ r: reader('a.read'), a: reader('r.read'), c: thing({ live: 1 }) });
    expect([state, told.calls]).toEqual(['UPDATE_COMPLETE', ['update a']]);
    expect(await read('a')).toEqual({ value: [[[1]]] });
    // From then on they are in a circle.
    await update({ r: reader('a.read'), a: reader('r.read', 'c.live'), c: thing({ live: 2 }) });
    expect(told.calls).toEqual(['update a', 'update c']);
  });

  test('is waited for while its writer waits for what is outside, for as long as a stall may stand', async () => {
    const resources = (name: string) => ({ r: reader('a.read'), a: reader(`ops:${name}:given`) });
    await engine.write('ops.zero.given', 0);
    await create(resources('zero'));
    const run = async (name: string, afterMs: number) => {
      told.calls.length = 0;
      const done = engine.update({ stack: 's', template: template(resources(name)) });
      await clock.advance(afterMs);
      const waiting = (await engine.waiting('s')).map(({ reader: who, name: of }) => `${who} ${of.slice(1).join('.')}`);
      await engine.write(`ops.${name}.given`, name);
      await clock.run(done);
      return waiting.sort();
    };
    expect(await run('soon', 29_000)).toEqual(['a ops.soon.given', 'r s.a.read']);
    expect([told.calls, await read()]).toEqual([['update a', 'update r'], { value: [['soon']] }]);
    expect(await run('late', 31_000)).toEqual(['a ops.late.given']);
    expect([told.calls, await read()]).toEqual([['update a'], { value: [['soon']] }]);
    await update(resources('late'));
    expect([told.calls, await read()]).toEqual([['update r'], { value: [['late']] }]);
  });

  test('is waited for by each for as long, whoever has waited before, and no timer is left', async () => {
    const resources = (name: string) => ({
      r: reader('a.read'),
      a: reader(`ops:${name}:first`),
      last: { type: 'Reading', properties: { names: ['b.read'], wait: attr('r', 'read') } },
      b: reader(`ops:${name}:second`),
    });
    for (const which of ['first', 'second']) await engine.write(`ops.old.${which}`, 0);
    await create(resources('old'));
    const timers = clock.pendingTimers;
    const done = engine.update({ stack: 's', template: template(resources('new')) });
    await clock.advance(20_000);
    await engine.write('ops.new.first', 0);
    // `last` waits from now on, for 29 s.
    await clock.advance(29_000);
    await engine.write('ops.new.second', 2);
    await clock.run(done);
    expect([told.calls, await read('last')]).toEqual([['update a', 'update b', 'update last'], { value: [[2]] }]);
    expect(clock.pendingTimers).toBe(timers);
    const cancelled = engine.update({ stack: 's', template: template(resources('never')) }).catch(() => {});
    await clock.advance(1000);
    await clock.run(Promise.all([engine.cancel({ stack: 's', rollback: false }), cancelled]));
    expect(clock.pendingTimers).toBe(timers);
  });

  test('is told in the plan: what differs for certain, and what is known only in the run', async () => {
    const resources = (value: Json) => ({ r: reader('a.live'), a: thing({ live: value }) });
    await create(resources(1));
    const planned = async (given: JsonObject) => {
      const { steps } = await engine.previewUpdate({ stack: 's', template: template(given) });
      const of = steps.find(({ resource }) => resource === 'r');
      return [of?.action, of?.changes.filter(({ kind }) => kind === 'name')];
    };
    const change = { name: 'default.s.a.live', kind: 'name', before: 1, forcesReplacement: false };
    expect(await planned(resources(1))).toEqual(['unchanged', []]);
    expect(await planned(resources(2))).toEqual(['compare', [{ ...change, after: undefined, isKnown: false }]]);
    expect(await planned({ r: reader('a.live') })).toEqual([
      'update',
      [{ ...change, after: undefined, isKnown: true }],
    ]);
    const saved = await engine.planUpdate({ stack: 's', template: template(resources(2)) });
    await clock.run(engine.apply({ plan: saved }));
    expect(await read()).toEqual({ value: [2] });
  });

  test('stands in the plan before its readers, unless they read each other', async () => {
    const resources = (value: Json) => ({
      t: thing({ live: attr('r2', 'read') }),
      r2: reader('r1.read'),
      r1: reader('a.live'),
      a: thing({ live: attr('b', 'live') }),
      b: thing({ live: value }),
      x: reader('b.live'),
      y: reader('x.read'),
    });
    await create(resources(1));
    await update({ ...resources(1), x: reader('b.live', 'y.read') });
    const given = { ...resources(2), x: reader('b.live', 'y.read') };
    const { steps } = await engine.previewUpdate({ stack: 's', template: template(given) });
    const order = steps.map(({ resource }) => resource);
    expect([...order].sort()).toEqual(Object.keys(given).sort());
    const chain = ['b', 'a', 'r1', 'r2', 't'];
    expect(order.filter((name) => chain.includes(name))).toEqual(chain);
    expect(order.indexOf('b')).toBeLessThan(order.indexOf('x'));
  });

  test('is no trace of another stack, and does not keep the stack from being deleted', async () => {
    await create({ r: reader('a.live'), a: thing({ live: 1 }) });
    await update({ r: reader('a.live'), a: thing({ live: 2 }) });
    expect((await engine.show('s')).staleReads).toEqual([]);
    await clock.run(engine.delete({ stack: 's' }));
    expect(await engine.list()).toEqual([]);
  });

  test('is known also after a rollback, an export and an adoption', async () => {
    const resources = (value: Json, more: JsonObject = {}) => ({
      r: reader('a.live'),
      a: thing({ live: value }),
      ...more,
    });
    await create(resources(1));
    const failing = resources(2, { bad: thing({ of: 'bad', live: attr('r', 'read') }) });
    await expect(update(failing, { rollback: true })).rejects.toThrow('it is bad');
    expect([(await engine.show('s')).state, await read()]).toEqual(['ROLLBACK_COMPLETE', { value: [1] }]);
    const data = await engine.abandon('s');
    await clock.run(engine.adopt({ stack: 's', data }));
    await update(resources(3));
    expect([told.calls, await read()]).toEqual([['update a', 'update r'], { value: [3] }]);
  });

  test('is compared also where it is a secret, and told nowhere', async () => {
    const encryption = { keys: [Buffer.from('0123456789abcdefghijklmnopqrstuv').toString('base64')] };
    const store = new MemoryStore();
    const sealed = new Engine({ types: typesFor(told), clock, store, encryption });
    const parameters = { pin: { type: 'string', hidden: true } };
    const made = template({ r: reader('a.live'), a: thing({ live: { get_param: 'pin' } }) }, { parameters });
    const act = (what: 'create' | 'update', pin: string) => {
      told.calls.length = 0;
      return clock.run(sealed[what]({ stack: 's', template: made, parameters: { pin } }));
    };
    await act('create', 'secret-1');
    await act('update', 'secret-1');
    expect(told.calls).toEqual([]);
    const options = { stack: 's', template: made, parameters: { pin: 'secret-2' } };
    expect(JSON.stringify(await sealed.previewUpdate(options))).not.toMatch(/secret-/);
    await act('update', 'secret-2');
    expect(told.calls).toEqual(['update a', 'update r']);
    const { id } = await sealed.show('s');
    expect(JSON.stringify(store.resources(id))).not.toMatch(/secret-/);
    await clock.run(sealed.close());
  });
});

describe('an engine that is killed at any position of an update in which a reader by name is called', () => {
  test('comes to the same end', async () => {
    const resources = (value: Json) => ({
      r: reader('a.live', 'c.live'),
      a: thing({ live: value, of: value }),
      c: thing({ live: 5 }),
      t: thing({ live: attr('r', 'read') }),
    });
    const run = async (limit: number) => {
      const store = new MemoryStore();
      const told: Told = { things: new Map(), calls: [] };
      const types = (isDead: () => boolean) => typesFor(told, isDead);
      const act = (engine: Engine) => engine.update({ stack: 's', template: template(resources(2)) });
      await live(store, { seed: 1, types }, (engine) =>
        engine.create({ stack: 's', template: template(resources(1)) }),
      );
      const batches = await live(store, { seed: 2, limit, types }, act);
      const state = store.findStack('default', 's');
      if (state?.status === 'IN_PROGRESS') await live(store, { seed: 3, types }, (each) => each.resume({ stack: 's' }));
      else if (state?.action === 'CREATE') await live(store, { seed: 3, types }, act);
      const { id = '', action, status } = store.findStack('default', 's') ?? {};
      const reads = store.resources(id).flatMap((record) => record.reads?.map(({ value }) => value) ?? []);
      return {
        batches,
        state: `${action}_${status}`,
        read: store.find(['default', 's', 'r', 'read']),
        last: store.find(['default', 's', 't', 'live']),
        reads,
      };
    };
    const { batches, ...undisturbed } = await run(Number.POSITIVE_INFINITY);
    expect(undisturbed).toMatchObject({ state: 'UPDATE_COMPLETE', read: { value: [2, 5] }, last: { value: [2, 5] } });
    for (let limit = 1; limit < batches; limit += 1) {
      const { batches: _, ...end } = await run(limit);
      expect({ limit, ...end }).toEqual({ limit, ...undisturbed });
    }
  });
});
