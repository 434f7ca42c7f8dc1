import type { Action, ResourceEvent, StackEvent, Status } from '../events.ts';
import type { Claim, OperationRecord, ResourceRecord, StoreChange } from './stack-store.ts';

/** Older operations of a stack are dropped. */
export const MAX_OPERATIONS_PER_STACK = 100;

/** So many resources are named for each kind of change; the others are counted. */
export const MAX_NAMES_PER_CHANGE = 20;

const MAX_REASON_LENGTH = 1000;

/**
 * What is done to a stack under one claim, told from the changes that are stored under it: nothing is recorded for it. An
 * operation begins when the stack comes to IN_PROGRESS and ends when it comes to COMPLETE or FAILED; what an operation
 * that goes on with another one has to clear away before it says so belongs to it, too. While none is at work, that somebody
 * marks a resource is one by itself, and so are all signals of one actor that come one after the other.
 */
export class OperationLog {
  readonly #claim: Claim;
  #lastNumber: number;
  #open: Omit<OperationRecord, 'changes'> | undefined;
  #changes = new Map<string, { count: number; names: string[] }>();
  /** The resources of which one was deleted (and counted), or taken aside to be deleted: one that is created takes its place. */
  #gone = new Map<string, { readonly isCounted: boolean }>();
  readonly #signalled = new Set<string>();
  readonly #ended: OperationRecord[] = [];
  /** The last that has ended. */
  #last: OperationRecord | undefined;
  #isChanged = false;

  /** `last` is the stack's last operation: it goes on when it is one of this claim and has not ended. */
  constructor(claim: Claim, last: OperationRecord | undefined) {
    this.#claim = claim;
    this.#lastNumber = last?.number ?? 0;
    this.#last = last;
    if (last?.fence !== claim.fence || last.status !== 'IN_PROGRESS') return;
    const { changes, ...open } = last;
    this.#open = open;
    for (const [what, { count, names }] of Object.entries(changes))
      this.#changes.set(what, { count, names: [...names] });
  }

  get fence(): number {
    return this.#claim.fence;
  }

  note(change: StoreChange): void {
    switch (change.kind) {
      case 'stack':
        if (change.status === 'IN_PROGRESS') this.#begin(change);
        else this.#end(change);
        return;
      case 'resource':
        if (change.record.replacedName !== undefined) this.#noteAside(change.record.replacedName);
        if (change.isEvent !== true) return;
        if (this.#open === undefined && change.record.action === 'CHECK') this.#noteMark(change.record);
        else this.#noteResource(change.record);
        return;
      case 'event':
        this.#noteEvent(change.event);
        return;
      default:
        return;
    }
  }

  /** The operations that are different since this was last asked, oldest first. */
  takeChanged(): readonly OperationRecord[] {
    const changed = this.#ended.splice(0);
    if (this.#isChanged && this.#open !== undefined) changed.push(this.#recordOf(this.#open));
    this.#isChanged = false;
    return changed;
  }

  #begin({ action, reason, time }: { readonly action: Action; readonly reason: string; readonly time: number }): void {
    this.#isChanged = true;
    if (this.#open?.action === action) {
      this.#open = { ...this.#open, reason: cut(reason) };
      return;
    }
    // It was never told to have ended: another action has followed on it at once.
    if (this.#open !== undefined) {
      this.#ended.push(this.#recordOf(this.#open));
      this.#forgetChanges();
    }
    this.#open = { ...this.#newOperation(action, reason, time), status: 'IN_PROGRESS', endedAt: undefined };
    this.#signalled.clear();
  }

  #newOperation(action: OperationRecord['action'], reason: string, startedAt: number) {
    const { actor, host, pid } = this.#claim.claimant;
    this.#lastNumber += 1;
    const { fence } = this.#claim;
    return { number: this.#lastNumber, fence, action, reason: cut(reason), startedAt, actor, host, pid };
  }

  #end({ status, reason, time }: { readonly status: Status; readonly reason: string; readonly time: number }): void {
    if (this.#open === undefined) return;
    this.#didEnd(this.#recordOf({ ...this.#open, status, reason: cut(reason), endedAt: time }));
    this.#open = undefined;
    this.#forgetChanges();
    this.#isChanged = false;
  }

  #forgetChanges(): void {
    this.#changes = new Map();
    this.#gone = new Map();
  }

  #didEnd(operation: OperationRecord): void {
    // One that goes on is told once, as it is at last.
    if (this.#ended.at(-1)?.number === operation.number) this.#ended.pop();
    this.#ended.push(operation);
    this.#last = operation;
  }

  /** Events besides records tell of signals and hooks, in the state that the resource is in; one is its last. */
  #noteEvent(event: StackEvent | ResourceEvent): void {
    if (event.type !== 'resource') return;
    if (event.action === 'SIGNAL') this.#noteSignal(event);
    else if (event.action === 'DELETE' && event.status === 'COMPLETE') this.#noteDeleted(event.resource);
  }

  #noteSignal({ resource, reason, time }: ResourceEvent): void {
    if (this.#open !== undefined) {
      if (this.#signalled.has(resource)) return;
      this.#signalled.add(resource);
      this.#add('signalled', resource);
      return;
    }
    const { actor, host, pid } = this.#claim.claimant;
    const last = this.#last;
    const isSame = last?.action === 'SIGNAL' && last.actor === actor && last.host === host;
    const { signalled } = (isSame && last.changes) || {};
    this.#didEnd({
      ...(isSame ? last : this.#newOperation('SIGNAL', reason, time)),
      pid,
      fence: this.#claim.fence,
      status: 'COMPLETE',
      reason: cut(reason),
      endedAt: time,
      changes: { signalled: withName(signalled, resource) },
    });
  }

  /**
   * Only a check comes to that state, and an operator who says what one would have found. A group is marked with its members,
   * at once.
   */
  #noteMark({ name, replacedName, status, reason, updatedAt }: ResourceRecord): void {
    const what = status === 'FAILED' ? 'marked' : 'unmarked';
    const last = this.#last;
    const isSame = last?.fence === this.#claim.fence && last.endedAt === updatedAt && last.changes[what] !== undefined;
    this.#didEnd({
      ...(isSame ? last : this.#newOperation('MARK_UNHEALTHY', reason, updatedAt)),
      status: 'COMPLETE',
      endedAt: updatedAt,
      changes: { [what]: withName(isSame ? last.changes[what] : undefined, replacedName ?? name) },
    });
  }

  #noteResource(event: {
    readonly name: string;
    readonly replacedName?: string | undefined;
    readonly action: Action;
    readonly status: Status;
  }): void {
    const { action, status } = event;
    if (status === 'IN_PROGRESS') return;
    const name = event.replacedName ?? event.name;
    if (status === 'FAILED') this.#add('failed', name);
    else if (action === 'CREATE') this.#noteCreated(name);
    else if (action === 'DELETE') this.#noteDeleted(name);
    else {
      const what = PARTICIPLES[action];
      if (what !== undefined) this.#add(what, name);
    }
  }

  /** The one that was there before waits to be deleted. */
  #noteAside(name: string): void {
    this.#gone.set(name, { isCounted: false });
    // An operation that goes on with another one may hear of it at its end.
    if (this.#changes.get('created')?.names.includes(name) !== true) return;
    this.#take('created', name);
    this.#add('replaced', name);
  }

  #noteCreated(name: string): void {
    const gone = this.#gone.get(name);
    if (gone?.isCounted === true) this.#take('deleted', name);
    this.#add(gone === undefined ? 'created' : 'replaced', name);
  }

  #noteDeleted(name: string): void {
    if (this.#gone.has(name)) return;
    this.#gone.set(name, { isCounted: true });
    this.#add('deleted', name);
  }

  #add(what: string, name: string): void {
    let changed = this.#changes.get(what);
    if (changed === undefined) {
      changed = { count: 0, names: [] };
      this.#changes.set(what, changed);
    }
    if (changed.names.includes(name)) return;
    changed.count += 1;
    if (changed.names.length < MAX_NAMES_PER_CHANGE) changed.names.push(name);
    this.#isChanged = true;
  }

  #take(what: string, name: string): void {
    const changed = this.#changes.get(what);
    if (changed === undefined) return;
    changed.count -= 1;
    const at = changed.names.indexOf(name);
    if (at >= 0) changed.names.splice(at, 1);
  }

  #recordOf(operation: Omit<OperationRecord, 'changes'>): OperationRecord {
    const changes: Record<string, OperationRecord['changes'][string]> = {};
    for (const what of CHANGES) {
      const { count = 0, names = [] } = this.#changes.get(what) ?? {};
      if (count > 0) changes[what] = { count, names: [...names] };
    }
    return { ...operation, changes };
  }
}

/** What was done to a resource that has come to COMPLETE in an action. A check does nothing to it. */
const PARTICIPLES: { readonly [action: string]: string | undefined } = {
  UPDATE: 'updated',
  ADOPT: 'adopted',
  SUSPEND: 'suspended',
  RESUME: 'resumed',
  SNAPSHOT: 'saved',
  RESTORE: 'restored',
};

/** In the order in which they are told. */
const CHANGES = [
  'created',
  'replaced',
  ...Object.values(PARTICIPLES),
  'deleted',
  'failed',
  'signalled',
] as readonly string[];

type NamedChange = OperationRecord['changes'][string];

function withName({ count, names }: NamedChange = { count: 0, names: [] }, name: string): NamedChange {
  if (names.includes(name)) return { count, names };
  return { count: count + 1, names: names.length < MAX_NAMES_PER_CHANGE ? [...names, name] : names };
}

function cut(reason: string): string {
  return reason.length <= MAX_REASON_LENGTH ? reason : `${reason.slice(0, MAX_REASON_LENGTH - 1)}…`;
}
