import { afterEach, describe, expect, test } from '@jest/globals';
import { closeWorlds, failure, world } from './worlds.ts';

afterEach(closeWorlds);

describe('an output that reads a name which no resource of the stack writes', () => {
  test.each([
    ['that is there', 0],
    ['that comes while the resources are made', 50],
    ['that comes after the last resource has ended', 700],
  ])('%s has its value', async (_, ms) => {
    const w = world({ a: () => w.wait(100) });
    w.clock.schedule(ms, () => void w.engine.write('ops.x.y', { port: 5 }));
    const { state, outputs, outputErrors } = await w.create('a: Plain\n!o=@ops.x.y\n!again=@ops.x.y,a.late');
    expect([state, outputs, outputErrors]).toEqual([
      'CREATE_COMPLETE',
      { o: { port: 5 }, again: [{ port: 5 }, null] },
      {},
    ]);
    expect(w.clock.now()).toBe(Math.max(100, ms));
  });

  test('has the value of another stack, whose delete is then refused', async () => {
    const w = world({ a: () => w.wait(100), b: () => ({ late: 7 }) });
    const two = w.start('c: Plain\n!o=@one.b.late', { stack: 'two' });
    await w.clock.run(w.start('a: Plain\nb: Plain depends_on=a', { stack: 'one' }));
    expect((await w.clock.run(two)).outputs).toEqual({ o: 7 });
    const error = await failure(w.engine.delete({ stack: 'one' }));
    expect(error.why).toBe('default.two reads default.one.b.late.');
  });

  test('has the value of its own stack, under the full name', async () => {
    const w = world({ a: () => ({ late: 3 }) });
    expect((await w.create('b: Plain a=@s.a.late\na: Plain\n!o=@s.a.late')).outputs).toEqual({ o: 3 });
  });

  test('is waited for no longer than the time-out of the create: the stack is complete, and the output says why', async () => {
    const w = world();
    const { state, outputs, outputErrors } = await w.create('a: Plain\n!o=@ops.x.y\n!p=a', { timeoutMs: 5000 });
    expect([state, outputs, outputErrors, w.clock.now()]).toEqual([
      'CREATE_COMPLETE',
      { o: null, p: 'a' },
      { o: "default.ops.x.y was not written. Create of 's' timed out after 5 s." },
      5000,
    ]);
  });

  test('is given up at a cancel', async () => {
    const w = world();
    const controller = new AbortController();
    w.clock.schedule(10, () => controller.abort());
    const { outputErrors } = await w.create('a: Plain\n!o=@ops.x.y', { signal: controller.signal });
    expect([outputErrors, w.clock.now()]).toEqual([
      { o: "default.ops.x.y was not written. Create of 's' was cancelled." },
      10,
    ]);
  });

  test('says so when the writer has failed', async () => {
    const w = world({
      b: () => {
        throw new Error('no disk');
      },
    });
    const two = w.start('c: Plain\n!o=@one.b.late', { stack: 'two' });
    await failure(w.create('b: Plain', { stack: 'one' }));
    const { state, outputErrors } = await w.clock.run(two);
    expect([state, outputErrors]).toEqual(['CREATE_COMPLETE', { o: 'default.one.b.late cannot be read: no disk' }]);
  });

  test('is not waited for by a stack that has failed', async () => {
    const w = world({
      a: () => {
        throw new Error('no disk');
      },
    });
    await w.engine.write('ops.x.z', 1);
    await failure(w.create('a: Plain\n!o=@ops.x.y\n!p=@ops.x.z'));
    const { outputs, outputErrors } = await w.engine.show('s');
    expect([outputs, outputErrors, w.clock.now()]).toEqual([
      { o: null, p: 1 },
      { o: 'default.ops.x.y was not written.' },
      0,
    ]);
  });

  test('is among what the stack waits for, and told as the only thing that keeps it', async () => {
    const w = world();
    const created = w.start('a: Plain\n!o=@ops.x.y');
    await w.clock.advance(100);
    const waiting = await w.engine.waiting('s');
    expect(waiting).toEqual([
      {
        reader: 'outputs',
        input: 'o',
        name: ['default', 'ops', 'x', 'y'],
        since: 0,
        writer: 'outside',
        reason:
          "no stack 'ops' is at work in this engine; default.ops.x.y may still be written by another stack, a person or a program",
      },
    ]);
    expect(w.of('stack:didQuiesce').map((event) => event.waiting)).toEqual([waiting]);
    await w.engine.write('ops.x.y', 1);
    await w.clock.run(created);
    expect(await w.engine.waiting('s')).toEqual([]);
  });
});
