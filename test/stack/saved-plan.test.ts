import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Engine } from '../../src/engine.ts';
import { definePlainType } from '../../src/resource/resource-type.ts';
import { SimulatedClock, seededRandomness } from '../../src/simulated-clock.ts';
import type { ApplyOptions, SavedPlan } from '../../src/stack/saved-plan.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import type { JsonObject } from '../../src/values.ts';
import { attr, type Told, template, thing, typesOf } from './update-world.ts';

let told: Told;
let engine: Engine;
let clock: SimulatedClock;
let store: MemoryStore;
beforeEach(() => {
  told = { things: new Map(), calls: [] };
  clock = new SimulatedClock();
  store = new MemoryStore();
  engine = new Engine({ types: typesOf(told), clock, store, randomness: seededRandomness(1) });
});
afterEach(() => clock.run(engine.close()));

const parameters = { size: { type: 'number', default: 1 }, pin: { type: 'string', hidden: true, default: '' } };
const made = (resources: JsonObject) => template(resources, { parameters });
const before = { a: thing({ of: 1, live: { get_param: 'size' } }), b: thing({ live: attr('a', 'live') }) };
const create = () => clock.run(engine.create({ stack: 's', template: made(before) }));
const update = (resources: JsonObject, given: JsonObject = {}) =>
  clock.run(engine.update({ stack: 's', template: made(resources), parameters: given }));
/** As it comes back from a file. */
const read = (plan: SavedPlan): SavedPlan => JSON.parse(JSON.stringify(plan));
const apply = (plan: SavedPlan, options: Partial<ApplyOptions> = {}) => {
  told.calls.length = 0;
  return clock.run(engine.apply({ plan: read(plan), ...options }));
};

describe('a saved plan', () => {
  test('of a create is done as it was planned', async () => {
    const plan = await engine.planCreate({ stack: 's', template: made(before), parameters: { size: 3 } });
    const { state, parameters: stored } = await apply(plan);
    expect([state, stored.size, told.calls]).toEqual(['CREATE_COMPLETE', 3, ['create a', 'create b']]);
    await expect(apply(plan)).rejects.toThrow(
      'Since it was made, this has changed: there was no stack of that name, and now there is one.',
    );
  });

  test('of an update is done as it was planned, and only once', async () => {
    await create();
    const plan = await engine.planUpdate({ stack: 's', template: made(before), parameters: { size: 2 } });
    expect((await apply(plan)).state).toBe('UPDATE_COMPLETE');
    expect(told.calls).toEqual(['update a', 'update b']);
    await expect(apply(plan)).rejects.toThrow('The plan for stack s does not hold any more.');
    expect(told.calls).toEqual([]);
  });

  test('leaves alone what comes out equal of what was not known', async () => {
    await create();
    const constant = { ...before, b: thing({ of: attr('a', 'of') }) };
    await update(constant);
    const plan = await engine.planUpdate({ stack: 's', template: made(constant), parameters: { size: 2 } });
    expect(plan.plan.steps.map(({ action }) => action)).toEqual(['update', 'compare']);
    await apply(plan);
    expect(told.calls).toEqual(['update a']);
  });

  test('goes back on a failure when it was planned so', async () => {
    await create();
    const bad = { ...before, b: thing({ of: 'bad' }) };
    const plan = await engine.planUpdate({ stack: 's', template: made(bad), rollback: true });
    await expect(apply(plan)).rejects.toThrow('it is bad');
    expect((await engine.show('s')).state).toBe('ROLLBACK_COMPLETE');
  });

  test('is not stale after an update that changed nothing, or a check that found nothing', async () => {
    await create();
    const plan = await engine.planUpdate({ stack: 's', template: made(before), parameters: { size: 2 } });
    await update(before);
    await clock.run(engine.check({ stack: 's' }));
    expect((await apply(plan)).state).toBe('UPDATE_COMPLETE');
  });

  test.each<{ readonly what: string; readonly change: () => Promise<unknown>; readonly changed: string }>([
    {
      what: 'a parameter has changed',
      change: () => update(before, { size: 5 }),
      changed:
        "the parameter 'size'; the resource 'a' was CREATE_COMPLETE and is UPDATE_COMPLETE; the resource 'b' was CREATE_COMPLETE and is UPDATE_COMPLETE",
    },
    {
      what: 'the template has changed',
      change: () => update({ ...before, c: thing({}) }),
      changed: "the template; the resource 'c' is new",
    },
    {
      what: 'a resource is marked unhealthy',
      change: () => engine.markUnhealthy({ stack: 's', resource: 'a' }),
      changed: "the resource 'a' was CREATE_COMPLETE and is CHECK_FAILED",
    },
    {
      what: 'a resource was replaced',
      change: async () => {
        await update({ ...before, a: thing({ of: 2, live: { get_param: 'size' } }) });
        return update(before);
      },
      changed: "the resource 'a'",
    },
    {
      what: 'the stack was deleted',
      change: () => clock.run(engine.delete({ stack: 's' })),
      changed: 'there is no stack of that name in the store any more',
    },
    {
      what: 'the stack was deleted and created again',
      change: async () => {
        await clock.run(engine.delete({ stack: 's' }));
        return create();
      },
      changed: 'the stack was deleted, and there is another of that name',
    },
  ])('is refused when $what', async ({ change, changed }) => {
    await create();
    const plan = await engine.planUpdate({ stack: 's', template: made(before), parameters: { size: 2 } });
    await change();
    await expect(apply(plan)).rejects.toMatchObject({
      code: 'PlanStale',
      what: 'The plan for stack s does not hold any more.',
      why: `Since it was made, this has changed: ${changed}.`,
    });
    expect(told.calls).toEqual([]);
  });

  test('is refused while something is at work on the stack', async () => {
    await create();
    const plan = await engine.planUpdate({ stack: 's', template: made(before), parameters: { size: 2 } });
    const other = engine.update({ stack: 's', template: made({ ...before, c: thing({}) }) });
    const both = await clock.run(Promise.allSettled([other, engine.apply({ plan })]));
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  });

  test('asks for hidden parameters again, and for the same values', async () => {
    const hidden = made({ a: thing({ live: { get_param: 'pin' } }) });
    await clock.run(engine.create({ stack: 's', template: hidden, parameters: { pin: 'secret-1' } }));
    const plan = await engine.planUpdate({ stack: 's', template: hidden, parameters: { pin: 'secret-2' } });
    expect(JSON.stringify(plan)).not.toMatch(/secret-/);
    expect(plan.asked).toEqual(['pin']);
    await expect(apply(plan)).rejects.toThrow('The Parameter (pin) was not provided.');
    await expect(apply(plan, { parameters: { pin: 'secret-3' } })).rejects.toThrow(
      "the parameter 'pin' is given another value than it was planned with",
    );
    expect(told.calls).toEqual([]);
    await apply(plan, { parameters: { pin: 'secret-2' } });
    expect(told.calls).toEqual(['update a']);
  });

  test('asks for no hidden parameter whose value is stored, as long as that is the one that it was planned with', async () => {
    const given = { pin: { type: 'string', hidden: true }, key: { type: 'string', hidden: true } };
    const hidden = template(
      { a: thing({ live: [{ get_param: 'pin' }, { get_param: 'key' }, { get_param: 'size' }] }) },
      { parameters: { ...parameters, ...given } },
    );
    const encryption = { keys: [Buffer.from('0123456789abcdefghijklmnopqrstuv').toString('base64')] };
    const sealed = new Engine({ types: typesOf(told), clock, store, encryption });
    const updated = { stack: 's', template: hidden };
    await clock.run(sealed.create({ ...updated, parameters: { pin: 'secret-1', key: 'secret-2' } }));
    const plan = await sealed.planUpdate({ ...updated, existing: true, parameters: { key: 'secret-3', size: 2 } });
    expect([plan.asked, JSON.stringify(plan)]).toEqual([['key'], expect.not.stringMatching(/secret-/)]);
    const missing = `The Parameter (key) was not provided.
  A plan does not hold the values of hidden parameters, and the store does not have those that this one was made with: 'key'.
  Give the same values again.`;
    told.calls.length = 0;
    await expect(clock.run(sealed.apply({ plan: read(plan) }))).rejects.toThrow(missing);
    const unsealed = new Engine({ types: typesOf(told), clock, store });
    await expect(clock.run(unsealed.apply({ plan: read(plan) }))).rejects.toMatchObject({
      code: 'EncryptionKeyMissing',
    });
    expect(told.calls).toEqual([]);
    await clock.run(sealed.apply({ plan: read(plan), parameters: { key: 'secret-3' } }));
    expect(told.calls).toEqual(['update a']);
    const next = await sealed.planUpdate({ ...updated, existing: true, parameters: { size: 3 } });
    expect(next.asked).toEqual([]);
    await clock.run(sealed.update({ ...updated, existing: true, parameters: { key: 'secret-4' } }));
    // The stored one is not what the plan was made with; the stack has changed besides.
    await expect(clock.run(sealed.apply({ plan: next }))).rejects.toMatchObject({ code: 'PlanStale' });
    const last = await sealed.planUpdate({ ...updated, existing: true, parameters: { size: 4 } });
    await clock.run(sealed.apply({ plan: read(last) }));
    expect((await sealed.show('s')).parameters.size).toBe(4);
    await clock.run(Promise.all([sealed.close(), unsealed.close()]));
  });

  test('is refused when the types mean something else by now', async () => {
    await create();
    const plan = await engine.planUpdate({ stack: 's', template: made(before), parameters: { size: 2 } });
    const other = definePlainType({
      name: 'Thing',
      properties: { of: {}, live: {} },
      attributes: { of: { schema: {} }, live: { schema: {} }, id: { schema: {} } },
      handler: { create: () => ({}) },
    });
    const later = new Engine({ types: [other], clock, store });
    await expect(clock.run(later.apply({ plan }))).rejects.toThrow("to 'a' replace would be done, not update");
    await clock.run(later.close());
  });

  test.each([
    { given: null, what: 'It is not a saved plan.' },
    { given: { plan: {} }, what: 'It is not a saved plan.' },
    {
      given: { hotloomPlan: 2, plan: {}, definition: {}, hidden: {} },
      what: 'The plan has the form 2, which this release does not know.',
    },
  ])('is not $given', async ({ given, what }) => {
    await expect(engine.apply({ plan: given as unknown as SavedPlan })).rejects.toMatchObject({ what });
  });
});
