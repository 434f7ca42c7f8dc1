import type { HotloomError } from '../errors.ts';
import { WriterFailed } from '../errors.ts';
import { type PortGraph, startPort } from '../graph/port-graph.ts';
import type { ResourceInterface, StackInterface } from '../interface/interface.ts';
import { type Name, nameKey, printName } from '../names.ts';
import type { ReadValue } from '../space/data-space.ts';
import type { NameReader } from '../space/name-reader.ts';
import type { BlockedRead, Waits, WaitTarget } from '../space/waits.ts';
import type { StoredRead } from '../store/stack-store.ts';
import type { Json } from '../values.ts';
import type { Readiness } from './readiness.ts';

/** What waiting for names outside of the stack works with. */
export interface ForeignNamesParts {
  readonly stack: StackInterface;
  readonly graph: PortGraph;
  readonly readiness: Readiness;
  readonly names: NameReader;
  readonly waits: Waits;
  /** A name was read: the store keeps the trace. */
  readonly didRead: (name: Name, entry: ReadValue) => void;
  /** What an `in` port still waits for, for the search of deadlocks. */
  readonly missingOf: (port: number) => readonly WaitTarget[];
}

interface ForeignWait {
  readonly target: WaitTarget;
  readonly cancel: () => void;
}

/** The names of other stacks and of nobody that `in` ports of one traversal wait for, and their values. */
export class ForeignNames {
  readonly #parts: ForeignNamesParts;
  /** What is not there yet, by port and key of the name. */
  readonly #waits = new Map<number, Map<string, ForeignWait>>();
  /** What the inputs and outputs of the stack stand with, by the key of its name. */
  readonly #values = new Map<string, StoredRead>();
  /** The blocked inputs of plain resources, by port. */
  readonly #reads = new Map<number, BlockedRead>();

  constructor(parts: ForeignNamesParts) {
    this.#parts = parts;
  }

  /** Subscribes to what the resources that `wanted` tells of read; before the readiness begins. */
  await(wanted: (resource: number) => boolean): void {
    const { stack, graph } = this.#parts;
    for (const { resource, input, name } of stack.foreignReads) {
      if (!wanted(resource)) continue;
      const reader = stack.resources[resource] as ResourceInterface;
      const port = startPort(graph, resource) + 1 + input;
      this.#await(reader, reader.inputs[input]?.name as string, port, name);
    }
  }

  #await(resource: ResourceInterface, input: string, port: number, name: Name): void {
    const { names, readiness, stack, didRead, missingOf } = this.#parts;
    const key = nameKey(name);
    const waits = this.#waits.get(port) ?? new Map<string, ForeignWait>();
    if (waits.has(key)) return;
    const present = names.tryRead(name);
    if (present !== undefined && 'value' in present) {
      this.#values.set(key, { name, ...present });
      didRead(name, present);
      return;
    }
    const [space, owningStack, owner, attribute] = name;
    readiness.await(port);
    this.#waits.set(port, waits);
    const cancel = names.subscribe(name, (entry) => {
      waits.delete(key);
      if (waits.size === 0) this.#waits.delete(port);
      if ('failure' in entry) {
        readiness.fail(port, foreignFailure(resource, name, entry.failure));
        return;
      }
      this.#values.set(key, { name, ...entry });
      didRead(name, entry);
      readiness.arrive(port);
    });
    waits.set(key, { target: { space, stack: owningStack, resource: owner, attribute }, cancel });
    if (resource.type.kind === 'plain' && !this.#reads.has(port)) {
      this.#reads.set(port, {
        reader: { space: stack.space, stack: stack.stack, resource: resource.name },
        input,
        missing: () => missingOf(port),
        reject: (error) => readiness.fail(port, error),
      });
    }
  }

  /** The static check has not seen the other stacks: a circle through them is looked for when all of ours wait. */
  searchDeadlocks(): void {
    const { readiness, waits } = this.#parts;
    for (const [port, read] of this.#reads) if (readiness.isPending(port)) waits.didBlock(read);
  }

  /** The value of a name that was read; undefined while it is not there. */
  valueOf(name: Name): Json | undefined {
    return this.#values.get(nameKey(name))?.value;
  }

  /** All that were read, each with the value that the stack stands with. */
  reads(): Iterable<StoredRead> {
    return this.#values.values();
  }

  /** The value of a name that no port waits for, since only an output reads it. */
  take(name: Name, entry: ReadValue): void {
    this.#values.set(nameKey(name), { name, ...entry });
    this.#parts.didRead(name, entry);
  }

  /** Whether a port still waits for one of them. */
  isAwaited(port: number): boolean {
    return this.#waits.has(port);
  }

  targetsOf(port: number): readonly WaitTarget[] {
    const waits = this.#waits.get(port);
    return waits === undefined ? [] : [...waits.values()].map(({ target }) => target);
  }

  /** The blocked input of a plain resource at that port. */
  readOf(port: number): BlockedRead | undefined {
    return this.#reads.get(port);
  }

  /** Waits for nothing any more. */
  close(): void {
    for (const waits of this.#waits.values()) for (const { cancel } of waits.values()) cancel();
  }
}

function foreignFailure(resource: ResourceInterface, name: Name, cause: HotloomError): WriterFailed {
  return new WriterFailed({
    what: `'${resource.name}' cannot read ${printName(name)}: its writer failed.`,
    why: 'A value whose writer failed will never be written.',
    cause,
  });
}
