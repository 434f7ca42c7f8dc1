import { afterEach, describe, expect, test } from '@jest/globals';
import { type EndpointReply, requestRead, requestSignal } from '../../src/endpoint/client.ts';
import type { EngineEvent } from '../../src/events.ts';
import type { EndpointAccess } from '../../src/resource/handler.ts';
import { definePlainType } from '../../src/resource/resource-type.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { type Behaviours, World } from '../scheduler/world.ts';
import { failure, Gate } from '../scheduler/worlds.ts';

// What a resource's processes may ask of an engine, over its real socket. Nothing here takes time on the engine's clock.

let worlds: World[] = [];

afterEach(async () => {
  await Promise.all(worlds.map((w) => w.close()));
  worlds = [];
});

function world(behaviours: Behaviours): World {
  const w = new World(behaviours, { store: new MemoryStore() });
  worlds.push(w);
  return w;
}

/** Resolves when the handler of the resource is blocked on a read. */
function untilBlocked(w: World, resource: string): Promise<void> {
  return new Promise((resolve) => {
    const isIt = (event: EngineEvent): boolean => event.type === 'read:willBlock' && event.reader === resource;
    const stop = w.engine.onEvent((event) => {
      if (!isIt(event)) return;
      stop();
      resolve();
    });
  });
}

/** Returns when the server has seen what was sent and closed before: it takes connections in their order. */
async function roundTrips(access: EndpointAccess): Promise<void> {
  for (let trip = 0; trip < 3; trip += 1) await requestRead(access, 'ops.not.there', { as: 'json', wait: false });
}

test('a process goes on reading the inputs of its resource when that is complete: what is there, and what comes later', async () => {
  const replies: string[] = [];
  const isComplete = new Gate();
  const ask = async (access: EndpointAccess, name: string): Promise<void> => {
    const reply = await requestRead(access, name, { as: 'json', wait: true });
    replies.push(`${name} ${'body' in reply ? reply.body : reply.kind}`);
  };
  let access: EndpointAccess | undefined;
  let before: Promise<void> | undefined;
  const w: World = world({
    a: async ({ openEndpoint }) => {
      access = await openEndpoint();
      const isBlocked = untilBlocked(w, 'a');
      before = ask(access, 'a');
      await isBlocked;
    },
    b: async ({ outputs }) => {
      await isComplete.opened;
      const after = [ask(access as EndpointAccess, 'a'), ask(access as EndpointAccess, 'b')];
      await roundTrips(access as EndpointAccess);
      await outputs.late(2);
      await Promise.all([before, ...after]);
    },
  });
  w.engine.onEvent((event) => {
    if (event.type === 'resource' && event.resource === 'a' && event.status === 'COMPLETE') isComplete.open();
  });
  await w.start('a: Stream a=b.late b=7\nb: Stream');
  expect(replies.sort()).toEqual(['a 2', 'a 2', 'b 7']);
});

test('a process that gives up one of two reads of a name leaves the other one waiting', async () => {
  const replies: EndpointReply[] = [];
  const w: World = world({
    a: async ({ openEndpoint }) => {
      const access = await openEndpoint();
      const stop = new AbortController();
      const isBlocked = untilBlocked(w, 'a');
      const first = requestRead(access, 'ops.x.y', { as: 'json', wait: true, signal: stop.signal });
      await isBlocked;
      const second = requestRead(access, 'ops.x.y', { as: 'json', wait: true });
      await roundTrips(access);
      stop.abort(new Error('given up'));
      await expect(first).rejects.toThrow('given up');
      await roundTrips(access);
      await w.engine.write('ops.x.y', 7);
      replies.push(await second);
    },
  });
  await w.start('a: Stream');
  expect(replies).toEqual([{ kind: 'done', body: '7' }]);
});

describe('a handler whose process ends with an exit code', () => {
  const exited = Object.freeze(new Error('exit code 1'));

  /** Reads the failed value of `a` by its endpoint, as `hotloom read` does, and fails. */
  const readAndExit = (wait: boolean, name: string): Behaviours[string] => {
    return async ({ openEndpoint }) => {
      const access = await openEndpoint();
      const reply = await requestRead(access, name, { as: 'json', wait });
      expect(reply.kind).toBe('failed');
      throw exited;
    };
  };
  const broken = (): never => {
    throw new Error('no disk');
  };

  test.each([
    ['of an input, blocking', true, 's.b.a'],
    ['of an input, not blocking', false, 's.b.a'],
    ['by name, blocking', true, 's.a.late'],
    ['by name, not blocking', false, 's.a.late'],
  ])('is said to have begun with the read that failed in the process: %s', async (_, wait, name) => {
    const w = world({ a: broken, b: readAndExit(wait, name) });
    await failure(w.start('a: Plain\nb: Stream a=a.late depends_on=c\nc: Plain'));
    const { resources } = await w.engine.show('s');
    const reasons = resources.map((resource) => `${resource.name}: ${resource.reason}`).sort();
    expect(reasons).toEqual(['a: no disk', 'b: exit code 1 Cause: no disk', 'c: state changed']);
    expect(exited.cause).toBe(undefined);
  });

  test('is not said to have begun with a read that its own code has dealt with', async () => {
    const w = world({
      a: broken,
      b: async ({ inputs, openEndpoint }) => {
        await openEndpoint();
        await Promise.allSettled([inputs.a]);
        throw exited;
      },
    });
    await failure(w.start('a: Plain\nb: Stream a=a.late'));
    expect((await w.engine.show('s')).resources.map(({ reason }) => reason)).toEqual(['no disk', 'exit code 1']);
  });
});

test('a script signals what is beside it by the name in its own template, and what is further up by the same or a whole name', async () => {
  const signalled: string[] = [];
  const replies: EndpointReply[] = [];
  const target = definePlainType({
    name: 'Target',
    properties: {},
    attributes: {},
    handler: { create: () => ({}), signal: ({ resource }, data) => void signalled.push(`${resource.name} ${data}`) },
  });
  const sender = definePlainType({
    name: 'Sender',
    properties: {},
    attributes: {},
    handler: {
      async create({ openEndpoint }) {
        const access = await openEndpoint();
        for (const [resource, data] of [
          ['near', 1],
          ['far', 2],
          ['nested/near', 3],
          ['gone', 4],
        ] as const) {
          replies.push(await requestSignal(access, [resource], `${data}`));
        }
        return {};
      },
    },
  });
  const nested = `
heat_template_version: 2021-04-16
resources: {near: {type: Target}, sender: {type: Sender, depends_on: near}}
`;
  const template = `
heat_template_version: 2021-04-16
resources: {near: {type: Target}, far: {type: Target}, nested: {type: nested.yaml, depends_on: [near, far]}}
`;
  const w = new World({}, { store: new MemoryStore(), types: [target, sender] });
  worlds.push(w);
  await w.engine.create({ stack: 's', template, files: { 'nested.yaml': nested } });
  expect(signalled).toEqual(['nested/near 1', 'far 2', 'nested/near 3']);
  expect(replies.map((reply) => (reply.kind === 'failed' ? reply.failure.what : reply.kind))).toEqual([
    'done',
    'done',
    'done',
    'The Resource (gone) could not be found in Stack s.',
  ]);
});
