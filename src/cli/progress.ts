import type { Action, EngineEvent, HookDidPause, ResourceEvent, StackEvent, Status } from '../events.ts';
import { type Name, nameKey, printName } from '../names.ts';

/** A blocked read of a resource: on which names, and since when. */
export interface Wait {
  readonly input: string | undefined;
  /** Those that are still missing. */
  readonly names: readonly Name[];
  /** Milliseconds since 1970-01-01 UTC. */
  readonly since: number;
  readonly awaits: 'signals' | undefined;
}

/** How a resource stands, for people: `blocked` is one that works but waits for a value. */
export type Phase = 'waiting' | 'running' | 'blocked' | 'paused' | 'complete' | 'failed' | 'skipped';

/** A resource in an action that is at work. */
export interface ResourceProgress {
  readonly name: string;
  readonly type: string;
  /** False until the action has come to it; its state is then the one from before. */
  readonly isTouched: boolean;
  readonly action: Action;
  readonly status: Status;
  readonly reason: string;
  readonly startedAt: number | undefined;
  readonly endedAt: number | undefined;
  readonly isSkipped: boolean;
  readonly waits: readonly Wait[];
  /** The hook at which it waits, and since when. */
  readonly pause: { readonly hook: string; readonly since: number } | undefined;
  /** The last line that its handler logged. */
  readonly lastLine: string | undefined;
}

/** A circle of waits that the engine has told of. */
export interface Circle {
  readonly kind: 'stall' | 'deadlock';
  readonly hops: readonly string[];
  readonly reason: string | undefined;
}

/** What is known of a resource before the action comes to it. One that does not exist yet has no state. */
export interface KnownResource {
  readonly name: string;
  readonly type: string;
  readonly action?: Action;
  readonly status?: Status;
}

/** The state of a resource that is there. */
type Standing = Pick<ResourceProgress, 'action' | 'status' | 'reason'>;

/** An action on a stack as its events tell it. Events go in by `apply`; nothing else changes it. */
export class Progress {
  readonly space: string;
  readonly stack: string;
  action: Action;
  status: Status = 'IN_PROGRESS';
  /** Why the action failed, also while it is rolled back. */
  failure: string | undefined;
  readonly startedAt: number;
  endedAt: number | undefined;
  readonly #resources = new Map<string, ResourceProgress>();
  /** Those that were there before the action, as they were. */
  readonly #before = new Map<string, Standing>();
  /** Those that an update has made, as they are. */
  readonly #made = new Map<string, Standing>();
  #circles: readonly Circle[] = [];
  #quiescence: readonly string[] = [];

  /** `resources` are those that the action is about, in the order in which they are shown. */
  constructor(options: {
    readonly space: string;
    readonly stack: string;
    readonly action: Action;
    readonly startedAt: number;
    readonly resources: readonly KnownResource[];
  }) {
    this.space = options.space;
    this.stack = options.stack;
    this.action = options.action;
    this.startedAt = options.startedAt;
    for (const known of options.resources) {
      const { name, action = 'INIT', status = 'COMPLETE' } = known;
      this.#resources.set(name, untouched(known));
      if (action !== 'INIT' && action !== 'DELETE') this.#before.set(name, { action, status, reason: '' });
    }
  }

  get resources(): readonly ResourceProgress[] {
    return [...this.#resources.values()];
  }

  /** Stalls that stand, and deadlocks that stood. */
  get circles(): readonly Circle[] {
    return this.#circles;
  }

  /** When nothing of the stack can go on by itself: each read that is blocked, and why its writer does not run. */
  get quiescence(): readonly string[] {
    return this.#quiescence;
  }

  resource(name: string): ResourceProgress | undefined {
    return this.#resources.get(name);
  }

  apply(event: EngineEvent): void {
    if (event.space !== this.space || event.stack !== this.stack) return;
    switch (event.type) {
      case 'stack':
        this.#stackChanged(event);
        break;
      case 'resource':
        this.#resourceChanged(event);
        break;
      case 'resource:wasSkipped':
        this.#change(event.resource, { isSkipped: true, reason: event.reason, waits: [] });
        break;
      case 'resource:didLog':
        this.#change(event.resource, { lastLine: event.line });
        break;
      case 'read:willBlock':
        this.#block(event.reader, {
          input: event.input,
          names: event.names,
          since: event.time,
          awaits: event.awaits,
        });
        break;
      case 'read:didWake':
        this.#wake(event.reader, event.input, event.time - event.waitedMs);
        break;
      case 'name:didPublish':
        this.#publish(event.name);
        break;
      case 'read:didStall':
        this.#circles = [...this.#circles, { kind: 'stall', hops: event.cycle, reason: event.reason }];
        break;
      case 'read:didDeadlock':
        // The stall that it was until now has become this.
        this.#circles = [
          ...this.#circles.filter(({ kind, hops }) => kind !== 'stall' || !sameHops(hops, event.cycle)),
          { kind: 'deadlock', hops: event.cycle, reason: undefined },
        ];
        break;
      case 'hook:didPause':
        this.#pause(event);
        break;
      case 'hook:didClear':
        this.#change(event.resource, { pause: undefined });
        break;
      case 'stack:didQuiesce':
        this.#quiescence = event.waiting.map(
          ({ reader, name, reason }) => `${reader} waits for ${this.printName(name)}: ${reason}`,
        );
        break;
      case 'stack:didBecomeStale':
        break;
      default:
        event satisfies never;
    }
  }

  /** `db.address` for a name of this stack, the whole name for another one. */
  printName(name: Name): string {
    const [space, stack, ...own] = name;
    return printName(space === this.space && stack === this.stack ? own : name);
  }

  /** The phase of the resource that writes a name; undefined when this stack has no such resource. */
  writerOf([space, stack, resource]: Name): Phase | undefined {
    const writer = space === this.space && stack === this.stack ? this.#resources.get(resource) : undefined;
    return writer && phaseOf(writer);
  }

  #stackChanged({ action, status, reason, time }: StackEvent): void {
    this.action = action;
    this.status = status;
    if (status === 'FAILED') this.failure = reason;
    this.endedAt = status === 'IN_PROGRESS' ? undefined : time;
    if (status !== 'IN_PROGRESS') this.#settle();
    // A rollback goes over everything once more.
    else if (action === 'ROLLBACK')
      for (const { name } of this.#resources.values()) this.#change(name, { isTouched: false });
  }

  #resourceChanged(event: ResourceEvent): void {
    const { action, status, reason, time, resource, resourceType } = event;
    // A signal changes nothing of how the resource stands.
    if (action === 'SIGNAL') {
      this.#change(resource, { lastLine: reason });
      return;
    }
    // It is not begun: it waits at a hook.
    if (action === 'INIT') return;
    const standing = action === 'DELETE' && status === 'COMPLETE' ? this.#standing(resource) : undefined;
    if (standing !== undefined) {
      this.#change(resource, { ...standing, isTouched: true, endedAt: time, waits: [] });
      return;
    }
    if (this.action === 'UPDATE' && action === 'CREATE' && status === 'COMPLETE')
      this.#made.set(resource, { action, status, reason });
    const isStart = status === 'IN_PROGRESS';
    const known = this.#resources.get(resource) ?? untouched({ name: resource, type: resourceType });
    this.#resources.set(resource, known);
    this.#quiescence = [];
    this.#change(resource, {
      isTouched: true,
      action,
      status,
      reason,
      isSkipped: false,
      startedAt: isStart ? time : (known.startedAt ?? time),
      lastLine: isStart ? undefined : known.lastLine,
      endedAt: isStart ? undefined : time,
      ...(isStart ? {} : { waits: [] }),
    });
  }

  /**
   * What has the name when a resource of that name is deleted: in an update what has replaced it, in a rollback what it had
   * replaced, which takes its place again.
   */
  #standing(resource: string): Standing | undefined {
    return this.action === 'ROLLBACK' ? this.#before.get(resource) : this.#made.get(resource);
  }

  #pause({ resource, hook, since }: HookDidPause): void {
    // Before its turn it is as it was.
    const isBefore = hook.startsWith('pre-');
    this.#change(resource, { pause: { hook, since }, ...(isBefore ? { isTouched: false, endedAt: undefined } : {}) });
  }

  #block(reader: string, wait: Wait): void {
    const known = this.#resources.get(reader);
    if (known !== undefined) this.#change(reader, { waits: [...known.waits, wait] });
  }

  #wake(reader: string, input: string | undefined, since: number): void {
    const known = this.#resources.get(reader);
    if (known === undefined) return;
    this.#quiescence = [];
    // Several reads by name may be blocked at once, and the event tells only when the one that woke began.
    const same = known.waits.filter((wait) => wait.input === input);
    const woken = same.find((wait) => wait.since === since) ?? same[0];
    this.#change(reader, { waits: known.waits.filter((wait) => wait !== woken) });
    const party = `${printName([this.space, this.stack, reader])}`;
    this.#circles = this.#circles.filter(
      ({ kind, hops }) =>
        kind === 'deadlock' || !hops.some((hop) => hop.startsWith(`${party}.`) || hop.startsWith(`${party} `)),
    );
  }

  #publish(name: Name): void {
    this.#quiescence = [];
    const key = nameKey(name);
    for (const { name: reader, waits } of this.#resources.values()) {
      if (!waits.some(({ names }) => names.some((missing) => nameKey(missing) === key))) continue;
      const left = waits.map((wait) => ({ ...wait, names: wait.names.filter((missing) => nameKey(missing) !== key) }));
      this.#change(reader, { waits: left });
    }
  }

  /** The action has ended: nobody waits any more. */
  #settle(): void {
    this.#quiescence = [];
    this.#circles = this.#circles.filter(({ kind }) => kind === 'deadlock');
    for (const { name, waits, pause } of this.#resources.values()) {
      if (waits.length > 0 || pause !== undefined) this.#change(name, { waits: [], pause: undefined });
    }
  }

  #change(resource: string, change: Partial<ResourceProgress>): void {
    const known = this.#resources.get(resource);
    if (known !== undefined) this.#resources.set(resource, { ...known, ...change });
  }
}

export function phaseOf({ status, isTouched, isSkipped, waits, pause }: ResourceProgress): Phase {
  if (isSkipped) return 'skipped';
  if (pause !== undefined) return 'paused';
  if (!isTouched) return 'waiting';
  if (status === 'FAILED') return 'failed';
  if (status === 'COMPLETE') return 'complete';
  return waits.some(({ names }) => names.length > 0) ? 'blocked' : 'running';
}

function untouched({ name, type, action = 'INIT', status = 'COMPLETE' }: KnownResource): ResourceProgress {
  return {
    name,
    type,
    isTouched: false,
    action,
    status,
    reason: '',
    startedAt: undefined,
    endedAt: undefined,
    isSkipped: false,
    waits: [],
    pause: undefined,
    lastLine: undefined,
  };
}

function sameHops(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((hop) => b.includes(hop));
}
