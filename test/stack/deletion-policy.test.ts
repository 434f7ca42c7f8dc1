import { describe, expect, test } from '@jest/globals';
import { Engine } from '../../src/engine.ts';
import { definePlainType } from '../../src/resource/resource-type.ts';
import { SimulatedClock } from '../../src/simulated-clock.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { storeUntilKill } from './killed-engine.ts';

interface World {
  readonly things: Set<string>;
  /** What was kept, by the id of the snapshot. */
  readonly kept: Map<string, string>;
  failing: 'snapshot' | 'delete' | undefined;
}

const makeWorld = (): World => ({ things: new Set(), kept: new Map(), failing: undefined });

function typesOf(world: World, isDead = () => false) {
  const thing = definePlainType({
    name: 'Thing',
    properties: { size: {}, fail: { type: 'boolean', default: false } },
    attributes: { size: { schema: {} } },
    handler: {
      isRepeatable: true,
      create({ resource, properties }) {
        world.things.add(resource.name);
        if (properties.fail) throw new Error('it failed');
        return { size: properties.size ?? null };
      },
      snapshot({ resource, properties, attributes, snapshotId, isFinal }) {
        if (isDead()) throw new Error('the engine is dead');
        if (world.failing === 'snapshot') throw new Error('no snapshot');
        const what = `${resource.name} ${properties.size} ${attributes.size}`;
        world.kept.set(snapshotId, `${what}${isFinal && world.things.has(resource.name) ? '' : ' (not final)'}`);
        return { as: resource.name };
      },
      delete({ resource }) {
        if (isDead()) throw new Error('the engine is dead');
        if (world.failing === 'delete') throw new Error('no delete');
        world.things.delete(resource.name);
      },
    },
  });
  return [thing];
}

const templateOf = (properties: object = { size: 1 }) => ({
  heat_template_version: '2021-04-16',
  resources: {
    a: { type: 'Thing', deletion_policy: 'Snapshot', properties },
    b: { type: 'Thing', properties: { size: 2 } },
  },
});

async function live(store: MemoryStore, world: World, limit: number, act: (engine: Engine) => Promise<unknown>) {
  const seen = storeUntilKill(store, limit);
  const clock = new SimulatedClock();
  const engine = new Engine({ types: typesOf(world, seen.isDead), clock, store: seen.store });
  await clock.run(Promise.race([act(engine), seen.killed]));
  if (!seen.isDead()) await clock.run(engine.close());
  return seen.isDead();
}
const never = Number.POSITIVE_INFINITY;

describe('the deletion policy Snapshot', () => {
  const run = (world: World, act: (engine: Engine) => Promise<unknown>) => live(new MemoryStore(), world, never, act);

  test('keeps what there is before the resource is deleted with its stack, and tells it', async () => {
    const world = makeWorld();
    await run(world, async (engine) => {
      await engine.create({ stack: 's', template: templateOf() });
      const reasons: string[] = [];
      engine.onEvent((event) => {
        if (event.type === 'resource' && event.status === 'COMPLETE')
          reasons.push(`${event.resource}: ${event.reason}`);
      });
      await engine.delete({ stack: 's' });
      expect(reasons.sort()).toEqual(['a: Kept as {"as":"a"}', 'b: state changed']);
    });
    expect([[...world.kept.values()], [...world.things]]).toEqual([['a 1 1'], []]);
  });

  test('holds for a resource that is replaced or left out by an update', async () => {
    const world = makeWorld();
    await run(world, async (engine) => {
      await engine.create({ stack: 's', template: templateOf() });
      await engine.update({ stack: 's', template: templateOf({ size: 2 }) });
      expect([...world.kept.values()]).toEqual(['a 1 1']);
      const { b } = templateOf().resources;
      await engine.update({ stack: 's', template: { heat_template_version: '2021-04-16', resources: { b } } });
      expect([...world.kept.values()]).toEqual(['a 1 1', 'a 2 2 (not final)']);
      const told = (await engine.storedEvents('s')).map(({ event }) => event.reason);
      expect(told.filter((reason) => reason === 'Kept as {"as":"a"}')).toHaveLength(2);
    });
  });

  test('keeps nothing of what has failed, as under Heat', async () => {
    const world = makeWorld();
    await run(world, async (engine) => {
      await engine.create({ stack: 's', template: templateOf({ fail: true }) }).catch(() => {});
      await engine.delete({ stack: 's' });
    });
    expect([world.kept.size, world.things.size]).toEqual([0, 0]);
  });

  test('leaves the resource where it is when it cannot be kept, and does not keep it twice when it cannot be deleted', async () => {
    const world = makeWorld();
    await run(world, async (engine) => {
      await engine.create({ stack: 's', template: templateOf() });
      world.failing = 'snapshot';
      await expect(engine.delete({ stack: 's' })).rejects.toThrow('Error: resources.a: no snapshot');
      expect(world.things.has('a')).toBe(true);
      world.failing = 'delete';
      await expect(engine.delete({ stack: 's' })).rejects.toThrow('no delete');
      const before = new Map(world.kept);
      world.failing = undefined;
      await engine.delete({ stack: 's' });
      expect(world.kept).toEqual(before);
      expect([[...world.kept.values()], world.things.size]).toEqual([['a 1 1'], 0]);
    });
  });

  test.each([
    { type: 'OS::Heat::RandomString', properties: {} },
    { type: 'OS::Heat::ResourceGroup', properties: { count: 1, resource_def: { type: 'OS::Heat::None' } } },
    { type: 'OS::Neutron::Net', properties: {} },
  ])('is refused where $type has nothing to keep, in the words of Heat', async ({ type, properties }) => {
    const engine = new Engine();
    const resources = { r: { type, properties, deletion_policy: 'Snapshot' } };
    expect(() => engine.validate({ stack: 's', template: { heat_template_version: '2021-04-16', resources } })).toThrow(
      '"Snapshot" deletion policy not supported',
    );
    await engine.close();
  });

  test.each(['OS::Nova::Server', 'OS::Cinder::Volume'])('is taken where %s has something under Heat', async (type) => {
    const engine = new Engine();
    const properties = type === 'OS::Nova::Server' ? { image: 'i', flavor: 'f' } : { size: 1 };
    const resources = { r: { type, properties, deletion_policy: 'Snapshot' } };
    engine.validate({ stack: 's', template: { heat_template_version: '2021-04-16', resources } });
    await engine.close();
  });

  test('keeps it once, wherever the engine is killed', async () => {
    for (let limit = 1; ; limit += 1) {
      const [store, world] = [new MemoryStore(), makeWorld()];
      await live(store, world, never, (engine) => engine.create({ stack: 's', template: templateOf() }));
      const isKilled = await live(store, world, limit, (engine) => engine.delete({ stack: 's' }));
      await live(store, world, (limit % 3) + 1, (engine) => engine.resume({ stack: 's' }).catch(() => {}));
      await live(store, world, never, async (engine) => {
        if ((await engine.list()).length > 0) await engine.delete({ stack: 's' });
      });
      expect([limit, [...world.kept.values()], world.things.size]).toEqual([limit, ['a 1 1'], 0]);
      if (!isKilled) return;
    }
  });
});
