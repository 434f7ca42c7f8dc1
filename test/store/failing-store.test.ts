import { afterEach, describe, expect, test } from '@jest/globals';
import { messageOf } from '../../src/errors.ts';
import { MemorySpace } from '../../src/space/memory-space.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import type { Claimant, StackStore } from '../../src/store/stack-store.ts';
import type { World } from '../scheduler/world.ts';
import { closeWorlds, failure, untilAborted, world } from '../scheduler/worlds.ts';

afterEach(closeWorlds);

/** The store, which asks `before` at each call; it may throw, or hold the call back until its promise settles. */
function intercepted(store: StackStore, before: (method: string) => void | Promise<void>): StackStore {
  return new Proxy(store, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key);
      if (typeof member !== 'function') return member;
      return (...given: readonly unknown[]): unknown => {
        const held = before(String(key));
        const call = (): unknown => Reflect.apply(member, target, given);
        return held === undefined ? call() : held.then(call);
      };
    },
  });
}

const OTHER_ENGINE: Claimant = {
  engineId: 'other',
  host: 'elsewhere.invalid',
  pid: 1,
  processStart: 'then',
  actor: 'ann@here',
  leaseMs: 30_000,
};

/** The next turn of the event loop, when everything that can go on at once has gone on. */
const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Fails once, at the nth call of the method. */
function failingOnce(method: string, nth: number, isLate: boolean): StackStore {
  let calls = 0;
  const check = (called: string): void => {
    if (called !== method) return;
    calls += 1;
    if (calls === nth) throw new Error(`disk gone at ${method} ${nth}`);
  };
  return intercepted(new MemoryStore(), isLate ? (called) => nextTurn().then(() => check(called)) : check);
}

const CHAIN = 'a: Stream\nb: Plain a=a.early\nc: Stream a=b.late\n!o=c.late';

function chainWorld(store: StackStore): World {
  return world(
    {
      a: async ({ outputs }) => outputs.early(1),
      b: ({ properties }) => ({ late: properties.a }),
      c: async ({ inputs, outputs }) => outputs.late(await inputs.a),
    },
    { store, concurrency: 2 },
  );
}

async function outcome(action: Promise<{ readonly state: string }>): Promise<string> {
  return action.then(({ state }) => state, messageOf);
}

async function countEvents(w: World): Promise<number> {
  let count = 0;
  for await (const _ of w.engine.events({ stack: 's' })) count += 1;
  return count;
}

describe.each([
  ['at once', false],
  ['in a later turn', true],
])('a store that answers %s and fails at one batch', (_, isLate) => {
  test.each([1, 2, 3, 4, 5, 6, 7])(
    '%i: the create and whoever listens or waits end, and the stack can be made anew',
    async (nth) => {
      const store = failingOnce('append', nth, isLate);
      const w = chainWorld(store);
      const reader = w.engine.read('s.c.late').catch(messageOf);
      const listener = countEvents(w);
      // A world that hangs is SimulationStuck, since nothing in it takes time.
      const created = await w.clock.run(outcome(w.start(CHAIN)));
      const [read, heard] = await w.clock.run(Promise.all([reader, listener]));
      expect([created, heard > 0]).toEqual([`disk gone at append ${nth}`, true]);
      // The value itself may be durable, and only the end is not.
      expect([1, 'default.s.c.late cannot be read: its writer failed.']).toContain(read);
      expect(await store.holder((await w.engine.show('s')).id)).toBe(undefined);
      await w.clock.run(w.engine.delete({ stack: 's' }));
      expect(await w.clock.run(outcome(w.start(CHAIN)))).toBe('CREATE_COMPLETE');
    },
  );
});

test('a claim that cannot be given back does not hide why the create has failed', async () => {
  const w = world(
    {
      a: () => {
        throw new Error('no disk');
      },
    },
    { store: failingOnce('release', 1, false) },
  );
  expect((await failure(w.create('a: Plain'))).what).toBe(
    'Stack CREATE failed: Resource CREATE failed: Error: resources.a: no disk',
  );
});

test('a stack that cannot be stored leaves its name free', async () => {
  const w = world({}, { store: failingOnce('createStack', 1, false) });
  expect(await outcome(w.create('a: Plain'))).toBe('disk gone at createStack 1');
  expect(await outcome(w.create('a: Plain'))).toBe('CREATE_COMPLETE');
});

test('a delete waits until the create that it cancels has given its claim back, however long that takes', async () => {
  const store = intercepted(new MemoryStore(), async (method) => {
    for (let turn = method === 'release' ? 30 : 1; turn > 0; turn -= 1) await nextTurn();
  });
  const w: World = world({ a: ({ signal }) => untilAborted(signal) }, { store });
  const created = failure(w.start('a: Plain'));
  await w.clock.advance(1);
  await w.clock.run(w.engine.delete({ stack: 's' }));
  expect([(await created).what, await w.engine.list()]).toEqual([
    'Stack CREATE failed: Stack CREATE was cancelled: the stack is to be deleted.',
    [],
  ]);
});

test('a create resolves with its stack, although another engine deletes it as soon as the claim is given back', async () => {
  const store = new MemoryStore();
  let isReleased = false;
  const shared = intercepted(store, (method) => {
    const [stack] = store.listStacks();
    if (isReleased && stack !== undefined) store.removeStack(store.claim(stack.id, OTHER_ENGINE));
    if (method === 'release') isReleased = true;
  });
  const w = world({ a: () => ({ late: 1 }) }, { store: shared });
  const { state, outputs, resources } = await w.create('a: Plain\n!o=a.late');
  expect([state, outputs, resources.map((resource) => resource.state)]).toEqual([
    'CREATE_COMPLETE',
    { o: 1 },
    ['CREATE_COMPLETE'],
  ]);
  expect(await w.engine.list()).toEqual([]);
});

test('a create ends when its values are in a space that takes time', async () => {
  const space = new MemorySpace();
  const declare = space.declare.bind(space);
  space.declare = (...names) => {
    const region = declare(...names);
    const write = region.write.bind(region);
    region.write = async (...value) => {
      await nextTurn();
      await write(...value);
    };
    return region;
  };
  const w = world(
    { a: async ({ outputs }) => outputs.early(1), b: ({ properties }) => ({ late: properties.a }) },
    { space },
  );
  expect((await w.create('a: Stream\nb: Plain a=a.early\n!o=b.late')).outputs).toEqual({ o: 1 });
});
