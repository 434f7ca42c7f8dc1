import { donePort, findPort, OUT, type PortGraph } from '../graph/port-graph.ts';
import type { ResourceInterface } from '../interface/interface.ts';
import type { Region } from '../space/data-space.ts';
import type { Waits } from '../space/waits.ts';
import type { Json, JsonObject } from '../values.ts';
import type { PublishedValues } from './published-values.ts';
import type { Readiness } from './readiness.ts';
import type { TraversalEvents } from './traversal-events.ts';

/** Where values go, and who is told of it. */
export interface PublisherParts {
  readonly graph: PortGraph;
  readonly region: Region;
  readonly values: PublishedValues;
  readonly readiness: Readiness;
  readonly events: TraversalEvents;
  readonly waits: Pick<Waits, 'didWrite'>;
  /** A value is there for its readers. */
  readonly didPublish: (resource: ResourceInterface) => void;
  /** A value that took time is not on its way any more. */
  readonly didArrive: (resource: ResourceInterface) => void;
  /** Told when the space refuses a value. */
  readonly didBreak: (error: unknown) => void;
}

/** Brings what is stored to its readers: into the data space, to the expressions, and to the ports that wait for it. */
export class Publisher {
  readonly #parts: PublisherParts;
  /** How many values are on their way into a space that takes time. */
  #arriving = 0;
  /** The ports that they will fire. */
  readonly #ports = new Set<number | undefined>();
  /** How many of a resource are, by its number. */
  readonly #arrivingOf = new Map<number, number>();

  constructor(parts: PublisherParts) {
    this.#parts = parts;
  }

  /** Whether a value is on its way into the space. */
  get isBusy(): boolean {
    return this.#arriving > 0;
  }

  /** Whether one of the resource is. */
  isBusyWith(resource: number): boolean {
    return (this.#arrivingOf.get(resource) ?? 0) > 0;
  }

  /** Whether the value of an `out` port is. */
  isArriving(port: number): boolean {
    return this.#ports.has(port);
  }

  /** A value that is durable: now readers may see it. */
  publish(resource: ResourceInterface, attribute: string, value: Json): void {
    const written = this.#parts.region.write(resource.name, attribute, value);
    if (written instanceof Promise) void this.#publishWhen(written, resource, attribute, value);
    else this.#publish(resource, attribute, value);
  }

  /** The values that a resource has at its end, stored already. */
  publishAll(resource: ResourceInterface, all: JsonObject): void {
    const { region, values, events, graph, readiness, waits } = this.#parts;
    if (region.writeAll === undefined || values.has(resource.index)) {
      for (const attribute in all) this.publish(resource, attribute, all[attribute] as Json);
      return;
    }
    region.writeAll(resource.name, all, resource.index);
    values.setAll(resource.index, all);
    if (events.isHeard) {
      for (const attribute in all) this.#didPublish(resource, attribute);
      return;
    }
    const attributes = graph.outputs[resource.index] as readonly string[];
    const firstOut = donePort(graph, resource.index) - attributes.length;
    for (let slot = 0; slot < attributes.length; slot += 1) {
      if (values.isThere(firstOut + slot)) readiness.fire(firstOut + slot);
    }
    waits.didWrite();
  }

  #publishWhen(written: Promise<void>, resource: ResourceInterface, attribute: string, value: Json): Promise<void> {
    const { graph, didArrive, didBreak } = this.#parts;
    const port = findPort(graph, resource.index, OUT, attribute);
    this.#count(resource, 1);
    this.#ports.add(port);
    return written
      .then(
        () => this.#publish(resource, attribute, value),
        (error: unknown) => didBreak(error),
      )
      .finally(() => {
        this.#count(resource, -1);
        this.#ports.delete(port);
        didArrive(resource);
      });
  }

  #count({ index }: ResourceInterface, change: 1 | -1): void {
    this.#arriving += change;
    this.#arrivingOf.set(index, (this.#arrivingOf.get(index) ?? 0) + change);
  }

  #publish(resource: ResourceInterface, attribute: string, value: Json): void {
    this.#parts.values.set(resource.index, attribute, value);
    this.#didPublish(resource, attribute);
  }

  #didPublish(resource: ResourceInterface, attribute: string): void {
    const { events, graph, readiness, didPublish, waits } = this.#parts;
    events.didPublish(resource, attribute);
    const port = findPort(graph, resource.index, OUT, attribute);
    if (port !== undefined) readiness.fire(port);
    didPublish(resource);
    waits.didWrite();
  }
}
