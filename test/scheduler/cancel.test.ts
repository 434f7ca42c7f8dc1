import { afterEach, describe, expect, test } from '@jest/globals';
import type { Engine } from '../../src/engine.ts';
import { definePlainType, type PlainType } from '../../src/resource/resource-type.ts';
import type { World } from './world.ts';
import { closeWorlds, failure, forever, untilAborted, world } from './worlds.ts';

afterEach(closeWorlds);

/** Fires after that time. */
function cancelAfter(w: World, ms: number): AbortSignal {
  const controller = new AbortController();
  w.clock.schedule(ms, () => controller.abort(new Error('enough')));
  return controller.signal;
}

/** A type whose delete never ends. */
function undeletable(create: () => object): PlainType {
  return definePlainType({
    name: 'Undeletable',
    properties: {},
    attributes: {},
    handler: { create, delete: forever },
  });
}

const STOPPED = "Stack CREATE failed: Create of 's' was cancelled.";

describe('what has not started', () => {
  test('what queues for a slot that another stack holds is skipped at once', async () => {
    const w = world({ x: () => w.wait(600_000) }, { concurrency: 1 });
    const other = w.start('x: Plain', { stack: 'other' });
    await w.clock.advance(1);
    const error = await w.clock.run(failure(w.start('a: Plain\nb: Plain', { signal: cancelAfter(w, 10) })));
    expect([w.clock.now(), error.what, error.why]).toEqual([
      11,
      STOPPED,
      'It began with: enough. Not created, since what they wait for failed: a, b.',
    ]);
    await w.clock.run(other);
    expect(w.states).toEqual(['x IN_PROGRESS', 'x COMPLETE']);
  });

  test('what queues for a slot of its own stack is not started', async () => {
    const w = world({ a: ({ signal }) => untilAborted(signal) }, { concurrency: 1 });
    await failure(w.create('a: Plain\nb: Plain\nc: Plain', { signal: cancelAfter(w, 10) }));
    expect(w.states).toEqual(['a IN_PROGRESS', 'a FAILED']);
  });

  test.each(['', 'a: Plain', 'a: Stream a=@ops.x.y'])(
    'nothing starts under a signal that has fired before: template %j',
    async (text) => {
      const w = world();
      const error = await failure(w.create(text, { signal: AbortSignal.abort() }));
      expect([error.what, w.states]).toEqual([STOPPED, []]);
    },
  );

  test('a create that is begun right before the engine is closed calls no handler', async () => {
    const called: string[] = [];
    const w = world({ a: () => void called.push('a') });
    const created = failure(w.start('a: Plain'));
    await w.engine.close();
    expect([(await created).what, called]).toEqual(['Stack CREATE failed: The engine was closed.', []]);
  });
});

describe('what is at work', () => {
  test('a blocked handler hears of the cancel without a slot, which another stack holds', async () => {
    const told: number[] = [];
    const w = world(
      {
        x: () => w.wait(600_000),
        b: async ({ inputs }) => {
          try {
            await inputs.a;
          } catch (error) {
            told.push(w.clock.now());
            throw error;
          }
        },
      },
      { concurrency: 1 },
    );
    const created = failure(w.start('b: Stream a=@ops.x.y', { signal: cancelAfter(w, 12) }));
    await w.clock.advance(1);
    const other = w.start('x: Plain', { stack: 'other' });
    await w.clock.run(created);
    expect([w.clock.now(), told]).toEqual([12, [12]]);
    await w.clock.run(other);
  });

  test('a delete that hangs in a rollback holds a close back for the grace only', async () => {
    const type = undeletable(() => {
      throw new Error('no');
    });
    const w = world({}, { types: [type], cancelGraceMs: 1000 });
    const created = failure(w.start('a: Undeletable', { rollback: true }));
    await w.clock.advance(5);
    await w.clock.run(w.engine.close());
    await created;
    expect(w.clock.now()).toBe(1005);
  });

  test('a delete that is cancelled while its intent is being stored gives a deaf handler up after the grace', async () => {
    const w = world({}, { types: [undeletable(() => ({}))], cancelGraceMs: 1000 });
    await w.create('a: Undeletable');
    const controller = new AbortController();
    w.engine.onEvent((event) => {
      if (event.type === 'resource' && event.action === 'DELETE') controller.abort();
    });
    const error = await w.clock.run(failure(w.engine.delete({ stack: 's', signal: controller.signal })));
    expect([error.message, w.clock.now()]).toEqual([
      `Stack DELETE failed: Resource DELETE failed: ActionCancelled: resources.a: Delete of 's' was cancelled.
  These resources are still there: a.
  Remove the cause and delete the stack again; what is gone already is not asked for twice.`,
      1000,
    ]);
  });

  test('a delete that is refused, since the stack is in use, does not cancel the create', async () => {
    const w = world({
      a: async ({ outputs, signal }) => {
        await outputs.early(1);
        await Promise.race([w.wait(1000), untilAborted(signal)]);
      },
    });
    const one = w.start('a: Stream', { stack: 'one' });
    await w.clock.run(w.start('b: Plain a=@one.a.early', { stack: 'two' }));
    const error = await w.clock.run(failure(w.engine.delete({ stack: 'one' })));
    expect([error.code, (await w.clock.run(one)).state]).toEqual(['StackInUse', 'CREATE_COMPLETE']);
  });
});

describe('what was made', () => {
  /** A cloud that answers 100 ms after the request, and whoever it is then told to delete. */
  function cloud(): { readonly w: World; readonly deleted: (string | undefined)[] } {
    const deleted: (string | undefined)[] = [];
    const type = definePlainType({
      name: 'Machine',
      properties: {},
      attributes: {},
      handler: {
        create: async ({ setResourceId }) => {
          await w.wait(100);
          await setResourceId('vm-1');
          return {};
        },
        delete: ({ resourceId }) => void deleted.push(resourceId),
      },
    });
    const w: World = world({}, { types: [type] });
    return { w, deleted };
  }

  const cases: readonly (readonly [
    string,
    (w: World) => Parameters<World['create']>[1],
    (e: Engine) => Promise<void>,
  ])[] = [
    ['a cancel, for the delete', (w) => ({ signal: cancelAfter(w, 50) }), (engine) => engine.delete({ stack: 's' })],
    ['a time-out, for the delete', () => ({ timeoutMs: 50 }), (engine) => engine.delete({ stack: 's' })],
    ['a time-out, for the rollback', () => ({ timeoutMs: 50, rollback: true }), async () => {}],
  ];
  test.each(cases)('an id that a handler learns within the grace is recorded after %s', async (_, options, remove) => {
    const { w, deleted } = cloud();
    await failure(w.create('a: Machine', options(w)));
    await w.clock.run(remove(w.engine));
    expect(deleted).toEqual(['vm-1']);
  });
});
