import { describe, expect, test } from '@jest/globals';
import type { Engine } from '../../src/engine.ts';
import { isHotloomError, StoreUnusable } from '../../src/errors.ts';
import { definePlainType, type ResourceType } from '../../src/resource/resource-type.ts';
import type { StackExport } from '../../src/stack/abandon.ts';
import type { AdoptOptions } from '../../src/stack/adopt.ts';
import type { SavedPlan } from '../../src/stack/saved-plan.ts';
import type { UpdateOptions } from '../../src/stack/update.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import type { Json, JsonObject } from '../../src/values.ts';
import { live } from './killed-engine.ts';
import { attr, type Told, template, thing, typesOf } from './update-world.ts';

// Actions whose engine is killed at every position of the journal, and the engine that goes on with them, too. The stack has
// resources in a nested template and in a group, and a circle.

const slow = definePlainType({
  name: 'Slow',
  properties: {},
  attributes: {},
  handler: {
    isRepeatable: true,
    create: ({ clock, signal }) =>
      new Promise((resolve, reject) => {
        const timer = clock.schedule(1000, () => resolve({}));
        signal.addEventListener('abort', () => {
          timer.cancel();
          reject(signal.reason);
        });
      }),
    delete: () => {},
  },
});

/** Stands for things that are there already: those of the ids `there-1` and `there-2`. */
const external = definePlainType({
  name: 'External',
  properties: {},
  attributes: {},
  handler: {
    create: ({ setResourceId }) => setResourceId('made').then(() => ({})),
    check({ resourceId }) {
      if (!resourceId?.startsWith('there-')) throw new Error(`${resourceId} is not there`);
      return undefined;
    },
    delete({ resourceId }) {
      if (resourceId?.startsWith('there-')) throw new Error(`${resourceId} is not the stack's to delete`);
    },
  },
});

const circle = (config: Json): JsonObject => ({
  left: { type: 'Peer', properties: { config, peer: attr('right', 'address') } },
  right: { type: 'Peer', properties: { peer: attr('left', 'address') } },
});

/** What it has in the world has `of` where it differs from another one. */
function stackOf(of: Json, more: JsonObject = {}) {
  const nested = {
    heat_template_version: 'hotloom-1',
    parameters: { of: { type: 'json' } },
    resources: { inner: thing({ of: { get_param: 'of' } }), lasting: thing({ live: { get_param: 'of' } }) },
    outputs: { of: { value: attr('inner', 'of') } },
  };
  const resources: JsonObject = {
    first: thing({ of: [of] }),
    net: { type: 'net.yaml', properties: { of: attr('first', 'of') } },
    group: {
      type: 'OS::Heat::ResourceGroup',
      properties: { count: 2, resource_def: thing({ of: attr('net', 'of') }) },
    },
    alone: { type: 'Only', properties: { of } },
    ...circle(of),
    ...more,
  };
  const outputs = { of: { value: attr('group', 'of') } };
  return { stack: 's', template: template(resources, { outputs }), files: { 'net.yaml': JSON.stringify(nested) } };
}

const create = (engine: Engine) => engine.create({ ...stackOf(1), tags: ['old'] });
const update = (engine: Engine) => engine.update(stackOf(2));

/** What the acts of a row leave for each other outside of the store. */
interface Hands {
  plan?: SavedPlan;
  data?: StackExport;
}

type Act = (engine: Engine, hands: Hands) => Promise<unknown>;

const planUpdate =
  (options: UpdateOptions): Act =>
  async (engine, hands) => {
    hands.plan = await engine.planUpdate(options);
  };

const abandon: Act = async (engine, hands) => {
  hands.data = await engine.abandon('s');
};

/** What an engine was stopped in before it had stored what is adopted, fails, and has nothing. */
const adopt =
  (options: Partial<AdoptOptions> = {}): Act =>
  async (engine, hands) => {
    const data = options.data ?? hands.data;
    if (data === undefined) throw new Error('There is nothing to adopt.');
    const [stack] = await engine.list();
    if (stack?.state === 'ADOPT_FAILED') await engine.delete({ stack: 's' });
    await engine.adopt({ stack: 's', ...options, data });
  };

/** Cancels the update once `Slow` is at work. */
const cancelling =
  (options: { readonly rollback?: boolean }): Act =>
  async (engine) => {
    const begun = new Promise<void>((resolve) => {
      engine.onEvent((event) => {
        if (event.type === 'resource' && event.resource === 'slow') resolve();
      });
    });
    const updating = engine.update(stackOf(2, { slow: { type: 'Slow' } })).catch(() => {});
    await begun;
    await engine.cancel({ stack: 's', ...options });
    await updating;
  };

/** Leaves an update behind in which an engine was stopped, with half of it done. */
const stopped: Act = (engine) => engine.update(stackOf(2, { slow: { type: 'Slow' } }));
const STOPPED_AFTER = 12;

interface Row {
  readonly name: string;
  /** Done before, by engines that nothing happens to. */
  readonly before?: readonly Act[];
  /** The last one before was stopped after so many batches. */
  readonly stoppedAfter?: number;
  /** Is killed. */
  readonly act: Act;
  /** Goes on when a resume finds nothing to go on with; default: `act` again. What it refuses with is among `refusals`. */
  readonly again?: Act;
  /** Codes of errors that the acts end with when the one before has come to the end. */
  readonly refusals?: readonly string[];
  /** Calls of handlers that have to have been made. */
  readonly calls?: readonly string[];
  /** Ends that are as good as that of an engine that nothing happens to: the action had not begun, or gone too far. */
  readonly otherEnds?: readonly { readonly before: readonly Act[] }[];
}

const externalStack = (id: string) => stackOf(1, { ext: { type: 'External', external_id: id } });

const suspend: Act = (engine) => engine.suspend({ stack: 's' });
const snapshot: Act = (engine) => engine.snapshot({ stack: 's', name: 'kept' });
const remove: Act = (engine) => engine.delete({ stack: 's' });

const ROWS: readonly Row[] = [
  {
    name: 'an update takes the place of another',
    before: [create],
    async act(engine) {
      const first = engine.update(stackOf(3, { slow: { type: 'Slow' } })).catch(() => {});
      await update(engine);
      await first;
    },
  },
  { name: 'a stack is suspended', before: [create], act: suspend },
  { name: 'a stack is resumed', before: [create, suspend], act: (engine) => engine.resume({ stack: 's' }) },
  { name: 'a stack is checked', before: [create], act: (engine) => engine.check({ stack: 's' }) },
  { name: 'a snapshot is taken', before: [create], act: snapshot },
  {
    name: 'a stack is restored',
    before: [create, snapshot, update],
    act: (engine) => engine.restore({ stack: 's', snapshot: 'kept' }),
  },
  { name: 'a stack is deleted', before: [create], act: remove, refusals: ['EntityNotFound'] },
  {
    name: 'a stack is deleted whose nested template was never begun',
    before: [
      (engine) =>
        engine.create(
          stackOf(1, {
            first: thing({ of: 'bad' }),
            net: { type: 'net.yaml', depends_on: 'first', properties: { of: attr('first', 'of') } },
          }),
        ),
    ],
    act: remove,
    refusals: ['EntityNotFound', 'StackFailed'],
  },
  {
    name: 'a saved plan of a create is applied',
    before: [
      async (engine, hands) => {
        hands.plan = await engine.planCreate({ ...stackOf(1), tags: ['a'] });
      },
    ],
    act: apply,
  },
  {
    name: 'a saved plan of an update is applied',
    before: [create, planUpdate({ ...stackOf(2), tags: ['a'] })],
    act: apply,
  },
  {
    name: 'a saved plan is applied that fails and is rolled back',
    before: [create, planUpdate({ ...stackOf('bad'), rollback: true })],
    act: apply,
    refusals: ['StackFailed'],
  },
  {
    name: 'an update is cancelled, with its rollback',
    before: [create],
    act: cancelling({}),
    // Killed before the cancel was recorded, it is an update like any other.
    again: async () => {},
    refusals: ['StackFailed', 'NotSupported'],
    otherEnds: [{ before: [create] }, { before: [create, stopped] }],
  },
  {
    name: 'an update is cancelled without a rollback, and gone on with',
    before: [create],
    act: async (engine, hands) => {
      await cancelling({ rollback: false })(engine, hands);
      await update(engine);
    },
    again: update,
    refusals: ['StackFailed', 'NotSupported'],
  },
  {
    name: 'what an engine was stopped in is cancelled by another one, with its rollback',
    before: [create, stopped],
    stoppedAfter: STOPPED_AFTER,
    act: (engine) => engine.cancel({ stack: 's' }),
    refusals: ['NotSupported'],
    otherEnds: [{ before: [create, stopped] }],
  },
  {
    name: 'what an engine was stopped in is cancelled by another one without a rollback, and gone on with',
    before: [create, stopped],
    stoppedAfter: STOPPED_AFTER,
    act: async (engine) => {
      await engine.cancel({ stack: 's', rollback: false });
      await update(engine);
    },
    again: update,
  },
  {
    name: 'a create that an engine was stopped in is cancelled by another one, with its rollback',
    before: [create],
    stoppedAfter: STOPPED_AFTER,
    act: (engine) => engine.cancel({ stack: 's' }),
    refusals: ['NotSupported'],
    otherEnds: [{ before: [create] }],
  },
  {
    name: 'only the tags are changed',
    before: [create],
    act: (engine) => engine.update({ ...stackOf(1), tags: ['new', 'newer'] }),
  },
  {
    name: 'a stack is adopted',
    before: [create, abandon],
    act: adopt(),
    refusals: ['StackExists'],
  },
  {
    name: 'a stack is adopted and brought to another template',
    before: [create, abandon],
    act: adopt(stackOf(2)),
    refusals: ['StackExists'],
  },
  {
    name: 'a resource is marked unhealthy and replaced',
    before: [create],
    async act(engine) {
      await engine.markUnhealthy({ stack: 's', resource: 'net/inner' });
      await engine.markUnhealthy({ stack: 's', resource: 'group/1' });
      await engine.update(stackOf(1));
    },
    refusals: ['NotSupported'],
    calls: ['delete net/inner', 'delete group/1'],
  },
  {
    name: 'a stack takes a resource that is there already',
    act: (engine) => engine.create(externalStack('there-1')),
    refusals: ['StackExists'],
  },
  {
    name: 'another resource that is there already takes its place',
    before: [(engine) => engine.create(externalStack('there-1'))],
    act: (engine) => engine.update(externalStack('there-2')),
  },
  {
    name: 'a resource that is there already leaves the stack',
    before: [(engine) => engine.create(externalStack('there-1'))],
    act: (engine) => engine.update(stackOf(1)),
  },
];

function apply(engine: Engine, { plan }: Hands): Promise<unknown> {
  return engine.apply({ plan: plan as SavedPlan });
}

describe('an engine that is killed at any position of the journal while', () => {
  test.each(ROWS)('$name: the next ones come to the same end', async (row) => {
    const ends = [await endOf(row.before ?? [], row), ...(row.otherEnds ?? []).map(({ before }) => before)].map(
      (end) => (Array.isArray(end) ? endOf(end) : end),
    );
    const expected = (await Promise.all(ends)).map((end) => JSON.stringify(end));
    for (let limit = 0; ; limit += 1) {
      const life = await Life.begin(row);
      if (!(await life.act(row.act, limit)).isKilled) {
        expect(limit).toBeGreaterThan(2);
        return;
      }
      // The next one is killed, too, if it gets so far.
      await life.goOn((limit * 3) % 7);
      await life.goOn();
      if (!expected.includes(JSON.stringify(await life.end()))) {
        const again = row.again ?? row.act;
        await life.act(again);
      }
      const end = await life.end();
      if (!expected.includes(JSON.stringify(end))) {
        expect({ limit, end }).toEqual({ limit, end: JSON.parse(expected[0] as string) });
      }
      expect(life.told.calls).toEqual(expect.arrayContaining([...(row.calls ?? [])]));
      await life.expectHistory();
      if (life.store.listStacks().length > 0) await life.act(remove);
      expect({ limit, left: [...life.told.things.values()] }).toEqual({ limit, left: [] });
    }
  });

  test('a stack is abandoned: it is there as it was, or what is needed to adopt it is kept; what it has made stays', async () => {
    const there = JSON.stringify(await endOf([create]));
    for (let limit = 0; ; limit += 1) {
      const life = await Life.begin({ before: [create] });
      const made = [...life.told.things];
      const keep = (engine: Engine, hands: Hands) =>
        engine.abandon('s', 'default', {
          keep: (data) => {
            hands.data = data;
          },
        });
      const { isKilled } = await life.act(keep, limit);
      expect([...life.told.things]).toEqual(made);
      if (life.store.listStacks().length === 0) await life.act(adopt());
      const end = JSON.stringify(await life.end());
      expect({ limit, end: end.replace('ADOPT_COMPLETE', 'CREATE_COMPLETE') }).toEqual({ limit, end: there });
      if (!isKilled) return;
    }
  });

  test('a stack is abandoned, and what is needed to adopt it cannot be kept: it stays as it was', async () => {
    const life = await Life.begin({ before: [create], refusals: ['StoreUnusable'] });
    await life.act((engine) =>
      engine.abandon('s', 'default', { keep: () => Promise.reject(new StoreUnusable({ what: 'The disk is full.' })) }),
    );
    expect(await life.end()).toEqual(await endOf([create]));
  });
});

/** What a stack and its world come to, with the row's act or without one. */
async function endOf(before: readonly Act[], row?: Row) {
  const life = await Life.begin({ ...row, before });
  if (row !== undefined) await life.act(row.act);
  return life.end();
}

class Life {
  readonly store = new MemoryStore();
  readonly told: Told = { things: new Map(), calls: [] };
  readonly #hands: Hands = {};
  readonly #refusals: readonly string[];
  #seed = 1;

  private constructor(refusals: readonly string[]) {
    this.#refusals = refusals;
  }

  static async begin({
    before = [],
    stoppedAfter,
    refusals = [],
  }: Pick<Row, 'before' | 'stoppedAfter' | 'refusals'>): Promise<Life> {
    const life = new Life(refusals);
    for (const [index, act] of before.entries())
      await life.act(act, index === before.length - 1 ? stoppedAfter : undefined);
    return life;
  }

  /** Lets an engine act, to its end or until it has stored `limit` batches. Throws what the act may not end with. */
  async act(act: Act, limit?: number): Promise<{ readonly isKilled: boolean }> {
    let unexpected: unknown;
    let isDone = false;
    const acting = async (engine: Engine): Promise<void> => {
      try {
        await act(engine, this.#hands);
      } catch (error) {
        if (!this.#refusals.some((code) => isHotloomError(error, code))) unexpected = error;
      }
      isDone = true;
    };
    const types = (isDead: () => boolean): readonly ResourceType[] => [...typesOf(this.told, isDead), slow, external];
    this.#seed += 1;
    await live(this.store, { seed: this.#seed, types, ...(limit === undefined ? {} : { limit }) }, acting);
    if (unexpected !== undefined) throw unexpected;
    return { isKilled: !isDone };
  }

  async goOn(limit?: number): Promise<void> {
    if (this.store.listStacks()[0]?.status !== 'IN_PROGRESS') return;
    await this.act((engine) => engine.resume({ stack: 's' }), limit);
  }

  /** Without what differs from one attempt to the next. */
  async end() {
    const [stack] = this.store.listStacks();
    const things = [...this.told.things.values()].map(({ name, of }) => `${name} ${JSON.stringify(of)}`).sort();
    if (stack === undefined) return { things };
    const { action, status, tags = [], outputs, template: stored } = stack;
    const resources = this.store.resources(stack.id).map((each) => {
      const { name, status: state, requires, replacedName, resourceId } = each;
      const id = resourceId?.startsWith('there-') ? resourceId : '';
      return `${name} ${state} ${[...requires].sort()} ${replacedName ?? id}`;
    });
    const values = Object.entries(outputs).map(([name, { value, error }]) => [name, value, error ?? null]);
    return { state: `${action}_${status}`, tags, values, template: stored, resources: resources.sort(), things };
  }

  /** Each operation has a number of its own; all but the last have ended, or were interrupted; the last is how the stack is. */
  async expectHistory(): Promise<void> {
    const [stack] = this.store.listStacks();
    if (stack === undefined) return;
    const operations = this.store.history(stack.id);
    expect(operations.map(({ number }) => number)).toEqual(operations.map((_, index) => index + 1));
    const { action, status } = operations.at(-1) ?? {};
    expect({ action, status }).toEqual({ action: stack.action, status: stack.status });
  }
}

test('what was never begun is forgotten without a call of its handler, wherever the engine is killed in the delete', async () => {
  for (let limit = 1; ; limit += 1) {
    const store = new MemoryStore();
    const deleted: string[] = [];
    const types = () => [
      definePlainType({
        name: 'Counted',
        properties: { of: {} },
        attributes: {},
        handler: {
          create: ({ resource }) => {
            if (resource.name === 'first') throw new Error('no');
          },
          delete: ({ resource }) => void deleted.push(resource.name),
        },
      }),
    ];
    const resources = { first: { type: 'Counted' }, never: { type: 'Counted', depends_on: 'first' } };
    await live(store, { seed: 1, types }, (engine) => engine.create({ stack: 's', template: template(resources) }));
    const batches = await live(store, { seed: 2, limit, types }, (engine) => engine.delete({ stack: 's' }));
    await live(store, { seed: 3, types }, (engine) => engine.delete({ stack: 's' }));
    expect([limit, [...new Set(deleted)], store.listStacks()]).toEqual([limit, ['first'], []]);
    if (batches < limit) return;
  }
});
