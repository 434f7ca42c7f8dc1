import type { EngineEvent } from '../../src/events.ts';
import { printName } from '../../src/names.ts';
import type { Json } from '../../src/values.ts';
import type { Entry } from './log.ts';
import type { Play } from './play.ts';
import {
  attributesOf,
  GROUP_STARTED,
  groupOf,
  needs,
  type ResourceSketch,
  type StackSketch,
  targetOf,
} from './scenario.ts';

/** One resource as the log tells of it. */
export interface Actor {
  readonly stack: StackSketch;
  readonly sketch: ResourceSketch;
  /** `stack.resource`. */
  readonly key: string;
  /** By read: the names that it waits for, noted when they are first asked for. */
  readonly targets: Map<string, readonly string[]>;
  phase: 'waiting' | 'running' | 'complete' | 'failed' | 'skipped' | 'deleting' | 'gone';
  /** The questions of its handler that are not answered, by number. */
  readonly asks: Map<number, Ask>;
  /** The reads that the engine says are blocked. */
  readonly blocked: Set<string>;
  slot: 'held' | 'none' | 'unknown';
}

/** `isBlocked` until the engine wakes it; then it `queues` for a slot, if the handler has none. */
interface Ask {
  readonly read: string;
  state: 'new' | 'isBlocked' | 'queues' | 'isOver';
}

/** What keeps a resource from going on, and what it waits for. */
export interface Wait {
  readonly actor: Actor;
  /** An input's name, a name read at run time, or `depends_on`. */
  readonly read: string;
  /** `stack.resource.attribute`, or `stack.resource` for its end. */
  readonly missing: readonly string[];
}

/**
 * The state of a play after a part of its log. What is there, and who waits for what, follows from the scenario, from what
 * handlers did and from what came into the data space: the engine's own graph and its lists of waits are not asked.
 */
export class State {
  readonly actors: ReadonlyMap<string, Actor>;
  readonly stacks = new Map<string, 'running' | 'ended'>();
  /** The groups that have started, `stack.group`. */
  readonly groups = new Map<string, 'running' | 'ended'>();
  /** Names that hold a value, `stack.resource.attribute`, and ended resources, `stack.resource`. */
  readonly there = new Set<string>();
  /** The same as the engine has told it: a turn of the event loop later than the space, when that takes time. */
  readonly told = new Set<string>();
  /** Names of which the store has a value, which may be on its way into the space. */
  readonly readable = new Set<string>();
  /** The same of what never comes. */
  readonly failed = new Set<string>();
  /** Stacks of which everything has been deleted: whoever reads their names now waits as for nobody's. */
  readonly gone = new Set<string>();
  /** What handlers have written, by name. */
  readonly written = new Map<string, Json>();
  readonly stored = new Set<string>();
  /** What an engine that was killed had made, and is known by an id alone that was not stored yet, `stack.resource`. */
  readonly lost = new Set<string>();
  /** What will be lost if the engine is killed now. */
  readonly #unsaved = new Set<string>();
  readonly #leftOut: ReadonlySet<string>;
  time = 0;
  isKilled = false;

  constructor({ scenario }: Play) {
    const actors = scenario.stacks.flatMap((stack) =>
      stack.resources
        .filter(({ isEnabled }) => isEnabled)
        .map((sketch): [string, Actor] => {
          const key = `${stack.name}.${sketch.name}`;
          const fresh = { targets: new Map(), asks: new Map(), blocked: new Set<string>(), slot: 'none' as const };
          return [key, { stack, sketch, key, phase: 'waiting', ...fresh }];
        }),
    );
    this.actors = new Map(actors);
    this.#leftOut = new Set(
      scenario.stacks.flatMap(({ name, resources }) =>
        resources.filter(({ isEnabled }) => !isEnabled).map((resource) => `${name}.${resource.name}`),
      ),
    );
  }

  apply(entry: Entry): void {
    this.time = entry.time;
    switch (entry.kind) {
      case 'told':
        this.#told(entry.event);
        return;
      case 'stored':
        for (const change of entry.changes) {
          if (change.kind === 'value') this.stored.add(`${entry.stack}.${change.resource}.${change.attribute}`);
          if (change.kind !== 'resource') continue;
          const { name, action, status, resourceId } = change.record;
          if (resourceId !== undefined) this.#unsaved.delete(`${entry.stack}.${name}`);
          this.stored.add(`${entry.stack}.${name} ${action}_${status}`);
          for (const attribute in change.values) this.stored.add(`${entry.stack}.${name}.${attribute}`);
        }
        return;
      case 'handler':
        this.#handled(entry, this.actors.get(`${entry.stack}.${entry.resource}`) as Actor);
        return;
      case 'outside':
        this.readable.add(entry.name);
        this.written.set(entry.name, entry.name);
        return;
      case 'arrived':
        if (entry.isFailure) this.#fail(entry.name);
        else this.there.add(entry.name);
        // Of what somebody outside writes no event is told.
        if (this.readable.has(entry.name)) this.told.add(entry.name);
        return;
      case 'killed':
        this.isKilled = true;
        for (const actor of this.actors.values()) actor.slot = 'none';
        for (const key of this.#unsaved) this.lost.add(key);
        this.#unsaved.clear();
        return;
      case 'world': {
        const key = `${entry.stack}.${entry.resource}`;
        if (entry.did === 'make' && this.actors.get(key)?.sketch.isKnownById === true) this.#unsaved.add(key);
        return;
      }
      default:
        entry satisfies never;
    }
  }

  /** What is still missing of a read; empty when the reader can go on. A resource that is left out reads as null. */
  missingOf(actor: Actor, read: string, there: ReadonlySet<string> = this.there): readonly string[] {
    return this.#namesOf(actor, read).filter((name) => !there.has(name));
  }

  #namesOf({ targets, stack, sketch }: Actor, read: string): readonly string[] {
    const known = targets.get(read);
    if (known !== undefined) return known;
    const own = targetsOf(stack.name, sketch, read).filter((name) => !this.isLeftOut(name));
    const names = [...own, ...groupsBehind(stack.name, sketch, read)];
    targets.set(read, names);
    return names;
  }

  /** Whether a condition leaves out the resource that the name is of. */
  isLeftOut(name: string): boolean {
    return this.#leftOut.has(name.split('.').slice(0, 2).join('.'));
  }

  /** False for a member of a group that has not started. */
  hasParent({ stack, sketch }: Actor): boolean {
    const group = groupOf(sketch.name);
    return group === undefined || this.groups.has(`${stack.name}.${group}`);
  }

  /** Every read or start that cannot go on now; `there` is what counts as being there. */
  waits(there: ReadonlySet<string> = this.there): readonly Wait[] {
    const waits: Wait[] = [];
    for (const actor of this.actors.values()) {
      if (this.stacks.get(actor.stack.name) !== 'running') continue;
      for (const read of waitingReads(actor)) {
        const missing = this.missingOf(actor, read, there);
        if (missing.length > 0) waits.push({ actor, read, missing });
      }
    }
    return waits;
  }

  /**
   * Whether the stack's create is over or may have been told to stop. Of the instant itself at which it is to stop, and of a
   * time-out that begins a little later than the create in a slow store, the log does not tell which comes first.
   */
  mayBeStopped(stack: StackSketch): boolean {
    return this.stacks.get(stack.name) !== 'running' || this.time >= stopMsOf(stack);
  }

  /** How many slots are held: so many at least, and so many at most. */
  get held(): { readonly least: number; readonly most: number } {
    let [least, unknown] = [0, 0];
    for (const { slot } of this.actors.values()) {
      if (slot === 'held') least += 1;
      if (slot === 'unknown') unknown += 1;
    }
    return { least, most: least + unknown };
  }

  #told(event: EngineEvent): void {
    switch (event.type) {
      case 'stack':
        if (event.action !== 'CREATE' && event.status === 'COMPLETE') this.gone.add(event.stack);
        if (event.action === 'CREATE')
          this.stacks.set(event.stack, event.status === 'IN_PROGRESS' ? 'running' : 'ended');
        return;
      case 'resource': {
        const key = `${event.stack}.${event.resource}`;
        const actor = this.actors.get(key);
        if (actor !== undefined) this.#didChange(actor, event.action, event.status);
        else this.groups.set(key, event.status === 'IN_PROGRESS' ? 'running' : 'ended');
        return;
      }
      case 'resource:wasSkipped': {
        const actor = this.actors.get(`${event.stack}.${event.resource}`);
        if (actor !== undefined) actor.phase = 'skipped';
        return;
      }
      case 'name:didPublish':
        this.told.add(printName(event.name.slice(1) as never));
        return;
      case 'read:didStall':
      case 'read:didDeadlock':
      case 'stack:didQuiesce':
      case 'resource:didLog':
      case 'hook:didPause':
      case 'hook:didClear':
      case 'stack:didBecomeStale':
        return;
      case 'read:willBlock': {
        const actor = this.actors.get(`${event.stack}.${event.reader}`);
        if (actor === undefined || actor.phase !== 'running') return;
        const read = event.input ?? printName(event.names[0]?.slice(1) as never);
        actor.blocked.add(read);
        actor.slot = 'none';
        for (const ask of actor.asks.values()) {
          if (ask.read === read && ask.state === 'new') ask.state = 'isBlocked';
          // The slot that it queues for may come while the handler is blocked beside it: then it goes on without one.
          else if (ask.state === 'queues') ask.state = 'isOver';
        }
        return;
      }
      case 'read:didWake': {
        const actor = this.actors.get(`${event.stack}.${event.reader}`);
        if (actor === undefined || actor.phase !== 'running') return;
        const read = event.input ?? [...actor.blocked].find((each) => each.includes('.'));
        if (read === undefined) return;
        actor.blocked.delete(read);
        const needsSlot = actor.blocked.size === 0 && actor.slot === 'none';
        // A handler that is to stop does not queue for the right to hear so.
        const queues = needsSlot && !this.mayBeStopped(actor.stack);
        if (needsSlot && !queues) actor.slot = 'unknown';
        for (const ask of actor.asks.values()) {
          if (ask.read === read && ask.state === 'isBlocked') ask.state = queues ? 'queues' : 'isOver';
        }
        return;
      }
      default:
        event satisfies never;
    }
  }

  #didChange(actor: Actor, action: string, status: string): void {
    const isOver = status !== 'IN_PROGRESS';
    actor.slot = isOver ? 'none' : 'held';
    if (action === 'DELETE') {
      actor.phase = isOver ? 'gone' : 'deleting';
      // Its names are let go once nothing of it is there, which is before the end of the action is told.
      const others = [...this.actors.values()].filter(({ stack }) => stack === actor.stack);
      if (others.every(({ phase }) => IS_NOT_THERE.has(phase))) this.gone.add(actor.stack.name);
      return;
    }
    actor.phase = status === 'IN_PROGRESS' ? 'running' : status === 'COMPLETE' ? 'complete' : 'failed';
    if (status === 'COMPLETE') {
      this.there.add(actor.key);
      this.told.add(actor.key);
    }
    if (isOver) actor.blocked.clear();
  }

  #fail(key: string): void {
    this.failed.add(key);
    const sketch = this.actors.get(key)?.sketch;
    for (const attribute of sketch === undefined ? [GROUP_STARTED] : attributeNames(sketch)) {
      if (!this.there.has(`${key}.${attribute}`)) this.failed.add(`${key}.${attribute}`);
    }
  }

  #handled(entry: Extract<Entry, { kind: 'handler' }>, actor: Actor): void {
    switch (entry.did) {
      case 'ask': {
        const state = actor.blocked.has(entry.read) ? 'isBlocked' : 'new';
        actor.asks.set(entry.ask, { read: entry.read, state });
        return;
      }
      case 'get':
      case 'miss': {
        const queued = actor.asks.get(entry.ask)?.state === 'queues';
        if (queued && actor.phase === 'running') actor.slot = actor.blocked.size === 0 ? 'held' : 'none';
        actor.asks.delete(entry.ask);
        return;
      }
      case 'write': {
        const name = `${actor.key}.${entry.attribute}`;
        if (!this.written.has(name)) this.written.set(name, entry.value);
        return;
      }
      // An engine that has answered has stored it.
      case 'tell':
        this.#unsaved.delete(actor.key);
        return;
      case 'start':
      case 'end':
      case 'fail':
        return;
      default:
        entry satisfies never;
    }
  }
}

/** When the stack's create is told to stop, if it has not ended by then. */
export function stopMsOf({ startMs, cancelMs, timeoutMs }: StackSketch): number {
  return startMs + Math.min(cancelMs ?? Number.POSITIVE_INFINITY, timeoutMs);
}

/** What the actor waits for before it can do anything more: to start, or in its handler. */
function waitingReads(actor: Actor): readonly string[] {
  if (actor.phase === 'running') {
    const asks = [...actor.asks.values()].filter(({ state }) => state === 'new' || state === 'isBlocked');
    return [...new Set(asks.map(({ read }) => read))];
  }
  if (actor.phase !== 'waiting') return [];
  return actor.sketch.type === 'Sim::Plain' ? ['depends_on', ...Object.keys(actor.sketch.inputs)] : ['depends_on'];
}

/** The names that a read of the resource refers to. */
export function targetsOf(stack: string, sketch: ResourceSketch, read: string): readonly string[] {
  if (read === 'depends_on') return sketch.dependsOn.map((resource) => `${stack}.${resource}`);
  if (read.includes('.')) return [read];
  return (sketch.inputs[read] ?? []).map((target) => {
    const { stack: owner, resource, attribute } = targetOf(stack, target);
    return `${owner}.${resource}.${attribute}`;
  });
}

/** That the groups have started by whose members the read is answered, unless the reader is one of them. */
function groupsBehind(stack: string, sketch: ResourceSketch, read: string): readonly string[] {
  const groups = (sketch.inputs[read] ?? []).map((target) => {
    const parts = target.split('.');
    return parts.length === 2 ? groupOf(parts[0] as string) : undefined;
  });
  const entered = groups.filter((group) => group !== undefined && group !== groupOf(sketch.name));
  return entered.map((group) => `${stack}.${group}.${GROUP_STARTED}`);
}

/** Whether what waits for `name` needs that the read of its writer ends first. */
export function isNeeded({ sketch, phase }: Actor, name: string, read: string): boolean {
  const attribute = name.split('.')[2];
  if (attribute === undefined || phase === 'waiting') return true;
  return needs(sketch, attribute, read.includes('.') ? undefined : read);
}

function attributeNames(sketch: ResourceSketch): readonly string[] {
  return [...Object.keys(attributesOf(sketch)), 'refid'];
}

const IS_NOT_THERE: ReadonlySet<Actor['phase']> = new Set<Actor['phase']>(['waiting', 'skipped', 'gone']);
