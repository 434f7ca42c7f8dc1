import { findPort, IN, type PortGraph } from '../graph/port-graph.ts';
import { findResourceCircles } from '../graph/resource-circles.ts';
import { externalIdOf, givenInput, givenProperties, placeOf } from '../interface/given.ts';
import { needsInput, type ResourceInterface, type StackInterface } from '../interface/interface.ts';
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
  /**
   * The ports that keep a port which has not fired from firing; undefined when somebody is at work for it, or it waits for
   * what is not of this stack.
   */
  readonly heldUpBy: (port: number) => readonly number[] | undefined;
  /** Told once of each resource. */
  readonly didDecide: (resource: ResourceInterface, present: PresentResource, verdict: Verdict) => void;
  /** What the template gives the resource now is wrong. Told instead of didDecide. */
  readonly didFail: (resource: ResourceInterface, present: PresentResource, error: unknown) => void;
  /** These attributes are as they were, whatever else comes out of comparing. */
  readonly didConfirm: (resource: ResourceInterface, present: PresentResource, attributes: readonly string[]) => void;
  /** Some inputs are still to come: `settle` is due when what goes on now has been done. */
  readonly didWait: () => void;
}

/**
 * The resources that an update finds and has not decided about yet: each is compared as its inputs come in.
 *
 * Streaming resources may read, over others, values that need their own. When nobody is at work any more for what such a one
 * waits for, those of its attributes that need only what has come out equal are confirmed before it is decided about, so
 * that the circle goes on where it began when the stack was created.
 */
export class Comparisons {
  readonly #parts: ComparisonsParts;
  /** By the number of the resource. */
  readonly #open = new Map<number, Comparison>();
  /** By resource, the circle of resources that it is in. Found when it is asked for first. */
  #circles: Int32Array | undefined;

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

  /** Goes on with those that wait in circles. One that changes goes first, since the others may read what it writes. */
  settle(): void {
    const stuck = [...this.#open.values()].filter((comparison) => this.#isStuck(comparison));
    const changing = stuck.filter(({ verdictSoFar }) => verdictSoFar !== 'unchanged');
    for (const comparison of changing) this.#decide(comparison, comparison.verdictSoFar);
    if (changing.length > 0) return;
    for (const { resource, present, missing } of stuck) {
      // What the one before has confirmed may have decided about this one.
      if (!this.#open.has(resource.index)) continue;
      this.#parts.didConfirm(resource, present, attributesWithout(resource, missing));
    }
  }

  /** Whether all that it waits for waits, over any number of others, for the resource itself. */
  #isStuck({ resource, missing }: Comparison): boolean {
    const { graph, heldUpBy } = this.#parts;
    this.#circles ??= findResourceCircles(graph);
    const circle = this.#circles[resource.index];
    if (circle === -1) return false;
    const open = missing.flatMap(({ name }) => findPort(graph, resource.index, IN, name) ?? []);
    const seen = new Set(open);
    for (let port = open.pop(); port !== undefined; port = open.pop()) {
      const held = this.#circles[graph.owners[port] as number] === circle ? heldUpBy(port) : undefined;
      if (held === undefined) return false;
      for (const before of held) {
        if (seen.has(before)) continue;
        seen.add(before);
        open.push(before);
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

/** The attributes that need none of the inputs. */
function attributesWithout(
  resource: ResourceInterface,
  inputs: readonly { readonly name: string }[],
): readonly string[] {
  return Object.keys(resource.outputs).filter((attribute) =>
    inputs.every(({ name }) => !needsInput(resource, attribute, name)),
  );
}
