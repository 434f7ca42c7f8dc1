import { afterEach, describe, expect, test } from '@jest/globals';
import { type EngineEvent, EventHub } from '../../src/events.ts';
import { definePlainType } from '../../src/resource/resource-type.ts';
import { closeWorlds, failure, world } from './worlds.ts';

afterEach(closeWorlds);

/** `CREATE_COMPLETE` and the like, of stacks, until the iteration ends by itself. */
async function statesIn(events: AsyncIterable<EngineEvent>): Promise<readonly string[]> {
  const states: string[] = [];
  for await (const event of events) {
    if (event.type === 'stack') states.push(`${event.stack} ${event.action}_${event.status}`);
  }
  return states;
}

const broken = (): never => {
  throw new Error('no disk');
};

describe('the events of a stack', () => {
  test('are those from the call on, also when the loop begins after the action has ended', async () => {
    const w = world();
    const events = w.engine.events({ stack: 's' });
    await w.create('a: Plain');
    await w.create('a: Plain', { stack: 'other' });
    expect(await w.clock.run(statesIn(events))).toEqual(['s CREATE_IN_PROGRESS', 's CREATE_COMPLETE']);
  });

  test.each([
    ['of a create that fails', false, ['s CREATE_IN_PROGRESS', 's CREATE_FAILED']],
    [
      'of a rollback',
      true,
      ['s CREATE_IN_PROGRESS', 's CREATE_FAILED', 's ROLLBACK_IN_PROGRESS', 's ROLLBACK_COMPLETE'],
    ],
  ])('end with the end %s, read at once or afterwards', async (_, rollback, states) => {
    const w = world({ a: broken });
    const atOnce = statesIn(w.engine.events({ stack: 's' }));
    const afterwards = w.engine.events({ stack: 's' });
    await failure(w.create('a: Plain', { rollback }));
    expect(await w.clock.run(Promise.all([atOnce, statesIn(afterwards)]))).toEqual([states, states]);
  });

  test('of all stacks go on until the signal fires', async () => {
    const w = world();
    const controller = new AbortController();
    const states = statesIn(w.engine.events({ signal: controller.signal }));
    await w.create('a: Plain', { stack: 'one' });
    await w.create('a: Plain', { stack: 'two' });
    controller.abort();
    expect(await w.clock.run(states)).toEqual([
      'one CREATE_IN_PROGRESS',
      'one CREATE_COMPLETE',
      'two CREATE_IN_PROGRESS',
      'two CREATE_COMPLETE',
    ]);
  });
});

describe('a read', () => {
  test('that finds its value wakes nobody, and one that was blocked wakes once', async () => {
    const w = world();
    await w.engine.write('ops.x.there', 1);
    w.clock.schedule(20, () => void w.engine.write('ops.x.later', 2));
    await w.create('a: Plain a=@ops.x.there b=@ops.x.later');
    const reads = [...w.of('read:willBlock'), ...w.of('read:didWake')];
    expect(reads.map(({ type, input, time }) => [type, input, time])).toEqual([
      ['read:willBlock', 'b', 0],
      ['read:didWake', 'b', 20],
    ]);
  });
});

describe('a rollback that is stopped', () => {
  test('tells nothing of resources whose deletion it has not begun', async () => {
    const type = definePlainType({
      name: 'Slow',
      properties: {},
      attributes: {},
      handler: { create: () => ({}), delete: () => new Promise(() => {}) },
    });
    const w = world({ c: broken }, { types: [type], concurrency: 1, cancelGraceMs: 10 });
    await failure(w.create('a: Slow\nb: Slow\nc: Plain', { rollback: true, timeoutMs: 100 }));
    expect(w.states.slice(-3)).toEqual(['c FAILED', 'a DELETE_IN_PROGRESS', 'a DELETE_FAILED']);
  });
});

describe('an iteration over events', () => {
  const event: EngineEvent = { type: 'resource:didLog', time: 0, space: 'x', stack: 's', resource: 'r', line: 'l' };
  const iterate = (hub: EventHub, signal?: AbortSignal) => hub.iterate({ wanted: () => true, signal });

  test('listens until it is left, also when it was never begun', async () => {
    const hub = new EventHub();
    const begun = iterate(hub);
    hub.emit(event);
    expect(await begun.next()).toEqual({ done: false, value: event });
    await begun.return();
    const notBegun = iterate(hub);
    expect(hub.isHeard).toBe(true);
    await notBegun.return();
    expect(hub.isHeard).toBe(false);
  });

  test.each([
    ['had fired before', (): AbortSignal => AbortSignal.abort(), (): void => {}],
    [
      'fires',
      (controller: AbortController): AbortSignal => controller.signal,
      (controller: AbortController): void => controller.abort(),
    ],
  ])('is over when its signal %s', async (_, signalOf, fire) => {
    const hub = new EventHub();
    const controller = new AbortController();
    const events = iterate(hub, signalOf(controller));
    const next = events.next();
    fire(controller);
    expect([await next, hub.isHeard]).toEqual([{ done: true, value: undefined }, false]);
  });
});
