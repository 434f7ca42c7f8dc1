import { expect, test } from '@jest/globals';
import { heatCustomConstraints } from '../../../src/builtin/heat/custom-constraints.ts';
import { Engine } from '../../../src/engine.ts';

test.each([
  ['ip_addr', ['10.0.0.1', '::1'], ['10.0.0', '300.1.1.1', '']],
  ['mac_addr', ['00:11:22:33:44:55', '00-11-22-33-44-55', '0011.2233.4455', '001122334455'], ['00:11', 'x']],
  ['net_cidr', ['10.0.0.0/8', 'fe80::/10'], ['10.0.0.0', '10.0.0.0/33', '10.0.0.0/8/8', 'x/8']],
  ['ip_or_cidr', ['10.0.0.1', '10.0.0.0/8'], ['10.0.0.0/99', 'x']],
  ['dns_name', ['a', 'a-b.example.org', 'example.org.', ''], ['-a', 'a..b', 'a_b', `${'a'.repeat(64)}.org`, 'a.123.']],
  ['dns_domain', ['example.org.', ''], ['example.org']],
  ['rel_dns_name', ['host', ''], ['host.', 'a'.repeat(253)]],
  ['iso_8601', ['2026-01-31', '2026-01-31T10:00:00Z', '20260131T100000+02:00'], ['31.1.2026', '2026-13-01', 'x']],
  ['timezone', ['Europe/Vienna', 'UTC', ''], ['Mars/Olympus']],
  ['json_string', ['{"a": 1}', ''], ['{a: 1}']],
  [
    'cron_expression',
    ['* * * * *', '*/5 0-6,12 1 jan mon', '0 0 1 1 * 30', '@daily', ''],
    ['* * * *', '60 * * * *', '5-1 * * * *', 'x * * * *'],
  ],
  ['nova.flavor', ['anything'], []],
])('%s takes %j, and not %j', (name, right, wrong) => {
  const check = heatCustomConstraints[name] as (value: string) => boolean | string;
  expect(right.filter((value) => check(value) !== true)).toEqual([]);
  expect(wrong.filter((value) => check(value) === true)).toEqual([]);
});

const template = (constraint: string) => ({
  heat_template_version: '2021-04-16',
  parameters: { p: { type: 'string', constraints: [{ custom_constraint: constraint }] } },
});

test('an engine has them, and takes others besides', () => {
  const engine = new Engine({ customConstraints: { 'my.even': (value) => Number(value) % 2 === 0 || 'It is odd.' } });
  const check = (constraint: string, p: string) => () =>
    engine.validate({ stack: 's', template: template(constraint), parameters: { p } });
  expect(check('ip_addr', '10.0.0.1')).not.toThrow();
  expect(check('ip_addr', 'x')).toThrow(`Parameter 'p' is invalid: "x" does not validate ip_addr: Invalid IP address`);
  expect(check('my.even', '2')).not.toThrow();
  expect(check('my.even', '3')).toThrow('"3" does not validate my.even: It is odd.');
  expect(check('my.odd', '3')).toThrow('"3" does not validate my.odd (constraint not found)');
});

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
