import { afterEach, describe, expect, test } from '@jest/globals';
import { rootCause } from '../../src/errors.ts';
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
