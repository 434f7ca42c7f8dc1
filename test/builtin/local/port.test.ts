import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { PortHolder } from '../../../src/builtin/local/port-holder.ts';
import { LocalStack, type Run } from './local-stack.ts';

let stack: LocalStack;

beforeEach(async () => {
  stack = await LocalStack.create();
});
afterEach(async () => {
  expect(await stack.close()).toEqual([]);
});

/** Resolves with the code of the error, or with undefined when the port could be bound; then nothing is bound any more. */
async function bind({ attributes }: Run): Promise<string | undefined> {
  const server: Server = createServer().listen(attributes.get('port') as number, attributes.get('host') as string);
  try {
    await once(server, 'listening');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
  server.close();
  await once(server, 'close');
  return undefined;
}

const portOf = (run: Run): number => run.attributes.get('port') as number;

test('a port is told by number, host and address, and is its own id', async () => {
  const run = await stack.run('Local::Port', 'p', {});
  const address = `127.0.0.1:${portOf(run)}`;
  expect(Object.fromEntries(run.attributes)).toEqual({ port: portOf(run), host: '127.0.0.1', address, refid: address });
  expect(run.resourceId).toBe(address);
});

test('nobody else can bind it while it is held, and anybody once it is deleted', async () => {
  const run = await stack.run('Local::Port', 'p', {});
  expect(await bind(run)).toBe('EADDRINUSE');
  await stack.delete(run);
  expect(await bind(run)).toBe(undefined);
});

test('it lies below the ports that the system gives away by itself', async () => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const ephemeral = (probe.address() as { port: number }).port;
  probe.close();
  await once(probe, 'close');
  const run = await stack.run('Local::Port', 'p', {});
  expect(portOf(run)).toBeLessThan(ephemeral);
  expect(portOf(run)).toBeGreaterThanOrEqual(10_240);
});

test('a hundred ports are a hundred ports', async () => {
  const runs = await Promise.all(Array.from({ length: 100 }, (_, index) => stack.run('Local::Port', `p${index}`, {})));
  expect(new Set(runs.map(portOf)).size).toBe(100);
});

test('a client that comes too early is reset, and does not keep the port busy', async () => {
  const run = await stack.run('Local::Port', 'p', {});
  const client = connect(portOf(run), '127.0.0.1');
  const [error] = await once(client, 'error');
  expect(error.code).toBe('ECONNRESET');
  await stack.delete(run);
  expect(await bind(run)).toBe(undefined);
});

test('a script that takes it over can bind it; the engine does not give it away again before it is deleted', async () => {
  const ports = new PortHolder();
  const { address, port } = await ports.hold('127.0.0.1', 0);
  await ports.release([address]);
  await ports.release([address, '127.0.0.1:1']);
  expect(ports.isReserved('127.0.0.1', port)).toBe(true);
  await ports.forget(address);
  expect(ports.isReserved('127.0.0.1', port)).toBe(false);
});

test('the host of IPv6 stands in brackets', async () => {
  const ports = new PortHolder();
  const held = await ports.hold('::1', 0);
  expect(held.address).toBe(`[::1]:${held.port}`);
  await ports.forget(held.address);
});

test('a host that is no address of this machine is refused', async () => {
  const run = stack.start('Local::Port', 'p', { host: '192.0.2.1' });
  await expect(run.done).rejects.toMatchObject({
    code: 'PortFailed',
    what: "No port can be had at the host '192.0.2.1'.",
    fix: "Give a 'host' that is an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all of them.",
  });
});
