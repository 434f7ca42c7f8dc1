import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { toHot } from '../../src/template/expression.ts';
import { parseTemplate, type Template } from '../../src/template/template.ts';
import type { Json } from '../../src/values.ts';
import { outputOf, referencesOf, scopeOf, thrownBy } from './scope-of.ts';

const PARAMETERS = `parameters:
  s: {type: string, default: hello}
  n: {type: number, default: 3}
  b: {type: boolean, default: true}
  l: {type: comma_delimited_list, default: 'a,b,c'}
  j: {type: json, default: {k: {x: [10, 20, {deep: v}]}, e: '', z: null}}
  web: {type: string, default: web}
`;

const CONDITIONS = 'conditions: {on_air: true, never: false, big: {equals: [{get_param: n}, 3]}}\n';

const VALUES: { readonly [name: string]: Json } = {
  'web.refid': 'web-1',
  'web.address': '10.0.0.1',
  'web.map': { a: { b: ['x', 'y'] }, list: [1, 2, 3] },
  'db.address': '10.0.0.2',
  'default.app.web.address': '10.0.0.1',
  'default.other.db.map': { ports: [80, 443] },
  'my.space.stack.r.a': 'escaped',
};

function templateOf(value: string, version = 'hotloom-1'): Template {
  const conditions = version >= '2016-10-14' ? CONDITIONS : '';
  return parseTemplate(
    `heat_template_version: ${version}\n${PARAMETERS}${conditions}resources: {web: {type: X}, db: {type: X}}\noutputs: {o: {value: ${value}}}\n`,
    { files: { 'a.txt': 'one\n', hello: 'from param' } },
  );
}

function resultOf(value: string, version?: string): Json | undefined {
  const template = templateOf(value, version);
  return outputOf(template, scopeOf(template, VALUES));
}

function refusalOf(value: string, version?: string): string {
  const error = thrownBy(() => resultOf(value, version));
  return error.problems?.[0]?.what ?? error.what;
}

describe('values, as Heat computes them', () => {
  test.each<[string, Json]>([
    ['{get_param: s}', 'hello'],
    ['{get_param: [s]}', 'hello'],
    ['{get_param: OS::stack_name}', 'app'],
    ['{get_param: l}', ['a', 'b', 'c']],
    ['{get_param: [j, k, x]}', [10, 20, { deep: 'v' }]],
    ['{get_param: [j, k, x, 1]}', 20],
    ["{get_param: [j, k, x, '1']}", 20],
    ['{get_param: [j, k, x, -1, deep]}', 'v'],
    ['{get_param: [j, k, x, 9]}', ''],
    ['{get_param: [j, nope]}', ''],
    ['{get_param: [j, z]}', null],
    ['{get_param: [j, true]}', ''],
    ['{get_param: [l, 0]}', 'a'],
    ['{get_param: [l, x]}', ''],
    ['{get_param: [s, 0]}', 'h'],
    ['{get_param: [n, 0]}', ''],
    ['{get_param: [j, {get_param: [l, 0]}]}', ''],
    ['{get_param: [j, __proto__]}', ''],
    ['{get_param: s, other: 1}', { get_param: 's', other: 1 }],
    ['{get_resource: web}', 'web-1'],
    ['{get_resource: {get_param: web}}', 'web-1'],
    ['{get_attr: [web, address]}', '10.0.0.1'],
    ['{get_attr: [{get_param: web}, address]}', '10.0.0.1'],
    ['{get_attr: [web, map, a, b, 1]}', 'y'],
    ["{get_attr: [web, map, a, b, '1']}", null],
    ['{get_attr: [web, map, a, b, 5]}', null],
    ['{get_attr: [web, map, nope, x]}', null],
    ['{get_attr: [web, map, list, {get_param: [j, k, nope]}]}', null],
    ['{get_attr: [web, address, 0]}', '1'],
    ['{get_attr: [db]}', { address: '10.0.0.2' }],
    ['{get_attr: [db, null]}', { address: '10.0.0.2' }],
    ['{get_file: a.txt}', 'one\n'],
    ['{get_file: {get_param: s}}', 'from param'],
    ['{get_data: web.address}', '10.0.0.1'],
    ['{get_data: other.db.map}', { ports: [80, 443] }],
    ['{get_data: [default.other.db.map, ports, 1]}', 443],
    ['{get_data: [other.db.map, nope]}', null],
    ['{get_data: {list_join: [., [{get_param: web}, address]]}}', '10.0.0.1'],
    [
      "{str_replace: {template: 'Template $var1 x$var2 $$var1', params: {var1: foo, var2: bar}}}",
      'Template $foo x$bar $$foo',
    ],
    ["{str_replace: {template: 'foobar foo', params: {foo: '1', foobar: '2'}}}", '2 1'],
    ["{str_replace: {template: 'ab', params: {a: b, b: a}}}", 'ba'],
    ["{str_replace: {template: 'a b c d', params: {a: 1, b: 2.5, c: true, d: null}}}", '1 2.5 True '],
    [
      "{str_replace: {template: j, params: {j: {b: [1, {c: null}], a: 'ü\"'}}}}",
      '{"a": "\\u00fc\\"", "b": [1, {"c": null}]}',
    ],
    ['{str_replace: {template: l, params: {l: {get_param: l}}}}', '["a", "b", "c"]'],
    ['{str_replace: {template: kez, params: {get_param: j}}}', '{"x": [10, 20, {"deep": "v"}]}'],
    ["{str_replace: {template: '', params: {a: 1}}}", ''],
    ["{list_join: [',', [a, b]]}", 'a,b'],
    ["{list_join: [',', [a], null, [], [b, c]]}", 'a,b,c'],
    ["{list_join: [',', {get_param: l}]}", 'a,b,c'],
    ["{list_join: [',', [a, null, [n, m], {b: 1, a: 2}]]}", 'a,,["n", "m"],{"a": 2, "b": 1}'],
    ["{list_join: [',', [{get_resource: web}, {get_attr: [web, address]}]]}", 'web-1,10.0.0.1'],
    ['{if: [on_air, 1, 2]}', 1],
    ['{if: [never, 1, 2]}', 2],
    ['{if: [big, 1, 2]}', 1],
    ['{if: [{not: never}, 1, 2]}', 1],
    ['{if: [{get_param: b}, 1, 2]}', 1],
    ['{if: [never, {get_param: nope}, ok]}', 'ok'],
    ['{a: {if: [never, 1]}, b: [1, {if: [never, 2]}, {if: [never, 2, null]}]}', { b: [1, null] }],
    ["{list_join: [',', [a, {if: [never, b]}, c]]}", 'a,c'],
  ])('%s', (value, result) => expect(resultOf(value)).toEqual(result));

  test('an `if` without an else drops the output itself', () => expect(resultOf('{if: [never, 1]}')).toBeUndefined());
});

describe('arguments that Heat refuses', () => {
  test.each([
    ['{get_param: }', 'Function "get_param" must have arguments'],
    ['{get_param: {}}', 'Function "get_param" must have arguments'],
    ['{get_param: 3}', 'Argument to "get_param" must be string or list'],
    ['{get_param: [3]}', 'Parameter name in "get_param" must be string'],
    ['{get_param: nope}', 'The Parameter (nope) was not provided.'],
    ['{get_resource: nope}', 'The specified reference "nope" (in outputs.o.value) is incorrect.'],
    ['{get_resource: }', 'The specified reference "None" (in outputs.o.value) is incorrect.'],
    ['{get_resource: [web]}', 'outputs.o.value.get_resource: Argument to "get_resource" must be a string'],
    [
      '{get_attr: []}',
      'outputs.o.value.get_attr: Arguments to "get_attr" can be of the next forms: [resource_name] or [resource_name, attribute, (path), ...]',
    ],
    ['{get_attr: web}', 'outputs.o.value.get_attr: Argument to "get_attr" must be a list'],
    ['{get_attr: [nope, x]}', 'The specified reference "nope" (in outputs.o.value) is incorrect.'],
    ['{get_attr: [{get_param: s}, x]}', 'The specified reference "hello" (in outputs.o.value) is incorrect.'],
    [
      '{get_attr: [{get_attr: [web, address]}, x]}',
      'Argument to "get_attr" depends on a value that is not known before the run.',
    ],
    ['{get_file: [a.txt]}', 'Argument to "get_file" must be a string'],
    ['{get_data: web}', "outputs.o.value.get_data: 'web' is not the name of a value."],
    ['{get_data: 3}', 'outputs.o.value.get_data: Argument to "get_data" must be the name of a value.'],
    ['{get_data: {get_param: s}}', "'hello' is not the name of a value."],
    ['{str_replace: [a]}', 'outputs.o.value.str_replace: Arguments to "str_replace" must be a map'],
    [
      '{str_replace: {template: a, params: [b]}}',
      'outputs.o.value.str_replace: "str_replace" parameters must be a mapping',
    ],
    ['{str_replace: {template: [a], params: {b: c}}}', '"str_replace" template must be a string'],
    ["{str_replace: {template: a, params: {'': c}}}", '"str_replace" has an empty placeholder.'],
    [
      "{list_join: [',']}",
      'outputs.o.value.list_join: Incorrect arguments to "list_join" should be: "list_join" : [ " ", [ "str1", "str2"] ...]',
    ],
    ['{list_join: [1, [a]]}', '"list_join" delimiter must be a string'],
    ["{list_join: [',', {a: 1}]}", '"list_join" must operate on a list'],
    ["{list_join: [',', [1.5]]}", 'Items to join must be string, map or list not 1.5'],
    [
      '{if: x}',
      'outputs.o.value.if: Arguments to "if" must be of the form: [condition_name, value_if_true, value_if_false]',
    ],
    ['{if: [nope, 1, 2]}', 'Invalid condition "nope"'],
    ['{if: [1, 1, 2]}', 'outputs.o.value.if: Invalid condition "1"'],
    ['{if: [{get_param: n}, 1, 2]}', 'Invalid condition "3"'],
    [
      '{if: [{get_attr: [web, address]}, 1, 2]}',
      'outputs.o.value.if[0].get_attr: The function "get_attr" is invalid in this context',
    ],
    [
      '{Ref: web}',
      'outputs.o.value.Ref: The template version is invalid: The function Ref is not supported in this version of HOT.',
    ],
  ])('%s', (value, what) => expect(refusalOf(value)).toBe(what));

  test('an error of resolution says where the call stands', () => {
    expect(thrownBy(() => resultOf("{a: {list_join: [',', [1.5]]}}")).message).toBe(
      [
        'Items to join must be string, map or list not 1.5',
        '  at <template>:11:26  outputs.o.value.a',
        '  Heat does not guess how a number or a boolean is to be written.',
        '  Put the item into quotes, or make a text of it by str_replace.',
      ].join('\n'),
    );
  });
});

describe('older versions', () => {
  test.each([
    [
      '2013-05-23',
      '{get_attr: [web]}',
      'outputs.o.value.get_attr: Arguments to "get_attr" must be of the form [resource_name, attribute, (path), ...]',
    ],
    [
      '2015-04-30',
      '{str_replace: {template: a, params: {a: [b]}}}',
      '"str_replace" params must be strings or numbers, param a is not valid',
    ],
    [
      '2015-04-30',
      "{list_join: [',', [a], [b]]}",
      'outputs.o.value.list_join: Incorrect arguments to "list_join" should be: "list_join" : [ " ", [ "str1", "str2"]]',
    ],
    ['2015-04-30', "{list_join: [',', [{x: [1, 2]}]]}", "Items to join must be strings not {'x': [1, 2]}"],
    [
      '2016-10-14',
      '{if: [on_air, 1]}',
      'outputs.o.value.if: Arguments to "if" must be of the form: [condition_name, value_if_true, value_if_false]',
    ],
  ])('%s refuses %s', (version, value, what) => expect(refusalOf(value, version)).toBe(what));

  test.each<[string, string, Json]>([
    ['2013-05-23', '{get_attr: [web, map, a, b, 0]}', 'x'],
    ['2013-05-23', "{list_join: [',', null]}", ''],
    ['2021-04-16', '{get_data: web.address}', { get_data: 'web.address' }],
  ])('%s: %s', (version, value, result) => expect(resultOf(value, version)).toEqual(result));
});

describe('references', () => {
  test.each([
    ['{get_resource: web}', ['web.refid']],
    ['{get_attr: [web, map, {get_attr: [db, address]}]}', ['db.address', 'web.map']],
    ['{get_attr: [db]}', ['db.address']],
    ['{get_data: web.address}', ['default.app.web.address']],
    ['{if: [never, {get_attr: [web, address]}, {get_attr: [db, address]}]}', ['db.address']],
    ['{if: [never, {get_attr: [web, address]}]}', []],
    [
      "{str_replace: {template: {get_attr: [web, x]}, params: {a: {list_join: [',', [{get_resource: db}]]}}}}",
      ['web.x', 'db.refid'],
    ],
    ['[{get_param: s}, {get_file: a.txt}]', []],
  ])('%s', (value, references) => {
    const template = templateOf(value);
    const scope = scopeOf(template, VALUES);
    expect(referencesOf(template.outputs.get('o')?.value ?? null, scope)).toEqual(references);
  });

  test('a resource that only a parameter names is refused when references are listed', () => {
    const template = templateOf('{get_attr: [{get_param: s}, x]}');
    const listed = (): unknown => referencesOf(template.outputs.get('o')?.value ?? null, scopeOf(template));
    expect(thrownBy(listed).code).toBe('InvalidTemplateReference');
  });
});

describe('printing', () => {
  test.each([
    '{get_param: [j, {get_param: s}]}',
    '{get_attr: [web, map, {get_param: s}]}',
    '{get_attr: [web]}',
    '{get_resource: {get_param: web}}',
    '{get_file: a.txt}',
    '{get_data: [other.db.map, ports, 0]}',
    '{str_replace: {template: a, params: {a: {get_resource: web}}}}',
    "{list_join: [',', [a], {get_param: l}]}",
    '{if: [{and: [on_air, {or: [never, {not: never}, {equals: [1, {get_param: n}]}]}]}, {get_resource: web}]}',
    '{if: [never, 1, null]}',
  ])('%s is the call again', (value) => {
    const template = templateOf(value);
    const outputs = template.document.outputs as { o: { value: Json } };
    expect(toHot(template.outputs.get('o')?.value ?? null)).toEqual(outputs.o.value);
  });
});

describe('what the fuzzer found', () => {
  const nest = (depth: number, wrap: (inner: string) => string): string =>
    Array.from({ length: depth }).reduce<string>((inner) => wrap(inner), 'X');

  test('calls that multiply what other calls have multiplied make no text of any length', () => {
    const why = 'would make a text of more than 16777216 characters.';
    const replaced = nest(12, (inner) => `{str_replace: {template: XXXXXXXX, params: {X: ${inner}}}}`);
    expect(refusalOf(replaced)).toBe(`"str_replace" ${why}`);
    const joined = Array(200).fill(`{get_file: a.txt}`).join(', ');
    const template = templateOf(`{list_join: [',', [${joined}]]}`);
    const scope = { ...scopeOf(template), file: () => 'x'.repeat(100_000) };
    expect(thrownBy(() => outputOf(template, scope)).what).toBe(`"list_join" ${why}`);
  });

  test.each(['get_resource', 'get_param'])('%s of a name that is not known before the run is refused', (call) => {
    const template = parseTemplate({
      heat_template_version: '2021-04-16',
      resources: { a: { type: 'X', properties: { p: { [call]: { get_attr: ['a', 'x'] } } } } },
    });
    const { p } = template.resources.get('a')?.properties ?? {};
    expect(thrownBy(() => referencesOf(p ?? null, scopeOf(template))).what).toBe(
      `Argument to "${call}" depends on a value that is not known before the run.`,
    );
  });
});

test('str_replace replaces as Heat does: one placeholder after the other, and never inside what was put in', () => {
  const replaceSlowly = (template: string, params: { readonly [key: string]: string }): string => {
    const [first, ...rest] = Object.keys(params).sort((a, b) => b.length - a.length || (a < b ? -1 : 1));
    if (first === undefined) return template;
    const others = Object.fromEntries(rest.map((key) => [key, params[key] as string]));
    return template
      .split(first)
      .map((part) => replaceSlowly(part, others))
      .join(params[first]);
  };
  const text = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 8 }).map((letters) => letters.join(''));
  fc.assert(
    fc.property(text, fc.dictionary(text.filter(Boolean), text, { maxKeys: 4 }), (template, params) => {
      const parsed = parseTemplate({
        heat_template_version: '2021-04-16',
        outputs: { o: { value: { str_replace: { template, params } } } },
      });
      expect(outputOf(parsed, scopeOf(parsed))).toBe(replaceSlowly(template, params));
    }),
  );
});
