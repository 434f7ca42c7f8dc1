import { afterEach, describe, expect, test } from '@jest/globals';
import { rootCause } from '../../src/errors.ts';
import { printName } from '../../src/names.ts';
import { defineStreamingType } from '../../src/resource/resource-type.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import type { StackStore } from '../../src/store/stack-store.ts';
import { withOwn } from '../stack/killed-engine.ts';
import type { World } from './world.ts';
import { closeWorlds, failure, world } from './worlds.ts';

afterEach(closeWorlds);

const noDisk = (): never => {
  throw new Error('no disk');
};

describe('a read of a stack that has failed', () => {
  test('ends with the cause, when the writer fails while the reader waits', async () => {
    const w = world({ a: noDisk });
    const one = failure(w.start('a: Plain', { stack: 'one' }));
    const two = failure(w.start('b: Plain a=@one.a.late', { stack: 'two' }));
    const [, error] = await w.clock.run(Promise.all([one, two]));
    expect(
      error.message,
    ).toBe(`Stack CREATE failed: Resources were not created: 'b' cannot read default.one.a.late: its writer failed.
  It began with: no disk. Not created, since what they wait for failed: b.
  Delete stack 'two' to remove what was made and create it again, or update it.`);
  });

  test('ends at once, when the writer had failed before; what does not need it is made', async () => {
    const w = world({ a: noDisk });
    await failure(w.create('a: Plain', { stack: 'one' }));
    const error = await failure(w.create('b: Plain a=@one.a.late\nc: Plain a=b.late\nd: Plain', { stack: 'two' }));
    expect([error.why, w.states.slice(2), w.clock.now()]).toEqual([
      'It began with: no disk. Not created, since what they wait for failed: b, c.',
      ['d IN_PROGRESS', 'd COMPLETE'],
      0,
    ]);
  });
});

describe('a read that begins while an action ends on the stack that it reads of', () => {
  const END_MS = 20;
  const LOOK_MS = 5;

  // `b` is not started, and stays as long as `d` does, which reads of it.
  const text = 'a: Plain\nb: Plain depends_on=a\nd: Stuck a=b.late';
  const withStuck = (store: StackStore, remove: (wait: (ms: number) => Promise<void>) => Promise<void>): World => {
    const type = defineStreamingType({
      name: 'Stuck',
      properties: { a: {} },
      attributes: {},
      handler: { create: noDisk, delete: () => remove((ms) => w.wait(ms)) },
    });
    const w = world({ a: noDisk }, { store, types: [type] });
    return w;
  };
  const reader = 'c: Plain a=@one.b.late';

  test('ends with it, when it fails: a delete of what an earlier engine has made', async () => {
    const store = new MemoryStore();
    const earlier = withStuck(store, async () => {});
    await failure(earlier.create(text, { stack: 'one' }));
    await earlier.close();
    const w = withStuck(store, async (wait) => {
      await wait(END_MS);
      noDisk();
    });
    const deleted = failure(w.engine.delete({ stack: 'one' }));
    await w.clock.advance(10);
    const two = failure(w.start(reader, { stack: 'two' }));
    await w.clock.advance(END_MS - 11);
    expect(w.of('resource:wasSkipped')).toEqual([]);
    await w.clock.run(Promise.all([two, deleted]));
    expect([w.clock.now(), w.of('resource:wasSkipped').map(({ reason }) => reason)]).toEqual([
      END_MS,
      ["'c' was not created: 'c' cannot read default.one.b.late: its writer failed."],
    ]);
  });

  test.each([
    {
      how: 'fails, and so the read does',
      remove: async () => noDisk(),
      ends: ['0 one CREATE_FAILED', '20 one ROLLBACK_FAILED', '25 two CREATE_FAILED'],
      quiet: [],
    },
    {
      how: 'leaves nothing',
      remove: async () => {},
      ends: ['0 one CREATE_FAILED', '20 one ROLLBACK_COMPLETE'],
      quiet: ['25 default.one.b.late'],
    },
  ])('is told to wait for nobody only when the store has been asked again: a rollback $how', async (row) => {
    const memory = new MemoryStore();
    // A rollback has let go its names by the time when its end is to be stored.
    const store = withOwn(memory, {
      append: async (claim, changes) => {
        const isEnd = changes.some(
          (change) => change.kind === 'stack' && change.action === 'ROLLBACK' && change.status !== 'IN_PROGRESS',
        );
        if (isEnd) await w.wait(END_MS);
        memory.append(claim, changes);
      },
      find: async (name) => {
        await w.wait(LOOK_MS);
        return memory.find(name);
      },
    });
    const w = withStuck(store, row.remove);
    const ends: string[] = [];
    w.engine.onEvent((event) => {
      if (event.type !== 'stack' || event.status === 'IN_PROGRESS') return;
      ends.push(`${w.clock.now()} ${event.stack} ${event.action}_${event.status}`);
    });
    const one = failure(w.start(text, { stack: 'one', rollback: true }));
    await w.clock.advance(10);
    const stopped = new AbortController();
    const two = failure(w.start(reader, { stack: 'two', signal: stopped.signal }));
    await w.clock.advance(END_MS + LOOK_MS - 10);
    const quiet = w
      .of('stack:didQuiesce')
      .flatMap(({ stack, time, waiting }) =>
        stack === 'two' ? waiting.map(({ name }) => `${time} ${printName(name)}`) : [],
      );
    expect([ends, quiet]).toEqual([row.ends, row.quiet]);
    stopped.abort();
    await w.clock.run(Promise.all([one, two]));
  });
});

test('a deadlock through two stacks is the cause of both failures', async () => {
  const w = world();
  const one = failure(w.start('a: Plain a=@two.b.late', { stack: 'one' }));
  const two = failure(w.start('b: Plain a=@one.a.late', { stack: 'two' }));
  const errors = await w.clock.run(Promise.all([one, two]));
  expect(errors.map((error) => [error.code, (rootCause(error) as Error).name])).toEqual([
    ['StackFailed', 'Deadlock'],
    ['StackFailed', 'Deadlock'],
  ]);
});

test('a stall between stacks that ends after all leaves no timer', async () => {
  const w = world({
    c: async ({ inputs, outputs }) => {
      const read = inputs.a.then((value) => value);
      await w.wait(100);
      await outputs.early(1);
      await read;
    },
  });
  const one = w.start('b: Plain a=@two.c.early', { stack: 'one' });
  const two = w.start('c: Stream a=@one.b.late', { stack: 'two' });
  await w.clock.run(Promise.all([one, two]));
  expect(w.of('read:didStall')).not.toEqual([]);
  await w.engine.close();
  expect(w.clock.pendingTimers).toBe(0);
});

describe('names with dots', () => {
  test('are other names than those they look like', async () => {
    const w = world({
      a: ({ resource }) => ({ late: resource.stack }),
      b: ({ properties }) => ({ late: properties.a }),
    });
    await w.create('a: Plain', { stack: 'x.y' });
    await w.create('a: Plain', { stack: 'x' });
    const { outputs } = await w.create('b: Plain a=@x\\.y.a.late\n!o=b.late', { stack: 'r.1' });
    const read = [await w.engine.read('x\\.y.a.late'), await w.engine.read(['default', 'x', 'a', 'late'])];
    expect([outputs, read]).toEqual([{ o: 'x.y' }, ['x.y', 'x']]);
    const error = await failure(w.engine.delete({ stack: 'x.y' }));
    expect(error.why).toBe('default.r\\.1 reads default.x\\.y.a.late.');
    await w.clock.run(w.engine.delete({ stack: 'x' }));
  });

  test('are written from outside as a tuple, and read in their printed form', async () => {
    const w = world();
    await w.engine.write(['default', 'o.p', 'q.r', 's.t'], 5);
    expect(await w.engine.read('o\\.p.q\\.r.s\\.t')).toBe(5);
  });
});

test('a handler reads a name as a tuple or as a text, a short one of its own stack; what is no name fails its read', async () => {
  const w = world({
    a: ({ resource }) => ({ late: resource.stack }),
    b: async ({ read }) => ({
      late: await Promise.all([read(['default', 'x.y', 'a', 'late']), read('x\\.y.a.late'), read('a.late')]),
    }),
    c: async ({ read }) => ({ late: await read('late').catch((error) => error.code) }),
  });
  await w.create('a: Plain', { stack: 'x.y' });
  const { outputs } = await w.create('a: Plain\nb: Plain\nc: Plain\n!o=b.late\n!c=c.late', { stack: 'z' });
  expect(outputs).toEqual({ o: ['x.y', 'x.y', 'z'], c: 'InvalidName' });
});

describe('a stack of a name that was used before', () => {
  test('is refused while there is one, also while that one is being made', async () => {
    const w = world();
    const both = await w.clock.run(Promise.allSettled([w.start('a: Plain'), w.start('a: Plain')]));
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect((await failure(w.create('a: Plain'))).message).toBe(`The Stack (s) already exists.
  The space 'default' has a stack of that name.
  Give the new stack another name, delete the old one first, or bring it to this template: 'hotloom update s'.`);
  });

  test('publishes values of its own after each delete', async () => {
    let count = 0;
    const w = world({
      a: () => {
        count += 1;
        return { late: count };
      },
    });
    for (const o of [1, 2, 3]) {
      expect((await w.create('a: Plain\n!o=a.late')).outputs).toEqual({ o });
      await w.clock.run(w.engine.delete({ stack: 's' }));
    }
    expect(w.clock.pendingTimers).toBe(0);
  });

  test('is made after a rollback and a delete', async () => {
    let isBroken = true;
    const w = world({ a: () => (isBroken ? noDisk() : { late: 1 }) });
    await failure(w.create('a: Plain', { rollback: true }));
    await w.clock.run(w.engine.delete({ stack: 's' }));
    isBroken = false;
    expect((await w.create('a: Plain')).state).toBe('CREATE_COMPLETE');
  });
});

test('a simulated run in which somebody waits for what nobody writes is stuck at once, though the store is asked on and on', async () => {
  const w = world();
  const value = w.engine.read('ops.desk.go');
  await expect(w.clock.run(value)).rejects.toMatchObject({ code: 'SimulationStuck' });
  expect(w.clock.now()).toBeLessThan(60_000);
  await w.engine.write('ops.desk.go', 1);
  expect(await w.clock.run(value)).toBe(1);
});
