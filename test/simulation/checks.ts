import { printName } from '../../src/names.ts';
import { areBlocked, brokenHop, circlesOf, type Hop, isHard, isOf, parseHop, printReads, readsOf } from './circles.ts';
import type { Entry } from './log.ts';
import type { Play } from './play.ts';
import { hasPortCycle, withoutIdleInputs } from './ports.ts';
import { GRACE_MS, groupOf, STALL_MS, type StackSketch } from './scenario.ts';
import { type End, LONGEST_DELAY_MS } from './stage.ts';
import { type Actor, State, stopMsOf, targetsOf } from './state.ts';
import { traits } from './traits.ts';

/** Looks at a play as its log goes by. Each answers with what is wrong, undefined when nothing is. */
interface Observer {
  /** Before the entry counts in `state`. */
  readonly before?: (entry: Entry, state: State) => string | undefined;
  readonly after?: (entry: Entry, state: State) => string | undefined;
  /** When everything that happens at one simulated instant has happened. */
  readonly instant?: (state: State) => string | undefined;
  readonly end?: (state: State) => string | undefined;
}

export interface Complaint {
  readonly check: string;
  readonly saw: string;
}

/** The rules that each play by itself has to keep, by name. */
export const CHECKS: { readonly [name: string]: (play: Play) => Observer } = {
  inputsAreThere,
  readersSeeWhatWasWritten,
  nothingIsSeenUnstored,
  noneWaitsForMore,
  slotsKeepTheirBound,
  deadlocksAreReal,
  stallsAreReal,
  circlesAreReported,
  readersAreReleasedOnce,
  failedReadsHaveAReason,
  quietStacksAreQuiet,
  quietStacksAreTold,
  refusedExactlyForPortCycles,
  completeWithoutDeadlock,
  deadlockWhereverPortsCircle,
  stopsInTime,
  eventsAreLegal,
  madeOnce,
  removedAfterItsUsers,
  nothingIsForgotten,
  nothingIsLeft,
};

/** The first complaint of any check; undefined when the play keeps every rule. */
export function checkPlay(play: Play, names: readonly string[] = Object.keys(CHECKS)): Complaint | undefined {
  const state = new State(play);
  const observers = names.map((check) => [check, CHECKS[check]?.(play) ?? {}] as const);
  // Few of them look at each moment, and a log has many.
  const [before, after] = [lookingAt('before', observers), lookingAt('after', observers)];
  const [instant, end] = [lookingAt('instant', observers), lookingAt('end', observers)];
  const told = (check: string, saw: string): Complaint => ({ check, saw: `${saw} (at ${state.time} ms)` });
  const atInstant = (): Complaint | undefined => {
    for (const [check, look] of instant) {
      const saw = look(state);
      if (saw !== undefined) return told(check, saw);
    }
    return undefined;
  };
  for (const entry of play.log) {
    const found = entry.time > state.time ? atInstant() : undefined;
    if (found !== undefined) return found;
    for (const [check, look] of before) {
      const saw = look(entry, state);
      if (saw !== undefined) return told(check, saw);
    }
    state.apply(entry);
    for (const [check, look] of after) {
      const saw = look(entry, state);
      if (saw !== undefined) return told(check, saw);
    }
  }
  const found = atInstant();
  if (found !== undefined) return found;
  for (const [check, look] of end) {
    const saw = look(state);
    if (saw !== undefined) return told(check, saw);
  }
  return undefined;
}

/** Those that look at such moments, with how. */
function lookingAt<M extends keyof Observer>(
  moment: M,
  observers: readonly (readonly [check: string, observer: Observer])[],
): readonly (readonly [check: string, look: NonNullable<Observer[M]>])[] {
  return observers.flatMap(([check, { [moment]: look }]) => (look === undefined ? [] : [[check, look] as const]));
}

/**
 * For a fixed template, parameters and handler results, the final values, outputs and states are the same under every
 * schedule (DESIGN 7). Only for scenarios in which nothing depends on time.
 */
export function sameUnderEverySchedule(plays: readonly Play[]): Complaint | undefined {
  const [first, ...others] = plays;
  if (first === undefined || !traits.isTimeless(first.scenario)) return undefined;
  for (const other of others) {
    for (const { name } of first.scenario.stacks) {
      const [one, two] = [first.ends[name], other.ends[name]] as [End, End];
      const part = (Object.keys(one) as (keyof End)[]).find((key) => print(one[key]) !== print(two[key]));
      if (part === undefined) continue;
      const saw = `${part} of stack '${name}': ${print(one[part])} under ${print(first.schedule)}, ${print(two[part])} under ${print(other.schedule)}`;
      return { check: 'sameUnderEverySchedule', saw };
    }
  }
  return undefined;
}

/** The same seed gives the same events in the same order. */
export function sameLog(one: Play, two: Play): Complaint | undefined {
  const at = one.log.findIndex((entry, index) => print(entry) !== print(two.log[index]));
  const isSame = at < 0 && one.log.length === two.log.length;
  return isSame
    ? undefined
    : { check: 'sameLog', saw: `entry ${at}: ${print(one.log[at])}, then ${print(two.log[at])}` };
}

/** No handler runs, and no read ends, before every input that it needs is there. */
function inputsAreThere(): Observer {
  return {
    before(entry, state) {
      if (entry.kind !== 'handler') return undefined;
      const actor = state.actors.get(`${entry.stack}.${entry.resource}`) as Actor;
      if (entry.did !== 'start' && entry.did !== 'get') return undefined;
      const { inputs, type } = actor.sketch;
      const reads =
        entry.did === 'get' ? [entry.read] : ['depends_on', ...(type === 'Sim::Plain' ? Object.keys(inputs) : [])];
      const missing = reads.flatMap((read) => state.missingOf(actor, read)).filter((name) => !state.readable.has(name));
      return missing.length === 0 ? undefined : `${actor.key}: ${entry.did} while ${missing} is not there`;
    },
  };
}

/** What a reader gets is what the writer has written; null for a resource that its condition leaves out. */
function readersSeeWhatWasWritten(): Observer {
  return {
    before(entry, state) {
      if (entry.kind !== 'handler' || entry.did !== 'get') return undefined;
      const actor = state.actors.get(`${entry.stack}.${entry.resource}`) as Actor;
      const values = targetsOf(entry.stack, actor.sketch, entry.read).map((name) =>
        state.isLeftOut(name) ? null : state.written.get(name),
      );
      const expected = entry.read.includes('.') ? values[0] : values;
      return print(expected) === print(entry.value)
        ? undefined
        : `${actor.key} reads ${print(entry.value)} by ${entry.read}, written was ${print(expected)}`;
    },
  };
}

/** The intent is stored before the handler acts, and a value before any reader sees it. */
function nothingIsSeenUnstored(): Observer {
  return {
    before(entry, state) {
      if (entry.kind !== 'handler') return undefined;
      const { stack, resource, did } = entry;
      const actor = state.actors.get(`${stack}.${resource}`) as Actor;
      if (did === 'start' && !state.stored.has(`${actor.key} CREATE_IN_PROGRESS`))
        return `${actor.key} starts unrecorded`;
      if (did !== 'get') return undefined;
      const names = targetsOf(stack, actor.sketch, entry.read);
      const unstored = names.filter(
        (name) => !state.isLeftOut(name) && !name.startsWith('ops.') && !state.stored.has(name),
      );
      return unstored.length === 0 ? undefined : `${actor.key} reads ${unstored}, which is not stored`;
    },
  };
}

/**
 * None waits for more than its inputs and one slot: when an instant ends and a slot is free, nobody is left who could start
 * or go on, and nobody who has a slot waits for another. Slots are never all held by those who are blocked.
 */
function noneWaitsForMore({ schedule }: Play): Observer {
  return {
    instant(state) {
      if (state.isKilled) return undefined;
      for (const { key, phase, slot, asks } of state.actors.values()) {
        const isGreedy =
          phase === 'running' && slot === 'held' && [...asks.values()].some(({ state: ask }) => ask === 'queues');
        if (isGreedy) return `${key} holds a slot and waits for another`;
      }
      if (state.held.most >= schedule.concurrency) return undefined;
      // The log does not tell when the engine's own handler of a group holds a slot.
      const isBounded = schedule.concurrency < Number.POSITIVE_INFINITY;
      if (isBounded && [...state.groups.values()].includes('running')) return undefined;
      for (const actor of state.actors.values()) {
        const { stack, phase, key, sketch } = actor;
        if (state.mayBeStopped(stack)) continue;
        const isGone = (read: string): boolean =>
          targetsOf(stack.name, sketch, read).some((name) => state.gone.has(name.split('.')[0] as string));
        const isThere = (read: string): boolean => state.missingOf(actor, read).length === 0 && !isGone(read);
        const isLost = (read: string): boolean =>
          state.missingOf(actor, read).some((name) => state.failed.has(name)) && !isGone(read);
        const held = `with ${state.held.most} slots held`;
        if (phase === 'waiting' && state.hasParent(actor)) {
          const reads = ['depends_on', ...(sketch.type === 'Sim::Plain' ? Object.keys(sketch.inputs) : [])];
          if (reads.every(isThere)) return `${key} has not started, ${held}`;
          if (reads.some(isLost)) return `${key} has not been skipped, ${held}`;
        }
        if (phase !== 'running') continue;
        const late = [...actor.asks.values()].find(
          ({ read, state }) => isThere(read) || isLost(read) || state === 'queues' || state === 'isOver',
        );
        if (late !== undefined) return `${key} has not got ${late.read}, ${held}`;
      }
      return undefined;
    },
  };
}

/** Handlers that are not blocked are never more than the engine has slots. */
function slotsKeepTheirBound({ schedule }: Play): Observer {
  return {
    after(_, state) {
      const { least } = state.held;
      return least <= schedule.concurrency ? undefined : `${least} handlers work, the bound is ${schedule.concurrency}`;
    },
  };
}

/**
 * A deadlock that is told is one: each of its readers waits now for the next, and needs it; or it has been told as a stall
 * for the whole of its time.
 */
function deadlocksAreReal(): Observer {
  const stalls: { readonly reads: string; readonly time: number }[] = [];
  return {
    before(entry, state) {
      if (entry.kind !== 'told') return undefined;
      const { event, time } = entry;
      if (event.type === 'read:didStall')
        stalls.push({ reads: printReads(readsOf(event.cycle.map(parseHop), state)), time });
      if (event.type !== 'read:didDeadlock') return undefined;
      const hops = event.cycle.map(parseHop);
      const broken = brokenHop(hops, state);
      if (broken !== undefined) return `a deadlock of ${event.cycle.join('; ')}, but ${broken}`;
      const told = stalls.some(
        (stall) => stall.reads === printReads(readsOf(hops, state)) && time - stall.time >= STALL_MS,
      );
      return isHard(hops, state) || told
        ? undefined
        : `a deadlock of ${event.cycle.join('; ')}, which could still go on`;
    },
  };
}

/** A stall that is told is a circle of waits that only a broken declaration keeps up, and no deadlock. */
function stallsAreReal(): Observer {
  return {
    before(entry, state) {
      if (entry.kind !== 'told' || entry.event.type !== 'read:didStall') return undefined;
      const hops = entry.event.cycle.map(parseHop);
      const broken = brokenHop(hops, state);
      if (broken !== undefined) return `a stall of ${entry.event.cycle.join('; ')}, but ${broken}`;
      return isHard(hops, state) ? `a stall of ${entry.event.cycle.join('; ')}, which is a deadlock` : undefined;
    },
  };
}

/**
 * No circle of waits is passed over: when an instant ends there is none in which everybody needs what he waits for, and of
 * each other one the read that closed it is told as stalled, for no longer than a stall may stand. (When that read has
 * closed several circles, one is told of.)
 */
function circlesAreReported(): Observer {
  let stalls: { readonly closing: Hop; readonly reads: readonly Hop[]; readonly time: number }[] = [];
  return {
    after(entry, state) {
      if (entry.kind === 'told' && entry.event.type === 'read:didStall') {
        const hops = entry.event.cycle.map(parseHop);
        stalls.push({ closing: hops[0] as Hop, reads: readsOf(hops, state), time: entry.time });
      }
      return undefined;
    },
    instant(state) {
      if (state.isKilled) return undefined;
      const circles = circlesOf(state, false);
      const [hard] = circles.length === 0 ? [] : circlesOf(state, true);
      if (hard !== undefined) return `${hard.names.join(', ')} wait for each other, and no deadlock is told`;
      stalls = circles.length === 0 ? [] : stalls.filter(({ reads }) => areBlocked(reads, state));
      for (const circle of circles) {
        const told = stalls.filter(({ closing }) => isOf(closing, circle));
        if (told.length === 0) return `${circle.names.join(', ')} wait for each other, and no stall is told`;
        if (told.every(({ time }) => state.time >= time + STALL_MS)) {
          return `${circle.names.join(', ')} stall for too long`;
        }
      }
      return undefined;
    },
  };
}

/** Every blocked read ends exactly once, and none ends that was not blocked. */
function readersAreReleasedOnce(play: Play): Observer {
  const blocked = new Map<string, number>();
  return {
    before(entry, state) {
      if (entry.kind !== 'told') return undefined;
      const { event } = entry;
      if (event.type !== 'read:willBlock' && event.type !== 'read:didWake') return undefined;
      const actor = state.actors.get(`${event.stack}.${event.reader}`);
      // Events of reads by name do not say of which name a reader got the value.
      if (event.input === undefined) return undefined;
      const key = `${event.stack}.${event.reader} ${event.input}`;
      const since = blocked.get(key);
      if (event.type === 'read:willBlock') {
        blocked.set(key, event.time);
        return since === undefined ? undefined : `${key} blocks twice`;
      }
      blocked.delete(key);
      if (since === undefined) return `${key} wakes without having been blocked`;
      if (event.waitedMs === event.time - since) return undefined;
      return `${key} has waited ${event.time - since} ms, told are ${event.waitedMs} (${actor?.phase})`;
    },
    end(state) {
      if (play.wasKilled) return undefined;
      for (const key of blocked.keys()) {
        const [reader = ''] = key.split(' ');
        const actor = state.actors.get(reader);
        const isSkipped = actor?.sketch.type === 'Sim::Plain';
        if (!isSkipped) return `${key} never wakes`;
      }
      return undefined;
    },
  };
}

/** A read fails only when a writer of what it waits for has failed, in a deadlock that is told, or when its stack stops. */
function failedReadsHaveAReason(): Observer {
  const deadlocked = new Set<string>();
  return {
    before(entry, state) {
      if (entry.kind === 'told' && entry.event.type === 'read:didDeadlock') {
        for (const { reader } of entry.event.cycle.map(parseHop)) deadlocked.add(reader);
      }
      if (entry.kind !== 'handler' || entry.did !== 'miss') return undefined;
      const actor = state.actors.get(`${entry.stack}.${entry.resource}`) as Actor;
      const isLost = state.missingOf(actor, entry.read).some((name) => {
        const phase = state.actors.get(name.split('.').slice(0, 2).join('.'))?.phase;
        return state.failed.has(name) || phase === 'failed' || phase === 'skipped';
      });
      // Of a stack that is rolled back nothing is left that could tell.
      const isOver = state.mayBeStopped(actor.stack) || actor.phase !== 'running' || state.gone.size > 0;
      return isLost || isOver || deadlocked.has(actor.key) ? undefined : `${actor.key} does not get ${entry.read}`;
    },
  };
}

/** A stack that is told to be quiet has no handler at work: each waits for something, and nothing of that is on its way. */
function quietStacksAreQuiet(): Observer {
  return {
    before(entry, state) {
      if (entry.kind !== 'told' || entry.event.type !== 'stack:didQuiesce') return undefined;
      const { stack, waiting } = entry.event;
      const coming = waiting
        .filter(({ name }) => !state.gone.has(name[1]))
        .map(({ name }) => printName(name.slice(1) as never))
        .find((name) => state.stored.has(name) && !state.there.has(name));
      if (coming !== undefined) return `'${stack}' is told to be quiet, and ${coming} is on its way`;
      const busy = [...state.actors.values()].find(
        (actor) => actor.stack.name === stack && actor.phase === 'running' && actor.blocked.size === 0,
      );
      return busy === undefined ? undefined : `'${stack}' is told to be quiet, and ${busy.key} works`;
    },
  };
}

/**
 * When an instant ends at which nobody is at work, in no stack, and nothing can start, each stack that waits has been told to
 * be quiet since a handler of it started last. Only where neither store nor space takes time: nothing is on its way then.
 */
function quietStacksAreTold({ schedule: { hasSlowStore, hasSlowSpace } }: Play): Observer {
  if (hasSlowStore || hasSlowSpace) return {};
  const told = new Set<string>();
  return {
    after(entry, state) {
      if (entry.kind !== 'told') return undefined;
      const { event } = entry;
      if (event.type === 'stack:didQuiesce') told.add(event.stack);
      const isStart = event.type === 'resource' && event.status === 'IN_PROGRESS';
      if (isStart && state.actors.has(`${event.stack}.${event.resource}`)) told.delete(event.stack);
      return undefined;
    },
    instant(state) {
      if (state.isKilled || [...state.groups.values()].includes('running')) return undefined;
      const waits = state.waits();
      const waiting = new Set(waits.map(({ actor }) => actor));
      for (const actor of state.actors.values()) {
        const { phase, blocked, asks, stack } = actor;
        if (phase === 'deleting' || (phase === 'running' && state.mayBeStopped(stack))) return undefined;
        const isBlocked = blocked.size > 0 && [...asks.values()].every((ask) => ask.state === 'isBlocked');
        if (phase === 'running' && !isBlocked) return undefined;
        if (phase === 'waiting' && state.stacks.get(stack.name) === 'running' && !waiting.has(actor)) return undefined;
      }
      const quiet = [...waiting].find(({ stack }) => !state.mayBeStopped(stack) && !told.has(stack.name));
      return quiet === undefined ? undefined : `'${quiet.stack.name}' is quiet, and is not told to be`;
    },
  };
}

/** A template is refused for a circular dependency exactly when one of its ports waits for itself. */
function refusedExactlyForPortCycles({ scenario, ends, wasKilled }: Play): Observer {
  return {
    end() {
      if (wasKilled) return undefined;
      for (const stack of scenario.stacks) {
        const { code, problems } = ends[stack.name] as End;
        const isRefused = code === 'TemplateInvalid';
        if (isRefused !== hasPortCycle([stack]))
          return `'${stack.name}': ${code} ${problems}, but ${isRefused ? 'no' : 'a'} port waits for itself`;
        const other = problems.find((problem) => problem !== 'CircularDependencyException');
        if (other !== undefined) return `'${stack.name}' has the problem ${other}`;
      }
      return undefined;
    },
  };
}

/** Without a circle of ports, over all stacks, and with handlers that keep their declaration, everything is created. */
function completeWithoutDeadlock({ scenario, ends }: Play): Observer {
  const isAt = traits.isFaultless(scenario) && !hasPortCycle(scenario.stacks);
  return {
    after(entry) {
      const isDeadlock = entry.kind === 'told' && entry.event.type === 'read:didDeadlock';
      return isAt && isDeadlock ? print(entry.event) : undefined;
    },
    end() {
      const failed = isAt ? Object.entries(ends).find(([, { state }]) => state !== 'CREATE_COMPLETE') : undefined;
      return failed === undefined ? undefined : `stack '${failed[0]}' is ${failed[1].state}`;
    },
  };
}

/**
 * Where ports wait for themselves through several stacks, which no static check sees, and handlers await all that they
 * declare to need, a deadlock forms under every schedule. (A stack with such ports of its own is refused; the generator
 * plays some of those as well with a stack for each resource, past the static check.)
 */
function deadlockWhereverPortsCircle({ scenario, log, ends }: Play): Observer {
  return {
    end() {
      if (!traits.isFaultless(scenario) || !hasPortCycle(withoutIdleInputs(scenario.stacks))) return undefined;
      if (Object.values(ends).some(({ state }) => state === undefined)) return undefined;
      const isTold = log.some((entry) => entry.kind === 'told' && entry.event.type === 'read:didDeadlock');
      return isTold ? undefined : 'ports wait for themselves, and no deadlock is told';
    },
  };
}

/** How many changes one after the other a create that has been told to stop may store at most before it ends. */
const LAST_CHANGES = 6;

/**
 * A create that is cancelled or times out has ended when the handlers' grace is over; a slow store adds what it takes for
 * the last changes. None is cancelled or times out before its time.
 */
function stopsInTime({ scenario, schedule, ends }: Play): Observer {
  // What is stored comes into a slow space before the end, one value after the other.
  const lastMs = schedule.hasSlowSpace ? Number.POSITIVE_INFINITY : GRACE_MS;
  const graceMs = lastMs + (schedule.hasSlowStore ? LAST_CHANGES * LONGEST_DELAY_MS : 0);
  return {
    before(entry) {
      if (entry.kind !== 'told' || entry.event.type !== 'stack') return undefined;
      const { event, time } = entry;
      if (event.action !== 'CREATE' || event.status === 'IN_PROGRESS') return undefined;
      const stack = scenario.stacks.find(({ name }) => name === event.stack) as StackSketch;
      const stopMs = stopMsOf(stack);
      if (time > stopMs + graceMs) return `the create of '${stack.name}' ends now, told to stop at ${stopMs} ms`;
      const code = ends[stack.name]?.code;
      const { startMs, timeoutMs, cancelMs = Number.POSITIVE_INFINITY } = stack;
      const afterMs = code === 'StackTimeout' ? timeoutMs : code === 'ActionCancelled' ? cancelMs : 0;
      return time < startMs + afterMs ? `'${stack.name}' ends with ${code}, due at ${startMs + afterMs} ms` : undefined;
    },
  };
}

const NEXT: { readonly [state: string]: readonly string[] } = {
  '': ['CREATE_IN_PROGRESS'],
  INIT_COMPLETE: ['DELETE_IN_PROGRESS'],
  CREATE_IN_PROGRESS: ['CREATE_COMPLETE', 'CREATE_FAILED'],
  CREATE_COMPLETE: ['DELETE_IN_PROGRESS'],
  CREATE_FAILED: ['DELETE_IN_PROGRESS', 'ROLLBACK_IN_PROGRESS'],
  ROLLBACK_IN_PROGRESS: ['ROLLBACK_COMPLETE', 'ROLLBACK_FAILED'],
  ROLLBACK_COMPLETE: ['DELETE_IN_PROGRESS'],
  ROLLBACK_FAILED: ['DELETE_IN_PROGRESS'],
  DELETE_IN_PROGRESS: ['DELETE_COMPLETE', 'DELETE_FAILED'],
  DELETE_FAILED: ['DELETE_IN_PROGRESS'],
};

/**
 * The events of each stack and resource are steps of its life: in progress before complete or failed, none after its
 * deletion. A killed engine's successor may delete from any state. A stack is complete only when its resources are.
 */
function eventsAreLegal(): Observer {
  const states = new Map<string, string>();
  let isKilled = false;
  return {
    before(entry, { actors }) {
      isKilled ||= entry.kind === 'killed';
      if (entry.kind !== 'told') return undefined;
      const { event } = entry;
      if (event.type === 'resource:wasSkipped') states.set(`${event.stack}.${event.resource}`, 'INIT_COMPLETE');
      if (event.type !== 'stack' && event.type !== 'resource') return undefined;
      const key = event.type === 'stack' ? event.stack : `${event.stack}.${event.resource}`;
      const [from, to] = [states.get(key) ?? '', `${event.action}_${event.status}`];
      states.set(key, to);
      const isTakenOver = isKilled && to === 'DELETE_IN_PROGRESS';
      if (!isTakenOver && NEXT[from]?.includes(to) !== true) return `${key} goes from ${from || 'nothing'} to ${to}`;
      if (event.type !== 'stack' || to !== 'CREATE_COMPLETE') return undefined;
      const open = [...actors.values()].find(({ stack, phase }) => stack.name === event.stack && phase !== 'complete');
      return open === undefined ? undefined : `${key} is complete, and ${open.key} is ${open.phase}`;
    },
  };
}

/** Nothing is made twice, by whatever attempts. */
function madeOnce(): Observer {
  const made = new Set<string>();
  return {
    before(entry) {
      if (entry.kind !== 'world' || entry.did !== 'make') return undefined;
      const key = `${entry.stack}.${entry.resource}`;
      if (made.has(key)) return `${key} is made twice`;
      made.add(key);
      return undefined;
    },
  };
}

/** What a resource requires is removed after it, unless they require each other, or nobody knows of it any more. */
function removedAfterItsUsers({ scenario }: Play): Observer {
  const there = new Set<string>();
  return {
    before(entry, state) {
      if (entry.kind !== 'world') return undefined;
      const key = `${entry.stack}.${entry.resource}`;
      if (entry.did === 'make') {
        there.add(key);
        return undefined;
      }
      there.delete(key);
      const stack = scenario.stacks.find(({ name }) => name === entry.stack) as StackSketch;
      const requires = requirementsOf(stack);
      for (const user of there) {
        if (!state.lost.has(user) && requires.get(user)?.includes(key) && !leadsTo(key, user, requires))
          return `${key} is removed before ${user}`;
      }
      return undefined;
    },
  };
}

/** By `stack.resource`: what it reads of, and what it depends on; a group and its members are one. */
function requirementsOf({ name: stack, resources }: StackSketch): ReadonlyMap<string, readonly string[]> {
  const requires = new Map<string, string[]>();
  const add = (user: string, required: string): void => {
    const known = requires.get(user);
    if (known === undefined) requires.set(user, [required]);
    else known.push(required);
  };
  for (const resource of resources) {
    const key = `${stack}.${resource.name}`;
    const group = groupOf(resource.name);
    if (group !== undefined) {
      add(key, `${stack}.${group}`);
      add(`${stack}.${group}`, key);
    }
    for (const read of ['depends_on', ...Object.keys(resource.inputs)]) {
      for (const name of targetsOf(stack, resource, read)) add(key, name.split('.').slice(0, 2).join('.'));
    }
  }
  return requires;
}

function leadsTo(from: string, to: string, next: ReadonlyMap<string, readonly string[]>): boolean {
  const seen = new Set<string>();
  const open = [from];
  for (let each = open.pop(); each !== undefined; each = open.pop()) {
    if (each === to) return true;
    if (seen.has(each)) continue;
    seen.add(each);
    open.push(...(next.get(each) ?? []));
  }
  return false;
}

/**
 * What was made and not deleted is known: after every stack has been deleted, by the engine or by the successor of a
 * killed one, the world is empty. But what is known by its id alone remains where an engine was killed that had not stored
 * the id, nor answered the handler that told it. A stack whose engine was killed is said to be interrupted.
 */
function nothingIsForgotten({ left }: Play): Observer {
  return {
    end({ lost }) {
      if (left.undeleted.length > 0) return `a stack cannot be deleted: ${left.undeleted.join('; ')}`;
      if (left.unnoticed.length > 0) return `not seen to be interrupted: ${left.unnoticed}`;
      const forgotten = left.things.filter((thing) => !lost.has(thing));
      return forgotten.length === 0 ? undefined : `still there after everything was deleted: ${forgotten}`;
    },
  };
}

/** A closed engine has left no timer, no blocked read and no listener behind. */
function nothingIsLeft({ left: { timers, blockedReads, listeners } }: Play): Observer {
  return {
    end: () => (timers + blockedReads + listeners === 0 ? undefined : print({ timers, blockedReads, listeners })),
  };
}

function print(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing';
}
