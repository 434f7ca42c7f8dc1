import { afterEach, expect, jest, test } from '@jest/globals';
import { Engine } from '../../src/engine.ts';
import { parseName, printName } from '../../src/names.ts';
import { definePlainType } from '../../src/resource/resource-type.ts';
import { Blockers } from '../../src/scheduler/blockers.ts';
import { SimulatedClock } from '../../src/simulated-clock.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { withOwn } from './killed-engine.ts';

const chain = Object.fromEntries(
  ['a', 'b', 'c', 'd'].map((name, index, all) => [
    name,
    { type: 'Slow', properties: index === 0 ? {} : { of: { get_attr: [all[index - 1], 'value'] } } },
  ]),
);

const of = (resources: object) => ({ template: { heat_template_version: 'hotloom-1', resources } });

/** Takes a millisecond, after it has read what it is told to read. */
const slowBy = (clock: SimulatedClock) =>
  definePlainType({
    name: 'Slow',
    properties: { of: {}, reads: {} },
    attributes: { value: { schema: {} } },
    handler: {
      async create({ properties, read }) {
        if (typeof properties.reads === 'string') await read(parseName(properties.reads));
        await new Promise<void>((resolve) => void clock.schedule(1, resolve));
        return { value: 1 };
      },
    },
  });

afterEach(() => void jest.restoreAllMocks());

test.each([
  { reads: 'nobody.x.y', looks: 0, quiet: ['reader'] },
  // It is told when `other` is not there, and when that declares the name and has not come to it.
  { reads: 'other.d.value', looks: 'some', quiet: ['reader', 'reader'] },
])(
  'of a stack that waits for $reads it is asked $looks times for what it waits while another is at work',
  async ({ reads, looks, quiet }) => {
    const clock = new SimulatedClock();
    const engine = new Engine({ types: [slowBy(clock)], clock });
    const told: string[] = [];
    engine.onEvent((event) => {
      if (event.type === 'stack:didQuiesce') told.push(event.stack);
    });
    const waiting = jest.spyOn(Blockers.prototype, 'waiting');
    const reader = engine.create({ stack: 'reader', ...of({ r: { type: 'Slow', properties: { reads } } }) });
    reader.catch(() => {});
    await clock.advance(0);
    const own = waiting.mock.contexts.at(-1);
    waiting.mockClear();
    await clock.run(engine.create({ stack: 'other', ...of(chain) }));
    const count = waiting.mock.contexts.filter((context) => context === own).length;
    expect([looks === 0 ? count : count > 0 ? 'some' : count, told]).toEqual([looks, quiet]);
    await clock.run(engine.close());
  },
);

test('a stack is told to be quiet when that of its resources which waited for somebody at work is skipped', async () => {
  const clock = new SimulatedClock();
  const engine = new Engine({ types: [slowBy(clock)], clock });
  const told: string[] = [];
  engine.onEvent((event) => {
    if (event.type === 'stack:didQuiesce') told.push(`${event.stack}: ${event.waiting.map(({ reader }) => reader)}`);
    if (event.type === 'read:didDeadlock') told.push(`${event.stack} is in a deadlock`);
  });
  const ends = [
    engine.create({
      stack: 's',
      ...of({
        starved: { type: 'Slow', properties: { of: { get_data: 't.late.value' } } },
        patient: { type: 'Slow', properties: { reads: 'nobody.x.y' } },
      }),
    }),
    // Of 's' it is told that 'late' has not started; then 'late' is at work, until its read closes the circle.
    engine.create({
      stack: 't',
      ...of({
        early: { type: 'Slow' },
        late: { type: 'Slow', depends_on: 'early', properties: { reads: 's.starved.value' } },
      }),
    }),
  ];
  for (const end of ends) end.catch(() => {});
  await clock.advance(1);
  expect(told).toEqual(['s: starved,patient', 's is in a deadlock', 't is in a deadlock', 's: patient']);
  await clock.run(engine.close());
});

test.each([
  { what: 'is there', isThere: true, quiet: [] },
  { what: 'is not', isThere: false, quiet: ['default.before.a.value'] },
])('a stack that waits for what the store $what is told to be quiet only by the answer', async ({ isThere, quiet }) => {
  const clock = new SimulatedClock();
  const store = new MemoryStore();
  const first = new Engine({ types: [slowBy(clock)], clock, store });
  if (isThere) await clock.run(first.create({ stack: 'before', ...of({ a: { type: 'Slow' } }) }));
  await clock.run(first.close());
  const slow = withOwn(store, {
    find: async (name) => {
      await new Promise<void>((resolve) => void clock.schedule(10, resolve));
      return store.find(name);
    },
  });
  const engine = new Engine({ types: [slowBy(clock)], clock, store: slow });
  const told: string[] = [];
  engine.onEvent((event) => {
    if (event.type === 'stack:didQuiesce') told.push(...event.waiting.map(({ name }) => printName(name)));
  });
  const reads = { r: { type: 'Slow', properties: { of: { get_data: 'before.a.value' } } } };
  const creating = engine.create({ stack: 's', ...of(reads) }).catch(() => {});
  await clock.advance(9);
  expect(told).toEqual([]);
  await clock.advance(1);
  expect(told).toEqual(quiet);
  if (!isThere) await engine.write(['default', 'before', 'a', 'value'], 1);
  await clock.run(creating);
  await clock.run(engine.close());
});
