import type { Timer } from '../../src/clock.ts';
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
  readonly #due = new Map<number, Set<() => void>>();
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
    for (const due of this.#due.values()) count += due.size;
    return count;
  }

  now(): number {
    return this.#clock.now();
  }

  schedule(delayMs: number, run: () => void): Timer {
    const time = this.now() + Math.max(delayMs, 0);
    const due = this.#due.get(time);
    const timer = (): void => run();
    if (due !== undefined) due.add(timer);
    else {
      this.#due.set(time, new Set([timer]));
      this.#clock.schedule(delayMs, () => this.#fire(time));
    }
    return { cancel: () => void this.#due.get(time)?.delete(timer) };
  }

  /** The engine is no more: nothing that it waits for comes. */
  kill(): void {
    this.#isAlive = false;
    this.#due.clear();
  }

  #fire(time: number): void {
    const due = this.#due.get(time);
    if (due === undefined) return;
    do {
      const timers = [...due];
      const timer = timers[this.#random?.below(timers.length) ?? 0];
      if (timer === undefined) break;
      due.delete(timer);
      timer();
    } while (this.#isAlive && this.#random?.chance(0.5) === true);
    if (!this.#isAlive || due.size === 0) this.#due.delete(time);
    else this.#clock.schedule(0, () => this.#fire(time));
  }
}
