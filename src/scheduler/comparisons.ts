import { findPort, IN, OUT, type PortGraph } from '../graph/port-graph.ts';
import { findResourceCircles } from '../graph/resource-circles.ts';
import { externalIdOf, givenProperties, placeOf } from '../interface/given.ts';
import { needsInput, type ResourceInterface, type StackInterface } from '../interface/interface.ts';
import type { Name } from '../names.ts';
import { Comparison, inputNow, isUnread, type PresentResource, type Verdict } from '../plan/comparison.ts';
import type { Conceal } from '../secrets.ts';
import type { ResolveScope } from '../template/expression.ts';
import type { JsonObject } from '../values.ts';
import type { MissingValues } from './missing-values.ts';
import type { OwnReads } from './own-reads.ts';
import type { Readiness } from './readiness.ts';

/** What comparing works with, and whom it tells. */
export interface ComparisonsParts {
  readonly stack: StackInterface;
  readonly graph: PortGraph;
  readonly readiness: Readiness;
  readonly scope: ResolveScope;
  readonly missingValues: MissingValues;
  readonly redact: (text: string) => string;
  /** Makes the properties of a resource fit to be compared with stored ones. */
  readonly conceal: Conceal<ResourceInterface>;
  /**
   * The ports that keep a port which has not fired from firing; undefined when somebody is at work for it, or it waits for
   * what is not of this stack.
   */
  readonly heldUpBy: (port: number) => readonly number[] | undefined;
  readonly ownReads: OwnReads;
  /** Those of these resources that wait in circles through other stacks too, by name, each with what is wanted of it there. */
  readonly wantedInCircles: (resources: readonly ResourceInterface[]) => ReadonlyMap<string, ReadonlySet<string>>;
  /** Whether such circles may be there, and it is time to look for them. */
  readonly isShared: () => boolean;
  /** These wait in circles through other stacks, and nothing can be done about it here. */
  readonly didStick: (resources: readonly ResourceInterface[]) => void;
  /** Told once of each resource. */
  readonly didDecide: (resource: ResourceInterface, present: PresentResource, verdict: Verdict) => void;
  /** It cannot be changed, since what it waits for has failed. Instead of didDecide, too. */
  readonly skip: (resource: ResourceInterface, cause: unknown) => void;
  /** What the template gives the resource now is wrong. Told instead of didDecide. */
  readonly didFail: (resource: ResourceInterface, present: PresentResource, error: unknown) => void;
  /** These attributes are as they were, whatever else comes out of comparing. Returns whether that is new of one of them. */
  readonly didConfirm: (
    resource: ResourceInterface,
    present: PresentResource,
    attributes: readonly string[],
  ) => boolean;
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
  /** Those that have read by name what is known now. */
  readonly #due = new Set<number>();
  /** Whether an input of some that was compared has failed. */
  #hasFailed = false;
  /** While values are confirmed, those whose inputs come by that: they are decided about when all of them are. */
  #coming: Set<number> | undefined;
  /** By resource, the circle of resources that it is in. Found when it is asked for first. */
  #circlesOnce: Int32Array | undefined;

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

  /** One more of its inputs is there, or has failed. */
  inputDidSettle(index: number): void {
    if (this.#coming !== undefined) {
      this.#coming.add(index);
      return;
    }
    const comparison = this.#open.get(index);
    if (comparison !== undefined) this.#compare(comparison);
  }

  /** It is not compared to the end: what it waits for has failed. */
  drop(index: number): void {
    this.#open.delete(index);
  }

  /** What the resource writes, or that it will write nothing, is known: whoever has read it by name is due. */
  producerDidSettle(index: number): void {
    const { ownReads, didWait } = this.#parts;
    if (ownReads.isEmpty) return;
    for (const reader of ownReads.readersOf(index)) if (this.#open.has(reader)) this.#due.add(reader);
    if (this.#due.size > 0) didWait();
  }

  /** Whether it waits for what its handler has read by name. */
  awaitsReads(index: number): boolean {
    return (this.#open.get(index)?.missingReads.length ?? 0) > 0;
  }

  /** What these are, as far as they are awaited. */
  awaitedReads(index: number): readonly Name[] {
    return (this.#open.get(index)?.missingReads ?? []).map(({ name }) => name);
  }

  /** The inputs that it waits for. */
  missingInputs(index: number): readonly string[] {
    return (this.#open.get(index)?.missing ?? []).map(({ name }) => name);
  }

  #takeDue(): void {
    const { ownReads } = this.#parts;
    if (ownReads.isEmpty) return;
    const due = [...this.#due];
    this.#due.clear();
    for (const index of due) this.inputDidSettle(index);
    const waiting = [...this.#open.values()].filter(({ missingReads }) => missingReads.length > 0);
    for (const index of ownReads.giveUp(waiting)) this.inputDidSettle(index);
  }

  /**
   * Goes on with those that wait in circles: with what is to be replaced for certain, else by confirming what can be, else
   * with what changes in place, since the others may read what it writes, else by giving up those of which an input has failed.
   */
  settle(): void {
    this.#takeDue();
    const isShared = this.#parts.isShared();
    if (this.#circles.length === 0 && !isShared && !this.#hasFailed) return;
    const open = [...this.#open.values()];
    const around = isShared ? this.#parts.wantedInCircles(open.map(({ resource }) => resource)) : undefined;
    const stuck = open.filter((each) => around?.has(each.resource.name) === true || this.#isStuck(each));
    const replaced = stuck.filter(({ verdictSoFar }) => verdictSoFar === 'replace');
    if (replaced.length === 0 && this.#confirmAll(stuck, around)) return;
    const changing = stuck.filter(({ verdictSoFar }) => verdictSoFar === 'update');
    const decided = replaced.length > 0 ? replaced : changing;
    for (const comparison of decided) this.#decide(comparison, comparison.verdictSoFar);
    if (decided.length > 0 || this.#skipFailed(stuck)) return;
    if (around === undefined || around.size === 0) return;
    this.#parts.didStick(stuck.flatMap(({ resource }) => (around.has(resource.name) ? resource : [])));
  }

  /**
   * Those that wait for themselves, be it by what a handler reads by name, or for what may never come, while what else they
   * read has failed, come to nothing. Returns whether there is one.
   */
  #skipFailed(stuck: readonly Comparison[]): boolean {
    const { ownReads, skip } = this.#parts;
    const failed = [...this.#open.values()].filter(({ failure }) => failure !== undefined);
    const ending = failed.filter((each) => stuck.includes(each) || ownReads.waitsInVain(each.resource.index));
    for (const { resource, failure } of ending) {
      // One that was skipped takes those along that read from it.
      if (this.#open.has(resource.index)) skip(resource, failure?.cause);
    }
    return ending.length > 0;
  }

  /** Whether all that an attribute needs is there, and as it was. */
  isAsItWas(resource: ResourceInterface, present: PresentResource, attribute: string): boolean {
    const comparison = new Comparison(resource, present, undefined);
    try {
      this.#takeReadings(comparison, () => false);
    } catch {
      return false;
    }
    return (
      comparison.failure === undefined && !comparison.unequal.some((name) => needsInput(resource, attribute, name))
    );
  }

  /**
   * Confirms what can be of all of them before anything is decided by that, as it is in a space that takes its time: else it would
   * matter which of them comes first. Returns whether something was.
   */
  #confirmAll(stuck: readonly Comparison[], around: ReadonlyMap<string, ReadonlySet<string>> | undefined): boolean {
    this.#coming = new Set();
    const isConfirmed = stuck.filter((each) => this.#confirm(each, around?.get(each.resource.name))).length > 0;
    const coming = this.#coming;
    this.#coming = undefined;
    for (const index of coming) this.inputDidSettle(index);
    return isConfirmed;
  }

  /** Whether something of it was confirmed that was not before. */
  #confirm(comparison: Comparison, wantedAround: ReadonlySet<string> = NO_NAMES): boolean {
    const { resource, present, unequal } = comparison;
    // What the one before has confirmed may have decided about this one.
    if (!this.#open.has(resource.index)) return false;
    const around = [...wantedAround].filter(
      (attribute) => !unequal.some((name) => needsInput(resource, attribute, name)),
    );
    return this.#parts.didConfirm(resource, present, [...this.#neededInCircle(comparison), ...around]);
  }

  /** Whether all that it waits for waits, over any number of others, for the resource itself. */
  #isStuck({ resource, missing }: Comparison): boolean {
    const { graph, heldUpBy } = this.#parts;
    if (this.awaitsReads(resource.index) || !this.#isInCircleOf(resource, resource.index)) return false;
    const open = missing.flatMap(({ name }) => findPort(graph, resource.index, IN, name) ?? []);
    const seen = new Set(open);
    for (let port = open.pop(); port !== undefined; port = open.pop()) {
      const held = this.#isInCircleOf(resource, graph.owners[port]) ? heldUpBy(port) : undefined;
      if (held === undefined) return false;
      for (const before of held) {
        if (seen.has(before)) continue;
        seen.add(before);
        open.push(before);
      }
    }
    return true;
  }

  /** The attributes that need only what has come out equal, and that somebody in the circle waits for. */
  #neededInCircle({ resource, unequal }: Comparison): readonly string[] {
    const { graph, readiness } = this.#parts;
    const { offsets, targets } = graph.successors;
    return Object.keys(resource.outputs).filter((attribute) => {
      const port = findPort(graph, resource.index, OUT, attribute);
      if (port === undefined || unequal.some((name) => needsInput(resource, attribute, name))) return false;
      const readers = targets.subarray(offsets[port], offsets[port + 1]);
      return readers.some(
        (reader) =>
          graph.kinds[reader] === IN &&
          readiness.isPending(reader) &&
          this.#isInCircleOf(resource, graph.owners[reader]),
      );
    });
  }

  #isInCircleOf({ index }: ResourceInterface, other: number | undefined): boolean {
    const circle = this.#circles[index] ?? -1;
    return circle !== -1 && circle === this.#circles[other as number];
  }

  /** Empty when there is none, as in most stacks: then nothing has to be looked at again and again. */
  get #circles(): Int32Array {
    if (this.#circlesOnce === undefined) {
      const circles = findResourceCircles(this.#parts.graph);
      this.#circlesOnce = circles.some((circle) => circle !== -1) ? circles : circles.subarray(0, 0);
    }
    return this.#circlesOnce;
  }

  /** Takes what has come in by now, and goes on if that decides. */
  #compare(comparison: Comparison): void {
    try {
      this.#takeReadings(comparison, () => comparison.verdict !== undefined);
    } catch (error) {
      this.#fail(comparison.resource, comparison.present, error);
      return;
    }
    const { resource, verdict, hindrance } = comparison;
    if (verdict !== undefined) this.#decide(comparison, verdict);
    else if (hindrance !== undefined) this.#parts.skip(resource, hindrance.cause);
    else this.#parts.didWait();
  }

  #takeReadings(comparison: Comparison, isEnough: () => boolean): void {
    const { resource } = comparison;
    const { graph, readiness, missingValues, scope, conceal } = this.#parts;
    const given = this.#givenOf(resource);
    const place = placeOf(resource, this.#parts.stack, this.#parts.redact);
    for (const { name, kind } of comparison.missing) {
      const port = findPort(graph, resource.index, IN, name);
      const isMissing = port !== undefined && missingValues.isAt(port);
      // What it was made without it need not wait for.
      if (isMissing || isUnread(comparison.present, { name, kind })) comparison.leave({ name, kind });
      else if (given === undefined && port !== undefined && !readiness.isFired(port)) {
        if (readiness.isPending(port)) continue;
        comparison.fail({ name, kind }, readiness.causeOf(port));
        this.#hasFailed = true;
      } else {
        const value = given !== undefined ? given[name] : inputNow(resource, { name, kind }, scope, place);
        const concealed = value === undefined ? undefined : conceal({ [name]: value }, resource)[name];
        comparison.compare({ name, kind, value: concealed });
      }
      if (isEnough()) return;
    }
    for (const read of comparison.missingReads) {
      const outcome = this.#parts.ownReads.outcomeOf(resource, read);
      if (outcome !== undefined) comparison.compareRead(read, outcome);
    }
  }

  /** What a plain handler would get if it could read all of it; else, and for a streaming one, it is looked at one by one. */
  #givenOf(resource: ResourceInterface): JsonObject | undefined {
    if (resource.isExternal) return {};
    const { stack, scope, redact, conceal, missingValues } = this.#parts;
    return resource.type.kind === 'plain' && missingValues.firstFailure(resource) === undefined
      ? conceal(givenProperties(resource, scope, placeOf(resource, stack, redact)), resource)
      : undefined;
  }

  #decide({ resource, found }: Comparison, verdict: Verdict): void {
    // Another decision of the same turn may have skipped it.
    if (this.#open.delete(resource.index)) this.#parts.didDecide(resource, found, verdict);
  }

  #fail(resource: ResourceInterface, present: PresentResource, error: unknown): void {
    this.#open.delete(resource.index);
    this.#parts.didFail(resource, present, error);
  }
}

const NO_NAMES: ReadonlySet<string> = new Set();
