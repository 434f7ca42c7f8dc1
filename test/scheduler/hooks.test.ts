import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Engine } from '../../src/engine.ts';
import { messageOf } from '../../src/errors.ts';
import { SimulatedClock, seededRandomness } from '../../src/simulated-clock.ts';
import type { StackDescription } from '../../src/stack/describe.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import type { HookType } from '../../src/template/hook-types.ts';
import type { Json, JsonObject } from '../../src/values.ts';
import { storeUntilKill } from '../stack/killed-engine.ts';

/** `a`, `b` reads from it, and a group of two; hooks by name. */
function stack(
  hooks: JsonObject,
  value: Json = 'x',
): { stack: string; template: JsonObject; environments: JsonObject[] } {
  const test = (properties: JsonObject): JsonObject => ({ type: 'OS::Heat::TestResource', properties });
  return {
    stack: 's',
    template: {
      heat_template_version: '2021-04-16',
      resources: {
        // A change of it is a replacement.
        a: test({ value, update_replace_value: value }),
        b: test({ value: { get_attr: ['a', 'output'] } }),
        group: { type: 'OS::Heat::ResourceGroup', properties: { count: 2, resource_def: test({ value }) } },
      },
      outputs: { b: { value: { get_attr: ['b', 'output'] } } },
    },
    environments: [{ resource_registry: { resources: hooks } }],
  };
}

describe('a hook', () => {
  let clock: SimulatedClock;
  let engine: Engine;
  beforeEach(() => {
    clock = new SimulatedClock();
    engine = new Engine({ clock, randomness: seededRandomness(1), concurrency: 1 });
  });
  afterEach(() => clock.run(engine.close()));

  const clear = (resource: string, hook: string) =>
    clock.run(engine.signal({ stack: 's', resource, data: { unset_hook: hook } }));
  const pending = async () =>
    (await engine.pendingHooks('s')).map(({ resource, hook }) => `${resource} ${hook}`).sort();
  const told = async (resource: string) =>
    (await engine.storedEvents('s')).flatMap(({ event }) =>
      event.type === 'resource' && event.resource === resource
        ? [`${event.action}_${event.status} ${event.reason}`]
        : [],
    );
  const failed = (work: Promise<unknown>): Promise<string> => work.then(() => 'no error', messageOf);

  test.each<{ rule: string; hooks: JsonObject; pauses: string[][] }>([
    { rule: 'none', hooks: {}, pauses: [[]] },
    { rule: 'before the creation', hooks: { a: { hooks: 'pre-create' } }, pauses: [['a pre-create'], []] },
    { rule: 'after it', hooks: { a: { hooks: ['post-create'] } }, pauses: [['a post-create'], []] },
    {
      rule: 'both',
      hooks: { a: { hooks: ['pre-create', 'post-create'] } },
      pauses: [['a pre-create'], ['a post-create'], []],
    },
    {
      rule: 'by a wildcard',
      hooks: { '*': { hooks: 'pre-create' } },
      pauses: [['a pre-create', 'group pre-create'], ['b pre-create'], []],
    },
    {
      rule: 'inside of a group',
      hooks: { group: { '*': { hooks: 'pre-create' } } },
      pauses: [['group/0 pre-create', 'group/1 pre-create'], []],
    },
    {
      rule: 'of a group, whose members wait too',
      hooks: { group: { hooks: 'pre-create', 1: { hooks: 'pre-create' } } },
      pauses: [['group pre-create', 'group/1 pre-create'], []],
    },
    {
      rule: 'of another action',
      hooks: { a: { hooks: ['pre-update', 'pre-delete', 'post-update', 'post-delete'] } },
      pauses: [[]],
    },
  ])('stops a create: $rule', async ({ hooks, pauses }) => {
    const done = engine.create(stack(hooks));
    for (const expected of pauses) {
      await clock.advance(1);
      expect(await pending()).toEqual(expected);
      const made = (await engine.show('s')).resources.filter(({ action }) => action !== 'INIT').map(({ name }) => name);
      for (const at of expected) {
        const [resource, hook] = at.split(' ') as [string, string];
        expect(made.includes(resource)).toBe(hook === 'post-create');
      }
      // Who reads from it, or is a part of it, waits.
      if (expected.some((at) => at.startsWith('a '))) expect(made).not.toContain('b');
      if (expected.includes('group pre-create')) expect(made.filter((name) => name.startsWith('group'))).toEqual([]);
      for (const at of expected) await clear(...(at.split(' ') as [string, HookType]));
    }
    expect((await clock.run(done)).state).toBe('CREATE_COMPLETE');
    expect(await pending()).toEqual([]);
  });

  test('tells, in words of Heat, what is paused and cleared; waiting says so too', async () => {
    const done = engine.create(stack({ a: { hooks: ['pre-create', 'post-create'] } }));
    await clock.advance(1000);
    expect((await engine.waiting('s')).filter(({ awaits }) => awaits === 'hook')).toEqual([
      {
        reader: 'a',
        input: undefined,
        name: ['default', 's', 'a', 'pre-create'],
        since: 0,
        writer: 'outside',
        reason: 'it is paused until hook pre-create is cleared',
        awaits: 'hook',
      },
    ]);
    expect(await clear('a', 'pre-create')).toBe('Hook pre-create is cleared');
    await clock.advance(1);
    await clear('a', 'post-create');
    await clock.run(done);
    expect(await told('a')).toEqual([
      'INIT_COMPLETE CREATE paused until Hook pre-create is cleared',
      'INIT_COMPLETE Hook pre-create is cleared',
      'CREATE_IN_PROGRESS state changed',
      'CREATE_COMPLETE state changed',
      'CREATE_COMPLETE CREATE paused until Hook post-create is cleared',
      'CREATE_COMPLETE Hook post-create is cleared',
    ]);
  });

  test.each([
    {
      resource: 'a',
      hook: 'pre-cook',
      text: /^Invalid hook type "pre-cook" for OS::Heat::TestResource "a" Stack "s" \[.*\]$/,
    },
    {
      resource: 'b',
      hook: 'pre-create',
      text: /^The "pre-create" hook is not defined on OS::Heat::TestResource "b" Stack "s" \[.*\]$/,
    },
    { resource: 'c', hook: 'pre-create', text: /^The Resource \(c\) could not be found in Stack s\.$/ },
    {
      resource: 'group',
      hook: 'pre-create',
      text: /^The "pre-create" hook is not defined on OS::Heat::ResourceGroup "group"/,
    },
  ])('that is not there is not cleared: $resource $hook', async ({ resource, hook, text }) => {
    const hooks = { a: { hooks: 'post-create' }, group: { hooks: 'pre-create' } };
    const done = engine.create(stack(hooks));
    await clock.advance(1);
    await clear('a', 'post-create');
    await clear('group', 'pre-create');
    // b is made by then, and nothing of the group waits any more.
    const held = failed(clear(resource, hook));
    expect(await held).toMatch(text);
    await clock.run(done);
  });

  test('stops an update where something changes, in place or anew, and what is only made by it is not stopped', async () => {
    const hooks = { '*': { hooks: ['pre-update', 'post-update', 'pre-create'] } };
    await clock.run(engine.create(stack({})));
    const same = engine.update(stack(hooks));
    expect((await clock.run(same)).state).toBe('UPDATE_COMPLETE');
    const more = stack(hooks, 'y');
    (more.template.resources as Record<string, Json>).c = { type: 'OS::Heat::RandomString' };
    const done = engine.update(more);
    await clock.advance(1);
    expect(await pending()).toEqual(['a pre-update', 'group pre-update']);
    await clear('a', 'pre-update');
    await clear('group', 'pre-update');
    await clock.advance(1);
    // What was replaced comes to no hook any more; what a group is made of is not meant by a name outside of it.
    expect(await pending()).toEqual(['b pre-update', 'group post-update']);
    await clear('b', 'pre-update');
    await clear('group', 'post-update');
    await clock.advance(1);
    expect(await pending()).toEqual(['b post-update']);
    await clear('b', 'post-update');
    const { state, outputs } = await clock.run(done);
    expect({ state, outputs }).toEqual({ state: 'UPDATE_COMPLETE', outputs: { b: 'y' } });
  });

  test('stops a delete, before and after; a signal that clears none is refused', async () => {
    await clock.run(engine.create(stack({ a: { hooks: ['pre-delete', 'post-delete'] } })));
    const done = engine.delete({ stack: 's' });
    await clock.advance(1);
    expect(await pending()).toEqual(['a pre-delete']);
    expect((await engine.show('s')).resources.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'a CREATE_COMPLETE',
    ]);
    expect(await engine.waiting('s')).toMatchObject([{ reader: 'a', awaits: 'hook' }]);
    const text = failed(clock.run(engine.signal({ stack: 's', resource: 'a' })));
    expect(await text).toBe('Signal resource during DELETE is not supported.');
    await clear('a', 'pre-delete');
    await clock.advance(1);
    expect(await pending()).toEqual(['a post-delete']);
    expect((await engine.show('s')).resources.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'a DELETE_COMPLETE',
    ]);
    await clear('a', 'post-delete');
    await clock.run(done);
    expect(await engine.list()).toEqual([]);
  });

  test.each(['pre-create', 'post-create'])('does not stop the time: the time-out ends the wait at %s', async (hook) => {
    const done = failed(engine.create({ ...stack({ a: { hooks: hook } }), timeoutMs: 60_000 }));
    await clock.advance(59_999);
    expect(await pending()).toEqual([`a ${hook}`]);
    expect(await clock.run(done)).toBe("Stack CREATE failed: Create of 's' timed out after 60 s.");
    expect((await told('a')).at(-1)).toBe(
      `${hook === 'pre-create' ? 'INIT' : 'CREATE'}_COMPLETE Failure occurred while waiting.`,
    );
    expect(await pending()).toEqual([]);
    // What was made stands.
    const states = (await engine.show('s')).resources.map(({ name, state }) => `${name} ${state}`);
    expect(states).toContain(hook === 'pre-create' ? 'a INIT_COMPLETE' : 'a CREATE_COMPLETE');
    expect((await clock.run(engine.update(stack({})))).state).toBe('UPDATE_COMPLETE');
  });

  test('does not stop the time of a delete either, which says so', async () => {
    await clock.run(engine.create(stack({ a: { hooks: 'pre-delete' } })));
    const done = failed(engine.delete({ stack: 's', timeoutMs: 60_000 }));
    expect(await clock.run(done)).toBe("Stack DELETE failed: Delete of 's' timed out after 60 s.");
    expect(await engine.show('s')).toMatchObject({
      state: 'DELETE_FAILED',
      reason: "Delete of 's' timed out after 60 s.",
    });
  });

  test('is reached anew by the next action', async () => {
    const first = engine.create(stack({ a: { hooks: ['pre-create', 'pre-update'] } }));
    await clock.advance(1);
    await clear('a', 'pre-create');
    await clock.run(first);
    for (const value of ['y', 'z']) {
      const next = engine.update(stack({ a: { hooks: ['pre-create', 'pre-update'] } }, value));
      await clock.advance(1);
      expect(await pending()).toEqual(['a pre-update']);
      await clear('a', 'pre-update');
      await clock.run(next);
    }
  });
});

describe('an engine that is killed at any position of the journal', () => {
  const HOOKS = {
    '*': { hooks: ['pre-create', 'post-create', 'pre-delete', 'post-delete', 'pre-update', 'post-update'] },
    group: { 0: { hooks: ['pre-create', 'post-delete'] } },
  };

  /** One engine's part: it acts, and every hook that is reached is cleared. Which ones are cleared is noted when that is acknowledged. */
  async function live(
    store: MemoryStore,
    limit: number,
    seed: number,
    cleared: string[],
    act: (engine: Engine) => Promise<unknown>,
  ): Promise<{ readonly result: unknown; readonly isKilled: boolean }> {
    const seen = storeUntilKill(store, limit);
    const clock = new SimulatedClock();
    const engine = new Engine({ clock, store: seen.store, randomness: seededRandomness(seed) });
    engine.onEvent((event) => {
      if (event.type !== 'hook:didPause') return;
      const { resource, hook } = event;
      clock.schedule(1, () => {
        void engine.signal({ stack: 's', resource, data: { unset_hook: hook } }).then(
          () => cleared.push(`${resource} ${hook}`),
          () => {},
        );
      });
    });
    const done = act(engine).then((result) => ({ result }));
    const outcome = await clock.run(Promise.race([done, seen.killed.then(() => ({ result: undefined }))]));
    if (!seen.isDead()) await clock.run(engine.close());
    return { ...outcome, isKilled: seen.isDead() };
  }

  const never = Number.POSITIVE_INFINITY;
  test.each<{ action: string; begin: (engine: Engine) => Promise<unknown>; hooks: HookType[]; of: string[] }>([
    {
      action: 'create',
      begin: (engine) => engine.create(stack(HOOKS)),
      hooks: ['pre-create', 'post-create'],
      of: ['a', 'b', 'group'],
    },
    {
      action: 'delete',
      begin: (engine) => engine.delete({ stack: 's' }),
      hooks: ['pre-delete', 'post-delete'],
      of: ['a', 'b', 'group'],
    },
    {
      action: 'update',
      begin: (engine) => engine.update(stack(HOOKS, 'y')),
      hooks: ['pre-update'],
      of: ['a', 'b', 'group'],
    },
  ])('while it does a $action: a hook is cleared once, and none is passed by', async ({ action, begin, hooks, of }) => {
    for (let limit = 1; ; limit += 1) {
      const store = new MemoryStore();
      if (action !== 'create') await live(store, never, 1, [], (engine) => engine.create(stack(HOOKS)));
      const cleared: string[] = [];
      const { isKilled } = await live(store, limit, 2, cleared, begin);
      let result: unknown;
      if (isKilled) {
        ({ result } = await live(store, never, 3, cleared, async (engine) => {
          const before = await engine.show('s').catch(() => undefined);
          if (before === undefined) return undefined;
          const after = await engine.resume({ stack: 's' });
          // Killed before it said so, the stack is as it was.
          const isBegun = after === undefined || after.action.toLowerCase() === action;
          return isBegun ? after : begin(engine);
        }));
      }
      const all = of.flatMap((name) => hooks.map((hook) => `${name} ${hook}`));
      // Killed before it said so, there is nothing to resume.
      const isBegun = !isKilled || action !== 'create' || result !== undefined;
      // What the store has taken is acknowledged, also by an engine that dies of its next batch.
      const passedBy = isBegun ? all.filter((at) => !cleared.includes(at)) : [];
      const twice = cleared.filter((at, index) => cleared.indexOf(at) !== index);
      expect({ limit, passedBy, twice, told: isBegun && action !== 'delete' ? notOnce(store, all) : [] }).toEqual({
        limit,
        passedBy: [],
        twice: [],
        told: [],
      });
      if (isKilled && store.listStacks().length > 0 && result !== undefined) {
        expect((result as StackDescription).status).toBe('COMPLETE');
      }
      if (!isKilled) return;
    }
  });

  /** The hooks of which it is not stored once that they were reached, and once that they were cleared. */
  function notOnce(store: MemoryStore, all: readonly string[]): readonly string[] {
    const [record] = store.listStacks();
    const told = store
      .events(record?.id ?? '')
      .map(({ event }) => (event.type === 'resource' ? `${event.resource} ${event.reason}` : ''));
    return all.filter((at) => {
      const [name, hook] = at.split(' ') as [string, string];
      const done = (hook.split('-')[1] as string).toUpperCase();
      const reached = told.filter((each) => each === `${name} ${done} paused until Hook ${hook} is cleared`);
      const over = told.filter((each) => each === `${name} Hook ${hook} is cleared`);
      return reached.length !== 1 || over.length !== 1;
    });
  }

  test('a hook that is cleared while no engine works is not reached again', async () => {
    const store = new MemoryStore();
    const seen = storeUntilKill(store);
    const clock = new SimulatedClock();
    const dead = new Engine({ clock, store: seen.store, randomness: seededRandomness(1) });
    void dead.create(stack({ a: { hooks: 'pre-create' } }));
    await clock.advance(1);
    const next = new SimulatedClock();
    const engine = new Engine({ clock: next, store, randomness: seededRandomness(2) });
    expect((await engine.pendingHooks('s')).map(({ resource, hook }) => `${resource} ${hook}`)).toEqual([
      'a pre-create',
    ]);
    await next.run(engine.signal({ stack: 's', resource: 'a', data: { unset_hook: 'pre-create' } }));
    expect(await engine.pendingHooks('s')).toEqual([]);
    expect((await next.run(engine.resume({ stack: 's' })))?.state).toBe('CREATE_COMPLETE');
    await next.run(engine.close());
  });
});
