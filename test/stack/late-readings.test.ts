import { expect, test } from '@jest/globals';
import { definePlainType, defineStreamingType } from '../../src/resource/resource-type.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { live } from './killed-engine.ts';

test('what a handler has not waited for is recorded all the same, wherever its create is killed', async () => {
  const calls: string[] = [];
  const types = () => [
    definePlainType({
      name: 'Late',
      properties: {},
      attributes: { value: { schema: {} } },
      handler: {
        create: ({ clock }) =>
          new Promise<{ value: number }>((resolve) => void clock.schedule(5, () => resolve({ value: 1 }))),
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
  const template = {
    heat_template_version: 'hotloom-1',
    resources: {
      late: { type: 'Late' },
      early: { type: 'Early', properties: { of: { get_attr: ['late', 'value'] } } },
    },
  };
  const options = { stack: 's', template };
  const batches = await live(new MemoryStore(), { seed: 1, types }, (engine) => engine.create(options));
  for (let limit = 2; limit < batches; limit += 1) {
    const store = new MemoryStore();
    await live(store, { seed: 1, limit, types }, (engine) => engine.create(options));
    await live(store, { seed: 2, types }, (engine) => engine.resume({ stack: 's' }));
    calls.length = 0;
    await live(store, { seed: 3, types }, (engine) => engine.update(options));
    const { action, status } = store.findStack('default', 's') ?? {};
    expect([limit, action, status, calls]).toEqual([limit, 'UPDATE', 'COMPLETE', []]);
  }
});
