import { findResource, type StackInterface } from '../interface/interface.ts';
import { printName } from '../names.ts';
import { findCriticalPath } from './critical-path.ts';
import { stronglyConnected } from './cycles.ts';
import { topologicalOrder } from './order.ts';
import {
  DONE,
  findPort,
  IN,
  OUT,
  type Port,
  type PortGraph,
  type PortKind,
  packRows,
  portOf,
  printPort,
  START,
  startPort,
} from './port-graph.ts';

/** A stack's graph as it is drawn, whatever draws it. Ids are short and stable: they follow the template's order. */
export interface Picture {
  readonly title: string;
  readonly resources: readonly PictureResource[];
  /** Names of other stacks, or of nobody, that resources or template outputs read. */
  readonly foreignNames: readonly { readonly id: string; readonly name: string }[];
  readonly outputs: readonly { readonly id: string; readonly name: string }[];
  readonly edges: readonly PictureEdge[];
  /** The resources of the critical path, in order. */
  readonly criticalPath: readonly string[];
}

export interface PictureResource {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  /** False for a resource that its condition leaves out; it is drawn all the same, since people look for it. */
  readonly isEnabled: boolean;
  readonly isCritical: boolean;
  /** At least one. */
  readonly stages: readonly PictureStage[];
}

/**
 * A resource, or a part of its run. Resources that need each other make a circle of boxes, though none of ports. To draw
 * every arrow forward, each of them is drawn as several boxes in one frame: what it publishes before it needs something
 * of the circle, and what comes after. Every other resource has one stage.
 */
export interface PictureStage {
  readonly id: string;
  readonly inputs: readonly PicturePort[];
  readonly outputs: readonly PicturePort[];
}

export interface PicturePort {
  readonly id: string;
  readonly kind: PortKind;
  /** The property, alias or attribute; `start` and `done` for those, which are drawn where a depends_on needs them. */
  readonly label: string;
  readonly isCritical: boolean;
}

export interface PictureEdge {
  /**
   * `reads`, `dependsOn` and `output` lead from one box to another. `then` joins the stages of a resource. `needs` lies
   * inside a box: what is written only after what; only a picture in which ports are nodes has a use for it.
   */
  readonly kind: 'reads' | 'dependsOn' | 'output' | 'then' | 'needs';
  /** Ids of a stage or of an outside name, and of a port in it. */
  readonly from: { readonly box: string; readonly port?: string };
  readonly to: { readonly box: string; readonly port?: string };
  /** `db.address -> web.url` */
  readonly text: string;
  readonly isCritical: boolean;
}

/** The template outputs are drawn as one box of this id. */
export const OUTPUTS_BOX = 'outputs';

/** What is to be drawn of an acyclic graph. O(V + E). */
export function pictureOf(stack: StackInterface, graph: PortGraph): Picture {
  return new Painter(stack, graph).paint();
}

class Painter {
  readonly #stack: StackInterface;
  readonly #graph: PortGraph;
  readonly #levels: Uint32Array;
  readonly #isDrawn: Uint8Array;
  /** For each port that is drawn, its stage. */
  readonly #boxes: (string | undefined)[];
  readonly #criticalPorts: ReadonlySet<string>;
  readonly #criticalEdges: ReadonlySet<string>;
  readonly #criticalResources: readonly string[];
  readonly #foreign = new Map<string, string>();
  readonly #edges: PictureEdge[] = [];

  constructor(stack: StackInterface, graph: PortGraph) {
    this.#stack = stack;
    this.#graph = graph;
    this.#levels = stageLevels(graph);
    this.#isDrawn = drawnPorts(graph);
    this.#boxes = new Array(graph.size);
    const { ports, resources } = findCriticalPath(graph);
    const keys = ports.map(portKey);
    this.#criticalPorts = new Set(keys);
    this.#criticalEdges = new Set(keys.slice(1).map((key, index) => `${keys[index]}>${key}`));
    this.#criticalResources = resources;
  }

  paint(): Picture {
    const resources = [
      ...this.#stack.resources.map((_, index) => this.#resource(index)),
      ...this.#leftOut(this.#stack.resources.length),
    ];
    this.#addEdges();
    this.#addForeignEdges();
    const outputs = this.#stack.outputs.map(({ definition }, index) => ({ id: `t${index}`, name: definition.name }));
    this.#addOutputEdges();
    return {
      title: this.#stack.stack,
      resources,
      foreignNames: [...this.#foreign].map(([name, id]) => ({ id, name })),
      outputs,
      edges: this.#edges,
      criticalPath: this.#criticalResources,
    };
  }

  #resource(index: number): PictureResource {
    const { name, definition } = this.#stack.resources[index] as StackInterface['resources'][number];
    const stages = this.#stages(index);
    for (const [position, { id }] of stages.entries()) {
      const before = stages[position - 1];
      if (before === undefined) continue;
      const isCritical = [before, stages[position] as PictureStage].every(({ inputs, outputs }) =>
        [...inputs, ...outputs].some((port) => port.isCritical),
      );
      this.#edges.push({
        kind: 'then',
        from: { box: before.id },
        to: { box: id },
        text: `${name} goes on`,
        isCritical,
      });
    }
    return {
      id: `r${index}`,
      name,
      type: definition.type,
      isEnabled: true,
      isCritical: this.#criticalResources.includes(name),
      stages,
    };
  }

  #stages(resource: number): readonly PictureStage[] {
    const byLevel = new Map<number, { inputs: PicturePort[]; outputs: PicturePort[]; numbers: number[] }>();
    const first = startPort(this.#graph, resource);
    const end = this.#graph.firstPort[resource + 1] as number;
    for (let number = first; number < end; number += 1) {
      if (this.#isDrawn[number] === 0) continue;
      const level = this.#levels[number] as number;
      const stage = byLevel.get(level) ?? { inputs: [], outputs: [], numbers: [] };
      byLevel.set(level, stage);
      const port = portOf(this.#graph, number);
      const isInput = port.kind === 'in' || port.kind === 'start';
      (isInput ? stage.inputs : stage.outputs).push({
        id: `p${number - first}`,
        kind: port.kind,
        label: port.label ?? port.kind,
        isCritical: this.#criticalPorts.has(portKey(port)),
      });
      stage.numbers.push(number);
    }
    if (byLevel.size === 0) return [{ id: `r${resource}`, inputs: [], outputs: [] }];
    const levels = [...byLevel].sort(([a], [b]) => a - b);
    return levels.map(([, { inputs, outputs, numbers }], position) => {
      const id = levels.length === 1 ? `r${resource}` : `r${resource}s${position}`;
      for (const number of numbers) this.#boxes[number] = id;
      return { id, inputs, outputs };
    });
  }

  #leftOut(firstIndex: number): readonly PictureResource[] {
    const definitions = [...this.#stack.template.resources.values()].filter(
      ({ name }) => !this.#stack.numbers.has(name),
    );
    return definitions.map(({ name, type }, position) => {
      const id = `r${firstIndex + position}`;
      return { id, name, type, isEnabled: false, isCritical: false, stages: [{ id, inputs: [], outputs: [] }] };
    });
  }

  #addEdges(): void {
    for (let from = 0; from < this.#graph.size; from += 1) {
      if (this.#isDrawn[from] === 1) for (const to of this.#next(from)) this.#addEdge(from, to);
    }
  }

  #addEdge(from: number, to: number): void {
    const { kinds, owners } = this.#graph;
    const [producer, consumer] = [portOf(this.#graph, from), portOf(this.#graph, to)];
    const [before, after] = [portKey(producer), portKey(consumer)];
    const isInner = owners[from] === owners[to];
    this.#edges.push({
      kind: isInner ? 'needs' : kinds[to] === START ? 'dependsOn' : 'reads',
      from: this.#end(from),
      to: this.#end(to),
      text: `${printPort(producer)} -> ${printPort(consumer)}`,
      isCritical: isInner
        ? this.#criticalPorts.has(before) && this.#criticalPorts.has(after)
        : this.#criticalEdges.has(`${before}>${after}`),
    });
  }

  /** The drawn ports that follow on a port; what follows on a `start` that is not drawn follows on what leads to it. */
  #next(from: number): readonly number[] {
    const { offsets, targets } = this.#graph.successors;
    const direct = [...targets.subarray(offsets[from], offsets[from + 1])];
    const next = direct.flatMap((to) =>
      this.#isDrawn[to] === 0 && this.#graph.kinds[to] === START ? this.#next(to) : [to],
    );
    return [...new Set(next)].filter((to) => this.#isDrawn[to] === 1);
  }

  #addForeignEdges(): void {
    for (const { index, name: resource, inputs } of this.#stack.resources) {
      for (const input of inputs) {
        const to = findPort(this.#graph, index, IN, input.name);
        if (to === undefined) continue;
        const names = input.references.flatMap((reference) => (reference.kind === 'name' ? [reference.name] : []));
        for (const name of new Set(names.map(printName))) {
          const text = `${name} -> ${resource}.${input.name}`;
          this.#edges.push({
            kind: 'reads',
            from: { box: this.#foreignBox(name) },
            to: this.#end(to),
            text,
            isCritical: false,
          });
        }
      }
    }
  }

  #addOutputEdges(): void {
    for (const [position, { definition, references }] of this.#stack.outputs.entries()) {
      const seen = new Set<string>();
      for (const reference of references) {
        if (reference.kind === 'done') continue;
        const [text, from] =
          reference.kind === 'name'
            ? [printName(reference.name), { box: this.#foreignBox(printName(reference.name)) }]
            : [`${reference.resource}.${reference.attribute}`, this.#attributeEnd(reference)];
        if (from === undefined || seen.has(text)) continue;
        seen.add(text);
        const to = { box: OUTPUTS_BOX, port: `t${position}` };
        this.#edges.push({ kind: 'output', from, to, text: `${text} -> output ${definition.name}`, isCritical: false });
      }
    }
  }

  /** Undefined for a resource that a condition left out: it reads as null. */
  #attributeEnd(reference: { readonly resource: string; readonly attribute: string }): PictureEdge['from'] | undefined {
    const producer = findResource(this.#stack, reference.resource);
    const port = producer && findPort(this.#graph, producer.index, OUT, reference.attribute);
    return port === undefined ? undefined : this.#end(port);
  }

  #foreignBox(name: string): string {
    const id = this.#foreign.get(name) ?? `n${this.#foreign.size}`;
    this.#foreign.set(name, id);
    return id;
  }

  #end(port: number): { readonly box: string; readonly port: string } {
    const first = startPort(this.#graph, this.#graph.owners[port] as number);
    return { box: this.#boxes[port] as string, port: `p${port - first}` };
  }
}

function portKey({ kind, resource, label = '' }: Port): string {
  return `${kind} ${resource} ${label}`;
}

/** Inputs, attributes, and those `start` and `done` ports that something of another resource is tied to. */
function drawnPorts(graph: PortGraph): Uint8Array {
  const { kinds, owners, successors, size } = graph;
  const isDrawn = Uint8Array.from(kinds, (kind) => (kind === IN || kind === OUT ? 1 : 0));
  for (let from = 0; from < size; from += 1) {
    for (let edge = successors.offsets[from] as number; edge < (successors.offsets[from + 1] as number); edge += 1) {
      const to = successors.targets[edge] as number;
      if (owners[from] === owners[to]) continue;
      if (kinds[from] === DONE) isDrawn[from] = 1;
      if (kinds[to] === START) isDrawn[to] = 1;
    }
  }
  return isDrawn;
}

/**
 * For each port, how many times the circle of its resource has handed something on before it: 0 for every port of a
 * resource that is in no circle. Boxes made of the ports of one resource and one level have no circle, because every
 * edge between two resources of a circle leads to a higher level.
 */
function stageLevels(graph: PortGraph): Uint32Array {
  const { owners, successors, size, names } = graph;
  const group = resourceGroups(graph, names.length);
  const levels = new Uint32Array(size);
  for (const from of topologicalOrder(graph)) {
    const owner = owners[from] as number;
    for (let edge = successors.offsets[from] as number; edge < (successors.offsets[from + 1] as number); edge += 1) {
      const to = successors.targets[edge] as number;
      const target = owners[to] as number;
      if (group[owner] !== group[target]) continue;
      levels[to] = Math.max(levels[to] as number, (levels[from] as number) + (owner === target ? 0 : 1));
    }
  }
  return levels;
}

/** For each resource the number of its circle; resources in no circle have one of their own. */
function resourceGroups(graph: PortGraph, resources: number): Uint32Array {
  const { owners, successors, size } = graph;
  const rows: number[] = [];
  const targets: number[] = [];
  for (let from = 0; from < size; from += 1) {
    for (let edge = successors.offsets[from] as number; edge < (successors.offsets[from + 1] as number); edge += 1) {
      const target = owners[successors.targets[edge] as number] as number;
      if (target === owners[from]) continue;
      rows.push(owners[from] as number);
      targets.push(target);
    }
  }
  const group = new Uint32Array(resources);
  let count = 0;
  stronglyConnected(resources, packRows(resources, rows, targets), (members) => {
    for (const member of members) group[member] = count;
    count += 1;
  });
  return group;
}
