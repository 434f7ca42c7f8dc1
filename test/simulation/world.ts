import type { Clock } from '../../src/clock.ts';
import type { DeleteCall, HandlerCall, PlainCreateCall, StreamingCreateCall } from '../../src/resource/handler.ts';
import { definePlainType, defineStreamingType, type ResourceType } from '../../src/resource/resource-type.ts';
import type { Json, JsonObject } from '../../src/values.ts';
import { forever } from '../scheduler/worlds.ts';
import type { Deed, Entry } from './log.ts';
import { ATTRIBUTES, PROPERTIES, type ResourceSketch, type Step, type TypeName, typeNameOf } from './scenario.ts';

type Call = PlainCreateCall<JsonObject> & StreamingCreateCall<JsonObject, { readonly [attribute: string]: Json }>;

/** Something that a handler has made. */
interface Thing {
  readonly stack: string;
  readonly resource: string;
  /** The clock of the engine that was at work. */
  readonly by: Clock;
}

/**
 * The world outside of the engine: what handlers make in it, and what they do. Every effect of a handler goes through
 * `isAlive`, so that a killed engine's handlers hang, as a process that is no more does nothing.
 */
export class World {
  readonly log: Entry[] = [];
  /** What exists, by the token of the attempt that made it. */
  readonly things = new Map<string, Thing>();
  /** By token, how often it was to be removed. */
  readonly removals = new Map<string, number>();
  readonly #sketchOf: (stack: string, resource: string) => ResourceSketch | undefined;
  readonly #now: () => number;
  #asks = 0;
  /** How long what should take so many milliseconds takes under this schedule. */
  readonly stretch: (ms: number) => number;

  constructor(
    sketchOf: (stack: string, resource: string) => ResourceSketch | undefined,
    now: () => number,
    stretch: (ms: number) => number,
  ) {
    this.#sketchOf = sketchOf;
    this.#now = now;
    this.stretch = stretch;
  }

  note(call: Pick<HandlerCall, 'resource'>, deed: Deed): void {
    const { stack, name: resource } = call.resource;
    this.log.push({ time: this.#now(), kind: 'handler', stack, resource, ...deed });
  }

  sketch({ resource }: Pick<HandlerCall, 'resource'>): ResourceSketch {
    return this.#sketchOf(resource.stack, resource.name) as ResourceSketch;
  }

  /** False for a resource of the engine's own: a group. */
  has(stack: string, resource: string): boolean {
    return this.#sketchOf(stack, resource) !== undefined;
  }

  nextAsk(): number {
    this.#asks += 1;
    return this.#asks;
  }

  /** `isAgain`: its attempt may have made it before. */
  make({ resource: { stack, name: resource }, token, clock }: HandlerCall, isAgain: boolean): void {
    const earlier = this.things.get(token);
    if (earlier !== undefined && isAgain) return;
    if (earlier !== undefined) throw new Error(`${resource} is made a second time by one attempt.`);
    this.things.set(token, { stack, resource, by: clock });
    this.log.push({ time: this.#now(), kind: 'world', did: 'make', stack, resource, token });
  }

  remove({ resource: { stack, name: resource }, token }: HandlerCall): void {
    this.removals.set(token, (this.removals.get(token) ?? 0) + 1);
    if (this.things.delete(token)) {
      this.log.push({ time: this.#now(), kind: 'world', did: 'remove', stack, resource, token });
    }
  }
}

/** The clock that one engine is given. By it the handlers find the world they are in. */
export interface WorldClock extends Clock {
  readonly world: World;
  /** False once the engine has been killed. */
  readonly isAlive: boolean;
}

const handler = {
  create: (call: Call) => new Performance(call, false).perform(),
  update: (call: Call) => new Performance(call, true).perform(),
  delete: (call: DeleteCall) => new Performance(call as unknown as Call, false).remove(call),
  lookup: ({ token, clock }: HandlerCall) =>
    (clock as WorldClock).world.things.has(token) ? `id-${token}` : undefined,
};

/** Whether the handlers of the type may be called again for the same attempt. */
function isRepeatable(type: TypeName, isKnownById = false): boolean {
  return type === 'Sim::Staged' && !isKnownById;
}

const { lookup: _, ...handlerById } = handler;

/** Made once: the engine compiles a type by its object. */
export const simulatedTypes: readonly ResourceType[] = [...typesWith(handler), ...typesWith(handlerById, true)];

/**
 * The types of scenario.ts. Their handlers differ only in what they do, so one is for all of them. `a` is changed in place,
 * and so are aliases; of `Sim::Open` that is true of aliases alone, and the old one goes before another takes its place.
 */
export function typesWith(handler: object, isKnownById = false): readonly ResourceType[] {
  const part = (name: TypeName) => ({
    name: typeNameOf(name, isKnownById),
    properties: Object.fromEntries(
      PROPERTIES.map((property) => [property, property === 'a' && name !== 'Sim::Open' ? { updateAllowed: true } : {}]),
    ),
    attributes: declared(name),
    handler: { ...handler, isRepeatable: isRepeatable(name, isKnownById) },
    deletesBeforeReplacing: name === 'Sim::Open',
  });
  return [
    definePlainType(part('Sim::Plain') as never),
    defineStreamingType(part('Sim::Staged') as never),
    defineStreamingType(part('Sim::Open') as never),
  ];
}

function declared(type: TypeName): Record<string, { schema: object; needs?: readonly string[] }> {
  const entries = Object.entries(ATTRIBUTES[type]);
  return Object.fromEntries(
    entries.map(([name, needs]) => [name, needs === null ? { schema: {} } : { schema: {}, needs }]),
  );
}

/** One call of a handler, which does what its resource's sketch says. */
class Performance {
  readonly #call: Call;
  readonly #clock: WorldClock;
  readonly #world: World;
  readonly #sketch: ResourceSketch;
  readonly #isUpdate: boolean;
  readonly #attributes: Record<string, Json> = {};

  constructor(call: Call, isUpdate: boolean) {
    this.#call = call;
    this.#isUpdate = isUpdate;
    this.#clock = call.clock as WorldClock;
    this.#world = this.#clock.world;
    this.#sketch = this.#world.sketch(call);
  }

  /** A create or an update: both do all of the steps, but make a thing that is there already no second time. */
  async perform(): Promise<JsonObject | undefined> {
    const isPlain = this.#sketch.type === 'Sim::Plain';
    this.#world.note(this.#call, { did: 'start' });
    const given: Json[] = [];
    if (isPlain) {
      for (const [read, value] of Object.entries(this.#call.properties)) {
        this.#world.note(this.#call, { did: 'get', ask: this.#world.nextAsk(), read, value: value as Json });
        given.push(value as Json);
      }
    }
    // All branches are played to their end, so that what is written does not depend on which of two fails first.
    const ends = await Promise.allSettled(this.#sketch.branches.map((steps) => this.#play(steps, [...given])));
    if (!this.#clock.isAlive) await forever();
    const failed = ends.find(({ status }) => status === 'rejected') as PromiseRejectedResult | undefined;
    this.#world.note(this.#call, { did: failed === undefined ? 'end' : 'fail' });
    if (failed !== undefined) throw failed.reason;
    return isPlain ? this.#attributes : undefined;
  }

  async remove(call: DeleteCall): Promise<void> {
    await this.#work(this.#sketch.removalMs, false);
    if (call.resourceId !== undefined && call.resourceId !== `id-${call.token}`) {
      throw new Error(`${call.resource.name} is to be removed by the id ${call.resourceId}, which it never had.`);
    }
    if (this.#sketch.isKnownById === true && call.resourceId === undefined) return;
    this.#world.remove(call);
  }

  /** `known` is everything that the branch has read: each value that it writes depends on all of it. */
  async #play(steps: readonly Step[], known: Json[]): Promise<void> {
    for (const step of steps) {
      await this.#step(step, known);
      if (!this.#clock.isAlive) await forever();
    }
  }

  async #step(step: Step, known: Json[]): Promise<void> {
    const { name } = this.#call.resource;
    switch (step.do) {
      case 'await':
        known.push(
          ...(await Promise.all(
            step.inputs.map((input) => this.#await(input, () => this.#call.inputs[input] as PromiseLike<Json>)),
          )),
        );
        return;
      case 'read':
        known.push(await this.#await(step.name, () => this.#call.read(['default', ...step.name.split('.')] as never)));
        return;
      case 'work':
        return this.#work(step.ms, step.heedsSignal);
      case 'write':
        return this.#write(step.attribute, digest([name, step.attribute, ...known]));
      case 'rewrite':
        return this.#write(step.attribute, digest(['again', name, step.attribute]));
      case 'stray':
        return this.#call.publish?.('stray', 1) ?? this.#write('stray', 1);
      case 'make':
        this.#call.signal.throwIfAborted();
        this.#world.make(this.#call, this.#isUpdate || this.#isRepeated);
        if (this.#sketch.isKnownById === true) await this.#tell();
        return;
      case 'tell':
        return this.#tell();
      case 'fail':
        throw new Error(`${name} fails`);
      case 'hang':
        return forever();
      default:
        step satisfies never;
    }
  }

  #tell(): Promise<void> {
    const told = this.#call.setResourceId(`id-${this.#call.token}`);
    if (this.#sketch.isKnownById !== true) return told;
    return told.then(() => {
      if (this.#clock.isAlive) this.#world.note(this.#call, { did: 'tell' });
    });
  }

  /** A repeatable attempt that another engine has begun. */
  get #isRepeated(): boolean {
    const earlier = this.#world.things.get(this.#call.token);
    const { type, isKnownById } = this.#sketch;
    return isRepeatable(type, isKnownById) && earlier !== undefined && earlier.by !== this.#clock;
  }

  async #await(read: string, begin: () => PromiseLike<Json>): Promise<Json> {
    const ask = this.#world.nextAsk();
    this.#world.note(this.#call, { did: 'ask', ask, read });
    try {
      // A handler waits from its call of `then` on; `await` would call it a turn later.
      const value = await new Promise<Json>((resolve, reject) => begin().then(resolve, reject));
      if (!this.#clock.isAlive) await forever();
      this.#world.note(this.#call, { did: 'get', ask, read, value });
      return value;
    } catch (error) {
      if (!this.#clock.isAlive) await forever();
      this.#world.note(this.#call, { did: 'miss', ask, read });
      throw error;
    }
  }

  async #write(attribute: string, value: Json): Promise<void> {
    this.#world.note(this.#call, { did: 'write', attribute, value });
    if (this.#sketch.type === 'Sim::Plain') this.#attributes[attribute] = value;
    else await this.#call.publish(attribute, value);
  }

  #work(ms: number, heedsSignal: boolean): Promise<void> {
    const { signal } = this.#call;
    return new Promise((resolve, reject) => {
      const timer = this.#clock.schedule(this.#world.stretch(ms), () => {
        signal.removeEventListener('abort', stop);
        resolve();
      });
      const stop = (): void => {
        timer.cancel();
        reject(signal.reason);
      };
      if (heedsSignal && signal.aborted) stop();
      else if (heedsSignal) signal.addEventListener('abort', stop, { once: true });
    });
  }
}

/** FNV-1a, 32 bits: a small value that tells whether anything before it was different. */
export function digest(values: readonly Json[]): number {
  let hash = 0x811c9dc5;
  for (const char of JSON.stringify(values)) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
  return hash >>> 0;
}
