import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Workplace } from './hotloom.ts';

let place: Workplace;

const APP = `heat_template_version: hotloom-1
description: A value and what is made of it
parameters:
  word: { type: string, default: hello }
resources:
  first: { type: OS::Heat::Value, properties: { type: string, value: { get_param: word } } }
  second: { type: OS::Heat::Value, properties: { type: string, value: { list_join: [' ', [{ get_attr: [first, value] }, { get_file: file.txt }]] } } }
outputs:
  text: { description: The text, value: { get_attr: [second, value] } }
  list: { value: [{ get_attr: [first, value] }, 2] }
`;

beforeAll(() => {
  place = new Workplace();
  place.write('app.yaml', APP);
  place.write('file.txt', 'world');
  place.write('env.yaml', 'parameters: { word: bye }\n');
});

afterAll(() => place.close());

/** Runs the program, which has to succeed. */
async function ok(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await place.run(args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

const withoutTimes = (text: string): string => text.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z/g, 'TIME');

describe('templates', () => {
  test('validate, preview and graph leave no file behind', async () => {
    expect(await ok('validate', '-t', 'app.yaml')).toBe(
      '✔ app.yaml is valid: 2 resources, 1 parameter, 2 outputs.\n  A value and what is made of it\n',
    );
    expect(
      await ok('preview', 'app', '-t', 'app.yaml'),
    ).toBe(`app: 2 resources would be created, in an order in which they may start:

   RESOURCE  TYPE             STARTS             WAITS FOR
*  first     OS::Heat::Value  at once
*  second    OS::Heat::Value  when all is there  first.value (value)

Critical path (*): first → second
`);
    expect(await ok('graph', '-t', 'app.yaml')).toContain('digraph "app"');
    expect(existsSync(join(place.directory, '.hotloom'))).toBe(false);
  });

  test('inspect prints what is known, and what is wrong with it', async () => {
    place.write(
      'looked-at.yaml',
      `HeatTemplateFormatVersion: '2012-12-12'
Parameters: { pin: { Type: String, NoEcho: true, Default: a key }, word: { Type: String, Default: hello } }
Resources: { r: { Type: 'OS::Heat::RandomString' } }
Outputs:
  pin: { Value: { Ref: pin } }
  word: { Value: { Ref: word } }
  random: { Value: { 'Fn::GetAtt': [r, value] } }
  wrong: { Value: { Ref: nothing } }
`,
    );
    expect(await ok('inspect', 'app', '-t', 'looked-at.yaml')).toBe(`Parameters
NAME            VALUE
AWS::StackName  app
AWS::StackId    arn:openstack:heat:::stacks/app/None
AWS::Region     ap-southeast-1
pin             ******
word            hello

Resources
NAME  TYPE                    REQUIRES  READS  WRITES
r     OS::Heat::RandomString                   refid, value

Outputs
NAME    VALUE                                      READS
pin     ******
word    hello
random  known when it runs                         default.app.r.value
wrong   The Parameter (nothing) was not provided.

`);
  });

  test('graph writes the format that the ending of the file tells', async () => {
    expect(await ok('graph', 'demo', '-t', 'app.yaml', '-o', 'g.svg')).toBe('Wrote g.svg\n');
    expect(readFileSync(join(place.directory, 'g.svg'), 'utf8')).toMatch(/^<svg[\s\S]*demo[\s\S]*<\/svg>\s*$/);
    await ok('graph', '-t', 'app.yaml', '-o', 'g.mmd');
    expect(readFileSync(join(place.directory, 'g.mmd'), 'utf8')).toContain('flowchart LR');
    expect(JSON.parse(await ok('graph', '-t', 'app.yaml', '-f', 'mermaid', '--json'))).toMatchObject({
      format: 'mermaid',
    });
  });

  test('a template comes from stdin, its files from the current directory', async () => {
    const { code, stdout } = await place.run(['validate', '-t', '-'], { stdin: APP });
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('2 resources') });
  });
});

describe('a stack', () => {
  test('is created by one command and deleted by another, with a line per event in between', async () => {
    expect(
      withoutTimes(await ok('create', 'app', '-t', 'app.yaml')),
    ).toBe(`TIME [app]: CREATE_IN_PROGRESS  Stack CREATE started
TIME [app.first]: CREATE_IN_PROGRESS  state changed
TIME [app.first]: CREATE_COMPLETE  state changed
TIME [app.second]: CREATE_IN_PROGRESS  state changed
TIME [app.second]: CREATE_COMPLETE  state changed
TIME [app]: CREATE_COMPLETE  Stack CREATE completed successfully

Outputs
  text  hello world
  list  ["hello",2]
`);
    expect(await ok('outputs', 'app', 'text')).toBe('hello world\n');
    expect(await ok('outputs', 'app')).toBe(`OUTPUT  VALUE        DESCRIPTION
text    hello world  The text
list    ["hello",2]
`);
    expect(await ok('list')).toMatch(/^NAME +STATE +CREATED +UPDATED +ID\napp +CREATE_COMPLETE /);
    expect(await ok('show', 'app')).toMatch(
      /first +OS::Heat::Value +CREATE_COMPLETE[\s\S]*word +hello[\s\S]*text +hello world/,
    );
    expect(await ok('read', 'app.first.value')).toBe('hello\n');
    expect(await ok('waiting', 'app')).toBe('Nothing waits in stack app, which is CREATE_COMPLETE.\n');
    expect(await ok('history', 'app')).toMatch(
      /^NUMBER +STATE +STARTED +TOOK +BY +PROCESS +CHANGES +REASON\n1 +CREATE_COMPLETE +\S+ \S+Z +\d.* +\S+@\S+ +\d+ on \S+ +created 2 \(first, second\)\n$/,
    );
    expect(withoutTimes(await ok('events', 'app')).split('\n')).toHaveLength(7);
    expect(withoutTimes(await ok('delete', 'app', '--yes'))).toContain('TIME [app]: DELETE_COMPLETE');
    expect(await ok('list')).toBe(`No stacks in ${join(place.directory, '.hotloom', 'store.db')}\n`);
  });

  test('with --json stdout holds JSON and nothing else', async () => {
    const created = JSON.parse(
      await ok('create', 'json', '-t', 'app.yaml', '-e', 'env.yaml', '--parameter', 'word=hi', '--json'),
    );
    expect(created).toMatchObject({ state: 'CREATE_COMPLETE', outputs: { text: 'hi world', list: ['hi', 2] } });
    expect(JSON.parse(await ok('list', '--json'))).toMatchObject([{ name: 'json', state: 'CREATE_COMPLETE' }]);
    expect(JSON.parse(await ok('show', 'json', '--json'))).toEqual(created);
    expect(JSON.parse(await ok('outputs', 'json', '--json'))).toEqual({ text: 'hi world', list: ['hi', 2] });
    expect(JSON.parse(await ok('outputs', 'json', 'list', '--json'))).toEqual(['hi', 2]);
    expect(JSON.parse(await ok('waiting', 'json', '--json'))).toEqual([]);
    expect(JSON.parse(await ok('history', 'json', '--json'))).toMatchObject([
      { number: 1, state: 'CREATE_COMPLETE', changes: { created: { count: 2, names: ['first', 'second'] } } },
    ]);
    expect(await ok('read', 'json.first.value', '--json')).toBe('"hi"\n');
    const events = (await ok('events', 'json', '--json'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.map(({ type, status }) => `${type} ${status}`)).toContain('resource COMPLETE');
    expect(JSON.parse(await ok('delete', 'json', '--json'))).toMatchObject({ stack: 'json', deleted: true });
  });

  test('of a name that there is cannot be created again, and stays as it is', async () => {
    await ok('create', 'twice', '-t', 'app.yaml');
    const { code, stderr } = await place.run(['create', 'twice', '-t', 'app.yaml']);
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('The Stack (twice) already exists.'),
    });
    expect(await ok('list')).toContain('CREATE_COMPLETE');
    await ok('delete', 'twice');
  });

  test('that fails gives exit code 1, says what remains, and is deleted when told so', async () => {
    place.write(
      'fail.yaml',
      `heat_template_version: hotloom-1
resources:
  good: { type: OS::Heat::Value, properties: { value: 1 } }
  bad: { type: OS::Heat::TestResource, depends_on: good, properties: { fail: true } }
`,
    );
    const failed = await place.run(['create', 'f', '-t', 'fail.yaml']);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/^error: Stack CREATE failed: /);
    expect(failed.stderr).toContain(
      'Stack f is CREATE_FAILED.\nWhat remains: good (CREATE_COMPLETE), bad (CREATE_FAILED)\nTo go on: hotloom update f --existing\nTo remove it: hotloom delete f\n',
    );
    await ok('delete', 'f');
    const script = '{ type: Local::Script, properties: { config: "#!/bin/sh\\necho \'no disk\' >&2; exit 4" } }';
    place.write('script.yaml', `heat_template_version: hotloom-1\nresources:\n  s: ${script}\n`);
    const { stderr } = await place.run(['create', 'f', '-t', 'script.yaml']);
    expect(stderr).toContain("The script of 's' failed: exit code 4.\n  at script.yaml:3:6  resources.s\n");
    expect(stderr).toContain(
      "\n  The end of its errors:\n      no disk\n  Look at its attributes 'deploy_stdout' and 'deploy_stderr'",
    );
    await ok('delete', 'f');
    const rolledBack = await place.run(['create', 'f', '-t', 'fail.yaml', '--rollback']);
    expect(rolledBack.code).toBe(1);
    expect(rolledBack.stdout).toContain('ROLLBACK_COMPLETE');
    await ok('delete', 'f');
  });

  test.each(['show', 'outputs', 'events', 'history', 'waiting', 'delete'])(
    'that is not there: %s gives exit code 3',
    async (command) => {
      const { code, stdout, stderr } = await place.run([command, 'none']);
      expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
      expect(stderr).toContain('error: The Stack (none) could not be found.');
    },
  );
});

describe('values', () => {
  test('read --try and --timeout give exit code 3 for a value that is not there', async () => {
    expect(await place.run(['read', 'ops.not.there', '--try'])).toEqual({ code: 3, stdout: '', stderr: '' });
    const late = await place.run(['read', 'ops.not.there', '--timeout', '0.1', '--json']);
    expect(late).toMatchObject({ code: 3, stdout: '' });
    expect(JSON.parse(late.stderr)).toMatchObject({
      code: 'ReadAborted',
      what: "'default.ops.not.there' was not written within 0.1 seconds.",
    });
    const hint = async (name: string) =>
      (await place.run(['read', name, '--timeout', '0.01'])).stderr.trimEnd().split('\n').at(-1);
    expect(await hint('eu.ops.not.there')).toBe(
      "  There is no stack 'ops'. Create it, or write the value by 'hotloom write eu.ops.not.there VALUE'; or wait longer.",
    );
    place.write('silent.yaml', 'heat_template_version: hotloom-1\n');
    await ok('create', 'silent', '-t', 'silent.yaml');
    expect(await hint('silent.not.there')).toBe("  See who writes it by 'hotloom show silent', or wait longer.");
    await ok('delete', 'silent');
  });

  test('write --json takes JSON text, - takes stdin', async () => {
    await ok('write', 'ops.json.value', '{"a": [1, null]}', '--json');
    expect(await ok('read', 'ops.json.value')).toBe('{"a":[1,null]}\n');
    await place.run(['write', 'ops.stdin.value', '-'], { stdin: 'two\nlines' });
    expect(await ok('read', 'ops.stdin.value', '--json')).toBe('"two\\nlines"\n');
    await ok('write', 'ops.number.value', '-5');
    expect(await ok('read', 'ops.number.value')).toBe('-5\n');
  });
});

describe('update', () => {
  test('a stack is updated: what would happen is shown before, and what comes out equal is left alone', async () => {
    place.write(
      'changing.yaml',
      `heat_template_version: hotloom-1
parameters: { color: { type: string, default: red } }
resources:
  file: { type: Local::File, properties: { path: ${join(place.directory, 'changing.txt')}, content: { get_param: color } } }
  value: { type: OS::Heat::Value, properties: { value: { get_param: color } } }
  reader: { type: OS::Heat::Value, properties: { value: { get_attr: [value, value] } } }
  random: { type: OS::Heat::RandomString }
outputs: { color: { value: { get_attr: [reader, value] } } }
`,
    );
    await ok('create', 'changing', '-t', 'changing.yaml');
    const change = ['update', 'changing', '--existing', '--parameter', 'color=blue'];
    const plan = await ok(...change, '--dry-run');
    expect(plan).toBe(`\
changing: 1 to update, 1 to replace, 1 may change, in an order in which it may happen. 1 resource is left alone.

  ± file    Local::File  replace: 'content' cannot be changed in place; the old one is deleted first
      content  "red" → "blue"  forces the replacement
* ~ value   OS::Heat::Value  update
      value    "red" → "blue"
      read by  reader.value
* ? reader  OS::Heat::Value  may change
      value  "red" → known when it runs

Outputs
  color  "red" → known when it runs

Critical path (*): value → reader
`);
    expect(await ok('outputs', 'changing', 'color')).toBe('red\n');
    const { state, outputs, resources } = JSON.parse(await ok(...change, '--json'));
    expect([state, outputs]).toEqual(['UPDATE_COMPLETE', { color: 'blue' }]);
    expect(resources.map(({ name, state }: Record<string, string>) => `${name} ${state}`).sort()).toEqual([
      'file CREATE_COMPLETE',
      'random CREATE_COMPLETE',
      'reader UPDATE_COMPLETE',
      'value UPDATE_COMPLETE',
    ]);
    expect(readFileSync(join(place.directory, 'changing.txt'), 'utf8')).toBe('blue');
    expect(await ok(...change, '--dry-run')).toContain('nothing would change. 4 resources are left alone.');
    expect((await place.run(['update', 'changing'])).stderr).toContain('An update needs a template.');
    await ok('delete', 'changing');
  });

  test('replaces what was called unhealthy, which says by which command', async () => {
    const value = '{ type: OS::Heat::RandomString }';
    place.write('unwell.yaml', `heat_template_version: hotloom-1\nresources: { one: ${value}, two: ${value} }\n`);
    await ok('create', 'unwell', '-t', 'unwell.yaml', '--space', 'eu');
    const mark = ['mark-unhealthy', 'unwell', 'one', 'looks bad', '--space', 'eu'];
    expect(await place.run(mark)).toEqual({
      code: 0,
      stdout: '',
      stderr: "The next update replaces one: 'hotloom update unwell --existing --space eu'.\n",
    });
    expect(await ok(...mark, '--reset')).toBe('');
    await place.run(mark);
    const rows = (await ok('history', 'unwell', '--space', 'eu')).split('\n');
    expect(rows[2]).toMatch(/^2 +MARK_UNHEALTHY_COMPLETE .* marked 1 \(one\) +looks bad$/);
    expect(rows[3]).toMatch(/^3 +MARK_UNHEALTHY_COMPLETE .* unmarked 1 \(one\) /);
    const plan = JSON.parse(await ok('update', 'unwell', '--existing', '--space', 'eu', '--dry-run', '--json'));
    expect(plan.steps.map(({ resource, action }: Record<string, string>) => `${action} ${resource}`).sort()).toEqual([
      'replace one',
      'unchanged two',
    ]);
    await ok('delete', 'unwell', '--space', 'eu');
  });

  test('a move by hand of a name that the stack has not and has not had is refused; one that was done is passed over', async () => {
    const template = (name: string) =>
      `heat_template_version: 2021-04-16\nresources: { ${name}: { type: OS::Heat::RandomString } }\n`;
    place.write('web.yaml', template('web'));
    place.write('frontend.yaml', template('frontend'));
    await ok('create', 'moving', '-t', 'web.yaml');
    const value = await ok('read', 'moving.web.value');
    const change = ['update', 'moving', '-t', 'frontend.yaml'];
    const wrong = {
      code: 2,
      stdout: '',
      stderr: `error: 'wbe' is moved to 'frontend', and stack 'moving' has neither.
  What was to be kept would be deleted, and another made in its place.
  See the names that it has by 'hotloom show moving', or leave out the move.
`,
    };
    expect(await place.run([...change, '--move', 'wbe=frontend'])).toEqual(wrong);
    expect(await place.run([...change, '--move', 'wbe=frontend', '--dry-run'])).toEqual(wrong);
    expect(await ok(...change, '--move', 'web=frontend', '--dry-run')).toBe(`\
moving: 1 to move, in an order in which it may happen.

  → frontend  OS::Heat::RandomString  move: from web
`);
    for (const _ of ['once', 'again']) {
      await ok(...change, '--move', 'web=site', '--move', 'site=frontend');
      expect(await ok('read', 'moving.frontend.value')).toBe(value);
    }
    await ok('delete', 'moving');
  });
});

test('a stack has tags, by which it is found', async () => {
  await ok('create', 'tagged', '-t', 'app.yaml', '--tags', 'prod,web');
  expect(await ok('show', 'tagged')).toContain('tags     prod, web\n');
  expect(await ok('list', '--tags', 'web')).toMatch(/^NAME +STATE +CREATED +UPDATED +TAGS +ID\ntagged .* prod, web /);
  expect(await ok('list', '--tags', 'test,web')).toMatch(/^No stacks with these tags in /);
  expect(JSON.parse(await ok('list', '--tags', 'test,web', '--tag-mode', 'any', '--json'))).toMatchObject([
    { name: 'tagged', tags: ['prod', 'web'] },
  ]);
  const mode = await place.run(['list', '--tag-mode', 'not']);
  expect([mode.code, mode.stderr]).toEqual([2, expect.stringContaining('--tag-mode not is given without tags.')]);
  await ok('update', 'tagged', '--existing', '--tags', '');
  expect(await ok('show', 'tagged')).not.toContain('tags');
  await ok('delete', 'tagged');
});

describe('suspend and resume', () => {
  const states = async (name: string) =>
    JSON.parse(await ok('show', name, '--json')).resources.map(({ state }: { state: string }) => state);

  test('put a stack to rest and wake it, with a line per event', async () => {
    await ok('create', 'sleepy', '-t', 'app.yaml');
    expect(withoutTimes(await ok('suspend', 'sleepy'))).toBe(`TIME [sleepy]: SUSPEND_IN_PROGRESS  Stack SUSPEND started
TIME [sleepy.second]: SUSPEND_IN_PROGRESS  state changed
TIME [sleepy.second]: SUSPEND_COMPLETE  state changed
TIME [sleepy.first]: SUSPEND_IN_PROGRESS  state changed
TIME [sleepy.first]: SUSPEND_COMPLETE  state changed
TIME [sleepy]: SUSPEND_COMPLETE  Stack SUSPEND completed successfully

Outputs
  text  hello world
  list  ["hello",2]
`);
    expect(await place.run(['suspend', 'sleepy'])).toMatchObject({
      code: 0,
      stderr: 'Stack sleepy is suspended already.\n',
    });
    expect(await place.run(['update', 'sleepy', '--existing'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("Resume it first: 'hotloom resume sleepy'."),
    });
    await ok('check', 'sleepy');
    expect(await ok('show', 'sleepy')).toContain('CHECK_COMPLETE (suspended)');
    expect(JSON.parse(await ok('resume', 'sleepy', '--json'))).toMatchObject({ state: 'RESUME_COMPLETE' });
    expect(await states('sleepy')).toEqual(['RESUME_COMPLETE', 'RESUME_COMPLETE']);
    expect(await place.run(['resume', 'sleepy'])).toMatchObject({
      code: 0,
      stderr: 'Stack sleepy is RESUME_COMPLETE: nothing was stopped in the middle, nothing is suspended.\n',
    });
    await ok('delete', 'sleepy');
    expect((await place.run(['suspend', 'sleepy'])).code).toBe(3);
  });
});

test('of a stack that is out of date now is told by which command it is brought up to date, in the same store', async () => {
  const of = (value: string) =>
    `heat_template_version: hotloom-1\nresources: { v: { type: OS::Heat::Value, properties: { value: ${value} } } }\n`;
  place.write('producer.yaml', of('old'));
  place.write('reader.yaml', of('{ get_data: default.producer.v.value }'));
  const there = ['--store', 'of both.db'];
  await ok('create', 'producer', '-t', 'producer.yaml', ...there);
  await ok('create', 'reader', '-t', 'reader.yaml', '--space', 'other', ...there);
  place.write('producer.yaml', of('new'));
  expect((await place.run(['update', 'producer', '-t', 'producer.yaml', ...there])).stderr).toBe(
    'Stack reader is out of date now: it has read default.producer.v.value. ' +
      "To bring it up to date: hotloom update reader --existing --store 'of both.db' --space other\n",
  );
});

test('of a plan is told by which command it is done, in the same store', async () => {
  const create = await place.run(['preview', 'elsewhere', '-t', 'app.yaml', '--out', 'first.json']);
  expect(create.stderr).toBe('The plan is in first.json. To do it: hotloom apply first.json\n');
  await ok('apply', 'first.json', '--store', 'elsewhere.db');
  const change = ['update', 'elsewhere', '--existing', '--dry-run', '--out', 'a plan.json', '--store', 'elsewhere.db'];
  expect((await place.run(change)).stderr).toBe(
    "The plan is in a plan.json. To do it: hotloom apply 'a plan.json' --store elsewhere.db\n",
  );
});

describe('a saved plan', () => {
  test('is written by preview and update, done by apply, and refused when the stack has changed', async () => {
    place.write(
      'planned.yaml',
      `heat_template_version: hotloom-1
parameters: { color: { type: string, default: red }, pin: { type: string, hidden: true, default: none } }
resources:
  value: { type: OS::Heat::Value, properties: { value: { get_param: color } } }
outputs: { color: { value: { get_attr: [value, value] } } }
`,
    );
    const created = await place.run(['preview', 'planned', '-t', 'planned.yaml', '--out', 'create.json']);
    expect(created.stderr).toBe('The plan is in create.json. To do it: hotloom apply create.json\n');
    await ok('apply', 'create.json');
    expect(await ok('outputs', 'planned', 'color')).toBe('red\n');
    const change = ['update', 'planned', '--existing', '--parameter', 'color=blue', '--parameter', 'pin=1234'];
    const planned = await place.run([...change, '--dry-run', '--out', 'update.json']);
    expect(planned.stderr).toContain('hotloom apply update.json --parameter pin=...');
    expect(statSync(join(place.directory, 'update.json')).mode & 0o777).toBe(0o600);
    expect((await place.run(['apply', 'update.json'])).stderr).toContain('The Parameter (pin) was not provided.');
    const { outputs } = JSON.parse(await ok('apply', 'update.json', '--parameter', 'pin=1234', '--json'));
    expect(outputs).toEqual({ color: 'blue' });
    const stale = await place.run(['apply', 'update.json', '--parameter', 'pin=1234']);
    expect([stale.code, stale.stderr]).toEqual([1, expect.stringContaining('does not hold any more')]);
    const wrong = await place.run(['apply', 'planned.yaml']);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining("'planned.yaml' is not a saved plan.")]);
    place.write('unmarked.json', JSON.stringify({ plan: { stack: 'planned', steps: [] } }));
    const unmarked = await place.run(['apply', 'unmarked.json']);
    expect([unmarked.code, unmarked.stderr]).toEqual([
      2,
      expect.stringContaining("'unmarked.json' is not a saved plan."),
    ]);
    expect((await place.run([...change, '--out', 'x.json'])).stderr).toContain("'--out' needs '--dry-run'.");
    await ok('delete', 'planned');
  });
});

test('a check tells each property that is not as it was made, and what is not there', async () => {
  const file = (name: string) => ({
    type: 'Local::File',
    properties: { path: join(place.directory, name), content: 'made' },
  });
  const resources = { a: file('a.txt'), b: file('b.txt'), c: file('c.txt') };
  place.write('files.yaml', JSON.stringify({ heat_template_version: '2021-04-16', resources }));
  await ok('create', 'files', '-t', 'files.yaml');
  place.write('a.txt', 'drifted');
  rmSync(join(place.directory, 'b.txt'));
  const { code, stdout, stderr } = await place.run(['check', 'files']);
  expect([code, stderr]).toEqual([
    1,
    "The next update replaces what is not well: 'hotloom update files --existing'.\n",
  ]);
  const lines = stdout.replaceAll(place.directory, 'PLACE').trimEnd().split('\n');
  expect(lines.slice(-2)).toEqual([
    'a.content: "made" has become "drifted"',
    "b: The file 'PLACE/b.txt' is not there any more.",
  ]);
  expect(JSON.parse(await ok('show', 'files', '--json')).reason).toBe(
    "Resource CHECK failed: Error: resources.a: 'content': expected 'made', got 'drifted' (and 1 more)",
  );
  await ok('delete', 'files');
});

test('a snapshot of a stack is taken, shown, restored and deleted', async () => {
  const ID = /[\da-f]{8}-[\da-f-]{27}/g;
  const plain = (text: string) => withoutTimes(text).replace(ID, 'ID').replace(/ +$/gm, '');
  const properties = { path: join(place.directory, 'kept.txt'), content: 'made' };
  const resources = { f: { type: 'Local::File', properties } };
  place.write('kept.yaml', JSON.stringify({ heat_template_version: '2021-04-16', resources }));
  await ok('create', 'kept', '-t', 'kept.yaml', '--tags', 'a');
  expect(await ok('snapshots', 'kept')).toBe('Stack kept has no snapshots\n');
  place.write('kept.txt', 'drifted');
  expect(
    plain(await ok('snapshot', 'kept', '--name', 'first')),
  ).toBe(`TIME [kept]: SNAPSHOT_IN_PROGRESS  Stack SNAPSHOT started
TIME [kept.f]: SNAPSHOT_IN_PROGRESS  state changed
TIME [kept.f]: SNAPSHOT_COMPLETE  state changed
TIME [kept]: SNAPSHOT_COMPLETE  Stack SNAPSHOT completed successfully
Snapshot ID (first)
`);
  expect(
    plain(await ok('snapshots', 'kept')),
  ).toBe(`NAME   STATE            REASON                                 CREATED                   ID
first  CREATE_COMPLETE  Stack SNAPSHOT completed successfully  TIME  ID
`);
  expect(plain(await ok('snapshots', 'kept', 'first'))).toBe(`name       first
id         ID
state      CREATE_COMPLETE
reason     Stack SNAPSHOT completed successfully
created    TIME
stack was  CREATE_COMPLETE
tags       a

Resources
  NAME  TYPE         KEPT
  f     Local::File  properties, content, mode
`);
  const abandoned = await place.run(['export', 'kept', '--abandon']);
  expect([abandoned.code, abandoned.stdout, abandoned.stderr]).toEqual([1, '', expect.stringContaining('(--force)')]);
  const halfSaid = await place.run(['export', 'kept', '--force']);
  expect([halfSaid.code, halfSaid.stderr]).toEqual([2, expect.stringContaining("'--force' needs '--abandon'.")]);
  place.write('kept.txt', 'lost');
  expect(plain(await ok('restore', 'kept', 'first'))).toBe(`TIME [kept]: RESTORE_IN_PROGRESS  Stack RESTORE started
TIME [kept.f]: UPDATE_IN_PROGRESS  state changed
TIME [kept.f]: UPDATE_COMPLETE  state changed
TIME [kept]: RESTORE_COMPLETE  Stack RESTORE completed successfully
`);
  expect(readFileSync(join(place.directory, 'kept.txt'), 'utf8')).toBe('drifted');
  expect(await place.run(['restore', 'kept', 'second'])).toMatchObject({
    code: 3,
    stderr: `error: The Snapshot (second) for Stack (kept) could not be found.
  No snapshot of the stack has that id or name.
  See them by 'hotloom snapshots kept'.
`,
  });
  expect(JSON.parse(await ok('delete-snapshot', 'kept', 'first', '--json'))).toMatchObject({ deleted: true });
  expect(JSON.parse(await ok('snapshots', 'kept', '--json'))).toEqual([]);
  await ok('delete', 'kept');
});

describe('the file of the store', () => {
  test('--store and $HOTLOOM_STORE name the file, which is told in hints', async () => {
    await ok('create', 'a', '-t', 'app.yaml', '--store', 'sub/other.db');
    expect(await ok('list', '--store', 'sub/other.db')).toContain('CREATE_COMPLETE');
    const { stdout } = await place.run(['list'], { env: { HOTLOOM_STORE: 'sub/other.db' } });
    expect(stdout).toContain('CREATE_COMPLETE');
    expect(await ok('list')).toMatch(/^No stacks/);
    await ok('delete', 'a', '--store', 'sub/other.db');
  });

  test('a file that is no store is refused and left as it is', async () => {
    mkdirSync(join(place.directory, 'no'), { recursive: true });
    place.write('no/store.db', 'something else');
    const { code, stderr } = await place.run(['list', '--store', 'no/store.db']);
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('is not a store') });
    expect(readFileSync(join(place.directory, 'no/store.db'), 'utf8')).toBe('something else');
  });
});

describe('the program', () => {
  test('--version, --help, and no command', async () => {
    expect(await ok('--version')).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(await ok('--help')).toContain('Usage: hotloom <command> [options]');
    expect(await ok('create', '--help')).toContain('-t, --template <file>');
    const none = await place.run([]);
    expect(none).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('Usage: hotloom') });
  });

  test.each([['help'], ['help', 'resume'], ['help', 'update']])('%s %s fits into 80 columns', async (...args) => {
    const lines = (await ok(...args)).split('\n');
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
  });
});
