import { invariant } from '../errors.ts';
import {
  findResource,
  needsInput,
  producerOf,
  type ResourceInterface,
  type StackInterface,
} from '../interface/interface.ts';
import type { Reference } from '../template/expression.ts';
import type { InputInterface } from '../template/inputs.ts';
import { type PortGraph, PortGraphBuilder } from './port-graph.ts';

/** What a consumer waits for: the attribute it reads, or, as Heat and Terraform do, the whole resource behind it. */
export type Granularity = 'attribute' | 'resource';

/**
 * The ports and edges of a stack. A reference is `out(a, x) -> in(b, p)`. Inside a plain resource:
 * `in -> start -> out -> done`; inside a streaming one, which starts at once: `start -> out`, `in(p) -> out(x)` exactly
 * where x needs p, and everything before `done`. `depends_on: a` is `done(a) -> start(b)`.
 *
 * Only inputs with references and attributes that somebody refers to have ports, so the graph's size is that of the
 * template's text. O(resources + references + inputs * outputs per streaming resource).
 */
export function buildPortGraph(stack: StackInterface, granularity: Granularity = 'attribute'): PortGraph {
  const { resources } = stack;
  const { attributes, producers, slots, portCount } = referencedAttributes(stack, granularity);
  const builder = new PortGraphBuilder(2 * portCount);
  for (let index = 0; index < resources.length; index += 1) {
    const resource = resources[index] as ResourceInterface;
    builder.addResource(resource.name, resource.inputs, attributes[index] ?? NONE);
  }
  let position = 0;
  for (let index = 0; index < resources.length; index += 1) {
    const resource = resources[index] as ResourceInterface;
    const start = builder.startPort(index);
    // A member starts after what it is a member of.
    if (resource.parent >= 0) builder.addEdge(builder.startPort(resource.parent), start);
    addInnerEdges(builder, resource, attributes[index] ?? NONE, granularity);
    for (const name of resource.dependsOn) builder.addEdge(builder.donePort(indexOf(stack, name)), start);
    for (let input = 0; input < resource.inputs.length; input += 1) {
      const count = (resource.inputs[input] as InputInterface).references.length;
      const first = builder.edgeCount;
      for (let each = 0; each < count; each += 1) {
        const producer = producers[position] as number;
        const slot = slots[position] as number;
        position += 1;
        if (producer === NOBODY) continue;
        const port = slot === END ? builder.donePort(producer) : builder.outPort(producer, slot);
        if (!builder.hasEdgeSince(first, port)) builder.addEdge(port, start + 1 + input);
      }
    }
  }
  return builder.build();
}

const NONE: readonly string[] = [];

function addInnerEdges(
  builder: PortGraphBuilder,
  resource: ResourceInterface,
  outputs: readonly string[],
  granularity: Granularity,
): void {
  const start = builder.startPort(resource.index);
  const done = builder.donePort(resource.index);
  const firstOut = start + 1 + resource.inputs.length;
  const startsWithAll = resource.type.kind === 'plain' || granularity === 'resource';
  for (let inPort = start + 1; inPort < firstOut; inPort += 1) {
    if (startsWithAll) {
      builder.addEdge(inPort, start);
      continue;
    }
    const { name } = resource.inputs[inPort - start - 1] as InputInterface;
    let out = firstOut;
    for (const attribute of outputs) {
      if (needsInput(resource, attribute, name)) builder.addEdge(inPort, out);
      out += 1;
    }
    builder.addEdge(inPort, done);
  }
  for (let out = firstOut; out < done; out += 1) {
    builder.addEdge(start, out);
    builder.addEdge(out, done);
  }
  if (firstOut === done) builder.addEdge(start, done);
}

/** The producer of a name outside the stack, or of a resource that its condition leaves out, which reads as null. */
const NOBODY = -1;
/** The place of a reference that waits for the whole resource. */
const END = -1;

interface Referenced {
  /** By resource: the attributes that another resource or an output refers to, in order of first mention. */
  readonly attributes: readonly (string[] | undefined)[];
  /** For each reference of each input the number of its resource, in the order of the resources. */
  readonly producers: readonly number[];
  /** And the place of its attribute among that resource's; END for none. */
  readonly slots: readonly number[];
  readonly portCount: number;
}

/** The one walk over all references. Everything after it works on numbers. */
function referencedAttributes(stack: StackInterface, granularity: Granularity): Referenced {
  const { resources, outputs } = stack;
  const attributes: (string[] | undefined)[] = new Array(resources.length);
  const producers: number[] = [];
  const slots: number[] = [];
  let portCount = 2 * resources.length;
  const slotOf = (producer: number, attribute: string): number => {
    const known = attributes[producer];
    if (known === undefined) attributes[producer] = [attribute];
    else {
      const slot = known.indexOf(attribute);
      if (slot >= 0) return slot;
      known.push(attribute);
    }
    portCount += 1;
    return (attributes[producer] as string[]).length - 1;
  };
  for (let index = 0; index < resources.length; index += 1) {
    const { inputs } = resources[index] as ResourceInterface;
    portCount += inputs.length;
    for (let input = 0; input < inputs.length; input += 1) {
      const { references } = inputs[input] as InputInterface;
      for (let each = 0; each < references.length; each += 1) {
        const reference = references[each] as Reference;
        const producer = reference.kind === 'name' ? NOBODY : producerOf(stack, reference);
        producers.push(producer);
        const slot =
          producer === NOBODY || reference.kind !== 'attribute' ? END : slotOf(producer, reference.attribute);
        slots.push(granularity === 'resource' ? END : slot);
      }
    }
  }
  for (const { references } of outputs) {
    for (const reference of references) {
      if (reference.kind !== 'attribute') continue;
      const producer = producerOf(stack, reference);
      if (producer !== NOBODY) slotOf(producer, reference.attribute);
    }
  }
  return { attributes, producers, slots, portCount };
}

function indexOf(stack: StackInterface, name: string): number {
  const resource = findResource(stack, name);
  invariant(resource !== undefined, `depends_on of an enabled resource names the enabled resource '${name}'`);
  return resource.index;
}
