import { Engine } from '../../src/engine.ts';
import type { EngineEvent } from '../../src/events.ts';
import type { PlainCreateCall, StreamingCreateCall } from '../../src/resource/handler.ts';
import { SimulatedClock } from '../../src/simulated-clock.ts';
import type { Json, JsonObject } from '../../src/values.ts';
import { givenOf, STALL_MS, type StackSketch } from '../simulation/scenario.ts';
import { digest, typesWith } from '../simulation/world.ts';

type Call = PlainCreateCall<JsonObject> & StreamingCreateCall<JsonObject, { readonly [attribute: string]: Json }>;

/** A clock by which the handlers find the engine they are in. */
class GatedClock extends SimulatedClock {
  readonly gates = new Map<string, () => void>();
  readonly stacks: readonly StackSketch[];

  constructor(stacks: readonly StackSketch[]) {
    super();
    this.stacks = stacks;
  }
}

const types = typesWith({ create: (call: Call) => create(call), delete: () => {} });

async function create(call: Call): Promise<JsonObject | undefined> {
  const { gates, stacks } = call.clock as GatedClock;
  const { stack, name } = call.resource;
  const sketch = stacks.find((each) => each.name === stack)?.resources.find((each) => each.name === name);
  const isPlain = sketch?.type === 'Sim::Plain';
  const attributes: Record<string, Json> = {};
  const branches = (sketch?.branches ?? []).map(async (steps, branch) => {
    const known: Json[] = isPlain ? Object.values(call.properties) : [];
    for (const step of steps) {
      await new Promise<void>((open) => void gates.set(`${stack}.${name} ${branch}`, open));
      if (step.do === 'await') known.push((await call.inputs[step.inputs[0] as string]) as Json);
      if (step.do === 'read') known.push(await call.read(['default', ...step.name.split('.')] as never));
      if (step.do === 'fail') throw new Error(`${name} fails`);
      if (step.do !== 'write' && step.do !== 'rewrite') continue;
      const value = digest(step.do === 'write' ? [name, step.attribute, ...known] : ['again', name, step.attribute]);
      if (isPlain) attributes[step.attribute] = value;
      else await call.publish(step.attribute, value);
    }
  });
  const failed = (await Promise.allSettled(branches)).find((end) => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return isPlain ? attributes : undefined;
}

/** One thing that can happen next: a stack begins, or a handler's branch does its next step. */
export type Happening = { readonly begins: string } | { readonly of: string; readonly branch: number };

/** The real engine, whose handlers do their next step when they are told to. */
export class GatedEngine {
  readonly #clock: GatedClock;
  readonly #engine: Engine;
  readonly #stacks: readonly StackSketch[];
  readonly #creates: Promise<unknown>[] = [];
  #events: EngineEvent[] = [];

  constructor(stacks: readonly StackSketch[]) {
    this.#stacks = stacks;
    this.#clock = new GatedClock(stacks);
    this.#engine = new Engine({ types, clock: this.#clock, stallTimeoutMs: STALL_MS });
    this.#engine.onEvent((event) => this.#events.push(event));
  }

  /** What it told because of it. */
  async happen(happening: Happening): Promise<readonly EngineEvent[]> {
    if ('begins' in happening) this.#begin(happening.begins);
    else this.#clock.gates.get(`${happening.of} ${happening.branch}`)?.();
    return this.pass(0);
  }

  /** Lets so many milliseconds pass; returns what it told meanwhile. */
  async pass(ms: number): Promise<readonly EngineEvent[]> {
    this.#events = [];
    await this.#clock.advance(ms);
    return this.#events;
  }

  async close(): Promise<void> {
    await this.#clock.run(Promise.all([this.#engine.close(), ...this.#creates]));
  }

  #begin(stack: string): void {
    const sketch = this.#stacks.find(({ name }) => name === stack) as StackSketch;
    const created = this.#engine.create({ stack, ...givenOf(sketch) });
    this.#creates.push(created.catch(() => {}));
  }
}
