import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Keyring } from '../../src/store/keyring.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { SealedStore } from '../../src/store/sealed-store.ts';
import type { Claimant, ResourceRecord, StackRecord } from '../../src/store/stack-store.ts';
import type { Json, JsonObject } from '../../src/values.ts';
import { runs } from '../random.ts';
import { KEY, OTHER_KEY } from './keys.ts';

const CLAIMANT: Claimant = { engineId: 'e', actor: 'ann@here', host: 'h', pid: 1, processStart: 'x', leaseMs: 20_000 };

/** JSON in which the mark of a stored value, and what it may say, stand about as often as anything else. */
const json: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('sealed', 'secret', 'plain', 'ephemeral', '{}', 'null'),
    fc.constantFrom(null, true, 0, 1.5),
    fc.string({ unit: 'binary', maxLength: 4 }),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(
      fc.constantFrom('$hotloom', '$$hotloom', 'text', 'key', 'value', 'digest of a secret'),
      tie('value'),
      {
        maxKeys: 3,
      },
    ),
  ),
})).value;

const object: fc.Arbitrary<JsonObject> = fc.dictionary(
  fc.constantFrom('$hotloom', '$$hotloom', '$$$hotloom', 'hotloom', 'text', 'a', '__proto__'),
  json,
  { maxKeys: 4 },
);

const secrecy = fc.constantFrom('secret' as const, undefined);

/** What can be stored, of each part one. */
const contents = fc.record({
  parameters: object,
  hidden: object,
  template: object,
  environment: object,
  isSecretText: fc.boolean(),
  data: object,
  dataSecrecy: secrecy,
  properties: object,
  output: json,
  value: json,
  result: json,
  outside: json,
  secrecy,
});

type Contents = typeof contents extends fc.Arbitrary<infer T> ? T : never;

function stackOf({ parameters, hidden, template, environment, isSecretText }: Contents): StackRecord {
  return {
    id: 'id',
    space: 'default',
    name: 's',
    action: 'CREATE',
    status: 'COMPLETE',
    reason: '',
    createdAt: 1,
    updatedAt: 1,
    rollback: false,
    outputs: {},
    files: {},
    parameters,
    hidden,
    template,
    environment,
    secretParts: isSecretText ? ['template', 'files', 'environment'] : [],
  };
}

function resourceOf({ data, properties, dataSecrecy }: Contents): ResourceRecord {
  return {
    name: 'r',
    type: 'T',
    physicalName: 'p',
    resourceId: undefined,
    action: 'CREATE',
    status: 'COMPLETE',
    reason: '',
    token: 't',
    data,
    dataSecrecy,
    properties,
    requires: [],
    deletionPolicy: 'Delete',
    updatedAt: 1,
  };
}

async function fill(store: SealedStore, given: Contents): Promise<void> {
  const own = given.secrecy === undefined ? {} : { secrecy: given.secrecy };
  const claim = await store.createStack(stackOf(given), CLAIMANT);
  await store.append(claim, [
    { kind: 'resource', record: resourceOf(given), values: { result: given.result } },
    { kind: 'value', resource: 'r', attribute: 'own', value: given.value, ...own },
    { kind: 'outputs', outputs: { o: { description: undefined, error: undefined, value: given.output, ...own } } },
    { kind: 'reads', reads: [{ name: ['x', 'y', 'z', 'a'], value: given.value, ...own }] },
  ]);
  await store.release(claim);
  await store.writeOutside(['default', 'ops', 'a', 'b'], given.outside);
}

async function readOf(store: SealedStore): Promise<JsonObject> {
  const stack = (await store.findStack('default', 's')) as StackRecord;
  const { parameters, hidden = null, template, environment, outputs } = stack;
  const [record] = await store.resources('id');
  const [outside, value] = [
    await store.find(['default', 'ops', 'a', 'b']),
    await store.find(['default', 's', 'r', 'own']),
  ];
  return {
    parameters,
    hidden,
    template,
    environment,
    output: outputs.o?.value ?? null,
    data: record?.data ?? null,
    properties: record?.properties ?? null,
    values: Object.fromEntries((await store.values('id')).map((each) => [each.attribute, each.value])),
    read: (await store.reads('id'))[0]?.value ?? null,
    outside: outside !== undefined && 'value' in outside ? outside.value : null,
    value: value !== undefined && 'value' in value ? value.value : null,
  };
}

describe('whatever is stored comes out as it went in, although it may look like what is sealed', () => {
  test.each([
    ['with a key', new Keyring([KEY]), new Keyring([OTHER_KEY, KEY])],
    ['without one', undefined, undefined],
  ])('%s', async (_, first, later) => {
    await fc.assert(
      fc.asyncProperty(contents, async (given) => {
        const backend = new MemoryStore();
        await fill(new SealedStore(backend, first), given);
        const read = await readOf(new SealedStore(backend, later));
        const { parameters, hidden, template, environment, data, properties, output, value, outside } = given;
        const values = { result: given.result, own: value };
        const expected = {
          parameters,
          hidden: first === undefined ? null : hidden,
          template,
          environment,
          output,
          data,
        };
        const all = { ...expected, properties, values, read: value, outside, value };
        expect(JSON.stringify(sorted(read))).toBe(JSON.stringify(sorted(all)));
      }),
      { numRuns: runs(300) },
    );
  });
});

test('of what is secret no text of 6 characters or more stands in the backend', async () => {
  const secret = fc.stringMatching(/^[a-z]{6,12}$/).map((text) => `zz${text}`);
  await fc.assert(
    fc.asyncProperty(contents, secret, async (given, text) => {
      const backend = new MemoryStore();
      const kept = { ...given, hidden: { p: text }, value: [text], output: { o: text }, data: { d: text } };
      const secretly = { ...kept, secrecy: 'secret' as const, dataSecrecy: 'secret' as const };
      await fill(new SealedStore(backend, new Keyring([KEY])), secretly);
      const all = [backend.listStacks(), backend.resources('id'), backend.values('id'), backend.reads('id')];
      expect(JSON.stringify(all)).not.toContain(text);
    }),
  );
});

/** With the keys of every object in one order. */
function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value as JsonObject).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}
