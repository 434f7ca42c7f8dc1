import type { Timer, TimerOptions } from '../../src/clock.ts';
import type { SimulatedClock } from '../../src/simulated-clock.ts';
import type { Random } from './random.ts';
import type { World, WorldClock } from './world.ts';

/**
 * The clock of one engine. What is due at one instant comes in an order from the seed, and sometimes several in one turn
 * of the event loop; without `random` in the order of scheduling, each in a turn of its own. Ends with its engine.
 */
export class EngineClock implements WorldClock {
  readonly world: World;
  readonly #clock: SimulatedClock;
  readonly #random: Random | undefined;
  readonly #due = new Map<number, Due>();
  #isAlive = true;

  constructor(clock: SimulatedClock, world: World, random: Random | undefined) {
    this.#clock = clock;
    this.world = world;
    this.#random = random;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  get pendingTimers(): number {
    let count = 0;
    for (const { timers } of this.#due.values()) count += timers.size;
    return count;
  }

  now(): number {
    return this.#clock.now();
  }

  schedule(delayMs: number, run: () => void, options: TimerOptions = {}): Timer {
    const time = this.now() + Math.max(delayMs, 0);
    const due = this.#dueAt(time, options.repeats === true);
    const timer = (): void => run();
    due.timers.add(timer);
    return {
      cancel: () => {
        due.timers.delete(timer);
        if (due.timers.size > 0 || this.#due.get(time) !== due) return;
        due.underlying.cancel();
        this.#due.delete(time);
      },
    };
  }

  /** The engine is no more: nothing that it waits for comes. */
  kill(): void {
    this.#isAlive = false;
    for (const { underlying } of this.#due.values()) underlying.cancel();
    this.#due.clear();
  }

  #dueAt(time: number, repeats: boolean): Due {
    const due = this.#due.get(time);
    if (due !== undefined && (repeats || !due.repeats)) return due;
    const underlying = this.#clock.schedule(time - this.now(), () => this.#fire(time), { repeats });
    if (due !== undefined) {
      due.underlying.cancel();
      return Object.assign(due, { repeats, underlying });
    }
    const fresh = { timers: new Set<() => void>(), repeats, underlying };
    this.#due.set(time, fresh);
    return fresh;
  }

  #fire(time: number): void {
    const due = this.#due.get(time);
    if (due === undefined) return;
    do {
      const timers = [...due.timers];
      const timer = timers[this.#random?.below(timers.length) ?? 0];
      if (timer === undefined) break;
      due.timers.delete(timer);
      timer();
    } while (this.#isAlive && this.#random?.chance(0.5) === true);
    if (!this.#isAlive || due.timers.size === 0) this.#due.delete(time);
    else due.underlying = this.#clock.schedule(0, () => this.#fire(time), { repeats: due.repeats });
  }
}

/** What is due at one instant. `repeats`: each of it does. `underlying`: the simulated clock's timer for all of it. */
interface Due {
  readonly timers: Set<() => void>;
  repeats: boolean;
  underlying: Timer;
}
