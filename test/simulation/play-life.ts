import { isHotloomError } from '../../src/errors.ts';
import type { Name } from '../../src/names.ts';
import type { Json } from '../../src/values.ts';
import { forever } from '../scheduler/worlds.ts';
import { foreignReadsOf, type Life, type LifeStep, stackOf, stacksOf } from './life.ts';
import type { Entry } from './log.ts';
import { givenOf, LONG_MS, type ResourceSketch, type StackSketch } from './scenario.ts';
import { type End, type Schedule, Stage } from './stage.ts';

/** How one step of a life went; of steps that began together, when all of them were over. */
export interface StepEnd extends End {
  /** The first entry of the log since it began, and the first after it. */
  readonly from: number;
  readonly until: number;
  /** What exists in the world: by resource of the stack, how many things. */
  readonly things: { readonly [resource: string]: number };
  /** Things that no record of the stack's resources knows. */
  readonly unknown: readonly string[];
  /** The trace of what the stack has read of others, by name. */
  readonly reads: { readonly [name: string]: Json };
  /** The names in it that the engine says are stale. */
  readonly stale: readonly string[];
  /** What those names hold now, and what all that other versions of the stack read of others holds; undefined: no value. */
  readonly held: { readonly [name: string]: Json | undefined };
}

export interface LifePlay {
  readonly life: Life;
  readonly schedule: Schedule;
  readonly log: readonly Entry[];
  readonly steps: readonly StepEnd[];
  /** How many changes were stored. */
  readonly changes: number;
  readonly refusals: readonly Refusal[];
  /** Of the world and the store after the stacks were deleted, and of the engine after it was closed. */
  readonly left: {
    readonly things: readonly string[];
    /** The most often that one attempt was to be removed. */
    readonly removals: number;
    readonly stacks: number;
    readonly timers: number;
    readonly blockedReads: number;
  };
}

/** Whether a stack could not be deleted without force. */
export interface Refusal {
  readonly stack: string;
  readonly isRefused: boolean;
  /** The stacks in whose traces are names of it. */
  readonly readers: readonly string[];
}

/** Plays a life under one schedule. Rejects with SimulationStuck when an action of the engine does not end. */
export function playLife(life: Life, schedule: Schedule): Promise<LifePlay> {
  return new LivedLife(life, schedule).play();
}

class LivedLife {
  readonly #life: Life;
  readonly #schedule: Schedule;
  readonly #stage: Stage;
  readonly #refusals: Refusal[] = [];

  constructor(life: Life, schedule: Schedule) {
    this.#life = life;
    this.#schedule = schedule;
    this.#stage = new Stage(schedule, life.kills, ({ store }, stack, resource) => {
      const { template } = store.findStack('default', stack) ?? {};
      return this.#sketchOf(stack, template?.description as string | undefined, resource);
    });
  }

  async play(): Promise<LifePlay> {
    const stage = this.#stage;
    for (const name of this.#life.outside) this.#writeOutside(name);
    const ends: StepEnd[] = [];
    for (const round of roundsOf(this.#life)) ends.push(...(await this.#round(round)));
    for (const stack of stacksOf(this.#life)) await this.#survive([stack], (each) => this.#delete(each));
    const stacks = stage.store.listStacks().length;
    const left = {
      things: this.#things().map(({ stack, resource }) => `${stack}.${resource}`),
      removals: Math.max(0, ...stage.world.removals.values()),
      stacks,
      ...(await stage.close()),
    };
    const { world, changes } = stage;
    const refusals = this.#refusals;
    return { life: this.#life, schedule: this.#schedule, log: world.log, steps: ends, changes, refusals, left };
  }

  /** What a resource does by the template that its stack has; of one that the template has no more, what it did last. */
  #sketchOf(stack: string, version: string | undefined, resource: string): ResourceSketch | undefined {
    const versions = this.#life.versions.filter(({ name }) => name === stack);
    const current = versions.find((each) => each.version === version);
    for (const each of [...(current === undefined ? [] : [current]), ...versions]) {
      const found = each.resources.find(({ name }) => name === resource);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Steps of several stacks that begin together. */
  async #round(steps: readonly LifeStep[]): Promise<readonly StepEnd[]> {
    const { log } = this.#stage.world;
    const from = log.length;
    const errors = await this.#survive(
      steps,
      (step) => this.#begin(step),
      (step) => this.#goOn(step, from),
    );
    const until = log.length;
    const ends: StepEnd[] = [];
    for (const step of steps) ends.push(await this.#end(step, errors.get(step), from, until));
    return ends;
  }

  async #end(step: LifeStep, error: unknown, from: number, until: number): Promise<StepEnd> {
    const stack = stackOf(this.#life, step);
    const code = isHotloomError(error) ? error : undefined;
    if (error !== undefined && code === undefined) throw error;
    const end = await this.#stage.end(stack, code);
    const tokens = new Set(this.#records(stack).map(({ token }) => token));
    const things = this.#things().filter((thing) => thing.stack === stack);
    const reads = this.#readsOf(stack);
    const names = new Set([...Object.keys(reads), ...foreignNamesOf(this.#life, stack)]);
    return {
      ...end,
      from,
      until,
      things: Object.fromEntries(
        things.map(({ resource }) => [resource, things.filter((thing) => thing.resource === resource).length]),
      ),
      unknown: things.filter(({ token }) => !tokens.has(token)).map(({ resource }) => resource),
      reads,
      stale: names.size === 0 ? [] : await this.#staleReads(stack),
      held: Object.fromEntries([...names].map((name) => [name, this.#heldBy(name)])),
    };
  }

  /**
   * Lets time pass until all of the work is done, with another engine each time that one is killed, which goes on with what
   * was not done; returns how each failed.
   */
  async #survive<T>(
    all: readonly T[],
    begin: (one: T) => Promise<unknown>,
    goOn = begin,
  ): Promise<ReadonlyMap<T, unknown>> {
    const errors = new Map<T, unknown>();
    for (let act = begin; ; act = goOn) {
      const { kills } = this.#stage;
      const open = all.filter((one) => !errors.has(one));
      const work = open.map(async (one) => {
        const error = await settled(act(one));
        if (this.#stage.kills === kills) errors.set(one, error);
      });
      await this.#stage.untilKilled(Promise.all(work));
      if (this.#stage.kills === kills) return errors;
      this.#stage.restart();
      for (const name of this.#life.outside) this.#writeOutside(name);
    }
  }

  async #begin(step: LifeStep): Promise<void> {
    await this.#pass(step.besideMs ?? 0);
    const first = this.#act(step, step.to);
    if (step.superseded === undefined) return first;
    const { afterMs, to } = step.superseded;
    const firstEnd = this.#unlessKilled(first);
    await this.#pass(afterMs);
    const second = await this.#unlessKilled(this.#act(step, to));
    await firstEnd;
    // The first is on its way to be claimed, and cannot be stopped yet.
    if (isHotloomError(second, 'ActionInProgress')) return this.#act(step, to);
    if (second !== undefined) throw second;
  }

  /**
   * What the work of an engine rejected with; undefined when it did not. What a killed engine is told when its store has
   * not answered for long is told to nobody.
   */
  async #unlessKilled(work: Promise<unknown>): Promise<unknown> {
    const { kills } = this.#stage;
    const error = await settled(work);
    return this.#stage.kills === kills ? error : forever();
  }

  async #pass(ms: number): Promise<void> {
    if (ms > 0) await new Promise<void>((resolve) => void this.#stage.engineClock.schedule(ms, resolve));
  }

  async #act({ rollback, cancelMs, timeoutMs }: LifeStep, to: number): Promise<void> {
    const { engine, engineClock, store } = this.#stage;
    const controller = new AbortController();
    const cancel = cancelMs === undefined ? undefined : engineClock.schedule(cancelMs, () => controller.abort());
    const version = this.#life.versions[to] as StackSketch;
    const options = { stack: version.name, ...givenOf(version), rollback, timeoutMs, signal: controller.signal };
    const isNew = store.findStack('default', version.name) === undefined;
    try {
      await (isNew ? engine.create(options) : engine.update(options));
    } finally {
      cancel?.cancel();
    }
  }

  /** By the engine that comes after a killed one: to the end of what was begun, and then what was not. */
  async #goOn(step: LifeStep, from: number): Promise<void> {
    const target = step.superseded?.to ?? step.to;
    const stack = stackOf(this.#life, step);
    if (this.#stage.store.findStack('default', stack) !== undefined) {
      const error = await this.#unlessKilled(this.#stage.engine.resume({ stack, timeoutMs: LONG_MS }));
      if (this.#hasBegun(step, target, from)) {
        if (error !== undefined) throw error;
        return;
      }
    }
    await this.#act({ ...step, cancelMs: undefined }, target);
  }

  /** Whether the stack has had that version as its template since. */
  #hasBegun(step: LifeStep, to: number, from: number): boolean {
    const { name, version } = this.#life.versions[to] as StackSketch;
    const { log } = this.#stage.world;
    // A rollback, too, stores a template: the one that it goes back to.
    const isStored = log
      .slice(from)
      .some(
        (entry) =>
          entry.kind === 'stored' &&
          entry.stack === name &&
          entry.changes.some((change) => change.kind === 'stack' && isStart(change)) &&
          entry.changes.some(
            (change) => change.kind === 'definition' && change.definition.template.description === version,
          ),
      );
    // A create stores its template with the stack.
    const isFirst = this.#life.steps.find((each) => stackOf(this.#life, each) === name) === step;
    const record = this.#stage.store.findStack('default', name);
    return isStored || (isFirst && record?.template.description === version);
  }

  async #delete(stack: string): Promise<void> {
    const { store, engine } = this.#stage;
    if (store.findStack('default', stack)?.status === 'IN_PROGRESS')
      await this.#unlessKilled(engine.resume({ stack, timeoutMs: LONG_MS }));
    if (store.findStack('default', stack) === undefined) return;
    const readers = stacksOf(this.#life).filter(
      (other) => other !== stack && Object.keys(this.#readsOf(other)).some((name) => name.startsWith(`${stack}.`)),
    );
    const error = await this.#unlessKilled(engine.delete({ stack }));
    const isRefused = isHotloomError(error, 'StackInUse');
    this.#refusals.push({ stack, isRefused, readers });
    if (isRefused) await engine.delete({ stack, force: true });
    else if (error !== undefined) throw error;
  }

  #writeOutside(name: string): void {
    this.#stage.world.log.push({ time: this.#stage.clock.now(), kind: 'outside', name });
    void this.#stage.engine.write(tupleOf(name), name);
  }

  #records(stack: string): ReturnType<Stage['store']['resources']> {
    const record = this.#stage.store.findStack('default', stack);
    return record === undefined ? [] : this.#stage.store.resources(record.id);
  }

  #readsOf(stack: string): { readonly [name: string]: Json } {
    const { store } = this.#stage;
    const record = store.findStack('default', stack);
    const reads = record === undefined ? [] : store.reads(record.id);
    return Object.fromEntries(reads.map(({ name, value }) => [printForeign(name), value]));
  }

  async #staleReads(stack: string): Promise<readonly string[]> {
    if (this.#stage.store.findStack('default', stack) === undefined) return [];
    return (await this.#stage.engine.show(stack)).staleReads.map(printForeign);
  }

  #heldBy(name: string): Json | undefined {
    const entry = this.#stage.store.find(tupleOf(name));
    return entry !== undefined && 'value' in entry ? entry.value : undefined;
  }

  #things(): readonly { readonly token: string; readonly stack: string; readonly resource: string }[] {
    return [...this.#stage.world.things].map(([token, { stack, resource }]) => ({ token, stack, resource }));
  }
}

/** The steps that begin together. */
export function roundsOf({ steps }: Life): readonly (readonly LifeStep[])[] {
  const rounds: LifeStep[][] = [];
  for (const step of steps) {
    const last = rounds.at(-1);
    if (step.besideMs === undefined || last === undefined) rounds.push([step]);
    else last.push(step);
  }
  return rounds;
}

/** All names of others that some version of the stack reads, whoever they are of. */
function foreignNamesOf({ versions }: Life, stack: string): readonly string[] {
  return versions.filter(({ name }) => name === stack).flatMap((version) => foreignReadsOf(version));
}

function tupleOf(name: string): Name {
  return ['default', ...name.split('.')] as never;
}

function printForeign(name: Name): string {
  return name.slice(1).join('.');
}

function isStart({ action, status }: { readonly action: string; readonly status: string }): boolean {
  return action === 'UPDATE' && status === 'IN_PROGRESS';
}

/** What it rejected with; undefined when it did not. */
function settled(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error ?? new Error('Rejected with nothing.'),
  );
}
