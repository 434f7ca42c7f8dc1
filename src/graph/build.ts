import { invariant } from '../errors.ts';
import { needsInput, type ResourceInterface, type StackInterface } from '../interface/interface.ts';
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
  const { attributes, producers, portCount } = referencedAttributes(stack);
  const builder = new PortGraphBuilder(portCount, 2 * portCount);
  const { resources } = stack;
  // Producers were listed in the order in which they are met here.
  for (let index = 0; index < resources.length; index += 1) {
    const resource = resources[index] as ResourceInterface;
    builder.addResource(resource.name, resource.inputs, attributes[index] ?? NONE);
  }
  let position = 0;
  for (let index = 0; index < resources.length; index += 1) {
    const resource = resources[index] as ResourceInterface;
    // A member starts after what it is a member of.
    if (resource.parent >= 0) builder.addEdge(builder.startPort(resource.parent), builder.startPort(index));
    addInnerEdges(builder, resource, attributes[index] ?? NONE, granularity);
    for (const name of resource.dependsOn) {
      builder.addEdge(builder.donePort(indexOf(stack, name)), builder.startPort(index));
    }
    const start = builder.startPort(index);
    for (let input = 0; input < resource.inputs.length; input += 1) {
      const { references } = resource.inputs[input] as InputInterface;
      const first = builder.edgeCount;
      for (let each = 0; each < references.length; each += 1) {
        const producer = producers[position] as number;
        position += 1;
        if (producer === NOBODY) continue;
        const reference = references[each] as Reference;
        const port =
          granularity === 'resource' || reference.kind !== 'attribute'
            ? builder.donePort(producer)
            : outPort(builder, producer, attributes[producer] ?? NONE, reference.attribute);
        if (!builder.hasEdgeSince(first, port)) builder.addEdge(port, start + 1 + input);
      }
    }
  }
  return builder.build();
}

const NONE: readonly string[] = [];

/** Its `out` ports stand before its `done`. */
function outPort(
  builder: PortGraphBuilder,
  producer: number,
  attributes: readonly string[],
  attribute: string,
): number {
  return builder.donePort(producer) - attributes.length + attributes.indexOf(attribute);
}

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

interface Referenced {
  /** By resource: the attributes that another resource or an output refers to, in order of first mention. */
  readonly attributes: readonly (string[] | undefined)[];
  /** For each reference of each input the number of its resource, in the order of the resources. */
  readonly producers: readonly number[];
  readonly portCount: number;
}

function referencedAttributes({ resources, outputs, byName }: StackInterface): Referenced {
  const attributes: (string[] | undefined)[] = new Array(resources.length);
  const producers: number[] = [];
  let portCount = 2 * resources.length;
  const note = (reference: Reference): number => {
    const producer = reference.kind === 'name' ? undefined : byName.get(reference.resource);
    if (producer === undefined) return NOBODY;
    const { index } = producer;
    if (reference.kind !== 'attribute') return index;
    const known = attributes[index];
    if (known?.includes(reference.attribute)) return index;
    portCount += 1;
    if (known === undefined) attributes[index] = [reference.attribute];
    else known.push(reference.attribute);
    return index;
  };
  for (let index = 0; index < resources.length; index += 1) {
    const { inputs } = resources[index] as ResourceInterface;
    portCount += inputs.length;
    for (let input = 0; input < inputs.length; input += 1) {
      const { references } = inputs[input] as InputInterface;
      for (let each = 0; each < references.length; each += 1) producers.push(note(references[each] as Reference));
    }
  }
  for (const { references } of outputs) for (const reference of references) note(reference);
  return { attributes, producers, portCount };
}

function indexOf(stack: StackInterface, name: string): number {
  const resource = stack.byName.get(name);
  invariant(resource !== undefined, `depends_on of an enabled resource names the enabled resource '${name}'`);
  return resource.index;
}
