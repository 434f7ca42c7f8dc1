import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { findAttempt } from '../../../src/builtin/local/attempt-processes.ts';
import { recordedAttempt } from '../../../src/builtin/local/recorded-process.ts';
import { stopAttempt } from '../../../src/builtin/local/stop-attempt.ts';
import { waitFor } from '../../../src/builtin/local/wait-for.ts';
import { systemClock } from '../../../src/clock.ts';
import { Engine } from '../../../src/engine.ts';
import { isHotloomError } from '../../../src/errors.ts';
import { isRunning, isStopped, processStart } from '../../../src/process-identity.ts';
import { LocalStack, type Run } from './local-stack.ts';

let stack: LocalStack;

beforeEach(async () => {
  stack = await LocalStack.create();
});
afterEach(async () => {
  expect(await stack.close()).toEqual([]);
});

const NODE = process.execPath;
const SLEEP = ['sleep', '1000'];

function start(properties: object, options = {}): Run {
  return stack.start('Local::Process', 'web', { grace: 5, ...properties } as never, options);
}

async function ready(properties: object, options = {}): Promise<Run> {
  const run = start(properties, options);
  await run.done;
  return run;
}

const pidOf = (run: Run): number => run.attributes.get('pid') as number;
const logOf = (run: Run): string => readFileSync(run.attributes.get('log_file') as string, 'utf8');
const isAlive = (pid: number): boolean => processStart(pid) !== undefined;
const pidsOf = ({ token }: Run): readonly number[] => findAttempt({ token, leader: undefined }).pids;
/** Also those that do not bear its token. */
const allOf = ({ token, data }: Run): readonly number[] => findAttempt(recordedAttempt(token, data)).pids;

describe('starting', () => {
  test('the process is recorded before anything else, and its attributes are published at once', async () => {
    const run = await ready({ command: SLEEP });
    expect(run.steps).toEqual([
      'setData',
      'setResourceId',
      'publish refid',
      'publish pid',
      'publish log_file',
      'publish started_at',
    ]);
    const pid = pidOf(run);
    expect(run.data).toEqual({ pid, start: processStart(pid), graceSeconds: 5 });
    expect(run.resourceId).toBe(String(pid));
    expect(Object.fromEntries(run.attributes)).toEqual({
      refid: String(pid),
      pid,
      log_file: join(stack.directory, 'logs', 'default', 'app', 'web.log'),
      started_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    });
  });

  test('it is the leader of a group and session of its own', async () => {
    const pid = pidOf(await ready({ command: SLEEP }));
    const [group, session] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ').slice(2, 4) ?? [];
    expect([Number(group), Number(session)]).toEqual([pid, pid]);
  });

  test("its environment is the engine's, with that of the template and of the endpoint", async () => {
    const run = await ready({
      command: 'env; echo the-end; exec sleep 1000',
      env: { A: 'x y', B: 3, C: true, PATH: '/usr/bin:/bin', HOTLOOM_TOKEN: 'mine' },
      ready: { log: '^the-end$' },
    });
    const lines = logOf(run).split('\n');
    expect(lines).toEqual(
      expect.arrayContaining(['A=x y', 'B=3', 'C=true', 'HOTLOOM_NAME=default.app.web', `HOME=${process.env.HOME}`]),
    );
    expect(lines).toContain(`HOTLOOM_ATTEMPT=${run.token}`);
    expect(lines.find((line) => line.startsWith('PATH='))).toMatch(/^PATH=.*\/bin:\/usr\/bin:\/bin$/);
    expect(lines).not.toContain('HOTLOOM_TOKEN=mine');
  });

  test('it runs in cwd, with its log relative to that', async () => {
    const run = await ready({
      command: 'pwd; exec sleep 1000',
      cwd: stack.directory,
      log_file: 'own.log',
      ready: { log: '.' },
    });
    expect(run.attributes.get('log_file')).toBe(join(stack.directory, 'own.log'));
    expect(logOf(run)).toBe(`${stack.directory}\n`);
    expect(statSync(join(stack.directory, 'own.log')).mode & 0o777).toBe(0o600);
  });

  test('a given log is continued, and its old lines make nothing ready; the default log is emptied', async () => {
    const log = join(stack.directory, 'own.log');
    writeFileSync(log, 'listening\n');
    const late = start({ command: SLEEP, log_file: log, ready: { log: 'listening' }, ready_timeout: 0.05 });
    await expect(late.done).rejects.toMatchObject({ code: 'ProcessFailed' });
    stack.engine.values.clear();
    expect(readFileSync(log, 'utf8')).toBe('listening\n');
    const first = await ready({ command: 'echo first; exec sleep 1000', ready: { log: 'first' } });
    expect(logOf(first)).toBe('first\n');
    await stack.delete(first);
    stack.engine.values.clear();
    const second = await ready({ command: 'echo second; exec sleep 1000', ready: { log: 'second' } });
    expect(logOf(second)).toBe('second\n');
  });

  test('the log of a resource with an odd name stays in its directory', async () => {
    const run = stack.start('Local::Process', '../..', { command: 'true' });
    await run.done;
    expect(run.attributes.get('log_file')).toBe(join(stack.directory, 'logs', 'default', 'app', '%2E.%2F...log'));
  });

  test.each([
    {
      command: ['/nowhere/x'],
      what: "The program '/nowhere/x' cannot be started.",
      why: 'There is no such program, or the interpreter that its first line names is missing.',
    },
    {
      command: ['/etc/passwd'],
      what: "The program '/etc/passwd' cannot be started.",
      why: 'The file cannot be executed: its mode does not allow it, or its file system is mounted with noexec.',
    },
    { command: ['a\0b'], what: "The program 'a\0b' cannot be started.", why: expect.stringContaining('null bytes') },
    {
      command: ['true'],
      cwd: '/nowhere',
      what: "The process cannot be started in '/nowhere'.",
      why: 'There is no such directory.',
    },
    {
      command: ['true'],
      log_file: '/etc/passwd/y',
      what: "The log '/etc/passwd/y' cannot be opened.",
      why: expect.stringContaining('EEXIST'),
    },
  ])('$what', async ({ what, why, ...properties }) => {
    const error = await start(properties).done.catch((thrown) => thrown);
    expect(isHotloomError(error, 'ProcessFailed')).toBe(true);
    expect({ what: error.what, why: error.why }).toEqual({ what, why });
  });

  test('a process that cannot be recorded does not live on', async () => {
    const pids: number[] = [];
    const run = start(
      { command: SLEEP },
      {
        onSetData: ({ pid }: { pid: number }) => {
          pids.push(pid);
          throw new Error('the store is full');
        },
      },
    );
    await expect(run.done).rejects.toThrow('the store is full');
    expect(pids.map(isAlive)).toEqual([false]);
  });
});

const SERVER = `
  const server = require('node:http').createServer((request, response) => {
    response.statusCode = request.url === '/health' ? 204 : 500;
    response.end();
  });
  server.listen(Number(process.argv[1]), '127.0.0.1');
`;

/** A port that is free now. */
async function freePort(): Promise<number> {
  const run = await stack.run('Local::Port', 'p', {});
  await stack.delete(run);
  return run.attributes.get('port') as number;
}

describe('ready', () => {
  test.each([
    { kind: 'tcp, a port', property: (port: number) => ({ tcp: port }) },
    { kind: 'tcp, a text', property: (port: number) => ({ tcp: `127.0.0.1:${port}` }) },
    { kind: 'tcp with a host', property: (port: number) => ({ tcp: String(port), host: 'localhost' }) },
    { kind: 'http', property: (port: number) => ({ http: `http://127.0.0.1:${port}/health` }) },
    { kind: 'both', property: (port: number) => ({ tcp: port, http: `http://127.0.0.1:${port}/health` }) },
  ])('$kind: when the server answers', async ({ property }) => {
    const port = await freePort();
    await ready({ command: [NODE, '-e', SERVER, String(port)], ready: property(port) });
    expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(204);
  });

  test('http: a status of 500 is no readiness', async () => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}/`;
    const run = start({
      command: [NODE, '-e', SERVER, String(port)],
      ready: { tcp: port, http: url },
      ready_timeout: 1,
    });
    await expect(run.done).rejects.toMatchObject({
      what: "The process of 'web' was not ready within 1 seconds.",
      why: expect.stringContaining(`${url} answers with a status of 200 to 299. It has printed nothing.`),
    });
  });

  test('log: when a complete line matches, on stdout or stderr', async () => {
    const run = await ready({
      command: 'printf "port 80"; printf "80\\nö listening\\n" >&2; exec sleep 1000',
      ready: { log: '^ö listening$' },
    });
    expect(logOf(run)).toBe('port 8080\nö listening\n');
  });

  test('publish: when the process has written what the template declares', async () => {
    const run = start(
      {
        command:
          'hotloom write address 127.0.0.1:80; hotloom read db.address; hotloom write role main; exec sleep 1000',
      },
      { outputs: { address: { schema: {} }, role: { schema: {} } } },
    );
    // The address is there while the process is blocked, and so is not ready.
    expect(await run.published('address')).toBe('127.0.0.1:80');
    await stack.engine.untilBlocked(1);
    expect(run.attributes.has('role')).toBe(false);
    stack.engine.write('default.app.db.address', 'db:1');
    await run.done;
    expect(run.attributes.get('role')).toBe('main');
  });

  test.each([
    { publish: true, what: "'web' is to be ready when it has published its outputs, and declares none." },
    { publish: ['adress'], what: "'web' is to be ready when it has published 'adress', which it does not declare." },
  ])('publish: $publish without a declaration is refused', async ({ publish, what }) => {
    await expect(start({ command: SLEEP, ready: { publish } }).done).rejects.toMatchObject({
      code: 'ProcessFailed',
      what,
    });
  });

  test.each([
    { ready: { tcp: 'here' }, what: "'here' is no TCP port." },
    { ready: { tcp: 70_000 }, what: "'70000' is no TCP port." },
    { ready: { http: 'ftp://x' }, what: "'ftp://x' is no URL of the HTTP protocol." },
    { ready: { log: '(' }, what: "'(' is no regular expression." },
  ])('$ready is refused', async ({ ready: property, what }) => {
    await expect(start({ command: SLEEP, ready: property }).done).rejects.toMatchObject({
      code: 'ProcessFailed',
      what,
    });
  });

  test('a process that ends before is a failure, with its code and the end of its output', async () => {
    const error = await start({
      command: 'for i in $(seq 30); do echo line $i; done; echo broken >&2; exit 3',
      ready: { log: 'never' },
    }).done.catch((thrown) => thrown);
    const lines = Array.from({ length: 19 }, (_, index) => `    line ${index + 12}`);
    expect(error.message).toBe(
      [
        "The process of 'web' ended before it was ready: exit code 3.",
        '  It was to be ready when a line of its output matches /never/. The end of its output:',
        ...lines,
        '    broken',
        `  Its whole output is in ${stack.directory}/logs/default/app/web.log.`,
      ].join('\n'),
    );
  });

  test('a process that is killed before is a failure, with the signal', async () => {
    await expect(start({ command: 'kill -9 $$', ready: { tcp: 1 } }).done).rejects.toMatchObject({
      what: "The process of 'web' ended before it was ready: signal SIGKILL.",
    });
  });

  test('a cancelled create ends at once with the reason; delete removes the process', async () => {
    const cancel = new AbortController();
    const run = start({ command: SLEEP, ready: { log: 'never' } }, { signal: cancel.signal });
    await run.published('started_at');
    cancel.abort(new Error('cancelled'));
    await expect(run.done).rejects.toThrow('cancelled');
    expect(isAlive(pidOf(run))).toBe(true);
    await stack.delete(run);
    expect(isAlive(pidOf(run))).toBe(false);
  });

  test('what was cancelled before it began starts nothing', async () => {
    const run = start({ command: SLEEP }, { signal: AbortSignal.abort(new Error('cancelled')) });
    await expect(run.done).rejects.toThrow('cancelled');
    expect(run.data).toEqual({});
  });
});

describe('delete', () => {
  test('stops the process by SIGTERM and waits for its end', async () => {
    const run = await ready({
      command: "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.01; done",
      ready: { log: 'up' },
    });
    await stack.delete(run);
    expect(logOf(run)).toContain('bye');
    expect(isAlive(pidOf(run))).toBe(false);
  });

  test('kills a process that ignores SIGTERM when its grace is over', async () => {
    const run = await ready({
      command: "trap '' TERM; echo up; while :; do sleep 0.01; done",
      ready: { log: 'up' },
      grace: 0.1,
    });
    await stack.delete(run);
    expect(isAlive(pidOf(run))).toBe(false);
  });

  test('stops a process that has been halted', async () => {
    const run = await ready({ command: SLEEP });
    process.kill(pidOf(run), 'SIGSTOP');
    await stack.delete(run);
    expect(isAlive(pidOf(run))).toBe(false);
  });

  test.each([
    { kind: 'in its group', command: 'sleep 1000 & sleep 1000 & echo up; wait' },
    { kind: 'in a session of their own', command: 'setsid sleep 1000 & setsid sleep 1000 & echo up; wait' },
    { kind: 'without the environment, in its group', command: 'env -i sleep 1000 & env -i sleep 1000 & echo up; wait' },
    {
      kind: 'without the environment, in a session of their own',
      command: "env -i setsid sh -c 'sleep 1000; true' & echo up; wait",
    },
    {
      kind: 'without the environment, in its session, whose parent has gone',
      command: "env -i sh -c 'set -m; sleep 1000 & sleep 1000 &'; echo up; exec sleep 1000",
    },
    {
      kind: 'without the environment, in a session of their own, which take no SIGTERM',
      command: 'env -i setsid sh -c \'trap "" TERM; sleep 1000; true\' & echo up; wait',
    },
  ])('stops descendants $kind', async ({ command }) => {
    const run = await ready({ command, ready: { log: 'up' }, grace: 0.5 });
    // Until each of them runs what it was made for.
    expect(await waitFor(() => allOf(run).length === 3, { clock: systemClock, timeoutMs: 5000 })).toBe(true);
    const pids = allOf(run);
    await stack.delete(run);
    expect(pids.filter(isAlive)).toEqual([]);
  });

  test('leaves alone what a process of it has started for another attempt', async () => {
    const run = await ready({
      command: 'HOTLOOM_ATTEMPT=other setsid sleep 1000 & echo up; wait',
      ready: { log: 'up' },
    });
    const others = () => findAttempt({ token: 'other', leader: undefined });
    expect(await waitFor(() => others().pids.length === 1, { clock: systemClock, timeoutMs: 5000 })).toBe(true);
    await stack.delete(run);
    expect(others().pids).toHaveLength(1);
    await stopAttempt({ token: 'other', leader: undefined }, { clock: systemClock, graceMs: 0 });
  });

  test('stops the group of a leader that has gone', async () => {
    const run = await ready({ command: 'sleep 1000 & echo up' });
    const pid = pidOf(run);
    expect(await waitFor(() => !isAlive(pid), { clock: systemClock, timeoutMs: 5000 })).toBe(true);
    expect(pidsOf(run)).toHaveLength(1);
    await stack.delete(run);
    expect(pidsOf(run)).toEqual([]);
  });

  test('is content when the process has died already', async () => {
    const run = await ready({ command: SLEEP });
    process.kill(-pidOf(run), 'SIGKILL');
    await stack.delete(run);
    await stack.delete(run);
  });

  test('never kills a recycled pid', async () => {
    const run = await ready({ command: SLEEP });
    await stack.delete(run);
    const stranger = spawn('sleep', ['1000'], { detached: true });
    const pid = stranger.pid as number;
    const begin = processStart(pid) as string;
    // The record names the stranger's pid, but the start of the process that had it before.
    await stack.delete(run, { data: { ...run.data, pid } });
    expect(isRunning(pid, begin)).toBe(true);
    stranger.kill('SIGKILL');
    await once(stranger, 'exit');
  });

  test('finds what an attempt has started that was never recorded', async () => {
    const run = await ready({ command: SLEEP });
    expect(stack.lookup(run)).toBe(String(pidOf(run)));
    await stack.delete(run, { resourceId: undefined, data: {} });
    expect(isAlive(pidOf(run))).toBe(false);
    expect(stack.lookup(run)).toBe(undefined);
  });

  test('an attempt that made nothing leaves nothing to do', async () => {
    const run = start({ command: ['/nowhere/x'] });
    await run.done.catch(() => {});
    await stack.delete(run);
  });
});

test('a process that was there already is taken by its pid, suspended alone, and left running', async () => {
  const child = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
  const pid = child.pid as number;
  const engine = new Engine({ types: stack.types });
  const templateOf = (id: string) => ({
    heat_template_version: '2021-04-16',
    resources: { web: { type: 'Local::Process', external_id: id } },
    outputs: { id: { value: { get_resource: 'web' } } },
  });
  expect((await engine.create({ stack: 's', template: templateOf(String(pid)) })).outputs).toEqual({ id: String(pid) });
  await engine.suspend({ stack: 's' });
  expect(isStopped(pid)).toBe(true);
  await engine.resume({ stack: 's' });
  expect(await waitFor(() => !isStopped(pid), { clock: systemClock, timeoutMs: 5000 })).toBe(true);
  await engine.delete({ stack: 's' });
  expect(isAlive(pid)).toBe(true);
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
  await expect(engine.create({ stack: 't', template: templateOf(String(pid)) })).rejects.toThrow(
    "The process of 'web' does not run any more.",
  );
  await engine.close();
});

describe('suspend', () => {
  const forks = 'sleep 1000 & setsid sleep 1000 & env -i setsid sleep 1000 & echo up; wait';

  test('stops the process with all that it has started, and resume lets them go on', async () => {
    const run = await ready({ command: forks, ready: { log: 'up' } });
    await stack.ask('suspend', run);
    expect(allOf(run).filter(isStopped)).toHaveLength(4);
    await stack.ask('suspend', run);
    await stack.ask('resume', run);
    const areAwake = () => allOf(run).every((pid) => !isStopped(pid));
    expect(await waitFor(areAwake, { clock: systemClock, timeoutMs: 5000 })).toBe(true);
    await stack.ask('resume', run);
  });

  test('is told by check when nobody has asked for it', async () => {
    const run = await ready({ command: SLEEP });
    await stack.ask('suspend', run);
    expect(await stack.ask('check', run, true)).toBeUndefined();
    await expect(stack.ask('check', run)).rejects.toThrow(`The process of 'web' is stopped.
  Somebody has sent SIGSTOP or the like to process ${pidOf(run)}.
  Let it go on: kill -CONT ${pidOf(run)}. Or update the stack: it is started again.`);
    await stack.ask('resume', run);
    expect(await stack.ask('check', run)).toBeUndefined();
  });

  test('leaves nothing in the way of delete', async () => {
    const run = await ready({ command: forks, ready: { log: 'up' } });
    await stack.ask('suspend', run);
    await stack.delete(run);
    expect(pidsOf(run)).toEqual([]);
  });

  test.each(['suspend', 'resume'] as const)(
    '%s never touches a recycled pid, and says that the process has gone',
    async (what) => {
      const run = await ready({ command: SLEEP });
      process.kill(-pidOf(run), 'SIGKILL');
      expect(await waitFor(() => !isAlive(pidOf(run)), { clock: systemClock, timeoutMs: 5000 })).toBe(true);
      // Another process has the pid now, as the record tells it.
      const other = await stack.run('Local::Process', 'other', { command: SLEEP, grace: 5 });
      run.data = { ...run.data, pid: pidOf(other), start: 'before' };
      await expect(stack.ask(what, run)).rejects.toThrow("The process of 'web' does not run any more.");
      expect(isStopped(pidOf(other))).toBe(false);
    },
  );
});

test('a process takes over a port that is held for it', async () => {
  const port = await stack.run('Local::Port', 'p', {});
  const number = port.attributes.get('port') as number;
  await ready({
    command: [NODE, '-e', SERVER, String(number)],
    ports: [port.attributes.get('refid')],
    ready: { http: `http://${port.attributes.get('address')}/health` },
  });
});

test('a process outlives the engine that has started it', async () => {
  const run = await ready({ command: SLEEP });
  // Nothing of it keeps this process alive: neither the child nor its output.
  const kinds = process.getActiveResourcesInfo();
  expect(kinds.filter((kind) => kind === 'ProcessWrap')).toEqual([]);
  expect(isAlive(pidOf(run))).toBe(true);
});
