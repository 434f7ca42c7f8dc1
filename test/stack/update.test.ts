import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Engine } from '../../src/engine.ts';
import { SimulatedClock, seededRandomness } from '../../src/simulated-clock.ts';
import type { UpdateOptions } from '../../src/stack/update.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import type { Json, JsonObject } from '../../src/values.ts';
import { storeUntilKill, withOwn } from './killed-engine.ts';
import { attr, type Told, template, thing, typesOf } from './update-world.ts';

describe('an update', () => {
  let told: Told;
  let engine: Engine;
  let clock: SimulatedClock;
  beforeEach(() => {
    told = { things: new Map(), calls: [] };
    clock = new SimulatedClock();
    engine = new Engine({ types: typesOf(told), clock, randomness: seededRandomness(1) });
  });
  afterEach(() => clock.run(engine.close()));

  const create = (resources: JsonObject, more?: JsonObject) =>
    clock.run(engine.create({ stack: 's', template: template(resources, more) }));
  const update = async (resources: JsonObject, options: Partial<UpdateOptions> = {}, more?: JsonObject) => {
    told.calls.length = 0;
    return clock.run(engine.update({ stack: 's', template: template(resources, more), ...options }));
  };
  const inWorld = () => [...told.things.values()].map(({ name, of }) => `${name}=${of}`).sort();

  test('leaves what comes out equal alone, and what reads from it', async () => {
    const resources = { a: thing({ of: 1 }), b: thing({ of: attr('a', 'id') }) };
    const before = await create(resources);
    const after = await update(resources);
    expect(after.state).toBe('UPDATE_COMPLETE');
    expect(after.resources).toEqual(before.resources);
    expect(told.calls).toEqual([]);
  });

  test('changes in place what allows it, and stops where the values come out equal', async () => {
    const resources = (live: number) => ({
      a: thing({ of: 1, live }),
      b: thing({ live: attr('a', 'live') }),
      c: thing({ of: attr('b', 'id') }),
    });
    const before = await create(resources(1));
    const after = await update(resources(2), {}, { outputs: { live: { value: attr('b', 'live') } } });
    expect(told.calls).toEqual(['update a', 'update b']);
    expect(after.outputs).toEqual({ live: 2 });
    expect(after.resources.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'a UPDATE_COMPLETE',
      'b UPDATE_COMPLETE',
      'c CREATE_COMPLETE',
    ]);
    expect(after.resources.map(({ resourceId }) => resourceId)).toEqual(
      before.resources.map(({ resourceId }) => resourceId),
    );
  });

  test('replaces what does not, the old one deleted when everything is made', async () => {
    await create({ a: thing({ of: 1 }), b: thing({ of: attr('a', 'id') }) });
    await update({ a: thing({ of: 2 }), b: thing({ of: attr('a', 'id') }) });
    expect(told.calls).toEqual(['create a', 'create b', 'delete b', 'delete a']);
    expect(told.things.size).toBe(2);
  });

  test('deletes the old one first where both cannot stand side by side, and loses none when it is stopped there', async () => {
    const only = (of: Json) => ({ a: { type: 'Only', properties: { of } } });
    await create(only(1));
    await update(only(2));
    expect(told.calls).toEqual(['delete a', 'create a']);
    const controller = new AbortController();
    const stopped = engine.update({ stack: 's', template: template(only(3)), signal: controller.signal });
    clock.schedule(0, () => controller.abort(new Error('stop')));
    await expect(clock.run(stopped)).rejects.toThrow('Stack UPDATE failed');
    expect((await engine.show('s')).state).toBe('UPDATE_FAILED');
    expect((await update(only(3))).state).toBe('UPDATE_COMPLETE');
    expect(inWorld()).toEqual(['a=3']);
  });

  test('makes what is new and deletes what is gone', async () => {
    await create({ a: thing({ of: 1 }), b: thing({ of: attr('a', 'of') }) });
    const after = await update({ a: thing({ of: 1 }), c: thing({ of: attr('a', 'of') }) });
    expect(told.calls).toEqual(['create c', 'delete b']);
    expect(after.resources.map(({ name }) => name)).toEqual(['a', 'c']);
    await clock.run(engine.delete({ stack: 's' }));
    expect(inWorld()).toEqual([]);
  });

  test('that fails leaves what it made, and another goes on from there', async () => {
    await create({ a: thing({ of: 1 }), b: thing({ of: attr('a', 'of') }) });
    const failing = update({ a: thing({ of: 2 }), b: thing({ of: 'bad' }) });
    await expect(failing).rejects.toThrow('Stack UPDATE failed: Resource CREATE failed: Error: resources.b: it is bad');
    const failed = await engine.show('s');
    expect(failed.state).toBe('UPDATE_FAILED');
    const after = await update({ a: thing({ of: 2 }), b: thing({ of: 3 }) });
    expect(told.calls.filter((call) => call.startsWith('create'))).toEqual(['create b']);
    expect(after.state).toBe('UPDATE_COMPLETE');
    expect(inWorld()).toEqual(['a=2', 'b=3']);
  });

  test('that fails in place names the action, and the next one replaces what has failed, as under Heat', async () => {
    await create({ a: thing({ of: 1, live: 1 }) });
    const failing = update({ a: thing({ of: 1, live: 'bad' }) });
    await expect(failing).rejects.toThrow('Stack UPDATE failed: Resource UPDATE failed: Error: resources.a: it is bad');
    expect((await update({ a: thing({ of: 1, live: 1 }) })).state).toBe('UPDATE_COMPLETE');
    expect(told.calls).toEqual(['create a', 'delete a']);
  });

  test('that fails goes back, with rollback, to what was replaced and is still there', async () => {
    const before = { a: thing({ of: 1, live: 1 }), b: thing({ of: attr('a', 'of') }), c: thing({ live: 1 }) };
    const first = await create(before);
    const failing = update({ a: thing({ of: 2 }), b: thing({ of: 'bad' }), c: thing({ live: 2 }) }, { rollback: true });
    await expect(failing).rejects.toThrow('it is bad');
    const after = await engine.show('s');
    expect(after.state).toBe('ROLLBACK_COMPLETE');
    expect(inWorld()).toEqual(['a=1', 'b=1', 'c=null']);
    expect(after.resources.map(({ name, resourceId }) => [name, resourceId]).sort()).toEqual(
      first.resources.map(({ name, resourceId }) => [name, resourceId]).sort(),
    );
    expect(told.calls.filter((call) => call.endsWith(' c'))).toEqual(['update c', 'update c']);
    const names = (await engine.storedEvents('s')).flatMap(({ event }) =>
      event.type === 'stack' ? [`${event.action}_${event.status}`] : [],
    );
    expect(names).toEqual([
      'CREATE_IN_PROGRESS',
      'CREATE_COMPLETE',
      'UPDATE_IN_PROGRESS',
      'UPDATE_FAILED',
      'ROLLBACK_IN_PROGRESS',
      'ROLLBACK_COMPLETE',
    ]);
  });

  test('that fails has outputs of what it has left as it was, and of what it has done', async () => {
    const before = {
      first: thing({ live: 1 }),
      reader: thing({ live: attr('first', 'live') }),
      last: thing({ live: attr('reader', 'live') }),
      wrong: thing({ live: 1 }),
      apart: thing({ live: 1 }),
    };
    const names = [...Object.keys(before), 'fresh'];
    const outputs = (of: readonly string[]) =>
      Object.fromEntries(of.map((name) => [name, { value: [name, attr(name, 'live')] }]));
    await create(before, { outputs: outputs(Object.keys(before)) });
    const given = {
      ...before,
      first: thing({ live: 'bad' }),
      wrong: thing({ live: 2 }),
      apart: thing({ live: 2 }),
      fresh: thing({ live: attr('first', 'live') }),
    };
    const refused = { resource_registry: { resources: { wrong: { restricted_actions: 'update' } } } };
    await expect(update(given, { environments: [refused] }, { outputs: outputs(names) })).rejects.toThrow('it is bad');
    const shown = await engine.show('s');
    expect({ ...shown.outputs, ...shown.outputErrors }).toEqual({
      first: 'default.s.first.live was not written.',
      reader: ['reader', 1],
      last: ['last', 1],
      wrong: ['wrong', 1],
      apart: ['apart', 2],
      fresh: 'default.s.fresh.live was not written.',
    });
  });

  test('keeps what is not given when it is told to, and forgets what is cleared', async () => {
    const parameters = { p: { type: 'number', default: 1 }, q: { type: 'number', default: 1 } };
    const resources = { a: thing({ live: [{ get_param: 'p' }, { get_param: 'q' }] }) };
    const outputs = { live: { value: attr('a', 'live') } };
    const made = template(resources, { parameters, outputs });
    await clock.run(engine.create({ stack: 's', template: made, parameters: { p: 2, q: 2 } }));
    const run = (options: Partial<UpdateOptions>) => clock.run(engine.update({ stack: 's', ...options }));
    expect((await run({ existing: true, parameters: { q: 3 } })).outputs).toEqual({ live: [2, 3] });
    expect((await run({ existing: true, clearParameters: ['p'] })).outputs).toEqual({ live: [1, 3] });
    const environments = [{ parameters: { q: 5 } }];
    expect((await run({ existing: true, environments })).outputs).toEqual({ live: [1, 5] });
    await expect(
      run({ existing: true, clearParameters: ['p', 'qq'] }),
    ).rejects.toThrow(`The Parameter (qq) was not defined in template.
  It is to be cleared, and the stack has no such parameter.
  Did you mean 'q'? It has 'p' and 'q'.`);
    expect((await run({ template: made })).outputs).toEqual({ live: [1, 1] });
  });

  test('keeps what another has made of the stack since it was called, until it has the stack', async () => {
    let beforeClaim: (() => Promise<unknown>) | undefined;
    const memory = new MemoryStore();
    const store = withOwn(memory, {
      claim: async (stackId, claimant) => {
        const before = beforeClaim;
        beforeClaim = undefined;
        await before?.();
        return memory.claim(stackId, claimant);
      },
    });
    const parameters = { p: { type: 'number', default: 1 }, q: { type: 'number', default: 1 } };
    const made = template({ a: thing({ live: [{ get_param: 'p' }, { get_param: 'q' }] }) }, { parameters });
    const parts = { types: typesOf(told), clock, store };
    const [one, other] = [
      new Engine({ ...parts, randomness: seededRandomness(2) }),
      new Engine({ ...parts, randomness: seededRandomness(3) }),
    ];
    await clock.run(one.create({ stack: 's', template: made }));
    beforeClaim = () => other.update({ stack: 's', existing: true, parameters: { q: 5 } });
    const updated = await clock.run(one.update({ stack: 's', existing: true, parameters: { p: 2 } }));
    expect(updated.parameters).toEqual({ p: 2, q: 5 });
    await clock.run(Promise.all([one.close(), other.close()]));
  });

  test('keeps no value of a parameter that the new template does not have, and clears one that only the old one has', async () => {
    const of = (...names: string[]) =>
      template(
        { a: thing({ live: names.map((name) => ({ get_param: name })) }) },
        {
          parameters: Object.fromEntries(names.map((name) => [name, { type: 'number', default: 1 }])),
        },
      );
    await clock.run(engine.create({ stack: 's', template: of('p', 'q'), parameters: { p: 2, q: 2 } }));
    const run = (options: Partial<UpdateOptions>) =>
      clock.run(engine.update({ stack: 's', existing: true, ...options }));
    expect((await run({ template: of('q') })).parameters).toEqual({ q: 2 });
    expect((await run({ template: of('r'), clearParameters: ['q'] })).parameters).toEqual({ r: 1 });
    await expect(run({ parameters: { q: 1 } })).rejects.toThrow('The Parameter (q) was not defined in template.');
  });

  test('sees whether a hidden value has changed, though only a digest of it is stored', async () => {
    const parameters = { pin: { type: 'string', hidden: true } };
    const made = template({ a: thing({ live: { get_param: 'pin' } }) }, { parameters });
    const store = new MemoryStore();
    const other = new Engine({ types: typesOf(told), clock, store });
    await clock.run(other.create({ stack: 's', template: made, parameters: { pin: 'secret-1' } }));
    const [record] = store.resources((await other.show('s')).id);
    expect(JSON.stringify(record)).not.toContain('secret-1');
    told.calls.length = 0;
    await clock.run(other.update({ stack: 's', template: made, parameters: { pin: 'secret-1' } }));
    expect(told.calls).toEqual([]);
    await clock.run(other.update({ stack: 's', template: made, parameters: { pin: 'secret-2' } }));
    expect(told.calls).toEqual(['update a']);
    await clock.run(other.close());
  });

  test('refuses another value for an immutable parameter, and a stack that is not there', async () => {
    const parameters = { p: { type: 'number', immutable: true } };
    const made = template({ a: thing({ live: { get_param: 'p' } }) }, { parameters });
    await clock.run(engine.create({ stack: 's', template: made, parameters: { p: 1 } }));
    const other = clock.run(engine.update({ stack: 's', template: made, parameters: { p: 2 } }));
    await expect(other).rejects.toThrow('The following parameters are immutable and may not be updated: p');
    await expect(engine.update({ stack: 'none', template: made })).rejects.toThrow('could not be found');
  });

  test('does not do with a resource what the environment restricts', async () => {
    const resources = (of: Json, live: Json) => ({ web1: thing({ of, live }), db: thing({ of: 1 }) });
    await create(resources(1, 1));
    const environments = [
      {
        resource_registry: {
          resources: { 'web*': { restricted_actions: 'replace' }, db: { restricted_actions: ['update'] } },
        },
      },
    ];
    const replacing = update(resources(2, 1), { environments });
    await expect(replacing).rejects.toThrow(
      'Stack UPDATE failed: Resource UPDATE failed: ResourceActionRestricted: resources.web1: replace is restricted for resource.',
    );
    expect(told.calls).toEqual([]);
    expect((await engine.show('s')).resources.map(({ state }) => state)).toEqual([
      'CREATE_COMPLETE',
      'CREATE_COMPLETE',
    ]);
    expect((await update(resources(1, 2), { environments })).state).toBe('UPDATE_COMPLETE');
    expect(told.calls).toEqual(['update web1']);
  });

  test('supersedes what another call has only just asked for, whatever that is', async () => {
    const to = (of: Json) => engine.update({ stack: 's', template: template({ a: thing({ of }) }) });
    const creating = engine.create({ stack: 's', template: template({ a: thing({ of: 1 }) }) });
    const all = await clock.run(Promise.allSettled([creating, to(2), to(3), to(4)]));
    expect(all.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected', 'fulfilled']);
    for (const each of all.slice(0, 3)) {
      expect((each as PromiseRejectedResult).reason.what).toMatch(/was superseded by an update/);
    }
    expect(inWorld()).toEqual(['a=4']);
    const two = await clock.run(Promise.allSettled([to(5), engine.delete({ stack: 's' })]));
    expect(two.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    expect(inWorld()).toEqual([]);
  });

  test('supersedes the update before it', async () => {
    await create({ a: thing({ of: 1 }) });
    const to = (of: Json, rollback = false) =>
      engine.update({ stack: 's', template: template({ a: thing({ of }) }), rollback });
    const later = new Promise<void>((resolve) => void clock.schedule(1, resolve)).then(() => to(3));
    const [one, two] = await clock.run(Promise.allSettled([to(2, true), later]));
    expect(one.status).toBe('rejected');
    expect(two.status === 'fulfilled' && two.value.state).toBe('UPDATE_COMPLETE');
    expect(inWorld()).toEqual(['a=3']);
  });
});

describe('an engine that is killed in an update at any position of the journal', () => {
  const before = template({
    a: thing({ of: 1 }),
    b: thing({ of: attr('a', 'id'), live: 1 }),
    gone: thing({}),
    left: { type: 'Peer', properties: { peer: attr('right', 'address'), config: attr('a', 'of') } },
    right: { type: 'Peer', properties: { peer: attr('left', 'address') } },
    c: thing({ live: 1 }),
  });
  const changedTo = (of: Json) =>
    template({
      a: thing({ of: 2 }),
      b: thing({ of: attr('a', 'id'), live: 2 }),
      fresh: thing({ of }),
      left: { type: 'Peer', properties: { peer: attr('right', 'address'), config: attr('a', 'of') } },
      right: { type: 'Peer', properties: { peer: attr('left', 'address') } },
      c: thing({ live: 2 }),
    });

  async function live(
    store: MemoryStore,
    told: Told,
    limit: number,
    seed: number,
    act: (engine: Engine) => Promise<unknown>,
  ) {
    const seen = storeUntilKill(store, limit);
    const clock = new SimulatedClock();
    const types = typesOf(told, seen.isDead);
    const engine = new Engine({ types, clock, store: seen.store, randomness: seededRandomness(seed) });
    const done = act(engine).catch(() => {});
    await clock.run(Promise.race([done, seen.killed]));
    const batches = seen.batches();
    if (!seen.isDead()) await clock.run(engine.close());
    return { isKilled: seen.isDead(), batches };
  }

  const never = Number.POSITIVE_INFINITY;
  const shown = (store: MemoryStore, told: Told) => {
    const stack = store.findStack('default', 's');
    const resources = store.resources(stack?.id ?? '').map(({ name, status }) => `${name} ${status}`);
    return {
      state: `${stack?.action}_${stack?.status}`,
      resources: resources.sort(),
      things: [...told.things.values()].map(({ name, of }) => (name === 'b' ? name : `${name}=${of}`)).sort(),
    };
  };

  test.each([
    ['that succeeds', changedTo('good'), false],
    ['that fails and is rolled back', changedTo('bad'), true],
  ])('%s: another one comes to the same end', async (_, changed, rollback) => {
    const act = (engine: Engine) => engine.update({ stack: 's', template: changed, rollback });
    const run = async (limits: readonly number[]) => {
      const [store, told]: [MemoryStore, Told] = [new MemoryStore(), { things: new Map(), calls: [] }];
      await live(store, told, never, 1, (engine) => engine.create({ stack: 's', template: before }));
      let first = await live(store, told, limits[0] ?? never, 2, act);
      for (const [index, limit] of limits.slice(1).entries()) {
        if (first.isKilled)
          first = await live(store, told, limit, 3 + index, (engine) => engine.resume({ stack: 's' }));
      }
      if (store.findStack('default', 's')?.status === 'IN_PROGRESS') {
        await live(store, told, never, 9, (engine) => engine.resume({ stack: 's' }));
      } else if (store.findStack('default', 's')?.action === 'CREATE') {
        await live(store, told, never, 9, act);
      }
      return { ...shown(store, told), batches: first.batches };
    };
    const { batches, ...undisturbed } = await run([]);
    expect(undisturbed.state).toBe(rollback ? 'ROLLBACK_COMPLETE' : 'UPDATE_COMPLETE');
    expect(batches).toBeGreaterThan(8);
    for (let limit = 1; limit < batches; limit += 1) {
      for (const second of [1, 2, 4, 7, never]) {
        const { batches: _batches, ...end } = await run([limit, second]);
        expect({ limit, second, ...end }).toEqual({ limit, second, ...undisturbed });
      }
    }
  });
});
