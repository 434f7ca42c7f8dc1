import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Engine } from '../../src/engine.ts';
import { definePlainType, defineStreamingType } from '../../src/resource/resource-type.ts';
import { SimulatedClock, seededRandomness } from '../../src/simulated-clock.ts';
import { Waits } from '../../src/space/waits.ts';
import type { UpdateOptions } from '../../src/stack/update.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import type { Json, JsonObject } from '../../src/values.ts';
import { SimulatedSpace } from '../simulation/simulated-space.ts';
import { attr, type NodeCall, type Told, template, thing, typesOf } from './update-world.ts';

describe('an update of resources that read each other', () => {
  let told: Told;
  let engine: Engine;
  let clock: SimulatedClock;
  let store: MemoryStore;
  const start = () => new Engine({ types: [...typesOf(told), slow], clock, store, randomness: seededRandomness(1) });
  beforeEach(() => {
    told = { things: new Map(), calls: [] };
    clock = new SimulatedClock();
    store = new MemoryStore();
    engine = start();
  });
  afterEach(() => clock.run(engine.close()));

  /** Is updated for a second. */
  const slow = definePlainType({
    name: 'Slow',
    properties: { live: { updateAllowed: true } },
    attributes: {},
    handler: {
      async create() {
        return undefined;
      },
      async update({ clock, resource }) {
        await new Promise<void>((resolve) => void clock.schedule(1000, resolve));
        told.calls.push(`update ${resource.name}`);
        return undefined;
      },
    },
  });

  const create = (resources: JsonObject, more?: JsonObject) =>
    clock.run(engine.create({ stack: 's', template: template(resources, more) }));
  const update = async (resources: JsonObject, options: Partial<UpdateOptions> = {}, more?: JsonObject) => {
    told.calls.length = 0;
    return clock.run(engine.update({ stack: 's', template: template(resources, more), ...options }));
  };

  const circle = (config: Json) => ({
    cfg: thing({ live: config }),
    left: { type: 'Peer', properties: { peer: attr('right', 'address'), config: attr('cfg', 'of') } },
    right: { type: 'Peer', properties: { peer: attr('left', 'address') } },
  });

  test('confirms a circle of which nobody changes', async () => {
    await create(circle(1));
    const after = await update(circle(2));
    expect(told.calls).toEqual(['update cfg']);
    expect(after.state).toBe('UPDATE_COMPLETE');
  });

  test('tells who waits for one of them what that waits for itself', async () => {
    await create(circle(1));
    const updating = engine.update({ stack: 's', template: template({ ...circle(1), cfg: thing({ of: 2 }) }) });
    await clock.advance(0);
    const waiting = engine.create({
      stack: 'other',
      template: template({ reader: thing({ of: { get_data: 'default.s.left.knows' } }) }),
    });
    await clock.advance(0);
    const [read] = await engine.waiting('other');
    expect([read?.writer, read?.reason]).toEqual([
      'notStarted',
      "'left' is still compared with what it was made with: it waits for default.s.right.address, default.s.cfg.of",
    ]);
    await clock.run(Promise.all([updating, waiting]));
  });

  test('replaces a circle through which a change goes', async () => {
    const of = (value: Json) => ({ ...circle(1), cfg: thing({ of: value }) });
    await create(of(1));
    const after = await update(of(2), {}, { outputs: { knows: { value: attr('left', 'knows') } } });
    expect(told.calls.slice(0, 3)).toEqual(['create cfg', 'create left', 'create right']);
    expect(after.outputs.knows).toEqual([2, expect.stringMatching(/^at-/)]);
    expect(told.things.size).toBe(3);
  });

  test('goes on through a circle in which what changes reads what is still compared', async () => {
    // Whether 'peer' changes depends on 'dns', which reads its address.
    const of = (live: Json) => ({
      dns: thing({ of: attr('peer', 'address'), live }),
      peer: { type: 'Peer', properties: { peer: attr('dns', 'of') } },
    });
    await create(of(1));
    const after = await update(of(2));
    expect(after.state).toBe('UPDATE_COMPLETE');
    expect(told.calls).toEqual(['update dns']);
  });

  test('refuses another value for what was taken to be as it was, since a circle could not go on without it', async () => {
    const of = (live: Json) => ({
      dns: thing({ of: attr('peer', 'address'), live }),
      peer: { type: 'Peer', properties: { peer: attr('dns', 'live') } },
    });
    await create(of(1));
    const failed = update(of(2)).catch((error: unknown) => error);
    expect(await failed).toMatchObject({
      what: "Stack UPDATE failed: Resource CREATE failed: ConflictingWrite: resources.peer: The handler of 'peer' wrote 'address' with another value than others have got of it in this update.",
    });
  });

  test('sees what a circle changes that is new', async () => {
    await create({ left: { type: 'Peer', properties: {} }, right: { type: 'Peer', properties: {} } });
    const peer = (name: string) => ({ type: 'Peer', properties: { peer: attr(name, 'knows') } });
    const after = await update(
      { left: peer('right'), right: { type: 'Peer', properties: { peer: attr('left', 'address') } } },
      {},
      { outputs: { knows: { value: attr('right', 'knows') } } },
    );
    expect(after.outputs.knows).toEqual([null, expect.stringMatching(/^at-/)]);
    expect(told.calls.filter((call) => call.startsWith('create')).sort()).toEqual(['create left', 'create right']);
  });

  test('goes on when a value from outside of the stack is there, whoever else is waited for', async () => {
    const peer = { type: 'Peer', properties: { peer: [attr('peer', 'address'), { get_data: 'ops.desk.key' }] } };
    await clock.run(engine.write(['default', 'ops', 'desk', 'key'], 1));
    await create({ peer });
    // To another engine the value comes from the store, when the update has begun.
    await clock.run(engine.close());
    engine = start();
    const after = await update({ peer }, { timeoutMs: 5000 });
    expect(after.state).toBe('UPDATE_COMPLETE');
    expect(told.calls).toEqual([]);
  });

  test('goes on when a value is there, whoever is still at work elsewhere', async () => {
    const of = (live: Json) => ({
      slow: { type: 'Slow', properties: { live } },
      cfg: thing({ live }),
      dns: thing({ of: attr('peer', 'address'), live: [attr('cfg', 'live'), attr('peer', 'address')] }),
      peer: { type: 'Peer', properties: { peer: attr('dns', 'of') } },
    });
    await create(of(1));
    await update(of(2));
    expect(told.calls).toEqual(['update cfg', 'update dns', 'update slow']);
  });

  describe('whose handlers await each other before they tell what stays as it was', () => {
    /** `zoned` needs the zone, which comes from `cfg`; `of` is what the update tells as its address at last. */
    const member = (of?: string) =>
      defineStreamingType({
        name: 'Member',
        properties: {
          config: { updateAllowed: true },
          zone: { updateAllowed: true },
          peers: { updateAllowed: true },
        },
        attributes: {
          address: { schema: {}, needs: [] },
          zoned: { schema: {}, needs: ['zone'] },
          knows: { schema: {} },
        },
        handler: {
          async create({ resource, inputs, outputs }) {
            await outputs.address(`at-${resource.name}`);
            await outputs.zoned([resource.name, (await inputs.zone) ?? null]);
            await outputs.knows([(await inputs.config) ?? null, (await inputs.peers) ?? null]);
          },
          async update({ resource, inputs, outputs }) {
            told.calls.push(`update ${resource.name}`);
            await outputs.knows([(await inputs.config) ?? null, (await inputs.peers) ?? null]);
            if (of !== undefined) await outputs.address(of);
          },
          async delete() {},
        },
      });
    const ring = (config: Json, attribute: string) =>
      Object.fromEntries(
        ['a', 'b', 'c'].map((name, _, names) => {
          const others = names.filter((other) => other !== name);
          const zone = attr('cfg', 'of');
          return [
            name,
            { type: 'Member', properties: { config, zone, peers: others.map((other) => attr(other, attribute)) } },
          ];
        }),
      );
    const begin = (of: string | undefined, delayMs: number) => {
      const delay = () => new Promise<void>((resolve) => void clock.schedule(delayMs, resolve));
      const space = new SimulatedSpace({ delay: delayMs === 0 ? undefined : delay, didArrive: () => {} });
      engine = new Engine({ types: [...typesOf(told), member(of)], clock, space, randomness: seededRandomness(1) });
      engine.onEvent(({ type }) => {
        if (type === 'read:didStall') told.calls.push('stall');
      });
    };

    test.each([
      { attribute: 'address', delayMs: 0 },
      { attribute: 'address', delayMs: 5 },
      { attribute: 'zoned', delayMs: 0 },
    ])('lets the readers of $attribute have it, in a space that takes $delayMs ms', async ({ attribute, delayMs }) => {
      begin(undefined, delayMs);
      const cfg = thing({ live: 1 });
      await create({ cfg, ...ring(1, attribute) });
      const outputs = { knows: { value: attr('a', 'knows') } };
      const after = await update({ cfg, ...ring(2, attribute) }, { timeoutMs: 5000 }, { outputs });
      expect(told.calls).toEqual(['update a', 'update b', 'update c']);
      const peers =
        attribute === 'address'
          ? ['at-b', 'at-c']
          : [
              ['b', null],
              ['c', null],
            ];
      expect([after.state, after.outputs]).toEqual(['UPDATE_COMPLETE', { knows: [2, peers] }]);
    });

    test('leaves alone the one that waits for itself when what else it reads has failed, and whom that keeps waiting', async () => {
      begin(undefined, 0);
      const of = (live: Json) => ({
        bad: thing({ live }),
        a: { type: 'Member', properties: { zone: attr('bad', 'live'), peers: attr('b', 'knows') } },
        b: { type: 'Member', properties: { peers: attr('a', 'zoned') } },
      });
      await create(of(1));
      const failed = await update(of('bad'), { timeoutMs: 5000 }).catch((error: unknown) => error);
      expect(failed).toMatchObject({
        what: 'Stack UPDATE failed: Resource UPDATE failed: Error: resources.bad: it is bad',
      });
      expect(told.calls).toEqual(['update bad']);
      expect(clock.now()).toBeLessThan(5000);
    });

    test('waits until it is known that nothing differs that it needs', async () => {
      begin(undefined, 0);
      const of = (live: Json) => ({ cfg: thing({ live }), ...ring(live, 'zoned') });
      await create(of(1));
      const after = await update(of(2), { timeoutMs: 5000 });
      expect(told.calls).toEqual(['update a', 'update b', 'update c', 'stall', 'stall', 'update cfg']);
      expect(after.state).toBe('UPDATE_COMPLETE');
    });

    test('and fails the one that tells something else in the end', async () => {
      begin('elsewhere', 0);
      await create({ cfg: thing({}), ...ring(1, 'address') });
      const failed = update({ cfg: thing({}), ...ring(2, 'address') }).catch((error: unknown) => error);
      expect(await failed).toMatchObject({
        what: expect.stringContaining(
          "The handler of 'a' wrote 'address' with another value than others have got of it in this update.",
        ),
      });
    });
  });

  test('takes what is ephemeral to be as it was, and fails what tells it anew when that is known too late', async () => {
    const act =
      (what: string) =>
      async ({ token, resource, publish }: NodeCall): Promise<void> => {
        told.calls.push(`${what} ${resource.name}`);
        await publish('pass', `${what} ${token}`);
        await publish('seen', resource.name);
      };
    const node = defineStreamingType({
      name: 'Node',
      properties: { live: { updateAllowed: true }, fixed: {} },
      attributes: { pass: { schema: {}, needs: [], ephemeral: true }, seen: { schema: {} } },
      handler: { create: act('create'), update: act('update'), async delete() {} },
    });
    const types = [...typesOf(told), node];
    const of = (cfg: Json, live: Json) => ({
      cfg: thing({ live: cfg }),
      left: { type: 'Node', properties: { live: [attr('cfg', 'of'), live], fixed: attr('right', 'pass') } },
      right: { type: 'Node', properties: { fixed: attr('left', 'pass') } },
    });
    engine = new Engine({ types, clock, store, randomness: seededRandomness(1) });
    await create(of(1, 1));
    await clock.run(engine.close());
    engine = new Engine({ types, clock, store, randomness: seededRandomness(2) });
    expect((await update(of(2, 1), { timeoutMs: 5000 })).state).toBe('UPDATE_COMPLETE');
    expect(told.calls).toEqual(['update cfg']);
    expect(await engine.tryRead('s.left.seen')).toEqual({ value: 'left' });
    const failed = update(of(2, 2), { timeoutMs: 5000 }).catch((error: unknown) => error);
    expect(await failed).toMatchObject({
      what: "Stack UPDATE failed: Resource UPDATE failed: ConflictingWrite: resources.left: The handler of 'left' wrote 'pass' with another value than others have got of it in this update.",
    });
  });

  test('ends with who reads what had failed before it was come to', async () => {
    const of = (live: Json) => ({
      slow: { type: 'Slow', properties: { live } },
      bad: thing({ live }),
      peer: { type: 'Peer', properties: { peer: attr('bad', 'live') }, depends_on: ['slow'] },
    });
    await create(of(1));
    const failed = await update(of('bad'), { timeoutMs: 5000 }).catch((error: unknown) => error);
    expect(failed).toMatchObject({
      what: 'Stack UPDATE failed: Resource UPDATE failed: Error: resources.bad: it is bad',
    });
    expect(clock.now()).toBeLessThan(5000);
  });

  test('leaves alone the one of which an input has failed, and for which waits by name what it waits for', async () => {
    const act =
      (what: string) =>
      async ({ resource, inputs, publish, read }: NodeCall): Promise<void> => {
        told.calls.push(`${what} ${resource.name}`);
        if (resource.name === 'x') await publish('place', (await inputs.live) as Json);
        else if (what === 'update') await read('s.x.place');
        await publish('all', [(await inputs.live) ?? null, (await inputs.fixed) ?? null] as Json);
      };
    const node = defineStreamingType({
      name: 'Node',
      properties: { live: { updateAllowed: true }, fixed: {} },
      attributes: { place: { schema: {}, needs: ['live'], optional: true }, all: { schema: {} } },
      handler: { create: act('create'), update: act('update'), async delete() {} },
    });
    engine = new Engine({ types: [...typesOf(told), node], clock, randomness: seededRandomness(1) });
    const of = (bad: Json, live: Json) => ({
      bad: thing({ live: bad }),
      x: { type: 'Node', properties: { live: attr('bad', 'live'), fixed: attr('y', 'all') } },
      y: { type: 'Node', properties: { live } },
    });
    await create(of(1, 1));
    const failed = await update(of('bad', 2), { timeoutMs: 5000 }).catch((error: unknown) => error);
    expect(failed).toMatchObject({
      what: 'Stack UPDATE failed: Resource UPDATE failed: Error: resources.bad: it is bad',
    });
    expect(told.calls).toEqual(['update y', 'update bad']);
    expect(clock.now()).toBeLessThan(5000);
  });

  test('decides nothing before what was taken to be as it was has come to its readers', async () => {
    const act =
      (what: string) =>
      async ({ resource, inputs, publish }: NodeCall): Promise<void> => {
        told.calls.push(`${what} ${resource.name}`);
        await publish('place', resource.name);
        await publish('all', [(await inputs.live) ?? null, (await inputs.fixed) ?? null] as Json);
      };
    const node = defineStreamingType({
      name: 'Node',
      properties: { live: { updateAllowed: true }, fixed: {} },
      attributes: { place: { schema: {}, needs: [] }, all: { schema: {} } },
      handler: { create: act('create'), update: act('update'), async delete() {} },
    });
    const delay = () => new Promise<void>((resolve) => void clock.schedule(10, resolve));
    const space = new SimulatedSpace({ delay, didArrive: () => {} });
    engine = new Engine({ types: [...typesOf(told), node], clock, space, randomness: seededRandomness(1) });
    const of = (live: Json) => ({
      cfg: thing({ live }),
      left: { type: 'Node', properties: { live, fixed: attr('right', 'all') } },
      right: { type: 'Node', properties: { live, fixed: attr('left', 'place') } },
    });
    await create(of(1));
    await update(of(2));
    // 'cfg' ends while the place of 'left' is on its way.
    expect(told.calls).toEqual(['update cfg', 'update right', 'create left']);
  });
});

describe('updates at the same time of stacks whose resources read each other', () => {
  test.each([
    { what: 'nothing changes', changes: [], calls: [] },
    { what: 'one is changed in place', changes: ['a'], calls: ['update a'] },
    { what: 'the other is changed in place', changes: ['b'], calls: ['update b'] },
    { what: 'both are changed in place', changes: ['a', 'b'], calls: ['update a', 'update b'] },
    { what: 'one is made anew', changes: ['gone'], calls: ['create b'] },
  ])('end without waiting when $what', async ({ changes, calls }) => {
    const clock = new SimulatedClock();
    const told: string[] = [];
    const peer = defineStreamingType({
      name: 'Peer',
      properties: { peer: {}, live: { updateAllowed: true } },
      attributes: { address: { schema: {}, needs: [] } },
      handler: {
        async create({ inputs, outputs, resource }) {
          told.push(`create ${resource.stack}`);
          await outputs.address(`at ${resource.stack}`);
          await inputs.peer;
        },
        async update({ inputs, resource }) {
          told.push(`update ${resource.stack}`);
          await inputs.peer;
        },
      },
    });
    const engine = new Engine({ types: [peer], clock, randomness: seededRandomness(1) });
    const of = (stack: string, other: string, live: number) => ({
      stack,
      template: template({
        p: { type: 'Peer', properties: { live, peer: { get_data: `default.${other}.p.address` } } },
      }),
    });
    await clock.run(Promise.all([engine.create(of('a', 'b', 1)), engine.create(of('b', 'a', 1))]));
    const isGone = changes.includes('gone');
    if (isGone) await clock.run(engine.delete({ stack: 'b', force: true }));
    told.length = 0;
    const [toA, toB] = [of('a', 'b', changes.includes('a') ? 2 : 1), of('b', 'a', changes.includes('b') ? 2 : 1)];
    const ended = Promise.all([engine.update(toA), isGone ? engine.create(toB) : engine.update(toB)]);
    expect((await clock.run(ended)).map(({ status }) => status)).toEqual(['COMPLETE', 'COMPLETE']);
    expect([told.sort(), clock.now()]).toEqual([calls, 0]);
    await clock.run(engine.close());
  });
});

describe('updates of stacks whose resources wait for each other', () => {
  const from = (stack: string, resource: string, attribute: string) => ({
    get_data: `default.${stack}.${resource}.${attribute}`,
  });
  let clock: SimulatedClock;
  let engine: Engine;
  let told: string[];
  beforeEach(() => {
    clock = new SimulatedClock();
    told = [];
    engine = new Engine({ types: [member, slow], clock, randomness: seededRandomness(1) });
    engine.onEvent((event) => {
      if (event.type !== 'read:didStall' && event.type !== 'read:didDeadlock') return;
      told.push(`${clock.now()} ${event.type} ${event.stack}: ${event.cycle.join('; ')}`);
    });
  });
  afterEach(() => clock.run(engine.close()));

  /** Waits for its peer before it writes anything, though it declares only `full` to need it. */
  const member = defineStreamingType({
    name: 'Member',
    properties: { peer: { updateAllowed: true } },
    attributes: { early: { schema: {}, needs: [] }, full: { schema: {}, needs: ['peer'] } },
    handler: {
      async create({ inputs, outputs }) {
        await inputs.peer;
        await outputs.early('early');
        await outputs.full('full');
      },
      async update() {},
    },
  });
  /** Is updated for a second. */
  const slow = definePlainType({
    name: 'Slow',
    properties: { live: { updateAllowed: true } },
    attributes: {},
    handler: {
      async create() {
        return undefined;
      },
      async update({ clock: by }) {
        await new Promise<void>((resolve) => void by.schedule(1000, resolve));
        return undefined;
      },
    },
  });
  const of = (stack: string, resources: JsonObject) => ({ stack, template: template(resources) });
  const peer = (value: Json, more: JsonObject = {}) => ({ type: 'Member', properties: { peer: value }, ...more });
  const until = (live: number): JsonObject => ({ d: { type: 'Slow', properties: { live } } });
  const later = async <Result>(act: () => Promise<Result>): Promise<Result> => {
    await new Promise<void>((resolve) => void clock.schedule(500, resolve));
    return act();
  };
  const reasonsOf = (actions: readonly Promise<{ readonly status: string }>[]) =>
    clock.run(Promise.all(actions.map((each) => each.then(({ status }) => status, rootCodeOf))));
  const rootCodeOf = (error: unknown): unknown => {
    const { cause, code } = error as { readonly cause?: unknown; readonly code?: unknown };
    return cause === undefined ? code : rootCodeOf(cause);
  };

  test('end with a deadlock at once where each needs what the other has not confirmed', async () => {
    await clock.run(engine.create(of('a', { p: peer(1) })));
    await clock.run(engine.create(of('b', { p: peer(from('a', 'p', 'full')) })));
    await clock.run(engine.update(of('a', { p: peer(from('b', 'p', 'full')) })));
    const both = [
      engine.update(of('a', { p: peer(from('b', 'p', 'full')) })),
      engine.update(of('b', { p: peer(from('a', 'p', 'full')) })),
    ];
    expect([await reasonsOf(both), clock.now()]).toEqual([['Deadlock', 'Deadlock'], 0]);
    const cycle = 'default.a.p.peer waits for default.b.p.full; default.b.p.peer waits for default.a.p.full';
    expect(told).toEqual([`0 read:didDeadlock b: ${cycle}`, `0 read:didDeadlock a: ${cycle}`]);
  });

  test('tell a stall when a handler keeps back what a compared resource waits for, and end with a deadlock', async () => {
    await clock.run(engine.create(of('a', { ...until(1), p: peer(1) })));
    await clock.run(engine.create(of('b', { q: peer(1) })));
    await clock.run(engine.update(of('a', { ...until(1), p: peer(from('b', 'q', 'early')) })));
    await clock.run(engine.delete({ stack: 'b', force: true }));
    const both = [
      engine.update(of('a', { ...until(2), p: peer(from('b', 'q', 'early'), { depends_on: 'd' }) })),
      later(() => engine.create(of('b', { q: peer(from('a', 'p', 'full')) }))),
    ];
    expect([await reasonsOf(both), clock.now()]).toEqual([['Deadlock', 'Deadlock'], 31_000]);
    const cycle = 'default.a.p.peer waits for default.b.q.early; default.b.q.peer waits for default.a.p.full';
    expect(told).toEqual([
      `1000 read:didStall b: ${cycle}`,
      `1000 read:didStall a: ${cycle}`,
      `31000 read:didDeadlock b: ${cycle}`,
      `31000 read:didDeadlock a: ${cycle}`,
    ]);
  });

  test('end with a deadlock that a compared resource closes which reads only its own stack', async () => {
    await clock.run(engine.create(of('a', { ...until(1), p: peer(1) })));
    const both = [
      engine.update(
        of('a', {
          ...until(2),
          h: peer(from('b', 'q', 'full')),
          p: peer(attr('h', 'full'), { depends_on: 'd' }),
        }),
      ),
      later(() => engine.create(of('b', { q: peer(from('a', 'p', 'full')) }))),
    ];
    expect([await reasonsOf(both), clock.now()]).toEqual([['Deadlock', 'Deadlock'], 1000]);
  });

  test('end with a deadlock at once where its search leads through one that was searched before it was compared', async () => {
    const slowly = (live: number, after?: string): JsonObject => ({
      type: 'Slow',
      properties: { live },
      ...(after === undefined ? {} : { depends_on: after }),
    });
    // While something else is at work in the stack, nobody looks again.
    const busy = (live: number) => ({
      d: slowly(live),
      e: slowly(live, 'd'),
      f: slowly(live, 'e'),
      g: slowly(live, 'f'),
    });
    await clock.run(engine.create(of('a', { ...busy(1), p: peer(1) })));
    const both = [
      engine.update(
        of('a', {
          ...busy(2),
          h: peer(from('b', 'q', 'full'), { depends_on: 'e' }),
          p: peer(attr('h', 'full'), { depends_on: 'd' }),
        }),
      ),
      later(() => engine.create(of('b', { q: peer(from('a', 'p', 'full')) }))),
    ];
    expect(await reasonsOf(both)).toEqual(['Deadlock', 'Deadlock']);
    expect(told.map((each) => each.slice(0, 24))).toEqual(['2000 read:didDeadlock b:', '2000 read:didDeadlock a:']);
  });

  test('do not look for circles again and again while the other is at work', async () => {
    const all = (of: (index: number) => Json): JsonObject =>
      Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`r${index}`, peer(of(index))]));
    const chain = all((index) => (index === 0 ? 1 : attr(`r${index - 1}`, 'full')));
    const readers = all((index) => from('a', `r${index}`, 'full'));
    await clock.run(engine.create(of('a', chain)));
    await clock.run(engine.create(of('b', readers)));
    await clock.run(engine.delete({ stack: 'a', force: true }));
    const looked = jest.spyOn(Waits.prototype, 'wantedInCircles');
    const both = [engine.update(of('b', readers)), engine.create(of('a', chain))];
    expect(await reasonsOf(both)).toEqual(['COMPLETE', 'COMPLETE']);
    const { length } = looked.mock.calls;
    looked.mockRestore();
    expect(length).toBeLessThan(5);
  });
});
