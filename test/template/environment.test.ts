import { describe, expect, test } from '@jest/globals';
import { parseEnvironment } from '../../src/template/environment.ts';
import { thrownBy } from './scope-of.ts';

const EMPTY = {
  parameters: {},
  parameterDefaults: {},
  resourceRegistry: {},
  encryptedParamNames: [],
  eventSinks: [],
  parameterMergeStrategies: {},
};

test.each([[[]], ['# nothing\n'], [{}], [['', {}]]])('%j is the empty environment', (inputs) =>
  expect(parseEnvironment(inputs)).toEqual(EMPTY),
);

test('every section', () => {
  const text = `
parameters: {p: 1}
parameter_defaults: {q: 2}
resource_registry:
  My::Value: OS::Heat::Value
  My::Stack: stack.yaml
  My::Remote: https://example.org/stack
  My::*: OS::Heat::None
  My::Gone:
  resources: {web: {hooks: pre-create}}
encrypted_param_names: [s]
event_sinks: [{type: zaqar-queue, target: q}]
parameter_merge_strategies: {default: merge}
`;
  expect(parseEnvironment(text)).toEqual({
    parameters: { p: 1 },
    parameterDefaults: { q: 2 },
    resourceRegistry: {
      'My::Value': 'OS::Heat::Value',
      'My::Stack': 'stack.yaml',
      'My::Remote': 'https://example.org/stack',
      'My::*': 'OS::Heat::None',
      'My::Gone': null,
      resources: { web: { hooks: 'pre-create' } },
    },
    encryptedParamNames: ['s'],
    eventSinks: [{ type: 'zaqar-queue', target: 'q' }],
    parameterMergeStrategies: { default: 'merge' },
  });
});

test('of several environments the last counts, entry by entry', () => {
  const { parameters, resourceRegistry, eventSinks } = parseEnvironment([
    'parameters: {p: 1, q: 1, m: {a: 1}}\nresource_registry: {A: B}\nevent_sinks: [{type: zaqar-queue, target: a}]',
    {
      parameters: { q: 2, m: { b: 2 } },
      resource_registry: { A: 'C', D: 'E' },
      event_sinks: [{ type: 'zaqar-queue', target: 'b' }],
    },
  ]);
  expect(parameters).toEqual({ p: 1, q: 2, m: { b: 2 } });
  expect(resourceRegistry).toEqual({ A: 'C', D: 'E' });
  expect(eventSinks).toEqual([
    { type: 'zaqar-queue', target: 'a' },
    { type: 'zaqar-queue', target: 'b' },
  ]);
});

describe('merge strategies', () => {
  const STRATEGY = 'parameter_merge_strategies';

  test.each([
    ['without one the last counts', ['parameters: {l: a}', 'parameters: {l: b}'], { l: 'b' }],
    [
      'the default of a later one',
      ['parameters: {l: a}', `parameters: {l: b}\n${STRATEGY}: {default: merge}`],
      { l: 'b' },
    ],
    ['a merge with nothing', [`parameters: {l: a}\n${STRATEGY}: {l: merge}`, 'parameters: {p: b}'], { l: 'a', p: 'b' }],
    ['a merge with null', [`parameters: {l: }\n${STRATEGY}: {l: merge}`, 'parameters: {l: b}'], { l: 'b' }],
    ['an unknown word', [`parameters: {l: a}\n${STRATEGY}: {l: bogus}`, 'parameters: {l: b}'], { l: 'b' }],
    ['names of Object', ['parameters: {toString: a}', `parameters: {toString: b}\n${STRATEGY}: {}`], { toString: 'b' }],
  ])('%s', (_, inputs, parameters) => expect(parseEnvironment(inputs).parameters).toEqual(parameters));

  test.each([
    ['of texts', ['a', 'b'], 'ab'],
    ['of lists', ['[a]', '[b, a]'], ['a', 'b', 'a']],
    ['of maps', ['{x: {y: 1}, k: 1}', '{x: {z: 2}, k: }'], { x: { z: 2 }, k: 1 }],
    [
      'of maps at every depth',
      ['{x: {y: 1, t: a, l: [1]}}', '{x: {z: 2, t: b, l: [2]}}'],
      { x: { y: 1, t: 'ab', l: [1, 2], z: 2 } },
    ],
  ])('a merge %s', (name, [first, second], value) => {
    const strategy = name.includes('depth') ? 'deep_merge' : 'merge';
    const inputs = [`parameters: {p: ${first}}\n${STRATEGY}: {p: ${strategy}}`, `parameters: {p: ${second}}`];
    expect(parseEnvironment(inputs).parameters).toEqual({ p: value });
  });

  test('by the types of the parameters, and those that there are not are ignored in later environments', () => {
    const parameterTypes = new Map([
      ['l', 'comma_delimited_list' as const],
      ['j', 'json' as const],
    ]);
    const inputs = [
      `parameters: {l: a, j: '{"x": 1}'}\n${STRATEGY}: {default: merge}`,
      `parameters: {l: b, j: {y: 2}, typo: 1}`,
    ];
    expect(parseEnvironment(inputs, { parameterTypes }).parameters).toEqual({ l: 'a,b', j: { x: 1, y: 2 } });
  });

  test.each([
    [
      'a strategy that contradicts the first environment',
      ['parameters: {l: a}', `parameters: {l: b}\n${STRATEGY}: {l: merge}`],
      "Conflicting merge strategy 'merge' for parameter 'l' in file 'b.yaml'.",
    ],
    [
      'a word that is none and falls back to the default',
      [`parameters: {l: a}\n${STRATEGY}: {l: merge}`, `parameters: {l: b}\n${STRATEGY}: {l: bogus}`],
      "Conflicting merge strategy 'overwrite' for parameter 'l' in file 'b.yaml'.",
    ],
    [
      'a merge of two numbers',
      [`parameters: {l: 1}\n${STRATEGY}: {l: merge}`, 'parameters: {l: 2}'],
      "Invalid merge strategy 'merge' for parameter 'l'.",
    ],
    [
      'the same by default, in parameter_defaults',
      [`parameter_defaults: {l: [a]}\n${STRATEGY}: {default: deep_merge}`, 'parameter_defaults: {l: b}'],
      "Invalid merge strategy 'deep_merge' for parameter 'l'.",
    ],
  ])('%s is refused', (_, inputs, what) => {
    const error = thrownBy(() => parseEnvironment(inputs, { files: ['a.yaml', 'b.yaml'] }));
    expect({ code: error.code, what: error.what }).toEqual({ code: 'InvalidEnvironment', what });
  });

  test('the whole text tells where the second value stands, and quotes neither', () => {
    const inputs = [`parameters: {l: [hunter2]}\n${STRATEGY}: {l: merge}`, 'parameters: {l: hunter3}'];
    const error = thrownBy(() => parseEnvironment(inputs, { files: ['a.yaml', 'b.yaml'] }));
    expect(error.message).toBe(
      [
        "Invalid merge strategy 'merge' for parameter 'l'.",
        '  at b.yaml:1:17  parameters.l',
        '  An environment before it has a value too, and the two cannot be put together as a string.',
        "  Write the combined value into the last environment, and use the strategy 'overwrite'.",
      ].join('\n'),
    );
    expect(JSON.stringify(error)).not.toMatch(/hunter/);
  });
});

describe('what is refused', () => {
  test.each([
    ['parameter: {}', 'InvalidEnvironment', 'environment has wrong section "parameter"'],
    ['parameters:', 'InvalidEnvironment', 'environment has empty section "parameters"'],
    ['parameters: x', 'InvalidEnvironment', 'environment has a section "parameters" that is no map'],
    ['resource_registry: []', 'InvalidEnvironment', 'environment has a section "resource_registry" that is no map'],
    ['resource_registry: {A: 3}', 'InvalidEnvironment', "The resource_registry maps 'A' to a value of type int."],
    ['event_sinks: {a: 1}', 'InvalidEnvironment', 'environment has a section "event_sinks" that is no list'],
    ['- a', 'TemplateFormatError', 'The environment is not a valid YAML mapping data type.'],
    ['a: b: c', 'TemplateFormatError', 'Error parsing environment <environment>: Bad indentation of a mapping entry.'],
    ['__proto__: {}', 'InvalidEnvironment', 'environment has wrong section "__proto__"'],
  ])('%s', (text, code, what) => {
    const error = thrownBy(() => parseEnvironment(text));
    expect({ code: error.code, what: error.what }).toEqual({ code, what });
  });

  test('the whole text of an error', () => {
    expect(thrownBy(() => parseEnvironment(['', 'parameter: {p: 1}'], { files: ['a.yaml', 'b.yaml'] })).message).toBe(
      [
        'environment has wrong section "parameter"',
        '  at b.yaml:1:12  parameter',
        '  An environment has no such section.',
        "  Did you mean 'parameters'? The sections are 'parameters', 'parameter_defaults', 'resource_registry', 'encrypted_param_names', 'event_sinks' and 'parameter_merge_strategies'.",
      ].join('\n'),
    );
  });

  test.each([
    [[1], 'environment'],
    [{ parameters: { p: () => 1 } }, 'The value at parameters.p cannot be written as JSON: it is of type function.'],
  ])('a built one: %j', (input, what) => {
    expect(['InvalidEnvironment', 'TemplateFormatError']).toContain(thrownBy(() => parseEnvironment([input])).code);
    expect(thrownBy(() => parseEnvironment([input])).what).toContain(what);
  });
});
