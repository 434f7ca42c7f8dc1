import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Engine } from '../../../src/engine.ts';
import { messageOf } from '../../../src/errors.ts';
import { SimulatedClock, seededRandomness } from '../../../src/simulated-clock.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import type { Json, JsonObject } from '../../../src/values.ts';
import { storeUntilKill } from '../../stack/killed-engine.ts';

let clock: SimulatedClock;
let engine: Engine;
beforeEach(() => {
  clock = new SimulatedClock();
  engine = new Engine({ clock, randomness: seededRandomness(1) });
});
afterEach(() => clock.run(engine.close()));

const WAIT = { handle: { get_resource: 'handle' }, timeout: 60 };

function template(wait: JsonObject = {}, handle: JsonObject = { type: 'OS::Heat::WaitConditionHandle' }): JsonObject {
  return {
    heat_template_version: '2021-04-16',
    resources: { handle, wait: { type: 'OS::Heat::WaitCondition', properties: { ...WAIT, ...wait } } },
    outputs: { data: { value: { get_attr: ['wait', 'data'] } } },
  };
}

const start = (document: JsonObject, stack = 's') => engine.create({ stack, template: document });
const signal = (data?: Json, resource = 'handle') =>
  engine.signal({ stack: 's', resource, ...(data === undefined ? {} : { data }) });
const outcome = (work: Promise<{ readonly outputs: JsonObject }>) =>
  work.then(({ outputs }) => outputs.data, messageOf);
const failed = (work: Promise<unknown>): Promise<string> => work.then(() => 'no error', messageOf);
const FAILED = 'Stack CREATE failed: Resource CREATE failed: ';

/** Signals that come one after the other, and what becomes of a condition that waits for `count` of them. */
const AWS = { type: 'AWS::CloudFormation::WaitConditionHandle' };
const aws = (UniqueId: string, Data: Json, Status = 'SUCCESS') => ({ Status, UniqueId, Data, Reason: `r${UniqueId}` });

describe('OS::Heat::WaitCondition', () => {
  test.each<{ rule: string; signals: Json[]; count?: number; handle?: JsonObject; result: Json }>([
    { rule: 'a signal may say nothing', signals: [{}], result: '{"1": null}' },
    {
      rule: 'data is told by id',
      signals: [{ id: 'x', data: { a: [1, 'é'] } }],
      result: '{"x": {"a": [1, "\\u00e9"]}}',
    },
    {
      rule: 'an id that is left out is the number',
      signals: [{}, { data: 7 }],
      count: 2,
      result: '{"1": null, "2": 7}',
    },
    {
      rule: 'an id counts once, its last data',
      signals: [{ id: 1, data: 'a' }, { id: '1', data: 'b' }, { id: 2 }],
      count: 2,
      result: '{"1": "b", "2": null}',
    },
    {
      rule: 'a failure fails it, with its reason',
      signals: [{ status: 'FAILURE', reason: 'disk full' }],
      count: 2,
      result: `${FAILED}WaitConditionFailure: resources.wait: disk full`,
    },
    {
      rule: 'a failure without a reason',
      signals: [{}, { status: 'FAILURE' }],
      count: 3,
      result: `${FAILED}WaitConditionFailure: resources.wait: Signal 2 received`,
    },
    {
      rule: 'too few within the time',
      signals: [{}, { reason: 'up' }],
      count: 3,
      result: `${FAILED}WaitConditionTimeout: resources.wait: 2 of 3 received - Signal 1 received;up`,
    },
    {
      rule: 'none within the time',
      signals: [],
      result: `${FAILED}WaitConditionTimeout: resources.wait: 0 of 1 received`,
    },
    {
      rule: 'nobody has to signal',
      signals: [],
      count: 2,
      handle: { type: 'OS::Heat::WaitConditionHandle', properties: { signal_transport: 'NO_SIGNAL' } },
      result: '{"1": null, "2": null}',
    },
    {
      rule: 'a handle of CloudFormation',
      signals: [aws('a', 'x'), aws('b', 'y')],
      count: 2,
      handle: AWS,
      result: '{"a": "x", "b": "y"}',
    },
    {
      rule: 'its failure',
      signals: [aws('a', 'x'), aws('b', 'y', 'FAILURE')],
      count: 2,
      handle: AWS,
      result: `${FAILED}WaitConditionFailure: resources.wait: rb`,
    },
    {
      rule: 'Zaqar',
      signals: [],
      handle: { type: 'OS::Heat::WaitConditionHandle', properties: { signal_transport: 'ZAQAR_SIGNAL' } },
      result: `${FAILED}NotSupported: resources.handle: The signal_transport ZAQAR_SIGNAL is not supported.`,
    },
    {
      rule: 'something else than a handle',
      signals: [],
      handle: { type: 'OS::Heat::Value', properties: { value: 1 } },
      result: `${FAILED}PropertyInvalid: resources.wait: handle is not a valid wait condition handle.`,
    },
  ])('$rule', async ({ signals, count, handle, result }) => {
    const done = outcome(start(template(count === undefined ? {} : { count }, handle)));
    await clock.advance(1);
    for (const data of signals) {
      await clock.advance(1000);
      await clock.run(signal(data));
    }
    expect(await clock.run(done)).toBe(result);
  });

  test.each<{ data: Json; type?: string; why: string }>([
    { data: { status: 'DONE' }, why: 'its status is "DONE"' },
    { data: { status: 'SUCCESS', state: 1 }, why: "it has 'state' too" },
    { data: ['SUCCESS'], why: 'it is no map' },
    { data: { Status: 'SUCCESS' }, type: AWS.type, why: "it has no 'UniqueId', 'Reason', 'Data'" },
    { data: 'SUCCESS', type: AWS.type, why: 'it is no map' },
  ])('refuses the signal $data', async ({ data, type, why }) => {
    const done = outcome(start(template({}, type === undefined ? undefined : { type })));
    await clock.advance(1);
    const refused = await clock.run(signal(data).catch((error: unknown) => error));
    expect(messageOf(refused)).toBe('SignalInvalid: resources.handle: Metadata format invalid');
    expect(String((refused as Error).message)).toContain(why);
    expect(await clock.run(done)).toContain('0 of 1 received');
  });

  test('tells that it waits, for how much, and holds no slot meanwhile', async () => {
    await engine.close();
    engine = new Engine({ clock, randomness: seededRandomness(1), concurrency: 1 });
    const { resources, ...rest } = template({ count: 2 });
    const other = { type: 'OS::Heat::TestResource', depends_on: 'handle', properties: { wait_secs: 5 } };
    const done = outcome(start({ ...rest, resources: { ...(resources as JsonObject), other } }));
    await clock.advance(1000);
    await clock.run(signal());
    await clock.advance(9000);
    expect((await engine.storedEvents('s')).map(({ event }) => event)).toContainEqual(
      expect.objectContaining({ resource: 'other', action: 'CREATE', status: 'COMPLETE', time: 5000 }),
    );
    expect(await engine.waiting('s')).toEqual([
      {
        reader: 'wait',
        input: undefined,
        name: ['default', 's', 'handle', 'signals'],
        since: 0,
        writer: 'outside',
        reason: "somebody has to signal 'handle'; 1 signal has come",
        awaits: 'signals',
      },
    ]);
    await clock.run(signal());
    expect(await clock.run(done)).toBe('{"1": null, "2": null}');
  });

  test.each([
    { what: 'stopped', resumedAt: 40_000, endsAt: 60_000 },
    { what: 'stopped for longer', resumedAt: 100_000, endsAt: 100_000 },
  ])('its time counts on while the engine is $what', async ({ resumedAt, endsAt }) => {
    const begin = async (store: MemoryStore, limit?: number) => {
      const seen = storeUntilKill(store, limit);
      const own = new SimulatedClock();
      const first = new Engine({ clock: own, store: seen.store, randomness: seededRandomness(1) });
      void first.create({ stack: 's', template: template() }).catch(() => {});
      await own.advance(10_000);
      return { first, own, seen };
    };
    const untouched = await begin(new MemoryStore());
    const store = new MemoryStore();
    const { first, own, seen } = await begin(store, untouched.seen.batches());
    // It is killed by what it stores next.
    void first.signal({ stack: 's', resource: 'handle' }).catch(() => {});
    await own.run(seen.killed);
    const later = new SimulatedClock(resumedAt);
    const next = new Engine({ clock: later, store, randomness: seededRandomness(2) });
    expect(await later.run(failed(next.resume({ stack: 's' })))).toContain('WaitConditionTimeout: resources.wait');
    expect(later.now()).toBe(endsAt);
    await later.run(next.close());
    await untouched.own.run(untouched.first.close());
  });

  test('each update has the whole time, also after one that has failed', async () => {
    const first = outcome(start(template()));
    await clock.advance(50_000);
    await clock.run(signal());
    await clock.run(first);
    for (const endsAt of [110_000, 170_000]) {
      const update = engine.update({ stack: 's', template: template({ count: 2 }) });
      expect(await clock.run(failed(update))).toContain('1 of 2 received');
      expect(clock.now()).toBe(endsAt);
    }
  });

  test('a signal is an event of the handle: SIGNAL with the state that the handle has', async () => {
    const done = outcome(start(template()));
    await clock.advance(1);
    expect(await clock.run(signal({ reason: 'up' }))).toBe('Signal: status:SUCCESS reason:up');
    await clock.run(done);
    const told = (await engine.storedEvents('s')).flatMap(({ event }) =>
      event.type === 'resource' && event.resource === 'handle'
        ? [`${event.action}_${event.status} ${event.reason}`]
        : [],
    );
    expect(told).toEqual([
      'CREATE_IN_PROGRESS state changed',
      'CREATE_COMPLETE state changed',
      'SIGNAL_COMPLETE Signal: status:SUCCESS reason:up',
    ]);
  });

  test('after an update that asks for more it waits for more, and its readers get the new data', async () => {
    const first = outcome(start(template()));
    await clock.advance(1);
    await clock.run(signal({ data: 'a' }));
    expect(await clock.run(first)).toBe('{"1": "a"}');
    const second = outcome(engine.update({ stack: 's', template: template({ count: 2 }) }));
    await clock.advance(1);
    await clock.run(signal({ data: 'b' }));
    expect(await clock.run(second)).toBe('{"1": "a", "2": "b"}');
  });

  test('signals that come before it starts, after it is complete and to a stack that nobody works on are kept', async () => {
    const { resources, ...rest } = template({ count: 2 });
    const late = { type: 'OS::Heat::TestResource', properties: { wait_secs: 5 } };
    const { wait, ...others } = resources as JsonObject;
    const done = outcome(
      start({ ...rest, resources: { ...others, late, wait: { ...(wait as JsonObject), depends_on: 'late' } } }),
    );
    await clock.advance(1);
    await clock.run(Promise.all([signal(), signal()]));
    expect(await clock.run(done)).toBe('{"1": null, "2": null}');
    await clock.run(Promise.all([signal(), signal(), signal()]));
    const more = outcome(engine.update({ stack: 's', existing: true, template: template({ count: 5 }) }));
    expect(await clock.run(more)).toBe('{"1": null, "2": null, "3": null, "4": null, "5": null}');
  });
});

describe('OS::Heat::UpdateWaitConditionHandle', () => {
  test('every update makes another, which needs signals of its own; the old one takes no more', async () => {
    const document = template({}, { type: 'OS::Heat::UpdateWaitConditionHandle' });
    const first = outcome(start(document));
    await clock.advance(1);
    await clock.run(signal(aws('1', 'first')));
    expect(await clock.run(first)).toBe('{"1": "first"}');
    const plan = await engine.previewUpdate({ stack: 's', template: document });
    expect(plan.steps.map(({ resource, action, reason }) => [resource, action, reason])).toEqual([
      ['handle', 'replace', 'every update makes another OS::Heat::UpdateWaitConditionHandle'],
      ['wait', 'compare', undefined],
    ]);
    const second = outcome(engine.update({ stack: 's', template: document }));
    await clock.advance(1);
    expect(await engine.waiting('s')).toMatchObject([
      { reason: "somebody has to signal 'handle'; 0 signals have come" },
    ]);
    await clock.run(signal(aws('1', 'second')));
    expect(await clock.run(second)).toBe('{"1": "second"}');
  });

  test('a rollback goes back to the old handle with its signals', async () => {
    const document = template({}, { type: 'OS::Heat::UpdateWaitConditionHandle' });
    const first = outcome(start(document));
    await clock.advance(1);
    await clock.run(signal(aws('1', 'first')));
    await clock.run(first);
    const before = await engine.show('s');
    const update = engine.update({ stack: 's', template: document, rollback: true });
    expect(await clock.run(failed(update))).toContain('0 of 1 received');
    const after = await engine.show('s');
    expect(after.state).toBe('ROLLBACK_COMPLETE');
    expect(after.outputs).toEqual({ data: '{"1": "first"}' });
    expect(after.resources.map(({ physicalName }) => physicalName).sort()).toEqual(
      before.resources.map(({ physicalName }) => physicalName).sort(),
    );
  });
});

describe('a signal is refused', () => {
  test.each([
    { resource: 'nobody', text: 'The Resource (nobody) could not be found in Stack s.' },
    { resource: 'later', text: 'The Resource (later) is not available.' },
    { resource: 'value', text: 'signal is not supported for resource.' },
  ])('$text', async ({ resource, text }) => {
    const { resources, ...rest } = template();
    const more = {
      value: { type: 'OS::Heat::Value', properties: { value: 1 } },
      later: { type: 'OS::Heat::WaitConditionHandle', depends_on: 'wait' },
    };
    const done = outcome(start({ ...rest, resources: { ...(resources as JsonObject), ...more } }));
    await clock.advance(1);
    expect(await clock.run(failed(signal(undefined, resource)))).toBe(text);
    await clock.run(signal());
    await clock.run(done);
    if (resource !== 'later') expect(await clock.run(failed(signal(undefined, resource)))).toBe(text);
  });

  test('while the resource is being deleted', async () => {
    const deleting = { type: 'OS::Heat::TestResource', depends_on: 'handle', properties: { wait_secs: 5 } };
    const { handle } = template().resources as JsonObject;
    const document = { heat_template_version: '2021-04-16', resources: { handle, deleting } };
    await clock.run(start(document as JsonObject));
    const gone = engine.delete({ stack: 's' });
    await clock.advance(1);
    expect(await clock.run(failed(signal()))).toBe('Signal resource during DELETE is not supported.');
    await clock.run(gone);
  });
});
