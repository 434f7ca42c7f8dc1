import { afterEach, describe, expect, test } from '@jest/globals';
import { rootCause } from '../../src/errors.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { withOwn } from '../stack/killed-engine.ts';
import type { Behaviours } from './world.ts';
import { closeWorlds, failure, world } from './worlds.ts';

afterEach(closeWorlds);

describe('order', () => {
  test('a plain consumer starts when its producer has ended, as under Heat', async () => {
    const w = world({ a: () => ({ late: 1 }), b: ({ properties }) => ({ late: [properties.a] }) });
    const stack = await w.create('b: Plain a=a.late\na: Plain\n!out=b.late');
    expect(w.states).toEqual(['a IN_PROGRESS', 'a COMPLETE', 'b IN_PROGRESS', 'b COMPLETE']);
    expect(stack.state).toBe('CREATE_COMPLETE');
    expect(stack.outputs).toEqual({ out: [1] });
  });

  test('a consumer starts once its attribute is published, while its producer still runs', async () => {
    const w = world({
      a: async ({ outputs }) => {
        await outputs.early('x');
        await w.wait(1000);
      },
    });
    await w.create('a: Stream\nb: Plain a=a.early');
    expect(w.states).toEqual(['a IN_PROGRESS', 'b IN_PROGRESS', 'b COMPLETE', 'a COMPLETE']);
  });

  test('under whole-resource granularity the same consumer waits for the end', async () => {
    const w = world(
      {
        a: async ({ outputs }) => {
          await outputs.early('x');
          await w.wait(1000);
        },
      },
      { granularity: 'resource' },
    );
    await w.create('a: Stream\nb: Plain a=a.early');
    expect(w.states).toEqual(['a IN_PROGRESS', 'a COMPLETE', 'b IN_PROGRESS', 'b COMPLETE']);
  });

  test('depends_on waits for the end, also of a streaming resource, before its handler starts', async () => {
    const w = world({
      a: async ({ outputs }) => {
        await outputs.early(1);
        await w.wait(1000);
      },
    });
    await w.create('b: Stream depends_on=a\na: Stream');
    expect(w.states).toEqual(['a IN_PROGRESS', 'a COMPLETE', 'b IN_PROGRESS', 'b COMPLETE']);
  });

  test('two handlers that need each other complete, at concurrency 1', async () => {
    const exchange =
      (name: string) =>
      async ({ inputs, outputs }: Parameters<Behaviours[string]>[0]) => {
        await outputs.early(`address of ${name}`);
        await outputs.late(`${name} knows ${await inputs.a}`);
      };
    const w = world({ a: exchange('a'), b: exchange('b') }, { concurrency: 1 });
    const stack = await w.create('a: Stream a=b.early\nb: Stream a=a.early\n!a=a.late\n!b=b.late');
    expect(stack.outputs).toEqual({ a: 'a knows address of b', b: 'b knows address of a' });
  });

  test('ten blocked readers leave the only slot to the one they wait for', async () => {
    const readers = Array.from({ length: 10 }, (_, index) => `r${index}`);
    const w = world(
      {
        ...Object.fromEntries(
          readers.map((name) => [name, async ({ inputs }: never) => void (await (inputs as { a: unknown }).a)]),
        ),
        w: async ({ outputs }) => void (await outputs.early(1)),
      },
      { concurrency: 1 },
    );
    const stack = await w.create([...readers.map((name) => `${name}: Stream a=w.early`), 'w: Stream'].join('\n'));
    expect(stack.state).toBe('CREATE_COMPLETE');
  });

  test('never more handlers work than there are slots', async () => {
    let working = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      working += 1;
      most = Math.max(most, working);
      await w.wait(10);
      working -= 1;
    };
    const names = Array.from({ length: 20 }, (_, index) => `r${index}`);
    const w = world(Object.fromEntries(names.map((name) => [name, work])), { concurrency: 3 });
    await w.create(names.map((name) => `${name}: Plain`).join('\n'));
    expect(most).toBe(3);
  });

  test('a chain of 100,000 resources is created without recursion', async () => {
    const w = world({}, { limits: { maxResources: 100_000 } });
    const lines = Array.from(
      { length: 100_000 },
      (_, index) => `r${index}: Plain${index === 0 ? '' : ` a=r${index - 1}`}`,
    );
    const stack = await w.create(lines.join('\n'));
    expect(stack.state).toBe('CREATE_COMPLETE');
  });

  test.each([false, 0, '', null, [], {}])('%j is a value, and wakes its reader', async (value) => {
    const w = world({
      a: () => ({ late: value }),
      b: async ({ inputs, outputs }) => outputs.late([(await inputs.a) as never]),
    });
    const stack = await w.create('a: Plain\nb: Stream a=a.late\n!out=b.late');
    expect(stack.outputs).toEqual({ out: [value] });
  });
});

describe('failure', () => {
  const fail = (text: string) => () => {
    throw new Error(text);
  };

  test('releases readers at once with the chain of causes, and lets independent branches go on', async () => {
    let seen: unknown;
    const w = world({
      a: fail('no disk'),
      b: async ({ inputs }) => {
        try {
          await inputs.a;
        } catch (error) {
          seen = error;
        }
      },
    });
    const error = await failure(
      w.create('a: Plain\nb: Stream a=a.late\nc: Plain a=a.late\nd: Plain\ne: Plain a=c.late'),
    );
    expect(error.code).toBe('StackFailed');
    expect(error.what).toBe('Stack CREATE failed: Resource CREATE failed: Error: resources.a: no disk');
    expect(error.why).toBe('Not created, since what they wait for failed: c, e.');
    expect((rootCause(seen) as Error).message).toBe('no disk');
    expect(w.states).toEqual(expect.arrayContaining(['a FAILED', 'b COMPLETE', 'd COMPLETE']));
    expect(w.of('resource:wasSkipped').map(({ resource }) => resource)).toEqual(['c', 'e']);
    expect((await w.engine.show('s')).state).toBe('CREATE_FAILED');
  });

  test('a streaming handler that does not catch fails with the root in its reason', async () => {
    const w = world({ a: fail('no disk'), b: async ({ inputs }) => void (await inputs.a) });
    const error = await failure(w.create('a: Plain\nb: Stream a=a.late'));
    expect(error.why).toBe("These failed too: WriterFailed: resources.b: 'b' cannot read b.a: its writer failed.");
  });

  test.each([
    { name: 'rejects', create: () => Promise.reject(new Error('late')), what: 'Error: resources.a: late' },
    { name: 'throws no Error', create: fail('x') && (() => Promise.reject('text')), what: 'string: resources.a: text' },
    {
      name: 'writes an undeclared attribute',
      create: ({ publish }: Parameters<Behaviours[string]>[0]) => publish('lat', 1),
      what: "UndeclaredWrite: resources.a: The handler of 'a' wrote the attribute 'lat', which is not declared.",
    },
    {
      name: 'writes an attribute twice with different values',
      create: async ({ outputs }: Parameters<Behaviours[string]>[0]) => {
        await outputs.late(1);
        await outputs.late(2);
      },
      what: "ConflictingWrite: resources.a: The handler of 'a' wrote 'late' twice with different values.",
    },
    {
      name: 'does so without looking at the promise',
      create: async ({ outputs }: Parameters<Behaviours[string]>[0]) => {
        void outputs.late(1);
        void outputs.late(2);
      },
      what: "ConflictingWrite: resources.a: The handler of 'a' wrote 'late' twice with different values.",
    },
    {
      name: 'reads an input it does not have',
      create: async ({ inputs }: Parameters<Behaviours[string]>[0]) => void (await (inputs as { aa?: unknown }).aa),
      what: "UndeclaredRead: resources.a: The handler of 'a' read the input 'aa', which it does not have.",
    },
  ])('a handler that $name fails its resource', async ({ create, what }) => {
    const w = world({ a: create });
    const error = await failure(w.create('a: Stream'));
    expect(error.what).toBe(`Stack CREATE failed: Resource CREATE failed: ${what}`);
    expect(error.where?.path).toEqual(['resources', 'a']);
  });

  test('the same value twice is fine', async () => {
    const w = world({
      a: async ({ outputs }) => {
        await outputs.late({ x: 1, y: 2 });
        await outputs.late({ y: 2, x: 1 });
      },
    });
    expect((await w.create('a: Stream')).state).toBe('CREATE_COMPLETE');
  });

  test('rollback deletes what was made, against the arrows', async () => {
    const w = world({ c: fail('no disk') });
    await failure(w.create('a: Plain\nb: Plain a=a.late\nc: Plain a=b.late', { rollback: true }));
    expect(w.deleted).toEqual(['c', 'b', 'a']);
    expect(await w.engine.show('s')).toMatchObject({ state: 'ROLLBACK_COMPLETE', resources: [] });
  });
});

describe('cancel and time-out', () => {
  test('a handler that never settles is given up after the time-out and the grace', async () => {
    const w = world({ a: () => new Promise(() => {}) }, { cancelGraceMs: 5000 });
    const error = await failure(w.create('a: Plain\nb: Plain a=a.late', { timeoutMs: 60_000 }));
    expect(error.what).toBe("Stack CREATE failed: Create of 's' timed out after 60 s.");
    expect(w.clock.now()).toBe(65_000);
    expect(w.states).toEqual(['a IN_PROGRESS', 'a FAILED']);
  });

  test('a failure from before the time-out is told, and what the time-out itself has ended is not', async () => {
    const w = world({
      a: () => Promise.reject(new Error('no disk')),
      b: ({ signal }) => new Promise((_, reject) => void signal.addEventListener('abort', () => reject(signal.reason))),
    });
    const error = await failure(w.create('a: Plain\nb: Plain', { timeoutMs: 60_000 }));
    expect([error.what, error.why]).toEqual([
      "Stack CREATE failed: Create of 's' timed out after 60 s.",
      'These failed too: Error: resources.a: no disk.',
    ]);
  });

  test('a cancel wakes blocked readers with its reason, and a handler that heeds its signal ends at once', async () => {
    const controller = new AbortController();
    const w = world({
      a: ({ signal }) => new Promise((_, reject) => void signal.addEventListener('abort', () => reject(signal.reason))),
      b: async ({ inputs }) => void (await inputs.a),
    });
    const created = failure(w.create('a: Stream\nb: Stream a=a.early', { signal: controller.signal }));
    w.clock.schedule(10, () => controller.abort());
    const error = await created;
    expect(error.what).toBe("Stack CREATE failed: Create of 's' was cancelled.");
    expect(w.clock.now()).toBe(10);
    await w.clock.run(w.engine.delete({ stack: 's' }));
    expect(w.deleted.sort()).toEqual(['a', 'b']);
    expect(await w.engine.list()).toEqual([]);
  });

  test('a delete of the same engine cancels the create first', async () => {
    const w = world({
      a: ({ signal }) => new Promise((_, reject) => void signal.addEventListener('abort', () => reject(signal.reason))),
    });
    const created = failure(w.start('a: Plain'));
    await w.clock.advance(5);
    await w.clock.run(w.engine.delete({ stack: 's' }));
    expect((await created).code).toBe('StackFailed');
    expect(w.deleted).toEqual(['a']);
  });
});

describe('delete', () => {
  test('runs against the arrows; resources in one cycle go together', async () => {
    const exchange = async ({ inputs, outputs }: Parameters<Behaviours[string]>[0]): Promise<void> => {
      await outputs.early(1);
      await inputs.a;
    };
    const w = world({ b: exchange, c: exchange });
    await w.create('a: Plain\nb: Stream a=c.early b=a.late\nc: Stream a=b.early\nd: Plain a=c.late');
    await w.clock.run(w.engine.delete({ stack: 's' }));
    expect(w.deleted[0]).toBe('d');
    expect(w.deleted.slice(1, 3).sort()).toEqual(['b', 'c']);
    expect(w.deleted[3]).toBe('a');
  });
});

describe('names', () => {
  test('a read of another stack blocks until that stack publishes, and leaves a trace that keeps its deletion back', async () => {
    const w = world({
      a: async () => w.wait(100).then(() => ({ late: 7 })),
      b: ({ properties }) => ({ late: properties.a }),
    });
    const reader = w.start('b: Plain a=@one.a.late\n!out=b.late', { stack: 'two' });
    const [two] = await w.clock.run(Promise.all([reader, w.start('a: Plain', { stack: 'one' })]));
    expect(two.outputs).toEqual({ out: 7 });
    const error = await failure(w.engine.delete({ stack: 'one' }));
    expect(error.what).toBe('Stack one is in use: other stacks have read its values.');
    await w.clock.run(w.engine.delete({ stack: 'one', force: true }));
  });

  test('somebody outside approves a step', async () => {
    const w = world({ a: ({ properties }) => ({ late: properties.a }) });
    const created = w.start('a: Plain a=@ops.approval.given\n!out=a.late');
    await w.clock.advance(1000);
    expect(await w.engine.waiting('s')).toMatchObject([
      { reader: 'a', input: 'a', name: ['default', 'ops', 'approval', 'given'], writer: 'outside' },
    ]);
    expect(w.of('stack:didQuiesce')).toHaveLength(1);
    await w.engine.write('ops.approval.given', true);
    expect((await w.clock.run(created)).outputs).toEqual({ out: true });
  });

  test('a stack is told to be quiet also when its last reader waits for a value on its way, and for one from outside', async () => {
    const store = new MemoryStore();
    const w = world(
      {
        a: async ({ inputs, outputs }) => {
          void outputs.early(1);
          await outputs.late(await inputs.a);
        },
        b: ({ inputs }) => inputs.a,
      },
      { store: withOwn(store, { append: async (claim, changes) => store.append(claim, changes) }) },
    );
    const created = w.start('a: Stream a=@ops.approval.given\nb: Stream a=a.early,a.late');
    await w.clock.advance(1000);
    expect(w.of('stack:didQuiesce').map(({ waiting }) => waiting.map(({ reader, name }) => [reader, name[3]]))).toEqual(
      [
        [
          ['a', 'given'],
          ['b', 'late'],
        ],
      ],
    );
    await w.engine.write('ops.approval.given', true);
    await w.clock.run(created);
  });

  test('a circle through two stacks is a deadlock, and releases both', async () => {
    const w = world();
    const one = failure(w.start('a: Plain a=@two.b.late', { stack: 'one' }));
    const two = failure(w.start('b: Plain a=@one.a.late', { stack: 'two' }));
    const errors = await w.clock.run(Promise.all([one, two]));
    expect(errors.map((error) => error.code)).toEqual(['StackFailed', 'StackFailed']);
    expect(w.of('read:didDeadlock')).toHaveLength(2);
  });

  test('a circle of reads by name at run time is a deadlock at once', async () => {
    const w = world({
      a: async ({ read, outputs }) => outputs.late(await read(['default', 's', 'b', 'late'])),
      b: async ({ read, outputs }) => outputs.late(await read(['default', 's', 'a', 'late'])),
    });
    const error = await failure(w.create('a: Stream\nb: Stream'));
    expect(error.what).toContain('Deadlock: default.s.');
    expect(w.clock.now()).toBe(0);
  });

  test('a handler that waits before it writes what it could write first stalls, then is a deadlock', async () => {
    const selfish = async ({ inputs, outputs }: Parameters<Behaviours[string]>[0]): Promise<void> => {
      const peer = await inputs.a;
      await outputs.early(peer);
    };
    const w = world({ a: selfish, b: selfish }, { stallTimeoutMs: 30_000 });
    const error = await failure(w.create('a: Stream a=b.early\nb: Stream a=a.early'));
    expect(w.of('read:didStall').map(({ time }) => time)).toEqual([0]);
    expect(w.clock.now()).toBe(30_000);
    expect(error.what).toContain('Deadlock');
  });

  test('a stall that its handler ends after all is no failure', async () => {
    const slow = async ({ inputs, outputs }: Parameters<Behaviours[string]>[0]): Promise<void> => {
      const peer = inputs.a.then((value) => value);
      await w.wait(100);
      await outputs.early(1);
      await peer;
    };
    const w = world({ a: slow, b: slow });
    const stack = await w.create('a: Stream a=b.early\nb: Stream a=a.early');
    expect(stack.state).toBe('CREATE_COMPLETE');
    expect(w.of('read:didStall')).toHaveLength(1);
    expect(w.of('read:didDeadlock')).toEqual([]);
  });
});
