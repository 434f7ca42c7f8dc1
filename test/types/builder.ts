// Compiled by `tsc -p test`, never run: each @ts-expect-error is a mistake that the builder's types have to find.

import { heatNone, heatRandomString, heatTypes, heatValue } from '../../src/builtin/heat/index.ts';
import { type BuiltResource, templateBuilder } from '../../src/resource/builder.ts';
import {
  and,
  type Computed,
  equals,
  getData,
  getFile,
  ifElse,
  listJoin,
  not,
  strReplace,
  text,
} from '../../src/resource/built-value.ts';
import type { HandlerCall } from '../../src/resource/handler.ts';
import { definePlainType, defineStreamingType, type ResourceType } from '../../src/resource/resource-type.ts';
import type { Json, JsonObject } from '../../src/values.ts';

/** Fails to compile unless both types are the same. */
function same<A, B>(
  ..._equal: (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? [] : ['differ']
): void {}

const Postgres = definePlainType({
  name: 'Test::Postgres',
  properties: {
    size: { type: 'number', minimum: 1 },
    engine: { type: 'string', enum: ['15', '16'], default: '16' },
    users: {
      type: 'array',
      items: {
        type: 'object',
        properties: { name: { type: 'string' }, admin: { type: 'boolean' } },
        required: ['name'],
        additionalProperties: false,
      },
    },
  },
  required: ['size'],
  attributes: {
    url: { schema: { type: 'string' } },
    port: { schema: { type: 'number' } },
    config: {
      schema: {
        type: 'object',
        properties: { hosts: { type: 'array', items: { type: 'string' } } },
        required: ['hosts'],
        additionalProperties: false,
      },
    },
    anything: { schema: {} },
    backup: { schema: { type: 'string' }, optional: true },
  },
  handler: {
    create({ properties }) {
      same<typeof properties.size, number>();
      same<typeof properties.engine, '15' | '16'>();
      same<NonNullable<typeof properties.users>[number]['name'], string>();
      // @ts-expect-error: the type has no such property
      properties.sise;
      return { url: 'postgres://', port: 5432 };
    },
    suspend({ properties, isSuspended }) {
      // Of what is stored no schema holds any more.
      same<typeof properties, JsonObject>();
      same<typeof isSuspended, boolean>();
    },
    snapshot: ({ snapshotId, isFinal }) => (isFinal ? undefined : { snapshotId }),
    restore({ properties, previous, snapshot }) {
      same<typeof properties.size, number>();
      same<typeof snapshot, JsonObject>();
      // @ts-expect-error: it may not be there any more
      previous.resourceId;
      same<NonNullable<typeof previous>['attributes']['port'], number | undefined>();
      return { port: 5432 };
    },
    deleteSnapshot({ snapshot }) {
      // What its `snapshot` has begun may not have been stored.
      same<typeof snapshot, JsonObject | undefined>();
    },
  },
});

const Web = defineStreamingType({
  name: 'Test::Web',
  properties: { url: { type: 'string' }, port: { type: 'number' }, tags: { type: 'array', items: { type: 'string' } } },
  required: ['url'],
  attributes: { url: { schema: { type: 'string' }, needs: [] } },
  handler: {
    async create({ inputs, outputs }) {
      same<Awaited<typeof inputs.url>, string>();
      await outputs.url('http://');
      // @ts-expect-error: the attribute is a string
      await outputs.url(1);
      // @ts-expect-error: the type has no such attribute
      await outputs.address('http://');
    },
  },
});

const Peer = definePlainType({
  name: 'Test::Peer',
  properties: { peer: { type: 'string' } },
  required: ['peer'],
  attributes: { address: { schema: { type: 'string' } } },
  handler: {
    create: async ({ openSignalUrl, signalled }) => {
      same<Awaited<ReturnType<typeof openSignalUrl>>['token'], string>();
      same<NonNullable<ReturnType<typeof signalled>>['metadata'], JsonObject>();
      return { address: 'a' };
    },
    signal({ metadata, resourceId }, data) {
      same<typeof data, Json | undefined>();
      same<typeof resourceId, string | undefined>();
      return { metadata: { ...metadata, last: data ?? null }, reason: 'taken' };
    },
  },
});

const t = templateBuilder({ description: 'types' });

// --- parameters ---

const count = t.parameter('count', { type: 'number', default: 3, constraints: [{ range: { min: 1 } }] });
const name = t.parameter('name', { type: 'string', hidden: true });
const flag = t.parameter('flag', { type: 'boolean' });
const names = t.parameter('names', { type: 'comma_delimited_list', default: ['a'] });
const json = t.parameter('json', { type: 'json' });
same<typeof count.valueType, number>();
same<typeof names.valueType, readonly string[]>();
// @ts-expect-error: the default has another type
t.parameter('bad', { type: 'number', default: 'three' });
// @ts-expect-error: there is no such type of parameter
t.parameter('bad', { type: 'text' });
// @ts-expect-error: there is no such rule
t.parameter('bad', { type: 'number', constraints: [{ rnage: { min: 1 } }] });

// --- properties ---

const db = t.resource('db', Postgres, { size: count, engine: '15', users: [{ name }, { name: 'x', admin: flag }] });
// @ts-expect-error: a required property is missing
t.resource('bad', Postgres, {});
// @ts-expect-error: the type has no such property
t.resource('bad', Postgres, { size: 1, sise: 2 });
// @ts-expect-error: the property is a number
t.resource('bad', Postgres, { size: 'large' });
// @ts-expect-error: the value is not in the enum
t.resource('bad', Postgres, { size: 1, engine: '14' });
// @ts-expect-error: a property inside has another type
t.resource('bad', Postgres, { size: 1, users: [{ name: 1 }] });
// @ts-expect-error: a required property inside is missing
t.resource('bad', Postgres, { size: 1, users: [{ admin: true }] });
// @ts-expect-error: a string where a number is expected
t.resource('bad', Postgres, { size: name });
// A computed string may be one of the enum's values; whether it is one is seen at run time.
t.resource('ok1', Postgres, { size: 1, engine: name });
// JSON of any form fits everywhere.
t.resource('ok2', Postgres, { size: json.at('deep').at(0), users: json });

// --- attributes ---

t.resource('web', Web, { url: db.attr.url, port: db.attr.port, tags: db.attr.config.at('hosts') });
t.resource('ok3', Web, { url: db.attr.config.at('hosts').at(0), tags: [name, 'b'] });
t.resource('ok4', Web, { url: db.refid, tags: names });
t.resource('ok5', Web, { url: db.attr.anything, port: db.attr.anything });
t.resource('ok6', Web, { url: db.attribute('declared') });
same<typeof db.attr.backup.valueType, string | null>();
// @ts-expect-error: the type has no such attribute
db.attr.address;
// @ts-expect-error: a number where a string is expected
t.resource('bad', Web, { url: db.attr.port });
// @ts-expect-error: a string where a number is expected
t.resource('bad', Web, { url: '', port: db.attr.url });
// @ts-expect-error: a string where a list is expected
t.resource('bad', Web, { url: '', tags: db.attr.url });
// @ts-expect-error: an attribute that may be null where a string is expected
t.resource('bad', Web, { url: db.attr.backup });
// @ts-expect-error: get_resource gives a string
t.resource('bad', Web, { url: '', port: db.refid });
// @ts-expect-error: the attribute has no such part
db.attr.config.at('host');
// @ts-expect-error: a number has no parts
db.attr.port.at(0);
// @ts-expect-error: a resource is not a value; its refid is
t.resource('bad', Web, { url: db });

// --- resources that need each other ---

const a = t.declare('a', Peer);
const b = t.resource('b', Peer, { peer: a.attr.address });
a.define({ peer: b.attr.address });
// @ts-expect-error: a required property is missing
a.define({});
// @ts-expect-error: the type has no such attribute
a.attr.port;

// --- options ---

const extended = t.resource(
  'extended',
  Web,
  { url: '' },
  {
    dependsOn: [db, a, 'web'],
    condition: flag,
    deletionPolicy: 'Retain',
    metadata: { owner: name },
    inputs: { peer: b.attr.address },
    outputs: { leader: { schema: { type: 'boolean' }, needs: ['peer'] } },
    timeout: 30,
  },
);
t.moved('before', extended);
same<typeof extended.attr.leader.valueType, boolean>();
same<typeof extended.attr.url.valueType, string>();
// @ts-expect-error: neither the type nor the section `outputs` has such an attribute
extended.attr.follower;
// @ts-expect-error: seconds are a number
t.resource('bad', Web, { url: '' }, { timeout: 'soon' });
// @ts-expect-error: there is no such policy
t.resource('bad', Web, { url: '' }, { deletionPolicy: 'Keep' });
// @ts-expect-error: a value does not hold or fail to hold
t.resource('bad', Web, { url: '' }, { condition: name });
// @ts-expect-error: there is no such section
t.resource('bad', Web, { url: '' }, { dependOn: [db] });

// --- functions ---

const isLarge = t.condition('large', and(equals(count, 3), not(flag)));
t.resource('fn', Web, {
  url: ifElse(isLarge, strReplace('http://HOST', { HOST: db.attr.port }), text`http://${name}:${count}`),
  port: ifElse(isLarge, 1, db.attr.port),
  tags: ifElse(isLarge, ['a', name], names),
});
t.resource('fn2', Web, { url: listJoin(',', names, [name, 'x']), port: getData<number>('other.db.port') });
t.resource('fn3', Web, { url: getFile('motd'), port: getData(['default', 'other', 'db', 'port']) });
const either = ifElse(flag, 1, name);
same<typeof either, Computed<string | number>>();
// @ts-expect-error: a list_join is a string
t.resource('bad', Web, { url: '', port: listJoin(',', names) });
// @ts-expect-error: one branch is a number
t.resource('bad', Web, { url: ifElse(flag, name, 1) });
// @ts-expect-error: a text is not a list
listJoin(',', name);
// @ts-expect-error: the caller says that it is a number
t.resource('bad', Web, { url: getData<number>('other.db.port') });
// @ts-expect-error: a value is not a condition
ifElse(name, 1, 2);
// @ts-expect-error: a list cannot stand in a text
text`hosts: ${names}`;

// --- outputs, and types without a declaration ---

t.output('url', db.attr.url, { condition: isLarge, description: 'the URL' });
t.output('all', { list: [db.attr.port, 1], map: { a: name } });
// @ts-expect-error: a function is not JSON
t.output('bad', () => 1);

t.resource('none', heatNone, { anything: [name], more: { x: count } });
t.resource('value', heatValue, { value: { any: [db.attr.url] }, type: 'json' });
t.resource('random', heatRandomString, { length: count, character_classes: [{ class: 'digits' }] });
// @ts-expect-error: there is no such class
t.resource('bad', heatRandomString, { character_classes: [{ class: 'numbers' }] });
const some = heatTypes[0] as ResourceType;
export const dynamic: BuiltResource = t.resource('dynamic', some, { whatever: name });

// --- declarations ---

definePlainType({
  name: 'Test::Bad',
  properties: { size: { type: 'number' } },
  // @ts-expect-error: there is no such property
  required: ['sise'],
  attributes: {},
  handler: { create: (_: HandlerCall) => ({}) },
});
definePlainType({
  name: 'Test::Bad',
  properties: {},
  attributes: { port: { schema: { type: 'number' } } },
  // @ts-expect-error: the attribute is a number
  handler: { create: () => ({ port: '80' }) },
});
definePlainType({
  name: 'Test::Bad',
  // @ts-expect-error: there is no such type in JSON Schema
  properties: { size: { type: 'float' } },
  attributes: {},
  handler: { create: () => ({}) },
});
export const registered: readonly ResourceType[] = [Postgres, Web, Peer, heatNone];
