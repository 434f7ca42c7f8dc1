import type { Clock, Timer } from '../clock.ts';
import { Deadlock } from '../errors.ts';
import { printName } from '../names.ts';
import { DeadEnds } from './dead-ends.ts';
import { findWantedInCircles } from './wait-circles.ts';

/** What a read waits for: a name, or (attribute undefined) that a resource is done. */
export interface WaitTarget {
  readonly space: string;
  readonly stack: string;
  readonly resource: string;
  readonly attribute: string | undefined;
}

/** The resource that reads or writes. */
export interface Party {
  readonly space: string;
  readonly stack: string;
  readonly resource: string;
}

/** A read that is blocked now. */
export interface BlockedRead {
  readonly reader: Party;
  /** The property or alias that is awaited; undefined for a read by name. */
  readonly input: string | undefined;
  /** What is still missing of it. */
  missing(): readonly WaitTarget[];
  /** Ends the read with an error. */
  reject(error: Deadlock): void;
}

/** What keeps a resource from writing one of its attributes: a blocked read of its own, or inputs it cannot start without. */
export interface Blocker {
  readonly input: string | undefined;
  readonly missing: readonly WaitTarget[];
  /** True when the attribute cannot be written before this input is there; false when the declaration says it can. */
  readonly isNeeded: boolean;
  /** The read, when a handler is blocked on it; undefined for a resource that has not started. */
  readonly read: BlockedRead | undefined;
}

/** A running traversal, asked about its own resources. */
export interface WaitSource {
  /**
   * What `resource` waits for now before it can write `attribute` (undefined: before it is done). It only gets less, unless
   * a read of the resource has blocked, `mayWaitForMore` is called, or a stack joins.
   */
  blockers(resource: string, attribute: string | undefined): readonly Blocker[];
  /**
   * A handler that waits, in a circle, has not written the attribute, which it declares to write first: lets the readers
   * have it as it was, if it may be left so. Returns whether it does; then the handler is not asked about it again.
   */
  keep?(resource: string, attribute: string): boolean;
  /**
   * What keeps back all of a resource of which it is not decided yet what an update does with it; undefined of any other. Empty
   * when it may go on by itself.
   */
  comparedInputs?(resource: string): readonly WaitTarget[] | undefined;
  /** Whether others have got the value of a resource that is compared, or it is on its way to them. */
  isConfirmed?(resource: string, attribute: string): boolean;
  /** Whether a handler of the stack is at work, or can start. */
  readonly isAtWork?: boolean;
}

/** A circle of waits. Each hop is a resource that waits, on what, and what of it the hop before wants. */
export interface WaitCycle {
  /** `a.x waits for b.y` in order, the last leading back to the first. */
  readonly hops: readonly string[];
  readonly reads: readonly BlockedRead[];
  /** A handler that waits before writing what it declared it could write first; undefined in a deadlock. */
  readonly broken:
    | { readonly writer: Party; readonly attribute: string; readonly input: string | undefined }
    | undefined;
  /** The circle goes through more than this stack. */
  readonly stacks: readonly Pick<Party, 'space' | 'stack'>[];
  /** What keeps each writer, and what it waits for; in the order of the hops, from the second on. */
  readonly links: readonly Link[];
}

/** `writer` cannot write what is wanted of it while `blocker` misses `next`. */
interface Link {
  readonly wanted: WaitTarget;
  readonly blocker: Blocker;
  readonly next: WaitTarget;
}

/** `target` is not written because its resource is kept by `blocker`. */
interface Step {
  readonly target: WaitTarget;
  readonly blocker: Blocker;
  readonly from: Step | undefined;
}

interface Stall {
  readonly read: BlockedRead;
  readonly cycle: WaitCycle;
  readonly timer: Timer;
}

/**
 * Who waits for whom, over all stacks of an engine.
 *
 * Nodes are names; `(w, x)` leads on to what is missing of the inputs that `w` is blocked on. The edge is needed when
 * `x` needs that input. A new blocked read is searched from: a circle of needed edges is a deadlock, and each read in
 * it ends with the error, so the outcome does not depend on which of them came last. A circle with other edges stands
 * only as long as a handler keeps to it: it is a stall, and a deadlock when it still stands after `stallTimeoutMs`.
 *
 * This is the wait-for graph of Holt (1972) for single-unit, AND-wait resources, where a cycle is necessary and
 * sufficient. A search costs O(names and waits reachable), less those that a search before it has come to (`DeadEnds`).
 */
export class Waits {
  readonly #clock: Clock;
  readonly stallTimeoutMs: number;
  readonly #didStall: (cycle: WaitCycle) => void;
  readonly #didDeadlock: (cycle: WaitCycle) => void;
  readonly #sources = new Map<string, WaitSource>();
  readonly #stalls = new Set<Stall>();
  readonly #deadEnds = new DeadEnds();

  constructor(options: {
    readonly clock: Clock;
    readonly stallTimeoutMs: number;
    readonly didStall: (cycle: WaitCycle) => void;
    readonly didDeadlock: (cycle: WaitCycle) => void;
  }) {
    this.#clock = options.clock;
    this.stallTimeoutMs = options.stallTimeoutMs;
    this.#didStall = options.didStall;
    this.#didDeadlock = options.didDeadlock;
  }

  /** From now on the stack's resources are asked about. The returned function ends it. */
  join(space: string, stack: string, source: WaitSource): () => void {
    const key = stackKey(space, stack);
    this.#sources.set(key, source);
    // Names of the stack that others wait for lead on from now on.
    this.#deadEnds.clear();
    return () => {
      if (this.#sources.get(key) !== source) return;
      this.#sources.delete(key);
      this.#deadEnds.clear();
    };
  }

  /** Whether several traversals run, which may wait for each other. */
  get isShared(): boolean {
    return this.#sources.size > 1;
  }

  /** The running traversal of a stack. */
  source(space: string, stack: string): WaitSource | undefined {
    return this.#sources.get(stackKey(space, stack));
  }

  /** To be called when a read has just become blocked: looks for a circle that it closes. */
  didBlock(read: BlockedRead): void {
    const deadlock = this.#findCycle(read, true);
    if (deadlock !== undefined) {
      this.#end(deadlock);
      return;
    }
    this.#findStall(read);
  }

  /** To be called when a resource that has no blocked read may wait for more than before: a search may lead through it. */
  mayWaitForMore({ space, stack, resource }: Party): void {
    const source = this.source(space, stack);
    if (source !== undefined) this.#deadEnds.forget(source, resource);
  }

  /** To be called when a read is no longer blocked. */
  didUnblock(read: BlockedRead): void {
    for (const stall of this.#stalls) {
      if (!stall.cycle.reads.includes(read)) continue;
      this.#drop(stall);
      // The read that closed this circle may have closed another one too. Looked for when all that wakes now has woken.
      if (stall.read !== read) queueMicrotask(() => this.#findStall(stall.read));
    }
  }

  /** To be called when a name has been written, which a read waits for beside others: a circle may have ended by that. */
  didWrite(): void {
    if (this.#stalls.size === 0) return;
    for (const stall of this.#stalls) {
      if (this.#stands(stall.cycle) && !this.#keep(stall.cycle)) continue;
      this.#drop(stall);
      queueMicrotask(() => this.#findStall(stall.read));
    }
  }

  /** See findWantedInCircles. */
  wantedInCircles(parties: readonly Party[]): ReadonlyMap<string, ReadonlySet<string>> {
    return findWantedInCircles(parties, (space, stack) => this.source(space, stack));
  }

  /** The stalls that stand now. */
  get stalls(): readonly WaitCycle[] {
    return [...this.#stalls].map(({ cycle }) => cycle);
  }

  #findStall(read: BlockedRead): void {
    let cycle = this.#findCycle(read, false);
    while (cycle !== undefined && this.#keep(cycle)) cycle = this.#findCycle(read, false);
    if (cycle === undefined || this.stalls.some((told) => haveSameHops(told, cycle))) return;
    this.#didStall(cycle);
    const stall: Stall = {
      read,
      cycle,
      timer: this.#clock.schedule(this.stallTimeoutMs, () => this.#expire(stall), { keepAlive: true }),
    };
    this.#stalls.add(stall);
  }

  #expire(stall: Stall): void {
    if (!this.#stalls.has(stall)) return;
    this.#drop(stall);
    // Another circle that leads through the same read has not stood so long.
    if (this.#stands(stall.cycle) && !this.#keep(stall.cycle)) this.#end(stall.cycle);
    else this.#findStall(stall.read);
  }

  /** Whether one of those that could have written first leaves as it was what is wanted of it. */
  #keep({ links }: WaitCycle): boolean {
    return links.some(({ wanted: { space, stack, resource, attribute }, blocker }) => {
      if (blocker.isNeeded || attribute === undefined) return false;
      return this.source(space, stack)?.keep?.(resource, attribute) === true;
    });
  }

  /** Whether each of its waits is still there: something in it may have been written meanwhile. */
  #stands({ links }: WaitCycle): boolean {
    return links.every(({ wanted, blocker, next }) => {
      const blockers = this.source(wanted.space, wanted.stack)?.blockers(wanted.resource, wanted.attribute) ?? [];
      return blockers.some(
        ({ read, input, missing }) =>
          read === blocker.read && input === blocker.input && missing.some((target) => isSameTarget(target, next)),
      );
    });
  }

  #drop(stall: Stall): void {
    stall.timer.cancel();
    this.#stalls.delete(stall);
  }

  #end(cycle: WaitCycle): void {
    this.#didDeadlock(cycle);
    const error = deadlockError(cycle);
    for (const read of cycle.reads) read.reject(error);
  }

  /**
   * A circle from `read` back to itself: depth first, each name once. What is known to be a dead end can be on none, so the
   * same one is found without going there.
   */
  #findCycle(read: BlockedRead, neededOnly: boolean): WaitCycle | undefined {
    // The read itself is what the resource waits for more: else the search would turn back where it began.
    this.mayWaitForMore(read.reader);
    this.#deadEnds.begin();
    const open: { readonly target: WaitTarget; readonly source: WaitSource; readonly from: Step }[] = [];
    const push = (step: Step): void => {
      for (const target of step.blocker.missing) {
        const source = this.source(target.space, target.stack);
        if (source !== undefined && this.#deadEnds.add(source, target)) open.push({ target, source, from: step });
      }
    };
    const first: Blocker = { input: read.input, missing: read.missing(), isNeeded: true, read };
    push({ target: { ...read.reader, attribute: undefined }, blocker: first, from: undefined });
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const { target, source, from } = next;
      for (const blocker of source.blockers(target.resource, target.attribute)) {
        if (neededOnly && !blocker.isNeeded) continue;
        const step: Step = { target, blocker, from };
        if (blocker.read === read) return describe(step);
        push(step);
      }
    }
    if (!neededOnly) this.#deadEnds.keep();
    return undefined;
  }
}

function haveSameHops(one: WaitCycle, two: WaitCycle): boolean {
  if (one.hops.length !== two.hops.length) return false;
  const hops = new Set(two.hops);
  return one.hops.every((hop) => hops.has(hop));
}

/** A circle longer than this is cut in texts; the whole is in the event. */
const PRINTED_HOPS = 12;

function printHops(hops: readonly string[]): string {
  if (hops.length <= PRINTED_HOPS) return hops.join('; ');
  const left = hops.length - PRINTED_HOPS + 1;
  return [...hops.slice(0, PRINTED_HOPS - 1), `${left} more hops that lead back to the first`].join('; ');
}

/** The error that each read of the circle ends with. */
function deadlockError(cycle: WaitCycle): Deadlock {
  const broken = cycle.broken;
  return new Deadlock({
    what: `Deadlock: ${printHops(cycle.hops)}.`,
    why:
      broken === undefined
        ? 'Each of these waits for the next, so none of them can ever go on.'
        : `The handler of '${broken.writer.resource}' waits before it writes '${broken.attribute}', which it declares to write first.`,
    fix: 'Let one of them write what the other reads before it reads itself.',
  });
}

/** Plain loops: a circle may have as many hops as there are resources. */
function describe(last: Step): WaitCycle {
  const ring: Step[] = [];
  // The first step stands for the read itself, and the last one has come back to it.
  for (let step: Step = last; step.from !== undefined; step = step.from) ring.push(step);
  ring.reverse();
  const hops: string[] = [];
  const reads: BlockedRead[] = [];
  const stacks = new Map<string, Pick<Party, 'space' | 'stack'>>();
  let soft: Step | undefined;
  let before = ring.at(-1) as Step;
  let resourceBefore = printResource(before.target);
  for (const step of ring) {
    const { blocker, target } = step;
    const resource = printResource(target);
    hops.push(`${withInput(resourceBefore, before.blocker)} waits for ${withAttribute(resource, target)}`);
    if (blocker.read !== undefined) reads.push(blocker.read);
    if (!blocker.isNeeded) soft ??= step;
    const isSameStack = target.space === before.target.space && target.stack === before.target.stack;
    if (!isSameStack || stacks.size === 0) {
      stacks.set(stackKey(target.space, target.stack), { space: target.space, stack: target.stack });
    }
    before = step;
    resourceBefore = resource;
  }
  return {
    hops,
    reads,
    broken:
      soft === undefined
        ? undefined
        : { writer: soft.target, attribute: soft.target.attribute ?? 'done', input: soft.blocker.input },
    stacks: [...stacks.values()],
    links: ring.map(({ target, blocker }, index) => ({
      wanted: target,
      blocker,
      next: (ring[(index + 1) % ring.length] as Step).target,
    })),
  };
}

/** `default.app.web.address`; `default.app.web (done)`. */
export function printTarget(target: WaitTarget): string {
  return withAttribute(printResource(target), target);
}

function printResource({ space, stack, resource }: Party): string {
  return printName([space, stack, resource]);
}

function withAttribute(resource: string, { attribute }: WaitTarget): string {
  return attribute === undefined ? `${resource} (done)` : `${resource}.${printName([attribute])}`;
}

function withInput(resource: string, { input }: Blocker): string {
  return input === undefined ? resource : `${resource}.${input}`;
}

function isSameTarget(one: WaitTarget, two: WaitTarget): boolean {
  return (
    one.attribute === two.attribute &&
    one.resource === two.resource &&
    one.stack === two.stack &&
    one.space === two.space
  );
}

function stackKey(space: string, stack: string): string {
  return `${space}\u0000${stack}`;
}
