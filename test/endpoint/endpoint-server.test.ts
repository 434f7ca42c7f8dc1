import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  type EndpointReply,
  requestCancel,
  requestRead,
  requestSignal,
  requestWaiting,
  requestWrite,
} from '../../src/endpoint/client.ts';
import { EndpointServer } from '../../src/endpoint/endpoint-server.ts';
import { isHotloomError } from '../../src/errors.ts';
import type { WaitingRead } from '../../src/events.ts';
import type { EndpointAccess, ResourceIdentity } from '../../src/resource/handler.ts';
import { type BuiltCommand, buildCommand } from './built-command.ts';
import { EngineDouble } from './engine-double.ts';

const WEB: ResourceIdentity = {
  space: 'default',
  stack: 'app',
  stackId: '0',
  name: 'web',
  type: 'Local::Process',
  physicalName: 'app-web-0',
};

let built: BuiltCommand;
let directory: string;
let engine: EngineDouble;
let server: EndpointServer;
let access: EndpointAccess;

beforeAll(async () => {
  built = await buildCommand();
});
afterAll(() => built.remove());

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ep-'));
  engine = new EngineDouble();
  server = new EndpointServer({
    ...engineOptions(engine),
    directory,
    commandFile: built.commandFile,
    maxValueBytes: 1000,
  });
  access = await server.open(WEB);
});

afterEach(async () => {
  await server.close();
  // The socket and the command are gone, and nothing is blocked.
  expect(readdirSync(directory)).toEqual([]);
  expect(engine.blockedReads).toBe(0);
  await rm(directory, { recursive: true });
});

function engineOptions({ onRead, onTryRead, onWrite, onSignal, onSignalOf, onWaiting, onCancel }: EngineDouble) {
  return { onRead, onTryRead, onWrite, onSignal, onSignalOf, onWaiting, onCancel };
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

function ask(
  method: string,
  path: string,
  options: { token?: string; body?: string; headers?: object } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const authorization = options.token === '' ? {} : { Authorization: `Bearer ${options.token ?? access.token}` };
    const headers = { ...authorization, ...options.headers };
    const request = httpRequest({ socketPath: access.socket, method, path, headers, agent: false }, (response) =>
      text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject),
    );
    request.on('error', reject);
    request.end(options.body);
  });
}

const read = (name: string, wait = true): Promise<EndpointReply> => requestRead(access, name, { as: 'json', wait });

describe('the socket', () => {
  test('only the user may enter its directory and connect to it', () => {
    expect(statSync(dirname(access.socket)).mode & 0o777).toBe(0o700);
    expect(statSync(access.socket).mode & 0o777).toBe(0o600);
  });

  test('is one for all resources of an engine, with a token for each', async () => {
    const other = await server.open({ ...WEB, name: 'db' });
    expect(other.socket).toBe(access.socket);
    expect(other.token).not.toBe(access.token);
  });

  test('the environment has socket, token, the own name, and a PATH with the command in front', () => {
    expect(access.environment).toEqual({
      HOTLOOM_SOCKET: access.socket,
      HOTLOOM_TOKEN: access.token,
      HOTLOOM_NAME: 'default.app.web',
      PATH: `${access.commandDirectory}:${process.env.PATH}`,
    });
    expect(readdirSync(access.commandDirectory)).toEqual(['hotloom']);
  });

  test('a server that was never used makes nothing', async () => {
    const unused = join(directory, 'unused');
    await new EndpointServer({ ...engineOptions(engine), directory: unused }).close();
    expect(existsSync(unused)).toBe(false);
  });

  test('the directory of an engine that was killed is removed by the next one, that of a living one is not', async () => {
    const dead = join(directory, 'hotloom-DEAD00');
    mkdirSync(join(dead, 'bin'), { recursive: true });
    writeFileSync(join(dead, 'bin', 'hotloom'), '');
    const killed = `require('node:net').createServer().listen('${dead}/socket', () => process.kill(process.pid, 'SIGKILL'))`;
    await new Promise((resolve) => execFile(process.execPath, ['-e', killed], resolve));
    expect(existsSync(join(dead, 'socket'))).toBe(true);
    const left = async (): Promise<readonly string[]> => {
      const next = new EndpointServer({ ...engineOptions(engine), directory });
      const own = [access.socket, (await next.open(WEB)).socket].map((socket) => basename(dirname(socket)));
      const others = readdirSync(directory).filter((name) => !own.includes(name));
      await next.close();
      return others;
    };
    // A socket that is only just there may be one to which nobody can connect yet.
    expect(await left()).toEqual(['hotloom-DEAD00']);
    utimesSync(dead, new Date(0), new Date(0));
    expect(await left()).toEqual([]);
    expect(existsSync(access.socket)).toBe(true);
  });

  test('a path that is too long for a socket is refused with its reason, and leaves nothing', async () => {
    const deep = await mkdtemp(join(directory, 'x'.repeat(90)));
    const refused = await new EndpointServer({ ...engineOptions(engine), directory: deep }).open(WEB).catch((e) => e);
    expect(isHotloomError(refused, 'EndpointUnreachable')).toBe(true);
    expect(refused.why).toMatch(/^The path of a Unix socket has at most \d+ bytes here, and this one has \d+\.$/);
    expect(readdirSync(deep)).toEqual([]);
    await rm(deep, { recursive: true });
  });

  test('a directory that is not there is refused', async () => {
    const refused = await new EndpointServer({ ...engineOptions(engine), directory: '/nowhere' })
      .open(WEB)
      .catch((e) => e);
    expect(refused.what).toBe("The endpoint for running processes cannot be made at '/nowhere'.");
  });

  test('what could not be made is made as soon as it can be, and closing takes no harm from it', async () => {
    const late = join(directory, 'late');
    const [patient, hopeless] = [0, 1].map(() => new EndpointServer({ ...engineOptions(engine), directory: late }));
    await expect(patient?.open(WEB)).rejects.toThrow('cannot be made');
    await expect(hopeless?.open(WEB)).rejects.toThrow('cannot be made');
    await hopeless?.close();
    mkdirSync(late);
    const { socket } = (await patient?.open(WEB)) ?? {};
    expect(existsSync(socket as string)).toBe(true);
    await patient?.close();
    expect(readdirSync(late)).toEqual([]);
    await rm(late, { recursive: true });
  });
});

describe('reading', () => {
  test.each([
    { name: 'db.address', key: 'default.app.db.address' },
    { name: 'other.db.address', key: 'default.other.db.address' },
    { name: 'prod.other.db.address', key: 'prod.other.db.address' },
    { name: 'address', key: 'default.app.web.address' },
    { name: 'a\\.b.d/b?%.ü', key: 'default.a\\.b.d/b?%.ü' },
    { name: 'a\\.b', key: 'default.app.web.a\\.b' },
  ])('$name means $key', async ({ name, key }) => {
    engine.write(key, 'there');
    expect(await read(name)).toEqual({ kind: 'done', body: '"there"' });
  });

  test.each([
    { value: 'a b\n', json: '"a b\\n"', shell: 'a b\n\n' },
    { value: '', json: '""', shell: '\n' },
    { value: 0, json: '0', shell: '0\n' },
    { value: false, json: 'false', shell: 'false\n' },
    { value: null, json: 'null', shell: 'null\n' },
    { value: ['ü', { b: 1 }], json: '["ü",{"b":1}]', shell: '["ü",{"b":1}]\n' },
  ])('$json as JSON and as text', async ({ value, json, shell }) => {
    engine.write('default.app.db.x', value);
    expect(await read('db.x')).toEqual({ kind: 'done', body: json });
    expect(await requestRead(access, 'db.x', { as: 'text', wait: true })).toEqual({ kind: 'done', body: shell });
  });

  test('blocks until the name is written', async () => {
    const reading = read('db.address');
    await engine.untilBlocked(1);
    engine.write('default.app.db.address', 'db:1');
    expect(await reading).toEqual({ kind: 'done', body: '"db:1"' });
  });

  test('does not block when it is told not to wait', async () => {
    expect(await read('db.address', false)).toEqual({ kind: 'absent' });
    engine.write('default.app.db.address', 1);
    expect(await read('db.address', false)).toEqual({ kind: 'done', body: '1' });
  });

  test('is released when the writer fails', async () => {
    const reading = read('db.address');
    await engine.untilBlocked(1);
    engine.fail('default.app.db.address');
    expect(await reading).toEqual({
      kind: 'failed',
      failure: {
        code: 'WriterFailed',
        what: "'default.app.db.address' will not be written.",
        why: 'Its writer failed.',
        fix: 'Look at it.',
      },
    });
    expect(await read('db.address', false)).toMatchObject({ kind: 'failed', failure: { code: 'WriterFailed' } });
  });

  test('is given up when the client disconnects', async () => {
    const reading = requestRead(access, 'db.address', { as: 'json', wait: true, signal: abortLater() });
    await expect(reading).rejects.toThrow('enough');
    await engine.untilBlocked(0);
  });

  function abortLater(): AbortSignal {
    const controller = new AbortController();
    engine.untilBlocked(1).then(() => controller.abort(new Error('enough')));
    return controller.signal;
  }

  test('is released when the token is revoked, which then is not valid any more', async () => {
    const reading = read('db.address');
    await engine.untilBlocked(1);
    server.revoke(access.token);
    expect(await reading).toMatchObject({
      kind: 'failed',
      failure: { code: 'ReadAborted', what: 'The run of this resource has ended.' },
    });
    expect(await read('db.address')).toMatchObject({ kind: 'failed', failure: { code: 'EndpointRefused' } });
  });

  test('is released when the server closes, and then nobody answers', async () => {
    const reading = read('db.address');
    await engine.untilBlocked(1);
    await server.close();
    expect(await reading).toMatchObject({ kind: 'failed', failure: { code: 'ReadAborted' } });
    expect(await read('db.address')).toMatchObject({ kind: 'failed', failure: { code: 'EndpointUnreachable' } });
  });

  test('a request that comes while the server is closing is told that the engine is ending', async () => {
    let closing: Promise<void> | undefined;
    const ending: EndpointServer = new EndpointServer({
      ...engineOptions(engine),
      directory,
      commandFile: built.commandFile,
      onWaiting: () => {
        closing = ending.close();
        return [];
      },
    });
    const { socket, token } = await ending.openForObservers();
    const request = `GET /waiting/default/app HTTP/1.1\r\nHost: hotloom\r\nAuthorization: Bearer ${token}\r\n\r\n`;
    // In one piece, so that the second request is met in the turn in which the first one has the server closed.
    const connection = connect(socket);
    connection.end(`${request}${request}`);
    const answers = await text(connection);
    await closing;
    expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 503']);
    expect(answers).toContain('{"code":"EndpointUnreachable","what":"The engine that was asked is just ending."');
  });

  test('close ends although a client does not take its answer', async () => {
    const patient = new EndpointServer({ ...engineOptions(engine), directory, commandFile: built.commandFile });
    const { socket, token } = await patient.open(WEB);
    engine.write('default.app.db.large', 'x'.repeat(8_000_000));
    const client = connect(socket);
    client.write(`GET /values/db.large HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`);
    await new Promise((resolve) => client.once('readable', resolve));
    await patient.close();
    client.destroy();
  });
});

describe('writing', () => {
  test.each([
    { name: 'address', key: 'default.app.web.address' },
    { name: 'web.address', key: 'default.app.web.address' },
    { name: 'default.app.web.address', key: 'default.app.web.address' },
  ])('$name writes $key', async ({ name, key }) => {
    expect(await requestWrite(access, name, 'a\nb', { as: 'text' })).toEqual({ kind: 'done', body: '' });
    expect([...engine.values]).toEqual([[key, 'a\nb']]);
  });

  test('JSON is written as what it means', async () => {
    await requestWrite(access, 'x', '{"a":[1,null]}', { as: 'json' });
    expect(engine.values.get('default.app.web.x')).toEqual({ a: [1, null] });
  });
});

describe('what is refused', () => {
  test.each<{
    what: string;
    method?: string;
    path?: string;
    status: number;
    code: string;
    token?: string;
    body?: string;
  }>([
    { what: 'The request bears no token.', token: '', status: 401, code: 'EndpointRefused' },
    { what: 'The token of the request is not valid.', token: 'f'.repeat(64), status: 401, code: 'EndpointRefused' },
    { what: "There is nothing at '/'.", path: '/', status: 404, code: 'EndpointRefused' },
    { what: "There is nothing at '//[/'.", path: '//[/', status: 404, code: 'EndpointRefused' },
    { what: 'DELETE cannot be done with a value.', method: 'DELETE', status: 405, code: 'EndpointRefused' },
    { what: "'a.b.c.d.e' is not the name of a value.", path: '/values/a.b.c.d.e', status: 400, code: 'InvalidName' },
    { what: "'' is not the name of a value.", path: '/values/', status: 400, code: 'InvalidName' },
    { what: "'a..b' is not the name of a value.", path: '/values/a..b', status: 400, code: 'InvalidName' },
    { what: "'web.a\\b' is not the name of a value.", path: '/values/web.a%5Cb', status: 400, code: 'InvalidName' },
    {
      what: "The name '%zz' is not encoded as a part of a URL.",
      path: '/values/%zz',
      status: 400,
      code: 'EndpointRefused',
    },
    {
      what: "'default.other.web.x' belongs to another stack.",
      method: 'PUT',
      path: '/values/other.web.x',
      body: '1',
      status: 403,
      code: 'NotTheWriter',
    },
    {
      what: "'default.app.web.taken' is written already.",
      method: 'PUT',
      path: '/values/taken',
      body: '2',
      status: 409,
      code: 'ConflictingWrite',
    },
    {
      what: "There is no signal by such a request to '/signals/a/b'.",
      method: 'POST',
      path: '/signals/a/b',
      status: 405,
      code: 'EndpointRefused',
    },
    {
      what: "There is no signal by such a request to '/signals/a'.",
      path: '/signals/a',
      status: 405,
      code: 'EndpointRefused',
    },
    {
      what: 'The value has 1002 bytes; at most 1000 can be written.',
      method: 'PUT',
      path: '/values/x',
      body: `"${'x'.repeat(1000)}"`,
      status: 413,
      code: 'EndpointRefused',
    },
    {
      what: 'The value has 3000000 bytes; at most 1000 can be written.',
      method: 'PUT',
      path: '/values/x',
      body: 'x'.repeat(3e6),
      status: 413,
      code: 'EndpointRefused',
    },
  ])('$status $what', async ({ what, method = 'GET', path = '/values/x', status, code, token, body }) => {
    engine.write('default.app.web.taken', 1);
    const answer = await ask(method, path, {
      ...(token === undefined ? {} : { token }),
      ...(body === undefined ? {} : { body }),
    });
    const told = JSON.parse(answer.body);
    expect({ status: answer.status, code: told.code, what: told.what }).toEqual({ status, code, what });
    expect(engine.values.size).toBe(1);
  });

  test('a value that is not JSON, with the way to write a text', async () => {
    const answer = await ask('PUT', '/values/x', { body: '127.0.0.1' });
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toEqual({
      code: 'EndpointRefused',
      what: expect.stringMatching(/^The value is not JSON: /),
      why: 'Values are JSON unless the request says that its content is text.',
      fix: "Put a text into double quotes, or send it with the header 'Content-Type: text/plain'.",
    });
  });

  test('what is no HTTP at all closes the connection and harms nobody', async () => {
    const client = connect(access.socket);
    client.end('\u0000\u0001 rubbish\r\n\r\n');
    expect(await text(client)).toMatch(/^HTTP\/1.1 400 /);
    engine.write('default.app.db.x', 1);
    expect(await read('db.x')).toEqual({ kind: 'done', body: '1' });
  });

  test("an error that is nobody's fault but the engine's asks for a report", async () => {
    const broken = new EndpointServer({
      ...engineOptions(engine),
      directory,
      commandFile: built.commandFile,
      onTryRead: () => Promise.reject(new TypeError('x is not a function')),
    });
    const own = await broken.open(WEB);
    expect(await requestRead(own, 'x', { as: 'json', wait: false })).toEqual({
      kind: 'failed',
      failure: {
        code: 'InternalError',
        what: 'x is not a function',
        why: 'This is a bug in Hotloom.',
        fix: 'Please report it with the template and this text.',
      },
    });
    await broken.close();
  });
});

describe('the command in a script', () => {
  interface Run {
    readonly code: number | null;
    readonly stdout: string;
    readonly stderr: string;
  }

  /** Runs a shell script with the endpoint's environment; `curl: false` hides curl from it. */
  function shell(
    script: string,
    options: { readonly curl?: boolean; readonly environment?: object } = {},
  ): Promise<Run> {
    const PATH = options.curl === false ? access.commandDirectory : access.environment.PATH;
    return new Promise((resolve) => {
      execFile(
        '/bin/sh',
        ['-c', script],
        { env: { ...access.environment, PATH, ...options.environment } },
        (error, stdout, stderr) =>
          resolve({ code: error === null ? 0 : (error.code as unknown as number), stdout, stderr }),
      );
    });
  }

  describe.each([{ curl: true }, { curl: false }])('with curl: $curl', ({ curl }) => {
    test.each([
      { script: 'hotloom read db.text', stdout: 'a b\n' },
      { script: 'hotloom read db.list', stdout: '[1,"x"]\n' },
      { script: 'hotloom read --json db.text', stdout: '"a b"\n' },
      { script: 'hotloom read db.text --json', stdout: '"a b"\n' },
      { script: 'hotloom read --try db.text', stdout: 'a b\n' },
      { script: 'hotloom read --timeout=5 "db.ü \\. x"', stdout: 'odd\n' },
      { script: 'x=$(hotloom read db.text); echo "<$x>"', stdout: '<a b>\n' },
    ])('$script', async ({ script, stdout }) => {
      engine.write('default.app.db.text', 'a b');
      engine.write('default.app.db.list', [1, 'x']);
      engine.write('default.app.db.ü \\. x', 'odd');
      expect(await shell(script, { curl })).toEqual({ code: 0, stdout, stderr: '' });
    });

    test.each([
      { script: 'hotloom write address 127.0.0.1:80', key: 'address', value: '127.0.0.1:80' },
      { script: "hotloom write x '@a b\n\"'", key: 'x', value: '@a b\n"' },
      { script: "hotloom write x ''", key: 'x', value: '' },
      { script: 'hotloom write x -5', key: 'x', value: '-5' },
      { script: 'hotloom write --json x -5', key: 'x', value: -5 },
      { script: 'hotloom write x -- --json', key: 'x', value: '--json' },
      { script: "printf 'a\\n' | hotloom write x -", key: 'x', value: 'a\n' },
      { script: "hotloom write x --json '[1]'", key: 'x', value: [1] },
      { script: "hotloom write 'a\\.b' 1", key: 'a\\.b', value: '1' },
    ])('$script', async ({ script, key, value }) => {
      expect(await shell(script, { curl })).toEqual({
        code: 0,
        stdout: '',
        stderr: '',
      });
      expect([...engine.values]).toEqual([[`default.app.web.${key}`, value]]);
    });

    test('a read blocks in the middle of a script', async () => {
      const running = shell('echo before; hotloom read db.address; echo after', { curl });
      await engine.untilBlocked(1);
      engine.write('default.app.db.address', 'db:1');
      expect(await running).toEqual({ code: 0, stdout: 'before\ndb:1\nafter\n', stderr: '' });
    });

    test('a read that is refused while it waits is not read again for the words', async () => {
      const running = shell('hotloom read db.address; echo "<$?>"', { curl });
      await engine.untilBlocked(1);
      engine.fail('default.app.db.address');
      const { stdout, stderr } = await running;
      expect([stdout, stderr.split('\n')[0]]).toEqual([
        '<1>\n',
        "WriterFailed: 'default.app.db.address' will not be written.",
      ]);
      expect(engine.reads).toEqual(['default.app.db.address']);
    });

    test('an error goes to stderr, in full sentences', async () => {
      expect(await shell('hotloom write other.web.x 1', { curl })).toEqual({
        code: 1,
        stdout: '',
        stderr:
          "NotTheWriter: 'default.other.web.x' belongs to another stack.\n" +
          "  This process belongs to the stack 'app'.\n  Write a name of the own stack.\n",
      });
    });
  });

  test.each([
    { script: 'hotloom signal handle', signal: 'handle' },
    { script: `hotloom signal group/0 --data '{"a": [1]}'`, signal: 'group/0 {"a":[1]}' },
    { script: `hotloom signal --data='"up"' handle`, signal: 'handle "up"' },
    { script: `printf '{"id": 1}' | hotloom signal handle --data-file -`, signal: 'handle {"id":1}' },
    { script: `hotloom signal --data 7 -- -odd`, signal: '-odd 7' },
  ])('$script', async ({ script, signal }) => {
    expect(await shell(script)).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(engine.signals).toEqual([signal]);
  });

  test.each([
    { script: 'hotloom signal', code: 2, stderr: 'usage: hotloom read' },
    { script: 'hotloom signal --loud handle', code: 2, stderr: 'usage: hotloom read' },
    { script: 'hotloom signal handle --data 1 --data 2', code: 2, stderr: 'usage: hotloom read' },
    {
      script: 'hotloom signal handle --data-file gone.json',
      code: 2,
      stderr: "ENOENT: no such file or directory, open 'gone.json'",
    },
    { script: 'hotloom signal handle --data {x', code: 1, stderr: 'EndpointRefused: The value is not JSON' },
  ])('$script is refused', async ({ script, code, stderr }) => {
    const ended = await shell(script);
    expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code, stdout: '' });
    expect(ended.stderr).toContain(stderr);
    expect(engine.signals).toEqual([]);
  });

  test('--try leaves with 3 when nothing is there, and says nothing', async () => {
    expect(await shell('hotloom read --try db.x')).toEqual({ code: 3, stdout: '', stderr: '' });
  });

  test('--timeout leaves with 3 when nothing came', async () => {
    expect(await shell('hotloom read --timeout 0.01 db.x')).toEqual({
      code: 3,
      stdout: '',
      stderr: "'db.x' was not written within 0.01 seconds.\n",
    });
  });

  test('a blocked command that is killed gives its read up', async () => {
    const child = spawn('hotloom', ['read', 'db.x'], { env: { ...access.environment }, stdio: 'ignore' });
    await engine.untilBlocked(1);
    child.kill('SIGTERM');
    await new Promise((resolve) => child.once('exit', resolve));
    await engine.untilBlocked(0);
  });

  test.each([
    'hotloom read',
    'hotloom read a b',
    'hotloom write a',
    'hotloom write a b c',
    'hotloom read --wrong a',
    'hotloom write --try a b',
    'hotloom read --timeout soon a',
    'hotloom read --timeout',
  ])('%s is a wrong use', async (script) => {
    const { code, stdout, stderr } = await shell(script);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^usage: hotloom read/);
  });

  test.each([
    { script: 'hotloom list --json', environment: {} },
    { script: 'hotloom read --help', environment: {} },
    { script: 'hotloom read db.x', environment: { HOTLOOM_SOCKET: '' } },
  ])('$script with $environment is left to the whole command line', async ({ script, environment }) => {
    expect(await shell(script, { environment })).toEqual({
      code: 0,
      stdout: `whole command line: ${script.slice('hotloom '.length)}\n`,
      stderr: '',
    });
  });

  test('a wrong token and a dead socket are told', async () => {
    expect((await shell('hotloom read db.x', { environment: { HOTLOOM_TOKEN: 'no' } })).stderr).toBe(
      'EndpointRefused: The token of the request is not valid.\n' +
        '  A token belongs to one run of one resource, and is valid until that run has ended.\n' +
        "  Send the header 'Authorization: Bearer' with the content of the variable HOTLOOM_TOKEN.\n",
    );
    expect((await shell('hotloom read db.x', { environment: { HOTLOOM_SOCKET: '/nowhere' } })).stderr).toBe(
      "EndpointUnreachable: No engine answers at the socket '/nowhere'.\n" +
        '  The system says: connect ENOENT /nowhere. An engine answers while the action runs that started this process.\n' +
        '  Read and write before the action ends; afterwards use the command line of Hotloom on its store.\n',
    );
  });

  test('any HTTP client can be used', async () => {
    const url =
      'curl -s --unix-socket "$HOTLOOM_SOCKET" -H "Authorization: Bearer $HOTLOOM_TOKEN" http://hotloom/values';
    expect(await shell(`${url}/address -X PUT -d '"web:1"'; ${url}/web.address`)).toEqual({
      code: 0,
      stdout: '"web:1"',
      stderr: '',
    });
  });
});

describe("the engine's own token", () => {
  const waiting: WaitingRead = {
    reader: 'web',
    input: 'url',
    name: ['default', 'app', 'db', 'url'],
    since: 1,
    writer: 'running',
    reason: 'at work',
  };

  test('opens the list of blocked reads, and no value', async () => {
    const asked: string[] = [];
    const observed = new EndpointServer({
      ...engineOptions(engine),
      directory,
      commandFile: built.commandFile,
      onWaiting: (space, stack) => {
        asked.push(`${space} ${stack}`);
        return [waiting];
      },
      onCancel: async (space, stack, rollback) => void asked.push(`cancel ${space} ${stack} ${rollback}`),
    });
    const own = await observed.openForObservers();
    const reply = await requestWaiting(own, 'default', 'app/with slash');
    expect(reply).toEqual({ kind: 'done', body: JSON.stringify([waiting]) });
    expect(asked).toEqual(['default app/with slash']);
    expect(await requestRead(own, 'x', { as: 'json', wait: false })).toEqual({ kind: 'absent' });
    expect(await requestSignal(own, ['default', 'app/with slash', 'group/0'], '{"a":1}')).toEqual({
      kind: 'done',
      body: '"signalled"',
    });
    expect(engine.signals).toEqual(['default app/with slash group/0 {"a":1}']);
    expect(await requestSignal(own, ['default', 'app'], '')).toMatchObject({ kind: 'failed' });
    expect(await requestCancel(own, 'default', 'app/with slash', true)).toEqual({ kind: 'done', body: '' });
    expect(asked.slice(1)).toEqual(['cancel default app/with slash true']);
    const resource = await observed.open(WEB);
    expect(await requestCancel(resource, 'default', 'app', true)).toMatchObject({ kind: 'absent' });
    expect(asked).toHaveLength(2);
    expect(await requestWaiting(resource, 'default', 'app')).toEqual({ kind: 'absent' });
    await observed.close();
  });
});
