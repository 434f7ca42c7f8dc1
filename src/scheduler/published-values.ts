import { donePort, findPort, OUT, type PortGraph, startPort } from '../graph/port-graph.ts';
import type { StackInterface } from '../interface/interface.ts';
import { type Json, type JsonObject, setOwn } from '../values.ts';

/**
 * What the resources of one stack have published, by their numbers: a name has to be looked for in tables that are as large
 * as the stack.
 */
export class PublishedValues {
  readonly #stack: StackInterface;
  readonly #graph: PortGraph;
  readonly #values: (Record<string, Json> | undefined)[];
  /** The values that inputs read, by their `out` ports: no name is looked for when one is read. */
  readonly #cells: (Json | undefined)[];

  constructor(stack: StackInterface, graph: PortGraph) {
    this.#stack = stack;
    this.#graph = graph;
    this.#values = new Array(stack.resources.length);
    this.#cells = new Array(graph.size);
  }

  has(resource: number): boolean {
    return this.#values[resource] !== undefined;
  }

  set(resource: number, attribute: string, value: Json): void {
    let values = this.#values[resource];
    if (values === undefined) {
      values = {};
      this.#values[resource] = values;
    }
    setOwn(values, attribute, value);
    const port = findPort(this.#graph, resource, OUT, attribute);
    if (port !== undefined) this.#cells[port] = value;
  }

  /** Undefined when it is not published. */
  find(resource: number, attribute: string): Json | undefined {
    const values = this.#values[resource];
    return values !== undefined && Object.hasOwn(values, attribute) ? values[attribute] : undefined;
  }

  /** All values of a resource that has none yet, and will get no others. */
  setAll(resource: number, values: JsonObject): void {
    this.#values[resource] = values;
    const attributes = this.#graph.outputs[resource] as readonly string[];
    const firstOut = donePort(this.#graph, resource) - attributes.length;
    for (let slot = 0; slot < attributes.length; slot += 1) {
      const attribute = attributes[slot] as string;
      if (Object.hasOwn(values, attribute)) this.#cells[firstOut + slot] = values[attribute];
    }
  }

  /** Whether the attribute of an `out` port is there. */
  isThere(port: number): boolean {
    return this.#cells[port] !== undefined;
  }

  /** Null for what is not there. `position`: see ResolveScope. */
  attribute(resource: string, attribute: string, position?: number): Json {
    const { keepsPositions, numbers } = this.#stack;
    const number = keepsPositions && position !== undefined ? position : numbers.get(resource);
    return number === undefined ? null : this.#read(number, attribute);
  }

  /** The value that an input reads which is the value of one attribute, in a graph of attributes. */
  input(resource: number, input: number): Json {
    const { offsets, targets } = this.#graph.predecessors;
    const port = startPort(this.#graph, resource) + 1 + input;
    const edge = offsets[port] as number;
    return edge === offsets[port + 1] ? null : (this.#cells[targets[edge] as number] ?? null);
  }

  #read(resource: number, attribute: string): Json {
    const values = this.#values[resource];
    return values !== undefined && Object.hasOwn(values, attribute) ? (values[attribute] as Json) : null;
  }
}
