import { isHotloomError } from '../../src/errors.ts';
import { forever } from '../scheduler/worlds.ts';
import { type Life, type LifeStep, STACK } from './life.ts';
import type { Entry } from './log.ts';
import { filesOf, type ResourceSketch, type StackSketch, templateOf } from './scenario.ts';
import { type End, type Schedule, Stage } from './stage.ts';

/** How one step of a life went. */
export interface StepEnd extends End {
  /** The step's first entry in the log. */
  readonly from: number;
  /** What exists in the world when it is over: by resource, how many things. */
  readonly things: { readonly [resource: string]: number };
  /** Things that no record of the stack's resources knows. */
  readonly unknown: readonly string[];
}

export interface LifePlay {
  readonly life: Life;
  readonly schedule: Schedule;
  readonly log: readonly Entry[];
  readonly steps: readonly StepEnd[];
  /** How many changes were stored. */
  readonly changes: number;
  /** Of the world and the store after the stack was deleted, and of the engine after it was closed. */
  readonly left: {
    readonly things: readonly string[];
    /** The most often that one attempt was to be removed. */
    readonly removals: number;
    readonly stacks: number;
    readonly timers: number;
    readonly blockedReads: number;
  };
}

/** Plays a life under one schedule. Rejects with SimulationStuck when an action of the engine does not end. */
export function playLife(life: Life, schedule: Schedule): Promise<LifePlay> {
  return new LivedLife(life, schedule).play();
}

class LivedLife {
  readonly #life: Life;
  readonly #schedule: Schedule;
  readonly #stage: Stage;

  constructor(life: Life, schedule: Schedule) {
    this.#life = life;
    this.#schedule = schedule;
    this.#stage = new Stage(schedule, life.kills, ({ store }, stack, resource) => {
      const { template } = store.findStack('default', stack) ?? {};
      return this.#sketchOf(template?.description as string | undefined, resource);
    });
  }

  async play(): Promise<LifePlay> {
    const { steps, outside } = this.#life;
    const stage = this.#stage;
    for (const name of outside) this.#writeOutside(name);
    const ends: StepEnd[] = [];
    for (const step of steps) ends.push(await this.#step(step));
    await this.#survive(
      () => this.#delete(),
      () => this.#delete(),
    );
    const stacks = stage.store.listStacks().length;
    const left = {
      things: this.#things().map(({ resource }) => resource),
      removals: Math.max(0, ...stage.world.removals.values()),
      stacks,
      ...(await stage.close()),
    };
    const { log } = stage.world;
    return { life: this.#life, schedule: this.#schedule, log, steps: ends, changes: stage.changes, left };
  }

  /** What a resource does by the template that its stack has; of one that the template has no more, what it did last. */
  #sketchOf(version: string | undefined, resource: string): ResourceSketch | undefined {
    const { versions } = this.#life;
    const current = versions.find((each) => each.version === version);
    for (const each of [...(current === undefined ? [] : [current]), ...versions]) {
      const found = each.resources.find(({ name }) => name === resource);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async #step(step: LifeStep): Promise<StepEnd> {
    const from = this.#stage.world.log.length;
    const error = await this.#survive(
      () => this.#begin(step),
      () => this.#goOn(step, from),
    );
    const code = isHotloomError(error) ? error : undefined;
    if (error !== undefined && code === undefined) throw error;
    const end = await this.#stage.end(STACK, code);
    const tokens = new Set(this.#records().map(({ token }) => token));
    const things = this.#things();
    return {
      ...end,
      from,
      things: Object.fromEntries(
        things.map(({ resource }) => [resource, things.filter((thing) => thing.resource === resource).length]),
      ),
      unknown: things.filter(({ token }) => !tokens.has(token)).map(({ resource }) => resource),
    };
  }

  /** Lets time pass until the work is done, with another engine each time that one is killed; returns how it failed. */
  async #survive(begin: () => Promise<unknown>, goOn: () => Promise<unknown>): Promise<unknown> {
    let work = settled(begin());
    for (;;) {
      const { kills } = this.#stage;
      await this.#stage.untilKilled(work);
      if (this.#stage.kills === kills) return work;
      this.#stage.restart();
      for (const name of this.#life.outside) this.#writeOutside(name);
      work = settled(goOn());
    }
  }

  async #begin(step: LifeStep): Promise<void> {
    const first = this.#act(step, step.to);
    if (step.superseded === undefined) return first;
    const { afterMs, to } = step.superseded;
    const firstEnd = this.#unlessKilled(first);
    await new Promise<void>((resolve) => void this.#stage.engineClock.schedule(afterMs, resolve));
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

  async #act({ rollback, cancelMs, timeoutMs }: LifeStep, to: number): Promise<void> {
    const { engine, engineClock, store } = this.#stage;
    const controller = new AbortController();
    const cancel = cancelMs === undefined ? undefined : engineClock.schedule(cancelMs, () => controller.abort());
    const version = this.#life.versions[to] as StackSketch;
    const [template, files] = [templateOf(version), filesOf(version)];
    const options = { stack: STACK, template, files, rollback, timeoutMs, signal: controller.signal };
    const isNew = store.findStack('default', STACK) === undefined;
    try {
      await (isNew ? engine.create(options) : engine.update(options));
    } finally {
      cancel?.cancel();
    }
  }

  /** By the engine that comes after a killed one: to the end of what was begun, and then what was not. */
  async #goOn(step: LifeStep, from: number): Promise<void> {
    const target = step.superseded?.to ?? step.to;
    if (this.#stage.store.findStack('default', STACK) !== undefined) {
      const error = await this.#unlessKilled(this.#stage.engine.resume({ stack: STACK }));
      if (this.#hasBegun(target, from)) {
        if (error !== undefined) throw error;
        return;
      }
    }
    await this.#act({ ...step, cancelMs: undefined }, target);
  }

  /** Whether the stack has had that version as its template since. */
  #hasBegun(to: number, from: number): boolean {
    const { version } = this.#life.versions[to] as StackSketch;
    const { log } = this.#stage.world;
    // A rollback, too, stores a template: the one that it goes back to.
    const isStored = log
      .slice(from)
      .some(
        (entry) =>
          entry.kind === 'stored' &&
          entry.changes.some((change) => change.kind === 'stack' && isStart(change)) &&
          entry.changes.some(
            (change) => change.kind === 'definition' && change.definition.template.description === version,
          ),
      );
    const record = this.#stage.store.findStack('default', STACK);
    return isStored || (from === this.#firstEntry && record?.template.description === version);
  }

  /** A create stores its template with the stack. */
  get #firstEntry(): number {
    return this.#life.outside.length;
  }

  async #delete(): Promise<void> {
    const { store, engine } = this.#stage;
    if (store.findStack('default', STACK)?.status === 'IN_PROGRESS') {
      await this.#unlessKilled(engine.resume({ stack: STACK }));
    }
    if (store.findStack('default', STACK) !== undefined) await engine.delete({ stack: STACK });
  }

  #writeOutside(name: string): void {
    this.#stage.world.log.push({ time: this.#stage.clock.now(), kind: 'outside', name });
    void this.#stage.engine.write(['default', ...name.split('.')] as never, name);
  }

  #records(): ReturnType<Stage['store']['resources']> {
    const record = this.#stage.store.findStack('default', STACK);
    return record === undefined ? [] : this.#stage.store.resources(record.id);
  }

  #things(): readonly { readonly token: string; readonly resource: string }[] {
    return [...this.#stage.world.things].map(([token, { resource }]) => ({ token, resource }));
  }
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
