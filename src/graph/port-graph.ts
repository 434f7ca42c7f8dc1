import { firstOf, uint8Array, uint32Array } from './number-arrays.ts';

/** What a port is: a resource may start, an input is there, an attribute is written, a resource is done. */
export type PortKind = 'start' | 'in' | 'out' | 'done';

export const START = 0;
export const IN = 1;
export const OUT = 2;
export const DONE = 3;
const KINDS: readonly PortKind[] = ['start', 'in', 'out', 'done'];

/** One port, as shown to people. The graph itself holds numbers. */
export interface Port {
  readonly kind: PortKind;
  readonly resource: string;
  /** The property or alias of an `in`, the attribute of an `out`. */
  readonly label: string | undefined;
}

/** Edges in compressed rows: those of row `p` are `targets[offsets[p]]` to `targets[offsets[p + 1] - 1]`. */
export interface Rows {
  readonly offsets: Uint32Array;
  readonly targets: Uint32Array;
}

/**
 * Ports and edges in typed arrays. The ports of a resource lie side by side: `start`, its `in` ports, its `out` ports,
 * `done`. Resources are numbered; `names` gives their names. An edge a -> b says that b cannot happen before a.
 *
 * Arrays and not graphlib, because at 100,000 resources graphlib takes 6.1 s and 365 MB to build where this takes 56 ms
 * and 53 MB, and its walks recurse: they overflow the call stack at a few thousand resources in a chain. graphlib is
 * the public view (`toGraphlib`).
 */
export interface PortGraph {
  readonly size: number;
  readonly names: readonly string[];
  readonly kinds: Uint8Array;
  /** The number of the resource that the port belongs to. */
  readonly owners: Uint32Array;
  /** By resource: the properties and aliases that have `in` ports, and the attributes that have `out` ports. */
  readonly inputs: readonly (readonly string[])[];
  readonly outputs: readonly (readonly string[])[];
  /** Row r: the first port of resource r; the last entry is `size`. */
  readonly firstPort: Uint32Array;
  readonly successors: Rows;
  readonly predecessors: Rows;
  /** Whether `in` ports wait for the attributes that they read, and not for the whole resources behind them. */
  readonly readsAttributes: boolean;
}

export function startPort(graph: Pick<PortGraph, 'firstPort'>, resource: number): number {
  return graph.firstPort[resource] as number;
}

export function donePort(graph: Pick<PortGraph, 'firstPort'>, resource: number): number {
  return (graph.firstPort[resource + 1] as number) - 1;
}

/** Property, alias or attribute; undefined for `start` and `done`. */
export function labelOf({ firstPort, owners, inputs, outputs }: PortGraph, port: number): string | undefined {
  const resource = owners[port] as number;
  const position = port - (firstPort[resource] as number) - 1;
  const own = inputs[resource] as readonly string[];
  return position < own.length ? own[position] : outputs[resource]?.[position - own.length];
}

/** The port of an input that refers to something, or of an attribute that somebody refers to. */
export function findPort(
  graph: PortGraph,
  resource: number,
  kind: typeof IN | typeof OUT,
  label: string,
): number | undefined {
  const first = startPort(graph, resource) + 1;
  const inputs = graph.inputs[resource] as readonly string[];
  const slot = (kind === IN ? inputs : (graph.outputs[resource] as readonly string[])).indexOf(label);
  return slot < 0 ? undefined : first + slot + (kind === IN ? 0 : inputs.length);
}

export function portOf(graph: PortGraph, port: number): Port {
  return {
    kind: KINDS[graph.kinds[port] as number] as PortKind,
    resource: graph.names[graph.owners[port] as number] as string,
    label: labelOf(graph, port),
  };
}

/** `web.url` for inputs and attributes, `web (start)` and `web (done)` for the others. */
export function printPort(port: Port): string {
  return port.label === undefined ? `${port.resource} (${port.kind})` : `${port.resource}.${port.label}`;
}

/**
 * Where the ports of resources lie. A literal with functions beside it, as is RowWriter: V8 drops the code that it has
 * compiled for a class together with the last object of it, and a graph is made seldom, but of many parts.
 */
export interface PortLayout extends Pick<PortGraph, 'size' | 'names' | 'inputs' | 'outputs' | 'firstPort'> {}

export function layOut(
  resources: readonly { readonly name: string; readonly inputNames?: readonly string[] }[],
  attributesOf: (resource: number) => readonly string[] | undefined,
): PortLayout {
  const names: string[] = new Array(resources.length);
  const inputs: (readonly string[])[] = new Array(resources.length);
  const outputs: (readonly string[])[] = new Array(resources.length);
  const firstPort = uint32Array(resources.length + 1);
  let size = 0;
  for (let index = 0; index < resources.length; index += 1) {
    const resource = resources[index] as (typeof resources)[number];
    const attributes = attributesOf(index) ?? NONE;
    names[index] = resource.name;
    inputs[index] = resource.inputNames ?? NONE;
    outputs[index] = attributes;
    size += (inputs[index] as readonly string[]).length + attributes.length + 2;
    firstPort[index + 1] = size;
  }
  return { size, names, inputs, outputs, firstPort };
}

const NONE: readonly never[] = [];

/** `slot` counts from 0 among the outputs of the resource. */
export function outPort(layout: PortLayout, resource: number, slot: number): number {
  return donePort(layout, resource) - (layout.outputs[resource] as readonly string[]).length + slot;
}

/** The graph of these ports, of which each has its row among `predecessors`, and in `successors` the reverse. */
export function graphOf(
  layout: PortLayout,
  predecessors: Rows,
  options: { readonly successors?: Rows; readonly readsAttributes?: boolean } = {},
): PortGraph {
  const { size, names, inputs, outputs, firstPort } = layout;
  const kinds = uint8Array(size).fill(IN);
  const owners = uint32Array(size);
  for (let resource = 0; resource < names.length; resource += 1) {
    const start = firstPort[resource] as number;
    const done = (firstPort[resource + 1] as number) - 1;
    for (let port = start; port <= done; port += 1) owners[port] = resource;
    kinds[start] = START;
    for (let port = done - (outputs[resource] as readonly string[]).length; port < done; port += 1) kinds[port] = OUT;
    kinds[done] = DONE;
  }
  return {
    size,
    names,
    inputs,
    outputs,
    kinds,
    owners,
    firstPort,
    successors: options.successors ?? reversed(size, predecessors),
    predecessors,
    readsAttributes: options.readsAttributes ?? true,
  };
}

/** Rows that are written one after the other. */
export interface RowWriter {
  readonly offsets: Uint32Array;
  targets: Uint32Array;
  /** How many rows have begun, and how many targets they have. */
  rows: number;
  end: number;
}

/** `targets`: how many there is room for at first. */
export function writeRows(rows: number, targets: number): RowWriter {
  return { offsets: uint32Array(rows + 1), targets: uint32Array(targets), rows: 0, end: 0 };
}

/** The next row begins. */
export function beginRow(writer: RowWriter): void {
  writer.offsets[writer.rows] = writer.end;
  writer.rows += 1;
}

export function addTarget(writer: RowWriter, target: number): void {
  if (writer.end === writer.targets.length) {
    const larger = uint32Array(2 * writer.end + 64);
    larger.set(writer.targets);
    writer.targets = larger;
  }
  writer.targets[writer.end] = target;
  writer.end += 1;
}

/** Unless the row has it. */
export function addTargetOnce(writer: RowWriter, target: number): void {
  const { targets, end } = writer;
  for (let each = writer.offsets[writer.rows - 1] as number; each < end; each += 1) {
    if (targets[each] === target) return;
  }
  addTarget(writer, target);
}

/** After the last row. */
export function endRows({ offsets, targets, rows, end }: RowWriter): Rows {
  offsets[rows] = end;
  return { offsets, targets: end === targets.length ? targets : firstOf(targets, end) };
}

/** Collects edges in any order between the ports of resources, then packs them in that order. */
export class PortGraphBuilder {
  readonly #layout: PortLayout;
  readonly #from: number[] = [];
  readonly #to: number[] = [];

  constructor(
    resources: readonly {
      readonly name: string;
      readonly inputNames?: readonly string[];
      readonly outputs?: readonly string[];
    }[],
  ) {
    this.#layout = layOut(resources, (resource) => resources[resource]?.outputs);
  }

  startPort(resource: number): number {
    return startPort(this.#layout, resource);
  }

  outPort(resource: number, position: number): number {
    return outPort(this.#layout, resource, position);
  }

  donePort(resource: number): number {
    return donePort(this.#layout, resource);
  }

  addEdge(from: number, to: number): void {
    this.#from.push(from);
    this.#to.push(to);
  }

  build(): PortGraph {
    const { size } = this.#layout;
    const successors = packRows(size, this.#from, this.#to);
    return graphOf(this.#layout, packRows(size, this.#to, this.#from), { successors });
  }
}

/** The same edges by their targets; those of a row in the order of the rows that they come from. */
function reversed(size: number, { offsets, targets }: Rows): Rows {
  const ends = uint32Array(size + 1);
  for (let edge = 0; edge < targets.length; edge += 1) {
    const row = targets[edge] as number;
    ends[row] = (ends[row] as number) + 1;
  }
  // Each row's end goes back to its beginning while the row is filled from its end.
  for (let row = 1; row <= size; row += 1) ends[row] = (ends[row] as number) + (ends[row - 1] as number);
  const sources = uint32Array(targets.length);
  for (let source = size - 1; source >= 0; source -= 1) {
    for (let edge = (offsets[source + 1] as number) - 1; edge >= (offsets[source] as number); edge -= 1) {
      const row = targets[edge] as number;
      const place = (ends[row] as number) - 1;
      ends[row] = place;
      sources[place] = source;
    }
  }
  return { offsets: ends, targets: sources };
}

/** Counting sort of the edges by their row; within a row they keep the order in which they were added. */
export function packRows(size: number, rows: ArrayLike<number>, targets: ArrayLike<number>): Rows {
  const offsets = uint32Array(size + 1);
  for (let edge = 0; edge < rows.length; edge += 1) {
    const row = rows[edge] as number;
    offsets[row + 1] = (offsets[row + 1] as number) + 1;
  }
  for (let row = 0; row < size; row += 1) offsets[row + 1] = (offsets[row + 1] as number) + (offsets[row] as number);
  const next = firstOf(offsets, size);
  const packed = uint32Array(targets.length);
  for (let edge = 0; edge < rows.length; edge += 1) {
    const row = rows[edge] as number;
    packed[next[row] as number] = targets[edge] as number;
    next[row] = (next[row] as number) + 1;
  }
  return { offsets, targets: packed };
}

/** The names of the resources that a resource reads or depends on, each once: depends_on first, then by input. */
export function requiredResources(graph: PortGraph, resource: number): readonly string[] {
  const { offsets, targets } = graph.predecessors;
  const start = startPort(graph, resource);
  const end = start + 1 + (graph.inputs[resource] as readonly unknown[]).length;
  const last = offsets[end] as number;
  // A list that grows has room for many more at last, and every record keeps one: it is made as long as it can be.
  const required: string[] = new Array(last - (offsets[start] as number));
  let count = 0;
  for (let edge = offsets[start] as number; edge < last; edge += 1) {
    const before = targets[edge] as number;
    const kind = graph.kinds[before];
    // Before its start are its own inputs and the start of what it is a member of too.
    if (kind !== OUT && kind !== DONE) continue;
    const owner = graph.owners[before] as number;
    if (hasOwner(graph, offsets[start] as number, edge, owner)) continue;
    required[count] = graph.names[owner] as string;
    count += 1;
  }
  if (count === 0) return NO_NAMES;
  return count === required.length ? required : required.slice(0, count);
}

/** Whether one of these edges comes from an attribute or the end of that resource. By numbers: names lie anywhere in the heap. */
function hasOwner({ predecessors, kinds, owners }: PortGraph, first: number, end: number, owner: number): boolean {
  for (let edge = first; edge < end; edge += 1) {
    const before = predecessors.targets[edge] as number;
    const kind = kinds[before];
    if (owners[before] === owner && (kind === OUT || kind === DONE)) return true;
  }
  return false;
}

const NO_NAMES: readonly string[] = [];
