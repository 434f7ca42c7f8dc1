import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Workplace } from './hotloom.ts';

let place: Workplace;

beforeAll(() => {
  place = new Workplace();
});

afterAll(() => place.close());

const HEAD = 'heat_template_version: 2018-08-31\n';
const value = (properties: string): string =>
  `${HEAD}resources:\n  a:\n    type: OS::Heat::Value\n    properties: ${properties}\n`;
const bomb = [
  'a: &a [x,x,x,x,x,x,x,x,x]',
  ...'bcdefghi'.split('').map((name, index) => `${name}: &${name} [${`*${'abcdefgh'[index]},`.repeat(9)}]`),
].join('\n');

/** Each template, the place of its error, and what the error says. */
const ROWS: readonly {
  readonly title: string;
  readonly template: string;
  readonly at: string | undefined;
  readonly says: string;
  readonly args?: readonly string[];
}[] = [
  { title: 'an empty file', template: '', at: '1:1', says: 'The template is empty.' },
  { title: 'no YAML', template: `${HEAD}resources: [`, at: '2:13', says: 'Error parsing template' },
  { title: 'no mapping', template: '- a\n- b\n', at: '1:1', says: 'template' },
  { title: 'a YAML bomb', template: `${HEAD}${bomb}\n`, at: '', says: 'template' },
  { title: 'a duplicate key', template: `${HEAD}resources: {}\nresources: {}\n`, at: '3:1', says: 'resources' },
  { title: 'a key __proto__', template: value('{ value: 1, __proto__: { x: 1 } }'), at: '5:40', says: '__proto__' },
  { title: 'a key constructor', template: value('{ value: 1, constructor: 2 }'), at: '5:42', says: 'constructor' },
  {
    title: 'an unknown version',
    template: 'heat_template_version: 2001-01-01\n',
    at: '1:24',
    says: 'The template version is invalid',
  },
  { title: 'an unknown section', template: `${HEAD}resorces: {}\n`, at: '2:11', says: "Did you mean 'resources'?" },
  {
    title: 'an unknown type',
    template: `${HEAD}resources:\n  a: { type: OS::Heat::Valu }\n`,
    at: '3:14',
    says: "Did you mean 'OS::Heat::Value'?",
  },
  {
    title: 'an unknown property',
    template: value('{ value: 1, tipe: number }'),
    at: '5:35',
    says: "Did you mean 'type'?",
  },
  {
    title: 'a property of a wrong type',
    template: `${HEAD}resources:\n  a:\n    type: OS::Heat::TestResource\n    properties: { wait_secs: soon }\n`,
    at: '5:30',
    says: 'wait_secs',
  },
  {
    title: 'a parameter without a value',
    template: `${HEAD}parameters: { size: { type: number } }\n`,
    at: '2:21',
    says: 'The Parameter (size) was not provided.',
  },
  {
    title: 'a violated constraint',
    template: `${HEAD}parameters: { size: { type: number, constraints: [{ range: { max: 3 } }] } }\n`,
    at: '2:',
    says: 'size',
    args: ['--parameter', 'size=4'],
  },
  {
    title: 'an unknown parameter given',
    template: `${HEAD}parameters: { size: { type: number, default: 1 } }\n`,
    at: undefined,
    says: "Did you mean 'size'?",
    args: ['--parameter', 'siz=4'],
  },
  {
    title: 'a reference to a missing resource',
    template: `${value('{ value: { get_attr: [dbb, value] } }')}  db: { type: OS::Heat::None }\n`,
    at: '5:26',
    says: "Did you mean 'db'?",
  },
  {
    title: 'a reference to a missing attribute',
    template: `${value('{ value: { get_attr: [db, valu] } }')}  db: { type: OS::Heat::Value, properties: { value: 1 } }\n`,
    at: '5:26',
    says: "Did you mean 'value'?",
  },
  {
    title: 'a reference to a missing parameter',
    template: value('{ value: { get_param: siz } }'),
    at: '5:26',
    says: 'The Parameter (siz) was not provided.',
  },
  {
    title: 'a cycle',
    template: `${value('{ value: { get_attr: [b, value] } }')}  b: { type: OS::Heat::Value, properties: { value: { get_attr: [a, value] } } }\n`,
    at: '5:26',
    says: 'Circular Dependency Found',
  },
  {
    title: 'a template over 512 KiB',
    template: `${HEAD}description: ${'x'.repeat(530_000)}\n`,
    at: '',
    says: '524288',
  },
  {
    title: 'a file of get_file that is not there',
    template: value('{ value: { get_file: none.sh } }'),
    at: '5:38',
    says: 'none.sh',
  },
  { title: 'bytes that are no text', template: '\u0000', at: '', says: 'template' },
];

describe('a wrong template gives one clear error, and nothing is created', () => {
  test.each(ROWS)('$title', async ({ template, at, says, args = [] }) => {
    place.write('bad.yaml', template);
    const { code, stdout, stderr } = await place.run(['create', 'bad', '-t', 'bad.yaml', ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(says);
    expect(stderr).toMatch(/^error: /);
    expect(stderr).not.toMatch(/Unforeseen|\n {4}at /);
    if (at !== undefined) expect(stderr).toContain(at === '' ? 'bad.yaml' : `at bad.yaml:${at}`);
    expect(existsSync(join(place.directory, '.hotloom'))).toBe(false);
  });

  test('no file', async () => {
    const { code, stderr } = await place.run(['create', 'bad', '-t', 'bad.yml']);
    expect(code).toBe(2);
    expect(stderr).toContain("error: There is no template 'bad.yml'.");
    expect(stderr).toContain("Did you mean 'bad.yaml'?");
    expect(existsSync(join(place.directory, '.hotloom'))).toBe(false);
  });

  test('an environment: the error names its file', async () => {
    place.write('good.yaml', HEAD);
    place.write('bad-env.yaml', '# nothing\nparameterz: {}\n');
    const { code, stderr } = await place.run(['create', 'bad', '-t', 'good.yaml', '-e', 'bad-env.yaml']);
    expect(code).toBe(2);
    expect(stderr).toContain('at bad-env.yaml:2:');
    expect(stderr).toContain("Did you mean 'parameters'?");
  });

  test('a parameter that there is not is told at the environment that gives it, without the line', async () => {
    place.write('good.yaml', `${HEAD}parameters: { size: { type: number, default: 1 } }\n`);
    place.write('first.yaml', 'parameters: { siz: s3cret }\n');
    place.write('second.yaml', 'parameters:\n  size: 2\n');
    const { code, stderr } = await place.run([
      ...['create', 'bad', '-t', 'good.yaml', '-e', 'first.yaml', '-e', 'second.yaml'],
    ]);
    expect([code, stderr]).toEqual([
      2,
      `error: The Parameter (siz) was not defined in template.
  at first.yaml:1:20  parameters.siz
  A value is given for it, and nothing in the template could use it.
  Did you mean 'size'? The template has 'size'; leave the value out where it is given.
`,
    ]);
  });

  test('as JSON the error is one line on stderr, with its place', async () => {
    place.write('bad.yaml', value('{ value: 1, tipe: number }'));
    const { code, stdout, stderr } = await place.run(['create', 'bad', '-t', 'bad.yaml', '--json']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(JSON.parse(stderr)).toMatchObject({ problems: [{ where: { file: 'bad.yaml', line: 5 } }] });
  });
});

describe('wrong usage', () => {
  test.each([
    { args: ['creat'], says: "Unknown command 'creat'.\n  Did you mean create? See 'hotloom --help'." },
    {
      args: ['update', 'x', '--plan', 'p.json'],
      says: "Unknown option '--plan'.\n  A saved plan is done by 'hotloom apply FILE'. See 'hotloom update --help'.",
    },
    {
      args: ['destroy', 'x'],
      says: "Unknown command 'destroy'.\n  A stack is deleted by 'delete'. See 'hotloom --help'.",
    },
    { args: ['create', 'x'], says: "Required option '-t, --template <file>' not specified." },
    { args: ['create', '-t', 'bad.yaml'], says: "Missing required argument 'name'." },
    { args: ['create', 'x', '-t', 'bad.yaml', '--timeout', 'soon'], says: 'It has to be a number above 0.' },
    {
      args: ['create', 'x', '-t', 'bad.yaml', '--concurrency', '0'],
      says: 'It has to be a whole number of at least 1.',
    },
    { args: ['list', '--jsn'], says: "Unknown option '--jsn'.\n  Did you mean --json? See 'hotloom list --help'." },
    { args: ['show', 'a', 'b'], says: 'Too many arguments' },
    {
      args: ['graph', '-t', 'bad.yaml', '-o', 'x.png'],
      says: "The ending of 'x.png' does not tell the format of the picture.",
    },
    { args: ['read', 'short'], says: "'short' is not the name of a value." },
    { args: ['write', 'a.b.c', '{', '--json'], says: 'The value is not JSON.' },
    { args: ['adopt', 'x', '--adopt-file', 'good.yaml'], says: "error: 'good.yaml' is no exported stack." },
    {
      args: ['adopt', 'x', '--adopt-file', '-'],
      stdin: '[]',
      says: `error: The standard input is no exported stack.
  It has to be the JSON of a mapping: it is no mapping.`,
    },
  ])('$args', async ({ args, stdin = '', says }) => {
    const { code, stdout, stderr } = await place.run(args, { stdin });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(says);
  });
});
