import { describe, expect, test } from '@jest/globals';
import { heatNone } from '../../src/builtin/heat/index.ts';
import { type TemplateBuilder, templateBuilder } from '../../src/resource/builder.ts';
import {
  and,
  equals,
  getData,
  getFile,
  ifElse,
  listJoin,
  not,
  or,
  strReplace,
  text,
  toDocument,
} from '../../src/resource/built-value.ts';
import { definePlainType, defineStreamingType } from '../../src/resource/resource-type.ts';

const database = definePlainType({
  name: 'Test::Database',
  properties: { size: { type: 'number' }, peer: { type: 'string' } },
  required: ['size'],
  attributes: {
    url: { schema: { type: 'string' } },
    hosts: { schema: { type: 'array', items: { type: 'string' } } },
  },
  handler: { create: () => ({}) },
});

const web = defineStreamingType({
  name: 'Test::Web',
  properties: { url: { type: 'string' } },
  attributes: { address: { schema: { type: 'string' }, needs: [] } },
  handler: { create: () => {} },
});

function example(): TemplateBuilder {
  const t = templateBuilder({ description: 'A web server and its database' });
  const size = t.parameter('size', {
    type: 'number',
    default: 3,
    constraints: [{ range: { min: 1 } }, { allowedValues: [1, 3], description: 'odd' }],
  });
  const isLarge = t.condition('large', equals(size, 3));
  const db = t.resource('db', database, { size });
  const server = t.resource(
    'web',
    web,
    { url: text`${db.attr.url}/${db.attr.hosts.at(0)}` },
    {
      dependsOn: [db, 'other'],
      condition: isLarge,
      deletionPolicy: 'Retain',
      metadata: { bigSize: size },
      updatePolicy: { rolling: { maxBatch: 1 } },
      externalId: 'id',
      inputs: { peerAddress: getData('app.peer.address') },
      outputs: { leader: { schema: { type: 'boolean' }, needs: ['peerAddress'] } },
      timeout: size,
    },
  );
  t.moved('server', server);
  t.resource('other', heatNone, {});
  t.output('leader', server.attr.leader, { description: 'Who leads', condition: not(isLarge) });
  return t;
}

const HOT = `heat_template_version: hotloom-1
description: A web server and its database
parameters:
  size:
    type: number
    default: 3
    constraints:
      - range:
          min: 1
      - allowed_values:
          - 1
          - 3
        description: odd
conditions:
  large:
    equals:
      - get_param: size
      - 3
resources:
  db:
    type: Test::Database
    properties:
      size:
        get_param: size
  web:
    type: Test::Web
    properties:
      url:
        str_replace:
          template: '%{0}/%{1}'
          params:
            '%{0}':
              get_attr:
                - db
                - url
            '%{1}':
              get_attr:
                - db
                - hosts
                - 0
    depends_on:
      - db
      - other
    deletion_policy: Retain
    condition: large
    metadata:
      bigSize:
        get_param: size
    update_policy:
      rolling:
        maxBatch: 1
    external_id: id
    inputs:
      peerAddress:
        get_data: app.peer.address
    outputs:
      leader:
        schema:
          type: boolean
        needs:
          - peerAddress
    timeout:
      get_param: size
  other:
    type: OS::Heat::None
outputs:
  leader:
    description: Who leads
    condition:
      not: large
    value:
      get_attr:
        - web
        - leader
moved:
  - from: server
    to: web
`;

describe('the document', () => {
  test('a template prints as HOT', () => {
    expect(example().print()).toBe(HOT);
  });

  test('it is the same template as the one that is parsed from that text', () => {
    const t = templateBuilder();
    const db = t.resource('db', database, { size: 1 });
    t.output('url', db.attr.url);
    const template = t.build();
    expect(template.resources.get('db')?.type).toBe('Test::Database');
    expect(template.document).toEqual(t.document());
  });

  test('an empty template has no sections', () => {
    expect(templateBuilder({ version: '2021-04-16' }).document()).toEqual({ heat_template_version: '2021-04-16' });
  });

  test('two resources can name each other', () => {
    const t = templateBuilder();
    const first = t.declare('first', database);
    const second = t.resource('second', database, { size: 1, peer: first.attr.url });
    first.define({ size: 2, peer: second.attr.url }, { dependsOn: ['x'] });
    expect(t.document().resources).toEqual({
      first: {
        type: 'Test::Database',
        properties: { size: 2, peer: { get_attr: ['second', 'url'] } },
        depends_on: ['x'],
      },
      second: { type: 'Test::Database', properties: { size: 1, peer: { get_attr: ['first', 'url'] } } },
    });
  });
});

describe('functions', () => {
  const t = templateBuilder();
  const name = t.parameter('name', { type: 'string' });
  const names = t.parameter('names', { type: 'comma_delimited_list' });
  const settings = t.parameter('settings', { type: 'json' });
  const flag = t.parameter('flag', { type: 'boolean' });
  const db = t.resource('db', database, { size: 1 });

  test.each([
    { value: name, hot: { get_param: 'name' } },
    { value: settings.at('a').at(0), hot: { get_param: ['settings', 'a', 0] } },
    { value: names.at(1), hot: { get_param: ['names', 1] } },
    { value: t.stackName, hot: { get_param: 'OS::stack_name' } },
    { value: t.stackId, hot: { get_param: 'OS::stack_id' } },
    { value: db.refid, hot: { get_resource: 'db' } },
    { value: db.attr.hosts.at(2), hot: { get_attr: ['db', 'hosts', 2] } },
    { value: db.attribute('other'), hot: { get_attr: ['db', 'other'] } },
    { value: getFile('motd'), hot: { get_file: 'motd' } },
    { value: getData(['default', 'a.b', 'db', 'url']), hot: { get_data: 'default.a\\.b.db.url' } },
    {
      value: strReplace('x', { x: name }),
      hot: { str_replace: { template: 'x', params: { x: { get_param: 'name' } } } },
    },
    { value: listJoin(',', names, [name]), hot: { list_join: [',', { get_param: 'names' }, [{ get_param: 'name' }]] } },
    { value: ifElse(flag, [name], 1), hot: { if: [{ get_param: 'flag' }, [{ get_param: 'name' }], 1] } },
    {
      value: ifElse(or(and(flag, equals(name, 'x')), not(flag)), 1, 2),
      hot: {
        if: [
          {
            or: [
              { and: [{ get_param: 'flag' }, { equals: [{ get_param: 'name' }, 'x'] }] },
              { not: { get_param: 'flag' } },
            ],
          },
          1,
          2,
        ],
      },
    },
    { value: text`plain`, hot: { str_replace: { template: 'plain', params: {} } } },
    {
      value: text`100% of ${name}`,
      hot: { str_replace: { template: '100% of %%{0}', params: { '%%{0}': { get_param: 'name' } } } },
    },
    {
      value: text`${name}1${name}`,
      hot: {
        str_replace: {
          template: '%{0}1%{1}',
          params: { '%{0}': { get_param: 'name' }, '%{1}': { get_param: 'name' } },
        },
      },
    },
    { value: { a: [name, null] }, hot: { a: [{ get_param: 'name' }, null] } },
  ])('$hot', ({ value, hot }) => {
    expect(toDocument(value)).toEqual(hot);
    expect(JSON.parse(JSON.stringify(value))).toEqual(hot);
  });
});

describe('mistakes that the compiler cannot see', () => {
  const t = templateBuilder();
  const name = t.parameter('name', { type: 'string' });
  t.condition('c', equals(1, 1));
  t.resource('db', database, { size: 1 });
  const declared = t.declare('declared', database);
  t.output('o', 1);

  test.each([
    { mistake: () => t.parameter('name', { type: 'string' }), error: "The template already has a parameter 'name'." },
    { mistake: () => t.condition('c', equals(1, 1)), error: "The template already has a condition 'c'." },
    { mistake: () => t.resource('db', database, { size: 1 }), error: "The template already has a resource 'db'." },
    { mistake: () => t.declare('db', database), error: "The template already has a resource 'db'." },
    { mistake: () => t.output('o', 1), error: "The template already has an output 'o'." },
    { mistake: () => t.document(), error: "The resource 'declared' is declared and not defined." },
    {
      mistake: () => declared.define({ size: 1 }).define({ size: 1 }),
      error: "The template already has a resource 'declared'.",
    },
    {
      mistake: () => `http://${name}`,
      error: '{"get_param":"name"} cannot be made a text while the template is built.',
    },
    {
      mistake: () => t.resource('x', web, { url: (t as unknown as { typo: string }).typo }),
      error: 'The value at resources.x.properties.url is undefined.',
    },
  ])('$error', ({ mistake, error }) => {
    expect(mistake).toThrow(expect.objectContaining({ code: 'StackValidationFailed', what: error }));
  });

  test('what is not JSON is refused, a circle too', () => {
    const circle: unknown[] = [];
    circle.push(circle);
    expect(() => toDocument({ a: new Map() })).toThrow(expect.objectContaining({ code: 'NotJson' }));
    expect(() => toDocument(circle)).toThrow(expect.objectContaining({ code: 'NotJson' }));
  });
});
