import { afterEach, describe, expect, test } from '@jest/globals';
import type { Clock } from '../../src/clock.ts';
import { Engine } from '../../src/engine.ts';
import type { EngineOptions } from '../../src/engine-options.ts';
import { definePlainType, defineStreamingType, type ResourceType } from '../../src/resource/resource-type.ts';
import { SimulatedClock, seededRandomness } from '../../src/simulated-clock.ts';
import type { JsonObject } from '../../src/values.ts';

const wait = (clock: Clock, ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = clock.schedule(ms, resolve);
    signal?.addEventListener('abort', () => {
      timer.cancel();
      reject(signal.reason);
    });
  });

/** Works for `ms`; heeds its signal or not. */
function slow(options: Partial<ResourceType> & { readonly heeds?: boolean } = {}): ResourceType {
  const { heeds = true, ...others } = options;
  return definePlainType({
    name: 'Slow',
    properties: { ms: { type: 'number', updateAllowed: true }, of: {} },
    attributes: { at: { schema: {} } },
    ...(others as object),
    handler: {
      async create({ clock, properties, signal }) {
        await wait(clock, properties.ms ?? 0, heeds ? signal : undefined);
        return { at: clock.now() };
      },
      async update({ clock, properties, signal }) {
        await wait(clock, properties.ms ?? 0, heeds ? signal : undefined);
        return { at: clock.now() };
      },
      async delete({ clock, signal }) {
        await wait(clock, 3000, heeds ? signal : undefined);
      },
    },
  });
}

let close: () => Promise<void> = async () => {};
afterEach(() => close());

function world(types: readonly ResourceType[], options: EngineOptions = {}) {
  const clock = new SimulatedClock();
  const engine = new Engine({ types, clock, randomness: seededRandomness(1), ...options });
  close = () => clock.run(engine.close());
  return {
    clock,
    engine,
    create: (resources: JsonObject, more: JsonObject = {}) =>
      clock.run(engine.create({ stack: 's', template: { heat_template_version: 'hotloom-1', resources, ...more } })),
    update: (resources: JsonObject) =>
      clock.run(engine.update({ stack: 's', template: { heat_template_version: 'hotloom-1', resources } })),
  };
}

describe('the time-out of a resource', () => {
  test.each([
    { what: 'the option of its type', type: slow({ timeoutMs: 2000 }), section: {}, seconds: 2 },
    { what: 'the template', type: slow(), section: { timeout: 1.5 }, seconds: 1.5 },
    { what: 'the template before the type', type: slow({ timeoutMs: 9000 }), section: { timeout: '4' }, seconds: 4 },
    { what: 'a parameter', type: slow(), section: { timeout: { get_param: 'limit' } }, seconds: 3 },
  ])('comes from $what', async ({ type, section, seconds }) => {
    const { create, clock } = world([type]);
    const parameters = { limit: { type: 'number', default: 3 } };
    const creating = create({ a: { type: 'Slow', properties: { ms: 60_000 }, ...section } }, { parameters });
    await expect(creating).rejects.toThrow(
      `Stack CREATE failed: Resource CREATE failed: ResourceTimeout: resources.a: 'a' was not created within ${seconds} s.`,
    );
    expect(clock.now()).toBe(seconds * 1000);
  });

  test('does nothing to one that is ready by then', async () => {
    const { create, clock } = world([slow({ timeoutMs: 2000 })]);
    expect((await create({ a: { type: 'Slow', properties: { ms: 1999 } } })).state).toBe('CREATE_COMPLETE');
    expect(clock.now()).toBe(1999);
  });

  test('gives up a handler that does not heed its signal after the grace', async () => {
    const { create, clock } = world([slow({ timeoutMs: 1000, heeds: false })], { cancelGraceMs: 500 });
    await expect(create({ a: { type: 'Slow', properties: { ms: 60_000 } } })).rejects.toThrow('within 1 s');
    expect(clock.now()).toBe(1500);
  });

  test('counts no time in which the handler waits for others, or for a slot', async () => {
    const streaming = defineStreamingType({
      name: 'Waiting',
      properties: { of: {} },
      attributes: {},
      timeoutMs: 1000,
      handler: {
        async create({ clock, inputs, signal }) {
          await wait(clock, 600, signal);
          await inputs.of;
          await wait(clock, 300, signal);
        },
      },
    });
    const resources = {
      a: { type: 'Slow', properties: { ms: 5000 } },
      b: { type: 'Slow', properties: { ms: 2000 } },
      w: { type: 'Waiting', properties: { of: { get_attr: ['a', 'at'] } } },
    };
    expect((await world([slow(), streaming], { concurrency: 1 }).create(resources)).state).toBe('CREATE_COMPLETE');
    await close();
    expect((await world([slow(), streaming]).create(resources)).state).toBe('CREATE_COMPLETE');
  });

  test('is of each attempt by itself', async () => {
    const { create, clock } = world([slow({ timeoutMs: 1000, retries: { limit: 2, delayMs: 100 } })]);
    await expect(create({ a: { type: 'Slow', properties: { ms: 60_000 } } })).rejects.toThrow('within 1 s');
    // What each of the first two has made is removed, which takes 3 s, and then it waits.
    expect(clock.now()).toBe(1000 + 3000 + 100 + 1000 + 3000 + 200 + 1000);
  });

  test('holds for an update and for a delete too', async () => {
    const { create, update, clock, engine } = world([slow({ timeoutMs: 1000 })]);
    await create({ a: { type: 'Slow', properties: { ms: 1 } } });
    await expect(update({ a: { type: 'Slow', properties: { ms: 2000 } } })).rejects.toThrow(
      "ResourceTimeout: resources.a: 'a' was not updated within 1 s.",
    );
    await expect(clock.run(engine.delete({ stack: 's' }))).rejects.toThrow("'a' was not deleted within 1 s.");
    expect((await engine.show('s')).resources[0]?.state).toBe('DELETE_FAILED');
  });

  test('of a group is that of each of its members', async () => {
    const { create, clock } = world([slow()]);
    const resource_def = { type: 'Slow', properties: { ms: 60_000 } };
    const group = { type: 'OS::Heat::ResourceGroup', properties: { count: 2, resource_def }, timeout: 2 };
    await expect(create({ g: group })).rejects.toThrow("'g/0' was not created within 2 s.");
    expect(clock.now()).toBe(2000);
  });

  test.each([
    [0, 'It is 0.'],
    ['soon', 'It is "soon".'],
    [{ get_attr: ['b', 'at'] }, 'It depends on a value that is not known before the run.'],
  ])('cannot be %j', (timeout, why) => {
    const { engine } = world([slow()]);
    const resources = { a: { type: 'Slow', timeout }, b: { type: 'Slow' } };
    const given = { stack: 's', template: { heat_template_version: 'hotloom-1', resources } };
    expect(() => engine.validate(given)).toThrow('The timeout of resource a is not a number of seconds above 0.');
    expect(() => engine.validate(given)).toThrow(why);
  });

  test("is no section of Heat's versions", () => {
    const { engine } = world([slow()]);
    const template = { heat_template_version: '2021-04-16', resources: { a: { type: 'Slow', timeout: 3 } } };
    expect(() => engine.validate({ stack: 's', template })).toThrow(
      'The sections inputs, outputs and timeout of a resource are those of hotloom-1',
    );
  });
});
