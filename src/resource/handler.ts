import type { Clock, Randomness } from '../clock.ts';
import type { NameInput } from '../names.ts';
import type { Json, JsonObject } from '../values.ts';

type MaybePromise<T> = T | Promise<T>;

/** The resource that a handler works on. */
export interface ResourceIdentity {
  readonly space: string;
  readonly stack: string;
  /** The stack's UUID. */
  readonly stackId: string;
  readonly name: string;
  readonly type: string;
  /** Heat's physical resource name: `<stack>-<resource>-<12 random characters>`; the same over the resource's life. */
  readonly physicalName: string;
}

/** What a handler may want to know whatever it does. */
export interface HandlerCall {
  readonly resource: ResourceIdentity;
  /** Stable for one attempt over crashes: what an attempt made can be found again by it. */
  readonly token: string;
  /**
   * Fires when the action is cancelled or timed out, when nothing can be stored any more, or when another engine has taken the
   * stack over (ClaimLost); `reason` is the error.
   */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly randomness: Randomness;
  /** A line for people who watch the resource; hidden parameters are masked in it. */
  log(line: string): void;
}

/** A call that creates a resource. */
export interface CreateCall extends HandlerCall {
  /**
   * Records the id of the real thing as soon as it is known and publishes it as `refid`. When this returns, the id is
   * stored: a later delete gets it even if the engine is killed before the handler ends.
   */
  setResourceId(id: string): Promise<void>;
  /**
   * What the handler has recorded by setData: before this call, when the engine was stopped in it and it comes again, or when
   * it is about a resource that is there; empty when nothing.
   */
  readonly data: JsonObject;
  /** Records the handler's own data (a pid, say) for later calls, replacing what was there. Stored when this returns. */
  setData(data: JsonObject): Promise<void>;
  /**
   * Reads any name at run time; blocks until it is written. A text is completed with the resource's own space and stack:
   * `web.address`. Rejects with InvalidName, WriterFailed, Deadlock or ReadAborted.
   */
  read(name: NameInput): Promise<Json>;
  /** Opens the socket by which a process of this resource reads and writes names. Closed when the action ends. */
  openEndpoint(): Promise<EndpointAccess>;
  /**
   * The URL by which anybody on this machine signals the resource: a POST or PUT with the data as JSON, which the handler's
   * `signal` gets. An engine serves it while it works on the stack, and for as long as it is open after that. Always the same
   * for one attempt. Stored when this returns. Throws PortFailed.
   */
  openSignalUrl(): Promise<SignalUrl>;
  /** The resource of this stack whose get_resource gives `refid`, as one that can be signalled; undefined when there is none. */
  signalled(refid: string): SignalledResource | undefined;
}

/** Where a resource is signalled. */
export interface SignalUrl {
  /** `http://127.0.0.1:4000/...`, for a request that has the token in its header `X-Auth-Token`. */
  readonly url: string;
  readonly token: string;
  /** The same with the token in it. */
  readonly signedUrl: string;
}

/** A resource as seen by one that waits for its signals. */
export interface SignalledResource {
  readonly name: string;
  readonly type: string;
  /** What it was made with, without what holds a hidden parameter; empty until it is complete. */
  readonly properties: JsonObject;
  /** What its signals have left behind by now. */
  readonly metadata: JsonObject;
  /**
   * Resolves with the metadata as soon as `isEnough` holds of it; rejects with what that throws, or the reason of `signal`.
   * Blocks the handler, which then holds no slot.
   */
  until(isEnough: (metadata: JsonObject) => boolean, signal?: AbortSignal): Promise<JsonObject>;
  /** Signals it. Throws what Engine.signal throws. */
  signal(data?: Json): Promise<void>;
}

/** How a process reaches its endpoint. */
export interface EndpointAccess {
  /** Path of the Unix socket. */
  readonly socket: string;
  readonly token: string;
  /** A directory that holds the command `hotloom` alone. */
  readonly commandDirectory: string;
  /**
   * HOTLOOM_SOCKET, HOTLOOM_TOKEN, HOTLOOM_NAME (the resource's own name) and the engine's PATH with the command's
   * directory in front; to be merged into the environment.
   */
  readonly environment: { readonly [variable: string]: string };
}

export interface PlainCreateCall<P> extends CreateCall {
  /** Resolved, converted to the schemas' types, defaults filled in. Frozen. */
  readonly properties: P;
}

/** An input that is there or not yet. Awaiting it blocks the handler, which then holds no slot. */
export interface Input<T> extends PromiseLike<T> {
  /** True when awaiting it would not block. */
  readonly isReady: boolean;
}

/** The inputs of a streaming call: its properties, and the aliases of the section `inputs`. */
export type Inputs<P> = { readonly [K in keyof P]-?: Input<P[K]> } & { readonly [alias: string]: Input<unknown> };

/** The outputs of a streaming call: each publishes its attribute now, resolving when the value is stored. */
export type Outputs<A> = { readonly [K in keyof A]: (value: A[K]) => Promise<void> };

export interface StreamingCreateCall<P, A> extends CreateCall {
  readonly inputs: Inputs<P>;
  readonly outputs: Outputs<A>;
  /** Publishes any declared attribute by name, those that only this resource declares included. */
  publish(attribute: string, value: Json): Promise<void>;
  /**
   * Resolves when all of these attributes have been published, by this handler or by its process over the endpoint. It
   * does not block the handler: nobody else is waited for. Left pending when the run ends first.
   */
  whenPublished(attributes: readonly string[]): Promise<void>;
  /** The names of the inputs that the template gives: properties and aliases. */
  readonly inputNames: readonly string[];
  /** The names of all attributes that this resource may write. */
  readonly outputNames: readonly string[];
}

/** What a resource is before an update in place. */
export interface UpdatedResource<P, A> {
  /** The id and the data that the handler has recorded. */
  readonly resourceId: string | undefined;
  readonly data: JsonObject;
  /** What it was made with or last updated to. A value that holds a hidden parameter is left out. */
  readonly properties: Partial<P>;
  readonly attributes: Partial<A>;
}

/** A call that changes a live resource. It may come again after the engine was killed in it, with the same arguments. */
export interface PlainUpdateCall<P, A> extends PlainCreateCall<P> {
  readonly previous: UpdatedResource<P, A>;
}

/** The same for a streaming handler. What it does not publish keeps its value. */
export interface StreamingUpdateCall<P, A> extends StreamingCreateCall<P, A> {
  readonly previous: UpdatedResource<P, A>;
}

/**
 * A call that brings a resource to what a snapshot has kept of it, and to `properties`, which are those of then: in place of a
 * create or an update.
 */
export interface PlainRestoreCall<P, A> extends PlainCreateCall<P> {
  /**
   * What it is before. Undefined when it is not there, since it was removed, or has to be made anew for these properties: then
   * the call is a create, and all that holds for one holds for it.
   */
  readonly previous: UpdatedResource<P, A> | undefined;
  /** What the handler's `snapshot` returned. */
  readonly snapshot: JsonObject;
}

/** The same for a streaming handler. */
export interface StreamingRestoreCall<P, A> extends StreamingCreateCall<P, A> {
  /** See PlainRestoreCall. */
  readonly previous: UpdatedResource<P, A> | undefined;
  readonly snapshot: JsonObject;
}

/** What is left of a resource that is to be deleted. */
export interface DeleteCall extends HandlerCall {
  /** Undefined when the attempt was interrupted before the handler recorded an id. */
  readonly resourceId: string | undefined;
  /** What the handler recorded by setData; empty when it recorded nothing. */
  readonly data: JsonObject;
}

/** A call about a live resource that changes neither its properties nor its attributes. */
export interface LiveCall extends DeleteCall {
  /** What it was made with or last updated to, without what holds a hidden parameter. */
  readonly properties: JsonObject;
  readonly attributes: JsonObject;
  /** Whether it has been suspended, and not been resumed since. */
  readonly isSuspended: boolean;
  /** See CreateCall. */
  setData(data: JsonObject): Promise<void>;
}

/** A live resource of which is kept what it is, so that it can be brought back to that. */
export interface SnapshotCall extends LiveCall {
  /** Names what is kept. The call may come again with it, when the engine was killed in it. */
  readonly snapshotId: string;
  /**
   * True when the resource is deleted next and its deletion policy is `Snapshot`: what is kept has to outlive the stack, with
   * all that is stored of it. What the handler returns is then only told in the event of the deletion.
   */
  readonly isFinal: boolean;
}

/** What a snapshot has kept of a resource, and is to be removed. The resource itself may be gone, or another by now. */
export interface SnapshotDeleteCall extends DeleteCall {
  readonly snapshotId: string;
  /**
   * What the handler's `snapshot` returned. Undefined when it failed, or the engine was killed in it: what it may have kept all
   * the same is known by `snapshotId` alone.
   */
  readonly snapshot: JsonObject | undefined;
}

/** A live resource that is signalled. */
export interface SignalCall extends DeleteCall {
  /** What signals have left behind so far: Heat's metadata of the resource. */
  readonly metadata: JsonObject;
}

/** What becomes of a signal. */
export interface SignalOutcome {
  /** For the resource's event, `Signal: <reason>`. Default: what the data itself tells, as under Heat. */
  readonly reason?: string;
  /** The resource's metadata from now on; stored before the signal is acknowledged and before it wakes anybody. Default: as before. */
  readonly metadata?: JsonObject;
}

/** A resource of Heat's that a stack takes over. */
export interface AdoptedResource {
  readonly resourceId: string | undefined;
  /** What Heat has kept of it: its resource data. */
  readonly data: JsonObject;
  readonly signal: AbortSignal;
}

interface HandlerBase {
  /** Removes the real thing. Called with what is known of an interrupted attempt too; must succeed when nothing is left. */
  delete?(call: DeleteCall): MaybePromise<void>;
  /**
   * Whether the real thing is there and well: throws when it is not. May return properties as they are in the world; one that
   * is not as the resource was made is drift. Without it the type cannot be checked.
   */
  check?(call: LiveCall): MaybePromise<JsonObject | undefined>;
  /**
   * Puts the real thing to rest, so that `resume` finds it as it was. Like that, it may be called for one that is so already,
   * when the engine was killed in it. Without it a suspend of the stack leaves the real thing alone.
   */
  suspend?(call: LiveCall): MaybePromise<void>;
  /** Has the real thing go on from where `suspend` has left it. */
  resume?(call: LiveCall): MaybePromise<void>;
  /**
   * Keeps what the real thing is now. Returns what `restore` and `deleteSnapshot` need for it, the content itself or where it
   * is; undefined when there is nothing to keep. Its type then may have the deletion policy `Snapshot`.
   */
  snapshot?(call: SnapshotCall): MaybePromise<JsonObject | undefined>;
  /** Removes what a snapshot has kept outside of the store; must succeed when nothing is left. */
  deleteSnapshot?(call: SnapshotDeleteCall): MaybePromise<void>;
  /**
   * Takes a signal; called for one at a time. Throws for data that it cannot take: then nothing is stored. Called again, in
   * this engine or another, when the stack was lost to another engine before what it returned was stored. Without it the type
   * cannot be signalled.
   */
  signal?(call: SignalCall, data: Json | undefined): MaybePromise<SignalOutcome | undefined>;
  /**
   * The id of what the attempt with `token` made, undefined when it made nothing. Asked when the engine was killed in the
   * attempt before an id was recorded.
   */
  lookup?(call: DeleteCall): MaybePromise<string | undefined>;
  /**
   * True when `create` may be called again, under the same token, after the engine was killed in it: it makes nothing in
   * the world, or the same again. What a resume does without it: see Engine.resume.
   */
  readonly isRepeatable?: boolean;
}

/** A handler as under Heat: `create` returns the attributes. */
export interface PlainHandler<P, A> extends HandlerBase {
  create(call: PlainCreateCall<P>): MaybePromise<Partial<A> | undefined>;
  /**
   * Brings the live resource to `properties`. Called when every changed property is `updateAllowed`; without it a change
   * is a replacement. Attributes that it does not return keep their values.
   */
  update?(call: PlainUpdateCall<P, A>): MaybePromise<Partial<A> | undefined>;
  /** Without it a restore only brings the resource to its properties of then. */
  restore?(call: PlainRestoreCall<P, A>): MaybePromise<Partial<A> | undefined>;
  /**
   * The attributes of a real thing that Heat has made, which Heat's own export does not tell. It is taken over as it stands then,
   * with the properties of the exported template; undefined when nothing is known of it. Without it what is adopted from Heat is
   * updated in place, or made anew where that cannot be.
   */
  adopt?(found: AdoptedResource): MaybePromise<Partial<A> | undefined>;
}

/** A handler that takes part in the dataflow while it runs. */
export interface StreamingHandler<P, A> extends HandlerBase {
  create(call: StreamingCreateCall<P, A>): MaybePromise<void>;
  /**
   * As PlainHandler.update. Where resources wait for each other in a circle, the readers of an attribute that it has not
   * published yet get the value that it had, if nothing that the attribute needs differs; it cannot publish another one then.
   */
  update?(call: StreamingUpdateCall<P, A>): MaybePromise<void>;
  /** As PlainHandler.restore. */
  restore?(call: StreamingRestoreCall<P, A>): MaybePromise<void>;
}
