import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Engine } from '../../src/engine.ts';
import { definePlainType } from '../../src/resource/resource-type.ts';
import { SimulatedClock } from '../../src/simulated-clock.ts';
import type { SavedPlan } from '../../src/stack/saved-plan.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import type { Json } from '../../src/values.ts';
import { storeUntilKill } from './killed-engine.ts';

describe('a check', () => {
  /** What is in the world, by resource; undefined is gone. */
  let world: Map<string, Json>;
  let clock: SimulatedClock;
  let store: MemoryStore;
  const created: string[] = [];
  const thing = definePlainType({
    name: 'Thing',
    properties: { size: { type: 'integer' }, secret: {} },
    attributes: { size: { schema: {} } },
    handler: {
      create({ resource, properties }) {
        created.push(resource.name);
        world.set(resource.name, properties.size ?? 0);
        return { size: properties.size };
      },
      check({ resource, properties }) {
        const size = world.get(resource.name);
        if (size === undefined) throw new Error(`${resource.name} is gone`);
        return Object.hasOwn(properties, 'size') ? { size } : undefined;
      },
      lookup: () => undefined,
      delete: () => {},
    },
  });
  const updatable = definePlainType({
    name: 'Updatable',
    properties: { size: { type: 'integer', updateAllowed: true } },
    attributes: thing.attributes,
    handler: {
      ...thing.handler,
      update({ resource, properties }) {
        created.push(`update ${resource.name}`);
        world.set(resource.name, properties.size ?? 0);
        return { size: properties.size };
      },
    },
  });
  let engine: Engine;
  const engineOn = (on: ConstructorParameters<typeof Engine>[0]) =>
    new Engine({ types: [thing, updatable], clock, ...on });
  const template = {
    heat_template_version: 'hotloom-1',
    parameters: { pin: { type: 'string', hidden: true, default: 'secret' } },
    resources: {
      a: { type: 'Thing', properties: { size: 1 } },
      b: { type: 'Thing', properties: { size: 2, secret: { get_param: 'pin' } } },
      value: { type: 'OS::Heat::Value', properties: { value: 1 } },
    },
  };

  beforeEach(async () => {
    world = new Map();
    created.length = 0;
    clock = new SimulatedClock();
    store = new MemoryStore();
    engine = engineOn({ store });
    await clock.run(engine.create({ stack: 's', template }));
    created.length = 0;
  });
  afterEach(() => clock.run(engine.close()));

  const check = () => clock.run(engine.check({ stack: 's' }));
  const statesOf = async () => (await engine.show('s')).resources.map(({ name, state }) => `${name} ${state}`);

  test('of what is as it was made says so, and which types it cannot ask', async () => {
    const { state, reason, drifts, unchecked } = await check();
    expect({ state, reason, drifts, unchecked }).toEqual({
      state: 'CHECK_COMPLETE',
      reason: "Stack CHECK completed successfully. 'CHECK' not fully supported (see resources)",
      drifts: {},
      unchecked: ['value'],
    });
    expect(await statesOf()).toEqual(['a CHECK_COMPLETE', 'b CHECK_COMPLETE', 'value CHECK_COMPLETE']);
    const { resources } = await engine.show('s');
    expect(resources.map((each) => each.reason)).toEqual([
      'state changed',
      'state changed',
      'CHECK not supported for OS::Heat::Value',
    ]);
  });

  test('tells what has drifted and what is gone, and the next update replaces those alone', async () => {
    world.set('a', 5);
    world.delete('b');
    const { state, reason, drifts } = await check();
    expect({ state, reason, drifts }).toEqual({
      state: 'CHECK_FAILED',
      reason: "Resource CHECK failed: Error: resources.a: 'size': expected '1', got '5' (and 1 more)",
      drifts: { a: [{ name: 'size', kind: 'property', before: 1, after: 5 }] },
    });
    expect(await statesOf()).toEqual(['a CHECK_FAILED', 'b CHECK_FAILED', 'value CHECK_COMPLETE']);
    const { steps } = await engine.previewUpdate({ stack: 's', existing: true });
    expect(steps.map(({ resource, action, reason }) => [resource, action, reason])).toEqual([
      ['a', 'replace', 'it is CHECK_FAILED'],
      ['b', 'replace', 'it is CHECK_FAILED'],
      ['value', 'unchanged', undefined],
    ]);
    expect((await clock.run(engine.update({ stack: 's', existing: true }))).state).toBe('UPDATE_COMPLETE');
    expect(created).toEqual(['a', 'b']);
    expect((await check()).state).toBe('CHECK_COMPLETE');
  });

  test('finds well again what has come back', async () => {
    world.set('a', 5);
    await check();
    world.set('a', 1);
    expect((await check()).state).toBe('CHECK_COMPLETE');
    expect(await statesOf()).toEqual(['a CHECK_COMPLETE', 'b CHECK_COMPLETE', 'value CHECK_COMPLETE']);
    await clock.run(engine.update({ stack: 's', existing: true }));
    expect(created).toEqual([]);
  });

  test('is a part of an update that converges: what has drifted is brought back in place, what is gone is made again', async () => {
    const updatable = { ...template.resources, a: { type: 'Updatable', properties: { size: 1 } } };
    const given = { ...template, resources: updatable };
    await clock.run(engine.update({ stack: 's', template: given }));
    world.set('a', 5);
    world.delete('b');
    created.length = 0;
    const untouched = await clock.run(engine.previewUpdate({ stack: 's', template: given }));
    expect(untouched.steps.map(({ action }) => action)).toEqual(['unchanged', 'unchanged', 'unchanged']);
    const { steps } = await clock.run(engine.previewUpdate({ stack: 's', template: given, converge: true }));
    expect(steps.map(({ resource, action }) => `${resource} ${action}`)).toEqual([
      'a update',
      'b replace',
      'value unchanged',
    ]);
    await clock.run(engine.update({ stack: 's', template: given, converge: true }));
    expect([created, world.get('a'), world.get('b')]).toEqual([['update a', 'b'], 1, 2]);
    created.length = 0;
    await clock.run(engine.update({ stack: 's', template: given, converge: true }));
    expect(created).toEqual([]);
  });

  describe('and a saved plan that converges', () => {
    const given = {
      ...template,
      // Without a secret, whose digests take their time.
      resources: {
        ...template.resources,
        a: { type: 'Updatable', properties: { size: 1 } },
        b: { type: 'Thing', properties: { size: 2 } },
      },
    };
    const drift = () => {
      world.set('a', 5);
      world.delete('b');
    };
    const planned = async (): Promise<SavedPlan> =>
      JSON.parse(JSON.stringify(await clock.run(engine.planUpdate({ stack: 's', template: given, converge: true }))));
    beforeEach(async () => {
      await clock.run(engine.update({ stack: 's', template: given }));
      drift();
      created.length = 0;
    });

    test('bring back what was seen, once', async () => {
      const plan = await planned();
      expect(plan.plan.steps.map(({ resource, action }) => `${resource} ${action}`)).toEqual([
        'a update',
        'b replace',
        'value unchanged',
      ]);
      expect((await clock.run(engine.apply({ plan }))).state).toBe('UPDATE_COMPLETE');
      expect([created, world.get('a'), world.get('b')]).toEqual([['update a', 'b'], 1, 2]);
      await expect(clock.run(engine.apply({ plan }))).rejects.toMatchObject({ code: 'PlanStale' });
    });

    test.each([
      { what: 'has drifted elsewhere', change: () => world.set('a', 6), changed: "what 'a' really is" },
      { what: 'is as it was made again', change: () => world.set('a', 1), changed: "what 'a' really is" },
      { what: 'is there again', change: () => world.set('b', 2), changed: "what 'b' really is" },
    ])('are refused when something $what', async ({ change, changed }) => {
      const plan = await planned();
      change();
      const now = JSON.stringify([...world]);
      await expect(clock.run(engine.apply({ plan }))).rejects.toMatchObject({
        code: 'PlanStale',
        why: `Since it was made, this has changed: ${changed}.`,
      });
      expect([created, JSON.stringify([...world])]).toEqual([[], now]);
      expect((await engine.show('s')).state).toBe('UPDATE_COMPLETE');
    });

    test('see what has got another name as the same', async () => {
      const { a, ...others } = given.resources;
      const plan = await clock.run(
        engine.planUpdate({
          stack: 's',
          template: { ...given, resources: { ...others, c: a } },
          moves: [{ from: 'a', to: 'c' }],
          converge: true,
        }),
      );
      expect(plan.plan.steps.map(({ resource, action, movedFrom }) => [resource, action, movedFrom])).toContainEqual([
        'c',
        'replace',
        'a',
      ]);
      expect((await clock.run(engine.apply({ plan }))).state).toBe('UPDATE_COMPLETE');
    });

    test('come to the same end when the engine is killed at any position', async () => {
      for (let limit = 1; ; limit += 1) {
        const own = new MemoryStore();
        const first = engineOn({ store: own });
        await clock.run(first.create({ stack: 's', template: given }));
        drift();
        const plan = await clock.run(first.planUpdate({ stack: 's', template: given, converge: true }));
        await clock.run(first.close());
        const seen = storeUntilKill(own, limit);
        const applied = engineOn({ store: seen.store }).apply({ plan });
        await clock.run(Promise.race([applied.then(() => {}), seen.killed]));
        const next = engineOn({ store: own });
        const { state } = (await clock.run(next.resume({ stack: 's' }))) ?? { state: '' };
        if (state === 'CREATE_COMPLETE') await clock.run(next.apply({ plan }));
        expect([limit, world.get('a'), world.get('b')]).toEqual([limit, 1, 2]);
        await clock.run(next.close());
        if (!seen.isDead()) return;
      }
    });
  });

  test('and then a kill leave an update that converges to bring back the same', async () => {
    const given = {
      ...template,
      resources: { ...template.resources, a: { type: 'Updatable', properties: { size: 1 } } },
    };
    for (let limit = 1; ; limit += 1) {
      const own = new MemoryStore();
      const first = engineOn({ store: own });
      await clock.run(first.create({ stack: 's', template: given }));
      await clock.run(first.close());
      world.set('a', 5);
      world.delete('b');
      const seen = storeUntilKill(own, limit);
      const killed = engineOn({ store: seen.store });
      const update = killed.update({ stack: 's', template: given, converge: true }).then(() => {});
      await clock.run(Promise.race([update, seen.killed]));
      const next = engineOn({ store: own });
      const { state } = (await clock.run(next.resume({ stack: 's' }))) ?? { state: '' };
      if (state === 'CREATE_COMPLETE') await clock.run(next.update({ stack: 's', template: given, converge: true }));
      expect([limit, world.get('a'), world.get('b')]).toEqual([limit, 1, 2]);
      await clock.run(next.close());
      if (!seen.isDead()) return;
    }
  });

  test('that fails takes nothing from the state that a rollback goes back to', async () => {
    world.set('a', 5);
    await check();
    const bad = {
      ...template,
      resources: { ...template.resources, c: { type: 'OS::Heat::TestResource', properties: { fail: true } } },
    };
    await expect(clock.run(engine.update({ stack: 's', template: bad, rollback: true }))).rejects.toThrow(
      'Test Resource failed',
    );
    expect((await engine.show('s')).state).toBe('ROLLBACK_COMPLETE');
    expect((await engine.show('s')).resources.map(({ name }) => name).sort()).toEqual(['a', 'b', 'value']);
  });

  test('in which the engine was killed is done again', async () => {
    const seen = storeUntilKill(store, 2);
    const killed = engineOn({ store: seen.store });
    void killed.check({ stack: 's' }).catch(() => {});
    await seen.killed;
    world.delete('a');
    expect((await engine.listInterrupted()).map(({ state }) => state)).toEqual(['CHECK_IN_PROGRESS']);
    expect((await clock.run(engine.resume({ stack: 's' })))?.state).toBe('CHECK_FAILED');
  });

  test('of a stack that is not complete, or not there, is refused', async () => {
    const failing = { ...template, resources: { c: { type: 'OS::Heat::TestResource', properties: { fail: true } } } };
    await clock.run(engine.create({ stack: 'failed', template: failing }).catch(() => {}));
    await expect(engine.check({ stack: 'failed' })).rejects.toMatchObject({
      what: 'Checking a stack that is CREATE_FAILED is not supported: failed.',
      fix: "Update it first: 'hotloom update failed'.",
    });
    await expect(engine.check({ stack: 'none' })).rejects.toThrow('could not be found');
  });

  test('is not followed by a mark on what an engine was stopped in: that is refused with the command that helps', async () => {
    const seen = storeUntilKill(store, 3);
    const killed = engineOn({ store: seen.store });
    const more = { ...template, resources: { ...template.resources, c: { type: 'Thing', properties: { size: 3 } } } };
    void killed.update({ stack: 's', template: more }).catch(() => {});
    await seen.killed;
    await expect(engine.markUnhealthy({ stack: 's', resource: 'c' })).rejects.toMatchObject({
      what: 'Marking a resource that is CREATE_IN_PROGRESS is not supported: c.',
      fix: "Resume it first: 'hotloom resume s'.",
    });
    // Cancelled without a rollback, the stack is not at work any more, and a resume would do nothing.
    await clock.run(engine.cancel({ stack: 's', rollback: false }));
    await expect(engine.markUnhealthy({ stack: 's', resource: 'c' })).rejects.toMatchObject({
      fix: "Update it first: 'hotloom update s'.",
    });
  });

  test('is not needed to have a resource replaced', async () => {
    await engine.markUnhealthy({ stack: 's', resource: 'b', reason: 'it smells' });
    expect((await engine.show('s')).resources.find(({ name }) => name === 'b')).toMatchObject({
      state: 'CHECK_FAILED',
      reason: 'it smells',
    });
    await engine.markUnhealthy({ stack: 's', resource: 'a' });
    await engine.markUnhealthy({ stack: 's', resource: 'a', unhealthy: false });
    await clock.run(engine.update({ stack: 's', existing: true }));
    expect(created).toEqual(['b']);
    await expect(engine.markUnhealthy({ stack: 's', resource: 'nobody' })).rejects.toThrow(
      'The Resource (nobody) could not be found',
    );
  });

  test('is not needed to have a group replaced, which is so with all that it is made of', async () => {
    const group = (type: string) => ({
      type: 'OS::Heat::ResourceGroup',
      properties: { count: 2, resource_def: { type, properties: { size: 3 } } },
    });
    const others = { ...template.resources, group: group('Thing'), group2: group('Thing') };
    const update = () =>
      clock.run(engine.update({ stack: 's', template: { ...template, resources: others }, rollback: true }));
    await update();
    const at = { stack: 's', resource: 'group' };
    await engine.markUnhealthy(at);
    expect((await statesOf()).filter((state) => state.endsWith('CHECK_FAILED')).sort()).toEqual([
      'group CHECK_FAILED',
      'group/0 CHECK_FAILED',
      'group/1 CHECK_FAILED',
    ]);
    expect((await engine.history('s')).at(-1)?.changes).toEqual({
      marked: { count: 3, names: ['group', 'group/0', 'group/1'] },
    });
    await engine.markUnhealthy({ ...at, unhealthy: false });
    created.length = 0;
    await update();
    expect(created).toEqual([]);
    await engine.markUnhealthy({ ...at, resource: 'group/1' });
    await engine.markUnhealthy(at);
    const { steps } = await engine.previewUpdate({ stack: 's', existing: true });
    expect(steps.filter(({ action }) => action === 'replace').map(({ resource }) => resource)).toEqual([
      'group',
      'group/0',
      'group/1',
    ]);
    await update();
    expect(created.sort()).toEqual(['group/0', 'group/1']);
    expect((await statesOf()).filter((state) => state.endsWith('FAILED'))).toEqual([]);
  });
});
