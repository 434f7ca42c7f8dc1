import { Engine } from '../../src/engine.ts';
import { CircularDependencyException, TemplateInvalid } from '../../src/errors.ts';
import { EventHub } from '../../src/events.ts';
import { Comparison } from '../../src/plan/comparison.ts';
import { BlockedReads } from '../../src/scheduler/blocked-reads.ts';
import { Blockers } from '../../src/scheduler/blockers.ts';
import { HandlerWork } from '../../src/scheduler/handler-work.ts';
import { Idleness } from '../../src/scheduler/idleness.ts';
import { Journal } from '../../src/scheduler/journal.ts';
import { Readiness } from '../../src/scheduler/readiness.ts';
import { Slots } from '../../src/scheduler/slots.ts';
import { Traversal } from '../../src/scheduler/traversal.ts';
import { Waits } from '../../src/space/waits.ts';
import type { CreateOptions } from '../../src/stack/create.ts';
import { EngineStore } from '../../src/store/engine-store.ts';
import type { ResourceRecord, StoreChange } from '../../src/store/stack-store.ts';
import { SimulatedRegion, SimulatedSpace } from './simulated-space.ts';
import { simulatedTypes } from './world.ts';

/** An engine with one small fault in it. */
export interface BrokenEngine {
  readonly fault: string;
  /** Makes every engine such a one; returns what mends them. */
  readonly breakIt: () => () => void;
  /** The checks that have to find it. */
  readonly finds: readonly string[];
}

export const BROKEN_ENGINES: readonly BrokenEngine[] = [
  {
    fault: 'inputs from other stacks are not waited for',
    breakIt: () => replaced(Readiness.prototype, 'await', () => () => {}),
    finds: ['inputsAreThere', 'readersSeeWhatWasWritten'],
  },
  {
    fault: 'each tenth value is changed on its way to the readers',
    breakIt: () => {
      let count = 0;
      return replaced(SimulatedRegion.prototype, 'write', (write) => {
        return function (this: SimulatedRegion, resource, attribute, value) {
          count += 1;
          const isChanged = count % 10 === 0 && typeof value === 'number';
          return write.call(this, resource, attribute, isChanged ? value + 1 : value);
        };
      });
    },
    finds: ['readersSeeWhatWasWritten', 'sameUnderEverySchedule'],
  },
  {
    fault: 'what handlers publish while they run is not stored',
    breakIt: () => storesOnly(({ kind }) => kind !== 'value'),
    finds: ['nothingIsSeenUnstored', 'completeAsMadeFresh'],
  },
  {
    fault: 'that a resource is about to be created is not stored',
    breakIt: () =>
      storesOnly(
        (change) =>
          change.kind !== 'resource' || !(change.record.action === 'CREATE' && change.record.status === 'IN_PROGRESS'),
      ),
    finds: ['nothingIsSeenUnstored'],
  },
  {
    fault: 'each third wake-up of a blocked read is lost',
    breakIt: () => {
      let count = 0;
      return replaced(BlockedReads.prototype, 'get', (get) => {
        return function (this: BlockedReads, key) {
          count += 1;
          return count % 3 === 0 ? undefined : get.call(this, key);
        };
      });
    },
    finds: ['noneWaitsForMore', 'failsForAReason'],
  },
  {
    fault: 'each fifth slot is not given back',
    breakIt: () => {
      let count = 0;
      return replaced(Slots.prototype, 'acquire', (acquire) => {
        return function (this: Slots, use) {
          count += 1;
          const isKept = count % 5 === 0;
          acquire.call(this, (slot) => use(isKept ? { release: () => {} } : slot));
        };
      });
    },
    finds: ['noneWaitsForMore'],
  },
  {
    fault: 'a handler that is blocked keeps its slot',
    breakIt: () => replaced(HandlerWork.prototype, 'block', () => () => {}),
    finds: ['noneWaitsForMore'],
  },
  {
    fault: 'slots are not counted',
    breakIt: () => replaced(Slots.prototype, 'acquire', () => (use) => use({ release: () => {} })),
    finds: ['slotsKeepTheirBound'],
  },
  {
    fault: 'circles of waits are not looked for',
    breakIt: () => replaced(Waits.prototype, 'didBlock', () => () => {}),
    finds: ['circlesAreReported', 'deadlockWhereverPortsCircle'],
  },
  {
    fault: 'every attribute is taken to need everything',
    breakIt: () => blockersWith(true),
    finds: ['deadlocksAreReal'],
  },
  {
    fault: 'every attribute is taken to need nothing',
    breakIt: () => blockersWith(false),
    finds: ['stallsAreReal', 'circlesAreReported'],
  },
  {
    fault: 'a read is told twice to have been woken',
    breakIt: () =>
      replaced(EventHub.prototype, 'emit', (emit) => {
        return function (this: EventHub, event) {
          emit.call(this, event);
          if (event.type === 'read:didWake') emit.call(this, event);
        };
      }),
    finds: ['readersAreReleasedOnce', 'readsAreReleasedOnce'],
  },
  {
    fault: 'each fourth read is told that it failed',
    breakIt: () => {
      let count = 0;
      return replaced(BlockedReads.prototype, 'get', (get) => {
        return function (this: BlockedReads, key) {
          const read = get.call(this, key);
          count += 1;
          if (count % 4 === 0) read?.settle({ error: new Error('Nobody knows why.') });
          return get.call(this, key);
        };
      });
    },
    finds: ['failedReadsHaveAReason', 'completeWithoutDeadlock'],
  },
  {
    fault: 'a stack is taken to be idle while its handlers work',
    breakIt: () => {
      const known = Object.getOwnPropertyDescriptor(Idleness.prototype, 'isIdle') as PropertyDescriptor;
      Object.defineProperty(Idleness.prototype, 'isIdle', { ...known, get: () => true });
      return () => Object.defineProperty(Idleness.prototype, 'isIdle', known);
    },
    finds: ['quietStacksAreQuiet'],
  },
  {
    fault: 'no stack is told to be quiet',
    breakIt: () =>
      replaced(EventHub.prototype, 'emit', (emit) => {
        return function (this: EventHub, event) {
          if (event.type !== 'stack:didQuiesce') emit.call(this, event);
        };
      }),
    finds: ['quietStacksAreTold'],
  },
  {
    fault: 'resources that read each other are refused, whatever their attributes need',
    breakIt: () =>
      replaced(Engine.prototype, 'create', (create) => {
        return function (this: Engine, input) {
          const text = JSON.stringify(input.template);
          if (!/"r0","(early|half|late)".*"r1","(early|half|late)"/.test(text)) return create.call(this, input);
          const part = { what: 'Circular Dependency Found', why: 'They read each other.', fix: 'Do not.' };
          return Promise.reject(new TemplateInvalid([new CircularDependencyException(part)]));
        };
      }),
    finds: ['refusedExactlyForPortCycles'],
  },
  {
    fault: 'each eighth handler that ends well is taken for one that failed',
    breakIt: () => {
      let count = 0;
      return replaced(Traversal.prototype, 'didEnd', (didEnd) => {
        return function (this: Traversal, run, error, ...rest) {
          count += 1;
          didEnd.call(this, run, count % 8 === 0 ? new Error('Nobody knows why.') : error, ...rest);
        };
      });
    },
    finds: ['completeWithoutDeadlock', 'failsForAReason', 'sameUnderEverySchedule', 'livesAlike'],
  },
  {
    fault: 'each seventh start, counted through all engines that there have been, comes a turn late',
    breakIt: () => {
      let count = 0;
      return replaced(Slots.prototype, 'acquire', (acquire) => {
        return function (this: Slots, use) {
          count += 1;
          if (count % 7 === 0) queueMicrotask(() => acquire.call(this, use));
          else acquire.call(this, use);
        };
      });
    },
    finds: ['sameLog'],
  },
  {
    fault: 'that a create is to be rolled back is not stored',
    breakIt: () =>
      replaced(EngineStore.prototype, 'createStack', (createStack) => {
        return function (this: EngineStore, record, ...rest) {
          return createStack.call(this, { ...record, rollback: false }, ...rest);
        };
      }),
    finds: ['endsAlike'],
  },
  {
    fault: 'a create is not cancelled when its caller asks for it',
    breakIt: () => createsWith(({ signal: _, ...options }) => options),
    finds: ['stopsInTime'],
  },
  {
    fault: 'a create times out after twice its time',
    breakIt: () => createsWith(({ timeoutMs = 0, ...options }) => ({ ...options, timeoutMs: timeoutMs * 2 })),
    finds: ['stopsInTime'],
  },
  {
    fault: 'that a resource is in progress is not told',
    breakIt: () =>
      replaced(EventHub.prototype, 'emit', (emit) => {
        return function (this: EventHub, event) {
          if (event.type !== 'resource' || event.status !== 'IN_PROGRESS') emit.call(this, event);
        };
      }),
    finds: ['eventsAreLegal'],
  },
  {
    fault: 'handlers are called a second time, by another token',
    breakIt: () =>
      handlersWith('create', (create) => async (call) => {
        const values = await create(call);
        await create(withToken(call)).catch(() => {});
        return values;
      }),
    finds: ['madeOnce'],
  },
  {
    fault: 'records do not tell what a resource requires',
    breakIt: () =>
      changesWith((change) =>
        change.kind === 'resource' ? { ...change, record: { ...change.record, requires: [] } } : change,
      ),
    finds: ['removedAfterItsUsers'],
  },
  {
    fault: 'the id that a handler tells is never stored',
    breakIt: () => withoutIds(() => true),
    finds: ['nothingIsForgotten', 'nothingRemains'],
  },
  {
    fault: 'the id that a handler tells is not stored before it has ended',
    breakIt: () => withoutIds(({ action, status }) => action === 'CREATE' && status === 'IN_PROGRESS'),
    finds: ['nothingIsForgotten'],
  },
  {
    fault: 'what handlers made is not deleted',
    breakIt: () => handlersWith('delete', () => async () => {}),
    finds: ['nothingIsForgotten', 'nothingRemains'],
  },
  {
    fault: 'no stack is said to be interrupted',
    breakIt: () =>
      replaced(Engine.prototype, 'list', (list) => {
        return async function (this: Engine, ...options) {
          return (await list.apply(this, options)).map((stack) => ({ ...stack, isInterrupted: false }));
        };
      }),
    finds: ['nothingIsForgotten'],
  },
  {
    fault: 'what handlers made is deleted twice',
    breakIt: () =>
      handlersWith('delete', (remove) => async (call) => {
        await remove(call);
        await remove(call);
      }),
    finds: ['removedOnce'],
  },
  {
    fault: 'who waits for a name goes on waiting when he is told to stop',
    breakIt: () =>
      replaced(SimulatedSpace.prototype, 'subscribe', (subscribe) => {
        return function (this: SimulatedSpace, ...what) {
          subscribe.call(this, ...what);
          return () => {};
        };
      }),
    finds: ['nothingIsLeft'],
  },
  {
    fault: 'an action never ends',
    breakIt: () => replaced(Journal.prototype, 'settled', () => () => new Promise<void>(() => {})),
    finds: ['everyActionEnds'],
  },
  {
    fault: 'a mistake in the code',
    breakIt: () =>
      replaced(Engine.prototype, 'create', () => () => Promise.reject(new TypeError('undefined is not a function'))),
    finds: ['nothingThrows'],
  },
  {
    fault: 'what differs in an update is taken for equal',
    breakIt: () => verdictOf(() => 'unchanged'),
    finds: ['completeAsMadeFresh', 'rolledBackToTheLast'],
  },
  {
    fault: 'what is equal in an update is updated',
    breakIt: () => verdictOf((verdict) => (verdict === 'unchanged' ? 'update' : verdict)),
    finds: ['untouchedIsLeftAlone'],
  },
  {
    fault: 'what is replaced is forgotten',
    breakIt: () =>
      changesWith((change) =>
        change.kind === 'resource' && change.record.replacedName !== undefined
          ? { kind: 'resourceGone', resource: change.record.name }
          : change,
      ),
    finds: ['nothingIsUnknown'],
  },
  {
    fault: 'the trace tells another value than was read',
    breakIt: () =>
      changesWith((change) =>
        change.kind === 'read' && typeof change.value === 'number' ? { ...change, value: change.value + 1 } : change,
      ),
    finds: ['readsAreTrue'],
  },
  {
    fault: 'no stack is ever stale',
    breakIt: () =>
      replaced(Engine.prototype, 'show', (show) => {
        return async function (this: Engine, ...input) {
          return { ...(await show.call(this, ...input)), staleReads: [] };
        };
      }),
    finds: ['staleExactlyWhenChanged'],
  },
  {
    fault: 'what a stack gives out is what its first template names',
    breakIt: () => {
      const first = new WeakMap<Engine, Map<string, readonly string[]>>();
      return replaced(Engine.prototype, 'show', (show) => {
        return async function (this: Engine, stack, ...rest) {
          const shown = await show.call(this, stack, ...rest);
          const known = first.get(this) ?? new Map<string, readonly string[]>();
          first.set(this, known);
          const names = known.get(stack) ?? Object.keys(shown.outputs);
          known.set(stack, names);
          const outputs = Object.entries(shown.outputs).filter(([name]) => names.includes(name));
          return { ...shown, outputs: Object.fromEntries(outputs) };
        };
      });
    },
    finds: ['completeAsMadeFresh'],
  },
  {
    fault: 'nobody looks who reads of a stack that is deleted',
    breakIt: () => replaced(EngineStore.prototype, 'readersOf', () => () => []),
    finds: ['refusedExactlyForReaders'],
  },
];

/** With another method in its place. */
function replaced<T extends object, K extends keyof T>(owner: T, name: K, make: (original: T[K]) => T[K]): () => void {
  const original = owner[name];
  owner[name] = make(original);
  return () => {
    owner[name] = original;
  };
}

/** Each create is asked for in another way. */
function createsWith(change: (options: CreateOptions) => CreateOptions): () => void {
  return replaced(Engine.prototype, 'create', (create) => {
    return function (this: Engine, options) {
      return create.call(this, change(options));
    };
  });
}

function blockersWith(isNeeded: boolean): () => void {
  return replaced(Blockers.prototype, 'blockers', (blockers) => {
    return function (this: Blockers, ...what) {
      return blockers.call(this, ...what).map((blocker) => ({ ...blocker, isNeeded }));
    };
  });
}

function verdictOf(change: (verdict: Comparison['verdict']) => Comparison['verdict']): () => void {
  const known = Object.getOwnPropertyDescriptor(Comparison.prototype, 'verdict') as PropertyDescriptor;
  Object.defineProperty(Comparison.prototype, 'verdict', {
    ...known,
    get(this: Comparison) {
      return change(known.get?.call(this));
    },
  });
  return () => Object.defineProperty(Comparison.prototype, 'verdict', known);
}

/** The other changes are not stored. */
function storesOnly(isStored: (given: StoreChange) => boolean): () => void {
  return replaced(EngineStore.prototype, 'append', (append) => {
    return function (this: EngineStore, claim, changes) {
      return append.call(this, claim, changes.filter(isStored));
    };
  });
}

/** Each change is stored as another. */
function changesWith(change: (given: StoreChange) => StoreChange): () => void {
  return replaced(EngineStore.prototype, 'append', (append) => {
    return function (this: EngineStore, claim, changes) {
      return append.call(this, claim, changes.map(change));
    };
  });
}

/** The records that it holds of are stored without an id. */
function withoutIds(holds: (record: ResourceRecord) => boolean): () => void {
  return changesWith((change) =>
    change.kind === 'resource' && holds(change.record)
      ? { ...change, record: { ...change.record, resourceId: undefined } }
      : change,
  );
}

interface Call {
  readonly token: string;
}

type Handle = (call: Call) => Promise<unknown>;

function withToken(call: Call): Call {
  return new Proxy(call, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key, target);
      if (key === 'token') return `${target.token}-again`;
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

function handlersWith(name: 'create' | 'delete', change: (handle: Handle) => Handle): () => void {
  const handlers = simulatedTypes.map(({ handler }) => handler as unknown as Record<string, Handle>);
  const originals = handlers.map((handler) => handler[name] as Handle);
  for (const [index, handler] of handlers.entries()) handler[name] = change(originals[index] as Handle);
  return () => {
    for (const [index, handler] of handlers.entries()) handler[name] = originals[index] as Handle;
  };
}
