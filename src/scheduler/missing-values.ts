import { WriterFailed } from '../errors.ts';
import { findPort, IN, OUT, type PortGraph, startPort } from '../graph/port-graph.ts';
import type { ResourceInterface, StackInterface } from '../interface/interface.ts';
import type { PresentResource } from '../plan/comparison.ts';
import type { Region } from '../space/data-space.ts';
import type { Phase } from './phase.ts';
import type { Readiness } from './readiness.ts';

/** What is to be known of readers. */
export interface MissingValuesParts {
  readonly stack: StackInterface;
  readonly graph: PortGraph;
  readonly region: Region;
  readonly readiness: Readiness;
  /** By the number of the resource. */
  readonly phases: readonly Phase[];
  readonly present?: ReadonlyMap<string, PresentResource> | undefined;
}

/**
 * The values of one traversal that were published before and are not stored, and that their writers do not publish again. What
 * is compared takes such a value to be as it was; whoever has to read it fails.
 */
export class MissingValues {
  readonly #parts: MissingValuesParts;
  /** By the `in` port of a reader that is compared. */
  readonly #failures = new Map<number, WriterFailed>();

  constructor(parts: MissingValuesParts) {
    this.#parts = parts;
  }

  /** The writer is complete without these attributes. */
  end(writer: ResourceInterface, missing: ReadonlySet<string>): void {
    if (missing.size === 0) return;
    this.leave(writer, [...missing]);
    void this.#parts.region.fail(writer.name, notKept(this.#parts.stack.stack, writer, [...missing]));
  }

  /** As far as these attributes go the writer is as it was. */
  leave(writer: ResourceInterface, missing: readonly string[]): void {
    const { stack, graph, readiness } = this.#parts;
    const failure = notKept(stack.stack, writer, missing);
    for (const attribute of missing) {
      const port = findPort(graph, writer.index, OUT, attribute);
      if (port === undefined || !readiness.isPending(port)) continue;
      const { offsets, targets } = graph.successors;
      for (const reader of targets.subarray(offsets[port], offsets[port + 1])) {
        if (graph.kinds[reader] !== IN || !readiness.isPending(reader)) continue;
        if (this.#isCompared(reader)) this.#failures.set(reader, failure);
        else readiness.fail(reader, failure);
      }
      readiness.fire(port);
    }
  }

  /** Whether an input that has fired reads one of them. */
  isAt(port: number): boolean {
    return this.#failures.has(port);
  }

  /** Why an input cannot be read though it has fired; undefined when it can. */
  failureOf({ index }: ResourceInterface, input: string): WriterFailed | undefined {
    if (this.#failures.size === 0) return undefined;
    const port = findPort(this.#parts.graph, index, IN, input);
    return port === undefined ? undefined : this.#failures.get(port);
  }

  /** The first of the inputs of a resource that cannot be read, by its failure. */
  firstFailure(resource: ResourceInterface): WriterFailed | undefined {
    for (const { name } of resource.inputs) {
      const failure = this.failureOf(resource, name);
      if (failure !== undefined) return failure;
    }
    return undefined;
  }

  /** What reads something else besides is not known to be as it was. */
  #isCompared(port: number): boolean {
    const { stack, graph, phases, present } = this.#parts;
    const owner = graph.owners[port] as number;
    const { name, inputs } = stack.resources[owner] as ResourceInterface;
    const phase = phases[owner];
    const isSingle = inputs[port - startPort(graph, owner) - 1]?.references.length === 1;
    return isSingle && (phase === 'waiting' || phase === 'comparing') && present?.has(name) === true;
  }
}

function notKept(
  stack: string,
  { name, type, isExternal }: ResourceInterface,
  attributes: readonly string[],
): WriterFailed {
  const what = `What is ephemeral of '${name}' cannot be read any more, since it is not stored: ${attributes.join(', ')}.`;
  if (type.handler.isRepeatable === true && !isExternal) {
    return new WriterFailed({
      what,
      why: `'${name}' is as it has to be, and that it would be read was not known before it was compared.`,
      fix: `Update the stack again: '${name}' is then called again first.`,
    });
  }
  return new WriterFailed({
    what,
    why: `It can be read in the action in which '${name}' is created, and the handler of ${type.name} cannot be called again to have it anew.`,
    fix: `Have the next update replace '${name}': 'hotloom mark-unhealthy ${stack} ${name}', and update the stack again.`,
  });
}
