import { hostname, userInfo } from 'node:os';
import { afterEach, expect, test } from '@jest/globals';
import type { Engine } from '../../src/engine.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { templateOf, World } from '../scheduler/world.ts';
import { closeWorlds, failure, world } from '../scheduler/worlds.ts';

afterEach(closeWorlds);

/** `UPDATE_FAILED 10-12 replaced a; failed b`, times in ms. */
async function historyOf(engine: Engine): Promise<readonly string[]> {
  return (await engine.history('s')).map(({ state, isInterrupted, startedAt, endedAt, changes }) => {
    const told = Object.entries(changes).map(([what, { names }]) => `${what} ${names.join(' ')}`);
    return `${state}${isInterrupted ? '?' : ''} ${startedAt}-${endedAt ?? ''} ${told.join('; ')}`.trimEnd();
  });
}

test('each action on a stack stands in its history, with what it has done, until the stack is deleted', async () => {
  const w: World = world({ a: () => w.wait(2), bad: () => Promise.reject(new Error('no disk')) });
  const update = (text: string, options = {}) =>
    w.clock.run(w.engine.update({ stack: 's', template: templateOf(text), ...options }));
  await w.create('a: Plain a=1\nb: Plain');
  await w.clock.advance(10);
  await update('a: Plain a=2\nc: Plain');
  await failure(update('a: Plain a=3\nbad: Plain\nc: Plain', { rollback: true }));
  await w.clock.run(w.engine.check({ stack: 's' }));
  expect(await historyOf(w.engine)).toEqual([
    'CREATE_COMPLETE 0-2 created b a',
    'UPDATE_COMPLETE 12-14 created c; replaced a; deleted b',
    expect.stringMatching(/^UPDATE_FAILED 14-\d+ .*failed .*bad/),
    expect.stringMatching(/^ROLLBACK_COMPLETE 1\d-\d+ deleted .*bad/),
    expect.stringMatching(/^CHECK_COMPLETE \d+-\d+$/),
  ]);
  await w.clock.run(w.engine.delete({ stack: 's' }));
  await expect(w.engine.history('s')).rejects.toThrow('The Stack (s) could not be found.');
});

test('it says who asked for it: the user and the process, or who the engine says', async () => {
  const store = new MemoryStore();
  const w = world({}, { store });
  const named = world({}, { store, actor: 'pipeline 7' });
  await w.create('a: Plain');
  await named.clock.run(named.engine.update({ stack: 's', template: templateOf('a: Plain\nb: Plain') }));
  expect((await w.engine.history('s')).map(({ actor, host, pid }) => [actor, host, pid])).toEqual([
    [`${userInfo().username}@${hostname()}`, hostname(), process.pid],
    ['pipeline 7', hostname(), process.pid],
  ]);
});

test('one whose engine gives no sign of life is interrupted, and what goes on with it is another', async () => {
  const store: MemoryStore = new MemoryStore({ now: () => next.clock.now() });
  const stopped: World = world({ b: () => stopped.wait(60_000) }, { store });
  const next: World = world({}, { store });
  const created = failure(stopped.start('a: Plain\nb: Plain\nc: Plain depends_on=b'));
  await stopped.clock.advance(5);
  expect(await historyOf(next.engine)).toEqual(['CREATE_IN_PROGRESS 0- created a']);
  await next.clock.advance(30_000);
  expect(await historyOf(next.engine)).toEqual(['CREATE_IN_PROGRESS? 0- created a']);
  await failure(next.clock.run(next.engine.resume({ stack: 's' })));
  const history = ['CREATE_IN_PROGRESS? 0- created a', 'CREATE_FAILED 30000-30000 failed b'];
  expect(await historyOf(next.engine)).toEqual(history);
  // What the first one says when it wakes is not in it.
  await stopped.clock.advance(30_000);
  expect((await created).code).toBe('ClaimLost');
  expect(await historyOf(next.engine)).toEqual(history);
});

test.each(['', 'x'.repeat(201)])("an actor of '%s' is refused", (actor) => {
  expect(() => new World({}, { actor })).toThrow("The engine's option 'actor' cannot be");
});
