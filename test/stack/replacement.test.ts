import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Engine } from '../../src/engine.ts';
import { UpdateReplace } from '../../src/errors.ts';
import { definePlainType, defineStreamingType } from '../../src/resource/resource-type.ts';
import { SimulatedClock, seededRandomness } from '../../src/simulated-clock.ts';
import type { UpdateOptions } from '../../src/stack/update.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import type { Json, JsonObject } from '../../src/values.ts';
import { live } from './killed-engine.ts';
import { attr, type NodeCall, type Told, template, thing, typesOf } from './update-world.ts';

describe('an update of a handler that asks to be replaced', () => {
  let told: Told;
  let engine: Engine;
  let clock: SimulatedClock;
  /** Grows in place, and cannot shrink. */
  const disk = (deletesBeforeReplacing: boolean) =>
    definePlainType({
      name: deletesBeforeReplacing ? 'OnlyDisk' : 'Disk',
      properties: { size: { type: 'number', updateAllowed: true } },
      attributes: { id: { schema: {} } },
      deletesBeforeReplacing,
      handler: {
        async create({ token, resource, properties, setResourceId }) {
          told.calls.push(`create ${resource.name}`);
          told.things.set(token, { name: resource.name, of: properties.size ?? 0 });
          await setResourceId(`id-${token}`);
          return { id: token };
        },
        async update({ resource, properties, previous }) {
          if ((properties.size ?? 0) < (previous.properties.size ?? 0)) {
            throw new UpdateReplace({ what: 'A disk cannot shrink.' });
          }
          told.calls.push(`update ${resource.name}`);
          return {};
        },
        async delete({ token, resource }) {
          if (told.things.delete(token)) told.calls.push(`delete ${resource.name}`);
        },
      },
    });
  beforeEach(() => {
    told = { things: new Map(), calls: [] };
    clock = new SimulatedClock();
    const types = [...typesOf(told), disk(false), disk(true)];
    engine = new Engine({ types, clock, randomness: seededRandomness(1) });
  });
  afterEach(() => clock.run(engine.close()));

  const create = (resources: JsonObject) => clock.run(engine.create({ stack: 's', template: template(resources) }));
  const update = (resources: JsonObject, options: Partial<UpdateOptions> = {}) => {
    told.calls.length = 0;
    return clock.run(engine.update({ stack: 's', template: template(resources), ...options }));
  };
  const of = (size: number, type = 'Disk') => ({
    d: { type, properties: { size } },
    r: thing({ of: attr('d', 'id') }),
  });

  test('becomes a replacement, and who reads from it follows', async () => {
    await create(of(2));
    await update(of(3));
    expect(told.calls).toEqual(['update d']);
    const { state, resources } = await update(of(1));
    expect(state).toBe('UPDATE_COMPLETE');
    expect(told.calls).toEqual(['create d', 'create r', 'delete r', 'delete d']);
    expect(resources.map(({ name }) => name).sort()).toEqual(['d', 'r']);
    expect(told.things.size).toBe(2);
  });

  test('deletes the old one first where both cannot stand side by side', async () => {
    await create(of(2, 'OnlyDisk'));
    await update(of(1, 'OnlyDisk'));
    expect(told.calls).toEqual(['delete d', 'create d', 'create r', 'delete r']);
  });

  test('goes back to the old one when the update is rolled back', async () => {
    const { resources } = await create(of(2));
    const failing = update({ ...of(1), bad: thing({ of: 'bad' }) }, { rollback: true });
    await expect(failing).rejects.toThrow('it is bad');
    const after = await engine.show('s');
    const ids = (all: typeof resources) => all.map(({ name, resourceId }) => `${name} ${resourceId}`).sort();
    expect([after.state, ids(after.resources)]).toEqual(['ROLLBACK_COMPLETE', ids(resources)]);
  });

  test('fails where the environment forbids replacements', async () => {
    await create(of(2));
    const environments = [{ resource_registry: { resources: { d: { restricted_actions: 'replace' } } } }];
    await expect(update(of(1), { environments })).rejects.toThrow('replace is restricted for resource.');
    expect(told.calls).toEqual([]);
  });

  test('fails under a saved plan, which does not tell of it', async () => {
    await create(of(2));
    const plan = await engine.planUpdate({ stack: 's', template: template(of(1)) });
    told.calls.length = 0;
    await expect(clock.run(engine.apply({ plan }))).rejects.toThrow(
      'PlanStale: resources.d: The plan for stack s does not hold any more.',
    );
    expect(told.calls).toEqual([]);
  });

  test.each([
    { handler: 'reads it', isRead: true, comesOut: 'different', fixed: attr('b', 'early'), calls: ['create a'] },
    { handler: 'never reads it', isRead: false, comesOut: 'different', fixed: attr('b', 'early'), calls: ['create a'] },
    { handler: 'reads it', isRead: true, comesOut: 'as it was', fixed: attr('b', 'seen'), calls: [] },
    { handler: 'never reads it', isRead: false, comesOut: 'as it was', fixed: attr('b', 'seen'), calls: [] },
  ])(
    'a property that comes in late through a circle, $comesOut, and the handler $handler',
    async ({ isRead, fixed, calls }) => {
      const called: string[] = [];
      const act =
        (what: string) =>
        async (call: NodeCall): Promise<void> => {
          const { token, resource, inputs, publish, setResourceId } = call;
          called.push(`${what} ${resource.name}`);
          // One that may be replaced still tells no id, which the one in its place would have to keep to.
          await setResourceId(`id-${token}`);
          await publish('early', ((await inputs.live) ?? null) as Json);
          await publish('seen', isRead && (await inputs.fixed) !== undefined);
          await setResourceId(`id-${token}`);
        };
      const node = defineStreamingType({
        name: 'Node',
        properties: { live: { updateAllowed: true }, fixed: {} },
        attributes: { early: { schema: {}, needs: ['live'] }, seen: { schema: {} } },
        handler: {
          create: act('create'),
          update: act('update'),
          async delete() {},
        },
      });
      const own = new Engine({ types: [node], clock, randomness: seededRandomness(2) });
      const ring = (live: Json) =>
        template({
          a: { type: 'Node', properties: { live, fixed } },
          b: { type: 'Node', properties: { live: attr('a', 'early') } },
        });
      await clock.run(own.create({ stack: 's', template: ring(1) }));
      called.length = 0;
      const after = await clock.run(own.update({ stack: 's', template: ring(2), timeoutMs: 5000 }));
      expect(after.state).toBe('UPDATE_COMPLETE');
      expect(called).toEqual(['update a', 'update b', ...calls]);
      // It is known what it is made with.
      await clock.run(own.update({ stack: 's', template: ring(2) }));
      expect(called.slice(2)).toEqual(calls);
      await clock.run(own.close());
    },
  );
});

describe('an engine that is killed at any position of an update that becomes a replacement', () => {
  test.each([
    { what: 'succeeds', of: 1, rollback: false },
    { what: 'fails and is rolled back', of: 'bad', rollback: true },
  ])('comes to the same end when it $what', async ({ of, rollback }) => {
    const before = template({ d: { type: 'Disk', properties: { size: 2 } }, r: thing({ of: attr('d', 'id') }) });
    const after = template({
      d: { type: 'Disk', properties: { size: 1 } },
      r: thing({ of: attr('d', 'id') }),
      x: thing({ of: rollback ? of : attr('d', 'id') }),
    });
    const run = async (limit: number) => {
      const store = new MemoryStore();
      const told: Told = { things: new Map(), calls: [] };
      const types = (isDead: () => boolean) => [...typesOf(told, isDead), shrinking(told, isDead)];
      const act = (engine: Engine) => engine.update({ stack: 's', template: after, rollback });
      await live(store, { seed: 1, types }, (engine) => engine.create({ stack: 's', template: before }));
      const batches = await live(store, { seed: 2, limit, types }, act);
      const state = store.findStack('default', 's');
      const goOn = (engine: Engine) => (state?.status === 'IN_PROGRESS' ? engine.resume({ stack: 's' }) : act(engine));
      if (state?.status === 'IN_PROGRESS' || state?.action === 'CREATE') await live(store, { seed: 3, types }, goOn);
      const { id = '', action, status } = store.findStack('default', 's') ?? {};
      return {
        batches,
        state: `${action}_${status}`,
        resources: store
          .resources(id)
          .map(({ name, token }) => `${name} ${told.things.has(token)}`)
          .sort(),
        things: told.things.size,
      };
    };
    const { batches, ...undisturbed } = await run(Number.POSITIVE_INFINITY);
    expect(undisturbed.state).toBe(rollback ? 'ROLLBACK_COMPLETE' : 'UPDATE_COMPLETE');
    expect(undisturbed.things).toBe(rollback ? 2 : 3);
    for (let limit = 1; limit < batches; limit += 1) {
      const { batches: _, ...end } = await run(limit);
      expect({ limit, ...end }).toEqual({ limit, ...undisturbed });
    }
  });
});

/** `Disk` of a size that only grows in place. */
function shrinking(told: Told, isDead: () => boolean) {
  const act = async (what: () => void): Promise<void> => {
    if (isDead()) await new Promise<never>(() => {});
    what();
  };
  return definePlainType({
    name: 'Disk',
    properties: { size: { type: 'number', updateAllowed: true } },
    attributes: { id: { schema: {} } },
    handler: {
      async create({ token, resource, properties, setResourceId }) {
        await act(() => void told.things.set(token, { name: resource.name, of: properties.size ?? 0 }));
        await setResourceId(`id-${token}`);
        return { id: token };
      },
      async update({ properties, previous }) {
        if ((properties.size ?? 0) < (previous.properties.size ?? 0)) throw new UpdateReplace({ what: 'Too small.' });
        return {};
      },
      lookup: ({ token }) => (told.things.has(token) ? `id-${token}` : undefined),
      delete: ({ token }) => act(() => void told.things.delete(token)),
    },
  });
}
