import { describe, expect, test } from '@jest/globals';
import { MAX_CONDITION_CHAIN } from '../../src/template/conditions.ts';
import { parseTemplate } from '../../src/template/template.ts';
import { scopeOf, thrownBy } from './scope-of.ts';

function holds(conditions: string, name = 'c', version = '2021-04-16'): boolean {
  const template = parseTemplate(
    [
      `heat_template_version: ${version}`,
      'parameters:',
      '  n: {type: number, default: 3}',
      '  b: {type: boolean, default: true}',
      '  s: {type: string, default: hello}',
      "  l: {type: comma_delimited_list, default: 'a,b,c'}",
      `conditions: {${conditions}}`,
    ].join('\n'),
    { file: 'app.yaml' },
  );
  return scopeOf(template).condition(name);
}

describe('what holds', () => {
  test.each([
    ['c: true', true],
    ['c: {equals: [1, 1]}', true],
    ["c: {equals: [1, '1']}", false],
    ['c: {equals: [1, true]}', true],
    ['c: {equals: [null, null]}', true],
    ['c: {equals: [{get_param: n}, 3]}', true],
    ["c: {equals: [{get_param: b}, 'True']}", false],
    ['c: {equals: [{get_param: l}, [a, b, c]]}', true],
    ['c: {equals: [{a: 1, b: [true]}, {b: [1], a: 1}]}', true],
    ['c: {equals: [{get_param: OS::stack_name}, app]}', true],
    ['c: {not: true}', false],
    ['c: {and: [true, {get_param: b}, {equals: [1, 1]}]}', true],
    ['c: {or: [false, {not: false}]}', true],
    ['c: {get_param: b}', true],
    ['c: {not: d}, d: {and: [true, false]}', true],
    ['c: {or: [true, nope]}', true],
    ['c: {and: [false, c]}', false],
  ])('%s', (conditions, result) => expect(holds(conditions)).toBe(result));
});

describe('what is refused', () => {
  test.each([
    ['c: {equals: [1]}', 'conditions.c.equals: Arguments to "equals" must be of the form: [value_1, value_2]'],
    ['c: {not: }', 'conditions.c.not: Argument to "not" must be a condition'],
    ['c: {not: []}', 'Invalid condition "[]"'],
    ['c: {and: x}', 'conditions.c.and: Arguments to "and" must be a list of conditions'],
    ['c: {and: [true]}', 'conditions.c.and: The minimum number of condition arguments to "and" is 2.'],
    ['c: {or: {}}', 'conditions.c.or: Arguments to "or" must be a list of conditions'],
    ['c: {or: [{get_param: s}, true]}', 'Invalid condition "hello"'],
    ['c: {and: [true, nope]}', 'Invalid condition "nope"'],
    ['c: {get_param: s}', 'Condition validation error: The definition of condition "c" is invalid: hello'],
    ['c: {get_param: nope}', 'The Parameter (nope) was not provided.'],
    ["c: 'true'", 'Condition validation error: The definition of condition "c" is invalid: true'],
    ['c: ', 'Condition validation error: The definition of condition "c" is invalid: None'],
    [
      'c: {not: {equals: [1, 1]}, x: 1}',
      `Condition validation error: The definition of condition "c" is invalid: {'not': {'equals': [1, 1]}, 'x': 1}`,
    ],
    [
      'c: {equals: [{get_file: x}, 1]}',
      'conditions.c.equals[0].get_file: The function "get_file" is invalid in this context',
    ],
    ['c: {if: [true, true, false]}', 'conditions.c.if: The function "if" is invalid in this context'],
    ['c: {not: c}', 'Condition validation error: Circular definition for condition "c"'],
  ])('%s', (conditions, what) => {
    const error = thrownBy(() => holds(conditions));
    expect(error.problems?.[0]?.what ?? error.what).toBe(what);
  });

  test('a circle is told hop by hop', () => {
    expect(thrownBy(() => holds('c: {not: d}, d: {and: [true, e]}, e: {or: [false, d]}')).message).toBe(
      [
        'Condition validation error: Circular definition for condition "d"',
        '  at app.yaml:7:30  conditions.d',
        "  Each of these needs the next one: 'd' -> 'e' -> 'd'.",
        '  Define one of them without the others.',
      ].join('\n'),
    );
  });

  test('a chain has a limit, so that it cannot overflow the stack', () => {
    const chain = (length: number): string =>
      Array.from({ length }, (_, index) => (index === 0 ? 'c0: true' : `c${index}: {not: c${index - 1}}`)).join(', ');
    expect(holds(chain(MAX_CONDITION_CHAIN), `c${MAX_CONDITION_CHAIN - 1}`)).toBe(false);
    expect(thrownBy(() => holds(chain(10_000), 'c9999')).what).toBe(
      `The condition 'c9999' depends on a chain of more than ${MAX_CONDITION_CHAIN} conditions.`,
    );
  });

  test('each condition is evaluated once', () => {
    // Without memory this would take 2^60 evaluations.
    const doubling = Array.from({ length: 60 }, (_, i) =>
      i === 0 ? 'c0: true' : `c${i}: {and: [c${i - 1}, c${i - 1}]}`,
    );
    expect(holds(doubling.join(', '), 'c59')).toBe(true);
  });
});
