import { describe, expect, test } from '@jest/globals';
import { parseTemplate } from '../../src/template/template.ts';
import type { Json } from '../../src/values.ts';
import { outputOf, scopeOf, thrownBy } from './scope-of.ts';

const PARAMETERS = `parameters:
  s: {type: string, default: hello}
  n: {type: number, default: 3}
  l: {type: comma_delimited_list, default: 'a,b,c'}
  j: {type: json, default: {k: [10, 20], e: '', z: null}}
`;

function resultOf(value: string, version = '2021-04-16'): Json | undefined {
  const template = parseTemplate(
    `heat_template_version: ${version}\n${PARAMETERS}resources: {r: {type: X}}\noutputs: {o: {value: ${value}}}\n`,
  );
  return outputOf(template, scopeOf(template, { 'r.list': ['x', 'y'] }));
}

function refusalOf(value: string, version?: string): string {
  const error = thrownBy(() => resultOf(value, version));
  return error.problems?.[0]?.what ?? error.what;
}

describe('values, as Heat computes them', () => {
  test.each<[string, Json]>([
    ["{str_split: [',', 'a,b,c']}", ['a', 'b', 'c']],
    ["{str_split: [',', 'a,b,c', 1]}", 'b'],
    ["{str_split: [',', 'a,b,c', '-1']}", 'c'],
    ["{str_split: [null, ' a  b ']}", ['a', 'b']],
    ["{str_split: [',', null]}", null],
    ['{list_concat: [[a], null, [a, b], {get_attr: [r, list]}]}', ['a', 'a', 'b', 'x', 'y']],
    ['{list_concat_unique: [[a, 1, true], [1, b, a, 1.0]]}', ['a', 1, 'b']],
    ['{list_concat_unique: [[{k: 1}], [{k: 1}, {k: 2}]]}', [{ k: 1 }, { k: 2 }]],
    ['{map_merge: [{a: 1, b: 2}, null, {b: 3}]}', { a: 1, b: 3 }],
    ['{map_merge: []}', {}],
    ['{map_replace: [{a: x, b: y}, {keys: {a: c}, values: {y: z}}]}', { c: 'x', b: 'z' }],
    ['{map_replace: [{a: x}, null]}', { a: 'x' }],
    ['{filter: [[b, 1], [a, b, c, true]]}', ['a', 'c']],
    ['{filter: [[], [a]]}', ['a']],
    ['{filter: [[a], null]}', null],
    ['{contains: [b, {get_param: l}]}', true],
    ['{contains: [1, [true]]}', true],
    ['{contains: [ell, {get_param: s}]}', true],
    ['{contains: [d, [a]]}', false],
    ['{digest: [md5, foo]}', 'acbd18db4cc2f85cedef654fccc4a4d8'],
    ['{digest: [SHA1, foo]}', '0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33'],
    ["{repeat: {template: 'x-%i%', for_each: {'%i%': {get_param: l}}}}", ['x-a', 'x-b', 'x-c']],
    ["{repeat: {template: {'%k%': [p, '%k%']}, for_each: {'%k%': [a]}}}", [{ a: ['p', 'a'] }]],
    ["{repeat: {template: '%a%%b%', for_each: {'%a%': [x, y], '%b%': ['1', '2']}}}", ['x1', 'x2', 'y1', 'y2']],
    ["{repeat: {template: '%a%%b%', for_each: {'%a%': [x, y], '%b%': ['1', '2']}, permutations: false}}", ['x1', 'y2']],
    ["{repeat: {template: '%k%', for_each: {'%k%': {a: 1, b: 2}}}}", ['a', 'b']],
    ["{repeat: {template: '%k%', for_each: {'%k%': null}}}", []],
    ["{repeat: {template: '$&%k%', for_each: {'%k%': ['$1']}}}", ['$&$1']],
    ['{make_url: {scheme: https, host: example.org, port: 8080, path: /a b}}', 'https://example.org:8080/a%20b'],
    ['{make_url: {scheme: http, username: "u:", password: "p@", host: "::1"}}', 'http://u%3A:p%40@[::1]'],
    ['{make_url: {host: h, path: x, query: {a b: "1/2", c: true}, fragment: f}}', '//h/x?a+b=1/2&c=True#f'],
    ['{make_url: {scheme: file, path: /tmp}}', 'file:///tmp'],
    ['{make_url: {scheme: mailto, path: a}}', 'mailto:a'],
    ['{str_replace_strict: {template: "a b", params: {a: 1, b: [x]}}}', '1 ["x"]'],
    ['{str_replace_vstrict: {template: "a", params: {a: 0}}}', '0'],
  ])('%s is %j', (value, result) => {
    expect(resultOf(value)).toEqual(result);
  });
});

describe('functions of CloudFormation in the first version', () => {
  test.each<[string, Json]>([
    ['{Ref: s}', 'hello'],
    ['{"Fn::Select": [1, [a, b]]}', 'b'],
    ['{"Fn::Select": ["0", {get_param: l}]}', 'a'],
    ['{"Fn::Select": [9, [a]]}', ''],
    ['{"Fn::Select": [k, {k: v}]}', 'v'],
    ['{"Fn::Select": [0, "[7]"]}', 7],
    ['{"Fn::Join": ["-", [a, b]]}', 'a-b'],
    ['{"Fn::Split": [",", "a,b"]}', ['a', 'b']],
    ['{"Fn::Replace": [{x: y}, "axa"]}', 'aya'],
    ['{"Fn::Base64": plain}', 'plain'],
    [
      '{"Fn::MemberListToMap": [Name, Value, [".member.1.Name=b", ".member.1.Value=2=3", ".member.0.Name=a", ".member.0.Value=1"]]}',
      { a: '1', b: '2=3' },
    ],
  ])('%s is %j', (value, result) => expect(resultOf(value, '2013-05-23')).toEqual(result));
});

describe('refusals, in the words of Heat', () => {
  test.each([
    [
      "{str_split: 'a,b'}",
      'Incorrect arguments to "str_split" should be: "str_split" : [ ",", "apples,pears", <index>]',
    ],
    ["{str_split: [',', 'a', 2]}", 'Incorrect index to "str_split" should be between 0 and 0'],
    ["{str_split: ['', 'a']}", 'empty separator'],
    ['{list_concat: [[a], x]}', 'Items to concat must be lists. [["a"], "x"] contains an item that is not a list: "x"'],
    ['{map_merge: [x]}', "Items to merge must be maps. 'x' is type <class 'str'> instead of a dict"],
    ['{map_replace: [{a: 1, b: 2}, {keys: {a: b}}]}', 'key replacement b collides with a key in the input map'],
    ['{map_replace: [{a: 1, b: 2}, {keys: {a: c, b: c}}]}', 'key replacement c collides with a key in the output map'],
    ['{filter: [a]}', '"filter" expected 2 arguments of the form [values, sequence] but got 1 arguments instead'],
    ['{contains: [a, 1]}', 'Second argument to "contains" should be a sequence.'],
    ['{digest: [sha256, €]}', "'latin-1' codec can't encode a character of the text"],
    ['{digest: [nope, a]}', "Algorithm must be one of 'md5', 'sha1'"],
    ["{repeat: {template: '%i%', for_each: {'%i%': [1]}}}", 'replace() argument 2 must be str, not a number'],
    ['{repeat: {template: x, for_each: [a]}}', 'The "for_each" argument to "repeat" must contain a map'],
    [
      "{repeat: {template: x, for_each: {'%i%': a}}}",
      'The values of the "for_each" argument to "repeat" must be lists or maps',
    ],
    [
      '{repeat: {template: x, for_each: {a: [1], b: [1, 2]}, permutations: false}}',
      'For repeat, the length of for_each values should be equal if no nested loop.',
    ],
    ['{make_url: {hots: x}}', 'Invalid arguments to "make_url": hots'],
    ['{make_url: {port: 70000}}', 'Invalid URL port 70000, must be in range 1-65535'],
    ['{make_url: {scheme: "a:"}}', `URL "scheme" should not contain ':'`],
    [
      '{str_replace_strict: {template: a, params: {a: 1, bb: 2, c: 3}}}',
      'The following params were not found in the template: bb,c',
    ],
    [
      '{str_replace_vstrict: {template: a, params: {a: []}}}',
      'str_replace_vstrict has an undefined or empty value for param a, must be a defined non-empty value',
    ],
    [
      '{resource_facade: nope}',
      'Incorrect arguments to "resource_facade" should be one of: metadata, deletion_policy, update_policy',
    ],
    ['{resource_facade: metadata}', '"resource_facade" is called in a template that is no resource\'s type.'],
  ])('%s: %s', (value, message) => expect(refusalOf(value)).toContain(message));
});
