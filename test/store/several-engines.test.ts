import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Engine } from '../../src/engine.ts';
import { definePlainType } from '../../src/resource/resource-type.ts';
import { SimulatedClock } from '../../src/simulated-clock.ts';
import { SqliteStore } from '../../src/store/sqlite-store.ts';
import type { Json } from '../../src/values.ts';
import { failure, Gate } from '../scheduler/worlds.ts';

// Two engines on one file: what one of them does, the other one knows by the store alone.

/** How often a blocked read asks the store; see NameReader. */
const POLL_MS = 50;

let directory: string;
let clock: SimulatedClock;
let a: Engine;
let b: Engine;
let gate: Gate;
let engines: Engine[];
let count: number;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'hotloom-'));
  clock = new SimulatedClock();
  gate = new Gate();
  engines = [];
  count = 0;
  a = open();
  b = open();
});

afterEach(async () => {
  gate.open();
  await Promise.all(engines.map((engine) => engine.close()));
  rmSync(directory, { recursive: true });
});

function open(): Engine {
  const type = (name: string, create: (a: Json) => Json | Promise<Json>) =>
    definePlainType({
      name,
      properties: { a: {} },
      attributes: { late: { schema: {} } },
      handler: { create: async ({ properties }) => ({ late: await create((properties.a ?? null) as Json) }) },
    });
  const types = [
    type('Copy', (value) => value),
    type('Count', () => {
      count += 1;
      return count;
    }),
    type('Broken', () => {
      throw new Error('no disk');
    }),
    type('Slow', async () => {
      await gate.opened;
      return 1;
    }),
  ];
  const engine = new Engine({ types, clock, store: SqliteStore.open(join(directory, 'stacks.db')) });
  engines.push(engine);
  return engine;
}

function stackOf(type: string) {
  const resources = { a: { type }, b: { type: 'Copy', properties: { a: { get_attr: ['a', 'late'] } } } };
  const outputs = { o: { value: { get_attr: ['a', 'late'] } } };
  return { stack: 's', template: { heat_template_version: 'hotloom-1', resources, outputs } };
}

/** Resolves when the engine is at work on the stack, for all to see. */
async function untilClaimed(engine: Engine): Promise<void> {
  for await (const event of engine.events({ stack: 's' })) if (event.type === 'resource') return;
}

describe('a stack that another engine has deleted', () => {
  beforeEach(async () => {
    await a.create(stackOf('Count'));
    expect(await a.read('s.a.late')).toBe(1);
    await b.delete({ stack: 's' });
  });

  test('has no values any more', async () => {
    expect(await a.tryRead('s.a.late')).toBe(undefined);
  });

  test('can be created again', async () => {
    expect((await a.create(stackOf('Count'))).outputs).toEqual({ o: 2 });
  });

  test('is read with its new values once the other engine has made it anew', async () => {
    await b.create(stackOf('Count'));
    expect([await a.read('s.a.late'), await a.tryRead('s.a.late')]).toEqual([2, { value: 2 }]);
  });

  test('is not found by a delete, and can be created after that', async () => {
    expect((await failure(a.delete({ stack: 's' }))).code).toBe('EntityNotFound');
    expect((await a.create(stackOf('Count'))).outputs).toEqual({ o: 2 });
  });
});

describe('a stack that another engine works on', () => {
  test('is not deleted', async () => {
    const claimed = untilClaimed(a);
    const created = a.create(stackOf('Slow'));
    await claimed;
    expect((await failure(b.delete({ stack: 's' }))).code).toBe('ActionInProgress');
    gate.open();
    expect((await created).state).toBe('CREATE_COMPLETE');
  });

  test('is created once, when both begin at the same time', async () => {
    const both = await Promise.allSettled([a.create(stackOf('Count')), b.create(stackOf('Count'))]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const refused = both.find((result): result is PromiseRejectedResult => result.status === 'rejected');
    expect(refused?.reason.code).toBe('StackExists');
    const [winner, other] = both[0]?.status === 'fulfilled' ? [a, b] : [b, a];
    expect(await winner.list()).toEqual(await other.list());
    await other.delete({ stack: 's' });
    expect(await winner.list()).toEqual([]);
  });
});

describe('a read by name', () => {
  test('that begins while a create of the name is being refused arrives all the same', async () => {
    await a.create(stackOf('Count'));
    const created = failure(b.create(stackOf('Count')));
    const read = b.read('s.a.late');
    expect((await created).code).toBe('StackExists');
    await clock.advance(POLL_MS);
    expect(await read).toBe(1);
  });

  test('of a resource that was skipped is released, in this engine and in the other one', async () => {
    const reads = [failure(a.read('s.b.late')), failure(b.read('s.b.late'))];
    await failure(a.create(stackOf('Broken')));
    await clock.advance(POLL_MS);
    expect((await Promise.all(reads)).map(({ code }) => code)).toEqual(['WriterFailed', 'WriterFailed']);
  });
});

describe('a name that a stack declares', () => {
  const REFUSED = `'default.s.a.late' cannot be written from outside.
  It is the attribute 'late' of the resource 'a' of stack 's', and only that resource writes it.
  Write a name that no stack declares, and let the template read that one by get_data.`;

  test('is not written by another engine, before its value is published and after', async () => {
    const claimed = untilClaimed(a);
    const created = a.create(stackOf('Slow'));
    await claimed;
    const before = await failure(b.write('s.a.late', 'mine'));
    gate.open();
    await created;
    const after = await failure(b.write('s.a.late', 'mine'));
    expect([before.message, after.message]).toEqual([REFUSED, REFUSED]);
    expect([await a.read('s.a.late'), await b.read('s.a.late')]).toEqual([1, 1]);
  });

  test('is not written while the stack is there in failure, and is free when it is deleted', async () => {
    await failure(a.create(stackOf('Broken')));
    expect((await failure(b.write('s.a.late', 'mine'))).message).toBe(REFUSED);
    await b.delete({ stack: 's' });
    await b.write('s.a.late', 'mine');
    await clock.advance(POLL_MS);
    expect(await a.tryRead('s.a.late')).toEqual({ value: 'mine' });
  });

  test.each([
    ['in this engine', (): Engine => a],
    ['in another one', (): Engine => b],
  ])('and that was written from outside before, %s, refuses the stack', async (_, writer) => {
    await writer().write('s.a.late', 'mine');
    expect(
      (await failure(a.create(stackOf('Count')))).message,
    ).toBe(`'default.s.a.late' has been written from outside before.
  It is to be the attribute 'late' of the resource 'a' of stack 's', and a name has one writer.
  Give the stack or the resource another name.`);
    expect([await a.list(), await a.read('s.a.late'), await b.read('s.a.late'), count]).toEqual([
      [],
      'mine',
      'mine',
      0,
    ]);
    // Nothing of the refused stack stays declared.
    await a.write('s.b.late', 'mine too');
    expect((await a.create({ ...stackOf('Count'), stack: 't' })).state).toBe('CREATE_COMPLETE');
  });
});
