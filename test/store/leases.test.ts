import { hostname } from 'node:os';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Clock } from '../../src/clock.ts';
import type { Engine } from '../../src/engine.ts';
import { messageOf, StoreBusy, StoreUnusable } from '../../src/errors.ts';
import { definePlainType } from '../../src/resource/resource-type.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import type { Claimant, StackRecord, StackStore, StoreChange } from '../../src/store/stack-store.ts';
import { type Behaviours, World } from '../scheduler/world.ts';
import { closeWorlds, failure, untilAborted, world } from '../scheduler/worlds.ts';

// One store, and engines that stand in for processes: one that is paused has a clock that stands still.

const LEASE_MS = 30_000;

afterEach(closeWorlds);

/** The store with some methods changed; `this` of each is the store itself. */
function changed(store: MemoryStore, methods: Partial<StackStore>): StackStore {
  return new Proxy(store, {
    get(target, key) {
      const member: unknown = Reflect.get(methods, key) ?? Reflect.get(target, key);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

/** A store whose leases run by the clock of the world that is made with it. */
function storeBy(clockOf: () => { now(): number }): MemoryStore {
  return new MemoryStore({ now: () => clockOf().now() });
}

const ANOTHER: Claimant = {
  engineId: 'another',
  host: 'elsewhere.invalid',
  pid: 1,
  processStart: 'then',
  actor: 'ann@elsewhere.invalid',
  leaseMs: LEASE_MS,
};

interface Pair {
  readonly store: MemoryStore;
  /** Is paused whenever the test does not let its time pass. */
  readonly a: World;
  readonly b: World;
}

function pair(ofA: Behaviours, ofB: Behaviours = {}): Pair {
  const store: MemoryStore = storeBy(() => b.clock);
  const [a, b] = [world(ofA, { store }), world(ofB, { store })];
  return { store, a, b };
}

async function stateOf(engine: Engine): Promise<readonly [state: string, isInterrupted: boolean]> {
  const { state, isInterrupted } = await engine.show('s');
  return [state, isInterrupted];
}

describe('an engine that is at work', () => {
  test('keeps its stack however long a handler takes', async () => {
    const store: MemoryStore = storeBy(() => a.clock);
    const a: World = world({ a: () => a.wait(50 * LEASE_MS) }, { store });
    const b = world({}, { store });
    const created = a.start('a: Plain');
    for (let time = 0; time < 50; time += 1) {
      await a.clock.advance(LEASE_MS);
      if (time < 49) expect((await failure(b.engine.resume({ stack: 's' }))).code).toBe('ActionInProgress');
    }
    expect((await created).state).toBe('CREATE_COMPLETE');
    expect(a.clock.pendingTimers).toBe(0);
  });

  test('says that it lives by what it stores, and by itself only when it stores nothing', async () => {
    let renewals = 0;
    const memory: MemoryStore = storeBy(() => w.clock);
    const store = changed(memory, {
      renew(claim) {
        renewals += 1;
        memory.renew(claim);
      },
    });
    const w: World = world(
      {
        a: async ({ setData }) => {
          for (let step = 0; step < 40; step += 1) {
            await w.wait(LEASE_MS / 4);
            await setData({ step });
          }
          expect(renewals).toBe(0);
          await w.wait(10 * LEASE_MS);
        },
      },
      { store },
    );
    await w.create('a: Plain');
    // From a third of the lease on to the end, every third.
    expect(renewals).toBe(29);
  });
});

test('an engine whose clock is set back keeps its stack', async () => {
  let setBackMs = 0;
  const memory: MemoryStore = storeBy(() => w.clock);
  const clock: Clock = {
    now: () => w.clock.now() - setBackMs,
    schedule: (delayMs, run) => w.clock.schedule(delayMs, run),
  };
  const w: World = world({ a: () => w.wait(100 * LEASE_MS) }, { store: memory, clock });
  const created = w.start('a: Plain', { timeoutMs: 1000 * LEASE_MS });
  for (const backMs of [LEASE_MS / 2, 100 * LEASE_MS, LEASE_MS / 4, 3]) {
    await w.clock.advance(LEASE_MS / 4);
    setBackMs += backMs;
    for (let step = 0; step < 20; step += 1) {
      await w.clock.advance(LEASE_MS / 5);
      expect((await memory.holder(memory.listStacks()[0]!.id))?.actor).toBeDefined();
    }
  }
  await w.clock.advance(100 * LEASE_MS);
  expect((await created).state).toBe('CREATE_COMPLETE');
});

describe('an engine that gives no sign of life', () => {
  test('loses its stack when its lease is over, not before; what it does when it wakes is refused, and its handlers are told', async () => {
    const heard: string[] = [];
    const wrote: string[] = [];
    const { a, b, store } = pair(
      {
        a: async ({ signal, setResourceId }) => {
          signal.addEventListener('abort', () => heard.push(messageOf(signal.reason)), { once: true });
          await a.wait(15_000);
          await setResourceId('late').then(
            () => wrote.push('accepted'),
            (error) => wrote.push(error.code),
          );
        },
      },
      { a: () => ({ late: 'of b' }) },
    );
    const created = failure(a.start('a: Plain\nc: Plain a=a.late\n!o=a.late', { rollback: true }));
    await a.clock.advance(0);
    await b.clock.advance(LEASE_MS - 1);
    expect((await failure(b.engine.resume({ stack: 's' }))).code).toBe('ActionInProgress');
    expect(await stateOf(b.engine)).toEqual(['CREATE_IN_PROGRESS', false]);
    await b.clock.advance(1);
    expect(await stateOf(b.engine)).toEqual(['CREATE_IN_PROGRESS', true]);
    // It has no id and nobody can look for what was made: the second engine says so.
    await failure(b.clock.run(b.engine.resume({ stack: 's' })));
    const after = [await store.listStacks(), await store.resources(store.listStacks()[0]!.id)];
    await a.clock.advance(10_000);
    expect(heard).toEqual(['Nothing was stored: the claim on stack s was lost.']);
    await a.clock.advance(5000);
    expect(wrote).toEqual(['ClaimLost']);
    expect((await created).message).toBe(`Nothing was stored: the claim on stack s was lost.
  Another engine has taken the stack over, because this one gave no sign of life for longer than its lease, or seemed dead.
  What this engine was at work with is stopped. Look at the state of the stack, and run the action again if it is still wanted.`);
    expect([await store.listStacks(), await store.resources(store.listStacks()[0]!.id)]).toEqual(after);
    expect(a.deleted).toEqual([]);
  });

  test('begins nothing more', async () => {
    const began: string[] = [];
    const { a, b } = pair({ a: () => a.wait(1000), b: () => void began.push('b') });
    const created = failure(a.start('a: Plain\nb: Plain depends_on=a'));
    await a.clock.advance(0);
    await b.clock.advance(LEASE_MS);
    await b.clock.run(b.engine.delete({ stack: 's' }));
    // The handler comes to its end before the engine has noticed anything.
    await a.clock.advance(1000);
    expect([(await created).code, began, await b.engine.list()]).toEqual(['ClaimLost', [], []]);
  });

  test.each([
    ['created', 'CREATE'],
    ['deleted', 'DELETE'],
  ])('calls no handler, also not one whose intent it had stored: %s', async (_, action) => {
    const called: string[] = [];
    let pausedMs = 0;
    const memory = new MemoryStore({ now: () => w.clock.now() + pausedMs });
    const store = changed(memory, {
      append(claim, changes) {
        memory.append(claim, changes);
        const isIntent = (change: StoreChange): boolean =>
          change.kind === 'resource' && change.record.action === action && change.record.status === 'IN_PROGRESS';
        if (!changes.some(isIntent)) return;
        // As if it were paused here, until its lease is over and another engine has the stack.
        pausedMs += LEASE_MS;
        memory.claim(claim.stackId, { ...claim.claimant, engineId: 'another' });
      },
    });
    const clock: Clock = {
      now: () => w.clock.now() + pausedMs,
      schedule: (delayMs, run) => w.clock.schedule(delayMs, run),
    };
    const w: World = world({ a: () => void called.push('created') }, { store, clock });
    const created = w.clock.run(w.start('a: Plain'));
    if (action === 'DELETE') await created;
    const act = action === 'CREATE' ? created : w.clock.run(w.engine.delete({ stack: 's' }));
    expect([(await failure(act)).code, pausedMs]).toEqual(['ClaimLost', LEASE_MS]);
    expect([...called, ...w.deleted]).toEqual(action === 'CREATE' ? [] : ['created']);
  });

  test('calls no handler after another one in whose turn it was paused', async () => {
    const deleted: string[] = [];
    let pausedMs = 0;
    const memory: MemoryStore = new MemoryStore({ now: () => w.clock.now() + pausedMs });
    const slow = definePlainType({
      name: 'Slow',
      properties: {},
      attributes: {},
      handler: {
        create: () => {},
        delete({ resource }) {
          deleted.push(resource.name);
          // It holds the event loop, and another engine takes the stack over.
          pausedMs += LEASE_MS;
          const [{ id }] = memory.listStacks() as [StackRecord];
          memory.claim(id, ANOTHER);
        },
      },
    });
    const clock: Clock = {
      now: () => w.clock.now() + pausedMs,
      schedule: (delayMs, run) => w.clock.schedule(delayMs, run),
    };
    const w: World = world({}, { store: memory, clock, types: [slow] });
    await w.clock.run(w.start('x: Slow\ny: Slow\nz: Slow'));
    expect((await failure(w.clock.run(w.engine.delete({ stack: 's' })))).code).toBe('ClaimLost');
    expect(deleted).toEqual(['x']);
  });

  test.each<{
    what: string;
    during: 'resources' | 'resourceSnapshots';
    act: (engine: Engine) => Promise<unknown>;
    code: string;
  }>([
    {
      what: 'a signal',
      during: 'resources',
      act: (engine) => engine.signal({ stack: 's', resource: 'x' }),
      // It would go to the other engine, which takes none.
      code: 'ActionInProgress',
    },
    {
      what: 'the removal of a snapshot',
      during: 'resourceSnapshots',
      act: (engine) => engine.deleteSnapshot({ stack: 's', snapshot: 'kept' }),
      code: 'ClaimLost',
    },
  ])('calls no handler of $what after it was paused', async ({ during, act, code }) => {
    const called: string[] = [];
    let isToPause = false;
    let pausedMs = 0;
    const memory: MemoryStore = new MemoryStore({ now: () => w.clock.now() + pausedMs });
    const pause = (): void => {
      if (!isToPause) return;
      isToPause = false;
      // As if it were paused here, until its lease is over and another engine has the stack.
      pausedMs += LEASE_MS;
      const [{ id }] = memory.listStacks() as [StackRecord];
      memory.claim(id, ANOTHER);
    };
    const store = changed(memory, {
      [during]: (id: string) => {
        pause();
        return memory[during](id);
      },
    });
    const heard = definePlainType({
      name: 'Heard',
      properties: {},
      attributes: {},
      handler: {
        create: () => {},
        snapshot: () => ({ kept: true }),
        deleteSnapshot: () => void called.push('deleteSnapshot'),
        signal: () => void called.push('signal'),
      },
    });
    const clock: Clock = {
      now: () => w.clock.now() + pausedMs,
      schedule: (delayMs, run) => w.clock.schedule(delayMs, run),
    };
    const w: World = world({}, { store, clock, types: [heard] });
    await w.clock.run(w.start('x: Heard'));
    await w.clock.run(w.engine.snapshot({ stack: 's', name: 'kept' }));
    isToPause = true;
    expect([(await failure(w.clock.run(act(w.engine)))).code, called]).toEqual([code, []]);
  });

  test('deletes nothing more', async () => {
    const deleted: string[] = [];
    const typeBy = (who: string, worldOf: () => World) =>
      definePlainType({
        name: 'Slow',
        properties: {},
        attributes: {},
        handler: {
          create: () => {},
          async delete({ resource }) {
            deleted.push(`${who} ${resource.name}`);
            await worldOf().wait(1000);
          },
        },
      });
    const store: MemoryStore = storeBy(() => b.clock);
    const a: World = world({}, { store, types: [typeBy('a', () => a)] });
    const b: World = world({}, { store, types: [typeBy('b', () => b)] });
    await a.create('x: Slow\ny: Slow depends_on=x');
    const late = failure(a.engine.delete({ stack: 's' }));
    await a.clock.advance(0);
    await b.clock.advance(LEASE_MS);
    const resumed = b.engine.resume({ stack: 's' });
    await b.clock.advance(500);
    await a.clock.advance(1000);
    expect((await late).message).toBe(`Nothing was stored: the claim on stack s was lost.
  The engine in process ${process.pid} on ${hostname()} has taken the stack over, because this one gave no sign of life for longer than its lease, or seemed dead.
  What this engine was at work with is stopped. Look at the state of the stack, and run the action again if it is still wanted.`);
    expect(await b.clock.run(resumed)).toBe(undefined);
    expect(deleted).toEqual(['a y', 'b y', 'b x']);
  });
});

describe('a store that cannot take a renewal', () => {
  const failingRenewals = (times: number): { readonly w: World; readonly created: Promise<unknown> } => {
    let left = times;
    const memory: MemoryStore = storeBy(() => w.clock);
    const store = changed(memory, {
      renew(claim) {
        left -= 1;
        if (left >= 0) throw new StoreUnusable({ what: 'The disk is full.' });
        memory.renew(claim);
      },
    });
    const w: World = world(
      { a: ({ signal }) => Promise.race([w.wait(10 * LEASE_MS), untilAborted(signal)]) },
      { store },
    );
    return { w, created: w.start('a: Plain') };
  };

  test('for less than the lease is asked again', async () => {
    const { w, created } = failingRenewals(5);
    expect(await w.clock.run(created)).toMatchObject({ state: 'CREATE_COMPLETE' });
  });

  test('for as long as the lease ends what the engine does: another one may have the stack', async () => {
    const { w, created } = failingRenewals(Number.POSITIVE_INFINITY);
    const error = await w.clock.run(failure(created));
    expect(error.message).toBe(`The claim on the stack could not be renewed for 30 s.
  The store did not take it, and another engine may have taken the stack over since.
  What this engine was at work with is stopped. When the store can be used again, resume the stack.`);
    expect(w.clock.now()).toBe(LEASE_MS + 1000);
  });
});

describe('a busy store', () => {
  const busy = (times: number): StackStore => {
    let left = times;
    const memory = new MemoryStore();
    const refuse = (): void => {
      left -= 1;
      if (left >= 0) throw new StoreBusy({ what: 'The store is locked.' });
    };
    return changed(memory, {
      append(claim, changes) {
        refuse();
        memory.append(claim, changes);
      },
      async createStack(record, claimant, declared) {
        refuse();
        return memory.createStack(record, claimant, declared);
      },
    });
  };

  test('is asked again, and the action goes on', async () => {
    const w = world({ a: () => ({ late: 1 }) }, { store: busy(8) });
    expect((await w.create('a: Plain\n!o=a.late')).outputs).toEqual({ o: 1 });
  });

  test('that stays busy ends the action', async () => {
    const w = world({}, { store: busy(Number.POSITIVE_INFINITY) });
    const error = await failure(w.create('a: Plain'));
    expect([error.code, error.what, w.clock.now()]).toEqual(['StoreBusy', 'The store is locked.', 15_350]);
  });
});

describe('a store that never answers', () => {
  test.each(['createStack', 'append', 'release', 'findStack', 'resources'] as const)(
    'when it is asked by %s ends the action all the same, and says so',
    async (method) => {
      const memory = new MemoryStore();
      let isHung = false;
      const w = world(
        {
          a: () => {
            isHung = true;
          },
        },
        {
          store: changed(memory, {
            [method]: (...given: never[]) =>
              isHung || method !== 'append'
                ? new Promise(() => {})
                : (memory[method] as (...given: never[]) => unknown)(...given),
          }),
        },
      );
      const outcome = await w.clock.run(
        w.start('a: Plain').then(
          ({ state }) => state,
          (error) => error.message,
        ),
      );
      const what = {
        createStack: 'store a new stack',
        append: 'store a change',
        findStack: 'find a stack',
        release: '',
        resources: '',
      }[method];
      expect(outcome).toBe(
        what === ''
          ? 'CREATE_COMPLETE'
          : `The store did not answer within 30 s.
  It was asked to ${what}, and whether it has done that is not known.
  See what holds the store up. When it answers again, resume the stack.`,
      );
    },
  );
});

test('an engine whose claim could not be given back is not in its own way', async () => {
  let isFull = true;
  const memory = new MemoryStore();
  const store = changed(memory, {
    release(claim) {
      if (isFull) throw new StoreUnusable({ what: 'The disk is full.' });
      memory.release(claim);
    },
  });
  const w = world({}, { store });
  await w.create('a: Plain');
  expect((await failure(w.engine.delete({ stack: 's' }))).code).toBe('ActionInProgress');
  isFull = false;
  await w.clock.run(w.engine.delete({ stack: 's' }));
  expect(await w.engine.list()).toEqual([]);
});

test.each([
  [{ leaseMs: 99 }, "The engine's option 'leaseMs' cannot be 99."],
  [{ leaseMs: 86_400_001 }, "The engine's option 'leaseMs' cannot be 86400001."],
  [{ leaseMs: Number.NaN }, "The engine's option 'leaseMs' cannot be NaN."],
  [{ storeTimeoutMs: 0 }, "The engine's option 'storeTimeoutMs' cannot be 0."],
])('%j is refused', (options, what) => {
  expect(() => new World({}, options)).toThrow(what);
});
