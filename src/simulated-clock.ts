import type { Clock, Randomness, Timer, TimerOptions } from './clock.ts';
import { SimulationStuck } from './errors.ts';

/** More timers than this in one call are taken for a run that does not end. */
const MAX_TIMERS = 1_000_000;

/** So many in a row that keep nothing alive, with none to come that does, are taken for the housekeeping of who waits in vain. */
const MAX_BACKGROUND_TIMERS = 100_000;

/** So many in a row that only repeat themselves, with no other timer to come, have seen all that there is to see. */
const MAX_REPEATED_TIMERS = 500;

/**
 * A clock whose time passes only when nothing is left to do at the present moment: a whole run takes no real time, and
 * takes the same steps each time. Timers fire by their time, then in the order in which they were scheduled.
 *
 * For work inside the process: memory, a store that answers at once, files. A child process or a socket takes real time,
 * of which this clock knows nothing.
 */
export class SimulatedClock implements Clock {
  #now: number;
  #scheduled = 0;
  readonly #timers = new TimerHeap();

  /** `startMs` is what `now()` tells at first; default 0. */
  constructor(startMs = 0) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  schedule(delayMs: number, run: () => void, { keepAlive = false, repeats = false }: TimerOptions = {}): Timer {
    this.#scheduled += 1;
    const time = this.#now + Math.max(delayMs, 0);
    const timer: ScheduledTimer = { time, order: this.#scheduled, run, keepAlive, repeats, isCancelled: false };
    this.#timers.push(timer);
    return {
      cancel: () => {
        timer.isCancelled = true;
      },
    };
  }

  /** How many timers have not fired and were not cancelled. */
  get pendingTimers(): number {
    return this.#timers.count((timer) => !timer.isCancelled);
  }

  /** Lets `ms` pass, firing each timer at its time; resolves when all that they led to at those times is done. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await this.#play(() => false, end);
    this.#now = end;
  }

  /**
   * Lets time pass until `work` settles, and returns its outcome. Throws SimulationStuck when it cannot settle any more
   * because neither work nor a timer is left, or only timers that repeat themselves (an engine renews its claim by such, and
   * asks its store for news), or only such without `keepAlive` that schedule the next one; and after a million timers.
   */
  async run<T>(work: Promise<T>): Promise<T> {
    let isSettled = false;
    const settle = (): void => {
      isSettled = true;
    };
    work.then(settle, settle);
    await this.#play(() => isSettled, Number.POSITIVE_INFINITY, true);
    if (isSettled) return work;
    throw new SimulationStuck({
      what: `The promise cannot settle: at ${this.#now} ms nothing is left to do, and no timer is scheduled.`,
      why: 'Somebody waits for what nobody does, or for real time: a child process, a socket.',
      fix: 'Look for the blocked read (stack.waiting()), or run this test on the system clock.',
    });
  }

  /** Lets time pass until no timer is left. Throws SimulationStuck after a million timers. */
  runUntilIdle(): Promise<void> {
    return this.#play(() => false, Number.POSITIVE_INFINITY);
  }

  async #play(isDone: () => boolean, end: number, isWaiting = false): Promise<void> {
    let [inBackground, repeated] = [0, 0];
    for (let fired = 0; fired < MAX_TIMERS; fired += 1) {
      // Not what another call has fired since: that has to come to its end first.
      let seen: number;
      do {
        seen = firedOfAll;
        await drainEventLoop();
      } while (seen !== firedOfAll);
      const timer = isDone() ? undefined : this.#timers.popUntil(end);
      if (timer === undefined) return;
      this.#now = timer.time;
      firedOfAll += 1;
      timer.run();
      if (!isWaiting) continue;
      repeated = timer.repeats ? repeated + 1 : 0;
      if (repeated === MAX_REPEATED_TIMERS) {
        if (!this.#awaits(({ repeats }) => !repeats)) throw onlyRepeated(this.#now);
        repeated = 0;
      }
      inBackground = timer.keepAlive ? 0 : inBackground + 1;
      if (inBackground === MAX_BACKGROUND_TIMERS) {
        if (!this.#awaits(({ keepAlive }) => keepAlive)) throw onlyBackground(this.#now);
        inBackground = 0;
      }
    }
    throw new SimulationStuck({
      what: `The run does not end: ${MAX_TIMERS} timers have fired, and it is ${this.#now} ms.`,
      why: 'A timer that schedules the next one keeps it going.',
      fix: 'Use advance(ms), or stop what repeats.',
    });
  }

  #awaits(matches: (timer: ScheduledTimer) => boolean): boolean {
    return this.#timers.count((timer) => !timer.isCancelled && matches(timer)) > 0;
  }
}

/**
 * Randomness from a seed: the same seed gives the same bytes and UUIDs in the same order. Not for secrets. The generator
 * is sfc32 of PractRand (Doty-Humphrey), whose state is the seed after 12 rounds of mixing.
 */
export function seededRandomness(seed: number): Randomness {
  let [a, b, c, counter] = [0, seed | 0, Math.floor(seed / 2 ** 32) | 0, 1];
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let round = 0; round < 12; round += 1) next();
  const bytes = (size: number): Uint8Array => {
    const drawn = new Uint8Array(size);
    for (let index = 0; index < size; index += 1) drawn[index] = next() >>> 24;
    return drawn;
  };
  const uuid = (): string => {
    let digits = '';
    for (let index = 0; index < 16; index += 1) digits += (0x100 | (next() >>> 24)).toString(16).slice(1);
    // Version 4 and variant 10, RFC 9562 section 5.4.
    const variant = ((Number.parseInt(digits[16] as string, 16) & 3) | 8).toString(16);
    const groups = `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}`;
    return `${groups}-${variant}${digits.slice(17, 20)}-${digits.slice(20)}`;
  };
  return { uuid, bytes };
}

/** How many timers have fired, of all clocks. */
let firedOfAll = 0;

let draining: Promise<void> | undefined;

/**
 * Resolves when no microtask, immediate or file operation is under way. Node tells what is active; what a handle such as
 * a socket waits for does not count, since that may never come. All who wait for that wait together: two, each with an
 * immediate of its own, would keep each other waiting for ever.
 */
function drainEventLoop(): Promise<void> {
  draining ??= drain();
  return draining;
}

async function drain(): Promise<void> {
  do await new Promise<void>((resolve) => setImmediate(resolve));
  while (process.getActiveResourcesInfo().some((resource) => UNDER_WAY.has(resource)));
  // Who comes from here on begins anew: what it waits for may have begun after the last look.
  draining = undefined;
}

function onlyRepeated(now: number): SimulationStuck {
  return new SimulationStuck({
    what: `The promise cannot settle: by ${now} ms only timers that repeat themselves have fired, ${MAX_REPEATED_TIMERS} in a row.`,
    why: 'Somebody waits for what nobody does: for a name, say, that no stack declares and nobody outside writes.',
    fix: 'Look for the blocked read (stack.waiting()), or write the name.',
  });
}

function onlyBackground(now: number): SimulationStuck {
  return new SimulationStuck({
    what: `The promise cannot settle: by ${now} ms only timers that keep nothing alive have fired, ${MAX_BACKGROUND_TIMERS} in a row.`,
    why: 'Somebody waits for what nobody does; an engine that renews its claim, say, goes on meanwhile.',
    fix: 'Look for the blocked read (stack.waiting()), or schedule what is waited for with keepAlive.',
  });
}

/** Node's names for work that ends by itself and soon. */
const UNDER_WAY: ReadonlySet<string> = new Set(['Immediate', 'FSReqPromise', 'FSReqCallback', 'CloseReq']);

interface ScheduledTimer {
  readonly time: number;
  readonly order: number;
  readonly run: () => void;
  readonly keepAlive: boolean;
  readonly repeats: boolean;
  isCancelled: boolean;
}

/** A binary heap, the next timer first. */
class TimerHeap {
  readonly #heap: ScheduledTimer[] = [];

  count(matches: (timer: ScheduledTimer) => boolean): number {
    return this.#heap.filter(matches).length;
  }

  push(timer: ScheduledTimer): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(timer, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = timer;
  }

  /** Takes out the next timer that is not cancelled, if its time is at most `end`. */
  popUntil(end: number): ScheduledTimer | undefined {
    for (let next = this.#heap[0]; next !== undefined; next = this.#heap[0]) {
      if (!next.isCancelled && next.time > end) return undefined;
      this.#pop();
      if (!next.isCancelled) return next;
    }
    return undefined;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: ScheduledTimer, b: ScheduledTimer): boolean {
  return a.time < b.time || (a.time === b.time && a.order < b.order);
}
