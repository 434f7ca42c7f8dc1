import type { Action, ResourceEvent, StackEvent, Status } from '../events.ts';
import type { DeclaredNames, Name } from '../names.ts';
import type { SignalAddress } from '../resource/signal-url.ts';
import type { Secrecy } from '../secrets.ts';
import type { HookType } from '../template/hook-types.ts';
import type { Move } from '../template/moved.ts';
import type { Json, JsonObject } from '../values.ts';

export type MaybePromise<T> = T | Promise<T>;

/** Why a value that was published is not there: it is not kept, or was sealed with a key that was not given. */
export type Missing = 'ephemeral' | 'key';

// What is secret is told to the engine's SealedStore, which hands on to a backend what it may store: the fields that are
// marked so below are none of a backend's business.

/** A part of a definition that is stored as it was given. */
export type SecretPart = 'template' | 'files' | 'environment';

/** What a stack is to be: everything that its template's meaning depends on. */
export interface StackDefinition {
  /** The template's document, and the files that came with it. */
  readonly template: JsonObject;
  readonly files: { readonly [name: string]: string };
  /** The values of the parameters; those of hidden parameters are left out. */
  readonly parameters: JsonObject;
  /** What of the environment the template's meaning depends on, as an environment's document. */
  readonly environment: JsonObject;
  /**
   * Of SealedStore: the values of hidden parameters, but for ephemeral ones. Undefined where they are not kept, since the
   * engine that stored them had no key. Throws EncryptionKeyMissing when it is read and the key is not there.
   */
  readonly hidden?: JsonObject | undefined;
  /** Of SealedStore: the parts in which a secret stands, which are then sealed too. */
  readonly secretParts?: readonly SecretPart[] | undefined;
}

/** What a stack was. */
export interface PreviousDefinition extends StackDefinition {
  /** The names that resources had then, by those that they have been given since. Default: none. */
  readonly namesBefore?: { readonly [name: string]: string } | undefined;
  /** As of StackRecord. */
  readonly moved?: readonly Move[] | undefined;
}

/** A hook that was reached. */
export interface HookState {
  /** When, in milliseconds since 1970-01-01 UTC. */
  readonly since: number;
  readonly isCleared: boolean;
}

/** The hooks that a stack's action has reached, by resource and hook. */
export type HookStates = { readonly [resource: string]: { readonly [hook in HookType]?: HookState } };

/** A stack as stored. */
export interface StackRecord extends StackDefinition {
  /** UUID. */
  readonly id: string;
  readonly space: string;
  readonly name: string;
  readonly action: Action;
  readonly status: Status;
  readonly reason: string;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Words by which people find it. Default: none. */
  readonly tags?: readonly string[] | undefined;
  /** Whether a create or an update that fails is undone. */
  readonly rollback: boolean;
  /** The id of the snapshot from which it was last restored, if it has not been updated since. */
  readonly restoring?: string | undefined;
  /** The moves of resources that came with what it is to be: they are done. Default: none. */
  readonly moved?: readonly Move[] | undefined;
  /** What the stack was when it was last complete, while an update has not come to its end: what a rollback goes back to. */
  readonly previous?: PreviousDefinition | undefined;
  /** Absent: none since the last action began. */
  readonly hooks?: HookStates | undefined;
  /** The template outputs by name, once the stack is complete. `{ error }` for one that cannot be resolved. */
  readonly outputs: { readonly [name: string]: StoredOutput };
}

export interface StoredOutput {
  readonly description: string | undefined;
  readonly value: Json;
  /** Why there is no value; `value` is then null. */
  readonly error: string | undefined;
  /** Of SealedStore. */
  readonly secrecy?: Secrecy;
  readonly missing?: Missing;
}

/** An attribute that a resource has published. */
export interface StoredValue {
  readonly resource: string;
  readonly attribute: string;
  /** Null when it is missing. */
  readonly value: Json;
  /** Of SealedStore. */
  readonly secrecy?: Secrecy;
  /** Of SealedStore. */
  readonly missing?: Missing;
}

/** A resource as stored. */
export interface ResourceRecord {
  readonly name: string;
  readonly type: string;
  readonly physicalName: string;
  /** The id of the real thing, once the handler has told it. */
  readonly resourceId: string | undefined;
  readonly action: Action;
  readonly status: Status;
  readonly reason: string;
  /** Names the attempt that made it, or is about to; stable over crashes. */
  readonly token: string;
  /** What the handler recorded for itself. */
  readonly data: JsonObject;
  /** Of SealedStore: whether a secret stands in `data`, `metadata` or `finalSnapshot`. */
  readonly dataSecrecy?: Secrecy | undefined;
  /** The resources that it required when it was created: the arrows that delete runs against. */
  readonly requires: readonly string[];
  /**
   * The properties that it was made with or last updated to; absent until it is complete. A value that holds a hidden
   * parameter stands as a digest.
   */
  readonly properties?: JsonObject | undefined;
  /** What it has read by the aliases of its section `inputs`, likewise. */
  readonly inputs?: JsonObject | undefined;
  /**
   * The properties and aliases that were not there yet when its handler ended without having read them, and are not among
   * those: whatever they come to, it is made with that. Absent: none.
   */
  readonly unread?: readonly string[] | undefined;
  /** What signals have left behind; absent: nothing. */
  readonly metadata?: JsonObject | undefined;
  /** Where it can be signalled over HTTP, once its handler has asked for that. */
  readonly signalAddress?: SignalAddress | undefined;
  /** It is to be replaced by the update that has begun, although nothing of it may differ. */
  readonly isOutdated?: true;
  /** The name under which it was made, when another has replaced it and it is still to be deleted; `name` is then its own. */
  readonly replacedName?: string;
  /** A restore is still to bring it to what a snapshot has kept of it. Of no meaning in other actions. Default: false. */
  readonly isToBeRestored?: true | undefined;
  /** It has been suspended, and not been resumed since. Default: false. */
  readonly isSuspended?: boolean | undefined;
  /** What its handler has read by name at run time; absent when it has read nothing so. */
  readonly reads?: readonly StoredRead[] | undefined;
  /** How many attempts have failed, while another is to come. */
  readonly failedAttempts?: number;
  /** What is kept of it before it is deleted, by its deletion policy: still to be done, or what it came to. */
  readonly finalSnapshot?: 'due' | { readonly data?: JsonObject | undefined } | undefined;
  /** `Retain` keeps the real thing when the resource is deleted; `Snapshot` keeps first what its handler's `snapshot` does. */
  readonly deletionPolicy: 'Delete' | 'Retain' | 'Snapshot';
  readonly updatedAt: number;
}

/** A stack as it was at a moment, to go back to. */
export interface SnapshotRecord {
  /** UUID. */
  readonly id: string;
  /** What its maker calls it. */
  readonly name?: string | undefined;
  /** What is or was last done with it: Heat's words. */
  readonly action: 'CREATE' | 'DELETE';
  readonly status: Status;
  readonly reason: string;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly createdAt: number;
  /** The state that the stack was in. */
  readonly stackAction: Action;
  readonly stackStatus: Status;
  readonly definition: StackDefinition;
  readonly tags?: readonly string[] | undefined;
}

/** A resource in a snapshot. */
export interface ResourceSnapshot {
  /** As it was. */
  readonly record: ResourceRecord;
  /** What its handler has kept of it; absent when there was nothing to keep. */
  readonly data?: JsonObject | undefined;
  /** Of SealedStore: whether a secret stands in `data`. */
  readonly dataSecrecy?: Secrecy;
}

/** A name that was read while the stack was at work, with the value that it had: of another stack, or of nobody. */
export interface StoredRead {
  readonly name: Name;
  readonly value: Json;
  /** The value was not kept, or its key was not given: `value` is null. */
  readonly isUnknown?: true;
  /** Of a resource's reads: the name is one of its own stack, whatever that was called then. */
  readonly isOwn?: true;
  /** Of SealedStore. */
  readonly secrecy?: Secrecy;
}

/** One step of a stack's story. A batch of changes is stored whole or not at all, in its order. */
export type StoreChange =
  | {
      readonly kind: 'stack';
      readonly action: Action;
      readonly status: Status;
      readonly reason: string;
      readonly time: number;
    }
  | {
      /** What an update makes of the stack. Refused as createStack refuses what somebody outside has written. */
      readonly kind: 'definition';
      readonly definition: StackDefinition;
      readonly previous: PreviousDefinition | undefined;
      /** Undefined: those that it has. */
      readonly declared: DeclaredNames | undefined;
      readonly rollback: boolean;
      /** Default: those that it has. */
      readonly tags?: readonly string[] | undefined;
      /** See StackRecord. */
      readonly restoring?: string | undefined;
      readonly moved?: readonly Move[] | undefined;
    }
  | { readonly kind: 'outputs'; readonly outputs: StackRecord['outputs'] }
  | {
      readonly kind: 'resource';
      readonly record: ResourceRecord;
      /** The same for all changes of the resource under one claim, from 0; who keeps records at hand may go by it. */
      readonly number?: number;
      /** The attributes that the same step publishes, in place of those that an earlier one of the resource did. */
      readonly values?: JsonObject | undefined;
      /** Of SealedStore: those of the values that are secret. */
      readonly secrecy?: { readonly [attribute: string]: Secrecy };
      /** Whether the step is one of the stack's events too; see resourceEventOf. Default false. */
      readonly isEvent?: boolean;
    }
  | { readonly kind: 'resourceGone'; readonly resource: string }
  | { readonly kind: 'snapshot'; readonly snapshot: SnapshotRecord }
  | ({ readonly kind: 'snapshotState'; readonly id: string } & Pick<SnapshotRecord, 'action' | 'status' | 'reason'>)
  | { readonly kind: 'resourceSnapshot'; readonly id: string; readonly resource: ResourceSnapshot }
  | { readonly kind: 'snapshotGone'; readonly id: string }
  | {
      readonly kind: 'value';
      readonly resource: string;
      readonly attribute: string;
      readonly value: Json;
      /** Of SealedStore. */
      readonly secrecy?: Secrecy;
    }
  | ({ readonly kind: 'read' } & StoredRead)
  /** In place of everything that the stack has read before. */
  | { readonly kind: 'reads'; readonly reads: readonly StoredRead[] }
  | {
      readonly kind: 'hook';
      readonly resource: string;
      readonly hook: HookType;
      /** Undefined: it counts as not reached. */
      readonly state: HookState | undefined;
    }
  /** No hook counts as reached any more. */
  | { readonly kind: 'hooksGone' }
  | { readonly kind: 'event'; readonly event: StackEvent | ResourceEvent };

/** The engine that wants to work on a stack. */
export interface Claimant {
  /** UUID of the engine. */
  readonly engineId: string;
  readonly host: string;
  readonly pid: number;
  /** Start of that process, so that a recycled pid is not taken for it; see process-identity.ts. */
  readonly processStart: string;
  /** The namespace of that pid: see process-identity.ts. Default: that of whoever asks. */
  readonly pidNamespace?: string | undefined;
  /** Who asked for what it does, for people: `ann@host`. */
  readonly actor: string;
  /** How long a claim of it holds without being renewed, in milliseconds of the store's clock. */
  readonly leaseMs: number;
  /** Where other processes of the same user can ask what it does; absent when it cannot be asked. */
  readonly observers?: { readonly socket: string; readonly token: string };
}

/** The right to change one stack, until it is released, or taken over when it is not renewed for the claimant's `leaseMs`. */
export interface Claim {
  readonly stackId: string;
  readonly claimant: Claimant;
  /** Grows with each claim of the stack: a write under an older number is refused. */
  readonly fence: number;
}

/** What is stored under a name. */
export type StoredEntry =
  | {
      readonly value: Json;
      /** Of SealedStore. */
      readonly secrecy?: Secrecy;
    }
  | { readonly failure: string };

export interface StoredEvent {
  /** Grows by one with each event of the store. */
  readonly sequence: number;
  readonly event: StackEvent | ResourceEvent;
}

/** What was done to a stack at one time, by one engine. */
export interface OperationRecord {
  /** 1 for the stack's first, and so on. */
  readonly number: number;
  /** Signals to its resources, and marks that an operator sets on them, are no actions of the stack, and change no state of it. */
  readonly action: Action | 'SIGNAL' | 'MARK_UNHEALTHY';
  /** IN_PROGRESS also when its engine was stopped in it. */
  readonly status: Status;
  /** Cut to 1,000 characters. */
  readonly reason: string;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly startedAt: number;
  readonly endedAt: number | undefined;
  /** Of the claimant, and of its claim. */
  readonly actor: string;
  readonly host: string;
  readonly pid: number;
  readonly fence: number;
  /** By what was done (`created`, `updated`, `replaced`, `deleted`, `failed`, `signalled`, ...), to how many resources; the first 20 by name. */
  readonly changes: { readonly [what: string]: { readonly count: number; readonly names: readonly string[] } };
}

/**
 * Where stacks live between and during actions. The engine stores the intent before it acts on the world and the result
 * after it, and a value before any reader wakes. A backend may answer at once or by a promise.
 *
 * Leases are measured by one clock, the store's own: that of the database server, or of the machine that all its users
 * share. What a claimant's clock says is never looked at, so hosts need not agree about the time.
 *
 * Every method may throw StoreUnusable, and StoreBusy when it has changed nothing and may succeed a moment later. `hotloom/testing` has the suite that a backend must pass.
 */
export interface StackStore {
  /** Whether engines of other processes can work on the same store. */
  readonly isShared: boolean;
  /**
   * Stores a new stack with the names that only it will write, and claims it. Throws StackExists, and ConflictingWrite
   * when somebody outside has written one of `declared`, which must not change afterwards. Default: it declares none.
   */
  createStack(record: StackRecord, claimant: Claimant, declared?: DeclaredNames): MaybePromise<Claim>;
  /** Undefined when there is none. */
  findStack(space: string, name: string): MaybePromise<StackRecord | undefined>;
  /** All stacks, by space and name. Without templates' documents being parsed it is O(stacks). */
  listStacks(): MaybePromise<readonly StackRecord[]>;
  /** In the order in which they were first stored. */
  resources(stackId: string): MaybePromise<readonly ResourceRecord[]>;
  /** Every value that the stack's resources have published. */
  values(stackId: string): MaybePromise<readonly StoredValue[]>;
  /** The stack's snapshots, oldest first. */
  snapshots(stackId: string): MaybePromise<readonly SnapshotRecord[]>;
  /** The resources of a snapshot, in the order in which they were first stored; none for one that is not there. */
  resourceSnapshots(snapshotId: string): MaybePromise<readonly ResourceSnapshot[]>;
  /** The stack's events with a sequence above `after`, oldest first. At least the newest 1,000 are kept, and so many told. */
  events(stackId: string, after?: number): MaybePromise<readonly StoredEvent[]>;
  /**
   * What has been done to the stack, oldest first, as the changes have told that were stored; see OperationLog. At least the
   * newest 100 are kept, and so many told. It goes when the stack does.
   */
  history(stackId: string): MaybePromise<readonly OperationRecord[]>;

  /**
   * Claims a stack for an action. Throws ActionInProgress, naming the holder, unless it is free, the holder's lease is over,
   * or the holder is dead (a process of this host that runs no more); an engine is busy for itself too. Throws EntityNotFound.
   */
  claim(stackId: string, claimant: Claimant): MaybePromise<Claim>;
  /**
   * Begins the claim's lease anew, also when it was over and nobody has come since. Throws ClaimLost once the claim was
   * released or taken over.
   */
  renew(claim: Claim): MaybePromise<void>;
  /** Gives the claim back. Does nothing when somebody else has taken it over. */
  release(claim: Claim): MaybePromise<void>;
  /** The engine that holds the stack now: its lease is not over, and it is not known to be dead. */
  holder(stackId: string): MaybePromise<Claimant | undefined>;
  /**
   * Stores a batch, whole and in order; it is durable when this returns, and the claim is renewed. `resourceGone` takes the
   * resource's values along. Throws ClaimLost, and NotJson; then nothing of the batch is stored.
   */
  append(claim: Claim, changes: readonly StoreChange[]): MaybePromise<void>;
  /** Removes a stack with everything that belongs to it, its claim included. Throws ClaimLost. */
  removeStack(claim: Claim): MaybePromise<void>;

  /**
   * Stores a value that somebody outside wrote. The same value again is fine. Throws ConflictingWrite for a different
   * one, and NotTheWriter for a name that a stored stack declares or has published, whatever became of the stack.
   */
  writeOutside(name: Name, value: Json): MaybePromise<void>;
  /**
   * What anybody outside, else a stack, has stored under the name. What is missing is a failure when its resource has
   * failed, or when its stack has failed before the resource was started; it is undefined again once a new attempt begins.
   */
  find(name: Name): MaybePromise<StoredEntry | undefined>;
  /**
   * The other stacks that have read names of this stack, with the names, by space and stack: those whom its deletion
   * would leave without. Names that somebody outside has written stay, and do not count.
   */
  readersOf(
    space: string,
    stack: string,
  ): MaybePromise<readonly { readonly space: string; readonly stack: string; readonly names: readonly Name[] }[]>;
  /** What the stack has read of names that are not its own, each name once, with the value that was read last. */
  reads(stackId: string): MaybePromise<readonly StoredRead[]>;
  /** A number that differs after anybody else has stored something: a cheap question for a poll. */
  revision(): MaybePromise<number>;
  /** Frees what the store holds. Idempotent. */
  close(): MaybePromise<void>;
}
