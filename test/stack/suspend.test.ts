import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Engine } from '../../src/engine.ts';
import { type HotloomError, isHotloomError } from '../../src/errors.ts';
import { definePlainType } from '../../src/resource/resource-type.ts';
import { SimulatedClock } from '../../src/simulated-clock.ts';
import type { StackDescription } from '../../src/stack/describe.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { storeUntilKill } from './killed-engine.ts';

/** What is in the world: whether it is awake, by resource. */
type World = Map<string, 'awake' | 'asleep'>;

/** What the handlers did, in their order. */
interface Log {
  readonly calls: string[];
  /** The resource for which a call fails, as `suspend b`. */
  failing: string | undefined;
}

function typesOf(world: World, log: Log, isDead = () => false) {
  const call = (what: string, resource: { readonly name: string }): void => {
    if (isDead()) throw new Error('the engine is dead');
    log.calls.push(`${what} ${resource.name}`);
    if (log.failing === `${what} ${resource.name}`) throw new Error(`no ${what}`);
  };
  const thing = definePlainType({
    name: 'Thing',
    properties: { size: { type: 'integer', updateAllowed: true }, of: {} },
    attributes: { size: { schema: {} } },
    handler: {
      isRepeatable: true,
      create({ resource, properties }) {
        world.set(resource.name, 'awake');
        return { size: properties.size ?? 0 };
      },
      check({ resource, isSuspended }) {
        if ((world.get(resource.name) === 'asleep') !== isSuspended) throw new Error(`${resource.name} is not so`);
        return undefined;
      },
      async suspend({ resource, data, setData }) {
        await setData({ ...data, wasAwake: world.get(resource.name) === 'awake' });
        call('suspend', resource);
        world.set(resource.name, 'asleep');
      },
      resume({ resource }) {
        call('resume', resource);
        world.set(resource.name, 'awake');
      },
      delete: ({ resource }) => void world.delete(resource.name),
      signal: () => ({ reason: 'heard' }),
    },
  });
  return [thing];
}

const template = {
  heat_template_version: 'hotloom-1',
  resources: {
    a: { type: 'Thing', properties: { size: 1 } },
    b: { type: 'Thing', properties: { of: { get_attr: ['a', 'size'] } } },
    group: {
      type: 'OS::Heat::ResourceGroup',
      properties: { count: 2, resource_def: { type: 'Thing', properties: { of: { get_attr: ['b', 'size'] } } } },
    },
    value: { type: 'OS::Heat::Value', properties: { value: { get_attr: ['group', 'size'] } } },
  },
};
const NAMES = ['a', 'b', 'group/0', 'group/1'];

describe('a stack', () => {
  let clock: SimulatedClock;
  let engine: Engine;
  let world: World;
  let log: Log;
  beforeEach(async () => {
    clock = new SimulatedClock();
    [world, log] = [new Map(), { calls: [], failing: undefined }];
    engine = new Engine({ types: typesOf(world, log), clock });
    await clock.run(engine.create({ stack: 's', template }));
  });
  afterEach(() => clock.run(engine.close()));

  const suspend = (options = {}) => clock.run(engine.suspend({ stack: 's', ...options }));
  const resume = () => clock.run(engine.resume({ stack: 's' }));
  const statesOf = ({ resources }: Pick<StackDescription, 'resources'>) =>
    resources.map(({ name, state }) => `${name} ${state}`);
  const refused = (call: Promise<unknown>, code: string) =>
    call.then(
      () => expect(code).toBe('a refusal'),
      (error: unknown) => {
        if (!isHotloomError(error, code)) throw error;
        return error;
      },
    );

  test('is suspended against the arrows and resumed along them, its nested resources too', async () => {
    const asleep = await suspend();
    expect(asleep).toMatchObject({ state: 'SUSPEND_COMPLETE', reason: 'Stack SUSPEND completed successfully' });
    expect(asleep.resources.every(({ state, isSuspended }) => state === 'SUSPEND_COMPLETE' && isSuspended)).toBe(true);
    expect(log.calls).toEqual(['suspend group/0', 'suspend group/1', 'suspend b', 'suspend a']);
    expect([...world.values()]).toEqual(['asleep', 'asleep', 'asleep', 'asleep']);
    log.calls.length = 0;
    const awake = await resume();
    expect(awake).toMatchObject({ state: 'RESUME_COMPLETE', reason: 'Stack RESUME completed successfully' });
    expect(awake?.resources.every(({ state, isSuspended }) => state === 'RESUME_COMPLETE' && !isSuspended)).toBe(true);
    expect(log.calls).toEqual(['resume a', 'resume b', 'resume group/0', 'resume group/1']);
    expect([...world.values()]).toEqual(['awake', 'awake', 'awake', 'awake']);
    expect(asleep.outputs).toEqual(awake?.outputs);
  });

  test('that is suspended or awake already is returned as it is', async () => {
    expect((await resume())?.state).toBe('CREATE_COMPLETE');
    await suspend();
    log.calls.length = 0;
    expect((await suspend()).state).toBe('SUSPEND_COMPLETE');
    await resume();
    expect((await resume())?.state).toBe('RESUME_COMPLETE');
    expect(log.calls.filter((each) => each.startsWith('suspend'))).toEqual([]);
    expect(log.calls).toHaveLength(4);
  });

  test('is updated again, with nothing changed, after its resume; not while it is suspended', async () => {
    await suspend();
    const { what } = (await refused(engine.update({ stack: 's', template }), 'NotSupported')) ?? { what: '' };
    expect(what).toBe('Updating a stack when it is suspended is not supported: s is SUSPEND_COMPLETE.');
    await refused(engine.previewUpdate({ stack: 's', template }), 'NotSupported');
    await resume();
    log.calls.length = 0;
    const { state } = await clock.run(engine.update({ stack: 's', template }));
    expect([state, log.calls]).toEqual(['UPDATE_COMPLETE', []]);
  });

  test('that is suspended can be checked, and is still suspended then', async () => {
    await suspend();
    const checked = await clock.run(engine.check({ stack: 's' }));
    expect([checked.state, checked.resources.every(({ isSuspended }) => isSuspended)]).toEqual([
      'CHECK_COMPLETE',
      true,
    ]);
    await refused(engine.update({ stack: 's', template }), 'NotSupported');
    expect((await resume())?.state).toBe('RESUME_COMPLETE');
    expect((await clock.run(engine.check({ stack: 's' }))).state).toBe('CHECK_COMPLETE');
  });

  test('that is suspended takes no signals, also after a check', async () => {
    const signal = () => clock.run(engine.signal({ stack: 's', resource: 'a' }));
    await suspend();
    const what = 'Signal resource during SUSPEND is not supported.';
    const fix = "Resume the stack first: 'hotloom resume s'.";
    const told = (await refused(signal(), 'NotSupported')) as HotloomError;
    expect([told.what, told.why, told.fix]).toEqual([what, "'a' is SUSPEND_COMPLETE.", fix]);
    await clock.run(engine.check({ stack: 's' }));
    const after = (await refused(signal(), 'NotSupported')) as HotloomError;
    expect([after.what, after.why, after.fix]).toEqual([what, "'a' is suspended.", fix]);
    await resume();
    expect(await signal()).toBe('Signal: heard');
  });

  test('with resources that are made of others by a file is suspended, checked, kept and resumed as any other', async () => {
    const nested = { heat_template_version: 'hotloom-1', resources: { inner: { type: 'Thing' } } };
    const outer = { heat_template_version: 'hotloom-1', resources: { net: { type: 'net.yaml' } } };
    const stack = { stack: 'n' };
    await clock.run(engine.create({ ...stack, template: outer, files: { 'net.yaml': JSON.stringify(nested) } }));
    expect(statesOf(await clock.run(engine.check(stack)))).toEqual(['net CHECK_COMPLETE', 'net/inner CHECK_COMPLETE']);
    const { id, state } = await clock.run(engine.snapshot(stack));
    await clock.run(engine.deleteSnapshot({ ...stack, snapshot: id }));
    const { resources } = await clock.run(engine.suspend(stack));
    expect([state, resources.map(({ isSuspended }) => isSuspended)]).toEqual(['CREATE_COMPLETE', [true, true]]);
    expect((await clock.run(engine.resume(stack)))?.state).toBe('RESUME_COMPLETE');
  });

  test('that is suspended is deleted', async () => {
    await suspend();
    await clock.run(engine.delete({ stack: 's' }));
    expect([...world]).toEqual([]);
  });

  test('that is suspended is handed over as such', async () => {
    await suspend();
    const data = JSON.parse(JSON.stringify(await engine.abandon('s')));
    await clock.run(engine.adopt({ stack: 's', data }));
    expect((await resume())?.state).toBe('RESUME_COMPLETE');
    expect([...world.values()]).toEqual(['awake', 'awake', 'awake', 'awake']);
  });

  test('of which one cannot be suspended keeps awake what that one needs; what sleeps can be resumed', async () => {
    log.failing = 'suspend b';
    const { message } = (await refused(suspend(), 'StackFailed')) ?? { message: '' };
    expect(message).toBe(`Stack SUSPEND failed: Resource SUSPEND failed: Error: resources.b: no suspend
  Remove the cause and suspend the stack again, or resume it.`);
    const shown = await engine.show('s');
    expect([shown.state, shown.reason]).toEqual([
      'SUSPEND_FAILED',
      'Resource SUSPEND failed: Error: resources.b: no suspend',
    ]);
    expect(statesOf(shown)).toEqual([
      'a CREATE_COMPLETE',
      'group SUSPEND_COMPLETE',
      'b SUSPEND_FAILED',
      'group/0 SUSPEND_COMPLETE',
      'group/1 SUSPEND_COMPLETE',
      'value SUSPEND_COMPLETE',
    ]);
    log.calls.length = 0;
    const awake = await resume();
    expect(awake?.state).toBe('RESUME_COMPLETE');
    expect(log.calls).toEqual(['resume b', 'resume group/0', 'resume group/1']);
    log.failing = undefined;
    expect((await suspend()).state).toBe('SUSPEND_COMPLETE');
  });

  test('of which one cannot be resumed stays asleep from there on, and is resumed again', async () => {
    await suspend();
    log.failing = 'resume b';
    await refused(resume(), 'StackFailed');
    expect((await engine.show('s')).state).toBe('RESUME_FAILED');
    expect(world).toEqual(new Map([...NAMES.map((name) => [name, 'asleep'] as const), ['a', 'awake']]));
    [log.failing, log.calls.length] = [undefined, 0];
    expect((await resume())?.state).toBe('RESUME_COMPLETE');
    expect(log.calls).toEqual(['resume b', 'resume group/0', 'resume group/1']);
  });

  test('of which a resource is in no state for it is not suspended further, in the words of Heat', async () => {
    await engine.markUnhealthy({ stack: 's', resource: 'b' });
    const { what } = (await refused(suspend(), 'StackFailed')) ?? { what: '' };
    expect(what).toBe(
      "Stack SUSPEND failed: Resource SUSPEND failed: Error: resources.b: State ('CHECK', 'FAILED') invalid for suspend",
    );
    expect((await engine.show('s')).resources.find(({ name }) => name === 'b')?.state).toBe('CHECK_FAILED');
  });

  test('of which nothing could be suspended is updated, or resumed as under Heat', async () => {
    const stack = { stack: 'n', template: { ...template, resources: { a: { type: 'Thing' } } } };
    await clock.run(engine.create(stack));
    await engine.markUnhealthy({ stack: 'n', resource: 'a' });
    const failed = () => refused(clock.run(engine.suspend({ stack: 'n' })), 'StackFailed');
    await failed();
    expect((await clock.run(engine.update(stack))).state).toBe('UPDATE_COMPLETE');
    await engine.markUnhealthy({ stack: 'n', resource: 'a' });
    await failed();
    const refusal = (await refused(clock.run(engine.resume({ stack: 'n' })), 'StackFailed')) as HotloomError;
    expect(refusal.what).toContain("State ('CHECK', 'FAILED') invalid for resume");
    expect((await clock.run(engine.update(stack))).state).toBe('UPDATE_COMPLETE');
  });

  test('without resources is suspended and resumed too', async () => {
    const stack = { stack: 'n', template: { heat_template_version: 'hotloom-1' } };
    await clock.run(engine.create(stack));
    expect((await clock.run(engine.suspend(stack))).state).toBe('SUSPEND_COMPLETE');
    await refused(engine.update(stack), 'NotSupported');
    expect((await clock.run(engine.resume(stack)))?.state).toBe('RESUME_COMPLETE');
    expect((await clock.run(engine.update(stack))).state).toBe('UPDATE_COMPLETE');
  });

  test('is stopped in a suspend by its signal or its time-out, and resumed', async () => {
    const stop = new AbortController();
    engine.onEvent((event) => {
      if (event.type === 'resource' && event.resource === 'b') stop.abort();
    });
    const { what } = (await refused(suspend({ signal: stop.signal }), 'StackFailed')) ?? { what: '' };
    expect(what).toBe("Stack SUSPEND failed: Suspend of 's' was cancelled.");
    expect(statesOf(await engine.show('s'))).toContain('a CREATE_COMPLETE');
    expect((await resume())?.state).toBe('RESUME_COMPLETE');
    expect(new Set(world.values())).toEqual(new Set(['awake']));
  });

  test('that could be rolled back before can be after, and one that was never complete cannot', async () => {
    const bad = {
      ...template,
      resources: { ...template.resources, bad: { type: 'OS::Heat::TestResource', properties: { fail: true } } },
    };
    await suspend();
    await resume();
    await refused(clock.run(engine.update({ stack: 's', template: bad, rollback: true })), 'StackFailed');
    expect((await engine.show('s')).state).toBe('ROLLBACK_COMPLETE');
    await refused(clock.run(engine.create({ stack: 't', template: bad })), 'StackFailed');
    await refused(clock.run(engine.suspend({ stack: 't' })), 'StackFailed');
    const { what } = (await refused(clock.run(engine.resume({ stack: 't' })), 'StackFailed')) ?? { what: '' };
    expect(what).toBe(
      "Stack RESUME failed: Resource RESUME failed: Error: resources.bad: State ('CREATE', 'FAILED') invalid for resume",
    );
    expect((await engine.show('t')).state).toBe('RESUME_FAILED');
    await refused(clock.run(engine.update({ stack: 't', template: bad, rollback: true })), 'StackFailed');
    expect((await engine.show('t')).state).toBe('UPDATE_FAILED');
  });

  test('that was cancelled in an update goes back to what it was before that, also after a suspend and a resume', async () => {
    const resources = { ...template.resources, a: { type: 'Thing', properties: { size: 2 } } };
    const stop = new AbortController();
    const later = { stack: 's', template: { ...template, resources }, signal: stop.signal };
    engine.onEvent((event) => {
      if (event.type === 'stack' && event.action === 'UPDATE') stop.abort();
    });
    await refused(clock.run(engine.update(later)), 'StackFailed');
    await suspend();
    await resume();
    const bad = { ...resources, bad: { type: 'OS::Heat::TestResource', properties: { fail: true } } };
    const worse = { stack: 's', template: { ...template, resources: bad }, rollback: true };
    await refused(clock.run(engine.update(worse)), 'StackFailed');
    expect((await engine.show('s')).state).toBe('ROLLBACK_COMPLETE');
    expect((await engine.export('s')).template).toEqual(template);
  });
});

describe('an engine that is killed at any position of the journal', () => {
  /** One engine's part of a stack's life: it does `act`, unless it is killed when it has stored `limit` batches. */
  async function live(store: MemoryStore, world: World, limit: number, act: (engine: Engine) => Promise<unknown>) {
    const seen = storeUntilKill(store, limit);
    const clock = new SimulatedClock();
    const types = typesOf(world, { calls: [], failing: undefined }, seen.isDead);
    const engine = new Engine({ types, clock, store: seen.store });
    await clock.run(Promise.race([act(engine), seen.killed]));
    if (!seen.isDead()) await clock.run(engine.close());
    return seen.isDead();
  }
  const never = Number.POSITIVE_INFINITY;
  const acts = {
    suspend: (engine: Engine) => engine.suspend({ stack: 's' }),
    resume: (engine: Engine) => engine.resume({ stack: 's' }),
    check: (engine: Engine) => engine.check({ stack: 's' }),
  };

  test.each([
    { action: 'suspend', before: [], state: 'SUSPEND_COMPLETE', end: 'asleep' },
    { action: 'resume', before: ['suspend'], state: 'RESUME_COMPLETE', end: 'awake' },
    { action: 'check', before: [], state: 'CHECK_COMPLETE', end: 'awake' },
    { action: 'check', before: ['suspend'], state: 'CHECK_COMPLETE', end: 'asleep' },
  ] as const)('while it does a $action after $before: the next one comes to the end', async (row) => {
    let kills = 0;
    for (let limit = 1; ; limit += 1) {
      const [store, world]: [MemoryStore, World] = [new MemoryStore(), new Map()];
      await live(store, world, never, (engine) => engine.create({ stack: 's', template }));
      for (const earlier of row.before) await live(store, world, never, acts[earlier]);
      const isKilled = await live(store, world, limit, acts[row.action]);
      kills += Number(isKilled);
      await live(store, world, (limit % 5) + 1, (engine) => engine.resume({ stack: 's' }));
      // Whoever asks for the same again gets it, whatever is left of the first.
      await live(store, world, never, async (engine) => {
        if (row.action !== 'resume' || store.listStacks()[0]?.status === 'IN_PROGRESS') await acts.resume(engine);
        const { state, resources } = (await acts[row.action](engine)) as StackDescription;
        expect({ limit, state }).toEqual({ limit, state: row.action === 'resume' ? 'RESUME_COMPLETE' : row.state });
        expect(resources.every((each) => each.state === state)).toBe(true);
      });
      if (row.action !== 'check') expect([limit, ...new Set(world.values())]).toEqual([limit, row.end]);
      expect([...world.keys()].sort()).toEqual(NAMES);
      if (!isKilled) break;
    }
    expect(kills).toBeGreaterThan(4);
  });

  test('while it suspends: an update of the stack is refused, its delete leaves nothing', async () => {
    for (let limit = 2; ; limit += 1) {
      const [store, world]: [MemoryStore, World] = [new MemoryStore(), new Map()];
      await live(store, world, never, (engine) => engine.create({ stack: 's', template }));
      const isKilled = await live(store, world, limit, acts.suspend);
      await live(store, world, never, async (engine) => {
        if (limit > 2) await expect(engine.update({ stack: 's', template })).rejects.toThrow('when it is suspended');
        await engine.delete({ stack: 's' });
      });
      expect(world.size).toBe(0);
      if (!isKilled) return;
    }
  });

  test.each(['check', 'resume'] as const)(
    'while it does a %s: an update finds everything as it was',
    async (action) => {
      for (let limit = 1; ; limit += 1) {
        const [store, world]: [MemoryStore, World] = [new MemoryStore(), new Map()];
        await live(store, world, never, (engine) => engine.create({ stack: 's', template }));
        if (action === 'resume') await live(store, world, never, acts.suspend);
        const isKilled = await live(store, world, limit, acts[action]);
        await live(store, world, never, async (engine) => {
          if (action === 'resume' && limit < 3) await acts.resume(engine);
          const { steps } = await engine.previewUpdate({ stack: 's', template });
          const { state } = await engine.update({ stack: 's', template });
          expect({ limit, state, steps: steps.length }).toEqual({ limit, state: 'UPDATE_COMPLETE', steps: 6 });
        });
        expect([limit, ...new Set(world.values())]).toEqual([limit, 'awake']);
        if (!isKilled) return;
      }
    },
  );
});
