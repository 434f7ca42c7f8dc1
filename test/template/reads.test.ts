import { expect, test } from '@jest/globals';
import { Engine } from '../../src/engine.ts';

const RESOURCES = `
heat_template_version: 2021-04-16
resources:
  a: {type: OS::Heat::Value, properties: {value: {get_attr: [c, value]}}}
  b: {type: OS::Heat::TestResource, properties: {value: {get_resource: a}, fail: {get_attr: [c, show]}}}
  c: {type: OS::Heat::Value, properties: {value: 1}}
  d: {type: OS::Heat::Value, properties: {value: {get_attr: [a, value]}}}
`;
const OUTPUTS = `
outputs:
  o: {value: [{get_attr: [d, value]}, {get_resource: a}]}
`;

const engine = new Engine({});
const readsOf = (template: string) => engine.validate({ stack: 's', template }).stack.reads;

test('what a template reads is listed by the parser as it is by a walk over its references', () => {
  const fixed = readsOf(RESOURCES + OUTPUTS);
  expect(fixed).toEqual({
    firstInput: [0, 1, 3, 3, 4],
    firstRead: [0, 1, 2, 3, 4],
    producers: [2, 0, 2, 0],
    slots: [0, 0, 1, 1],
    attributes: [['refid', 'value'], undefined, ['value', 'show'], ['value']],
  });
  // A resource that a condition leaves out makes the numbers depend on parameters.
  const walked = readsOf(`${RESOURCES}  e: {type: OS::Heat::None, condition: false}\n${OUTPUTS}`);
  expect(walked).toEqual(fixed);
});
