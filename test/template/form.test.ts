import { expect, test } from '@jest/globals';
import { parseTemplate } from '../../src/template/template.ts';

const template = parseTemplate(`
heat_template_version: hotloom-1
parameters: {p: {type: string, default: v}}
conditions: {c: true}
resources:
  none: {type: X}
  one: {type: X, properties: {p: {get_attr: [none, v]}}}
  same: {type: X, properties: {p: {get_attr: [one, w]}}}
  other: {type: Y, properties: {p: {get_attr: [none, v]}}}
  again: {type: X, properties: {p: {get_attr: [none, v]}}}
  literal: {type: X, properties: {p: 1}}
  call: {type: X, properties: {p: {get_param: p}}}
  metadata: {type: X, metadata: {m: 1}}
  depends: {type: X, depends_on: none}
  condition: {type: X, condition: c}
  deletion: {type: X, deletion_policy: Retain}
  update: {type: X, update_policy: {u: 1}}
  external: {type: X, external_id: e}
  timeout: {type: X, timeout: 1}
  inputs: {type: X, inputs: {i: {get_attr: [none, v]}}}
  outputs: {type: X, outputs: {o: {}}}
`);

test('resources of one type whose properties have the same names and are all read share a form', () => {
  const [none, one, same, other, again, ...others] = template.forms;
  expect(none).toEqual({ type: 'X', readNames: [] });
  expect(one).toEqual({ type: 'X', readNames: ['p'] });
  expect(same).toBe(one);
  expect(other).toEqual({ type: 'Y', readNames: ['p'] });
  expect(again).toBe(one);
  expect(others).toEqual(others.map(() => undefined));
});
