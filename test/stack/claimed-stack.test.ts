import { expect, test } from '@jest/globals';
import { Engine } from '../../src/engine.ts';
import { StoreUnusable } from '../../src/errors.ts';
import { SimulatedClock } from '../../src/simulated-clock.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import type { StackRecord, StackStore } from '../../src/store/stack-store.ts';
import { storeUntilKill } from './killed-engine.ts';

const TEMPLATE = `
heat_template_version: 2021-04-16
parameters:
  color: {type: string}
resources:
  value: {type: OS::Heat::Value, properties: {value: {get_param: color}}}
outputs:
  color: {value: {get_attr: [value, value]}}
`;

/** A store that answers some questions as `own` says. */
function storeWith(store: MemoryStore, own: Partial<StackStore>): StackStore {
  return new Proxy(store, {
    get: (target, key) => {
      const member: unknown = Reflect.get(own, key) ?? Reflect.get(target, key);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

/** A store with a stack `s` whose engine was killed in its create. */
async function interrupted(): Promise<MemoryStore> {
  const store = new MemoryStore();
  const killed = storeUntilKill(store, 2);
  const clock = new SimulatedClock();
  const engine = new Engine({ clock, store: killed.store });
  engine.create({ stack: 's', template: TEMPLATE, parameters: { color: 'blue' } }).catch(() => {});
  await clock.run(killed.killed);
  return store;
}

test('a resume goes on with what the stack is once it is claimed, whatever it was before', async () => {
  const store = await interrupted();
  let asked = 0;
  const engine = new Engine({
    store: storeWith(store, {
      findStack: (space, name) => {
        asked += 1;
        const record = store.findStack(space, name) as StackRecord;
        return asked === 1 ? { ...record, parameters: { color: 'red' } } : record;
      },
    }),
  });
  expect((await engine.resume({ stack: 's' }))?.outputs).toEqual({ color: 'blue' });
  await engine.close();
});

test.each([
  ['resume', (engine: Engine) => engine.resume({ stack: 's' })],
  ['delete', (engine: Engine) => engine.delete({ stack: 's' })],
  ['update', (engine: Engine) => engine.update({ stack: 's', existing: true })],
  ['cancel', (engine: Engine) => engine.cancel({ stack: 's' })],
  ['suspend', (engine: Engine) => engine.suspend({ stack: 's' })],
])('%s gives the claim back when the store cannot be read under it', async (_, act) => {
  const store = await interrupted();
  let isClaimed = false;
  const refuse = (): never => {
    throw new StoreUnusable({ what: 'The disk is gone.' });
  };
  const engine = new Engine({
    store: storeWith(store, {
      claim: (stackId, claimant) => {
        isClaimed = true;
        return store.claim(stackId, claimant);
      },
      findStack: (space, name) => (isClaimed ? refuse() : store.findStack(space, name)),
      readersOf: (space, name) => (isClaimed ? refuse() : store.readersOf(space, name)),
    }),
  });
  await expect(act(engine)).rejects.toMatchObject({ code: 'StoreUnusable' });
  expect(isClaimed).toBe(true);
  const [{ id }] = store.listStacks() as [StackRecord];
  expect(store.holder(id)).toBeUndefined();
  await engine.close();
});

test('a state that the store does not take is not told, but the end is', async () => {
  const store = new MemoryStore();
  let isFull = false;
  const engine = new Engine({
    store: storeWith(store, {
      append: (claim, changes) => {
        if (isFull) throw new StoreUnusable({ what: 'The disk is full.' });
        store.append(claim, changes);
      },
    }),
  });
  await engine.create({ stack: 's', template: TEMPLATE, parameters: { color: 'blue' } });
  isFull = true;
  const told: string[] = [];
  engine.onEvent((event) => {
    if (event.type === 'stack') told.push(`${event.action}_${event.status} ${event.reason}`);
  });
  await expect(engine.suspend({ stack: 's' })).rejects.toMatchObject({ code: 'StoreUnusable' });
  expect(told).toEqual(['SUSPEND_FAILED Stack SUSPEND failed: The disk is full.']);
  await engine.close();
});
