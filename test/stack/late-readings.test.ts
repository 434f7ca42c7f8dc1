import { expect, test } from '@jest/globals';
import type { Engine } from '../../src/engine.ts';
import { definePlainType, defineStreamingType } from '../../src/resource/resource-type.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import type { JsonObject } from '../../src/values.ts';
import { live } from './killed-engine.ts';

/** `early` has ended before `late` writes what it could read. */
const calls: string[] = [];
const types = () => [
  definePlainType({
    name: 'Late',
    properties: { fails: {} },
    attributes: { value: { schema: {} } },
    handler: {
      async create({ clock, properties }) {
        await new Promise<void>((resolve) => void clock.schedule(5, resolve));
        if (properties.fails === true) throw new Error('no disk');
        return { value: 1 };
      },
      isRepeatable: true,
    },
  }),
  defineStreamingType({
    name: 'Early',
    properties: { of: {} },
    attributes: {},
    handler: {
      async create({ resource }) {
        calls.push(resource.name);
      },
      lookup: () => undefined,
    },
  }),
];

const template = (fails: boolean) => ({
  heat_template_version: 'hotloom-1',
  resources: {
    late: { type: 'Late', properties: { fails } },
    early: { type: 'Early', properties: { of: { get_attr: ['late', 'value'] } } },
  },
});

const create = (fails: boolean) => (engine: Engine) => engine.create({ stack: 's', template: template(fails) });
const update = (fails: boolean) => (engine: Engine) => engine.update({ stack: 's', template: template(fails) });

test('what a handler has not waited for is recorded all the same, wherever its create is killed', async () => {
  const batches = await live(new MemoryStore(), { seed: 1, types }, create(false));
  for (let limit = 2; limit < batches; limit += 1) {
    const store = new MemoryStore();
    await live(store, { seed: 1, limit, types }, create(false));
    await live(store, { seed: 2, types }, (engine) => engine.resume({ stack: 's' }));
    calls.length = 0;
    await live(store, { seed: 3, types }, update(false));
    const { action, status } = store.findStack('default', 's') ?? {};
    expect([limit, action, status, calls]).toEqual([limit, 'UPDATE', 'COMPLETE', []]);
  }
});

test('what was made without an input is as it was, whether that fails again or comes', async () => {
  const store = new MemoryStore();
  await live(store, { seed: 1, types }, create(true));
  calls.length = 0;
  let failed: unknown;
  await live(store, { seed: 2, types }, async (engine) => {
    failed = await update(true)(engine).catch((reason: unknown) => reason);
  });
  expect(failed).toMatchObject({
    what: 'Stack UPDATE failed: Resource CREATE failed: Error: resources.late: no disk',
    why: expect.not.stringContaining('early'),
  });
  await live(store, { seed: 3, types }, update(false));
  await live(store, { seed: 4, types }, update(false));
  const stack = store.findStack('default', 's');
  expect([stack?.action, stack?.status, calls]).toEqual(['UPDATE', 'COMPLETE', []]);
  const early = store.resources(stack?.id ?? '').find(({ name }) => name === 'early');
  expect([early?.properties, early?.unread]).toEqual([{ of: 1 }, undefined]);
});

test('what was made without an input is so in another store, too', async () => {
  const store = new MemoryStore();
  await live(store, { seed: 1, types }, create(true));
  let data: unknown;
  await live(store, { seed: 2, types }, async (engine) => {
    data = await engine.abandon('s');
  });
  calls.length = 0;
  const other = new MemoryStore();
  await live(other, { seed: 3, types }, (engine) =>
    engine.adopt({ stack: 's', data: data as JsonObject, template: template(false) }),
  );
  const stack = other.findStack('default', 's');
  expect([stack?.action, stack?.status, calls]).toEqual(['ADOPT', 'COMPLETE', []]);
});

test('what comes of an input that a resource was made without is what the next update compares with', async () => {
  const calls: string[] = [];
  const typesOf = () => [
    definePlainType({
      name: 'Late',
      properties: { fails: {}, value: { updateAllowed: true } },
      attributes: { value: { schema: {} } },
      handler: {
        async create({ clock, properties }) {
          await new Promise<void>((resolve) => void clock.schedule(5, resolve));
          if (properties.fails === true) throw new Error('no disk');
          return { value: properties.value };
        },
        update: ({ properties }) => ({ value: properties.value }),
      },
    }),
    defineStreamingType({
      name: 'Early',
      properties: { of: { updateAllowed: true } },
      attributes: {},
      handler: {
        async create() {},
        async update({ inputs }) {
          calls.push(`update to ${await inputs.of}`);
        },
      },
    }),
  ];
  const store = new MemoryStore();
  const to = (action: 'create' | 'update', fails: boolean, value: number) =>
    live(store, { seed: value, types: typesOf }, (engine) =>
      engine[action]({
        stack: 's',
        template: {
          heat_template_version: 'hotloom-1',
          resources: {
            late: { type: 'Late', properties: { fails, value } },
            early: { type: 'Early', properties: { of: { get_attr: ['late', 'value'] } } },
          },
        },
      }),
    );
  await to('create', true, 1);
  await to('update', false, 2);
  expect(calls).toEqual([]);
  await to('update', false, 3);
  expect(calls).toEqual(['update to 3']);
});
