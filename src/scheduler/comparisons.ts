import { findPort, IN, type PortGraph } from '../graph/port-graph.ts';
import { externalIdOf, givenInput, givenProperties, placeOf } from '../interface/given.ts';
import type { ResourceInterface, StackInterface } from '../interface/interface.ts';
import { Comparison, type PresentResource, type Verdict } from '../plan/comparison.ts';
import type { Conceal } from '../secrets.ts';
import type { ResolveScope } from '../template/expression.ts';
import type { JsonObject } from '../values.ts';
import type { Readiness } from './readiness.ts';

/** What comparing works with, and whom it tells. */
export interface ComparisonsParts {
  readonly stack: StackInterface;
  readonly graph: PortGraph;
  readonly readiness: Readiness;
  readonly scope: ResolveScope;
  readonly redact: (text: string) => string;
  /** Makes the properties of a resource fit to be compared with stored ones. */
  readonly conceal: Conceal<ResourceInterface>;
  /** Whether an `in` port waits for a name of another stack or of nobody. */
  readonly waitsOutside: (port: number) => boolean;
  /** Told once of each resource. */
  readonly didDecide: (resource: ResourceInterface, present: PresentResource, verdict: Verdict) => void;
  /** What the template gives the resource now is wrong. Told instead of didDecide. */
  readonly didFail: (resource: ResourceInterface, present: PresentResource, error: unknown) => void;
  /** Some inputs are still to come: `settleCircles` is due when nothing else goes on. */
  readonly didWait: () => void;
}

/** The resources that an update finds and has not decided about yet: each is compared as its inputs come in. */
export class Comparisons {
  readonly #parts: ComparisonsParts;
  /** By the number of the resource. */
  readonly #open = new Map<number, Comparison>();

  constructor(parts: ComparisonsParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#open.size;
  }

  has(index: number): boolean {
    return this.#open.size > 0 && this.#open.has(index);
  }

  /** Begins with a resource: what it starts with is there. */
  begin(resource: ResourceInterface, present: PresentResource): void {
    try {
      if (resource.isExternal && externalIdOf(resource, this.#parts.scope) !== present.record.resourceId) {
        this.#parts.didDecide(resource, present, 'replace');
        return;
      }
      const comparison = new Comparison(resource, present, this.#givenOf(resource));
      this.#open.set(resource.index, comparison);
      this.#compare(comparison);
    } catch (error) {
      this.#fail(resource, present, error);
    }
  }

  /** One more of its inputs is there. */
  inputDidFire(index: number): void {
    const comparison = this.#open.get(index);
    if (comparison !== undefined) this.#compare(comparison);
  }

  /** It is not compared to the end: what it waits for has failed. */
  drop(index: number): void {
    this.#open.delete(index);
  }

  /**
   * Streaming resources may need each other's values, and so wait for each other to be confirmed. Those that nobody but
   * another of them could still change are as they were: the largest set of which that is true together, whatever the
   * order. One that changes in place goes first, since the others may read what it writes.
   */
  settleCircles(): void {
    const circle = new Map(this.#open);
    for (let size = -1; size !== circle.size; ) {
      size = circle.size;
      for (const [index, comparison] of circle) {
        if (!this.#waitsOnlyFor(comparison, circle)) circle.delete(index);
      }
    }
    const changing = [...circle.values()].filter(({ differs }) => differs);
    for (const comparison of changing.length > 0 ? changing : circle.values()) {
      this.#decide(comparison, changing.length > 0 ? 'update' : 'unchanged');
    }
  }

  #waitsOnlyFor({ resource, missing }: Comparison, circle: ReadonlyMap<number, Comparison>): boolean {
    const { graph, readiness, waitsOutside } = this.#parts;
    const { offsets, targets } = graph.predecessors;
    for (const { name } of missing) {
      const port = findPort(graph, resource.index, IN, name);
      if (port === undefined || waitsOutside(port)) return false;
      for (let edge = offsets[port] as number; edge < (offsets[port + 1] as number); edge += 1) {
        const before = targets[edge] as number;
        if (readiness.isPending(before) && !circle.has(graph.owners[before] as number)) return false;
      }
    }
    return true;
  }

  /** Takes what has come in by now, and goes on if that decides. */
  #compare(comparison: Comparison): void {
    try {
      this.#takeReadings(comparison);
    } catch (error) {
      this.#fail(comparison.resource, comparison.present, error);
      return;
    }
    if (comparison.verdict === undefined) this.#parts.didWait();
    else this.#decide(comparison, comparison.verdict);
  }

  #takeReadings(comparison: Comparison): void {
    const { resource } = comparison;
    const { graph, readiness, scope, conceal } = this.#parts;
    const given = this.#givenOf(resource);
    const place = placeOf(resource, this.#parts.stack, this.#parts.redact);
    for (const { name, kind } of comparison.missing) {
      const port = findPort(graph, resource.index, IN, name);
      const { properties, inputs } = resource.definition;
      const isGiven = Object.hasOwn(kind === 'alias' ? inputs : properties, name);
      if (given === undefined && isGiven && port !== undefined && !readiness.isFired(port)) continue;
      const value = given !== undefined ? given[name] : isGiven ? givenInput(resource, name, scope, place) : undefined;
      const concealed = value === undefined ? undefined : conceal({ [name]: value }, resource)[name];
      comparison.compare({ name, kind, value: concealed });
      if (comparison.verdict !== undefined) return;
    }
  }

  /** What a plain handler would get; what a streaming one would get comes in one by one. */
  #givenOf(resource: ResourceInterface): JsonObject | undefined {
    if (resource.isExternal) return {};
    const { stack, scope, redact, conceal } = this.#parts;
    return resource.type.kind === 'plain'
      ? conceal(givenProperties(resource, scope, placeOf(resource, stack, redact)), resource)
      : undefined;
  }

  #decide({ resource, present }: Comparison, verdict: Verdict): void {
    // Another decision of the same turn may have skipped it.
    if (this.#open.delete(resource.index)) this.#parts.didDecide(resource, present, verdict);
  }

  #fail(resource: ResourceInterface, present: PresentResource, error: unknown): void {
    this.#open.delete(resource.index);
    this.#parts.didFail(resource, present, error);
  }
}
