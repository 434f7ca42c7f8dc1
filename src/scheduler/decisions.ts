import type { HotloomError } from '../errors.ts';
import { type PortGraph, requiredResources } from '../graph/port-graph.ts';
import type { ResourceInterface } from '../interface/interface.ts';
import type { PresentResource, Verdict } from '../plan/comparison.ts';
import type { ResourceRecord } from '../store/stack-store.ts';
import { setAside } from '../store/stored-stack.ts';
import { type Json, type JsonObject, sameJson, setOwn } from '../values.ts';
import { Comparisons, type ComparisonsParts } from './comparisons.ts';
import type { HookPauses } from './hook-pauses.ts';
import type { Journal } from './journal.ts';
import { withLateReadings } from './late-readings.ts';
import type { RunChange } from './resource-run.ts';
import type { Signals } from './signals.ts';
import type { TraversalRecords } from './traversal-records.ts';

/** What deciding works with, and what it has done to resources. */
export interface DecisionsParts extends Omit<ComparisonsParts, 'didDecide' | 'didFail' | 'didConfirm'> {
  readonly graph: PortGraph;
  readonly journal: Journal;
  readonly signals: Signals;
  readonly hookPauses: HookPauses;
  /** Why an update must not do that with a resource; undefined when it may. */
  readonly refusal: (resource: ResourceInterface, verdict: 'update' | 'replace') => HotloomError | undefined;
  /** What the resource's handler is to bring it back to; undefined when there is nothing. */
  readonly snapshotOf: (resource: ResourceInterface) => JsonObject | undefined;
  readonly records: TraversalRecords;
  /** A value that is stored is there for its readers. */
  readonly publish: (resource: ResourceInterface, attribute: string, value: Json) => void;
  /** Without a change it is created. */
  readonly run: (resource: ResourceInterface, change?: RunChange) => void;
  /** Removes the live resource at once. Resolves with whether another may be made: if not, it has failed. Never rejects. */
  readonly remove: (resource: ResourceInterface, record: ResourceRecord) => Promise<boolean>;
  /** It is as it has to be, with these values to be published. */
  readonly complete: (resource: ResourceInterface, values: JsonObject, missing: ReadonlySet<string>) => void;
  /** It has failed without having been run. */
  readonly fail: (resource: ResourceInterface, error: unknown) => void;
}

/**
 * What an update does with the resources that it finds: each is compared as its inputs come in, and then confirmed, updated
 * in place, or replaced.
 */
export class Decisions {
  readonly #parts: DecisionsParts;
  /** What is not decided about yet. */
  readonly comparisons: Comparisons;
  /** By the number of a resource: its values that others have got before it was decided about. */
  readonly #confirmed = new Map<number, Record<string, Json>>();
  /** By the number of a resource: what is missing of it and has been told to be as it was before it was decided about. */
  readonly #left = new Map<number, ReadonlySet<string>>();
  /** Whether something was replaced that is still to be deleted. */
  hasReplaced = false;

  constructor(parts: DecisionsParts) {
    this.#parts = parts;
    this.comparisons = new Comparisons({
      ...parts,
      didDecide: (resource, present, verdict) => this.#decide(resource, present, verdict),
      didFail: (resource, present, error) => this.#fail(resource, present, error),
      didConfirm: (resource, present, attributes) => this.#confirmEarly(resource, present, attributes),
    });
  }

  #decide(resource: ResourceInterface, present: PresentResource, compared: Verdict): void {
    const { refusal, snapshotOf, hookPauses, missingValues, run, skip } = this.#parts;
    const isRestored = present.record.isToBeRestored === true && snapshotOf(resource) !== undefined;
    const verdict = compared === 'unchanged' && isRestored ? 'update' : compared;
    const refused = verdict === 'unchanged' ? undefined : refusal(resource, verdict);
    const unread = resource.type.kind === 'plain' ? missingValues.firstFailure(resource) : undefined;
    if (refused !== undefined) this.#fail(resource, present, refused);
    else if (verdict === 'unchanged') this.#confirm(resource, present);
    else if (unread !== undefined) skip(resource, unread);
    else {
      hookPauses.before(resource, () => {
        if (verdict === 'update') run(resource, { verdict, present });
        else void this.#replace(resource, present);
      });
    }
  }

  /** What the template gives it now is wrong, or it must not be changed: it stays as it is. */
  #fail(resource: ResourceInterface, { record }: PresentResource, error: unknown): void {
    this.#parts.records.add(record);
    this.#parts.fail(resource, error);
  }

  #confirm(resource: ResourceInterface, { record, values, missing = NO_NAMES }: PresentResource): void {
    const { records, hookPauses, complete } = this.#parts;
    records.add(this.#completed(resource, this.refreshed(resource, record)));
    hookPauses.after(resource, () => {
      const all: Record<string, Json> = {};
      const confirmed = this.#confirmed.get(resource.index) ?? {};
      for (const attribute in resource.outputs) {
        if (missing.has(attribute) || Object.hasOwn(confirmed, attribute)) continue;
        setOwn(all, attribute, Object.hasOwn(values, attribute) ? (values[attribute] as Json) : null);
      }
      complete(resource, all, missing);
    });
  }

  /** Some of its values are there for their readers, though it is still compared. Returns whether one of them is new. */
  #confirmEarly(
    resource: ResourceInterface,
    { values, missing = NO_NAMES }: PresentResource,
    attributes: readonly string[],
  ): boolean {
    const confirmed = this.#confirmed.get(resource.index) ?? {};
    this.#confirmed.set(resource.index, confirmed);
    const fresh = attributes.filter((each) => !Object.hasOwn(confirmed, each) && Object.hasOwn(values, each));
    for (const attribute of fresh) setOwn(confirmed, attribute, values[attribute] as Json);
    for (const attribute of fresh) this.#parts.publish(resource, attribute, values[attribute] as Json);
    const left = this.#left.get(resource.index) ?? new Set();
    const freshlyLeft = attributes.filter((each) => missing.has(each) && !left.has(each));
    if (freshlyLeft.length > 0) {
      this.#left.set(resource.index, new Set([...left, ...freshlyLeft]));
      this.#parts.missingValues.leave(resource, freshlyLeft);
    }
    return fresh.length + freshlyLeft.length > 0;
  }

  /**
   * An attribute of a resource that is being updated, and whose handler does not tell it before it waits: it stays as it was
   * if nothing that it needs differs. Returns whether it does.
   */
  keep(resource: ResourceInterface, present: PresentResource, attribute: string): boolean {
    const isThere = Object.hasOwn(present.values, attribute);
    if (!isThere || !this.comparisons.isAsItWas(resource, present, attribute)) return false;
    this.#confirmEarly(resource, present, [attribute]);
    return true;
  }

  /** Whether others have got the value of a resource before it was decided about. */
  isConfirmed(resource: number, attribute: string): boolean {
    const confirmed = this.#confirmed.get(resource);
    return confirmed !== undefined && Object.hasOwn(confirmed, attribute);
  }

  /** Whether the resource keeps to what others have got, or have been told, of it before it was decided about. */
  keepsTo({ index }: ResourceInterface, attribute: string, value: Json): boolean {
    const confirmed = this.#confirmed.get(index);
    if (confirmed !== undefined && Object.hasOwn(confirmed, attribute)) {
      return sameJson(confirmed[attribute] as Json, value);
    }
    return this.#left.get(index)?.has(attribute) !== true;
  }

  /**
   * Its update cannot bring it to what it has to be: another is made in its place. What it has `published` is written once,
   * also by that one.
   */
  didGiveWay(resource: ResourceInterface, present: PresentResource, published: JsonObject): void {
    this.#confirmed.set(resource.index, { ...this.#confirmed.get(resource.index), ...published });
    void this.#replace(resource, present);
  }

  /** Its record with what of the template concerns only a later delete. */
  refreshed(resource: ResourceInterface, record: ResourceRecord): ResourceRecord {
    const { graph, signals, journal } = this.#parts;
    const requires = requiredResources(graph, resource.index);
    const { deletionPolicy } = resource;
    if (deletionPolicy === record.deletionPolicy && sameJson(requires, record.requires)) return record;
    const refreshed = signals.onto({ ...record, requires, deletionPolicy });
    void journal.record({ kind: 'resource', record: refreshed });
    return refreshed;
  }

  /** Its record with those of its inputs that have come since its handler had ended. */
  #completed(resource: ResourceInterface, record: ResourceRecord): ResourceRecord {
    if (record.unread === undefined) return record;
    const completed = this.#parts.signals.onto(withLateReadings(record, resource, true, this.#parts));
    void this.#parts.journal.record({ kind: 'resource', record: completed });
    return completed;
  }

  async #replace(resource: ResourceInterface, present: PresentResource): Promise<void> {
    const { record } = present;
    const { run, remove } = this.#parts;
    if (resource.type.deletesBeforeReplacing !== true) {
      this.hasReplaced = true;
      run(resource, { verdict: 'replace', present, replaced: setAside(record) });
      return;
    }
    if (await remove(resource, record)) run(resource);
  }
}

const NO_NAMES: ReadonlySet<string> = new Set();
