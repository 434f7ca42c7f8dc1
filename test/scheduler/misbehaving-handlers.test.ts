import { afterEach, describe, expect, test } from '@jest/globals';
import type { Behaviours } from './world.ts';
import { closeWorlds, failure, world } from './worlds.ts';

afterEach(closeWorlds);

type Call = Parameters<Behaviours[string]>[0];

describe('what a handler throws', () => {
  const circle = new Error('x');
  circle.cause = circle;
  test.each([
    ['undefined', undefined, 'Error: resources.a: The handler rejected with undefined.'],
    ['null', null, 'Error: resources.a: The handler rejected with null.'],
    ['a text', 'no disk', 'string: resources.a: no disk'],
    ['an error that is its own cause', circle, 'Error: resources.a: x'],
    ['a frozen error', Object.freeze(new Error('cold')), 'Error: resources.a: cold'],
  ])('%s fails the resource and its readers', async (_, thrown, reason) => {
    const w = world({ a: () => Promise.reject(thrown) });
    const error = await failure(w.create('a: Plain\nb: Plain a=a.late'));
    expect([error.what, w.states, w.clock.now()]).toEqual([
      `Stack CREATE failed: Resource CREATE failed: ${reason}`,
      ['a IN_PROGRESS', 'a FAILED'],
      0,
    ]);
  });
});

describe('a handler that catches the failure of a read', () => {
  const own = new Error('mine');
  const deal = async ({ inputs }: Call): Promise<void> => {
    try {
      await inputs.a;
    } catch {
      // It goes on without.
    }
  };
  test.each([
    ['at once', 0, own],
    ['later', 10, own],
    ['with a frozen error', 0, Object.freeze(new Error('mine'))],
  ])('and fails for another reason %s is not said to have begun with that one', async (_, ms, thrown) => {
    const w = world({
      a: async () => {
        await w.wait(10);
        throw new Error('root');
      },
      b: async (call) => {
        await deal(call);
        await w.wait(ms);
        throw thrown;
      },
    });
    const error = await failure(w.create('a: Plain\nb: Stream a=a.late'));
    const { resources } = await w.engine.show('s');
    expect([error.what, error.why, resources.map(({ reason }) => reason)]).toEqual([
      'Stack CREATE failed: Resource CREATE failed: Error: resources.a: root',
      'These failed too: Error: resources.b: mine.',
      ['root', 'mine'],
    ]);
    expect(thrown.cause).toBe(undefined);
  });

  test('is told of each read by itself, when of two that are blocked at once one fails', async () => {
    const w = world(
      {
        a: async () => {
          await w.wait(10);
          throw new Error('root');
        },
        c: async ({ outputs }) => {
          await w.wait(20);
          await outputs.early(1);
        },
        b: async ({ inputs, outputs }) => {
          const reads = await Promise.allSettled([inputs.a, inputs.b, inputs.a]);
          await outputs.late(reads.map(({ status }) => status));
        },
      },
      { concurrency: 1 },
    );
    await failure(w.create('a: Plain\nc: Stream\nb: Stream a=a.late b=c.early\n!o=b.late'));
    expect((await w.engine.show('s')).outputs).toEqual({ o: ['rejected', 'fulfilled', 'rejected'] });
  });
});

describe('a handler that goes on after it has returned', () => {
  /** Does it so many turns of the event loop later, as a handler that forgot to await. */
  const later = async (turns: number, act: () => Promise<void>): Promise<void> => {
    for (let turn = 0; turn < turns; turn += 1) await null;
    await act().catch(() => {});
  };

  test.each([0, 1, 2, 3, 4, 5, 8])(
    'publishes %i turns later: the value counts, or null, for all alike',
    async (turns) => {
      const w = world({ a: ({ outputs }) => void later(turns, () => outputs.early('x')) });
      const { outputs } = await w.create('a: Stream\nb: Plain a=a.late\nc: Plain a=a.early\n!o=a.early');
      expect([{ o: 'x' }, { o: null }]).toContainEqual(outputs);
      expect(await w.engine.tryRead('s.a.early')).toEqual({ value: outputs.o });
      expect(w.clock.now()).toBe(0);
    },
  );

  test.each([0, 1, 2, 3, 4, 5])(
    'tells its id %i turns later: who refers to it gets the id or the name',
    async (turns) => {
      const w = world({ a: ({ setResourceId }) => void later(turns, () => setResourceId('id')) });
      const { state, outputs, resources } = await w.create('a: Plain\n!o=a');
      expect([{ o: 'id' }, { o: 'a' }]).toContainEqual(outputs);
      // An id that comes in the very last moment is recorded for the delete, although nobody refers to it any more.
      const recorded = outputs.o === 'id' ? ['id'] : ['id', undefined];
      expect(recorded).toContain(resources[0]?.resourceId);
      expect([state, w.clock.now()]).toEqual(['CREATE_COMPLETE', 0]);
    },
  );
});

describe('under whole-resource granularity, with one slot', () => {
  const options = { granularity: 'resource', concurrency: 1 } as const;
  const pass = async ({ inputs, outputs }: Call): Promise<void> => outputs.late(await inputs.a);

  test('the readers of a value hear that its writer has failed after all', async () => {
    const w = world(
      {
        a: async ({ outputs }) => {
          await outputs.early(1);
          await w.wait(10);
          throw new Error('x');
        },
        b: pass,
        c: pass,
      },
      options,
    );
    const error = await failure(w.create('a: Stream\nb: Stream a=a.early\nc: Stream a=a.early\nd: Plain a=c.late'));
    expect(error.what).toBe('Stack CREATE failed: Resource CREATE failed: Error: resources.a: x');
  });

  test('a reader that starts first gets the value at the end of its writer', async () => {
    const w = world({ c: pass, a: async ({ outputs }) => outputs.early(7) }, options);
    expect((await w.create('c: Stream a=a.early\na: Stream\n!o=c.late')).outputs).toEqual({ o: 7 });
  });
});
