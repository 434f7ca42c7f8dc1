import { expect, test } from '@jest/globals';
import { Engine } from '../../src/engine.ts';

test('a type that nobody knows is refused, or taken with what it is given', async () => {
  const unknown = {
    heat_template_version: '2021-04-16',
    resources: { r: { type: 'Vendor::Thing', properties: { any: { deep: 1 } } }, s: { type: 'OS::Quantum::Net' } },
    outputs: { o: { value: { get_attr: ['r', 'whatever'] } } },
  };
  const input = { stack: 's', template: unknown };
  expect(() => new Engine().validate(input)).toThrow('The Resource Type (Vendor::Thing) could not be found.');
  const engine = new Engine({ unknownTypes: 'allow' });
  expect(engine.inspect(input).resources.r?.properties).toEqual({ any: { deep: 1 } });
  await expect(engine.create(input)).rejects.toThrow('resources.r: The resource type Vendor::Thing has no handler.');
});

test("older names of Heat's types stand for the newer ones", () => {
  const engine = new Engine();
  const quantum = { heat_template_version: '2021-04-16', resources: { n: { type: 'OS::Quantum::Net' } } };
  expect(engine.inspect({ stack: 's', template: quantum }).problems).toEqual([]);
});
