import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { toHot } from '../../src/template/expression.ts';
import { parseTemplate } from '../../src/template/template.ts';
import { YaqlError } from '../../src/template/yaql/errors.ts';
import { evaluateYaql } from '../../src/template/yaql/evaluate.ts';
import { parseYaql } from '../../src/template/yaql/grammar.ts';
import type { Json } from '../../src/values.ts';
import { runs } from '../random.ts';
import { outputOf, referencesOf, scopeOf, thrownBy } from './scope-of.ts';

const DATA: Json = {
  list: [3, 1, 2, 1],
  map: { b: 2, a: 1 },
  rows: [
    { name: 'web', cpu: 4, roles: ['x', 'y'] },
    { name: 'db', cpu: 16, roles: ['y'] },
    { name: 'app', cpu: 4, roles: [] },
  ],
  text: 'Hello, World',
  nothing: null,
  empty: [],
};

function evaluated(expression: string, data: Json = DATA): Json {
  return evaluateYaql(parseYaql(expression), data);
}

function messageOf(expression: string, data: Json = DATA): string {
  return thrownBy(() => evaluated(expression, data)).message;
}

/** Rows of expressions over DATA and what yaql makes of them. */
type Rows = readonly (readonly [expression: string, value: Json])[];

const VALUES: { readonly [concept: string]: Rows } = {
  literals: [
    ['[1, 2.5, "a", true, null]', [1, 2.5, 'a', true, null]],
    ["{a => 1, 'b c' => [2], 3 => {}}", { a: 1, 'b c': [2], 3: {} }],
    ["'a\\tb\\u0041\\x42\\101\\q'", 'a\tbABA\\q'],
    ['`raw\\n`', 'raw\\n'],
    ['word', 'word'],
  ],
  'operators and their precedence': [
    ['1 + 2 * 3 - 4', 3],
    ['-7 / 2', -4],
    ['7 / 2.0', 3.5],
    ['-7 mod 3', 2],
    ['2 * - 3', -6],
    ['not 1 = 2 and 2 > 1', true],
    ['1 or unknown()', 1],
    ['null < 1 and not null > 1', true],
    ['1 in [1, 2] and "b" in "abc"', true],
    ['"ab" * 2 + "c"', 'ababc'],
    ['[1] + [2]', [1, 2]],
    ['{a => 1} + {a => 2, b => 3}', { a: 2, b: 3 }],
    ['1 = true and 1 = 1.0', true],
    ['$.data.text =~ "^Hel+o" and $.data.text !~ "x"', true],
  ],
  'variables and contexts': [
    ['$.data.list[-1]', 1],
    ['$.data.nothing?.name', null],
    ['let(a => 1, b => 2) -> $a + $b', 3],
    ['with(5, 6) -> $2', 6],
    ['[1, 2].unpack(a, b) -> [$b, $a]', [2, 1]],
    ['def(factorial, switch($ < 2 => 1, true => $ * factorial($ - 1))) -> factorial(5)', 120],
    ['$unset', null],
  ],
  choices: [
    ['switch($.data.list.len() > 9 => many, $.data.list.len() > 3 => some, true => few)', 'some'],
    ['coalesce(null, $.data.nothing, 3)', 3],
    ['selectCase(false, true)', 1],
    ['1.switchCase(a, b, c)', 'b'],
  ],
  queries: [
    ['$.data.rows.where($.cpu > 4).name', ['db']],
    ['$.data.rows.select($.cpu * 2)', [8, 32, 8]],
    ['$.data.rows.selectMany($.roles).distinct()', ['x', 'y']],
    ['$.data.rows.orderBy($.cpu).thenByDescending($.name).name', ['web', 'app', 'db']],
    [
      '$.data.rows.groupBy($.cpu, $.name)',
      [
        [4, ['web', 'app']],
        [16, ['db']],
      ],
    ],
    [
      '$.data.rows.groupBy($.cpu, $.cpu, $.sum())',
      [
        [4, 8],
        [16, 16],
      ],
    ],
    ['$.data.rows.toDict($.name, $.cpu)', { web: 4, db: 16, app: 4 }],
    ['$.data.rows.any($.cpu > 8) and $.data.rows.all($.cpu > 3)', true],
    ['$.data.list.sum() + $.data.list.max() + $.data.list.min()', 11],
    ['$.data.list.aggregate($1 * 10 + $2, 0)', 3121],
    ['$.data.list.accumulate($1 + $2)', [3, 4, 6, 7]],
    ['$.data.list.skip(1).limit(2)', [1, 2]],
    [
      '$.data.list.zip($.data.list.reverse())',
      [
        [3, 1],
        [1, 2],
        [2, 1],
        [1, 3],
      ],
    ],
    ['$.data.list.indexOf(1) + $.data.list.lastIndexOf(1)', 4],
    ['[1, [2, [3]]].flatten()', [1, 2, 3]],
    ['range(5).slice(2)', [[0, 1], [2, 3], [4]]],
    ['sequence(1, 2).takeWhile($ < 6)', [1, 3, 5]],
    ['$.data.empty.first(none)', 'none'],
    ['$.data.rows.join($.data.list, $1.cpu = $2 + 1, $1.name)', ['web', 'app']],
  ],
  mappings: [
    ['$.data.map.items().orderBy($[1]).select($[0])', ['a', 'b']],
    ['dict($.data.map.items().where($[1] > 1))', { b: 2 }],
    ['$.data.map.get(c, 9)', 9],
    ['$.data.map.set(c, 3).delete(a)', { b: 2, c: 3 }],
    ['$.data.map.containsKey(a)', true],
    ['{a => {b => 1}, l => [1]}.mergeWith({a => {c => 2}, l => [2]})', { a: { b: 1, c: 2 }, l: [1, 2] }],
  ],
  texts: [
    ['$.data.text.split(", ").join("-")', 'Hello-World'],
    ['$.data.text.toUpper().substring(-3, 2)', 'RL'],
    ['$.data.text.replace({Hello => Bye})', 'Bye, World'],
    ['" x ".trim() + "|"', 'x|'],
    ['"héllo 😀!".indexOf("!")', 7],
    ['[1, true, null, 1.0].join(",")', '1,true,null,1.0'],
    ['str([1, "a", {k => null}])', "(1, 'a', {'k': None})"],
    ['regex("(l+)(.)").replace($.data.text, "\\\\2\\\\1")', 'Heoll, Wordl'],
    ['regex("o").searchAll($.data.text, $.start)', [4, 8]],
  ],
  numbers: [
    ['[round(2.5), round(3.5), round(2.675, 2), round(1250, -2)]', [2, 4, 2.67, 1200]],
    ['str(2 * 1.5)', '3.0'],
    ['[int(" 12 "), int(-2.9), int(null), float("1.5")]', [12, -2, 0, 1.5]],
    ['str(99999999999 * 99999999999)', '9999999999800000000001'],
    ['pow(2, 10) + abs(-1) + sign(-5)', 1024],
  ],
  times: [
    ['datetime(2020, 2, 28).format("%Y-%m-%d %a")', '2020-02-28 Fri'],
    ['(datetime("2020-03-01") - datetime("2020-02-28")).days', 2],
    ['datetime("2020-01-01T00:00:00+01:00").utc.format("%F %T")', '2019-12-31 23:00:00'],
    ['timespan(hours => 36).days', 1.5],
  ],
};

describe.each(Object.entries(VALUES))('%s', (_concept, rows) => {
  test.each(rows)('%s', (expression, value) => {
    expect(evaluated(expression)).toEqual(value);
  });
});

describe('errors have the text of yaql', () => {
  test.each([
    ['$(', "Parse error: unexpected '(' at position 1 of expression '$('"],
    ['1 +', 'Parse error: unexpected end of statement'],
    ['$.a # b', "Lexical error: illegal character '#' at position 4"],
    ['$.__class__', "Lexical error: illegal character '_' at position 2"],
    ['bogus(1)', 'Unknown function "bogus"'],
    ['$.data.list.bogus()', 'Unknown method "bogus" for receiver (3, 1, 2, 1)'],
    ['1 + true', 'No function "#operator_+" matches supplied arguments'],
    ['not(true)', 'Unknown function "not"'],
    ['$.data.missing', "'missing'"],
    ['$.data.list[9]', 'tuple index out of range'],
    ['$.data.empty.first()', ''],
    ['$.data.list.select($)[0]', 'No function "#indexer" matches supplied arguments'],
    ['int("x")', "invalid literal for int() with base 10: 'x'"],
    ['1 / 0', 'integer division or modulo by zero'],
  ])('%s', (expression, message) => {
    expect(messageOf(expression)).toBe(message);
  });
});

describe('an evaluation ends', () => {
  test.each([
    ['sequence().len()', 'Expression took more than 1000000 steps'],
    ['sequence().where(false).len()', 'Collection length exceeds 200 elements'],
    ['range(201)', 'Collection length exceeds 200 elements'],
    ['"a" * 100000', 'Expression consumed too much memory'],
    ['pow(3, 30000000)', 'Expression consumed too much memory'],
    ['range(190).aggregate([$1, $1], 1)', 'Expression consumed too much memory'],
    ['def(f, f($)) -> f(1)', 'maximum recursion depth exceeded'],
    ['range(200).select(range(200).select(range(200).select($)))', 'Expression took more than 1000000 steps'],
    [`${'('.repeat(5000)}1${')'.repeat(5000)}`, 'The expression is nested deeper than 150 levels'],
    [`1${' + 1'.repeat(5000)}`, 'The expression is nested deeper than 150 levels'],
    [`${'not '.repeat(5000)}1`, 'The expression is nested deeper than 150 levels'],
  ])('%#', (expression, message) => {
    expect(messageOf(expression)).toBe(message);
  });

  test('a pattern that backtracks elsewhere is linear', () => {
    expect(evaluated(`regex('(a*)*b').search('${'a'.repeat(5000)}')`)).toBeNull();
  });
});

describe('names that JavaScript gives a meaning', () => {
  const hostile = JSON.parse('{"__proto__": {"polluted": 1}, "list": [1]}') as Json;

  test.each<[string, string]>([
    ['$.data', '{"__proto__":{"polluted":1},"list":[1]}'],
    ['$.data["__proto__"].polluted', '1'],
    ['$.data.list.toDict("__proto__", {polluted => $})', '{"__proto__":{"polluted":1}}'],
    ['{"__proto__" => 1} + {constructor => 2}', '{"__proto__":1,"constructor":2}'],
    ['$.data.get(constructor)', 'null'],
    ['$hasOwnProperty', 'null'],
  ])('%s is data', (expression, json) => {
    expect(JSON.stringify(evaluated(expression, hostile))).toBe(json);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test.each(['constructor()', '$.toString()', '$.data.list.valueOf()'])('%s is unknown', (expression) => {
    expect(messageOf(expression)).toMatch(/^Unknown/);
  });
});

test('any text gives a value or a YaqlError', () => {
  const part = fc.constantFrom(
    ...'$ . ( ) [ ] { } , => -> + - * / = < in not and mod 1 2.5 "a" x null'.split(' '),
    '$.data',
    'len(',
    '.select(',
    '.sum()',
    'range(',
    'let(',
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      try {
        evaluated(parts.join(''));
      } catch (error) {
        expect(error).toBeInstanceOf(YaqlError);
      }
    }),
    { numRuns: runs(2000) },
  );
});

describe('the function yaql', () => {
  const templateOf = (call: string, version = '2016-10-14') =>
    parseTemplate(
      `heat_template_version: ${version}\nparameters: {e: {type: string, default: '$.data + 1'}}\nresources: {web: {type: X}}\noutputs: {o: {value: {yaql: ${call}}}}\n`,
    );
  const resultOf = (call: string): Json | undefined => {
    const template = templateOf(call);
    return outputOf(template, scopeOf(template, { 'web.ports': [80, 443] }));
  };

  test.each<[string, Json]>([
    ["{expression: '$.data.a.sum()', data: {a: [1, 2]}}", 3],
    ["{expression: '$.data'}", {}],
    ["{expression: '$.data', data: null}", null],
    ["{expression: '$.data.len()', data: {get_attr: [web, ports]}}", 2],
    ['{expression: {get_param: e}, data: 4}', 5],
  ])('%s', (call, value) => {
    expect(resultOf(call)).toEqual(value);
  });

  test('refers to what its data refers to', () => {
    const template = templateOf("{expression: '$.data', data: {p: {get_attr: [web, ports]}}}");
    const scope = scopeOf(template, { 'web.ports': [] });
    expect(referencesOf(template.outputs.get('o')?.value ?? null, scope)).toEqual(['web.ports']);
  });

  test.each([
    ['[a]', 'Arguments to "yaql" must be a map.'],
    ['x', 'Arguments to "yaql" must be a map.'],
    ['{data: 1}', '"yaql" syntax should be yaql:'],
    ["{expression: '$', data: 1, extra: 1}", '"yaql" syntax should be yaql:'],
    ['{expression: 3}', 'The "expression" argument to yaql must contain a string.'],
    ["{expression: '$('}", "Bad expression Parse error: unexpected '(' at position 1 of expression '$('."],
  ])('%s is refused by the parser', (call, what) => {
    const error = thrownBy(() => templateOf(call));
    expect(error.problems?.[0]?.what ?? error.what).toContain(`outputs.o.value.yaql: ${what}`);
  });

  test('an unknown function is refused when the call is resolved, with its place in the expression', () => {
    const error = thrownBy(() => resultOf('{expression: "$.data +\\n  lenn(1)", data: 1}'));
    expect(error.code).toBe('StackValidationFailed');
    expect(error.what).toBe('Unknown function "lenn"');
    expect(error.message).toContain('line 2, column 3 of the expression (offset 11)');
    expect(error.message).toContain("Did you mean 'len'?");
  });

  test('prints as it was written', () => {
    const call = { expression: '$.data', data: [1] };
    const template = templateOf(JSON.stringify(call));
    expect(toHot(template.outputs.get('o')?.value ?? null)).toEqual({ yaql: call });
  });
});
