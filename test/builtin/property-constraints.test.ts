import { describe, expect, test } from '@jest/globals';
import { heatType } from '../../src/builtin/definitions/load-definitions.ts';
import { Engine } from '../../src/engine.ts';
import type { EngineOptions } from '../../src/engine-options.ts';
import { findResource } from '../../src/interface/interface.ts';
import { definePlainType } from '../../src/resource/resource-type.ts';
import type { JsonObject } from '../../src/values.ts';

function problemOf(
  type: string,
  properties: JsonObject,
  options: EngineOptions = {},
  rest: JsonObject = {},
): string | undefined {
  const template = { heat_template_version: '2018-08-31', ...rest, resources: { r: { type, properties } } };
  try {
    new Engine(options).validate({ stack: 's', template });
    return undefined;
  } catch (error) {
    return (error as Error).message.split('\n')[0];
  }
}

const customConstraints = { 'nova.flavor': (value: unknown) => value === 'm1' || 'there is only m1' };

describe('custom constraints of properties', () => {
  test.each<[string, JsonObject, string | undefined]>([
    [
      'OS::Neutron::Subnet',
      { network: 'n', cidr: '10.0.0.0/24', allocation_pools: [{ start: '10.0.0.2', end: '10.0.0.9' }] },
      undefined,
    ],
    [
      'OS::Neutron::Subnet',
      { network: 'n', cidr: '10.0.0.0/24', allocation_pools: [{ start: '10.0.0.2', end: '10.0.0' }] },
      "Property error: resources.r.properties.allocation_pools[0].end: Error validating value '10.0.0': Invalid IP address",
    ],
    [
      'OS::Neutron::Subnet',
      { network: 'n', cidr: { get_param: 'cidr' } },
      "Property error: resources.r.properties.cidr: Error validating value '10.0.0.0': '10.0.0.0' isn't a recognized IP subnet cidr, '10.0.0.0/32' is recommended",
    ],
    ['OS::Neutron::Subnet', { network: 'n', cidr: null }, undefined],
    [
      'OS::Neutron::Subnet',
      { network: 'n', cidr: ['10.0.0.0/8'] },
      'Property error: resources.r.properties.cidr: Value must be a string; got ["10.0.0.0/8"]',
    ],
    [
      'OS::Neutron::Port',
      { network: 'n', mac_address: 'x' },
      "Property error: resources.r.properties.mac_address: Error validating value 'x': Invalid MAC address.",
    ],
    ['OS::Nova::Server', { flavor: 'm2', image: 'i' }, undefined],
  ])('%s %j', (type, properties, problem) => {
    expect(problemOf(type, properties, {}, { parameters: { cidr: { type: 'string', default: '10.0.0.0' } } })).toBe(
      problem,
    );
  });

  test("one of the user's own takes the place of Heat's", () => {
    const options = { customConstraints };
    expect(problemOf('OS::Nova::Server', { flavor: 'm1', image: 'i' }, options)).toBeUndefined();
    expect(problemOf('OS::Nova::Server', { flavor: 'm2', image: 'i' }, options)).toBe(
      "Property error: resources.r.properties.flavor: Error validating value 'm2': there is only m1",
    );
    const parameters = { p: { type: 'string', default: '1', constraints: [{ custom_constraint: 'ip_addr' }] } };
    expect(problemOf('OS::Heat::None', {}, options, { parameters })).toMatch(/Invalid IP address$/);
  });

  test('a type of the user may name any, and an unknown one refuses every value', () => {
    const type = definePlainType({
      name: 'My::Thing',
      properties: { list: { type: 'array', items: { type: 'string', customConstraints: ['even', 'ip_addr'] } } },
      attributes: {},
      handler: { create: () => ({}) },
    });
    const even = { even: (value: unknown) => String(value).length % 2 === 0 };
    const options = { types: [type], customConstraints: even };
    expect(problemOf('My::Thing', { list: ['10.0.0.1'] }, options)).toBeUndefined();
    expect(problemOf('My::Thing', { list: ['10.0.0.11'] }, options)).toMatch(
      /list\[0\]: "10.0.0.11" does not validate even$/,
    );
    expect(problemOf('My::Thing', { list: ['10.0.0.1'] }, { types: [type] })).toMatch(
      /validate even \(constraint not found\)$/,
    );
  });

  test('a value that is known at run time alone is checked before the handler starts', async () => {
    const port = heatType('OS::Neutron::Port', { create: () => ({}) });
    if (port === undefined) throw new Error('a definition is missing');
    const template = `
heat_template_version: 2018-08-31
resources:
  a: { type: OS::Heat::Value, properties: { value: nonsense } }
  b: { type: OS::Neutron::Port, properties: { network: n, mac_address: { get_attr: [a, value] } } }
`;
    const engine = new Engine({ types: [port] });
    await expect(engine.create({ stack: 's', template })).rejects.toThrow(
      /Error validating value 'nonsense': Invalid MAC/,
    );
    await engine.close();
  });

  test('a secret is not told', () => {
    const parameters = { p: { type: 'string', default: 'hunter2', hidden: true } };
    const problem = problemOf(
      'OS::Neutron::Port',
      { network: 'n', mac_address: { get_param: 'p' } },
      {},
      { parameters },
    );
    expect(problem).toContain('Invalid MAC address.');
    expect(problem).not.toContain('hunter2');
  });
});

describe("Heat's other names of types", () => {
  const net = (type: string): string | undefined => problemOf(type, { nme: 'x' });

  test.each([
    'OS::Quantum::Net',
    'OS::Metering::Alarm',
    'OS::Ceilometer::Alarm',
    'OS::Ceilometer::GnocchiResourcesAlarm',
  ])('%s is known', (type) => expect(net(type)).not.toContain('could not be found'));

  test.each(['OS::Quantum::Nets', 'OS::Ceilometer::Nothing', 'AWS::RDS::DBInstance'])('%s is not', (type) =>
    expect(net(type)).toBe(`The Resource Type (${type}) could not be found.`),
  );

  test('a type or an alias of the user goes before them, and a handler is found by both names', () => {
    const own = (name: string) =>
      definePlainType({ name, properties: {}, attributes: {}, handler: { create: () => ({}) } });
    expect(problemOf('OS::Quantum::Net', {}, { types: [own('OS::Quantum::Net')] })).toBeUndefined();
    const neutron = own('OS::Neutron::Net');
    const template = { heat_template_version: '2018-08-31', resources: { r: { type: 'OS::Quantum::Net' } } };
    const engine = new Engine({ types: [neutron] });
    expect(findResource(engine.validate({ stack: 's', template }).stack, 'r')?.type).toBe(neutron);
    const environments = [{ resource_registry: { 'OS::Quantum::Net': 'OS::Heat::None' } }];
    expect(findResource(engine.validate({ stack: 's', template, environments }).stack, 'r')?.type.name).toBe(
      'OS::Heat::None',
    );
  });
});

describe('a resource with an external_id', () => {
  const template = `
heat_template_version: 2018-08-31
parameters: { id: { type: string, default: abc } }
resources:
  a: { type: OS::Heat::Value, properties: { value: 1 } }
  r: { type: 'OS::Nova::Server', external_id: { get_param: id }, properties: { name: [], user_data: { get_attr: [a, value] } } }
outputs:
  id: { value: { get_resource: r } }
  networks: { value: { get_attr: [r, networks] } }
`;

  test('is not looked at and waits for nothing', () => {
    const { resources } = new Engine().inspect({ stack: 's', template });
    expect(resources.r).toMatchObject({ inputs: {}, requires: [] });
  });

  test('may not depend on another one', () => {
    const text = template.replace('external_id', 'depends_on: a, external_id');
    expect(() => new Engine().validate({ stack: 's', template: text })).toThrow(
      'Invalid dependency with external OS::Nova::Server resource: r',
    );
  });

  test('is neither made nor deleted', async () => {
    const engine = new Engine();
    expect((await engine.create({ stack: 's', template })).outputs).toEqual({ id: 'abc', networks: null });
    await engine.delete({ stack: 's' });
    await engine.close();
  });
});

describe('update_policy', () => {
  test.each<[string, JsonObject, string | undefined]>([
    ['OS::Heat::ResourceGroup', { rolling_update: { max_batch_size: 2 } }, undefined],
    ['OS::Heat::ResourceGroup', { foo: {} }, 'Property error: resources.r.update_policy: Unknown Property foo'],
    [
      'OS::Heat::ResourceGroup',
      { rolling_update: { max_batch_size: 0 } },
      'Property error: resources.r.update_policy.rolling_update.max_batch_size: 0 is out of range (min: 1, max: None)',
    ],
    ['OS::Heat::Value', { foo: 1 }, 'Property error: resources.r.update_policy: Unknown Property foo'],
    ['OS::Heat::None', { foo: 1 }, undefined],
  ])('%s %j', (type, policy, problem) => {
    const properties = type.endsWith('Group')
      ? { resource_def: { type: 'OS::Heat::None' } }
      : type.endsWith('Value')
        ? { value: 1 }
        : {};
    const template = {
      heat_template_version: '2018-08-31',
      resources: { r: { type, properties, update_policy: policy } },
    };
    const attempt = (): unknown => new Engine().validate({ stack: 's', template });
    if (problem === undefined) expect(attempt).not.toThrow();
    else expect(attempt).toThrow(problem);
  });
});
