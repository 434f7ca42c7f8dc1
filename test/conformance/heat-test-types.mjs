import { definePlainType } from 'hotloom';

// Resource types of Heat's own unit tests that stand inside of groups in vectors made from those tests
// (heat/tests/generic_resource.py).

const nested = { list: [1, 2, 3], string: 'abc', dict: { a: 1, b: 2, c: 3 } };

export const heatTestTypes = [
  definePlainType({
    name: 'OverwrittenFnGetRefIdType',
    properties: { Foo: { type: 'string' }, FooInt: { type: 'integer' } },
    attributes: { foo: { schema: {} }, Foo: { schema: {} } },
    handler: {
      create: async ({ resource, setResourceId }) => {
        const name = resource.name.split('/').at(-1);
        await setResourceId(`ID-${name}`);
        return { foo: name, Foo: name };
      },
    },
  }),
  definePlainType({
    name: 'ResourceWithComplexAttributesType',
    properties: {},
    attributes: {
      list: { schema: {} },
      flat_dict: { schema: {} },
      nested_dict: { schema: {} },
      none: { schema: {}, optional: true },
    },
    handler: {
      create: async () => ({
        list: ['foo', 'bar'],
        flat_dict: { key1: 'val1', key2: 'val2', key3: 'val3' },
        nested_dict: nested,
      }),
    },
  }),
];
