import type { EventHub } from '../events.ts';
import { type PortGraph, startPort } from '../graph/port-graph.ts';
import type { ResourceInterface, StackInterface } from '../interface/interface.ts';
import type { BlockedRead } from '../space/waits.ts';
import type { ResourceRecord } from '../store/stack-store.ts';
import { resourceEventOf } from '../store/stored-stack.ts';
import { type Blockers, toName } from './blockers.ts';
import type { Phase } from './phase.ts';

/** What the events of a traversal are told from. */
export interface TraversalEventsParts {
  readonly stack: StackInterface;
  readonly graph: PortGraph;
  readonly events: EventHub;
  /** The time of what is told, in milliseconds since 1970-01-01 UTC. */
  readonly now: () => number;
  /** Masks secrets. */
  readonly redact: (text: string) => string;
  readonly blockers: Blockers;
  /** By the number of the resource. */
  readonly phases: readonly Phase[];
  /** When the traversal was run, from when on its plain resources are blocked. */
  readonly startedAt: () => number;
}

/** What one traversal tells of its resources, to whoever listens. Nothing is made when nobody does. */
export class TraversalEvents {
  readonly #parts: TraversalEventsParts;

  constructor(parts: TraversalEventsParts) {
    this.#parts = parts;
  }

  get isHeard(): boolean {
    return this.#parts.events.isHeard;
  }

  /** A resource's new state. */
  didChange(record: ResourceRecord): void {
    const { events, stack } = this.#parts;
    if (events.isHeard) events.emit(resourceEventOf(record, stack));
  }

  wasSkipped({ name: resource }: ResourceInterface, reason: string): void {
    const { events, redact } = this.#parts;
    if (!events.isHeard) return;
    events.emit({ type: 'resource:wasSkipped', ...this.#base(), resource, reason: redact(reason) });
  }

  didLog(resource: string, line: string): void {
    const { events, redact } = this.#parts;
    if (events.isHeard) events.emit({ type: 'resource:didLog', ...this.#base(), resource, line: redact(line) });
  }

  didPublish(resource: ResourceInterface, attribute: string): void {
    const { events, now, stack } = this.#parts;
    if (!events.isHeard) return;
    const { space, stack: own } = stack;
    const name = [space, own, resource.name, attribute] as const;
    events.emit({ type: 'name:didPublish', time: now(), space, stack: own, name });
  }

  willBlock({ input, reader, missing, awaits }: BlockedRead & { readonly awaits: 'signals' | undefined }): void {
    const { events } = this.#parts;
    if (!events.isHeard) return;
    events.emit({
      type: 'read:willBlock',
      ...this.#base(),
      reader: reader.resource,
      input,
      names: missing().map(toName),
      ...(awaits === undefined ? {} : { awaits }),
    });
  }

  didWake({ input, reader, since }: BlockedRead & { readonly since: number }): void {
    const { events, now } = this.#parts;
    if (!events.isHeard) return;
    const waitedMs = now() - since;
    events.emit({ type: 'read:didWake', ...this.#base(), reader: reader.resource, input, waitedMs });
  }

  /** Plain resources block from the start on each input that is not there. */
  plainWillBlock(): void {
    const { events, graph, phases, blockers } = this.#parts;
    if (!events.isHeard) return;
    const { space, stack, resources } = this.#parts.stack;
    const time = this.#parts.now();
    for (const { index, name: reader, type, inputNames } of resources) {
      if (type.kind !== 'plain' || phases[index] !== 'waiting') continue;
      let port = startPort(graph, index);
      for (let position = 0; position < inputNames.length; position += 1) {
        const input = inputNames[position] as string;
        port += 1;
        const names = blockers.missingNames(port);
        if (names.length > 0) events.emit({ type: 'read:willBlock', time, space, stack, reader, input, names });
      }
    }
  }

  /** An input of a resource that has not started is there. */
  didWakePlain(resource: number, input: string): void {
    const { events, phases, now, startedAt } = this.#parts;
    const { space, stack, resources } = this.#parts.stack;
    const { name: reader, type } = resources[resource] as ResourceInterface;
    if (type.kind !== 'plain' || phases[resource] !== 'waiting') return;
    const time = now();
    events.emit({ type: 'read:didWake', time, space, stack, reader, input, waitedMs: time - startedAt() });
  }

  #base(): { readonly time: number; readonly space: string; readonly stack: string } {
    const { now, stack } = this.#parts;
    return { time: now(), space: stack.space, stack: stack.stack };
  }
}
