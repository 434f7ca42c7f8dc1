import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Ended, type Running, Workplace } from './hotloom.ts';

const TEMPLATE = `
heat_template_version: 2021-04-16
resources:
  handle: {type: OS::Heat::WaitConditionHandle}
  wait: {type: OS::Heat::WaitCondition, properties: {handle: {get_resource: handle}, count: 2, timeout: 60}}
  db: {type: OS::Heat::Value, properties: {value: 1}}
  group: {type: OS::Heat::ResourceGroup, properties: {count: 2, resource_def: {type: OS::Heat::Value, properties: {value: 1}}}}
`;
const ENVIRONMENT = `
resource_registry:
  resources: {db: {hooks: [pre-create, post-create]}, group: {"*": {hooks: pre-create}}}
`;

/** Times and durations are not the same twice. */
function shown({ code, stdout, stderr }: Ended) {
  const text = (part: string) => part.replace(/\d+(?:\.\d+)? (?:ms|s)\b/g, 'N s').replace(/ +\n/g, '\n');
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

describe('hotloom, while a create waits for signals and at hooks', () => {
  const place = new Workplace();
  let created: Running;
  beforeAll(async () => {
    place.write('app.yaml', TEMPLATE);
    place.write('env.yaml', ENVIRONMENT);
    place.write('signal.json', '{"id": "file", "reason": "from a file", "data": 1}');
    created = place.start(['create', 'app', '-t', 'app.yaml', '-e', 'env.yaml']);
    await created.printed('nothing can go on by itself');
  });
  afterAll(() => place.close());

  test('hook-poll and waiting tell what waits', async () => {
    expect(shown(await place.run(['hook-poll', 'app']))).toEqual({
      code: 0,
      stdout: [
        'RESOURCE  HOOK        STATE          SINCE  REASON',
        'db        pre-create  INIT_COMPLETE  N s  CREATE paused until Hook pre-create is cleared',
        'group/0   pre-create  INIT_COMPLETE  N s  CREATE paused until Hook pre-create is cleared',
        'group/1   pre-create  INIT_COMPLETE  N s  CREATE paused until Hook pre-create is cleared',
        '',
      ].join('\n'),
      stderr: '',
    });
    const { stdout } = shown(await place.run(['waiting', 'app']));
    expect(stdout).toMatch(
      /^wait +\(signals\) +default\.app\.handle\.signals +N s +somebody has to signal 'handle'; 0 signals have come$/m,
    );
    expect(stdout).toMatch(
      /^db +\(hook\) +default\.app\.db\.pre-create +N s +it is paused until hook pre-create is cleared$/m,
    );
  });

  test.each<{ args: readonly string[]; code: number; stderr: string }>([
    {
      args: ['signal', 'app'],
      code: 2,
      stderr: "error: Missing required argument 'resource'.\n  See 'hotloom signal --help'.\n",
    },
    { args: ['signal', 'app', 'handle', '--data', '{x'], code: 2, stderr: "error: The signal's data is not JSON.\n" },
    {
      args: ['signal', 'app', 'handle', '--data', '1', '--data-file', 'signal.json'],
      code: 2,
      stderr: 'error: Both --data and --data-file are given.\n',
    },
    {
      args: ['signal', 'app', 'handle', '--data-file', 'signals.json'],
      code: 2,
      stderr: "error: There is no file of data 'signals.json'.\n",
    },
    {
      args: ['signal', 'app', 'handle', '--data', '"up"'],
      code: 1,
      stderr: 'error: SignalInvalid: resources.handle: Metadata format invalid\n',
    },
    { args: ['signal', 'app', 'db'], code: 1, stderr: 'error: The Resource (db) is not available.\n' },
    {
      args: ['signal', 'app', 'nobody'],
      code: 3,
      stderr: 'error: The Resource (nobody) could not be found in Stack app.\n',
    },
    { args: ['signal', 'other', 'handle'], code: 3, stderr: 'error: The Stack (other) could not be found.\n' },
    {
      args: ['signal', 'app', 'db', '--data', '{"unset_hook": "post-create"}'],
      code: 1,
      stderr: 'error: The "post-create" hook is not defined on OS::Heat::Value "db" Stack "app" [',
    },
    {
      args: ['hook-clear', 'app', 'd?', 'x*'],
      code: 1,
      stderr: "error: Nothing of stack app waits at a hook by the name 'x*'.\n",
    },
    {
      args: ['hook-clear', 'app', 'db', '--post-create'],
      code: 1,
      stderr: "error: Nothing of stack app waits at the hook post-create by the name 'db'.\n",
    },
    {
      args: ['hook-clear', 'app', 'db', '--pre-create', '--pre-update'],
      code: 2,
      stderr: 'error: Several hooks are given: --pre-create, --pre-update.\n',
    },
    { args: ['hook-poll', 'other'], code: 3, stderr: 'error: The Stack (other) could not be found.\n' },
  ])('$args is refused', async ({ args, code, stderr }) => {
    const ended = await place.run(args);
    expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code, stdout: '' });
    expect(ended.stderr).toContain(stderr);
  });

  test('signal and hook-clear let it go on; the rest is told afterwards', async () => {
    expect(await place.run(['signal', 'app', 'handle', '--data-file', 'signal.json'])).toEqual({
      code: 0,
      stdout: 'Signal: status:SUCCESS reason:from a file\n',
      stderr: '',
    });
    const stdin = '{"id": "stdin", "reason": "piped"}';
    expect(await place.run(['signal', 'app', 'handle', '--data-file', '-', '--json'], { stdin })).toEqual({
      code: 0,
      stdout: '"Signal: status:SUCCESS reason:piped"\n',
      stderr: '',
    });
    expect(await place.run(['hook-clear', 'app', 'group/*', 'db'])).toEqual({
      code: 0,
      stdout:
        'group/0: Hook pre-create is cleared\ngroup/1: Hook pre-create is cleared\ndb: Hook pre-create is cleared\n',
      stderr: '',
    });
    await created.printed('CREATE paused until Hook post-create is cleared');
    expect(JSON.parse((await place.run(['hook-clear', 'app', 'db', '--json'])).stdout)).toEqual([
      { resource: 'db', hook: 'post-create' },
    ]);
    expect((await created.ended).code).toBe(0);
    expect(await place.run(['hook-poll', 'app'])).toMatchObject({
      code: 0,
      stdout: 'Nothing waits at a hook in stack app, which is CREATE_COMPLETE.\n',
    });
    expect((await place.run(['signal', 'app', 'handle', '--data', '{"status": "FAILURE"}'])).stdout).toBe(
      'Signal: status:FAILURE reason:Signal 3 received\n',
    );
  });
});
