import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Engine } from '../../src/engine.ts';
import { definePlainType } from '../../src/resource/resource-type.ts';
import { SimulatedClock } from '../../src/simulated-clock.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { storeUntilKill } from './killed-engine.ts';

const calls: string[] = [];
const thing = definePlainType({
  name: 'Thing',
  properties: { size: { updateAllowed: true }, secret: {} },
  attributes: { size: { schema: {} } },
  handler: {
    async create({ resource, properties, setResourceId, token }) {
      calls.push(`create ${resource.name}`);
      await setResourceId(token);
      return { size: properties.size ?? null };
    },
    update({ resource, properties }) {
      calls.push(`update ${resource.name}`);
      return { size: properties.size ?? null };
    },
    lookup: () => undefined,
    delete({ resource }) {
      calls.push(`delete ${resource.name}`);
    },
  },
});

const template = {
  heat_template_version: 'hotloom-1',
  parameters: { pin: { type: 'string', hidden: true, default: 'secret' }, size: { type: 'number', default: 1 } },
  resources: {
    a: { type: 'Thing', properties: { size: { get_param: 'size' }, secret: { get_param: 'pin' } } },
    b: { type: 'Thing', properties: { size: { get_attr: ['a', 'size'] } } },
  },
  outputs: { size: { value: { get_attr: ['b', 'size'] } } },
};

describe('an abandoned stack', () => {
  let clock: SimulatedClock;
  let engine: Engine;
  let other: Engine;
  let store: MemoryStore;
  beforeEach(async () => {
    clock = new SimulatedClock();
    store = new MemoryStore();
    engine = new Engine({ types: [thing], clock });
    other = new Engine({ types: [thing], clock, store });
    await clock.run(engine.create({ stack: 's', template, parameters: { size: 2 } }));
    calls.length = 0;
  });
  afterEach(async () => {
    await clock.run(engine.close());
    await clock.run(other.close());
  });

  test('is forgotten, and what it has made is left alone', async () => {
    const data = await engine.abandon('s');
    expect(await engine.list()).toEqual([]);
    expect(calls).toEqual([]);
    expect(data).toMatchObject({
      name: 's',
      action: 'CREATE',
      status: 'COMPLETE',
      resources: { a: { type: 'Thing' } },
    });
    expect(JSON.stringify(data.resources.a?.record?.properties)).not.toContain('"secret":"secret"');
    // Its name is free again.
    await clock.run(engine.create({ stack: 's', template }));
  });

  test('is adopted elsewhere as it stands, its hidden values too', async () => {
    const data = JSON.parse(JSON.stringify(await engine.abandon('s')));
    const adopted = await clock.run(other.adopt({ stack: 't', data }));
    expect(calls).toEqual([]);
    expect([adopted.state, adopted.outputs]).toEqual(['ADOPT_COMPLETE', { size: 2 }]);
    expect(adopted.resources.map(({ name, resourceId }) => [name, resourceId])).toEqual(
      Object.values(data.resources as Record<string, { name: string; resource_id: string }>).map((each) => [
        each.name,
        each.resource_id,
      ]),
    );
    await clock.run(other.update({ stack: 't', existing: true }));
    expect(calls).toEqual([]);
    await clock.run(other.delete({ stack: 't' }));
    expect(calls).toEqual(['delete b', 'delete a']);
  });

  test('is brought to another template where it differs', async () => {
    const data = await engine.export('s');
    const { b } = template.resources;
    const more = { ...template, resources: { ...template.resources, c: b } };
    await clock.run(other.adopt({ stack: 's', data, template: more, parameters: { size: 3 } }));
    expect(calls).toEqual(['update a', 'update b', 'create c']);
  });

  test("of Heat's, without attributes, is taken by its ids, and replaced where nothing tells that it is the same", async () => {
    const data = {
      name: 'heat',
      status: 'COMPLETE',
      action: 'CREATE',
      template: { heat_template_version: '2021-04-16', resources: { v: { type: 'OS::Heat::None' } } },
      environment: { parameters: {} },
      resources: {
        v: {
          name: 'v',
          type: 'OS::Heat::None',
          status: 'COMPLETE',
          action: 'CREATE',
          resource_id: 'heat-v',
          resource_data: {},
          metadata: {},
        },
      },
    };
    const { state, resources } = await clock.run(other.adopt({ stack: 'heat', data }));
    expect([state, resources.map(({ resourceId }) => resourceId)]).toEqual(['ADOPT_COMPLETE', ['heat-v']]);
  });

  describe("of Heat's, with handlers that tell what it leaves out,", () => {
    const asked: unknown[] = [];
    const server = definePlainType({
      name: 'Server',
      properties: { name: { type: 'string' }, password: { type: 'string' }, key: { type: 'string' } },
      attributes: { address: { schema: { type: 'string' } } },
      handler: {
        create: ({ resource }) => {
          calls.push(`create ${resource.name}`);
          return { address: 'new' };
        },
        adopt: ({ resourceId, data }) => {
          asked.push([resourceId, data]);
          if (resourceId === 'broken') throw new Error('the cloud is away');
          return { address: `of ${resourceId}` };
        },
        delete: ({ resource }) => void calls.push(`delete ${resource.name}`),
      },
    });
    const entry = (name: string, type: string, resource_id: string, resource_data = {}) => ({
      [name]: { name, type, status: 'COMPLETE', action: 'CREATE', resource_id, resource_data, metadata: {} },
    });
    const exportOf = (serverId: string) => ({
      name: 'heat',
      status: 'COMPLETE',
      action: 'CREATE',
      template: {
        heat_template_version: '2021-04-16',
        parameters: { key: { type: 'string', default: 'k1', hidden: true } },
        resources: {
          password: { type: 'OS::Heat::RandomString', properties: { length: 8 } },
          server: {
            type: 'Server',
            properties: {
              name: 'web',
              password: { get_attr: ['password', 'value'] },
              key: { get_param: 'key' },
            },
          },
        },
        outputs: {
          password: { value: { get_attr: ['password', 'value'] } },
          address: { value: { get_attr: ['server', 'address'] } },
        },
      },
      environment: { parameters: { key: 'k2' } },
      resources: {
        ...entry('password', 'OS::Heat::RandomString', 'p-1', { value: 'kept-it!' }),
        ...entry('server', 'Server', serverId),
      },
    });
    let heir: Engine;
    let into: MemoryStore;
    beforeEach(() => {
      asked.length = 0;
      calls.length = 0;
      into = new MemoryStore();
      heir = new Engine({ types: [server], clock, store: into });
    });
    afterEach(() => clock.run(heir.close()));

    test('is taken over as it stands, its values too', async () => {
      const { state, outputs, resources } = await clock.run(heir.adopt({ stack: 'h', data: exportOf('s-1') }));
      expect([state, outputs]).toEqual(['ADOPT_COMPLETE', { password: 'kept-it!', address: 'of s-1' }]);
      expect(resources.map(({ name, state: each, resourceId }) => [name, each, resourceId])).toEqual([
        ['password', 'ADOPT_COMPLETE', 'p-1'],
        ['server', 'ADOPT_COMPLETE', 's-1'],
      ]);
      expect([calls, asked]).toEqual([[], [['s-1', {}]]]);
      const { steps } = await heir.previewUpdate({ stack: 'h', existing: true, parameters: { key: 'k2' } });
      expect(steps.map(({ action }) => action)).toEqual(['unchanged', 'unchanged']);
    });

    test('is brought to what is given besides', async () => {
      const done = await clock.run(heir.adopt({ stack: 'h', data: exportOf('s-1'), parameters: { key: 'k3' } }));
      expect(done.outputs).toEqual({ password: 'kept-it!', address: 'new' });
      expect(calls).toEqual(['create server', 'delete server']);
    });

    test('is not taken over when one of them fails, and can be tried again', async () => {
      await expect(clock.run(heir.adopt({ stack: 'h', data: exportOf('broken') }))).rejects.toThrow(
        'Error: resources.server: the cloud is away',
      );
      expect((await heir.show('h')).state).toBe('ADOPT_FAILED');
      await clock.run(heir.delete({ stack: 'h' }));
      expect((await clock.run(heir.adopt({ stack: 'h', data: exportOf('s-1') }))).state).toBe('ADOPT_COMPLETE');
      expect(calls).toEqual([]);
    });
  });

  test('is not adopted in part when the engine is killed at any position', async () => {
    const data = await engine.export('s');
    for (let limit = 1; limit < 12; limit += 1) {
      calls.length = 0;
      const into = new MemoryStore();
      const seen = storeUntilKill(into, limit);
      const killed = new Engine({ types: [thing], clock, store: seen.store });
      const done = killed.adopt({ stack: 's', data }).then(() => {});
      await clock.run(Promise.race([done, seen.killed]));
      if (!seen.isDead()) break;
      const next = new Engine({ types: [thing], clock, store: into });
      const found = into.findStack('default', 's');
      if (found?.status === 'FAILED') {
        expect(found.reason).toBe(
          'It has not begun; if nobody is at work on it, delete it, which removes nothing, and adopt it again',
        );
        await expect(next.update({ stack: 's', existing: true })).rejects.toMatchObject({
          what: 'Updating a stack whose adoption has not begun is not supported: s is ADOPT_FAILED.',
          why: 'Its engine was stopped before it had recorded what is there: all of that would be made once more.',
          fix: "Delete it ('hotloom delete s'), which removes nothing, and adopt it again ('hotloom adopt s --adopt-file FILE').",
        });
        await clock.run(next.delete({ stack: 's' }));
      }
      if (into.findStack('default', 's') === undefined) await clock.run(next.adopt({ stack: 's', data }));
      else await clock.run(next.resume({ stack: 's' }));
      expect([limit, calls, into.findStack('default', 's')?.status]).toEqual([limit, [], 'COMPLETE']);
      await clock.run(next.close());
    }
  });

  test.each([null, [], {}, { template: {} }, { template: {}, resources: { a: 1 } }])(
    'is refused when it is none: %j',
    async (data) => {
      await expect(other.adopt({ stack: 's', data: data as never })).rejects.toThrow('Invalid adopt data');
      expect(await other.list()).toEqual([]);
    },
  );

  test.each([
    { attributes: 'x' },
    { secrecy: ['x'] },
    { record: 'x' },
    { record: { requires: 5 } },
    { record: { unread: 5 } },
    { record: { reads: [5] } },
    { record: { properties: [1] } },
    { record: { inputs: 'x' } },
  ])('is refused when a resource in it has another form: %j', async (more) => {
    const a = { name: 'a', type: 'Thing', action: 'CREATE', status: 'COMPLETE', resource_id: null, resource_data: {} };
    const data = { template: { heat_template_version: '2018-08-31' }, resources: { a: { ...a, ...more } } };
    await expect(other.adopt({ stack: 's', data: data as never })).rejects.toThrow(
      "Invalid adopt data: 'a' is missing or has the wrong form.",
    );
    expect(await other.list()).toEqual([]);
  });
});
