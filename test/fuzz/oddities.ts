/** Keys that a careless program mistakes for something else. */
export const ODD_KEYS: readonly string[] = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'valueOf',
  'hasOwnProperty',
  '__defineGetter__',
  'then',
  'toJSON',
  'length',
  '<<',
  '',
  ' ',
  '0',
  '-1',
  'a/b',
  'a.b',
  '*',
  '\u0000',
  '\ud800',
  '\u2028',
  'k'.repeat(2000),
  'OS::stack_name',
  'OS::Heat::*',
];

/** Keys of the language, in places where they do not belong. */
export const WORDS: readonly string[] = [
  ...['heat_template_version', 'parameters', 'resources', 'outputs', 'conditions', 'parameter_groups', 'description'],
  ...['type', 'properties', 'metadata', 'depends_on', 'condition', 'external_id', 'deletion_policy', 'update_policy'],
  ...['inputs', 'schema', 'needs', 'value', 'default', 'constraints', 'hidden', 'label', 'immutable', 'tags', 'modulo'],
  ...['range', 'length', 'allowed_values', 'allowed_pattern', 'custom_constraint', 'min', 'max', 'step', 'offset'],
  ...['parameter_defaults', 'resource_registry', 'encrypted_param_names', 'event_sinks', 'parameter_merge_strategies'],
  ...['template', 'params', 'for_each', 'permutations', 'expression', 'data', 'keys', 'values', 'hooks', 'name'],
];

/** Every function of HOT, of ours, and of CloudFormation. */
export const FUNCTIONS: readonly string[] = [
  ...['get_param', 'get_resource', 'get_attr', 'get_file', 'get_data', 'list_join', 'str_replace', 'if', 'equals'],
  ...['not', 'and', 'or', 'repeat', 'digest', 'str_split', 'map_merge', 'map_replace', 'yaql', 'filter', 'make_url'],
  ...['str_replace_strict', 'str_replace_vstrict', 'list_concat', 'list_concat_unique', 'contains', 'resource_facade'],
  ...['Ref', 'Fn::Select', 'Fn::Join', 'Fn::GetAZs', 'Fn::Split', 'Fn::Replace', 'Fn::Base64', 'Fn::MemberListToMap'],
];

/** Makers of values that a document may have, none of which belongs where it is put. */
export const ODD_VALUES: readonly (() => unknown)[] = [
  ...[null, true, false, 0, -0, -1, 1.5, 2 ** 53, 1e21, 1e308, 5e-324, '', ' ', 'yes', 'None', '1e999', '0x10'],
  ...['9'.repeat(400), 'x'.repeat(20_000), '\u0000\u0007\u001b[2J', '\ud800', '\u2028', 'é'.repeat(99), '{"a": '],
  ...['(a+)+$', '(?<', '[', '(?=x)', '\\1', 'a{99999}', '(a{1000}){1000}', '__proto__', 'constructor', 'toString'],
  ...['2013-05-23', 'hotloom-1', '2021-04-16', '2012-12-12', 'OS::Heat::Value', 'OS::Heat::None', 'Local::File'],
  ...['json', 'number', 'comma_delimited_list', 'boolean', 'overwrite', 'merge', 'deep_merge', 'a.b.c.d.e', '..'],
].map((value) => () => value);

/** Makers of containers, of which each needs its own. */
export const ODD_CONTAINERS: readonly (() => unknown)[] = [
  () => [],
  () => ({}),
  () => [[]],
  () => [null],
  () => ({ '': null }),
  () => JSON.parse('{"__proto__": {"polluted": true}}') as unknown,
  () => ({ constructor: { prototype: { polluted: true } } }),
  () => ['__proto__', 'polluted'],
  () => nested(60, (inner) => [inner]),
  () => nested(99, (inner) => ({ a: inner })),
  () => nested(300, (inner) => [inner]),
  () => nested(30, (inner) => ({ not: inner })),
  () => nested(20, (inner) => ({ if: [true, inner, inner] })),
  () => nested(24, (inner) => ({ str_replace: { template: 'XXXXXXXX', params: { X: inner } } })),
  () => nested(24, (inner) => ({ list_join: ['', [inner, inner]] })),
  () => nested(20, (inner) => ({ map_merge: [{ a: inner }, { b: inner }] })),
  () => nested(20, (inner) => ({ list_concat: [[inner], [inner]] })),
  () => ({ repeat: { template: 'abc', for_each: { a: range(60), b: range(60), c: range(60) } } }),
  () => ({ get_param: ['__proto__', 'constructor', 0] }),
  () => ({ get_attr: ['__proto__', 'toString'] }),
  () => ({ get_param: 'OS::stack_name' }),
  () => ({ equals: [{ get_param: 'OS::stack_name' }, { get_param: 'OS::project_id' }] }),
  () => range(3000),
];

/** Makers of what only a program can pass. */
export const FOREIGN: readonly (() => unknown)[] = [
  () => undefined,
  () => Number.NaN,
  () => Number.POSITIVE_INFINITY,
  () => 10n,
  () => Symbol('odd'),
  () => () => 1,
  () => new Date(0),
  () => new Map([['a', 1]]),
  () => new Set([1]),
  () => /x/,
  () => Object.create(null) as unknown,
  () => Object.create({ inherited: 1 }) as unknown,
  () => new Array<unknown>(3),
  () => Object.freeze({ a: Object.freeze([1]) }),
  () => {
    const circle: Record<string, unknown> = {};
    circle.self = [circle];
    return circle;
  },
];

/** Pieces that mean something to YAML or JSON. */
export const FRAGMENTS: readonly string[] = [
  ...['\t', ' ', '  ', '\n', '\r', '\r\n', '\n\n', '- ', ': ', ':', ', ', '? ', '# ', '"', "'", '|\n', '>-\n', '|9\n'],
  ...[
    '{',
    '}',
    '[',
    ']',
    '{}',
    '[]',
    '&a ',
    '*a',
    '*a ',
    '&b [*a, *a]',
    '<<: *a\n',
    '<<: {a: 1}\n',
    '!!str ',
    '!!int ',
  ],
  ...[
    '!!float ',
    '!!bool ',
    '!!null ',
    '!!binary ',
    '!!set ',
    '!!omap ',
    '!!pairs ',
    '!!timestamp ',
    '!!map ',
    '!!seq ',
  ],
  ...[
    '!!python/object:os.system ',
    '!foo ',
    '!<tag:yaml.org,2002:str> ',
    '%YAML 1.1\n---\n',
    '%TAG ! x\n',
    '---\n',
    '...\n',
  ],
  ...[
    '.inf',
    '-.inf',
    '.nan',
    '1e999',
    '0x',
    '0b',
    '08',
    '1:30',
    '190:20:30',
    '~',
    '=',
    '@',
    '`',
    '%',
    '\\',
    '\\u0000',
  ],
  ...[
    '\u0000',
    '\u0007',
    '\uFEFF',
    '\u2028',
    '\u0085',
    '\ud800',
    '😀',
    '__proto__: ',
    'constructor: ',
    '"\\ud800"',
    ',,',
  ],
  ...['{'.repeat(150), '['.repeat(150), '- '.repeat(150), '? '.repeat(150), '9'.repeat(400), '!'.repeat(50)],
];

/** Puts `depth` levels around a text. */
function nested(depth: number, wrap: (inner: unknown) => unknown): unknown {
  let value: unknown = 'end';
  for (let level = 0; level < depth; level += 1) value = wrap(value);
  return value;
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}
