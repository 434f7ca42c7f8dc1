import { getEventListeners } from 'node:events';
import { isHotloomError } from '../../src/errors.ts';
import type { Entry } from './log.ts';
import { givenOf, type Scenario, type StackSketch } from './scenario.ts';
import { type End, type Schedule, Stage } from './stage.ts';

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

/** Plays a scenario under one schedule. Rejects with SimulationStuck when an action of the engine does not end. */
export function play(scenario: Scenario, schedule: Schedule): Promise<Play> {
  return new ScenarioPlay(scenario, schedule).play();
}

class ScenarioPlay {
  readonly #scenario: Scenario;
  readonly #schedule: Schedule;
  readonly #stage: Stage;
  #listeners = 0;

  constructor(scenario: Scenario, schedule: Schedule) {
    this.#scenario = scenario;
    this.#schedule = schedule;
    const sketches = new Map(
      scenario.stacks.flatMap(({ name, resources }) =>
        resources.map((resource) => [`${name}.${resource.name}`, resource] as const),
      ),
    );
    const kills = scenario.kill === undefined ? [] : [scenario.kill];
    this.#stage = new Stage(schedule, kills, (_, stack, resource) => sketches.get(`${stack}.${resource}`));
  }

  async play(): Promise<Play> {
    const { stacks, outside } = this.#scenario;
    const stage = this.#stage;
    const outsideTimers = outside.map(({ name, atMs }) => stage.clock.schedule(atMs, () => this.#writeOutside(name)));
    const created = Promise.all(stacks.map((stack) => this.#create(stack)));
    await stage.untilKilled(created);
    const createdMs = stage.clock.now();
    const wasKilled = stage.kills > 0;
    const ends = wasKilled ? {} : Object.fromEntries(await created);
    const unnoticed = wasKilled ? await this.#restart() : [];
    let undeleted = await this.#deleteAll();
    if (undeleted === undefined) {
      unnoticed.push(...(await this.#restart()));
      undeleted = await this.#deleteAll();
    }
    for (const timer of outsideTimers) timer.cancel();
    const left: Leftovers = {
      ...(await stage.close()),
      listeners: this.#listeners,
      things: [...stage.world.things.values()].map(({ stack, resource }) => `${stack}.${resource}`),
      unnoticed,
      undeleted: undeleted ?? ['The engine was killed twice.'],
    };
    return {
      scenario: this.#scenario,
      schedule: this.#schedule,
      log: stage.world.log,
      wasKilled: stage.kills > 0,
      ends,
      createdMs,
      left,
    };
  }

  #writeOutside(name: string): void {
    this.#stage.world.log.push({ time: this.#stage.clock.now(), kind: 'outside', name });
    void this.#stage.engine.write(['default', ...name.split('.')] as never, name);
  }

  async #create(stack: StackSketch): Promise<[stack: string, end: End]> {
    const { name, startMs, cancelMs, timeoutMs, rollback } = stack;
    if (startMs > 0) await new Promise<void>((resolve) => void this.#stage.engineClock.schedule(startMs, resolve));
    const controller = new AbortController();
    const cancel =
      cancelMs === undefined ? undefined : this.#stage.engineClock.schedule(cancelMs, () => controller.abort());
    const { signal } = controller;
    const error = await this.#stage.engine.create({ stack: name, ...givenOf(stack), rollback, timeoutMs, signal }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (error !== undefined && !isHotloomError(error)) throw error;
    cancel?.cancel();
    this.#listeners += getEventListeners(signal, 'abort').length;
    return [name, await this.#stage.end(name, error)];
  }

  /** The errors; undefined when the engine was killed meanwhile. */
  async #deleteAll(): Promise<string[] | undefined> {
    const { store, engine, kills } = this.#stage;
    const names = store.listStacks().map(({ name }) => name);
    const deleted = Promise.allSettled(names.map((stack) => engine.delete({ stack, force: true })));
    await this.#stage.untilKilled(deleted);
    if (this.#stage.kills > kills) return undefined;
    return (await deleted).flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : []));
  }

  /** Another engine; returns the stacks of the dead one that it does not see to be interrupted. */
  async #restart(): Promise<string[]> {
    this.#stage.restart();
    const stacks = await this.#stage.engine.list();
    return stacks
      .filter(({ status, isInterrupted }) => status === 'IN_PROGRESS' && !isInterrupted)
      .map(({ name }) => name);
  }
}
