import { invariant } from '../errors.ts';
import { needsInput, type ResourceInterface, type StackInterface } from '../interface/interface.ts';
import type { Reference } from '../template/expression.ts';
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
  const builder = new PortGraphBuilder();
  const referenced = referencedAttributes(stack);
  for (const resource of stack.resources) {
    builder.addResource(resource.name, resource.inputs, referenced[resource.index] ?? NONE);
  }
  for (const resource of stack.resources) {
    // A member starts after what it is a member of.
    if (resource.parent >= 0) builder.addEdge(builder.startPort(resource.parent), builder.startPort(resource.index));
    addInnerEdges(builder, resource, referenced[resource.index] ?? NONE, granularity);
    for (const name of resource.dependsOn) {
      builder.addEdge(builder.donePort(indexOf(stack, name)), builder.startPort(resource.index));
    }
    let inPort = builder.startPort(resource.index);
    for (const { references } of resource.inputs) {
      inPort += 1;
      addReferenceEdges(builder, stack, referenced, references, inPort, granularity);
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
  let inPort = start;
  for (const input of resource.inputs) {
    inPort += 1;
    if (startsWithAll) {
      builder.addEdge(inPort, start);
      continue;
    }
    let out = firstOut;
    for (const attribute of outputs) {
      if (needsInput(resource, attribute, input.name)) builder.addEdge(inPort, out);
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

/** Edges from what an input refers to, one per port. References to names outside the stack have none. */
function addReferenceEdges(
  builder: PortGraphBuilder,
  stack: StackInterface,
  referenced: readonly (readonly string[] | undefined)[],
  references: readonly Reference[],
  inPort: number,
  granularity: Granularity,
): void {
  const first = builder.edgeCount;
  for (const reference of references) {
    if (reference.kind === 'name') continue;
    const producer = stack.byName.get(reference.resource);
    if (producer === undefined) continue; // left out by its condition: reads as null
    const outputs = referenced[producer.index] ?? NONE;
    const port =
      granularity === 'resource' || reference.kind === 'done'
        ? builder.donePort(producer.index)
        : builder.startPort(producer.index) + 1 + producer.inputs.length + outputs.indexOf(reference.attribute);
    if (!builder.hasEdgeSince(first, port)) builder.addEdge(port, inPort);
  }
}

/** For each resource the attributes that another resource or an output refers to, in order of first mention. */
function referencedAttributes(stack: StackInterface): readonly (string[] | undefined)[] {
  const referenced: (string[] | undefined)[] = new Array(stack.resources.length);
  const note = (reference: Reference): void => {
    if (reference.kind !== 'attribute') return;
    const producer = stack.byName.get(reference.resource);
    if (producer === undefined) return;
    const attributes = referenced[producer.index];
    if (attributes === undefined) referenced[producer.index] = [reference.attribute];
    else if (!attributes.includes(reference.attribute)) attributes.push(reference.attribute);
  };
  for (const resource of stack.resources) {
    for (const input of resource.inputs) for (const reference of input.references) note(reference);
  }
  for (const output of stack.outputs) for (const reference of output.references) note(reference);
  return referenced;
}

function indexOf(stack: StackInterface, name: string): number {
  const resource = stack.byName.get(name);
  invariant(resource !== undefined, `depends_on of an enabled resource names the enabled resource '${name}'`);
  return resource.index;
}
