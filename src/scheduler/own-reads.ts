import type { Clock } from '../clock.ts';
import type { PortGraph } from '../graph/port-graph.ts';
import { findResourceCircles } from '../graph/resource-circles.ts';
import { findResource, type ResourceInterface, type StackInterface } from '../interface/interface.ts';
import type { Name } from '../names.ts';
import { type Comparison, type NameOutcome, ownReads, type PresentResource } from '../plan/comparison.ts';
import type { Waits } from '../space/waits.ts';
import type { StoredRead } from '../store/stack-store.ts';
import type { Json } from '../values.ts';
import type { WaitsFor } from './blockers.ts';
import type { Phase } from './phase.ts';

/** What is to be known of those that are read. */
export interface OwnReadsParts {
  readonly stack: StackInterface;
  readonly graph: PortGraph;
  readonly present?: ReadonlyMap<string, PresentResource> | undefined;
  /** By the number of the resource. */
  readonly phases: readonly Phase[];
  /** What a resource has published by now; undefined when it has not. */
  readonly published: (resource: number, attribute: string) => Json | undefined;
  /** Whether something of it is still on its way into the space. */
  readonly isArriving: (resource: number) => boolean;
  /** What keeps a resource from going on. */
  readonly waitsFor: (resource: number) => WaitsFor;
  /** No handler works and none can start. */
  readonly isIdle: () => boolean;
  readonly clock: Clock;
  readonly waits: Pick<Waits, 'stallTimeoutMs'>;
  /** `giveUp` is to be asked again. */
  readonly didExpire: () => void;
}

/**
 * What handlers have read by name, at run time, of their own stack. No port stands for such a read: the next update knows of it
 * by the reader's record alone, and compares the reader once it is known what becomes of what it has read.
 *
 * Nobody may wait for ever for that. Who reads from each other in a circle does not wait. When nobody is at work any more and
 * the wait leads back to the reader, since a handler reads by name now what it did not read before, the reader counts as one
 * that reads nothing new; so it does when the wait has led out of the stack for `stallTimeoutMs`, since whoever is waited for
 * there may wait for the reader.
 */
export class OwnReads {
  readonly #parts: OwnReadsParts;
  readonly #readers = new Map<number, number[]>();
  readonly #givenUp = new Set<number>();
  /** Those whose wait leads out of the stack, and since when, in milliseconds. */
  #outsideSince: ReadonlyMap<number, number> = new Map();
  /** Fires when the first of them has waited for too long. */
  #timer: { readonly dueAt: number; readonly cancel: () => void } | undefined;
  /** By resource, the circle that it is in by all of its reads. Found when it is asked for first. */
  #circlesOnce: Int32Array | undefined;

  constructor(parts: OwnReadsParts) {
    this.#parts = parts;
    for (const { record } of parts.present?.values() ?? []) {
      const reader = record.reads === undefined ? undefined : findResource(parts.stack, record.name);
      if (reader === undefined) continue;
      for (const { name } of ownReads(record)) {
        const producer = this.#producerOf(name);
        if (producer === undefined) continue;
        const all = this.#readers.get(producer.index);
        if (all === undefined) this.#readers.set(producer.index, [reader.index]);
        else all.push(reader.index);
      }
    }
  }

  get isEmpty(): boolean {
    return this.#readers.size === 0;
  }

  /** Those that have read from the resource. */
  readersOf(producer: number): readonly number[] {
    return this.#readers.get(producer) ?? NONE;
  }

  /** What a name that the reader's handler has read comes to in this traversal; undefined when that is still open. */
  outcomeOf(reader: ResourceInterface, { name }: StoredRead): NameOutcome | undefined {
    const { phases, published, isArriving } = this.#parts;
    const producer = this.#producerOf(name);
    if (producer === undefined) return { value: undefined };
    const [, , , attribute] = name;
    const value = published(producer.index, attribute);
    if (value !== undefined) return { value };
    if (!this.#waits(reader.index, producer.index)) return 'asBefore';
    switch (phases[producer.index]) {
      case 'complete':
        return isArriving(producer.index) ? undefined : 'asBefore';
      case 'failed':
      case 'skipped':
        return 'asBefore';
      default:
        return undefined;
    }
  }

  /** Lets those of `waiting` go on that would wait for ever; returns their numbers. */
  giveUp(waiting: readonly Comparison[]): readonly number[] {
    if (waiting.length > 0 && !this.#parts.isIdle()) return NONE;
    const awaited = new Map(waiting.map((comparison) => [comparison.resource.index, this.#awaitedBy(comparison)]));
    const ends = [...awaited.keys()].map((reader) => ({ reader, end: this.#endOf(reader, awaited) }));
    const now = this.#parts.clock.now();
    const since = new Map<number, number>();
    for (const { reader, end } of ends) if (end === 'outside') since.set(reader, this.#outsideSince.get(reader) ?? now);
    const isOver = (reader: number): boolean => now >= this.#dueAt(since.get(reader));
    const given = ends.filter(({ reader, end }) => end === 'itself' || isOver(reader)).map(({ reader }) => reader);
    for (const reader of given) {
      this.#givenUp.add(reader);
      since.delete(reader);
    }
    this.#outsideSince = since;
    this.#setTimer(Math.min(...[...since.values()].map((each) => this.#dueAt(each))));
    return given;
  }

  /**
   * Whether nobody is at work any more, and what the resource waits for, over any number of others, is itself, or a name of
   * which nobody in this engine can tell whether it will ever come.
   */
  waitsInVain(index: number): boolean {
    const { isIdle, isArriving, waitsFor } = this.#parts;
    if (!isIdle()) return false;
    const open = [index];
    const seen = new Set<number>();
    let isOutside = false;
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      // What comes may let one of them go on.
      if (isArriving(at)) return false;
      const waits = waitsFor(at);
      isOutside ||= waits.isOutside;
      for (const next of waits.resources) {
        if (seen.has(next)) continue;
        seen.add(next);
        open.push(next);
      }
    }
    return isOutside || seen.has(index);
  }

  /** Nobody is compared any more. */
  close(): void {
    this.#timer?.cancel();
  }

  #dueAt(since = Number.POSITIVE_INFINITY): number {
    return since + this.#parts.waits.stallTimeoutMs;
  }

  #setTimer(dueAt: number): void {
    if (this.#timer?.dueAt === dueAt) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (dueAt === Number.POSITIVE_INFINITY) return;
    const { clock, didExpire } = this.#parts;
    const expire = (): void => {
      this.#timer = undefined;
      didExpire();
    };
    const timer = clock.schedule(dueAt - clock.now(), expire, { keepAlive: true });
    this.#timer = { dueAt, cancel: () => timer.cancel() };
  }

  #awaitedBy({ missingReads }: Comparison): readonly number[] {
    return missingReads.flatMap(({ name }) => this.#producerOf(name)?.index ?? []);
  }

  /** Where what it waits for leads, over any number of others; undefined: to somebody who may go on. */
  #endOf(reader: number, awaited: ReadonlyMap<number, readonly number[]>): 'itself' | 'outside' | undefined {
    const open = [...(awaited.get(reader) ?? NONE)];
    const seen = new Set(open);
    let isOutside = false;
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (at === reader) return 'itself';
      const { resources, isForeign } = this.#parts.waitsFor(at);
      isOutside ||= isForeign;
      for (const next of [...resources, ...(awaited.get(at) ?? NONE)]) {
        if (seen.has(next)) continue;
        seen.add(next);
        open.push(next);
      }
    }
    return isOutside ? 'outside' : undefined;
  }

  #waits(reader: number, producer: number): boolean {
    if (this.#givenUp.has(reader)) return false;
    const circle = this.#circles[reader] ?? -1;
    return circle === -1 || circle !== this.#circles[producer];
  }

  get #circles(): Int32Array {
    if (this.#circlesOnce === undefined) {
      const byName = [...this.#readers].flatMap(([producer, all]) => all.map((reader) => ({ reader, producer })));
      this.#circlesOnce = findResourceCircles(this.#parts.graph, byName);
    }
    return this.#circlesOnce;
  }

  /** Undefined when the template does not have it any more. */
  #producerOf([, , resource, attribute]: Name): ResourceInterface | undefined {
    const found = findResource(this.#parts.stack, resource);
    return found !== undefined && Object.hasOwn(found.outputs, attribute) ? found : undefined;
  }
}

const NONE: readonly never[] = [];
