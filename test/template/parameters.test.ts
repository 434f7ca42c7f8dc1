import { describe, expect, test } from '@jest/globals';
import { constraintViolation, describeConstraint, parseConstraint } from '../../src/template/constraints.ts';
import { type ParameterOptions, resolveParameters } from '../../src/template/parameters.ts';
import { compilePattern } from '../../src/template/pattern.ts';
import { MAX_PROBLEMS } from '../../src/template/problems.ts';
import { parseTemplate, type Template } from '../../src/template/template.ts';
import type { Json } from '../../src/values.ts';
import { thrownBy } from './scope-of.ts';

function templateOf(parameter: string, version = '2021-04-16'): Template {
  return parseTemplate(`heat_template_version: ${version}\nparameters:\n  p: ${parameter}\n`, { file: 'app.yaml' });
}

function resolve(parameter: string, given?: Json, options: Partial<ParameterOptions> = {}): Json | undefined {
  const given_ = given === undefined ? {} : { p: given };
  return resolveParameters(templateOf(parameter), { given: given_, stackName: 'app', stackId: 'id', ...options }).get(
    'p',
  );
}

function problemOf(parameter: string, version?: string): string {
  const error = thrownBy(() => templateOf(parameter, version));
  return `${error.problems?.[0]?.code}: ${error.problems?.[0]?.what}`;
}

describe('what the fuzzer found', () => {
  test('of many values that no parameter takes, not all are told', () => {
    const given = Object.fromEntries(Array.from({ length: MAX_PROBLEMS + 1 }, (_, index) => [`q${index}`, index]));
    const error = thrownBy(() =>
      resolveParameters(templateOf('{type: string, default: x}'), { given, stackName: 'app', stackId: 'id' }),
    );
    expect(error.problems).toHaveLength(MAX_PROBLEMS);
  });

  test('a long list is looked up in long allowed_values, by the rules of Python', () => {
    const check = (allowed: Json, value: Json): string | undefined =>
      constraintViolation(parseConstraint({ allowed_values: allowed }, true), 'list', value);
    expect(check([1, 'a', null, { b: [1] }], [true, 1, 'a', null, { b: [true] }])).toBeUndefined();
    expect(check([1], ['1'])).toBe('["1"] is not an allowed value [1]');
    expect(check(['None', 0], [null])).toBe('[null] is not an allowed value ["None", 0]');
  });

  test('an alias of a long text in a default makes no text of any length', () => {
    const levels = Array.from(
      { length: 14 },
      (_, k) => `&l${k} [${k === 0 ? `&t ${'x'.repeat(20_000)}, *t` : `*l${k - 1}, *l${k - 1}`}]`,
    );
    const text = `heat_template_version: 2021-04-16\nparameters: {p: {type: string, default: [${levels.join(', ')}]}}`;
    expect(thrownBy(() => parseTemplate(text)).what).toBe(
      'The template has more than 1000000 nodes once its aliases are followed.',
    );
  });
});

describe('values are converted as Heat converts them', () => {
  test.each<[string, Json, Json]>([
    ['string', 'x', 'x'],
    ['string', '', ''],
    ['string', 1.5, '1.5'],
    ['string', true, 'True'],
    ['string', ['a', null], "['a', None]"],
    ['string', { get_param: "it's" }, `{'get_param': "it's"}`],
    ['number', 3, 3],
    ['number', ' 3 ', 3],
    ['number', '007', 7],
    ['number', '1e3', 1000],
    ['number', '.5', 0.5],
    ['number', '1_000', 1000],
    ['number', true, true],
    ['boolean', 'TRUE', true],
    ['boolean', 'on', true],
    ['boolean', 1, true],
    ['boolean', 'n', false],
    ['boolean', 0, false],
    ['comma_delimited_list', 'a, b', ['a', ' b']],
    ['comma_delimited_list', '', []],
    ['comma_delimited_list', ',', ['', '']],
    ['comma_delimited_list', ['a', 1, true, { x: 1 }], ['a', '1', 'True', "{'x': 1}"]],
    ['json', { a: 1 }, { a: 1 }],
    ['json', '[1]', [1]],
    ['json', '', ''],
    ['json', 3, 3],
    ['json', '{"__proto__": 1}', JSON.parse('{"__proto__": 1}')],
  ])('%s %j', (type, given, value) => {
    expect(resolve(`{type: ${type}}`, given)).toEqual(value);
    expect(resolve(`{type: ${type}, default: ${JSON.stringify(given)}}`)).toEqual(value);
  });

  test.each<[string, Json, string]>([
    ['number', 'x', "could not convert string to float: 'x'"],
    ['number', '0x10', "could not convert string to float: '0x10'"],
    ['number', '', "could not convert string to float: ''"],
    [
      'boolean',
      'x',
      "Unrecognized value 'x', acceptable values are: '0', '1', 'f', 'false', 'n', 'no', 'off', 'on', 't', 'true', 'y', 'yes'",
    ],
    [
      'boolean',
      2,
      "Unrecognized value '2', acceptable values are: '0', '1', 'f', 'false', 'n', 'no', 'off', 'on', 't', 'true', 'y', 'yes'",
    ],
    ['comma_delimited_list', 3, "Value must be a comma-delimited list string: 'int' object has no attribute 'split'"],
  ])('%s %j is refused', (type, given, message) => {
    const error = thrownBy(() => resolve(`{type: ${type}}`, given));
    expect(error.code).toBe('ParameterInvalid');
    expect(error.what).toBe(`Parameter 'p' is invalid: ${message}`);
  });

  test('json that is no JSON is refused', () =>
    expect(thrownBy(() => resolve('{type: json}', '{a: 1}')).what).toMatch(
      /^Parameter 'p' is invalid: Value must be valid JSON: /,
    ));
});

describe('which value counts', () => {
  test.each<[Json | undefined, Json | undefined, Json]>([
    ['given', 'environment', 'given'],
    [undefined, 'environment', 'environment'],
    [null, null, 'template'],
    [undefined, undefined, 'template'],
  ])('given %j, default of the environment %j', (given, environment, value) => {
    const defaults = environment === undefined ? {} : { p: environment, other: 1 };
    expect(resolve('{type: string, default: template}', given, { defaults })).toBe(value);
  });

  test('pseudo-parameters', () => {
    const values = resolveParameters(templateOf('{type: string, default: x}'), {
      stackName: 'app',
      stackId: 'id',
      projectId: 'project',
      region: 'here',
    });
    expect(Object.fromEntries(values)).toEqual({
      'OS::stack_name': 'app',
      'OS::stack_id': 'id',
      'OS::project_id': 'project',
      'OS::region': 'here',
      p: 'x',
    });
  });

  test.each([
    ['{type: string}', {}, 'UserParameterMissing', 'The Parameter (p) was not provided.'],
    ['{type: string, default: x}', { q: 1 }, 'UnknownUserParameter', 'The Parameter (q) was not defined in template.'],
    [
      '{type: string, default: x}',
      { 'OS::stack_name': 'x' },
      'UnknownUserParameter',
      'The Parameter (OS::stack_name) was not defined in template.',
    ],
  ])('%s with %j', (parameter, given, code, what) => {
    const error = thrownBy(() => resolve(parameter, undefined, { given }));
    expect({ code: error.code, what: error.what }).toEqual({ code, what });
  });

  test('several errors are thrown together', () => {
    const error = thrownBy(() => resolve('{type: number}', undefined, { given: { p: 'x', q: 1 } }));
    expect(error.problems?.map(({ code }) => code)).toEqual(['UnknownUserParameter', 'ParameterInvalid']);
  });

  test('the whole text of a missing parameter', () => {
    expect(thrownBy(() => resolve('{type: string}')).message).toBe(
      [
        'The Parameter (p) was not provided.',
        '  at app.yaml:3:6  parameters.p',
        '  It has no default.',
        '  Give a value of type string (--parameter p=VALUE, or an environment), or add a default to the template.',
      ].join('\n'),
    );
  });
});

describe('the value of a hidden parameter is in no error', () => {
  test.each<[string, Json]>([
    ['type: number', 'hunter2'],
    ['type: boolean', 'hunter2'],
    ['type: json', '{hunter2'],
    ['type: string, constraints: [{allowed_values: [a]}]', 'hunter2'],
    ['type: string, constraints: [{allowed_pattern: a}]', 'hunter2'],
    ['type: string, constraints: [{length: {max: 2}}]', 'hunter2'],
    ['type: string, constraints: [{custom_constraint: x.y}]', 'hunter2'],
    ['type: number, constraints: [{range: {max: 2}}]', 123456],
    ['type: number, constraints: [{modulo: {step: 10, offset: 0}}]', 123456],
  ])('%s', (definition, given) => {
    const error = thrownBy(() =>
      resolve(`{${definition}, hidden: true}`, given, { customConstraints: { 'x.y': (value) => `bad ${value}` } }),
    );
    expect(JSON.stringify([error, error.message])).not.toMatch(/hunter2|123456/);
  });

  test.each([
    'type: string, bogus: 1',
    'type: string, tags: x',
    'type: string, constraints: x',
    'type: string, constraints: [{bogus: 1}]',
    'type: number, constraints: [{length: {min: 1}}]',
    'type: bogus',
    'label: no type',
  ])('nor is its default in the line that an error quotes: %s', (definition) => {
    const error = thrownBy(() => templateOf(`{${definition}, hidden: true, default: hunter2}`));
    expect(error.problems?.length).toBeGreaterThan(0);
    expect(JSON.stringify([error, error.problems])).not.toMatch('hunter2');
  });

  test('nor in the line of another parameter, when values are given', () => {
    const text =
      'heat_template_version: 2021-04-16\nparameters: {s: {type: string, hidden: true, default: hunter2}, p: {type: number}}\n';
    const given = { p: 'x', q: 1 };
    const error = thrownBy(() => resolveParameters(parseTemplate(text), { given, stackName: 'app', stackId: 'id' }));
    expect(error.problems?.length).toBe(2);
    expect(JSON.stringify([error, error.problems])).not.toMatch('hunter2');
  });

  test('nor in what a custom constraint throws', () => {
    const customConstraints = {
      'x.y': (value: Json): boolean => {
        throw new TypeError(`bad ${value}`);
      },
    };
    const constraint = 'type: string, constraints: [{custom_constraint: x.y}]';
    const refusalOf = (definition: string): string =>
      thrownBy(() => resolve(`{${definition}}`, 'hunter2', { customConstraints })).what;
    expect(refusalOf(`${constraint}, hidden: true`)).toBe("Parameter 'p' is invalid: Error validating value '******'");
    expect(refusalOf(constraint)).toBe("Parameter 'p' is invalid: Error validating value 'hunter2': bad hunter2");
  });

  test('nor is its default', () => {
    const text = '{type: string, hidden: true, default: hunter2, constraints: [{length: {max: 2}}]}';
    const error = thrownBy(() => templateOf(text));
    expect(JSON.stringify([error, error.problems])).not.toMatch('hunter2');
    expect(error.problems?.[0]?.what).toBe(
      "Parameter 'p' is invalid: Invalid default ****** (length (7) is out of range (min: None, max: 2))",
    );
  });
});

describe('definitions', () => {
  test('everything that a client shows', () => {
    const text =
      "{type: string, default: d, label: L, description: D, hidden: 'yes', immutable: true, tags: [t], constraints: [{length: {min: 1}, description: C}]}";
    expect(templateOf(text).parameters.get('p')).toMatchObject({
      name: 'p',
      path: ['parameters', 'p'],
      type: 'string',
      default: 'd',
      label: 'L',
      description: 'D',
      hidden: true,
      immutable: true,
      tags: ['t'],
      constraints: [{ kind: 'length', min: 1, max: undefined, description: 'C' }],
      schema: { type: 'string', label: 'L' },
    });
  });

  test.each([
    ['x', 'InvalidSchemaError: Invalid parameter (p), expected a mapping'],
    ['{}', 'InvalidSchemaError: Missing parameter type for parameter: p'],
    ['{type: bogus}', 'InvalidSchemaError: Invalid type (bogus)'],
    ['{type: Number}', 'InvalidSchemaError: Invalid type (Number)'],
    ['{type: string, bogus: 1}', "InvalidSchemaError: Invalid key 'bogus' for parameter (p)"],
    ['{type: string, tags: t}', 'InvalidSchemaError: Tags property should be a list for parameter: p'],
    [
      '{type: string, constraints: x}',
      'InvalidSchemaError: Invalid parameter constraints for parameter p, expected a list',
    ],
    [
      '{type: number, default: 9, constraints: [{range: {max: 5}}]}',
      "InvalidSchemaError: Parameter 'p' is invalid: Invalid default 9 (9 is out of range (min: None, max: 5))",
    ],
    [
      '{type: comma_delimited_list, default: 3}',
      "InvalidSchemaError: Parameter 'p' is invalid: Default must be a comma-delimited list string: Value must be a comma-delimited list string: 'int' object has no attribute 'split'",
    ],
    [
      '{type: number, constraints: [{length: {min: 1}}]}',
      "InvalidSchemaError: Parameter 'p' is invalid: Length constraint invalid for number",
    ],
    [
      '{type: json, constraints: [{allowed_values: [1]}]}',
      "InvalidSchemaError: Parameter 'p' is invalid: AllowedValues constraint invalid for json",
    ],
    ['{type: string, constraints: [{}]}', 'InvalidSchemaError: No constraint expressed'],
    ['{type: string, constraints: [x]}', 'InvalidSchemaError: Invalid parameter constraints, expected a mapping'],
    ['{type: string, constraints: [{bogus: 1}]}', "InvalidSchemaError: Invalid key 'bogus' for parameter constraints"],
    [
      '{type: string, constraints: [{length: {}}]}',
      'InvalidSchemaError: A length constraint must have a min value and/or a max value specified.',
    ],
    ['{type: string, constraints: [{length: {min: 1.5}}]}', 'InvalidSchemaError: min/max length must be integral'],
    ['{type: string, constraints: [{length: {min: x}}]}', "InvalidSchemaError: could not convert string to float: 'x'"],
    ['{type: number, constraints: [{range: {mix: 1}}]}', "InvalidSchemaError: Invalid key 'mix' for range constraint"],
    [
      '{type: number, constraints: [{modulo: {step: 2}}]}',
      'InvalidSchemaError: A modulo constraint must have a step value and an offset value specified.',
    ],
    ['{type: number, constraints: [{modulo: {step: 0, offset: 0}}]}', 'InvalidSchemaError: step cannot be 0.'],
    [
      '{type: number, constraints: [{modulo: {step: 2, offset: 2}}]}',
      'InvalidSchemaError: offset must be smaller (by absolute value) than step.',
    ],
    [
      '{type: number, constraints: [{modulo: {step: 2, offset: -1}}]}',
      'InvalidSchemaError: step and offset must be both positive or both negative.',
    ],
    ['{type: string, constraints: [{allowed_values: abc}]}', 'InvalidSchemaError: AllowedValues must be a list'],
    ['{type: string, constraints: [{allowed_pattern: 1}]}', 'InvalidSchemaError: AllowedPattern must be a string'],
    [
      "{type: string, constraints: [{allowed_pattern: '['}]}",
      'InvalidSchemaError: The pattern "[" is not a regular expression: Unterminated character class',
    ],
  ])('%s is refused', (parameter, problem) => expect(problemOf(parameter)).toBe(problem));

  test('keys and constraints that came later', () => {
    const tags = '{type: string, tags: [t]}';
    expect(() => templateOf(tags, '2018-03-02')).not.toThrow();
    expect(problemOf(tags, '2017-09-01')).toBe("InvalidSchemaError: Invalid key 'tags' for parameter (p)");
    const modulo = '{type: number, constraints: [{modulo: {step: 2, offset: 0}}]}';
    expect(() => templateOf(modulo, '2017-02-24')).not.toThrow();
    expect(problemOf(modulo, '2016-10-14')).toBe('InvalidSchemaError: No constraint expressed');
  });
});

describe('constraints', () => {
  test.each<[string, string, Json, string | undefined]>([
    ['string', '{length: {min: 2, max: 4}}', 'ab', undefined],
    ['string', '{length: {min: 2, max: 4}}', 'a', 'length (1) is out of range (min: 2, max: 4)'],
    ['string', '{length: {max: 1}}', '😀', undefined],
    ['comma_delimited_list', '{length: {max: 2}}', 'a,b,c', 'length (3) is out of range (min: None, max: 2)'],
    ['json', '{length: {max: 1}}', { a: 1, b: 2 }, 'length (2) is out of range (min: None, max: 1)'],
    ['number', '{range: {min: 1, max: 5}}', '5.5', '5.5 is out of range (min: 1, max: 5)'],
    ['number', '{range: {min: 1}}', 1, undefined],
    ['number', '{modulo: {step: 2, offset: 1}}', 2, '2 is not a multiple of 2 with an offset of 1'],
    ['number', '{modulo: {step: 2, offset: 1}}', -3, undefined],
    ['number', '{modulo: {step: -2, offset: -1}}', 1, undefined],
    ['string', '{allowed_values: [a, 1]}', '1', undefined],
    ['string', '{allowed_values: [a, b]}', 'A', '"A" is not an allowed value ["a", "b"]'],
    ['number', "{allowed_values: ['1', 2]}", 1, undefined],
    ['boolean', "{allowed_values: ['yes']}", true, undefined],
    ['comma_delimited_list', '{allowed_values: [a, b]}', 'b,a', undefined],
    ['comma_delimited_list', '{allowed_values: [a, b]}', 'a,c', '["a", "c"] is not an allowed value ["a", "b"]'],
    ['string', "{allowed_pattern: '[a-z]+'}", 'abc', undefined],
    ['string', "{allowed_pattern: '[a-z]+'}", 'ABC', '"ABC" does not match pattern "[a-z]+"'],
    ['string', '{length: {min: 2}, description: too short!}', 'a', 'too short!'],
    ['string', '{custom_constraint: nova.flavor}', 'm1', undefined],
    ['string', '{custom_constraint: nova.flavor}', 'm2', "Error validating value 'm2': there is only m1"],
    ['string', '{custom_constraint: nova.keypair}', 'k', '"k" does not validate nova.keypair'],
    ['string', '{custom_constraint: toString}', 'k', '"k" does not validate toString (constraint not found)'],
  ])('%s %s with %j: %s', (type, constraint, given, message) => {
    const customConstraints = {
      'nova.flavor': (value: Json) => value === 'm1' || 'there is only m1',
      'nova.keypair': () => false,
    };
    const attempt = (): unknown =>
      resolve(`{type: ${type}, constraints: [${constraint}]}`, given, { customConstraints });
    if (message === undefined) expect(attempt).not.toThrow();
    else expect(thrownBy(attempt).what).toBe(`Parameter 'p' is invalid: ${message}`);
  });

  test.each<[Json, string]>([
    [{ length: { min: 1, max: 5 } }, 'The length must be in the range 1 to 5.'],
    [{ range: { min: 1 } }, 'The value must be at least 1.'],
    [{ range: { max: 5 } }, 'The value must be no greater than 5.'],
    [{ modulo: { step: 2, offset: 1 } }, 'The value must be a multiple of 2 with an offset of 1.'],
    [{ allowed_values: ['a', 1] }, 'Allowed values: "a", 1'],
    [{ allowed_pattern: 'a+' }, 'Value must match pattern: a+'],
    [{ custom_constraint: 'nova.flavor' }, 'Value must be of type nova.flavor'],
  ])('%j is described', (data, text) => expect(describeConstraint(parseConstraint(data, true))).toBe(text));

  test('they can be used without a parameter', () => {
    const constraint = parseConstraint({ range: { max: 5 } }, true);
    expect(constraintViolation(constraint, 'number', 6)).toBe('6 is out of range (min: None, max: 5)');
  });
});

describe('patterns are those of Python', () => {
  test.each([
    ['a|ab', 'ab', false],
    ['^a|b$', 'axx', false],
    ['a.c', 'a\nc', false],
    ['a.c', 'abc\n', false],
    ['a$', 'a\n', false],
    ['(?P<x>a)b\\Z', 'ab', true],
    ['\\A[a-z]+\\Z', 'abc', true],
    ['(?i)AB', 'ab', true],
    ['(?=.*[0-9])[a-z0-9]{3,}', 'ab1', true],
    ['(?=.*[0-9])[a-z0-9]{3,}', 'abc', false],
    ['(?P<q>a)(?P=q)', 'aa', true],
    ['a{1,2000}', 'aa', true],
    ['', '', true],
    ['', 'a', false],
  ])('%s on %j: %s', (pattern, text, result) => expect(compilePattern(pattern).matches(text)).toBe(result));

  test.each(['(a+)+$', '(?=a)(a+)+$'])('%s ends soon on a text that would take years', (pattern) => {
    const before = performance.now();
    expect(compilePattern(pattern).matches(`${'a'.repeat(60)}!`)).toBe(false);
    expect(performance.now() - before).toBeLessThan(5000);
  });
});
