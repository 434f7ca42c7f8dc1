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

test('a mark on a resource and signals to it stand in it too, and are nothing that a rollback would go back to', async () => {
  const w: World = world({ bad: () => Promise.reject(new Error('no disk')) });
  const handle = 'type: OS::Heat::WaitConditionHandle';
  const made = (more: string) => `heat_template_version: 2021-04-16\nresources:\n  h: { ${handle} }\n${more}`;
  const update = (more: string, options = {}) =>
    w.clock.run(w.engine.update({ stack: 's', template: made(more), ...options }));
  await w.clock.run(w.engine.create({ stack: 's', template: made('') }));
  await w.clock.run(w.engine.check({ stack: 's' }));
  for (const data of ['once', 'twice']) {
    await w.clock.advance(5);
    await w.clock.run(w.engine.signal({ stack: 's', resource: 'h', data: { id: data } }));
  }
  const at = { stack: 's', resource: 'h' };
  await w.engine.markUnhealthy({ ...at, reason: 'it smells' });
  await w.engine.markUnhealthy({ ...at, unhealthy: false });
  await w.clock.run(w.engine.signal({ ...at, data: { id: 'thrice' } }));
  expect(await historyOf(w.engine)).toEqual([
    'CREATE_COMPLETE 0-0 created h',
    'CHECK_COMPLETE 0-0',
    'SIGNAL_COMPLETE 5-10 signalled h',
    'MARK_UNHEALTHY_COMPLETE 10-10 marked h',
    'MARK_UNHEALTHY_COMPLETE 10-10 unmarked h',
    'SIGNAL_COMPLETE 10-10 signalled h',
  ]);
  const reasons = (await w.engine.history('s')).map(({ reason }) => reason);
  expect(reasons.slice(2, 4)).toEqual(['Signal: status:SUCCESS reason:Signal 2 received', 'it smells']);
  // What the stack was when it was complete is looked for over what changes nothing of it.
  await failure(update('  more: { type: OS::Heat::None }\n  bad: { type: Plain }'));
  await failure(w.clock.run(w.engine.snapshot({ stack: 's' })));
  await w.clock.run(w.engine.signal(at));
  await failure(update('  bad: { type: Plain }', { rollback: true }));
  const { state, resources } = await w.engine.show('s');
  expect([state, resources.map(({ name }) => name), await w.engine.tryRead('s.more.refid')]).toEqual([
    'ROLLBACK_COMPLETE',
    ['h'],
    undefined,
  ]);
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
