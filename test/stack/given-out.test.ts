import { expect, test } from '@jest/globals';
import { Engine } from '../../src/engine.ts';
import { SimulatedClock, seededRandomness } from '../../src/simulated-clock.ts';
import type { Json } from '../../src/values.ts';

const document = {
  heat_template_version: 'hotloom-1',
  parameters: { p: { type: 'string', default: 'stored' } },
  resources: { a: { type: 'OS::Heat::Value', properties: { value: { get_param: 'p' } } } },
  outputs: { o: { value: { get_attr: ['a', 'value'] } } },
};

test.each<{ readonly of: string; readonly parameters: (engine: Engine) => Promise<object | undefined> }>([
  { of: 'a stack', parameters: async (engine) => (await engine.show('s')).parameters },
  { of: 'an export', parameters: async (engine) => (await engine.export('s')).environment.parameters as object },
  {
    of: 'a snapshot',
    parameters: async (engine) => (await engine.showSnapshot({ stack: 's', snapshot: 'n' })).parameters,
  },
])('what a caller does to the parameters of $of does not reach a store in memory', async ({ parameters }) => {
  const clock = new SimulatedClock();
  const engine = new Engine({ clock, randomness: seededRandomness(1) });
  await clock.run(engine.create({ stack: 's', template: document }));
  await clock.run(engine.snapshot({ stack: 's', name: 'n' }));
  const given = (await parameters(engine)) as Record<string, Json>;
  expect(given).toEqual({ p: 'stored' });
  given.p = 'changed';
  expect(await parameters(engine)).toEqual({ p: 'stored' });
  const { outputs } = await clock.run(engine.update({ stack: 's', existing: true }));
  expect(outputs).toEqual({ o: 'stored' });
  const restored = await clock.run(engine.restore({ stack: 's', snapshot: 'n' }));
  expect(restored.outputs).toEqual({ o: 'stored' });
  await clock.run(engine.close());
});
