import { describe, expect, test } from '@jest/globals';
import { Engine } from '../../src/engine.ts';
import { findResource } from '../../src/interface/interface.ts';
import { parseTemplate } from '../../src/template/template.ts';

const RESOURCES = `
  a: {type: OS::Heat::TestResource, properties: {value: {get_param: p}}}
  b: {type: OS::Heat::TestResource, properties: {value: {get_attr: [a, output]}, fail: false}}
  c: {type: OS::Heat::TestResource, properties: {value: {list_join: ['-', [{get_attr: [a, output]}, x]]}}}
  d: {type: OS::Heat::Value, properties: {value: {list: [1, {get_resource: a}]}}}
  h: {type: OS::Heat::TestResource, properties: {value: {if: [c, {get_attr: [a, output]}, x]}}}
  e: {type: OS::Heat::TestResource, properties: {value: x}, metadata: {m: {get_attr: [a, output]}}}
  f: {type: OS::Heat::TestResource, properties: {value: {get_attr: [b, output]}}, metadata: {m: 1}}
  g: {type: OS::Heat::TestResource, properties: {value: {get_attr: [n, early]}}}`;

const HEAD =
  'heat_template_version: 2021-04-16\nparameters: {p: {type: string, default: v}}\nconditions: {c: true}\nresources:';
const definitions = parseTemplate(`${HEAD}${RESOURCES}\n  n: {type: OS::Heat::None}`).resources;

describe('fixedInputs', () => {
  test.each([
    ['a', [], 'a call that reads nothing at run time'],
    ['b', [['value', 'a.output']], 'a reference beside a literal'],
    ['c', [['value', 'a.output']], 'a reference within another call'],
    ['d', [['value', 'a.refid']], 'a reference deep in a value'],
    ['e', undefined, 'a reference in the metadata'],
    ['h', undefined, 'a reference under a condition'],
    ['f', [['value', 'b.output']], 'literal metadata'],
  ])('of %s: %j (%s)', (name, fixed, _why) => {
    const inputs = definitions
      .get(name)
      ?.fixedInputs?.map((input) => [
        input.name,
        ...input.references.map(
          (reference) => reference.kind === 'attribute' && `${reference.resource}.${reference.attribute}`,
        ),
      ]);
    expect(inputs).toEqual(fixed);
  });

  test('the names of properties that are all read are one list for all resources that have the same', () => {
    const names = [
      ...parseTemplate(`${HEAD}
  a: {type: X, properties: {p: {get_attr: [b, v]}, q: {get_resource: b}}}
  b: {type: Y, properties: {p: {get_attr: [c, v]}, r: 1}}
  c: {type: Z, properties: {p: {get_attr: [d, v]}}}
  d: {type: X, properties: {p: {get_attr: [e, v]}, q: {get_attr: [e, w]}}}
  e: {type: X, properties: {p: {list_join: ['', [{get_resource: c}]]}}}`).resources.values(),
    ].map(({ readNames }) => readNames);
    expect(names).toEqual([['p', 'q'], undefined, ['p'], ['p', 'q'], undefined]);
    expect(names[3]).toBe(names[0]);
  });

  test('a resource that is made of others is looked through all the same', () => {
    const files = {
      'n.yaml': `${HEAD}
  fast: {type: OS::Heat::TestResource, properties: {value: now}}
outputs: {early: {value: {get_attr: [fast, output]}}}`,
    };
    const { stack } = new Engine().validate({
      stack: 's',
      template: `${HEAD}${RESOURCES}\n  n: {type: n.yaml}`,
      files,
    });
    const reader = findResource(stack, 'g');
    expect(reader?.inputs.map(({ references }) => references)).toEqual([
      [
        expect.objectContaining({ resource: 'n', attribute: 'nested_stack_name' }),
        expect.objectContaining({ resource: 'n/fast', attribute: 'output' }),
      ],
    ]);
  });
});
