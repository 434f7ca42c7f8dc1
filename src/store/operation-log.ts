import type { Action, ResourceEvent, StackEvent, Status } from '../events.ts';
import type { Claim, OperationRecord, StoreChange } from './stack-store.ts';

/** Older operations of a stack are dropped. */
export const MAX_OPERATIONS_PER_STACK = 100;

/** So many resources are named for each kind of change; the others are counted. */
export const MAX_NAMES_PER_CHANGE = 20;

const MAX_REASON_LENGTH = 1000;

/**
 * What is done to a stack under one claim, told from the changes that are stored under it: nothing is recorded for it. An
 * operation begins when the stack comes to IN_PROGRESS and ends when it comes to COMPLETE or FAILED; what an operation
 * that goes on with another one has to clear away before it says so belongs to it, too.
 */
export class OperationLog {
  readonly #claim: Claim;
  #lastNumber: number;
  #open: Omit<OperationRecord, 'changes'> | undefined;
  #changes = new Map<string, { count: number; names: string[] }>();
  /** The resources of which one was deleted (and counted), or taken aside to be deleted: one that is created takes its place. */
  #gone = new Map<string, { readonly isCounted: boolean }>();
  readonly #ended: OperationRecord[] = [];
  #isChanged = false;

  /** `last` is the stack's last operation: it goes on when it is one of this claim and has not ended. */
  constructor(claim: Claim, last: OperationRecord | undefined) {
    this.#claim = claim;
    this.#lastNumber = last?.number ?? 0;
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
        if (change.isEvent === true) this.#noteResource(change.record);
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
    if (this.#open !== undefined) this.#ended.push(this.#recordOf(this.#open));
    const { actor, host, pid } = this.#claim.claimant;
    this.#lastNumber += 1;
    this.#open = {
      number: this.#lastNumber,
      fence: this.#claim.fence,
      action,
      status: 'IN_PROGRESS',
      reason: cut(reason),
      startedAt: time,
      endedAt: undefined,
      actor,
      host,
      pid,
    };
  }

  #end({ status, reason, time }: { readonly status: Status; readonly reason: string; readonly time: number }): void {
    if (this.#open === undefined) return;
    this.#ended.push(this.#recordOf({ ...this.#open, status, reason: cut(reason), endedAt: time }));
    this.#open = undefined;
    this.#changes = new Map();
    this.#gone = new Map();
    this.#isChanged = false;
  }

  /** Events besides records tell of signals and hooks, in the state that the resource is in; one is its last. */
  #noteEvent(event: StackEvent | ResourceEvent): void {
    if (event.type === 'resource' && event.action === 'DELETE' && event.status === 'COMPLETE') {
      this.#noteDeleted(event.resource);
    }
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
const CHANGES = ['created', 'replaced', ...Object.values(PARTICIPLES), 'deleted', 'failed'] as readonly string[];

function cut(reason: string): string {
  return reason.length <= MAX_REASON_LENGTH ? reason : `${reason.slice(0, MAX_REASON_LENGTH - 1)}…`;
}
