import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Engine } from '../../src/engine.ts';
import { defineStreamingType } from '../../src/resource/resource-type.ts';
import { SimulatedClock, seededRandomness } from '../../src/simulated-clock.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { SqliteStore } from '../../src/store/sqlite-store.ts';
import type { StackStore } from '../../src/store/stack-store.ts';
import type { Json, JsonObject } from '../../src/values.ts';
import { SimulatedSpace } from '../simulation/simulated-space.ts';
import { attr, template, thing, typesOf } from './update-world.ts';

const before = { a: thing({ live: 1 }), b: thing({ live: attr('a', 'live'), of: attr('a', 'of') }) };

/** What `names` hold after an update that fails, in the engine that ran it and in the next one on the same store. */
async function heldAfter(open: () => StackStore, update: JsonObject, names: readonly string[]) {
  const clock = new SimulatedClock();
  const types = typesOf({ things: new Map(), calls: [] });
  const engine = new Engine({ types, clock, store: open(), randomness: seededRandomness(1) });
  await clock.run(engine.create({ stack: 's', template: template(before) }));
  const failed = clock.run(engine.update({ stack: 's', template: template(update) }));
  await expect(failed).rejects.toMatchObject({ code: 'StackFailed' });
  const next = new Engine({ types, clock, store: open(), randomness: seededRandomness(2) });
  const held: string[][] = [];
  for (const each of [engine, next]) {
    const entries = await Promise.all(names.map((name) => each.tryRead(`s.${name}`)));
    held.push(
      entries.map((entry) =>
        entry === undefined ? 'nothing' : 'value' in entry ? JSON.stringify(entry.value) : `${entry.failure.why}`,
      ),
    );
  }
  await clock.run(Promise.all([next.close(), engine.close()]));
  return held;
}

describe('after an update that has failed, a name holds in each engine and on each store', () => {
  test.each<{ readonly what: string; readonly update: JsonObject; readonly held: { readonly [name: string]: string } }>(
    [
      {
        what: 'what it held, when its writer could not be changed in place, or was not come to',
        update: { ...before, a: thing({ live: 'bad' }) },
        held: { 'a.live': '1', 'b.live': '1' },
      },
      {
        what: 'the failure of the resource that was to take the place of its writer, and what it held behind that',
        update: { ...before, a: thing({ of: 'bad' }) },
        held: { 'a.of': "Resource 'a' of stack 's' is CREATE_FAILED: it is bad", 'b.of': 'null' },
      },
      {
        what: 'what it has got in the update, where another resource has failed',
        update: { ...before, a: thing({ live: 2 }), c: thing({ of: 'bad' }) },
        held: { 'a.live': '2', 'b.live': '2', 'c.of': "Resource 'c' of stack 's' is CREATE_FAILED: it is bad" },
      },
    ],
  )('$what', async ({ update, held }) => {
    const directory = mkdtempSync(join(tmpdir(), 'hotloom-test-'));
    const memory = new MemoryStore();
    const file = () => SqliteStore.open(join(directory, 'store.db'));
    for (const open of [() => memory, file]) {
      const values = Object.values(held);
      expect(await heldAfter(open, update, Object.keys(held))).toEqual([values, values]);
    }
    rmSync(directory, { recursive: true });
  });
});

test('an update that fails and cannot be rolled back leaves its stack failed, and says why', async () => {
  const clock = new SimulatedClock();
  const engine = new Engine({
    types: typesOf({ things: new Map(), calls: [] }),
    clock,
    randomness: seededRandomness(1),
  });
  const pin = { parameters: { pin: { type: 'string', hidden: true } } };
  const resources = { a: thing({ of: { get_param: 'pin' } }) };
  await clock.run(engine.create({ stack: 's', template: template(resources, pin), parameters: { pin: 'x-ray' } }));
  // Without a key the value is not stored, and what the update is given has none.
  const failed = engine.update({ stack: 's', template: template({ a: thing({ of: 'bad' }) }), rollback: true });
  await expect(clock.run(failed)).rejects.toMatchObject({
    code: 'StackFailed',
    what: 'Stack UPDATE failed: Resource CREATE failed: Error: resources.a: it is bad',
    why: 'It could not be rolled back: The Parameter (pin) was not provided.',
    fix: 'Update the stack to what it was, or is to be.',
  });
  expect(await engine.show('s')).toMatchObject({ state: 'UPDATE_FAILED', isInterrupted: false });
  expect((await engine.history('s')).map(({ state }) => state)).toEqual(['CREATE_COMPLETE', 'UPDATE_FAILED']);
  expect(await clock.run(engine.update({ stack: 's', template: template({ a: thing({ of: 1 }) }) }))).toMatchObject({
    state: 'UPDATE_COMPLETE',
  });
  await clock.run(engine.close());
});

test('an update that supersedes another begins when the names of that are let go, however long that takes', async () => {
  const clock = new SimulatedClock();
  const delay = () => new Promise<void>((resolve) => void clock.schedule(5, resolve));
  const space = new SimulatedSpace({ delay, didArrive: () => {} });
  const types = typesOf({ things: new Map(), calls: [] });
  const engine = new Engine({ types, clock, space, store: new MemoryStore(), randomness: seededRandomness(1) });
  await clock.run(engine.create({ stack: 's', template: template(before) }));
  const superseded = expect(
    engine.update({ stack: 's', template: template({ ...before, a: thing({ live: 2 }) }) }),
  ).rejects.toMatchObject({ code: 'StackFailed' });
  await clock.advance(1);
  const next = engine.update({ stack: 's', template: template({ ...before, a: thing({ live: 3 }) }) });
  expect(await clock.run(next)).toMatchObject({ state: 'UPDATE_COMPLETE' });
  await superseded;
  await clock.run(engine.close());
});

describe('a streaming resource that reads what fails and what does not', () => {
  const reader = defineStreamingType({
    name: 'Reader',
    properties: { live: { updateAllowed: true }, other: { updateAllowed: true }, fixed: {} },
    attributes: {},
    handler: {
      create: ({ inputs }) => Promise.all([inputs.live, inputs.other, inputs.fixed]).then(() => {}),
      update: ({ inputs }) => Promise.all([inputs.live, inputs.other, inputs.fixed]).then(() => {}),
      async delete() {},
    },
  });

  const bad = attr('bad', 'live');
  const good = attr('good', 'live');
  describe.each(['bad', 'good'])('is the same when %s comes first', (first) => {
    test.each<{ readonly what: string; readonly reads: JsonObject; readonly live: Json; readonly state: string }>([
      {
        what: 'updated for what differs, and fails',
        reads: { live: bad, other: good },
        live: 2,
        state: 'UPDATE_FAILED',
      },
      {
        what: 'replaced for what differs, and fails',
        reads: { live: bad, fixed: good },
        live: 2,
        state: 'CREATE_FAILED',
      },
      {
        what: 'left as it was when nothing differs',
        reads: { live: bad, other: good },
        live: 1,
        state: 'CREATE_COMPLETE',
      },
      {
        what: 'left as it was when what fails tells whether it is replaced',
        reads: { fixed: bad, other: good },
        live: 2,
        state: 'CREATE_COMPLETE',
      },
    ])('$what', async ({ reads, live, state }) => {
      const afterRelay = (name: string) => (name === first ? {} : { depends_on: 'relay' });
      const of = (relay: Json, badLive: Json, goodLive: Json) => ({
        relay: thing({ live: relay }),
        bad: { ...thing({ live: badLive }), ...afterRelay('bad') },
        good: { ...thing({ live: goodLive }), ...afterRelay('good') },
        reader: { type: 'Reader', properties: reads },
      });
      const clock = new SimulatedClock();
      const types = [...typesOf({ things: new Map(), calls: [] }), reader];
      const engine = new Engine({ types, clock, randomness: seededRandomness(1) });
      await clock.run(engine.create({ stack: 's', template: template(of(1, 1, 1)) }));
      const failed = engine.update({ stack: 's', template: template(of(2, 'bad', live)) });
      await expect(clock.run(failed)).rejects.toMatchObject({ code: 'StackFailed' });
      const { resources } = await engine.show('s');
      expect(resources.find(({ name, isReplaced }) => name === 'reader' && !isReplaced)?.state).toBe(state);
      await clock.run(engine.close());
    });
  });
});

test('an update that has failed does not wait for a name that nobody has written', async () => {
  const clock = new SimulatedClock();
  const types = typesOf({ things: new Map(), calls: [] });
  const engine = new Engine({ types, clock, randomness: seededRandomness(1) });
  const made = (live: Json, peer: Json) =>
    template({ a: thing({ live }), p: { type: 'Peer', properties: { config: attr('a', 'live'), peer } } });
  await clock.run(engine.create({ stack: 's', template: made(1, 'none') }));
  const started = clock.now();
  const failed = clock.run(
    engine.update({ stack: 's', template: made('bad', { get_data: 'default.ops.desk.go' }), rollback: true }),
  );
  await expect(failed).rejects.toMatchObject({
    what: 'Stack UPDATE failed: Resource UPDATE failed: Error: resources.a: it is bad',
  });
  expect(clock.now() - started).toBeLessThan(100);
  expect((await engine.show('s')).state).toBe('ROLLBACK_COMPLETE');
  await clock.run(engine.close());
});
