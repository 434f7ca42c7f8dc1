import { donePort, type PortGraph, START } from '../graph/port-graph.ts';
import { buildRecordedGraph, type WalkOrder } from '../graph/recorded-graph.ts';
import type { ResourceRecord } from '../store/stack-store.ts';
import { Readiness } from './readiness.ts';
import type { Slot, Slots } from './slots.ts';

/** Waits for `until` without the slot, and goes on with one; rejects as it does. */
export type WithoutSlot = (until: Promise<void>) => Promise<void>;

/** A walk over resources that are there. */
export interface Walk {
  readonly records: readonly ResourceRecord[];
  readonly order: WalkOrder;
  readonly slots: Slots;
  /** When it fires, nothing more is visited. */
  readonly signal: AbortSignal;
  /** Does what there is to do with one resource, under a slot. Whoever comes after a resource for which it rejects is left out. */
  readonly visit: (record: ResourceRecord, withoutSlot: WithoutSlot) => Promise<void>;
  /** What a resource waits for, without a slot, before it is visited and after. When it rejects the walk ends there. */
  readonly before?: (record: ResourceRecord) => Promise<void> | undefined;
  readonly after?: (record: ResourceRecord) => Promise<void> | undefined;
  /** A visit has rejected. Must not throw. */
  readonly didFail: (record: ResourceRecord, error: unknown) => void;
}

/**
 * Visits each resource once, in an order, as many at a time as there are slots. Resolves when nobody is left to be visited,
 * with the records that were not; never rejects.
 */
export function walkResources(walk: Walk): Promise<readonly ResourceRecord[]> {
  return new ResourceWalk(walk).run();
}

class ResourceWalk {
  readonly #walk: Walk;
  readonly #graph: PortGraph;
  readonly #readiness: Readiness;
  readonly #unvisited = new Set<ResourceRecord>();
  #left: number;
  #resolve: (unvisited: readonly ResourceRecord[]) => void = () => {};

  constructor(walk: Walk) {
    this.#walk = walk;
    this.#left = walk.records.length;
    this.#graph = buildRecordedGraph(walk.records, walk.order);
    this.#readiness = new Readiness(this.#graph, {
      didFire: (port) => this.#begin(this.#graph.owners[port] as number),
      didFail: (port) => this.#leaveOut(port),
    });
  }

  run(): Promise<readonly ResourceRecord[]> {
    const ended = new Promise<readonly ResourceRecord[]>((resolve) => {
      this.#resolve = resolve;
    });
    if (this.#left === 0) this.#resolve([]);
    else this.#readiness.begin();
    return ended;
  }

  #begin(index: number): void {
    const record = this.#walk.records[index] as ResourceRecord;
    const acquire = (): void => this.#walk.slots.acquire((slot) => void this.#visit(index, record, slot));
    const before = this.#walk.before?.(record);
    if (before === undefined) acquire();
    else before.then(acquire, (error: unknown) => this.#stop(index, record, error));
  }

  /** Nothing has failed in it, so there is nothing to tell of it. */
  #stop(index: number, record: ResourceRecord, error: unknown): void {
    this.#unvisited.add(record);
    this.#readiness.fail(donePort(this.#graph, index), error);
    this.#didEnd();
  }

  async #visit(index: number, record: ResourceRecord, first: Slot): Promise<void> {
    const { signal, visit, didFail, slots } = this.#walk;
    let slot = first;
    const withoutSlot: WithoutSlot = async (until) => {
      slot.release();
      try {
        await until;
      } finally {
        slot = await new Promise<Slot>((resolve) => slots.acquire(resolve));
      }
    };
    const done = donePort(this.#graph, index);
    try {
      if (signal.aborted) {
        this.#stop(index, record, signal.reason);
        return;
      }
      await visit(record, withoutSlot);
      const after = this.#walk.after?.(record);
      if (after === undefined) this.#end(done);
      else {
        after.then(
          () => this.#end(done),
          (error: unknown) => this.#stop(index, record, error),
        );
      }
    } catch (error) {
      didFail(record, error);
      this.#readiness.fail(done, error);
      this.#didEnd();
    } finally {
      slot.release();
    }
  }

  #end(done: number): void {
    this.#readiness.fire(done);
    this.#didEnd();
  }

  /** What comes before it has failed, and so on along the walk. */
  #leaveOut(port: number): void {
    if (this.#graph.kinds[port] !== START) return;
    const index = this.#graph.owners[port] as number;
    this.#unvisited.add(this.#walk.records[index] as ResourceRecord);
    this.#readiness.fail(donePort(this.#graph, index), undefined);
    this.#didEnd();
  }

  #didEnd(): void {
    this.#left -= 1;
    if (this.#left === 0) this.#resolve([...this.#unvisited]);
  }
}
