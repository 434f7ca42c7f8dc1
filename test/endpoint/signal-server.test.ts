import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { SignalServer } from '../../src/endpoint/signal-server.ts';
import { NotSupported, ResourceFailure } from '../../src/errors.ts';
import { signalUrl } from '../../src/resource/signal-url.ts';
import type { Json } from '../../src/values.ts';

const TARGET = { space: 'a space', stack: 'a/b', stackId: 'id', name: 'group/0' };
const TOKEN = 'f00d';

describe('the server of signals', () => {
  let server: SignalServer;
  let signals: Json[];
  let url: string;
  let signedUrl: string;
  beforeEach(async () => {
    signals = [];
    server = new SignalServer({
      onSignal: async (target, token, data) => {
        expect(target).toEqual(TARGET);
        if (token !== TOKEN) return undefined;
        if (data === 'bad') throw new ResourceFailure({ what: 'SignalInvalid: it is bad', why: 'why', fix: 'fix' });
        if (data === 'late') throw new NotSupported({ what: 'Signal resource during DELETE is not supported.' });
        signals.push(data ?? 'nothing');
        return 'Signal: taken';
      },
    });
    ({ url, signedUrl } = signalUrl(TARGET, { ...(await server.open()), token: TOKEN }));
  });
  afterEach(() => server.close());

  const withToken = { 'X-Auth-Token': TOKEN };

  test.each<{ how: string; init: RequestInit; isSigned?: boolean; taken: Json }>([
    {
      how: 'POST',
      init: { method: 'POST', headers: withToken, body: '{"status": "SUCCESS"}' },
      taken: { status: 'SUCCESS' },
    },
    { how: 'PUT', init: { method: 'PUT', headers: withToken, body: '7' }, taken: 7 },
    { how: 'a bearer', init: { method: 'POST', headers: { Authorization: `Bearer ${TOKEN}` } }, taken: 'nothing' },
    { how: 'the token in the URL', init: { method: 'PUT', body: ' \n' }, isSigned: true, taken: 'nothing' },
    {
      how: 'a form as curl names it',
      init: {
        method: 'POST',
        headers: { ...withToken, 'Content-Type': 'application/x-www-form-urlencoded' },
        body: '{}',
      },
      taken: {},
    },
  ])('takes a signal by $how', async ({ init, isSigned, taken }) => {
    const response = await fetch(isSigned === true ? signedUrl : url, init);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ signal: 'Signal: taken' });
    expect(signals).toEqual([taken]);
  });

  test.each<{ what: string; status: number; path?: string; init: RequestInit }>([
    { what: 'The signal bears no token.', status: 401, init: { method: 'POST' } },
    {
      what: 'No resource of that name bears the token of the signal.',
      status: 401,
      init: { method: 'POST', headers: { 'X-Auth-Token': 'beef' } },
    },
    { what: 'GET cannot be done with a signal.', status: 405, init: { headers: withToken } },
    { what: "There is nothing at '/v1/x/stacks/y'.", status: 404, path: '/v1/x/stacks/y', init: { method: 'POST' } },
    { what: "There is nothing at '/%zz'.", status: 404, path: '/%zz', init: { method: 'POST' } },
    {
      what: 'The signal has 1048577 bytes; at most 1048576 are taken.',
      status: 413,
      init: { method: 'POST', headers: withToken, body: '1'.repeat(1_048_577) },
    },
    { what: 'SignalInvalid: it is bad', status: 400, init: { method: 'POST', headers: withToken, body: '"bad"' } },
    {
      what: 'Signal resource during DELETE is not supported.',
      status: 409,
      init: { method: 'POST', headers: withToken, body: '"late"' },
    },
  ])('answers $status: $what', async ({ what, status, path, init }) => {
    const response = await fetch(path === undefined ? url : new URL(path, url), init);
    expect({ status: response.status, ...((await response.json()) as object) }).toMatchObject({ status, what });
    expect(signals).toEqual([]);
  });

  test('a body that is no JSON is told where it is wrong', async () => {
    const response = await fetch(url, { method: 'POST', headers: withToken, body: '{"status": SUCCESS}' });
    expect(response.status).toBe(400);
    expect(((await response.json()) as { what: string }).what).toMatch(
      /^The signal's data is not JSON: Unexpected token/,
    );
  });

  test('closes connections that are kept alive, and frees its port', async () => {
    const { port } = new URL(url);
    const socket = connect(Number(port), '127.0.0.1');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    const answered = new Promise((resolve) => socket.once('data', resolve));
    socket.write(
      `POST ${new URL(signedUrl).pathname}?token=${TOKEN} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}`,
    );
    await answered;
    await server.close();
    await closed;
    await expect(fetch(url)).rejects.toThrow('fetch failed');
  });

  test('serves the addresses that an engine before has told, as long as nobody else has the port', async () => {
    const { hostname, port } = new URL(url);
    const next = new SignalServer({ onSignal: async () => 'from the next' });
    try {
      await expect(next.openAgain(hostname, Number(port))).rejects.toThrow(
        `Signals cannot be taken at ${hostname}:${port}.`,
      );
      await server.close();
      await Promise.all([next.openAgain(hostname, Number(port)), next.openAgain(hostname, Number(port))]);
      expect(await next.open()).toEqual({ host: hostname, port: Number(port) });
      const response = await fetch(url, { method: 'POST', headers: withToken });
      expect(await response.json()).toEqual({ signal: 'from the next' });
    } finally {
      await next.close();
    }
  });

  test('a port that somebody else has by now keeps nobody from opening another one', async () => {
    const { hostname, port } = new URL(url);
    const next = new SignalServer({ onSignal: async () => undefined });
    try {
      const again = next.openAgain(hostname, Number(port)).catch((error) => error.what);
      // The other one is being opened by then.
      await Promise.resolve();
      await Promise.resolve();
      const opened = next.open();
      expect(await again).toBe(`Signals cannot be taken at ${hostname}:${port}.`);
      expect((await opened).port).not.toBe(Number(port));
    } finally {
      await next.close();
    }
  });

  test('what it has opened by the name of a host need not be opened again', async () => {
    const named = new SignalServer({ host: 'localhost', onSignal: async () => undefined });
    try {
      const { host, port } = await named.open();
      await named.openAgain(host, port);
      expect(await named.open()).toEqual({ host: 'localhost', port });
    } finally {
      await named.close();
    }
  });

  test('the address that it tells is one at which it listens, whatever an engine before has told', async () => {
    const next = new SignalServer({ host: '127.0.0.2', onSignal: async () => 'from the next' });
    try {
      const { hostname, port } = new URL(url);
      await server.close();
      await next.openAgain(hostname, Number(port));
      const { host, port: own } = await next.open();
      const told = signalUrl(TARGET, { host, port: own, token: TOKEN });
      expect(host).toBe('127.0.0.2');
      expect((await fetch(told.url, { method: 'POST', headers: withToken })).status).toBe(200);
    } finally {
      await next.close();
    }
  });
});
