import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { findAttempt } from '../../../src/builtin/local/attempt-processes.ts';
import { OutputFiles } from '../../../src/builtin/local/output-files.ts';
import { waitFor } from '../../../src/builtin/local/wait-for.ts';
import { systemClock } from '../../../src/clock.ts';
import { LocalStack, type Run, type RunOptions } from './local-stack.ts';

let stack: LocalStack;

beforeEach(async () => {
  stack = await LocalStack.create();
});
afterEach(async () => {
  expect(await stack.close()).toEqual([]);
});

function start(body: string, properties: object = {}, options: RunOptions = {}): Run {
  return stack.start(
    'Local::Script',
    's',
    { config: `#!/bin/sh\n${body}\n`, grace: 5, ...properties } as never,
    options,
  );
}

async function ended(body: string, properties: object = {}, options: RunOptions = {}): Promise<Run> {
  const run = start(body, properties, options);
  await run.done;
  return run;
}

async function failed(
  body: string,
  properties: object = {},
  options: RunOptions = {},
): Promise<{ run: Run; error: Error }> {
  const run = start(body, properties, options);
  const error = await run.done.then(
    () => new Error('it did not fail'),
    (thrown) => thrown,
  );
  return { run, error };
}

const outputsOf = (run: Run): object => Object.fromEntries(run.attributes);
const pidsOf = ({ token }: Run): readonly number[] => findAttempt({ token, leader: undefined }).pids;

describe("the contract of Heat's script hook", () => {
  test('inputs are variables: strings as they are, other values as JSON text', async () => {
    const run = await ended('printf "%s|%s|%s|%s|%s|%s" "$text" "$list" "$map" "$number" "$yes" "$nothing"', {
      inputs: { text: 'a "b"\n', list: ['x', 1], map: { k: null }, number: 1.5, yes: true, nothing: null },
    });
    expect(run.attributes.get('deploy_stdout')).toBe('a "b"\n|["x",1]|{"k":null}|1.5|true|');
  });

  test('an output is its file, verbatim; a file that is not there is no output', async () => {
    const run = await ended('printf "a\\n\\n" > "${heat_outputs_path}.x"; : > "${heat_outputs_path}.empty"', {
      outputs: [{ name: 'x' }, 'empty', { name: 'absent', type: 'String' }],
    });
    expect(outputsOf(run)).toEqual({
      x: 'a\n\n',
      empty: '',
      deploy_stdout: '',
      deploy_stderr: '',
      deploy_status_code: 0,
    });
  });

  test('a file of an output that is not declared is no output', async () => {
    const run = await ended('echo 1 > "${heat_outputs_path}.other"');
    expect(run.attributes.has('other')).toBe(false);
  });

  test('it is executed without arguments, from a file that only the user can read', async () => {
    const run = await ended('echo $#; stat -c %a "$0" "$(dirname "$heat_outputs_path")"', { cwd: stack.directory });
    expect(run.attributes.get('deploy_stdout')).toBe('0\n700\n700\n');
  });

  test.each([
    { body: 'exit 3', status: 3, reason: 'exit code 3' },
    { body: 'kill -TERM $$', status: -15, reason: 'signal SIGTERM' },
  ])('fails by $reason, with the end of its errors; what it wrote is published', async ({ body, status, reason }) => {
    const { run, error } = await failed(`echo out; echo oops >&2; echo 1 > "\${heat_outputs_path}.x"; ${body}`, {
      outputs: ['x'],
    });
    expect(error.message).toBe(
      `The script of 's' failed: ${reason}.\n  The end of its errors:\n    oops\n` +
        "  Look at its attributes 'deploy_stdout' and 'deploy_stderr' for all that it printed.",
    );
    expect(outputsOf(run)).toEqual({
      x: '1\n',
      deploy_stdout: 'out\n',
      deploy_stderr: 'oops\n',
      deploy_status_code: status,
    });
  });

  test.each([
    { how: 'by its file', body: 'echo bad > "${heat_outputs_path}.problem"' },
    { how: 'by an empty file', body: ': > "${heat_outputs_path}.problem"' },
    { how: 'by the endpoint', body: 'hotloom write problem bad' },
  ])('fails when an error output is written $how', async ({ body }) => {
    const { error } = await failed(body, { outputs: [{ name: 'problem', error_output: true }] });
    expect(error).toMatchObject({
      code: 'ProcessFailed',
      what: "The script of 's' failed: it wrote the error output 'problem'.",
    });
  });

  test('of a long output the end is kept', async () => {
    const run = await ended('head -c 3000000 /dev/zero | tr "\\0" x; echo end');
    const text = run.attributes.get('deploy_stdout') as string;
    expect([text.length, text.slice(-5)]).toEqual([475_000, 'xend\n']);
  });
});

describe('an output is published while the script runs', () => {
  /** Each body writes `x` in one way and then blocks. */
  test.each([
    { body: 'echo 1 > "${heat_outputs_path}.x"', content: '1\n' },
    { body: 'printf 1 > "${heat_outputs_path}.x"', content: '1' },
    { body: '{ echo 1; echo 2; } > "${heat_outputs_path}.x"', content: '1\n2\n' },
    { body: 'touch "${heat_outputs_path}.x"; echo 1 > "${heat_outputs_path}.x"', content: '1\n' },
    { body: 'echo 1 > draft; echo 2 >> draft; mv draft "${heat_outputs_path}.x"', content: '1\n2\n' },
    { body: 'hotloom write x 1', content: '1' },
  ])('$body', async ({ body, content }) => {
    const run = start(`${body}; hotloom read peer.go`, { outputs: ['x'], cwd: stack.directory });
    expect(await run.published('x')).toBe(content);
    expect(run.attributes.has('deploy_status_code')).toBe(false);
    await stack.engine.untilBlocked(1);
    stack.engine.write('default.app.peer.go', 'now');
    await run.done;
    expect(run.attributes.get('deploy_stdout')).toBe('now\n');
  });

  test('but never by half: not while anybody has it open', async () => {
    const run = start(
      '{ echo half; hotloom read peer.go; echo whole; } > "${heat_outputs_path}.x"; hotloom read peer.end',
      { outputs: ['x'] },
    );
    await stack.engine.untilBlocked(1);
    expect(run.attributes.has('x')).toBe(false);
    stack.engine.write('default.app.peer.go', 'and');
    expect(await run.published('x')).toBe('half\nand\nwhole\n');
    stack.engine.write('default.app.peer.end', 1);
    await run.done;
  });

  test('not while a process in the background has it open', async () => {
    const run = start('(hotloom read peer.go; echo late) > "${heat_outputs_path}.x" & wait', { outputs: ['x'] });
    await stack.engine.untilBlocked(1);
    expect(run.attributes.has('x')).toBe(false);
    stack.engine.write('default.app.peer.go', 'go');
    await run.done;
    expect(run.attributes.get('x')).toBe('go\nlate\n');
  });

  test('not while it is empty', async () => {
    const run = start(': > "${heat_outputs_path}.x"; hotloom read peer.go', { outputs: ['x'] });
    await stack.engine.untilBlocked(1);
    expect(run.attributes.has('x')).toBe(false);
    stack.engine.write('default.app.peer.go', 'go');
    await run.done;
    expect(run.attributes.get('x')).toBe('');
  });

  test('one that changes after it was published is a conflict, and the error says how to write it', async () => {
    const run = start('echo 1 > "${heat_outputs_path}.x"; hotloom read peer.go; echo 2 >> "${heat_outputs_path}.x"', {
      outputs: ['x'],
    });
    expect(await run.published('x')).toBe('1\n');
    stack.engine.write('default.app.peer.go', 'go');
    await expect(run.done).rejects.toMatchObject({
      code: 'ConflictingWrite',
      what: "The output 'x' was changed after it had been published.",
      fix: 'Write the file in one go: { command; command; } > "${heat_outputs_path}.x". Or write a draft, and mv it there.',
    });
  });

  test('two scripts that need each other in their middle come to their ends', async () => {
    const runs = [
      ['a', 'b'],
      ['b', 'a'],
    ].map(([own, peer]) =>
      stack.start('Local::Script', own as string, {
        config: `#!/bin/sh\necho ${own}:1 > "\${heat_outputs_path}.address"\nhotloom read ${peer}.address`,
        outputs: ['address'],
      }),
    );
    await Promise.all(runs.map(({ done }) => done));
    expect(runs.map((run) => run.attributes.get('deploy_stdout'))).toEqual(['b:1\n\n', 'a:1\n\n']);
  });

  test('a file that cannot be looked at is told when the script has ended', async () => {
    const { error } = await failed('ln -s "${heat_outputs_path}.x" "${heat_outputs_path}.x"; sleep 0.2', {
      outputs: ['x'],
    });
    expect(error).toMatchObject({
      code: 'ProcessFailed',
      what: "The output 'x' cannot be read.",
      why: expect.stringMatching(/^The system says: .*ELOOP: /),
      fix: 'Let the script leave at "${heat_outputs_path}.x" a file that this user may read.',
    });
  });

  test('without a watch an output is published at the end', () => {
    const directory = mkdtempSync(join(tmpdir(), 'hotloom-outputs-'));
    const files = new OutputFiles(directory, ['x'], systemClock);
    rmdirSync(directory);
    const published: string[] = [];
    files.watch(process.pid, (name) => published.push(name));
    mkdirSync(directory);
    writeFileSync(`${files.prefix}.x`, 'late');
    expect([published, ...files.readAll()]).toEqual([[], ['x', 'late']]);
    files.close();
    rmSync(directory, { recursive: true });
  });

  test('an output that is too large is refused', async () => {
    const { error } = await failed('head -c 2000000 /dev/zero > "${heat_outputs_path}.x"', { outputs: ['x'] });
    expect(error).toMatchObject({ what: "The output 'x' has 2000000 bytes; at most 1048576 can be published." });
  });
});

describe('stopping', () => {
  const STUBBORN =
    'trap "" TERM; (trap "" TERM; while :; do sleep 0.01; done) & echo up > "${heat_outputs_path}.up"; wait';

  test.each([
    { kind: 'obeys', body: 'sleep 1000 & echo up > "${heat_outputs_path}.up"; wait', grace: 5 },
    { kind: 'ignores SIGTERM', body: STUBBORN, grace: 0.1 },
  ])('a cancel stops the whole group of a script that $kind', async ({ body, grace }) => {
    const cancel = new AbortController();
    const run = start(body, { outputs: ['up'], grace }, { signal: cancel.signal });
    await run.published('up');
    cancel.abort(new Error('cancelled'));
    await expect(run.done).rejects.toThrow('cancelled');
    expect(pidsOf(run)).toEqual([]);
  });

  test('so does the time-out', async () => {
    const { run, error } = await failed('sleep 1000', { timeout: 0.05 });
    expect(error).toMatchObject({ code: 'ProcessFailed', what: "The script of 's' did not end within 0.05 seconds." });
    expect(pidsOf(run)).toEqual([]);
  });

  test('what it leaves in the background lives until delete', async () => {
    const run = await ended('sleep 1000 > /dev/null 2>&1 &');
    expect(pidsOf(run)).toHaveLength(1);
    await stack.delete(run);
    expect(pidsOf(run)).toEqual([]);
  });

  test('delete finds an attempt of which nothing was recorded, with its files', async () => {
    const run = start('echo up > "${heat_outputs_path}.up"; sleep 1000', { outputs: ['up'] });
    await run.published('up');
    expect(stack.lookup(run)).toBe('app-s-0');
    expect(readdirSync(join(stack.directory, 'scripts'))).toEqual([`hotloom-${run.token}`]);
    await stack.delete(run, { resourceId: undefined, data: {} });
    expect(pidsOf(run)).toEqual([]);
    await run.done.catch(() => {});
    expect(readdirSync(join(stack.directory, 'scripts'))).toEqual([]);
    expect(stack.lookup(run)).toBe(undefined);
  });

  test('a script that cannot be recorded does not live on', async () => {
    const { run, error } = await failed(
      'sleep 1000',
      {},
      {
        onSetData: () => {
          throw new Error('the store is full');
        },
      },
    );
    expect(error.message).toBe('the store is full');
    expect(await waitFor(() => pidsOf(run).length === 0, { clock: systemClock, timeoutMs: 0 })).toBe(true);
  });
});

describe('what is refused', () => {
  test.each([
    { config: 'echo 1', what: 'The script does not say what runs it.' },
    { config: '', what: 'The script does not say what runs it.' },
    { config: '#!\necho 1', what: 'The script does not say what runs it.' },
    { outputs: ['a/b'], what: "'a/b' cannot be the name of an output." },
    { outputs: ['deploy_stdout'], what: "'deploy_stdout' cannot be the name of an output." },
    { outputs: ['refid'], what: "'refid' cannot be the name of an output." },
    { outputs: ['a', { name: 'a' }], what: "The output 'a' is declared twice." },
    { inputs: { 'a=b': 1 }, what: "'a=b' cannot be the name of an input." },
  ])('$what', ({ what, ...given }) => {
    const type = stack.types.find(({ name }) => name === 'Local::Script');
    const misfits = type?.validate?.({ config: '#!/bin/sh\n', inputs: {}, outputs: [], ...given });
    expect([...(misfits ?? [])].map((misfit: { what: string }) => misfit.what)).toEqual([what]);
  });

  test('an interpreter that is not there', async () => {
    const { error } = await failed('', { config: '#!/nowhere/sh\necho 1' });
    expect(error).toMatchObject({
      code: 'ProcessFailed',
      why: 'There is no such program, or the interpreter that its first line names is missing.',
    });
    expect(existsSync(join(stack.directory, 'scripts'))).toBe(true);
  });
});

test('the outputs are attributes of the resource, with what they need', () => {
  const type = stack.types.find(({ name }) => name === 'Local::Script');
  expect(
    type?.instanceAttributes?.({
      outputs: ['a', { name: 'b', needs: ['config'], description: 'd', error_output: true }],
    }),
  ).toEqual({
    a: { schema: { type: 'string' }, optional: true },
    b: { schema: { type: 'string' }, optional: true, needs: ['config'], description: 'd' },
  });
  expect(type?.instanceAttributes?.({})).toEqual({});
});

test("the directory of a script is the user's alone while it runs, and gone afterwards", async () => {
  const run = start('echo up > "${heat_outputs_path}.up"; hotloom read peer.go', { outputs: ['up'] });
  await run.published('up');
  const directory = join(stack.directory, 'scripts', `hotloom-${run.token}`);
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  stack.engine.write('default.app.peer.go', 1);
  await run.done;
  expect(existsSync(directory)).toBe(false);
});
