import { InternalError } from '../errors.ts';
import { type DeclaredNames, type Name, nameKey } from '../names.ts';
import { conflictingWrite, notTheWriter, writtenOutside } from '../refusals.ts';
import { asJson, type Json, sameJson } from '../values.ts';
import { claimWasLost, isHeld, monotonicNow, stackIsBusy } from './claim.ts';
import { MAX_OPERATIONS_PER_STACK, OperationLog } from './operation-log.ts';
import type {
  Claim,
  Claimant,
  OperationRecord,
  ResourceRecord,
  ResourceSnapshot,
  SnapshotRecord,
  StackRecord,
  StackStore,
  StoreChange,
  StoredEntry,
  StoredEvent,
  StoredRead,
} from './stack-store.ts';
import { StoredResources } from './stored-resources.ts';
import {
  checkChanges,
  MAX_EVENTS_PER_STACK,
  noSuchStack,
  resourceEventOf,
  stackExists,
  whyNeverWritten,
} from './stored-stack.ts';

/**
 * A store that lives as long as the process, for tests and for stacks that need not outlive it. Engines that are given
 * the same one share it.
 *
 * Answers at once. Keeps the records that it is given instead of copying them; they must not be changed afterwards.
 */
export class MemoryStore implements StackStore {
  readonly isShared = false;
  readonly #stacks = new Map<string, StackState>();
  /** Ids by space and stack. */
  readonly #ids = new Map<string, string>();
  readonly #outside = new Map<string, { readonly name: Name; readonly value: Json }>();
  readonly #now: () => number;
  #sequence = 0;
  #revision = 0;

  /** `now` is the clock by which leases are measured, in milliseconds; default: the machine's, which nobody sets. */
  constructor(options: { readonly now?: () => number } = {}) {
    this.#now = options.now ?? monotonicNow;
  }

  createStack(record: StackRecord, claimant: Claimant, declared: DeclaredNames = new Map()): Claim {
    const key = nameKey([record.space, record.name]);
    if (this.#ids.has(key)) throw stackExists(record.space, record.name);
    if (this.#stacks.has(record.id)) throw new InternalError(`Two stacks have the id ${record.id}.`);
    this.#refuseWrittenOutside(record, declared);
    const stack = new StackState(record, declared);
    this.#stacks.set(record.id, stack);
    this.#ids.set(key, record.id);
    this.#revision += 1;
    return this.#hold(stack, claimant);
  }

  findStack(space: string, name: string): StackRecord | undefined {
    return this.#findState(space, name)?.record;
  }

  listStacks(): readonly StackRecord[] {
    return [...this.#stacks.values()]
      .map((stack) => stack.record)
      .sort((a, b) => compare(a.space, b.space) || compare(a.name, b.name));
  }

  resources(stackId: string): readonly ResourceRecord[] {
    return this.#stacks.get(stackId)?.resources.records() ?? [];
  }

  values(stackId: string): readonly { readonly resource: string; readonly attribute: string; readonly value: Json }[] {
    return this.#stacks.get(stackId)?.resources.values() ?? [];
  }

  snapshots(stackId: string): readonly SnapshotRecord[] {
    return [...(this.#stacks.get(stackId)?.snapshots.values() ?? [])].map(({ snapshot }) => snapshot);
  }

  resourceSnapshots(snapshotId: string): readonly ResourceSnapshot[] {
    for (const { snapshots } of this.#stacks.values()) {
      const found = snapshots.get(snapshotId);
      if (found !== undefined) return [...found.resources.values()];
    }
    return [];
  }

  events(stackId: string, after = 0): readonly StoredEvent[] {
    return this.#stacks.get(stackId)?.eventsAfter(after) ?? [];
  }

  history(stackId: string): readonly OperationRecord[] {
    return this.#stacks.get(stackId)?.operations.slice(-MAX_OPERATIONS_PER_STACK) ?? [];
  }

  claim(stackId: string, claimant: Claimant): Claim {
    const stack = this.#stacks.get(stackId);
    if (stack === undefined) throw noSuchStack(stackId);
    const holder = this.#holderOf(stack);
    if (holder !== undefined) throw stackIsBusy(stack.record.name, holder, claimant);
    return this.#hold(stack, claimant);
  }

  renew(claim: Claim): void {
    this.#claimed(claim);
  }

  release(claim: Claim): void {
    const stack = this.#stacks.get(claim.stackId);
    if (stack?.fence === claim.fence) stack.holder = undefined;
  }

  holder(stackId: string): Claimant | undefined {
    const stack = this.#stacks.get(stackId);
    return stack === undefined ? undefined : this.#holderOf(stack);
  }

  append(claim: Claim, changes: readonly StoreChange[]): void {
    const stack = this.#claimed(claim);
    // Whatever can be wrong with a change is found before the first one is applied.
    const checked = checkChanges(changes);
    for (let index = 0; index < checked.length; index += 1) {
      const change = checked[index] as StoreChange;
      if (change.kind === 'definition') this.#refuseWrittenOutside(stack.record, change.declared ?? new Map());
    }
    const log = stack.logOf(claim);
    for (let index = 0; index < checked.length; index += 1) {
      const change = checked[index] as StoreChange;
      this.#apply(stack, change);
      log.note(change);
    }
    for (const operation of log.takeChanged()) stack.setOperation(operation);
    this.#revision += 1;
  }

  removeStack(claim: Claim): void {
    const { record } = this.#claimed(claim);
    this.#stacks.delete(record.id);
    this.#ids.delete(nameKey([record.space, record.name]));
    this.#revision += 1;
  }

  writeOutside(name: Name, value: Json): void {
    const [space, stack, resource, attribute] = name;
    if (this.#findState(space, stack)?.writes(resource, attribute) === true) throw notTheWriter(name);
    const written = asJson(value);
    const key = nameKey(name);
    const present = this.#outside.get(key);
    if (present === undefined) {
      this.#outside.set(key, { name, value: written });
      this.#revision += 1;
    } else if (!sameJson(present.value, written)) {
      throw conflictingWrite(name, 'outside');
    }
  }

  find(name: Name): StoredEntry | undefined {
    const outside = this.#outside.get(nameKey(name));
    if (outside !== undefined) return { value: outside.value };
    const [space, stackName, resourceName, attribute] = name;
    const stack = this.#findState(space, stackName);
    const value = stack?.resources.valueOf(resourceName, attribute);
    if (value !== undefined) return { value };
    const resource = stack?.resources.recordOf(resourceName);
    if (stack === undefined || resource === undefined) return undefined;
    const failure = whyNeverWritten(stack.record, resource);
    return failure === undefined ? undefined : { failure };
  }

  readersOf(
    space: string,
    stack: string,
  ): readonly { readonly space: string; readonly stack: string; readonly names: readonly Name[] }[] {
    const readers = [];
    for (const { record, reads } of this.#stacks.values()) {
      if (record.space === space && record.name === stack) continue;
      const names = [...reads.values()]
        .map(({ name }) => name)
        .filter((name) => name[0] === space && name[1] === stack && !this.#outside.has(nameKey(name)));
      if (names.length > 0) readers.push({ space: record.space, stack: record.name, names });
    }
    return readers.sort((a, b) => compare(a.space, b.space) || compare(a.stack, b.stack));
  }

  reads(stackId: string): readonly StoredRead[] {
    return [...(this.#stacks.get(stackId)?.reads.values() ?? [])];
  }

  revision(): number {
    return this.#revision;
  }

  /** Does nothing: another engine may still share the store. */
  close(): void {}

  #refuseWrittenOutside(record: StackRecord, declared: DeclaredNames): void {
    for (const { name } of this.#outside.values()) {
      const [space, stackName, resource, attribute] = name;
      const isOwn = space === record.space && stackName === record.name;
      if (isOwn && declared.get(resource)?.includes(attribute) === true) throw writtenOutside(name);
    }
  }

  #findState(space: string, stack: string): StackState | undefined {
    const id = this.#ids.get(nameKey([space, stack]));
    return id === undefined ? undefined : this.#stacks.get(id);
  }

  #hold(stack: StackState, claimant: Claimant): Claim {
    stack.fence += 1;
    stack.holder = claimant;
    stack.renewedAt = this.#now();
    stack.renumber();
    return { stackId: stack.record.id, claimant, fence: stack.fence };
  }

  #holderOf({ holder, renewedAt }: StackState): Claimant | undefined {
    return holder !== undefined && isHeld(holder, renewedAt, this.#now()) ? holder : undefined;
  }

  /** The stack of a claim that was not lost, whose lease begins anew. */
  #claimed(claim: Claim): StackState {
    const stack = this.#stacks.get(claim.stackId);
    if (stack?.holder === undefined || stack.fence !== claim.fence) {
      throw claimWasLost(claim, stack && { stack: stack.record.name, fence: stack.fence, holder: stack.holder });
    }
    stack.renewedAt = this.#now();
    return stack;
  }

  #apply(stack: StackState, change: StoreChange): void {
    switch (change.kind) {
      case 'stack': {
        const { action, status, reason, time } = change;
        stack.record = { ...stack.record, action, status, reason, updatedAt: time };
        return;
      }
      case 'definition': {
        const { restoring: _restoring, moved: _moved, ...record } = stack.record;
        stack.record = {
          ...record,
          ...change.definition,
          previous: change.previous,
          rollback: change.rollback,
          ...(change.restoring === undefined ? {} : { restoring: change.restoring }),
          ...(change.moved === undefined ? {} : { moved: change.moved }),
          ...(change.tags === undefined ? {} : { tags: change.tags }),
        };
        if (change.declared !== undefined) stack.declare(change.declared);
        return;
      }
      case 'outputs':
        stack.record = { ...stack.record, outputs: change.outputs };
        return;
      case 'resource':
        stack.resources.setRecord(change.record, change.values, change.number);
        if (change.isEvent === true) this.#addEvent(stack, change.record);
        return;
      case 'resourceGone':
        stack.resources.remove(change.resource);
        return;
      case 'snapshot':
        stack.snapshots.set(change.snapshot.id, { snapshot: change.snapshot, resources: new Map() });
        return;
      case 'snapshotState': {
        const stored = stack.snapshots.get(change.id);
        const { action, status, reason } = change;
        if (stored !== undefined) stored.snapshot = { ...stored.snapshot, action, status, reason };
        return;
      }
      case 'resourceSnapshot':
        stack.snapshots.get(change.id)?.resources.set(change.resource.record.name, change.resource);
        return;
      case 'snapshotGone':
        stack.snapshots.delete(change.id);
        return;
      case 'hook': {
        const { resource, hook, state } = change;
        const hooks = stack.record.hooks ?? {};
        const { [hook]: _, ...others } = hooks[resource] ?? {};
        const reached = { ...others, ...(state === undefined ? {} : { [hook]: state }) };
        stack.record = { ...stack.record, hooks: { ...hooks, [resource]: reached } };
        return;
      }
      case 'hooksGone': {
        const { hooks: _, ...record } = stack.record;
        stack.record = record;
        return;
      }
      case 'value':
        stack.resources.setValue(change.resource, change.attribute, change.value);
        return;
      case 'read':
        stack.reads.set(nameKey(change.name), { name: change.name, value: change.value });
        return;
      case 'reads':
        stack.reads.clear();
        for (const read of change.reads) stack.reads.set(nameKey(read.name), read);
        return;
      case 'event':
        this.#addEvent(stack, change.event);
        return;
      default:
        change satisfies never;
    }
  }

  #addEvent(stack: StackState, event: EventSource): void {
    this.#sequence += 1;
    stack.addEvent(this.#sequence, event);
  }
}

/** What an event is made from when it is asked for: most are dropped unseen. */
type EventSource = StoredEvent['event'] | ResourceRecord;

/** One snapshot of a stack. */
interface StoredSnapshot {
  snapshot: SnapshotRecord;
  /** By the name of the resource. */
  readonly resources: Map<string, ResourceSnapshot>;
}

/** One stack with everything that belongs to it. */
class StackState {
  record: StackRecord;
  readonly resources = new StoredResources();
  /** By id, oldest first. */
  readonly snapshots = new Map<string, StoredSnapshot>();
  /** The names that the stack has read, by their key. */
  readonly reads = new Map<string, StoredRead>();
  /** The newest last, with their sequence numbers; up to twice as many as are kept. */
  readonly #events: EventSource[] = [];
  readonly #sequences: number[] = [];
  /** The newest last; up to twice as many as are kept. */
  readonly operations: OperationRecord[] = [];
  #log: OperationLog | undefined;
  /** The names that only the stack writes. */
  declared: DeclaredNames;
  holder: Claimant | undefined;
  /** When the holder has given its last sign of life, by the store's clock. */
  renewedAt = 0;
  fence = 0;

  constructor(record: StackRecord, declared: DeclaredNames) {
    this.record = record;
    this.declared = declared;
  }

  /** Whether nobody else may write the name. */
  writes(resource: string, attribute: string): boolean {
    const isDeclared = this.declared.get(resource)?.includes(attribute) === true;
    return isDeclared || this.resources.valueOf(resource, attribute) !== undefined;
  }

  declare(declared: DeclaredNames): void {
    this.declared = declared;
    this.renumber();
  }

  /** What changes tell of the numbers of resources counts from now on. */
  renumber(): void {
    this.resources.renumber(this.declared.numbering?.size ?? 0);
  }

  logOf(claim: Claim): OperationLog {
    if (this.#log?.fence !== claim.fence) this.#log = new OperationLog(claim, this.operations.at(-1));
    return this.#log;
  }

  setOperation(operation: OperationRecord): void {
    const { operations } = this;
    if (operations.at(-1)?.number === operation.number) operations.pop();
    operations.push(operation);
    if (operations.length >= 2 * MAX_OPERATIONS_PER_STACK) operations.splice(0, MAX_OPERATIONS_PER_STACK);
  }

  addEvent(sequence: number, event: EventSource): void {
    this.#sequences.push(sequence);
    this.#events.push(event);
    // Dropping many at a time makes the cost of one event constant.
    if (this.#events.length < 2 * MAX_EVENTS_PER_STACK) return;
    this.#sequences.splice(0, MAX_EVENTS_PER_STACK);
    this.#events.splice(0, MAX_EVENTS_PER_STACK);
  }

  eventsAfter(after: number): readonly StoredEvent[] {
    const stack = { space: this.record.space, stack: this.record.name };
    const kept: StoredEvent[] = [];
    for (let index = Math.max(0, this.#events.length - MAX_EVENTS_PER_STACK); index < this.#events.length; index += 1) {
      const sequence = this.#sequences[index] as number;
      const event = this.#events[index] as EventSource;
      if (sequence > after) kept.push({ sequence, event: 'token' in event ? resourceEventOf(event, stack) : event });
    }
    return kept;
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
