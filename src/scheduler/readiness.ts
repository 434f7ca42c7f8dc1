import { invariant } from '../errors.ts';
import { uint8Array, uint32Array } from '../graph/number-arrays.ts';
import { IN, type PortGraph, START } from '../graph/port-graph.ts';

const PENDING = 0;
const FIRED = 1;
const FAILED = 2;

/** More than a port can wait for. */
const MANY = 2 ** 30;

/**
 * Which ports have happened. `start` and `in` ports fire by themselves when everything before them has fired; `out` and
 * `done` ports are fired by whoever runs the handlers. Counters, not promises: an edge costs one decrement.
 *
 * A failed port fails the `in` and `start` ports after it, and a failed `in` the `start` that needs it; it goes no
 * further by itself, since only the runner knows which outputs a resource that cannot start still owes.
 */
export class Readiness {
  readonly #graph: PortGraph;
  readonly #state: Uint8Array;
  /** How many edges have not come; of ports that do not fire by themselves `MANY` more, so that no edge need ask what it leads to. */
  readonly #missing: Uint32Array;
  readonly #causes = new Map<number, unknown>();
  /**
   * Ports still to be fired (port) and failed (its complement), in order, from `#head` to `#end`. It keeps its length: an
   * array that is emptied loses its room, and would get it anew with nearly every port that fires.
   */
  readonly #queue: number[] = [];
  #head = 0;
  #end = 0;
  #isDraining = false;
  readonly #didFire: (port: number) => void;
  readonly #didFail: (port: number, cause: unknown) => void;

  /** `didFire` and `didFail` are told of each `start` and `in` port, once. Neither is called before `begin`. */
  constructor(
    graph: PortGraph,
    listeners: { readonly didFire: (port: number) => void; readonly didFail: (port: number, cause: unknown) => void },
  ) {
    this.#graph = graph;
    this.#state = uint8Array(graph.size);
    this.#didFire = listeners.didFire;
    this.#didFail = listeners.didFail;
    const { offsets } = graph.predecessors;
    this.#missing = uint32Array(graph.size);
    for (let port = 0; port < graph.size; port += 1) {
      const edges = (offsets[port + 1] as number) - (offsets[port] as number);
      this.#missing[port] = firesItself(graph, port) ? edges : MANY + edges;
    }
  }

  /** Adds something outside the graph that an `in` port waits for; `arrive` takes it off. Only before `begin`. */
  await(port: number): void {
    this.#missing[port] = (this.#missing[port] as number) + 1;
  }

  /** Fires the ports that wait for nothing, in their order. */
  begin(): void {
    for (let port = 0; port < this.#graph.size; port += 1) {
      if (this.#state[port] === PENDING && this.#missing[port] === 0) this.fire(port);
    }
  }

  isPending(port: number): boolean {
    return this.#state[port] === PENDING;
  }

  isFired(port: number): boolean {
    return this.#state[port] === FIRED;
  }

  /** Why a failed port failed; undefined for the others. */
  causeOf(port: number): unknown {
    return this.#causes.get(port);
  }

  /** One thing that the port waits for is there. */
  arrive(port: number): void {
    if (this.#state[port] !== PENDING) return;
    invariant((this.#missing[port] as number) > 0, 'a port that waits has something missing');
    this.#missing[port] = (this.#missing[port] as number) - 1;
    if (this.#missing[port] === 0) this.fire(port);
  }

  /** The port has happened. Ports after it that now have everything fire too. Idempotent. */
  fire(port: number): void {
    this.#enqueue(port);
    this.#drain();
  }

  /** The port will never happen. Idempotent; a port that has fired stays so. */
  fail(port: number, cause: unknown): void {
    if (this.#state[port] !== PENDING) return;
    this.#causes.set(port, cause);
    this.#enqueue(~port);
    this.#drain();
  }

  #enqueue(entry: number): void {
    this.#queue[this.#end] = entry;
    this.#end += 1;
  }

  /** A loop, also when a listener fires or fails further ports: a chain may be longer than the call stack is deep. */
  #drain(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    try {
      while (this.#head < this.#end) {
        const entry = this.#queue[this.#head] as number;
        this.#head += 1;
        if (entry >= 0) this.#fireOne(entry);
        else this.#failOne(~entry);
      }
    } finally {
      this.#head = 0;
      this.#end = 0;
      this.#isDraining = false;
    }
  }

  #fireOne(port: number): void {
    if (this.#state[port] !== PENDING) return;
    this.#state[port] = FIRED;
    const { offsets, targets } = this.#graph.successors;
    for (let edge = offsets[port] as number; edge < (offsets[port + 1] as number); edge += 1) {
      const target = targets[edge] as number;
      // One that has failed is counted down, too: to fire it does nothing.
      const left = (this.#missing[target] as number) - 1;
      this.#missing[target] = left;
      if (left === 0) this.#enqueue(target);
    }
    if (firesItself(this.#graph, port)) this.#didFire(port);
  }

  #failOne(port: number): void {
    if (this.#state[port] !== PENDING) return;
    this.#state[port] = FAILED;
    const cause = this.#causes.get(port);
    const { offsets, targets } = this.#graph.successors;
    for (let edge = offsets[port] as number; edge < (offsets[port + 1] as number); edge += 1) {
      const target = targets[edge] as number;
      if (!firesItself(this.#graph, target) || this.#causes.has(target)) continue;
      this.#causes.set(target, cause);
      this.#enqueue(~target);
    }
    if (firesItself(this.#graph, port)) this.#didFail(port, cause);
  }
}

function firesItself(graph: PortGraph, port: number): boolean {
  const kind = graph.kinds[port];
  return kind === START || kind === IN;
}
