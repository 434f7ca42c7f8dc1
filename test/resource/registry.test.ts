import { describe, expect, test } from '@jest/globals';
import { isHotloomError } from '../../src/errors.ts';
import { createRegistry } from '../../src/resource/registry.ts';
import { definePlainType, defineStreamingType, type ResourceType } from '../../src/resource/resource-type.ts';

const handler = { create: () => ({}) };
const server = definePlainType({ name: 'Test::Server', properties: {}, attributes: {}, handler });
const volume = definePlainType({ name: 'Test::Volume', properties: {}, attributes: {}, handler });
const types = createRegistry([server, volume]);

function thrownBy(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (!isHotloomError(error)) throw error;
    return [error.code, error.what, error.why, error.fix].join('\n');
  }
  throw new Error('nothing was thrown');
}

describe('names', () => {
  test.each([
    { name: 'Test::Server', target: undefined, type: server },
    { name: 'My::Server', target: 'Test::Server', type: server },
    { name: 'Test::Server', target: 'Test::Volume', type: volume },
  ])('$name, which stands for $target', ({ name, target, type }) => expect(types.get(name, target)).toBe(type));

  test('an unknown type is reported with the one that was probably meant', () => {
    expect(types.has('Test::Sever')).toBe(false);
    expect(thrownBy(() => types.get('Test::Sever'))).toBe(
      [
        'EntityNotFound',
        'The Resource Type (Test::Sever) could not be found.',
        "No resource type of the name 'Test::Sever' is registered.",
        "Did you mean 'Test::Server'? The resource types are 'Test::Server' and 'Test::Volume'.",
      ].join('\n'),
    );
  });

  test.each([
    {
      target: 'No::Such',
      why: "No resource type of the name 'No::Such' is registered. The environment's resource_registry says that 'My::Gone' is 'No::Such'.",
    },
    {
      target: null,
      why: "No resource type of the name 'My::Gone' is registered. The environment's resource_registry takes it away.",
    },
  ])('a name that stands for $target is reported by both names', ({ target, why }) => {
    expect(thrownBy(() => types.get('My::Gone', target))).toContain(why);
  });

  test('two types of one name are refused, the same type twice is not', () => {
    expect(createRegistry([server, server]).names).toEqual(['Test::Server']);
    expect(thrownBy(() => createRegistry([server, { ...volume, name: 'Test::Server' }]))).toContain(
      "InvalidSchemaError\nTwo resource types have the name 'Test::Server'.",
    );
  });
});

describe('the declaration is checked at registration', () => {
  const base = { name: 'Test::T', properties: { size: { type: 'number' } }, attributes: {}, handler };
  const plain = (parts: object): ResourceType => ({ ...base, kind: 'plain', ...parts }) as ResourceType;
  const streaming = (parts: object): ResourceType =>
    ({ ...base, handler: { create: () => {} }, kind: 'streaming', ...parts }) as ResourceType;

  test.each([
    {
      type: plain({ required: ['sise'] }),
      why: "'required' lists 'sise', which is no property. Did you mean 'size'? The properties are 'size'.",
    },
    {
      type: plain({ formerNames: { sise: 'size' } }),
      why: "'formerNames' has 'sise', which is no property. Did you mean 'size'? The properties are 'size'.",
    },
    {
      type: plain({ attributes: { id: { schema: {}, needs: [] } } }),
      why:
        "The attribute 'id' states what it needs, but a plain handler starts when all inputs are there and publishes when " +
        'it returns. Leave it out, or define a streaming type.',
    },
    {
      type: streaming({ attributes: { id: { schema: {}, needs: ['colour'] } } }),
      why: "The attribute 'id' needs 'colour', which is no property. The properties are 'size'.",
    },
    {
      type: plain({ attributes: { refid: { schema: { type: 'number' } } } }),
      why: "The attribute 'refid' is what get_resource reads, so its schema has to be { type: 'string' }.",
    },
    {
      type: plain({ properties: { size: { type: 'float' } } }),
      why: /^The schema of the property 'size': "float" is no type; a type is one of 'string', /,
    },
    {
      type: plain({ properties: { size: { type: 'number', minimum: '1' } } }),
      why: "The schema of the property 'size': 'minimum' has to be a number, and not \"1\".",
    },
    {
      type: plain({ properties: { size: { type: 'array', items: { type: 'string', pattern: '(' } } } }),
      why: /^The schema of the property 'size': The pattern "\(" is no regular expression: /,
    },
    {
      type: plain({ properties: { size: { type: 'number', minimun: 1 } } }),
      why: /^The schema of the property 'size': It is not a JSON Schema of draft 7: .*minimun/,
    },
    {
      type: plain({ properties: { size: { $ref: '#/definitions/none' } } }),
      why: /^The schema of the property 'size': It is not a JSON Schema of draft 7: .*none/,
    },
    {
      type: plain({ properties: { size: { type: 'number', default: 0, minimum: 1 } } }),
      why: "The schema of the property 'size': Invalid default 0 (0 is out of range (min: 1, max: None)).",
    },
    {
      type: plain({ attributes: { id: { schema: 'string' } } }),
      why: 'The schema of the attribute \'id\': A schema is a mapping, true or false, and not "string".',
    },
    { type: plain({ handler: {} }), why: "'handler' has to have a function 'create'." },
    { type: plain({ properties: undefined }), why: "'properties' has to be a mapping by name." },
    {
      type: plain({ kind: 'lazy' }),
      why: "'kind' has to be 'plain' or 'streaming': make the type by definePlainType or defineStreamingType.",
    },
  ])('$why', ({ type, why }) => {
    let thrown: unknown;
    try {
      createRegistry([type]);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({
      code: 'InvalidSchemaError',
      what: "The declaration of the resource type 'Test::T' contradicts itself.",
    });
    const given = (thrown as { why: string }).why;
    if (typeof why === 'string') expect(given).toBe(why);
    else expect(given).toMatch(why);
  });

  test('all contradictions are told at once', () => {
    const type = plain({ required: ['a'], attributes: { refid: { schema: {} } } });
    const text = thrownBy(() => createRegistry([type]));
    expect(text).toContain("'required' lists 'a'");
    expect(text).toContain("The attribute 'refid' is what get_resource reads");
  });

  test('a streaming type may need what it has', () => {
    const type = defineStreamingType({
      name: 'Test::Stream',
      properties: { peer: { type: 'string' } },
      attributes: { address: { schema: { type: 'string' }, needs: [] }, url: { schema: {}, needs: ['peer'] } },
      handler: { create: () => {} },
    });
    expect(createRegistry([type]).get('Test::Stream')).toBe(type);
  });
});

test('a source has the types that are not registered', () => {
  const source = { names: ['Test::Volume'], find: (name: string) => (name === 'Test::Volume' ? volume : undefined) };
  const found = createRegistry([server], source);
  expect(found.get('My::Volume', 'Test::Volume')).toBe(volume);
  expect([found.has('Test::Volume'), found.has('Test::Nothing')]).toEqual([true, false]);
  expect(found.names).toEqual(['Test::Server']);
  expect(thrownBy(() => found.get('Test::Volumes'))).toContain("Did you mean 'Test::Volume'?");
  const own = { ...volume };
  expect(createRegistry([own], source).get('Test::Volume')).toBe(own);
});
