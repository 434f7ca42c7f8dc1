import { Engine } from '../../src/engine.ts';
import type { HotloomError } from '../../src/errors.ts';
import { SimulatedClock, seededRandomness } from '../../src/simulated-clock.ts';
import type { MemoryStore } from '../../src/store/memory-store.ts';
import type { Json } from '../../src/values.ts';
import { EngineClock } from './engine-clock.ts';
import { Random } from './random.ts';
import { GRACE_MS, type Kill, type ResourceSketch, STALL_MS } from './scenario.ts';
import { SimulatedSpace } from './simulated-space.ts';
import { SimulatedStore } from './simulated-store.ts';
import { simulatedTypes, World } from './world.ts';

/** In which of all possible orders a scenario is played, and on what. */
export interface Schedule {
  readonly seed: number;
  readonly concurrency: number;
  /** False: first come, first served, and everything takes exactly the time that the scenario says. */
  readonly isShuffled: boolean;
  readonly hasSlowStore: boolean;
  readonly hasSlowSpace: boolean;
}

/** How long a slow store or space takes at most. */
export const LONGEST_DELAY_MS = 3;

/** So many schedules of a scenario; the first is the plain one. */
export function schedulesOf(seed: number, count: number): readonly Schedule[] {
  return Array.from({ length: count }, (_, index) => {
    if (index === 0) return plainSchedule(seed);
    const random = new Random(seed * 31 + index);
    return {
      seed: seed * 31 + index,
      concurrency: random.pick([1, 1, 2, 3, Number.POSITIVE_INFINITY]),
      isShuffled: random.chance(0.9),
      hasSlowStore: random.chance(0.35),
      hasSlowSpace: random.chance(0.35),
    };
  });
}

function plainSchedule(seed: number): Schedule {
  return { seed, concurrency: Number.POSITIVE_INFINITY, isShuffled: false, hasSlowStore: false, hasSlowSpace: false };
}

/** How an action on a stack ended, and how the stack stands then. */
export interface End {
  /** The code of the error it was refused or failed with; undefined when it is complete. */
  readonly code: string | undefined;
  /** The codes of a template's problems. */
  readonly problems: readonly string[];
  /** Undefined when the stack was not made at all. */
  readonly state: string | undefined;
  /** By output: its value, or undefined when it could not be resolved. */
  readonly outputs: { readonly [output: string]: Json | undefined };
  /** By resource. */
  readonly resources: { readonly [resource: string]: string };
  /** What is stored, by `resource.attribute`. */
  readonly values: { readonly [name: string]: Json };
}

/** What a scenario is played on: the world outside, the store in it, and one engine after the other. */
export class Stage {
  readonly clock = new SimulatedClock();
  readonly world: World;
  readonly #store: SimulatedStore;
  readonly #schedule: Schedule;
  readonly #random: Random;
  #engineClock: EngineClock;
  #space: SimulatedSpace;
  #engine: Engine;
  #didKill: () => void = () => {};
  #killed = new Promise<void>(() => {});
  #kills = 0;

  constructor(
    schedule: Schedule,
    kills: readonly Kill[],
    sketchOf: (stage: Stage, stack: string, resource: string) => ResourceSketch | undefined,
  ) {
    this.#schedule = schedule;
    this.#random = new Random(schedule.seed);
    this.world = new World(
      (stack, resource) => sketchOf(this, stack, resource),
      () => this.clock.now(),
      (ms) => this.#stretch(ms),
    );
    this.#store = new SimulatedStore({
      delay: schedule.hasSlowStore ? () => this.#delay() : undefined,
      kills,
      didStore: (stack, changes) => this.world.log.push({ time: this.clock.now(), kind: 'stored', stack, changes }),
      didKill: () => this.#kill(),
    });
    [this.#engineClock, this.#space, this.#engine] = this.#newEngine();
  }

  /** What is stored. */
  get store(): MemoryStore {
    return this.#store.contents;
  }

  /** How many changes engines have wanted to store. */
  get changes(): number {
    return this.#store.changes;
  }

  get engine(): Engine {
    return this.#engine;
  }

  /** The clock of the present engine, which ends with it. */
  get engineClock(): EngineClock {
    return this.#engineClock;
  }

  /** How often an engine has been killed. */
  get kills(): number {
    return this.#kills;
  }

  /** Lets time pass until the work is done, or the engine has been killed. */
  async untilKilled(work: Promise<unknown>): Promise<void> {
    await this.clock.run(Promise.race([work, this.#killed]));
  }

  /** How a stack stands after an action that ended so. */
  async end(name: string, error: HotloomError | undefined): Promise<End> {
    const problems = (error as { problems?: readonly HotloomError[] } | undefined)?.problems ?? [];
    const record = this.store.findStack('default', name);
    const end = { code: error?.code, problems: problems.map(({ code }) => code) };
    if (record === undefined) return { ...end, state: undefined, outputs: {}, resources: {}, values: {} };
    const { state, outputs, outputErrors } = await this.#engine.show(name);
    const known = Object.entries(outputs).map(([output, value]) => [
      output,
      Object.hasOwn(outputErrors, output) ? undefined : value,
    ]);
    const resources = this.store
      .resources(record.id)
      .map((resource) => [resource.name, `${resource.action}_${resource.status}`]);
    const values = this.store
      .values(record.id)
      .filter(({ resource, attribute }) => attribute !== 'refid' && this.world.has(name, resource))
      .map(({ resource, attribute, value }) => [`${resource}.${attribute}`, value] as const);
    return {
      ...end,
      state,
      outputs: Object.fromEntries(known),
      resources: sorted(resources as [string, string][]),
      values: sorted(values),
    };
  }

  /** Another engine on the same store. */
  restart(): void {
    [this.#engineClock, this.#space, this.#engine] = this.#newEngine();
  }

  /** What the engine has left behind when it is closed. */
  async close(): Promise<{ readonly timers: number; readonly blockedReads: number }> {
    const blockedReads = this.#space.blockedReads;
    await this.clock.run(this.#engine.close());
    // What handlers that were given up still wait for.
    await this.clock.advance(GRACE_MS + 100);
    return { timers: this.#engineClock.pendingTimers, blockedReads };
  }

  #newEngine(): [EngineClock, SimulatedSpace, Engine] {
    this.#killed = new Promise((resolve) => {
      this.#didKill = resolve;
    });
    const { seed, concurrency, isShuffled, hasSlowSpace } = this.#schedule;
    const random = isShuffled ? this.#random : undefined;
    const clock = new EngineClock(this.clock, this.world, random);
    const space = new SimulatedSpace({
      delay: hasSlowSpace ? () => this.#delay() : undefined,
      didArrive: (name, isFailure) => {
        if (clock.isAlive) this.world.log.push({ time: this.clock.now(), kind: 'arrived', name, isFailure });
      },
    });
    const engine = new Engine({
      types: simulatedTypes,
      store: this.#store.store,
      space,
      clock,
      randomness: seededRandomness(seed + this.#kills),
      concurrency,
      stallTimeoutMs: STALL_MS,
      cancelGraceMs: GRACE_MS,
      actor: 'simulation',
      ...(random === undefined ? {} : { readyOrder: (count) => random.below(count) }),
    });
    engine.onEvent((event) => {
      if (clock.isAlive) this.world.log.push({ time: this.clock.now(), kind: 'told', event });
    });
    return [clock, space, engine];
  }

  #kill(): void {
    this.world.log.push({ time: this.clock.now(), kind: 'killed' });
    this.#kills += 1;
    this.#engineClock.kill();
    this.#didKill();
  }

  #delay(): Promise<void> {
    return new Promise((resolve) => void this.#engineClock.schedule(this.#random.below(LONGEST_DELAY_MS + 1), resolve));
  }

  #stretch(ms: number): number {
    return !this.#schedule.isShuffled || this.#random.chance(0.5) ? ms : ms + this.#random.below(30);
  }
}

function sorted<T>(entries: readonly (readonly [string, T])[]): { readonly [name: string]: T } {
  return Object.fromEntries([...entries].sort(([left], [right]) => (left < right ? -1 : 1)));
}
