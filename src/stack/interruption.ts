import { OutcomeUnknown, type ResourceFailure, StackFailed } from '../errors.ts';
import { IN, OUT, startPort } from '../graph/port-graph.ts';
import { findResource, type ResourceInterface } from '../interface/interface.ts';
import { deleteResources } from '../scheduler/delete-traversal.ts';
import type { Journal } from '../scheduler/journal.ts';
import type { StoredResource } from '../scheduler/traversal-parts.ts';
import type { ResourceRecord, StoreChange } from '../store/stack-store.ts';
import { resourceEventOf } from '../store/stored-stack.ts';
import type { Analysis } from './analyse.ts';
import { withRepeated } from './missing-values.ts';
import { presentResources } from './present.ts';
import type { StackServices } from './services.ts';
import { learnSecrets } from './stored-secrets.ts';

/**
 * What an engine has left that was stopped in a create: which of it stands, and which has to be made anew.
 *
 * A complete resource stands when everything that it has read stands. An attempt that was interrupted goes on under its
 * token when its handler is repeatable; it is removed by its handler's `delete` when an id is recorded or can be looked up,
 * and made anew; else nobody can tell what it made, and it has failed. What was removed may be told with other values the
 * next time (an address, say), so whatever has read one of them is made anew too.
 */
export class Interruption {
  readonly #services: StackServices;
  readonly #analysis: Analysis;
  readonly #stackId: string;

  constructor(services: StackServices, analysis: Analysis, stackId: string) {
    this.#services = services;
    this.#analysis = analysis;
    this.#stackId = stackId;
  }

  /** Removes what has to be made anew, and returns what stands. Throws StackFailed when something cannot be removed. */
  async clear(journal: Journal, signal: AbortSignal): Promise<ReadonlyMap<string, StoredResource>> {
    const records = await this.#records();
    const found = new Map([...records.values()].map((record) => [record.name, { record }]));
    const unknown = unknownOutcomes(this.#analysis, found.values());
    tellUnknownOutcomes(this.#services, this.#analysis, unknown, found, (change) => void journal.record(change));
    const anew = this.#anew(records, unknown);
    const { space, stack } = this.#analysis.stack;
    const removed = await deleteResources({
      ...this.#services,
      space,
      stack,
      stackId: this.#stackId,
      records: [...anew].flatMap((index) => records.get(index) ?? []),
      journal,
      signal,
      redact: this.#analysis.redact,
    });
    if (removed.remaining.length > 0) throw notRemoved(removed, signal);
    return this.#standing(unknown);
  }

  /** By the number of the resource. */
  async #records(): Promise<ReadonlyMap<number, ResourceRecord>> {
    const records = new Map<number, ResourceRecord>();
    for (const record of await this.#services.store.resources(this.#stackId)) {
      const index = this.#analysis.stack.numbers.get(record.name);
      if (index !== undefined) records.set(index, record);
    }
    return records;
  }

  /** What is removed: interrupted attempts, and what has read from a resource that does not stand. */
  #anew(
    records: ReadonlyMap<number, ResourceRecord>,
    unknown: ReadonlyMap<string, OutcomeUnknown>,
  ): ReadonlySet<number> {
    const { graph } = this.#analysis;
    const anew = new Set<number>();
    const shaken: number[] = [];
    for (const { index } of this.#analysis.stack.resources) {
      const record = records.get(index);
      if (record !== undefined && (!isInterrupted(record) || unknown.has(record.name))) continue;
      if (record?.action === 'CREATE' && this.#goesOn(index)) continue;
      shaken.push(index);
      if (record !== undefined) anew.add(index);
    }
    for (let producer = shaken.pop(); producer !== undefined; producer = shaken.pop()) {
      for (let port = startPort(graph, producer); port < startPort(graph, producer + 1); port += 1) {
        if (graph.kinds[port] !== OUT) continue;
        for (const reader of this.#readersOf(port)) {
          if (records.get(reader)?.status !== 'COMPLETE' || anew.has(reader)) continue;
          anew.add(reader);
          shaken.push(reader);
        }
      }
    }
    return anew;
  }

  /** Whether an interrupted attempt is continued by calling its handler again. */
  #goesOn(index: number): boolean {
    const { type, isExternal } = this.#resource(index);
    return isExternal || type.handler.isRepeatable === true;
  }

  *#readersOf(port: number): Generator<number> {
    const { successors, kinds, owners } = this.#analysis.graph;
    for (let edge = successors.offsets[port] as number; edge < (successors.offsets[port + 1] as number); edge += 1) {
      const reader = successors.targets[edge] as number;
      if (kinds[reader] === IN) yield owners[reader] as number;
    }
  }

  async #standing(unknown: ReadonlyMap<string, OutcomeUnknown>): Promise<ReadonlyMap<string, StoredResource>> {
    const { store } = this.#services;
    const { space, stack } = this.#analysis.stack;
    const standing = new Map<string, StoredResource & { readonly readElsewhere: Set<string> }>();
    const present = await presentResources(this.#services, this.#stackId);
    learnSecrets(this.#analysis.secrets, present.values());
    for (const [name, resource] of present) {
      const failure = unknown.get(name);
      standing.set(name, { ...resource, readElsewhere: new Set(), ...(failure === undefined ? {} : { failure }) });
    }
    for (const { names } of await store.readersOf(space, stack)) {
      for (const [, , resource, attribute] of names) standing.get(resource)?.readElsewhere.add(attribute);
    }
    return withRepeated(this.#analysis, standing, (name) => standing.get(name)?.record.status !== 'COMPLETE');
  }

  #resource(index: number): ResourceInterface {
    return this.#analysis.stack.resources[index] as ResourceInterface;
  }
}

/** The interrupted attempts of which nobody can tell what they made: no id was recorded, and there is no way to look. */
export function unknownOutcomes(
  { stack }: Analysis,
  found: Iterable<{ readonly record: ResourceRecord }>,
): ReadonlyMap<string, OutcomeUnknown> {
  const unknown = new Map<string, OutcomeUnknown>();
  for (const { record } of found) {
    const resource = record.status === 'IN_PROGRESS' ? findResource(stack, record.name) : undefined;
    if (resource !== undefined && isUnknown(record, resource)) unknown.set(record.name, outcomeUnknown(resource));
  }
  return unknown;
}

/** Stores and tells each of them as failed. */
export function tellUnknownOutcomes(
  { events, clock }: Pick<StackServices, 'events' | 'clock'>,
  { stack }: Analysis,
  unknown: ReadonlyMap<string, OutcomeUnknown>,
  found: ReadonlyMap<string, { readonly record: ResourceRecord }>,
  store: (change: StoreChange) => void,
): void {
  for (const [name, { what }] of unknown) {
    const record = found.get(name)?.record as ResourceRecord;
    const failed = { ...record, status: 'FAILED', reason: what, updatedAt: clock.now() } as const;
    store({ kind: 'resource', record: failed, isEvent: true });
    if (events.isHeard) events.emit(resourceEventOf(failed, stack));
  }
}

function isUnknown({ action, resourceId }: ResourceRecord, { type, isExternal }: ResourceInterface): boolean {
  const { lookup, isRepeatable } = type.handler;
  return (
    action === 'CREATE' && !isExternal && isRepeatable !== true && resourceId === undefined && lookup === undefined
  );
}

function outcomeUnknown({ name, type, template, definition }: ResourceInterface): OutcomeUnknown {
  return new OutcomeUnknown({
    what: `The engine was stopped while it created '${name}', and nobody can tell whether something was made.`,
    where: template.source.locate(definition.path),
    why: `The handler of ${type.name} had recorded no id, and has no 'lookup' by which it could be found.`,
    fix: `Look for what '${name}' would be, remove it if it is there, and delete the stack.`,
  });
}

/** An attempt to create it, or to remove it for another. */
function isInterrupted({ action, status }: ResourceRecord): boolean {
  return status === 'IN_PROGRESS' || action === 'DELETE';
}

function notRemoved(
  { failures, remaining }: { readonly failures: readonly ResourceFailure[]; readonly remaining: readonly string[] },
  signal: AbortSignal,
): StackFailed {
  return new StackFailed({
    what: `The create cannot go on: ${failures[0]?.what ?? 'it was stopped'}`,
    why: `An attempt that was interrupted has to be removed before the next; these are still there: ${remaining.join(', ')}.`,
    fix: 'Remove the cause and resume the stack again, or delete it.',
    cause: signal.aborted ? signal.reason : failures[0],
  });
}
