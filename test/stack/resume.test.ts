import { describe, expect, test } from '@jest/globals';
import { Engine } from '../../src/engine.ts';
import { messageOf } from '../../src/errors.ts';
import type { DeleteCall } from '../../src/resource/handler.ts';
import { definePlainType, defineStreamingType, type ResourceType } from '../../src/resource/resource-type.ts';
import { SimulatedClock, seededRandomness } from '../../src/simulated-clock.ts';
import type { StackDescription } from '../../src/stack/describe.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import type { StackRecord, StackStore } from '../../src/store/stack-store.ts';
import { storeUntilKill } from './killed-engine.ts';

/** The things that exist outside of the engines, by the token of the attempt that made them. */
type Things = Map<string, string>;

/** Types whose handlers make things in several steps, as long as `isDead` says nothing else. */
function typesOf(things: Things, isDead: () => boolean): readonly ResourceType[] {
  const act = async (what: () => void): Promise<void> => {
    if (isDead()) await new Promise<never>(() => {});
    what();
  };
  const lookup = ({ token }: DeleteCall): string | undefined => (things.has(token) ? `id-${token}` : undefined);
  const remove = ({ token }: DeleteCall): Promise<void> => act(() => void things.delete(token));
  const wait = (clock: { schedule(ms: number, run: () => void): unknown }): Promise<void> =>
    new Promise((resolve) => void clock.schedule(1, resolve));
  const thing = definePlainType({
    name: 'Thing',
    properties: { of: {} },
    attributes: { of: { schema: {} }, name: { schema: {} } },
    handler: {
      async create({ token, clock, resource, properties, setResourceId }) {
        await wait(clock);
        await act(() => void things.set(token, resource.name));
        await wait(clock);
        await setResourceId(`id-${token}`);
        await wait(clock);
        return { of: properties.of ?? null, name: resource.name };
      },
      lookup,
      delete: remove,
    },
  });
  const peer = defineStreamingType({
    name: 'Peer',
    properties: { peer: {} },
    attributes: { address: { schema: {}, needs: [] }, knows: { schema: {} } },
    handler: {
      async create({ token, clock, resource, inputs, outputs, randomness }) {
        await act(() => void things.set(token, resource.name));
        // Another one at each attempt.
        await outputs.address(randomness.uuid());
        await wait(clock);
        await outputs.knows((await inputs.peer) as never);
      },
      lookup,
      delete: remove,
    },
  });
  return [thing, peer];
}

const TEMPLATE = `
heat_template_version: hotloom-1
parameters:
  color: {type: string}
  pin: {type: string, hidden: true, default: '1234'}
resources:
  first: {type: Thing, properties: {of: {get_param: color}}}
  second: {type: Thing, properties: {of: {get_attr: [first, name]}}}
  left: {type: Peer, properties: {peer: {get_attr: [right, address]}}}
  right: {type: Peer, properties: {peer: {get_attr: [left, address]}}}
  value: {type: OS::Heat::Value, properties: {value: {list_join: ['+', [{get_attr: [second, of]}, {get_param: pin}]]}}}
  group:
    type: OS::Heat::ResourceGroup
    properties: {count: 2, resource_def: {type: Thing, properties: {of: '%index%'}}}
outputs:
  value: {value: {get_attr: [value, value]}}
  group: {value: {get_attr: [group, of]}}
`;
const STACK = { stack: 's', template: TEMPLATE, parameters: { color: 'red' } };
const NAMES = ['first', 'group/0', 'group/1', 'left', 'right', 'second'];

/** One engine's part of a stack's life: it does `act`, unless it is killed when it has stored `limit` batches. */
async function live(
  store: MemoryStore,
  things: Things,
  limit: number,
  seed: number,
  act: (engine: Engine) => Promise<unknown>,
): Promise<{ readonly result: StackDescription | undefined; readonly isKilled: boolean; readonly batches: number }> {
  const seen = storeUntilKill(store, limit);
  const clock = new SimulatedClock();
  const types = typesOf(things, seen.isDead);
  const engine = new Engine({ types, clock, store: seen.store, randomness: seededRandomness(seed) });
  const done = act(engine).then((result) => ({ result: result as StackDescription | undefined }));
  const outcome = await clock.run(Promise.race([done, seen.killed.then(() => ({ result: undefined }))]));
  if (!seen.isDead()) await clock.run(engine.close());
  return { result: outcome.result, isKilled: seen.isDead(), batches: seen.batches() };
}

function shownOf(description: StackDescription | undefined) {
  const resources = description?.resources.map(({ name, state }) => `${name} ${state}`).sort();
  return { state: description?.state, outputs: description?.outputs, resources };
}

const resume = (engine: Engine) => engine.resume({ stack: 's' });
const never = Number.POSITIVE_INFINITY;

describe('an engine that is killed at any position of the journal', () => {
  test('while it creates: another one comes to the same end, and nothing is there twice', async () => {
    const things: Things = new Map();
    const undisturbed = await live(new MemoryStore(), things, never, 1, (engine) => engine.create(STACK));
    expect([...things.values()].sort()).toEqual(NAMES);
    expect(undisturbed.batches).toBeGreaterThan(20);
    for (let first = 1; first < undisturbed.batches; first += 1) {
      for (const second of [1, 2, 5, 9]) {
        const [store, world]: [MemoryStore, Things] = [new MemoryStore(), new Map()];
        const killed = await live(store, world, first, 2, (engine) => engine.create(STACK));
        expect(killed.isKilled).toBe(true);
        // The next one is killed too, if it gets so far.
        await live(store, world, second, 3, resume);
        const { result } = await live(store, world, never, 4, resume);
        expect({ first, second, ...shownOf(result) }).toEqual({ first, second, ...shownOf(undisturbed.result) });
        expect({ first, second, things: [...world.values()].sort() }).toEqual({ first, second, things: NAMES });
        await live(store, world, never, 5, (engine) => engine.delete({ stack: 's' }));
        expect(world.size).toBe(0);
      }
    }
  });

  test('while it creates two stacks that need each other: another one goes on with both at once', async () => {
    const template = (other: string): string =>
      `{heat_template_version: hotloom-1, resources: {one: {type: Peer, properties: {peer: {get_data: default.${other}.one.address}}}}}`;
    const createBoth = (engine: Engine): Promise<unknown> =>
      Promise.all([
        engine.create({ stack: 'a', template: template('b') }),
        engine.create({ stack: 'b', template: template('a') }),
      ]);
    for (let limit = 3; ; limit += 1) {
      const [store, world]: [MemoryStore, Things] = [new MemoryStore(), new Map()];
      const { isKilled } = await live(store, world, limit, 1, createBoth);
      if (!isKilled) return;
      const before = store.listStacks().filter(({ status }) => status === 'IN_PROGRESS');
      await live(store, world, never, 2, async (engine) => {
        const resumed = await engine.resumeAll();
        expect({ limit, resumed: resumed.map(({ stack, error }) => ({ stack, error })) }).toEqual({
          limit,
          resumed: before.map(({ name }) => ({ stack: name, error: undefined })),
        });
      });
      expect({ limit, states: store.listStacks().map(({ name, status }) => `${name} ${status}`) }).toEqual({
        limit,
        states: ['a COMPLETE', 'b COMPLETE'],
      });
      expect([...world.values()]).toEqual(['one', 'one']);
    }
  });

  test('what fails of one stack does not stop the others', async () => {
    const [store, world]: [MemoryStore, Things] = [new MemoryStore(), new Map()];
    const resources = '{one: {type: Thing, properties: {of: 1}}}';
    const secret = `{heat_template_version: hotloom-1, parameters: {pin: {type: string, hidden: true}}, resources: ${resources}}`;
    const plain = `{heat_template_version: hotloom-1, resources: ${resources}}`;
    await live(store, world, 2, 1, (engine) =>
      engine.create({ stack: 'a', template: secret, parameters: { pin: '1' } }),
    );
    await live(store, world, 2, 2, (engine) => engine.create({ stack: 'b', template: plain }));
    await live(store, world, never, 3, async (engine) => {
      const resumed = await engine.resumeAll();
      expect(resumed.map(({ stack, description }) => [stack, description?.state])).toEqual([
        ['a', undefined],
        ['b', 'CREATE_COMPLETE'],
      ]);
      expect(messageOf(resumed[0]?.error)).toContain('pin');
    });
  });

  test('while it deletes: another one comes to the end', async () => {
    for (let limit = 1; ; limit += 1) {
      const [store, world]: [MemoryStore, Things] = [new MemoryStore(), new Map()];
      await live(store, world, never, 1, (engine) => engine.create(STACK));
      const { isKilled } = await live(store, world, limit, 2, (engine) => engine.delete({ stack: 's' }));
      const { result } = isKilled ? await live(store, world, never, 3, resumed) : { result: undefined };
      expect({ limit, result, left: world.size, stacks: store.listStacks() }).toEqual({
        limit,
        result: undefined,
        left: 0,
        stacks: [],
      });
      if (!isKilled) return;
    }
    // Killed before it said so, the stack is as it was; whoever wanted it away says so again.
    async function resumed(engine: Engine): Promise<void> {
      if ((await resume(engine)) !== undefined) await engine.delete({ stack: 's' });
    }
  });

  test('while it rolls back: another one comes to the end, and the stack stays, without resources', async () => {
    const template = TEMPLATE.replace(
      'outputs:',
      '  bad: {type: OS::Heat::TestResource, properties: {fail: true}}\noutputs:',
    );
    for (let limit = 1; ; limit += 1) {
      const [store, world]: [MemoryStore, Things] = [new MemoryStore(), new Map()];
      const { isKilled } = await live(store, world, limit, 2, (engine) =>
        engine.create({ ...STACK, template, rollback: true }).catch(() => undefined),
      );
      if (isKilled) {
        await live(store, world, never, 3, async (engine) => {
          await resume(engine).catch((error) => expect(messageOf(error)).toMatch(/^Stack CREATE failed/));
        });
      }
      expect({
        limit,
        left: world.size,
        states: store.listStacks().map(({ action, status }) => `${action}_${status}`),
      }).toEqual({
        limit,
        left: 0,
        states: ['ROLLBACK_COMPLETE'],
      });
      if (!isKilled) return;
    }
  });
});

/** One resource `a` whose attempt was interrupted after its intent, and after what it has told meanwhile. */
async function interrupted(
  type: ResourceType,
  template: string,
): Promise<{ engine: Engine; clock: SimulatedClock; store: MemoryStore }> {
  const store = new MemoryStore();
  const seen = storeUntilKill(store);
  const clock = new SimulatedClock();
  const dead = new Engine({ types: [type], clock, store: seen.store as StackStore });
  void dead.create({ stack: 's', template });
  await clock.advance(1);
  const next = new SimulatedClock();
  return { engine: new Engine({ types: [type], clock: next, store }), clock: next, store };
}

describe('an attempt that was interrupted', () => {
  const forever = (): Promise<never> => new Promise(() => {});
  const template = 'heat_template_version: 2021-04-16\nresources: {a: {type: T}}';
  const failed = (work: Promise<unknown>): Promise<string> => work.then(() => 'no error', messageOf);

  test('fails with OutcomeUnknown when nobody can tell what it made', async () => {
    const type = definePlainType({ name: 'T', properties: {}, attributes: {}, handler: { create: forever } });
    const { engine, clock } = await interrupted(type, template);
    expect(await failed(clock.run(engine.resume({ stack: 's' })))).toContain(
      "OutcomeUnknown: resources.a: The engine was stopped while it created 'a', and nobody can tell whether something was made.",
    );
    expect((await engine.show('s')).state).toBe('CREATE_FAILED');
  });

  test('goes on under the same token when its handler is repeatable', async () => {
    const tokens: string[] = [];
    const create = ({ token }: { readonly token: string }) => (tokens.push(token) === 1 ? forever() : {});
    const type = definePlainType({
      name: 'T',
      properties: {},
      attributes: {},
      handler: { isRepeatable: true, create },
    });
    const { engine, clock } = await interrupted(type, template);
    await clock.run(engine.resume({ stack: 's' }));
    expect(tokens).toEqual([tokens[0], tokens[0]]);
  });

  test('is removed by the id that it has recorded, and made anew under another token', async () => {
    const told: string[] = [];
    const type = definePlainType({
      name: 'T',
      properties: {},
      attributes: {},
      handler: {
        async create({ setResourceId, resource }) {
          told.push(`create ${resource.physicalName}`);
          await setResourceId('made');
          return told.length === 1 ? forever() : {};
        },
        delete: ({ resourceId, resource }) => void told.push(`delete ${resourceId} ${resource.physicalName}`),
      },
    });
    const { engine, clock } = await interrupted(type, template);
    const name = (await clock.run(engine.resume({ stack: 's' })))?.resources[0]?.physicalName;
    const first = told[0]?.slice('create '.length);
    expect(first).not.toBe(name);
    expect(told).toEqual([`create ${first}`, `delete made ${first}`, `create ${name}`]);
  });

  test('takes what has read from it along: that is removed first, and made anew after it', async () => {
    let attempts = 0;
    const told: string[] = [];
    const type = defineStreamingType({
      name: 'T',
      properties: { of: {} },
      attributes: { early: { schema: {}, needs: [] }, of: { schema: {} } },
      handler: {
        async create({ outputs, inputs, resource }) {
          told.push(`create ${resource.name}`);
          attempts += 1;
          await outputs.early(attempts);
          await outputs.of(((await inputs.of) ?? null) as never);
          if (attempts < 4 && resource.name === 'a') await forever();
        },
        lookup: () => undefined,
        delete: ({ resource }) => void told.push(`delete ${resource.name}`),
      },
    });
    const template = `heat_template_version: 2021-04-16
resources:
  a: {type: T}
  b: {type: T, properties: {of: {get_attr: [a, early]}}}
  c: {type: OS::Heat::Value, properties: {value: {get_attr: [b, of]}}}
  other: {type: T, properties: {of: 1}}
outputs: {c: {value: {get_attr: [c, value]}}}`;
    const { engine, clock } = await interrupted(type, template);
    told.length = 0;
    const { outputs } = (await clock.run(engine.resume({ stack: 's' }))) as StackDescription;
    expect([told, outputs]).toEqual([['delete b', 'delete a', 'create a', 'create b'], { c: 4 }]);
  });

  test('that goes on cannot publish another value than a complete resource has read', async () => {
    let attempts = 0;
    const type = defineStreamingType({
      name: 'T',
      properties: {},
      attributes: { early: { schema: {}, needs: [] } },
      handler: {
        isRepeatable: true,
        async create({ outputs }) {
          attempts += 1;
          await outputs.early(attempts);
          if (attempts === 1) await forever();
        },
      },
    });
    const reader = '\n  b: {type: OS::Heat::Value, properties: {value: {get_attr: [a, early]}}}';
    const { engine, clock } = await interrupted(
      type,
      `heat_template_version: 2021-04-16\nresources:\n  a: {type: T}${reader}`,
    );
    expect(await failed(clock.run(engine.resume({ stack: 's' })))).toContain(
      "ConflictingWrite: resources.a: The handler of 'a' wrote 'early' again, with another value than before the engine was stopped.",
    );
  });
});

describe('resume', () => {
  test('returns a stack that nobody was at work on as it is, and refuses one that is not there', async () => {
    const { result } = await live(new MemoryStore(), new Map(), never, 1, async (engine) => {
      const created = await engine.create(STACK);
      expect(await resume(engine)).toEqual(created);
      await expect(engine.resume({ stack: 'other' })).rejects.toThrow('The Stack (other) could not be found.');
      return created;
    });
    expect(result?.state).toBe('CREATE_COMPLETE');
  });

  test('needs a hidden parameter again that has no default, since its value is not stored', async () => {
    const [store, things]: [MemoryStore, Things] = [new MemoryStore(), new Map()];
    const template = TEMPLATE.replace(", default: '1234'", '');
    const given = { ...STACK, template, parameters: { color: 'red', pin: '9876' } };
    await live(store, things, 9, 1, (engine) => engine.create(given));
    const { result } = await live(store, things, never, 2, async (engine) => {
      expect(await engine.listInterrupted()).toMatchObject([{ name: 's', state: 'CREATE_IN_PROGRESS' }]);
      await expect(resume(engine)).rejects.toThrow('pin');
      expect((await engine.resume({ stack: 's', parameters: { pin: '9876' } }))?.outputs.value).toBe('******');
      return (await engine.outputs('s')).value;
    });
    expect(result).toBe('first+9876');
    const [{ parameters, environment }] = store.listStacks() as [StackRecord];
    expect({ parameters, environment }).toEqual({ parameters: { color: 'red' }, environment: {} });
  });
});
