import { describe, expect, test } from '@jest/globals';
import { Engine } from '../../src/engine.ts';
import { isHotloomError } from '../../src/errors.ts';
import type { DeleteCall } from '../../src/resource/handler.ts';
import { definePlainType, defineStreamingType, type ResourceType } from '../../src/resource/resource-type.ts';
import { SimulatedClock, seededRandomness } from '../../src/simulated-clock.ts';
import type { SavedPlan } from '../../src/stack/saved-plan.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { storeUntilPause } from './paused-engine.ts';

// An engine is paused at every position of the journal, another one takes the stack over when the lease is over, and then
// the first one wakes up.

const LEASE_MS = 30_000;

/** A world that heeds tokens: what was deleted under one is not made under it any more, however late the call comes. */
class Things {
  readonly #names = new Map<string, string | undefined>();

  make(token: string, name: string): void {
    if (this.#names.has(token)) throw new Error(`The token of ${name} was used before.`);
    this.#names.set(token, name);
  }

  remove(token: string): void {
    this.#names.set(token, undefined);
  }

  has(token: string): boolean {
    return this.#names.get(token) !== undefined;
  }

  get names(): readonly string[] {
    return [...this.#names.values()].filter((name) => name !== undefined).sort();
  }
}

function typesOf(things: Things, clock: SimulatedClock, whileAwake: () => Promise<void>): readonly ResourceType[] {
  const step = async (): Promise<void> => {
    await new Promise<void>((resolve) => void clock.schedule(1, resolve));
    await whileAwake();
  };
  const made = {
    lookup: ({ token }: DeleteCall): string | undefined => (things.has(token) ? `id-${token}` : undefined),
    delete: async ({ token }: DeleteCall): Promise<void> => {
      await step();
      things.remove(token);
    },
  };
  const thing = definePlainType({
    name: 'Thing',
    properties: { of: {} },
    attributes: { of: { schema: {} }, name: { schema: {} } },
    handler: {
      async create({ token, resource, properties, setResourceId }) {
        await step();
        things.make(token, resource.name);
        await step();
        await setResourceId(`id-${token}`);
        await step();
        return { of: properties.of ?? null, name: resource.name };
      },
      ...made,
    },
  });
  const peer = defineStreamingType({
    name: 'Peer',
    properties: { peer: {} },
    attributes: { address: { schema: {}, needs: [] }, knows: { schema: {} } },
    handler: {
      async create({ token, resource, inputs, outputs, randomness }) {
        await step();
        things.make(token, resource.name);
        await outputs.address(randomness.uuid());
        await step();
        await outputs.knows((await inputs.peer) as never);
      },
      ...made,
    },
  });
  return [thing, peer];
}

const template = (color: string, last: string, lastResource = '{type: Thing}'): string => `
heat_template_version: hotloom-1
resources:
  first: {type: Thing, properties: {of: ${color}}}
  second: {type: Thing, properties: {of: {get_attr: [first, of]}}}
  left: {type: Peer, properties: {peer: {get_attr: [right, address]}}}
  right: {type: Peer, properties: {peer: {get_attr: [left, address]}}}
  ${last}: ${lastResource}
outputs:
  color: {value: {get_attr: [second, of]}}
`;
const CREATED = { stack: 's', template: template('red', 'old') };
const UPDATED = { stack: 's', template: template('blue', 'new') };
const FAILING = template('blue', 'new', '{type: OS::Heat::TestResource, properties: {fail: true}}');

type Act = (engine: Engine) => Promise<unknown>;

const create: Act = (engine) => engine.create(CREATED);
const update: Act = (engine) => engine.update(UPDATED);
const remove: Act = (engine) => engine.delete({ stack: 's' });
const suspend: Act = (engine) => engine.suspend({ stack: 's' });
const wake: Act = (engine) => engine.resume({ stack: 's' });
const check: Act = (engine) => engine.check({ stack: 's' });
const snapshot: Act = (engine) => engine.snapshot({ stack: 's', name: 'kept' });
const restore: Act = (engine) => engine.restore({ stack: 's', snapshot: 'kept' });
const fail: Act = (engine) => engine.update({ stack: 's', template: FAILING, rollback: true });

let plan: SavedPlan;
const planIt: Act = async (engine) => {
  plan = await engine.planUpdate(UPDATED);
};
const apply: Act = (engine) => engine.apply({ plan });

interface Ended {
  readonly error: string | undefined;
}

/** What a stack and the world come to, after `before` was done undisturbed, when the engine of `act` is paused in it. */
async function live(
  before: readonly Act[],
  act: Act,
  limit: number,
  { when, isEarly }: { readonly when: 'before' | 'after'; readonly isEarly: boolean },
) {
  const clock = new SimulatedClock();
  const stopped = new SimulatedClock();
  const store = new MemoryStore({ now: () => clock.now() });
  const things = new Things();
  const other = new Engine({
    clock,
    store,
    types: typesOf(things, clock, () => Promise.resolve()),
    randomness: seededRandomness(1),
  });
  for (const each of before) await clock.run(each(other));
  const seen = storeUntilPause(store, limit, when);
  const engine = new Engine({
    clock: stopped,
    store: seen.store,
    types: typesOf(things, stopped, seen.whileAwake),
    randomness: seededRandomness(2),
  });
  const ended = act(engine).then(
    (): Ended => ({ error: undefined }),
    (error: unknown): Ended => ({ error: isHotloomError(error) ? error.code : String(error) }),
  );
  const isPaused = await stopped.run(Promise.race([ended.then(() => false), seen.paused.then(() => true)]));
  if (!isPaused) {
    await clock.run(other.close());
    return { isPaused };
  }
  await clock.advance(LEASE_MS);
  const wasInterrupted = (await other.listInterrupted()).length > 0;
  const resumed = wasInterrupted ? other.resume({ stack: 's' }).catch(unlessFailed) : undefined;
  // It wakes up while the other one is at work, or when that has come to its end.
  if (isEarly) await clock.advance(1);
  else if (resumed !== undefined) await clock.run(resumed);
  seen.continue();
  const { error } = await stopped.run(ended);
  if (isEarly && resumed !== undefined) await clock.run(resumed);
  await stopped.run(engine.close());
  const after = await stateOf(other, things);
  await clock.run(other.close());
  return { isPaused, wasInterrupted, after, error };
}

/** That it has failed is told by the state of the stack, too. */
function unlessFailed(error: unknown): undefined {
  if (!isHotloomError(error, 'StackFailed')) throw error;
  return undefined;
}

async function stateOf(engine: Engine, things: Things) {
  const [stack] = await engine.list();
  if (stack === undefined) return { stack: undefined, things: things.names };
  const { outputs, resources } = await engine.show('s');
  const incomplete = resources.filter(({ status }) => status !== 'COMPLETE').map(({ name }) => name);
  return { stack: stack.state, outputs, incomplete, things: things.names };
}

const MADE = { outputs: { color: 'red' }, incomplete: [], things: ['first', 'left', 'old', 'right', 'second'] };

describe.each([
  { name: 'create', before: [], act: create, end: { stack: 'CREATE_COMPLETE', ...MADE } },
  { name: 'suspend', before: [create], act: suspend, end: { stack: 'SUSPEND_COMPLETE', ...MADE } },
  { name: 'resume', before: [create, suspend], act: wake, end: { stack: 'RESUME_COMPLETE', ...MADE } },
  { name: 'check', before: [create], act: check, end: { stack: 'CHECK_COMPLETE', ...MADE } },
  { name: 'snapshot', before: [create], act: snapshot, end: { stack: 'SNAPSHOT_COMPLETE', ...MADE } },
  { name: 'restore', before: [create, snapshot, update], act: restore, end: { stack: 'RESTORE_COMPLETE', ...MADE } },
  { name: 'failing update', before: [create], act: fail, end: { stack: 'ROLLBACK_COMPLETE', ...MADE } },
  {
    name: 'saved plan',
    before: [create, planIt],
    act: apply,
    end: {
      stack: 'UPDATE_COMPLETE',
      outputs: { color: 'blue' },
      incomplete: [],
      things: ['first', 'left', 'new', 'right', 'second'],
    },
  },
  {
    name: 'update',
    before: [create],
    act: update,
    end: {
      stack: 'UPDATE_COMPLETE',
      outputs: { color: 'blue' },
      incomplete: [],
      things: ['first', 'left', 'new', 'right', 'second'],
    },
  },
  { name: 'delete', before: [create], act: remove, end: { stack: undefined, things: [] } },
])('an engine that is paused at any position of the journal of a $name', ({ before, act, end }) => {
  test.each([
    { when: 'before', isEarly: false, wakes: 'when the other one is done' },
    { when: 'after', isEarly: false, wakes: 'when the other one is done' },
    { when: 'before', isEarly: true, wakes: 'while the other one is at work' },
    { when: 'after', isEarly: true, wakes: 'while the other one is at work' },
  ] as const)(
    '$when a batch is stored: it is taken over, and changes nothing when it wakes up $wakes',
    async (pause) => {
      let lost = 0;
      for (let limit = 0; ; limit += 1) {
        const { isPaused, wasInterrupted, after, error } = await live(before, act, limit, pause);
        if (!isPaused) break;
        // Else it had not begun, or had come to its end: then it is as if it had not been paused.
        if (wasInterrupted === true) {
          lost += 1;
          expect({ limit, error }).toEqual({ limit, error: 'ClaimLost' });
        }
        expect({ limit, ...after }).toEqual({ limit, ...end });
      }
      expect(lost).toBeGreaterThan(2);
    },
  );
});
