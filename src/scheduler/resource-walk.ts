import { donePort, type PortGraph, START } from '../graph/port-graph.ts';
import { buildRecordedGraph, type WalkOrder } from '../graph/recorded-graph.ts';
import type { ResourceRecord } from '../store/stack-store.ts';
import { Readiness } from './readiness.ts';
import type { Slot, Slots } from './slots.ts';

/** A walk over resources that are there. */
export interface Walk {
  readonly records: readonly ResourceRecord[];
  readonly order: WalkOrder;
  readonly slots: Slots;
  /** When it fires, nothing more is visited. */
  readonly signal: AbortSignal;
  /** Does what there is to do with one resource, under a slot. Whoever comes after a resource for which it rejects is left out. */
  readonly visit: (record: ResourceRecord) => Promise<void>;
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
    this.#walk.slots.acquire((slot) => void this.#visit(index, record, slot));
  }

  async #visit(index: number, record: ResourceRecord, slot: Slot): Promise<void> {
    const { signal, visit, didFail } = this.#walk;
    const done = donePort(this.#graph, index);
    try {
      if (signal.aborted) {
        // It was not begun, so there is nothing to tell of it.
        this.#unvisited.add(record);
        this.#readiness.fail(done, signal.reason);
        return;
      }
      await visit(record);
      this.#readiness.fire(done);
    } catch (error) {
      didFail(record, error);
      this.#readiness.fail(done, error);
    } finally {
      slot.release();
      this.#didEnd();
    }
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
