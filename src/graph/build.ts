import { invariant } from '../errors.ts';
import { findResource, needsInput, type ResourceInterface, type StackInterface } from '../interface/interface.ts';
import { NOBODY, type Reads, WHOLE } from '../template/reads.ts';
import {
  addTarget,
  addTargetOnce,
  beginRow,
  donePort,
  endRows,
  graphOf,
  layOut,
  outPort,
  type PortGraph,
  type PortLayout,
  type RowWriter,
  startPort,
  writeRows,
} from './port-graph.ts';

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
  const { resources, reads } = stack;
  const layout = layOut(resources, (index) => reads.attributes[index]);
  // What ports wait for is known in the order of the ports, so that the rows are written once, from their first to their last.
  const rows = writeRows(layout.size, reads.producers.length + 4 * resources.length);
  for (let index = 0; index < resources.length; index += 1) {
    const resource = resources[index] as ResourceInterface;
    const startsWithAll = resource.type.kind === 'plain' || granularity === 'resource';
    addStart(rows, layout, stack, resource, startsWithAll ? resource.inputNames.length : 0);
    addInputs(rows, layout, reads, index, granularity);
    addEnd(rows, layout, resource, startsWithAll);
  }
  return graphOf(layout, endRows(rows), { readsAttributes: granularity === 'attribute' });
}

function addStart(
  rows: RowWriter,
  layout: PortLayout,
  stack: StackInterface,
  { index, parent, dependsOn }: ResourceInterface,
  inputs: number,
): void {
  beginRow(rows);
  // A member starts after what it is a member of.
  if (parent >= 0) addTarget(rows, startPort(layout, parent));
  const start = startPort(layout, index);
  for (let input = 1; input <= inputs; input += 1) addTarget(rows, start + input);
  for (const name of dependsOn) addTarget(rows, donePort(layout, indexOf(stack, name)));
}

function addInputs(
  rows: RowWriter,
  layout: PortLayout,
  { firstInput, firstRead, producers, slots }: Reads,
  index: number,
  granularity: Granularity,
): void {
  const end = firstInput[index + 1] as number;
  for (let input = firstInput[index] as number; input < end; input += 1) {
    beginRow(rows);
    for (let read = firstRead[input] as number; read < (firstRead[input + 1] as number); read += 1) {
      const producer = producers[read] as number;
      if (producer === NOBODY) continue;
      const slot = granularity === 'resource' ? WHOLE : (slots[read] as number);
      addTargetOnce(rows, slot === WHOLE ? donePort(layout, producer) : outPort(layout, producer, slot));
    }
  }
}

function addEnd(rows: RowWriter, layout: PortLayout, resource: ResourceInterface, startsWithAll: boolean): void {
  const attributes = layout.outputs[resource.index] as readonly string[];
  const start = startPort(layout, resource.index);
  const done = donePort(layout, resource.index);
  const inputs = startsWithAll ? NO_INPUTS : resource.inputNames;
  for (let slot = 0; slot < attributes.length; slot += 1) {
    beginRow(rows);
    for (let input = 0; input < inputs.length; input += 1) {
      if (needsInput(resource, attributes[slot] as string, inputs[input] as string)) addTarget(rows, start + 1 + input);
    }
    addTarget(rows, start);
  }
  beginRow(rows);
  for (let input = 1; input <= inputs.length; input += 1) addTarget(rows, start + input);
  for (let out = done - attributes.length; out < done; out += 1) addTarget(rows, out);
  if (attributes.length === 0) addTarget(rows, start);
}

const NO_INPUTS: readonly string[] = [];

function indexOf(stack: StackInterface, name: string): number {
  const resource = findResource(stack, name);
  invariant(resource !== undefined, `depends_on of an enabled resource names the enabled resource '${name}'`);
  return resource.index;
}
