import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Engine } from '../../src/engine.ts';
import { SimulatedClock, seededRandomness } from '../../src/simulated-clock.ts';
import type { UpdateOptions } from '../../src/stack/update.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import type { Json, JsonObject } from '../../src/values.ts';
import { live } from './killed-engine.ts';
import { attr, type Told, template, thing, typesOf } from './update-world.ts';

const move = (from: string, to: string) => ({ from, to });

describe('a resource that has moved', () => {
  let told: Told;
  let engine: Engine;
  let clock: SimulatedClock;
  beforeEach(() => {
    told = { things: new Map(), calls: [] };
    clock = new SimulatedClock();
    engine = new Engine({ types: typesOf(told), clock, randomness: seededRandomness(1) });
  });
  afterEach(() => clock.run(engine.close()));

  const create = (resources: JsonObject, more?: JsonObject, options: JsonObject = {}) =>
    clock.run(engine.create({ stack: 's', template: template(resources, more), ...options }));
  const update = async (resources: JsonObject, moved: readonly Json[], options: Partial<UpdateOptions> = {}) => {
    told.calls.length = 0;
    return clock.run(engine.update({ stack: 's', template: template(resources, { moved }), ...options }));
  };
  const ids = async () =>
    Object.fromEntries((await engine.show('s')).resources.map(({ name, resourceId }) => [name, resourceId]));

  test('keeps its real thing, its values and who reads it', async () => {
    await create({ a: thing({ of: 1 }), reader: thing({ of: attr('a', 'id') }) });
    const before = await ids();
    await update({ b: thing({ of: 1 }), reader: thing({ of: attr('b', 'id') }) }, [move('a', 'b')]);
    expect(told.calls).toEqual([]);
    expect(await ids()).toEqual({ reader: before.reader, b: before.a });
    expect(await engine.tryRead('s.b.of')).toEqual({ value: 1 });
    expect(await engine.tryRead('s.a.of')).toBeUndefined();
    expect((await engine.show('s')).resources.find(({ name }) => name === 'reader')?.requires).toEqual(['b']);
    await update({ b: thing({ of: 1 }), reader: thing({ of: attr('b', 'id') }) }, [move('a', 'b')]);
    expect(told.calls).toEqual([]);
    await clock.run(engine.delete({ stack: 's' }));
    expect(told.calls).toEqual(['delete reader', 'delete b']);
  });

  test('may change in the same update, in place or by a replacement', async () => {
    await create({ a: thing({ live: 1 }), c: thing({ of: 1 }) });
    const before = await ids();
    await update({ b: thing({ live: 2 }), d: thing({ of: 2 }) }, [move('a', 'b'), move('c', 'd')]);
    expect(told.calls).toEqual(['update b', 'create d', 'delete d']);
    expect((await ids()).b).toBe(before.a);
    expect(told.things.size).toBe(2);
  });

  test('is followed over a chain of moves, also when it is somewhere in it already', async () => {
    const chain = [move('a', 'b'), move('b', 'c')];
    await create({ a: thing({}) });
    const before = await ids();
    await update({ c: thing({}) }, chain);
    await update({ c: thing({}) }, chain);
    expect([told.calls, await ids()]).toEqual([[], { c: before.a }]);
    await update({ d: thing({}) }, [...chain, move('c', 'd')]);
    expect(await ids()).toEqual({ d: before.a });
  });

  test('takes its members along, and may come out of a nested template or go into one', async () => {
    const files = {
      'net.yaml': JSON.stringify(template({ port: thing({ of: 1 }), wire: thing({ of: 7 }) })),
      'port.yaml': JSON.stringify(template({ port: thing({ of: 1 }), in: thing({ of: 5 }) })),
    };
    const nested = (file: string) => ({ type: file, properties: {} });
    await create({ net: nested('net.yaml'), out: thing({ of: 5 }) }, {}, { files });
    const before = await ids();
    await update({ lan: nested('net.yaml'), out: thing({ of: 5 }) }, [move('net', 'lan')], { files });
    expect(told.calls).toEqual([]);
    expect((await ids())['lan/wire']).toBe(before['net/wire']);
    const moves = [move('net', 'lan'), move('lan/wire', 'wire'), move('out', 'lan/in')];
    await update({ lan: nested('port.yaml'), wire: thing({ of: 7 }) }, [], { files, moves });
    expect(told.calls).toEqual([]);
    const after = await ids();
    expect([after.wire, after['lan/port'], after['lan/in']]).toEqual([
      before['net/wire'],
      before['net/port'],
      before.out,
    ]);
  });

  test('is told by a nested template of its own members too', async () => {
    const of = (name: string, moved: readonly Json[]) => ({
      'net.yaml': JSON.stringify(template({ [name]: thing({ of: 1 }) }, { moved })),
    });
    const nested = { net: { type: 'net.yaml' } };
    await create(nested, {}, { files: of('port', []) });
    const before = await ids();
    await update(nested, [], { files: of('plug', [move('port', 'plug')]) });
    expect(told.calls).toEqual([]);
    expect((await ids())['net/plug']).toBe(before['net/port']);
  });

  test('is told by an option for templates that have no such section', async () => {
    await create({ a: thing({}) });
    const before = await ids();
    await update({ b: thing({}) }, [], { moves: [move('a', 'b')] });
    expect(await ids()).toEqual({ b: before.a });
  });

  const swap = [move('a', 'b'), move('b', 'a')];
  const swapped = { a: thing({ of: 2 }), b: thing({ of: 1 }), reader: thing({ of: attr('b', 'id') }) };
  const createPair = async () => {
    await create({ a: thing({ of: 1 }), b: thing({ of: 2 }), reader: thing({ of: attr('a', 'id') }) });
    return ids();
  };

  test.each([
    { how: 'the template', moved: swap, options: {} },
    { how: 'an option', moved: [], options: { moves: swap } },
  ])('changes places with another once, as told by $how', async ({ moved, options }) => {
    const before = await createPair();
    await update(swapped, moved, options);
    const after = { a: before.b, b: before.a, reader: before.reader };
    expect([told.calls, await ids()]).toEqual([[], after]);
    expect(await Promise.all(['s.a.of', 's.b.of'].map((name) => engine.tryRead(name)))).toEqual([
      { value: 2 },
      { value: 1 },
    ]);
    expect((await engine.show('s')).resources.find(({ name }) => name === 'reader')?.requires).toEqual(['b']);
    await update(swapped, moved, options);
    expect([told.calls, await ids()]).toEqual([[], after]);
    await update(swapped, []);
    await update({ a: thing({ of: 1 }), b: thing({ of: 2 }), reader: thing({ of: attr('a', 'id') }) }, moved, options);
    expect([told.calls, await ids()]).toEqual([[], before]);
  });

  test('changes places once also when that update fails, and is made again', async () => {
    const before = await createPair();
    const bad = { ...swapped, e: thing({ of: 'bad' }) };
    for (const options of [{}, { moves: swap }, { moves: swap, rollback: true }, { moves: swap, rollback: true }]) {
      await expect(update(bad, options.moves === undefined ? swap : [], options)).rejects.toThrow('it is bad');
    }
    expect([(await engine.show('s')).state, await ids()]).toEqual(['ROLLBACK_COMPLETE', before]);
    await update(swapped, swap);
    expect(await ids()).toEqual({ a: before.b, b: before.a, reader: before.reader });
  });

  test('is in its place already in a stack that was created from a template that tells of the move', async () => {
    await create(swapped, { moved: swap });
    const before = await ids();
    await update(swapped, swap);
    expect([told.calls, await ids()]).toEqual([[], before]);
  });

  test('takes the place of one that moves on, along a chain of names that are all declared', async () => {
    const before = await createPair();
    const chain = [move('a', 'b'), move('b', 'c')];
    const after = { b: thing({ of: 1 }), c: thing({ of: 2 }), reader: thing({ of: attr('b', 'id') }) };
    for (let time = 0; time < 2; time += 1) {
      await update(after, chain);
      expect([told.calls, await ids()]).toEqual([[], { b: before.a, c: before.b, reader: before.reader }]);
    }
    const { c: _c, ...others } = after;
    await update({ ...others, d: thing({ of: 2 }) }, [...chain, move('c', 'd')]);
    expect([told.calls, await ids()]).toEqual([[], { b: before.a, d: before.b, reader: before.reader }]);
  });

  test('goes round in a circle of three, and another time by another circle', async () => {
    await create({ a: thing({ of: 1 }), b: thing({ of: 2 }), c: thing({ of: 3 }) });
    const before = await ids();
    await update({ a: thing({ of: 3 }), b: thing({ of: 1 }), c: thing({ of: 2 }) }, [
      move('a', 'b'),
      move('b', 'c'),
      move('c', 'a'),
    ]);
    expect([told.calls, await ids()]).toEqual([[], { a: before.c, b: before.a, c: before.b }]);
    await update({ a: thing({ of: 1 }), b: thing({ of: 3 }), c: thing({ of: 2 }) }, swap);
    expect([told.calls, await ids()]).toEqual([[], { a: before.a, b: before.c, c: before.b }]);
  });

  test('changes places with another group, members and all, and inside of a nested template', async () => {
    const files = (moved: readonly Json[], x: number) => ({
      'net.yaml': JSON.stringify(template({ x: thing({ of: x }), y: thing({ of: 3 - x }) }, { moved })),
      'other.yaml': JSON.stringify(template({ x: thing({ of: 9 }) })),
    });
    const nested = (file: string) => ({ type: file });
    await create({ a: nested('net.yaml'), b: nested('net.yaml') }, {}, { files: files([], 1) });
    const before = await ids();
    await update({ a: nested('net.yaml'), b: nested('net.yaml') }, swap, { files: files([], 1) });
    expect(told.calls).toEqual([]);
    expect((await ids())['a/x']).toBe(before['b/x']);
    await update({ a: nested('net.yaml'), b: nested('net.yaml') }, swap, {
      files: files([move('x', 'y'), move('y', 'x')], 2),
    });
    expect(told.calls).toEqual([]);
    expect((await ids())['a/y']).toBe(before['b/x']);
  });

  test('has the place that it had in a snapshot again, and is told so to the updates that follow', async () => {
    const before = await createPair();
    await clock.run(engine.snapshot({ stack: 's', name: 'first' }));
    await update(swapped, swap);
    told.calls.length = 0;
    await clock.run(engine.restore({ stack: 's', snapshot: 'first' }));
    expect([told.calls, await ids()]).toEqual([[], before]);
    await update(swapped, swap);
    expect([told.calls, await ids()]).toEqual([[], { a: before.b, b: before.a, reader: before.reader }]);
  });

  test('gets its old name again when the update is rolled back', async () => {
    await create({ a: thing({ of: 1 }), reader: thing({ of: attr('a', 'id') }), c: thing({ of: 1 }) });
    const before = await ids();
    const after = {
      b: thing({ of: 1 }),
      reader: thing({ of: attr('b', 'id') }),
      d: thing({ of: 2 }),
      e: thing({ of: 'bad' }),
    };
    await expect(update(after, [move('a', 'b'), move('c', 'd')], { rollback: true })).rejects.toThrow('it is bad');
    expect((await engine.show('s')).state).toBe('ROLLBACK_COMPLETE');
    expect(await ids()).toEqual(before);
    expect(told.things.size).toBe(3);
  });

  test('gets it again over several failed updates', async () => {
    await create({ a: thing({ of: 1 }) });
    const before = await ids();
    const failing = (name: string, moved: readonly Json[], rollback: boolean) =>
      update({ [name]: thing({ of: 1 }), e: thing({ of: 'bad' }) }, moved, { rollback });
    await expect(failing('b', [move('a', 'b')], false)).rejects.toThrow('it is bad');
    await expect(failing('c', [move('b', 'c')], true)).rejects.toThrow('it is bad');
    expect(await ids()).toEqual(before);
  });

  test('gets it again from what has been made under it since, which is deleted', async () => {
    await create({ a: thing({ of: 1 }) });
    const before = await ids();
    const bad = { e: thing({ of: 'bad' }) };
    await expect(update({ b: thing({ of: 1 }), ...bad }, [move('a', 'b')])).rejects.toThrow('it is bad');
    const both = { a: thing({ of: 2 }), b: thing({ of: 1 }), f: thing({ of: attr('a', 'id') }), ...bad };
    await expect(update(both, [], { rollback: true })).rejects.toThrow('it is bad');
    expect((await engine.show('s')).state).toBe('ROLLBACK_COMPLETE');
    expect(await ids()).toEqual(before);
    expect([...told.things.values()]).toEqual([{ name: 'a', of: 1 }]);
  });

  test('gets the name that it had in a snapshot, whatever has that one now', async () => {
    const files = { 'net.yaml': JSON.stringify(template({ port: thing({ of: 1 }) })) };
    await create({ a: thing({ of: 1 }), b: thing({ of: 2 }), old: { type: 'net.yaml' } }, {}, { files });
    const before = await ids();
    await clock.run(engine.snapshot({ stack: 's', name: 'first' }));
    const moved = [move('b', 'c'), move('old', 'net')];
    await update({ a: thing({ of: 1 }), c: thing({ of: 2 }), net: { type: 'net.yaml' } }, moved, { files });
    await update({ b: thing({ of: 1 }), c: thing({ of: 2 }), a: thing({ of: 3 }), net: { type: 'net.yaml' } }, [], {
      files,
    });
    await update({ b: thing({ of: 1 }), c: thing({ of: 2 }), net: { type: 'net.yaml' } }, [], { files });
    told.calls.length = 0;
    await clock.run(engine.restore({ stack: 's', snapshot: 'first' }));
    const { a: _made, ...kept } = before;
    expect(await ids()).toMatchObject(kept);
    expect(Object.keys(await ids()).sort()).toEqual(Object.keys(before).sort());
    expect(told.calls).toEqual(['create a', 'delete b']);
    expect(told.things.size).toBe(3);
  });

  test('that changes places is told in the plan, which can be applied once', async () => {
    const before = await createPair();
    const plan = await engine.planUpdate({ stack: 's', template: template(swapped), moves: swap });
    expect(plan.plan.steps.map(({ resource, action, movedFrom }) => [resource, action, movedFrom])).toEqual([
      ['a', 'unchanged', 'b'],
      ['b', 'unchanged', 'a'],
      ['reader', 'unchanged', undefined],
    ]);
    await clock.run(engine.apply({ plan }));
    expect(await ids()).toEqual({ a: before.b, b: before.a, reader: before.reader });
    await expect(clock.run(engine.apply({ plan }))).rejects.toThrow('does not hold any more');
  });

  test('is told in the plan', async () => {
    await create({ a: thing({ of: 1 }), c: thing({ live: 1 }) });
    const plan = await engine.planUpdate({
      stack: 's',
      template: template({ b: thing({ of: 1 }), d: thing({ live: 2 }) }),
      moves: [move('a', 'b'), move('c', 'd')],
    });
    expect(plan.plan.steps.map(({ resource, action, movedFrom }) => [resource, action, movedFrom])).toEqual([
      ['b', 'unchanged', 'a'],
      ['d', 'update', 'c'],
    ]);
    told.calls.length = 0;
    await clock.run(engine.apply({ plan }));
    expect(told.calls).toEqual(['update d']);
  });

  test.each([
    {
      what: 'the place is taken',
      after: { b: thing({}), c: thing({}) },
      moves: [move('a', 'b')],
      error: "'a' cannot be moved to 'b': there is a resource of that name already.",
    },
    {
      what: 'the type is another',
      after: { b: thing({}), d: { type: 'Peer', properties: {} } },
      moves: [move('a', 'd')],
      error: "'a' cannot be moved to 'd': it is a Thing, and that is a Peer.",
    },
    {
      what: 'it is still declared',
      after: { a: thing({}), d: thing({}) },
      moves: [move('a', 'd')],
      error: "'a' is moved to 'd', and still declared.",
    },
    {
      what: 'the template does not have the new name',
      after: { b: thing({}) },
      moves: [move('a', 'bb')],
      error: "'a' is moved to 'bb', which the template does not have.",
    },
    {
      what: 'it is moved in a circle that the template does not have',
      after: { c: thing({}) },
      moves: [move('a', 'b'), move('b', 'a')],
      error: "'a' is moved to 'b', which the template does not have.",
    },
    {
      what: 'two come to one place over a chain',
      after: { c: thing({}) },
      moves: [move('a', 'b'), move('b', 'c')],
      error: "'b' cannot be moved to 'c': there is a resource of that name already.",
    },
    {
      what: 'two that are of other types change places',
      after: { a: { type: 'Peer', properties: {} }, b: thing({}) },
      moves: [move('a', 'b'), move('b', 'a')],
      error: "'b' cannot be moved to 'a': it is a Thing, and that is a Peer.",
    },
    {
      what: 'it is moved to two places',
      after: { c: thing({}), d: thing({}) },
      moves: [move('a', 'c'), move('a', 'd')],
      error: "'a' is moved twice: to 'c' and to 'd'.",
    },
    {
      what: 'two are moved to one place',
      after: { c: thing({}) },
      moves: [move('a', 'c'), move('b', 'c')],
      error: "Two resources are moved to 'c': 'a' and 'b'.",
    },
  ])('is refused when $what, and nothing is touched', async ({ after, moves, error }) => {
    await create({ a: thing({}), b: thing({}) });
    const before = await ids();
    await expect(update(after, moves)).rejects.toThrow(error);
    await expect(update(after, [], { moves })).rejects.toThrow(error);
    expect([told.calls, await ids()]).toEqual([[], before]);
    expect((await engine.show('s')).state).toBe('CREATE_COMPLETE');
  });

  test('that is told by hand is refused where the stack has neither name; a template may tell of what it has not', async () => {
    await create({ a: thing({}) });
    const neither = "'aa' is moved to 'b', and stack 's' has neither.";
    await expect(update({ b: thing({}) }, [], { moves: [move('aa', 'b')] })).rejects.toMatchObject({
      code: 'UsageError',
      what: neither,
    });
    const planned = engine.planUpdate({ stack: 's', template: template({ b: thing({}) }), moves: [move('aa', 'b')] });
    await expect(planned).rejects.toMatchObject({ what: neither });
    expect(told.calls).toEqual([]);
    await update({ b: thing({}) }, [move('aa', 'b')]);
    expect(told.calls).toEqual(['create b', 'delete a']);
  });

  test.each([
    { moved: {}, error: "The section 'moved' is not a list." },
    { moved: [{ from: 'a' }], error: "An entry of 'moved' has a text 'from' and a text 'to'." },
    { moved: [{ from: 'a', to: 'b', at: 1 }], error: "An entry of 'moved' has no 'at'." },
  ])('cannot be stated as $moved', ({ moved, error }) => {
    const given = { stack: 's', template: template({ b: thing({}) }, { moved: moved as Json }) };
    expect(() => engine.validate(given)).toThrow(error);
  });

  test("is no section of Heat's versions", () => {
    const given = { heat_template_version: '2021-04-16', resources: {}, moved: [] };
    expect(() => engine.validate({ stack: 's', template: given })).toThrow('The template section is invalid: moved');
  });
});

describe('an engine that is killed at any position of an update that moves resources', () => {
  test.each([
    { what: 'succeeds', of: 3, rollback: false },
    { what: 'fails and is rolled back', of: 'bad', rollback: true },
  ])('comes to the same end when it $what', async ({ of, rollback }) => {
    const before = template({
      a: thing({ of: 1 }),
      c: thing({ of: 1 }),
      reader: thing({ of: attr('a', 'id') }),
      x: thing({ of: 7 }),
      y: thing({ of: 8 }),
    });
    const after = template(
      {
        b: thing({ of: 1 }),
        d: thing({ of: 2 }),
        reader: thing({ of: attr('b', 'id') }),
        e: thing({ of }),
        x: thing({ of: 8 }),
        y: thing({ of: 9 }),
      },
      { moved: [move('a', 'b'), move('c', 'd'), move('x', 'y'), move('y', 'x')] },
    );
    const run = async (limit: number) => {
      const store = new MemoryStore();
      const told: Told = { things: new Map(), calls: [] };
      const types = (isDead: () => boolean) => typesOf(told, isDead);
      const act = (engine: Engine) => engine.update({ stack: 's', template: after, rollback });
      await live(store, { seed: 1, types }, (engine) => engine.create({ stack: 's', template: before }));
      const batches = await live(store, { seed: 2, limit, types }, act);
      const state = store.findStack('default', 's');
      const goOn = (engine: Engine) => (state?.status === 'IN_PROGRESS' ? engine.resume({ stack: 's' }) : act(engine));
      if (state?.status === 'IN_PROGRESS' || state?.action === 'CREATE') await live(store, { seed: 3, types }, goOn);
      const { id = '', action, status } = store.findStack('default', 's') ?? {};
      return {
        batches,
        state: `${action}_${status}`,
        resources: store
          .resources(id)
          .map(({ name, requires, token }) => `${name} of ${told.things.get(token)?.of} after ${requires.join()}`)
          .map((text) => text.replace(/id-[-0-9a-f]+|[0-9a-f]{8}-[-0-9a-f]+/g, 'ID'))
          .sort(),
        things: told.things.size,
      };
    };
    const { batches, ...undisturbed } = await run(Number.POSITIVE_INFINITY);
    expect(undisturbed.state).toBe(rollback ? 'ROLLBACK_COMPLETE' : 'UPDATE_COMPLETE');
    for (let limit = 1; limit < batches; limit += 1) {
      const { batches: _, ...end } = await run(limit);
      expect({ limit, ...end }).toEqual({ limit, ...undisturbed });
    }
  });
});
