import { definePlainType } from 'hotloom';

// Resource types of Heat's own unit tests that stand inside of groups in vectors made from those tests
// (heat/tests/generic_resource.py).

const nested = { list: [1, 2, 3], string: 'abc', dict: { a: 1, b: 2, c: 3 } };

export const heatTestTypes = [
  definePlainType({
    name: 'OverwrittenFnGetRefIdType',
    properties: {},
    anyProperties: true,
    attributes: {},
    handler: {
      create: async ({ resource, properties, setResourceId }) => {
        if (typeof properties.Foo === 'object' && properties.Foo !== null) throw new Error('Foo is a string');
        await setResourceId(`ID-${resource.name.split('/').at(-1)}`);
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
