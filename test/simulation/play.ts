import { getEventListeners } from 'node:events';
import { Engine } from '../../src/engine.ts';
import { type HotloomError, isHotloomError } from '../../src/errors.ts';
import { SimulatedClock, seededRandomness } from '../../src/simulated-clock.ts';
import type { Json } from '../../src/values.ts';
import { EngineClock } from './engine-clock.ts';
import type { Entry } from './log.ts';
import { Random } from './random.ts';
import { GRACE_MS, type Scenario, STALL_MS, type StackSketch, templateOf } from './scenario.ts';
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

/** How a stack's create ended. */
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

/** A scenario played to its end: every stack created, well or not, and deleted again. */
export interface Play {
  readonly scenario: Scenario;
  readonly schedule: Schedule;
  readonly log: readonly Entry[];
  readonly wasKilled: boolean;
  /** By stack; empty after a kill. */
  readonly ends: { readonly [stack: string]: End };
  /** When the last create had ended (ms). */
  readonly createdMs: number;
  readonly left: Leftovers;
}

/** What there is after everything has been deleted and the engine closed. */
export interface Leftovers {
  readonly timers: number;
  readonly blockedReads: number;
  readonly listeners: number;
  /** `stack.resource` of things that exist in the world. */
  readonly things: readonly string[];
  /** Stacks of a killed engine that are not said to be interrupted. */
  readonly unnoticed: readonly string[];
  /** Why stacks could not be deleted. */
  readonly undeleted: readonly string[];
}

/** So many schedules of a scenario; the first is the plain one. */
export function schedulesOf(seed: number, count: number): readonly Schedule[] {
  return Array.from({ length: count }, (_, index) => {
    if (index === 0) {
      return {
        seed,
        concurrency: Number.POSITIVE_INFINITY,
        isShuffled: false,
        hasSlowStore: false,
        hasSlowSpace: false,
      };
    }
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

/** Plays a scenario under one schedule. Rejects with SimulationStuck when an action of the engine does not end. */
export function play(scenario: Scenario, schedule: Schedule): Promise<Play> {
  return new Stage(scenario, schedule).play();
}

class Stage {
  readonly #scenario: Scenario;
  readonly #schedule: Schedule;
  readonly #clock = new SimulatedClock();
  readonly #random: Random;
  readonly #world: World;
  readonly #store: SimulatedStore;
  #engineClock: EngineClock;
  #space: SimulatedSpace;
  #engine: Engine;
  #didKill: () => void = () => {};
  readonly #killed: Promise<void>;
  #wasKilled = false;
  #listeners = 0;

  constructor(scenario: Scenario, schedule: Schedule) {
    this.#scenario = scenario;
    this.#schedule = schedule;
    this.#random = new Random(schedule.seed);
    this.#world = new World(
      scenario,
      () => this.#clock.now(),
      (ms) => this.#stretch(ms),
    );
    this.#killed = new Promise((resolve) => {
      this.#didKill = resolve;
    });
    this.#store = new SimulatedStore({
      delay: schedule.hasSlowStore ? () => this.#delay() : undefined,
      kill: scenario.kill,
      didStore: (stack, changes) => this.#world.log.push({ time: this.#clock.now(), kind: 'stored', stack, changes }),
      didKill: () => this.#kill(),
    });
    [this.#engineClock, this.#space, this.#engine] = this.#newEngine();
  }

  async play(): Promise<Play> {
    const { stacks, outside } = this.#scenario;
    const outsideTimers = outside.map(({ name, atMs }) => this.#clock.schedule(atMs, () => this.#writeOutside(name)));
    const created = Promise.all(stacks.map((stack) => this.#create(stack)));
    await this.#untilKilled(created);
    const createdMs = this.#clock.now();
    const ends = this.#wasKilled ? {} : Object.fromEntries(await created);
    const unnoticed = this.#wasKilled ? await this.#restart() : [];
    let undeleted = await this.#deleteAll();
    if (undeleted === undefined) {
      unnoticed.push(...(await this.#restart()));
      undeleted = await this.#deleteAll();
    }
    for (const timer of outsideTimers) timer.cancel();
    const blockedReads = this.#space.blockedReads;
    await this.#clock.run(this.#engine.close());
    // What handlers that were given up still wait for.
    await this.#clock.advance(GRACE_MS + 100);
    const left: Leftovers = {
      timers: this.#engineClock.pendingTimers,
      blockedReads,
      listeners: this.#listeners,
      things: [...this.#world.things.values()].map(({ stack, resource }) => `${stack}.${resource}`),
      unnoticed,
      undeleted: undeleted ?? ['The engine was killed twice.'],
    };
    return {
      scenario: this.#scenario,
      schedule: this.#schedule,
      log: this.#world.log,
      wasKilled: this.#wasKilled,
      ends,
      createdMs,
      left,
    };
  }

  #newEngine(): [EngineClock, SimulatedSpace, Engine] {
    const { seed, concurrency, isShuffled, hasSlowSpace } = this.#schedule;
    const random = isShuffled ? this.#random : undefined;
    const clock = new EngineClock(this.#clock, this.#world, random);
    const space = new SimulatedSpace({
      delay: hasSlowSpace ? () => this.#delay() : undefined,
      didArrive: (name, isFailure) => {
        if (clock.isAlive) this.#world.log.push({ time: this.#clock.now(), kind: 'arrived', name, isFailure });
      },
    });
    const engine = new Engine({
      types: simulatedTypes,
      store: this.#store,
      space,
      clock,
      randomness: seededRandomness(seed + (this.#wasKilled ? 1 : 0)),
      concurrency,
      stallTimeoutMs: STALL_MS,
      cancelGraceMs: GRACE_MS,
      ...(random === undefined ? {} : { readyOrder: (count) => random.below(count) }),
    });
    engine.onEvent((event) => {
      if (clock.isAlive) this.#world.log.push({ time: this.#clock.now(), kind: 'told', event });
    });
    return [clock, space, engine];
  }

  #writeOutside(name: string): void {
    this.#world.log.push({ time: this.#clock.now(), kind: 'outside', name });
    void this.#engine.write(['default', ...name.split('.')] as never, name);
  }

  async #create(stack: StackSketch): Promise<[stack: string, end: End]> {
    const { name, startMs, cancelMs, timeoutMs, rollback } = stack;
    if (startMs > 0) await new Promise<void>((resolve) => void this.#engineClock.schedule(startMs, resolve));
    const controller = new AbortController();
    const cancel = cancelMs === undefined ? undefined : this.#engineClock.schedule(cancelMs, () => controller.abort());
    const { signal } = controller;
    const error = await this.#engine
      .create({ stack: name, template: templateOf(stack), rollback, timeoutMs, signal })
      .then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
    if (error !== undefined && !isHotloomError(error)) throw error;
    cancel?.cancel();
    this.#listeners += getEventListeners(signal, 'abort').length;
    return [name, await this.#end(name, error)];
  }

  async #end(name: string, error: HotloomError | undefined): Promise<End> {
    const problems = (error as { problems?: readonly HotloomError[] } | undefined)?.problems ?? [];
    const record = this.#store.findStack('default', name);
    const end = { code: error?.code, problems: problems.map(({ code }) => code) };
    if (record === undefined) return { ...end, state: undefined, outputs: {}, resources: {}, values: {} };
    const { state, outputs, outputErrors } = await this.#engine.show(name);
    const known = Object.entries(outputs).map(([output, value]) => [
      output,
      Object.hasOwn(outputErrors, output) ? undefined : value,
    ]);
    const resources = this.#store
      .resources(record.id)
      .map((resource) => [resource.name, `${resource.action}_${resource.status}`]);
    const values = this.#store
      .values(record.id)
      .filter(({ resource, attribute }) => attribute !== 'refid' && this.#world.has(name, resource))
      .map(({ resource, attribute, value }) => [`${resource}.${attribute}`, value] as const);
    return {
      ...end,
      state,
      outputs: Object.fromEntries(known),
      resources: sorted(resources as [string, string][]),
      values: sorted(values),
    };
  }

  /** The errors; undefined when the engine was killed meanwhile. */
  async #deleteAll(): Promise<string[] | undefined> {
    const wasKilled = this.#wasKilled;
    const names = this.#store.listStacks().map(({ name }) => name);
    const deleted = Promise.allSettled(names.map((stack) => this.#engine.delete({ stack, force: true })));
    await this.#untilKilled(deleted, wasKilled);
    if (this.#wasKilled && !wasKilled) return undefined;
    return (await deleted).flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : []));
  }

  async #untilKilled(work: Promise<unknown>, wasKilled = false): Promise<void> {
    await this.#clock.run(wasKilled ? work : Promise.race([work, this.#killed]));
  }

  #kill(): void {
    this.#world.log.push({ time: this.#clock.now(), kind: 'killed' });
    this.#wasKilled = true;
    this.#engineClock.kill();
    this.#didKill();
  }

  /** Another engine on the same store; returns the stacks of the dead one that it does not see to be interrupted. */
  async #restart(): Promise<string[]> {
    [this.#engineClock, this.#space, this.#engine] = this.#newEngine();
    const stacks = await this.#engine.list();
    return stacks
      .filter(({ status, isInterrupted }) => status === 'IN_PROGRESS' && !isInterrupted)
      .map(({ name }) => name);
  }

  #delay(): Promise<void> {
    return new Promise((resolve) => void this.#engineClock.schedule(this.#random.below(4), resolve));
  }

  #stretch(ms: number): number {
    return !this.#schedule.isShuffled || this.#random.chance(0.5) ? ms : ms + this.#random.below(30);
  }
}

function sorted<T>(entries: readonly (readonly [string, T])[]): { readonly [name: string]: T } {
  return Object.fromEntries([...entries].sort(([left], [right]) => (left < right ? -1 : 1)));
}
