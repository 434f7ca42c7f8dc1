import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { KEY, OTHER_KEY } from '../store/keys.ts';
import { type Ended, Workplace } from './hotloom.ts';

const SECRET = 's3cret-pa55';

/** A script that has a secret in its environment and tells it everywhere, one that makes one, and a file and a process with it. */
const APP = `heat_template_version: hotloom-1
parameters:
  password: { type: string, hidden: true }
  once: { type: string, ephemeral: true, constraints: [{ length: { min: 3 } }] }
  fail: { type: number, default: 0 }
resources:
  echo:
    type: Local::Script
    properties:
      env: { PASSWORD: { get_param: password }, ONCE: { get_param: once }, FAIL: { get_param: fail } }
      outputs: [said]
      config: |
        #!/bin/sh
        echo "password $PASSWORD, once $ONCE"
        echo "password $PASSWORD" >&2
        echo "password $PASSWORD, key \${HOTLOOM_KEY_FILE:-none}" > "\${heat_outputs_path}.said"
        exit $FAIL
  make:
    type: Local::Script
    properties:
      config: |
        #!/bin/sh
        secret=$(printf s3%s cret)
        hotloom write token "$secret-made"
        hotloom write key "$secret-kept"
        echo "$secret-made $secret-kept"
    outputs: { token: { ephemeral: true }, key: { secret: true } }
  use:
    type: Local::Script
    depends_on: make
    inputs: { token: { get_attr: [make, token] }, key: { get_attr: [make, key] } }
    properties:
      config: |
        #!/bin/sh
        secret=$(printf s3%s cret)
        test "$(hotloom read token) $(hotloom read key)" = "$secret-made $secret-kept"
  server:
    type: Local::Process
    properties:
      command: [sh, -c, 'while :; do sleep 0.1; done']
      env: { PASSWORD: { get_param: password } }
outputs:
  said: { value: { get_attr: [echo, said] } }
  key: { value: { get_attr: [make, key] } }
  token: { value: { get_attr: [make, token] } }
`;

let place: Workplace;
let printed = '';

beforeAll(() => {
  place = new Workplace();
  place.write('app.yaml', APP);
  place.write('key', `${KEY}\n`);
  place.write('keys', `# new\n${OTHER_KEY}\n${KEY}\n`);
  mkdirSync(join(place.directory, 'tmp'));
});
afterAll(() => place.close());

/** With the key file `key`, and temporary files in the place. */
async function run(args: readonly string[], env: NodeJS.ProcessEnv = { HOTLOOM_KEY_FILE: 'key' }): Promise<Ended> {
  const ended = await place.runProcess(args, { env: { TMPDIR: join(place.directory, 'tmp'), ...env } });
  printed += ended.stdout + ended.stderr;
  return ended;
}

function given(password: string, ...more: readonly string[]): readonly string[] {
  return ['--parameter', `password=${password}`, '--parameter', 'once=s3cret-once', ...more];
}

/** Where a secret stands in what the commands have printed, and in what they have left. */
function leaks(): readonly string[] {
  const files = readdirSync(place.directory, { recursive: true })
    .map(String)
    .filter((file) => statSync(join(place.directory, file)).isFile());
  const texts = files.map((file) => `${file}: ${readFileSync(join(place.directory, file), 'latin1')}`);
  return [...texts.filter((text) => !text.startsWith('app.yaml')), printed].flatMap(
    (text) => text.match(/.{0,40}s3cret-.{0,20}/g) ?? [],
  );
}

describe('the whole life of a stack with secrets, with a key', () => {
  test('prints none and leaves none behind, in the store, its log or its logs', async () => {
    const steps: readonly (readonly [code: number, ...args: string[]])[] = [
      [0, 'preview', 's', '-t', 'app.yaml', ...given(SECRET)],
      [0, 'inspect', 's', '-t', 'app.yaml', ...given(SECRET), '--json'],
      [1, 'create', 'f', '-t', 'app.yaml', ...given(SECRET, '--parameter', 'fail=3')],
      [0, 'delete', 'f', '-y'],
      [0, 'create', 's', '-t', 'app.yaml', ...given(SECRET), '--json'],
      [0, 'snapshot', 's'],
      [0, 'update', 's', '--existing', '--dry-run', '--parameter', 'once=s3cret-twice'],
      [1, 'update', 's', '--existing', '--rollback', ...given('s3cret-other', '--parameter', 'fail=4')],
      [0, 'update', 's', '--existing', ...given('s3cret-third')],
      [0, 'show', 's'],
      [0, 'show', 's', '--json'],
      [0, 'outputs', 's'],
      [0, 'list', '--json'],
      [0, 'events', 's'],
      [0, 'export', 's'],
      [0, 'check', 's'],
    ];
    for (const [code, ...args] of steps) {
      const ended = await run(args);
      expect([args.join(' '), ended.code, ended.code === code ? '' : ended.stderr]).toEqual([args.join(' '), code, '']);
    }
    expect(leaks()).toEqual([]);
    expect(printed).toContain('******');
  }, 180_000);

  test('tells one that is asked for by name, and with the key only', async () => {
    expect((await place.runProcess(['outputs', 's', 'key', '--key-file', 'key'])).stdout).toBe('s3cret-kept\n');
    const all = await place.runProcess(['outputs', 's', '--json'], { env: { HOTLOOM_KEY: KEY } });
    expect(JSON.parse(all.stdout)).toEqual({
      said: 'password s3cret-third, key none\n',
      key: 's3cret-kept',
      token: null,
    });
    const ephemeral = await run(['outputs', 's', 'token']);
    expect([ephemeral.code, ephemeral.stderr]).toEqual([
      3,
      "error: The output 'token' of stack 's' has no value.\n  What is ephemeral of 'make' cannot be read any more, since it is not stored: deploy_stdout, token.\n",
    ]);
    const keyless = await run(['outputs', 's', 'key'], {});
    expect([keyless.code, keyless.stdout]).toEqual([1, '']);
    expect(keyless.stderr).toContain("The encryption key of stack 's' is needed");
    expect((await run(['outputs', 's'], {})).stdout).toContain('******');
    expect((await run(['update', 's', '--existing', '--parameter', 'once=s3cret-once'], {})).code).toBe(1);
  }, 60_000);

  test('goes on with another key, and is deleted', async () => {
    const rekeyed = await run(['rekey'], { HOTLOOM_KEY_FILE: 'keys' });
    expect([rekeyed.code, rekeyed.stdout]).toEqual([
      0,
      expect.stringMatching(/^1 stack is encrypted with the key [0-9a-f]{16}\.\n$/),
    ]);
    expect((await run(['outputs', 's', 'key'])).code).toBe(1);
    const env = { HOTLOOM_KEY: OTHER_KEY };
    expect((await place.runProcess(['outputs', 's', 'key'], { env })).stdout).toBe('s3cret-kept\n');
    expect((await run(['delete', 's', '-y'], env)).code).toBe(0);
    expect(leaks()).toEqual([]);
  }, 60_000);
});

test.each([
  [['list'], { HOTLOOM_KEY: 'hunter2' }, 'The encryption key in $HOTLOOM_KEY is not valid.'],
  [['list', '--key-file', 'app.yaml'], {}, 'The encryption key in app.yaml is not valid.'],
  [['list', '--key-file', 'none'], {}, "There is no key file 'none'."],
  [['rekey'], {}, 'There is no key to encrypt the stacks with.'],
])('%j with %j is refused', async (args, env, message) => {
  const ended = await run(args, env);
  expect([ended.code, ended.stderr.split('\n')[0]]).toEqual([2, `error: ${message}`]);
  expect(ended.stderr).not.toContain('hunter2');
});
