import { afterEach, describe, expect, test } from '@jest/globals';
import { Engine } from '../../src/engine.ts';
import type { EngineOptions } from '../../src/engine-options.ts';
import { definePlainType, defineStreamingType, type Retries } from '../../src/resource/resource-type.ts';
import { retryDelay } from '../../src/scheduler/retries.ts';
import { SimulatedClock, seededRandomness } from '../../src/simulated-clock.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import type { JsonObject } from '../../src/values.ts';
import { live } from '../stack/killed-engine.ts';

/** What the handlers have done, with the time of each. */
interface Told {
  readonly calls: string[];
  /** By token. */
  readonly things: Set<string>;
  readonly tokens: string[];
}

/** `Flaky` fails the first `fails` times, after it has made something; `live` is changed in place. */
function flaky(
  told: Told,
  options: {
    readonly retries?: Retries;
    readonly isRepeatable?: boolean;
    readonly fails?: number;
    readonly deleteFails?: number;
    readonly isDead?: () => boolean;
  } = {},
) {
  const { retries, isRepeatable = false, isDead = () => false } = options;
  let [left, deleteLeft] = [options.fails ?? 0, options.deleteFails ?? 0];
  const act = async (what: () => void): Promise<void> => {
    if (isDead()) await new Promise<never>(() => {});
    what();
  };
  return definePlainType({
    name: 'Flaky',
    properties: { of: {}, live: { updateAllowed: true } },
    attributes: { id: { schema: {} } },
    ...(retries === undefined ? {} : { retries }),
    handler: {
      ...(isRepeatable ? { isRepeatable } : {}),
      async create({ token, clock, setResourceId }) {
        await act(() => {
          told.calls.push(`${clock.now()} create`);
          told.tokens.push(token);
          told.things.add(token);
        });
        await setResourceId(`id-${token}`);
        if (left > 0) {
          left -= 1;
          throw new Error('it is down.');
        }
        return { id: token };
      },
      async update({ clock }) {
        told.calls.push(`${clock.now()} update`);
        if (left > 0) {
          left -= 1;
          throw new Error('it is down');
        }
        return {};
      },
      lookup: ({ token }) => (told.things.has(token) ? `id-${token}` : undefined),
      async delete({ token, clock }) {
        if (deleteLeft > 0) {
          deleteLeft -= 1;
          told.calls.push(`${clock.now()} delete fails`);
          throw new Error('it clings');
        }
        await act(() => {
          if (told.things.delete(token)) told.calls.push(`${clock.now()} delete`);
        });
      },
    },
  });
}

const template = (resources: JsonObject): JsonObject => ({ heat_template_version: 'hotloom-1', resources });
const one = (properties: JsonObject = {}) => template({ a: { type: 'Flaky', properties } });
const newTold = (): Told => ({ calls: [], things: new Set(), tokens: [] });

let close: () => Promise<void> = async () => {};
afterEach(() => close());

function world(types: EngineOptions['types'], options: EngineOptions = {}) {
  const clock = new SimulatedClock();
  const engine = new Engine({ types: types ?? [], clock, randomness: seededRandomness(1), ...options });
  close = () => clock.run(engine.close());
  const create = (document: JsonObject) => clock.run(engine.create({ stack: 's', template: document }));
  const update = (document: JsonObject) => clock.run(engine.update({ stack: 's', template: document }));
  const reasons = async () =>
    (await engine.storedEvents('s')).flatMap(({ event }) =>
      event.type === 'resource' ? [`${event.action}_${event.status} ${event.reason}`] : [],
    );
  return { clock, engine, create, update, reasons };
}

describe('the delay before an attempt', () => {
  const retries: Retries = { limit: 5, delayMs: 100, factor: 3, maxDelayMs: 1000 };
  test.each([
    { what: 'the first delay', retries, failures: 1, delay: 100 },
    { what: 'grows by the factor', retries, failures: 3, delay: 900 },
    { what: 'is bounded', retries, failures: 4, delay: 1000 },
    { what: 'there is none after the last', retries, failures: 6, delay: undefined },
    { what: 'the defaults', retries: { limit: 9 }, failures: 3, delay: 4000 },
    { what: 'no retries', retries: undefined, failures: 1, delay: undefined },
    { what: 'none at all', retries: { limit: 0 }, failures: 1, delay: undefined },
  ])('$what', ({ retries, failures, delay }) => {
    expect(retryDelay(retries, failures, new Error('x'), seededRandomness(1))).toBe(delay);
  });

  test('loses up to the part that is jitter', () => {
    const randomness = seededRandomness(7);
    const delays = Array.from({ length: 200 }, () =>
      retryDelay({ limit: 1, delayMs: 1000, jitter: 0.5 }, 1, new Error('x'), randomness),
    );
    expect(Math.min(...(delays as number[]))).toBeGreaterThanOrEqual(500);
    expect(Math.max(...(delays as number[]))).toBeLessThanOrEqual(1000);
    expect(new Set(delays).size).toBeGreaterThan(100);
  });
});

describe('a handler that fails', () => {
  const retries: Retries = { limit: 3, delayMs: 100 };

  test('is tried again after a growing delay, and what it has made is removed before', async () => {
    const told = newTold();
    const { create, reasons, engine } = world([flaky(told, { retries, fails: 2 })]);
    const { state, resources } = await create(one());
    expect(state).toBe('CREATE_COMPLETE');
    expect(told.calls).toEqual(['0 create', '0 delete', '100 create', '100 delete', '300 create']);
    expect(new Set(told.tokens).size).toBe(3);
    expect(resources[0]?.resourceId).toBe(`id-${told.tokens[2]}`);
    expect(await engine.tryRead('s.a.refid')).toEqual({ value: `id-${told.tokens[2]}` });
    expect(await reasons()).toEqual([
      'CREATE_IN_PROGRESS state changed',
      'CREATE_IN_PROGRESS attempt 1 of 4 failed: it is down; the next begins in 0.1 s',
      'CREATE_IN_PROGRESS attempt 2 of 4',
      'CREATE_IN_PROGRESS attempt 2 of 4 failed: it is down; the next begins in 0.2 s',
      'CREATE_IN_PROGRESS attempt 3 of 4',
      'CREATE_COMPLETE state changed',
    ]);
  });

  test('fails when no attempt is left, and leaves what the last one has made to a delete', async () => {
    const told = newTold();
    const { create, clock, engine } = world([flaky(told, { retries, fails: 9 })]);
    await expect(create(one())).rejects.toThrow('Resource CREATE failed: Error: resources.a: it is down.');
    expect(told.calls.filter((call) => call.endsWith('create'))).toHaveLength(4);
    expect(told.things.size).toBe(1);
    await clock.run(engine.delete({ stack: 's' }));
    expect(told.things.size).toBe(0);
  });

  test('is called again under the same token when it is repeatable', async () => {
    const told = newTold();
    const { create } = world([flaky(told, { retries, fails: 2, isRepeatable: true })]);
    await create(one());
    expect(told.calls).toEqual(['0 create', '100 create', '300 create']);
    expect(new Set(told.tokens).size).toBe(1);
  });

  test('is tried again in an update too, and in a delete', async () => {
    const told = newTold();
    let fails = 0;
    const type = flaky(told, { retries, deleteFails: 2 });
    const { update } = type.handler;
    const handler = {
      ...type.handler,
      update: (call: never) => {
        fails += 1;
        return fails < 3 ? Promise.reject(new Error('not yet')) : update?.(call);
      },
    };
    const { create, update: act, reasons, clock, engine } = world([{ ...type, handler }]);
    await create(one({ live: 1 }));
    expect((await act(one({ live: 2 }))).state).toBe('UPDATE_COMPLETE');
    expect((await reasons()).slice(2)).toEqual([
      'UPDATE_IN_PROGRESS state changed',
      'UPDATE_IN_PROGRESS attempt 1 of 4 failed: not yet; the next begins in 0.1 s',
      'UPDATE_IN_PROGRESS attempt 2 of 4',
      'UPDATE_IN_PROGRESS attempt 2 of 4 failed: not yet; the next begins in 0.2 s',
      'UPDATE_IN_PROGRESS attempt 3 of 4',
      'UPDATE_COMPLETE state changed',
    ]);
    await clock.run(engine.delete({ stack: 's' }));
    expect(told.calls.slice(2)).toEqual(['300 delete fails', '400 delete fails', '600 delete']);
  });

  test('holds no slot while it waits', async () => {
    const told = newTold();
    const order: string[] = [];
    const other = definePlainType({
      name: 'Other',
      properties: {},
      attributes: {},
      handler: {
        async create({ clock, resource }) {
          order.push(`${clock.now()} ${resource.name}`);
          return {};
        },
      },
    });
    const { create } = world([flaky(told, { retries, fails: 1 }), other], { concurrency: 1 });
    await create(template({ a: { type: 'Flaky' }, b: { type: 'Other' } }));
    expect([told.calls, order]).toEqual([['0 create', '0 delete', '100 create'], ['0 b']]);
  });

  test.each([
    { what: 'what it reads has failed', document: { a: { type: 'Flaky' }, r: reader('a') } },
    { what: 'it breaks its declaration', document: { r: reader() } },
  ])('is not tried again when $what', async ({ document }) => {
    const told = newTold();
    const type = defineStreamingType({
      name: 'Reader',
      properties: { of: {} },
      attributes: { x: { schema: { type: 'string' } } },
      retries,
      handler: {
        async create({ clock, inputs, publish }) {
          told.calls.push(`${clock.now()} read`);
          await inputs.of;
          await publish('x', 1).catch(() => {});
          throw new Error('it went wrong');
        },
      },
    });
    const { create } = world([flaky(told, { fails: 9 }), type]);
    await expect(create(template(document))).rejects.toThrow('Stack CREATE failed');
    expect(told.calls.filter((call) => call.endsWith('read'))).toHaveLength(1);
  });

  test('ends at once when the action is stopped while it waits', async () => {
    const told = newTold();
    const { clock, engine } = world([flaky(told, { retries: { limit: 3, delayMs: 60_000 }, fails: 9 })]);
    const controller = new AbortController();
    const creating = engine.create({ stack: 's', template: one(), signal: controller.signal });
    clock.schedule(1000, () => controller.abort(new Error('stop')));
    await expect(clock.run(creating)).rejects.toThrow('was cancelled');
    expect([clock.now(), told.things.size]).toEqual([1000, 0]);
    expect((await engine.show('s')).resources[0]?.state).toBe('CREATE_FAILED');
  });

  test('is not there for a signal while it waits', async () => {
    const told = newTold();
    const taking = flaky(told, { retries: { limit: 3, delayMs: 60_000 }, fails: 1 });
    const { clock, engine } = world([{ ...taking, handler: { ...taking.handler, signal: () => undefined } }]);
    const creating = engine.create({ stack: 's', template: one() });
    const signalled: unknown[] = [];
    clock.schedule(1000, () => {
      engine.signal({ stack: 's', resource: 'a' }).then(
        () => signalled.push('taken'),
        ({ name }: Error) => signalled.push(name),
      );
    });
    expect((await clock.run(creating)).state).toBe('CREATE_COMPLETE');
    expect(signalled).toEqual(['ResourceNotAvailable']);
  });

  test('fails when what it has made cannot be removed', async () => {
    const told = newTold();
    const { create } = world([flaky(told, { retries, fails: 9, deleteFails: 1 })]);
    await expect(create(one())).rejects.toThrow(
      'resources.a: it is down.; and what the attempt had made could not be removed: it clings',
    );
  });

  test.each([{ isRepeatable: false }, { isRepeatable: true }])(
    'and whose engine is killed at any position is gone on with, repeatable: $isRepeatable',
    async ({ isRepeatable }) => {
      const run = async (limit: number) => {
        const store = new MemoryStore();
        const told = newTold();
        const types = (fails: number) => (isDead: () => boolean) => [
          flaky(told, { retries, fails, isRepeatable, isDead }),
        ];
        const batches = await live(store, { seed: 1, limit, types: types(2) }, (engine) =>
          engine.create({ stack: 's', template: one() }),
        );
        if (store.findStack('default', 's') === undefined) return { batches, state: 'none', things: 0 };
        await live(store, { seed: 2, types: types(1) }, (engine) => engine.resume({ stack: 's' }));
        const { action, status } = store.findStack('default', 's') ?? {};
        return { batches, state: `${action}_${status}`, things: told.things.size };
      };
      const { batches } = await run(Number.POSITIVE_INFINITY);
      expect(batches).toBeGreaterThan(6);
      for (let limit = 1; limit < batches; limit += 1) {
        const { state, things } = await run(limit);
        expect({ limit, state, things }).toEqual({ limit, state: 'CREATE_COMPLETE', things: 1 });
      }
    },
  );
});

function reader(of?: string): JsonObject {
  return { type: 'Reader', properties: of === undefined ? {} : { of: { get_attr: [of, 'id'] } } };
}

describe('the retries of a type', () => {
  test.each([
    [{ limit: -1 }, "'limit' of 'retries' has to be a whole number from 0."],
    [{ limit: 1, delayMs: -1 }, "'delayMs' of 'retries' has to be a number from 0."],
    [{ limit: 1, factor: 0.5 }, "'factor' of 'retries' has to be a number from 1."],
    [{ limit: 1, jitter: 2 }, "'jitter' of 'retries' has to be a number from 0 to 1."],
  ])('%j are refused', (retries, error) => {
    expect(() => new Engine({ types: [flaky(newTold(), { retries })] })).toThrow(error);
  });
});
