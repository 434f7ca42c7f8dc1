import type { Clock, Randomness, Timer } from '../clock.ts';
import { withCompositions } from '../composition/composition.ts';
import {
  type HotloomError,
  isHotloomError,
  messageOf,
  type ResourceFailure,
  rootCause,
  WriterFailed,
} from '../errors.ts';
import type { Action } from '../events.ts';
import { donePort, findPort, IN, labelOf, OUT, type PortGraph, START, startPort } from '../graph/port-graph.ts';
import type { InputReader } from '../interface/given.ts';
import { findResource, type ResourceInterface, type StackInterface } from '../interface/interface.ts';
import { type Name, nameKey } from '../names.ts';
import { isWell, type PresentResource } from '../plan/comparison.ts';
import type { EndpointAccess, ResourceIdentity } from '../resource/handler.ts';
import type { ReadValue } from '../space/data-space.ts';
import type { NameReader } from '../space/name-reader.ts';
import type { BlockedRead, Party, Waits } from '../space/waits.ts';
import type { ResourceRecord, StoredRead } from '../store/stack-store.ts';
import { noSuchResource } from '../store/stored-stack.ts';
import { REFID, type ResolveScope } from '../template/expression.ts';
import { type Json, type JsonObject, sameJson, setOwn } from '../values.ts';
import { Blockers } from './blockers.ts';
import type { Comparisons } from './comparisons.ts';
import { Decisions } from './decisions.ts';
import { liveCall } from './delete-call.ts';
import { deleteResources, removeAttempt } from './delete-traversal.ts';
import { ForeignNames } from './foreign-names.ts';
import { HookPauses } from './hook-pauses.ts';
import { hookToClear } from './hooks.ts';
import { Idleness } from './idleness.ts';
import type { Journal } from './journal.ts';
import { withLateReadings } from './late-readings.ts';
import { MissingValues } from './missing-values.ts';
import { notRunRecord } from './not-run-record.ts';
import { OwnReads } from './own-reads.ts';
import type { Phase } from './phase.ts';
import { PublishedValues } from './published-values.ts';
import { Publisher } from './publisher.ts';
import { Readiness } from './readiness.ts';
import { resourceFailure } from './resource-failure.ts';
import { ResourceRun, type RunChange } from './resource-run.ts';
import { Signals } from './signals.ts';
import type { Slots } from './slots.ts';
import { TraversalEvents } from './traversal-events.ts';
import type { StoredResource, TraversalParts, TraversalResult } from './traversal-parts.ts';
import { TraversalRecords } from './traversal-records.ts';

/**
 * One create or update of a stack: starts each resource as soon as its ports allow, and ends when every resource is
 * complete, failed or skipped. Failure of one resource stops only what needs it.
 */
export class Traversal {
  readonly stackId: string;
  readonly stack: StackInterface;
  readonly graph: PortGraph;
  readonly names: NameReader;
  readonly waits: Waits;
  readonly slots: Slots;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly signal: AbortSignal;
  readonly redact: (text: string) => string;
  readonly conceal: TraversalParts['conceal'];
  readonly readiness: Readiness;
  readonly values: PublishedValues;
  /** Undefined where the graph does not tell what inputs read. */
  readonly inputReader: InputReader | undefined;
  readonly signals: Signals;
  readonly blockers: Blockers;
  readonly hookPauses: HookPauses;
  readonly missingValues: MissingValues;
  /** What an update does with what it finds. */
  readonly decisions: Decisions;
  readonly events: TraversalEvents;
  readonly publisher: Publisher;
  readonly idleness: Idleness;
  readonly records = new TraversalRecords();
  /** Resolves expressions with what has been published. */
  readonly scope: ResolveScope;
  readonly #parts: TraversalParts;
  /** Of the physical names of its resources. */
  readonly #namePrefix: string;
  readonly #phases: Phase[];
  readonly #runs: (ResourceRun | undefined)[];
  readonly #namesRead = new Map<string, StoredRead>();
  readonly #failures: ResourceFailure[] = [];
  #failedAction: Action | undefined;
  readonly #comparisons: Comparisons;
  /** Complete resources whose handlers ended before all their inputs were there. */
  #unread: ResourceRun[] | undefined;
  readonly #ownReads: OwnReads;
  /** What its ports wait for outside of it. */
  readonly #foreign: ForeignNames;
  #skipCause: unknown;
  /** When it was run, from when on its plain resources are blocked. */
  #startedAt = 0;
  /** While the end of a resource is told: six events and records follow on it, and the clock takes 50 ns for each answer. */
  #moment: number | undefined;
  /** The ports that wait for nothing fire. */
  #isBeginning = false;
  /** Resources that are not yet complete, failed or skipped. */
  #left: number;
  #isStopped = false;
  #graceTimer: Timer | undefined;
  #leave: () => void = () => {};
  #resolve: (result: TraversalResult) => void = () => {};

  constructor(parts: TraversalParts) {
    this.#parts = parts;
    this.stackId = parts.stackId;
    this.stack = parts.stack;
    this.#namePrefix = `${parts.stack.stack}-`;
    this.graph = parts.graph;
    this.names = parts.names;
    this.waits = parts.waits;
    this.slots = parts.slots;
    this.journal = parts.journal;
    this.clock = parts.clock;
    this.randomness = parts.randomness;
    this.signal = parts.signal;
    this.redact = parts.redact;
    this.conceal = parts.conceal;
    this.#phases = parts.stack.resources.map(() => 'waiting');
    this.#runs = new Array(parts.stack.resources.length);
    this.values = new PublishedValues(parts.stack, parts.graph);
    const isKnown = parts.stack.keepsPositions && parts.stack.template.reads !== undefined;
    this.inputReader = isKnown && parts.graph.readsAttributes ? this.values : undefined;
    this.#left = parts.stack.resources.length;
    this.scope = withCompositions(
      {
        ...parts.stack.scope,
        attribute: (resource, attribute, position) => this.values.attribute(resource, attribute, position),
        value: (name) => this.#readForeign(name),
      },
      parts.stack.compositions,
    );
    const { space, stack } = parts.stack;
    this.signals = new Signals({
      ...parts,
      space,
      stack,
      recordOf: (resource) => this.recordNow(resource),
      typeOf: ({ name, type }) => {
        const current = findResource(parts.stack, name)?.type;
        return current?.name === type ? current : parts.types.get(type);
      },
    });
    this.readiness = new Readiness(parts.graph, {
      didFire: (port) => this.#portDidFire(port),
      didFail: (port, cause) => this.#portDidFail(port, cause),
    });
    this.#foreign = new ForeignNames({
      ...parts,
      readiness: this.readiness,
      didRead: (name, entry) => {
        this.didReadName(name, entry);
        this.idleness.checkCirclesSoon();
      },
      missingOf: (port) => this.blockers.missingOf(port),
    });
    this.blockers = new Blockers({
      ...parts,
      readiness: this.readiness,
      foreign: this.#foreign,
      phases: this.#phases,
      runs: this.#runs,
      isIdle: () => this.idleness.isIdle,
      isAtWork: () => this.idleness.isAtWork,
      isConfirmed: (resource, attribute) => this.decisions.isConfirmed(resource, attribute),
      missingInputs: (resource) => this.#comparisons.missingInputs(resource),
      isArriving: (port) => this.publisher.isArriving(port),
      awaitedReads: (resource) => this.#comparisons.awaitedReads(resource),
      startedAt: () => this.#startedAt,
    });
    this.events = new TraversalEvents({
      ...parts,
      blockers: this.blockers,
      phases: this.#phases,
      startedAt: () => this.#startedAt,
      now: () => this.now(),
    });
    this.publisher = new Publisher({
      ...parts,
      values: this.values,
      readiness: this.readiness,
      events: this.events,
      didPublish: ({ index }) => {
        if (this.#comparisons.size > 0) this.#comparisons.producerDidSettle(index);
        this.idleness.checkCirclesSoon();
        this.idleness.arrivalDidEnd();
      },
      didArrive: ({ index }) => {
        if (this.#comparisons.size > 0) this.#comparisons.producerDidSettle(index);
        this.#finishIfOver();
        this.idleness.checkIfIdle();
      },
    });
    this.hookPauses = new HookPauses({
      ...parts,
      phases: this.#phases,
      recordOf: (resource) => this.recordNow(resource),
      didPause: ({ index }, phase) => {
        this.#phases[index] = phase;
        this.idleness.checkSoon();
      },
    });
    this.missingValues = new MissingValues({ ...parts, readiness: this.readiness, phases: this.#phases });
    this.#ownReads = new OwnReads({
      ...parts,
      phases: this.#phases,
      published: (resource, attribute) => this.values.find(resource, attribute),
      isArriving: (resource) => this.publisher.isBusyWith(resource),
      waitsFor: (resource) => this.blockers.waitsFor(resource),
      isIdle: () => this.idleness.isIdle,
      didExpire: () => this.idleness.checkSoon(),
    });
    this.decisions = new Decisions({
      ...parts,
      ownReads: this.#ownReads,
      readiness: this.readiness,
      missingValues: this.missingValues,
      scope: this.scope,
      signals: this.signals,
      hookPauses: this.hookPauses,
      heldUpBy: (port) => this.blockers.heldUpBy(port),
      isShared: () => this.idleness.mayBeInCircles(),
      wantedInCircles: (resources) => this.waits.wantedInCircles(resources.map(({ name }) => this.#partyOf(name))),
      didStick: (resources) => {
        for (const each of resources) for (const read of this.blockers.readsOfCompared(each)) this.waits.didBlock(read);
      },
      didWait: () => this.idleness.checkSoon(),
      snapshotOf: (resource) => this.snapshotOf(resource),
      records: this.records,
      publish: (resource, attribute, value) => this.publisher.publish(resource, attribute, value),
      run: (resource, change) => this.#run(resource, change),
      remove: (resource, record) => this.#removeReplaced(resource, record),
      complete: (resource, values, missing) => this.#complete(resource, values, missing),
      skip: (resource, cause) => this.#skip(resource, cause),
      fail: (resource, error) => this.#failUnrun(resource, this.#failureOf(resource, error)),
    });
    this.#comparisons = this.decisions.comparisons;
    this.idleness = new Idleness({
      ...parts,
      comparisons: this.#comparisons,
      isUnfinished: () => this.#left > 0,
      isStopped: () => this.#isStopped,
      didIdle: () => parts.didIdle(this),
    });
  }

  /** Runs to the end; never rejects. Called once. */
  run(): Promise<TraversalResult> {
    const ended = new Promise<TraversalResult>((resolve) => {
      this.#resolve = resolve;
    });
    this.#startedAt = this.clock.now();
    this.#leave = this.waits.join(this.stack.space, this.stack.stack, this.blockers);
    this.#takeStoredPhases();
    this.#foreign.await((resource) => this.#phases[resource] === 'waiting');
    if (this.#left === 0) {
      this.#publishStored();
      this.#finishIfOver();
    } else {
      this.events.plainWillBlock();
      this.signal.addEventListener('abort', () => this.#stop(), { once: true });
      if (this.signal.aborted) this.#stop();
      else {
        this.#publishStored();
        this.#isBeginning = true;
        this.readiness.begin();
        this.#isBeginning = false;
        this.#foreign.searchDeadlocks();
        this.idleness.checkSoon();
      }
    }
    return ended;
  }

  /** What is complete or has failed already does not run. */
  #takeStoredPhases(): void {
    for (const { record } of this.#parts.stored?.values() ?? []) {
      const resource = findResource(this.stack, record.name);
      if (resource === undefined || !isSettled(record)) continue;
      const isComplete = isWell(record);
      // Of an update: what is not touched may have another deletion policy, or depend on others.
      const isUpdated = isComplete && this.#parts.present !== undefined;
      this.records.add(isUpdated ? this.decisions.refreshed(resource, record) : record);
      const isHeld = isComplete && this.hookPauses.isPendingAfter(record.name);
      this.#phases[resource.index] = isHeld ? 'held' : isComplete ? 'complete' : 'failed';
      if (!isHeld) this.#left -= 1;
    }
  }

  /** Values that were stored are there for their readers, before anything else begins; what failed has failed. */
  #publishStored(): void {
    for (const { record, values, missing, failure: known } of this.#parts.stored?.values() ?? []) {
      const resource = findResource(this.stack, record.name);
      const phase = resource === undefined ? undefined : this.#phases[resource.index];
      if (resource !== undefined && phase === 'held')
        this.hookPauses.after(resource, () => this.#complete(resource, values, missing));
      if (resource === undefined || (phase !== 'complete' && phase !== 'failed')) continue;
      for (const attribute in values) this.publisher.publish(resource, attribute, values[attribute] as Json);
      if (missing !== undefined) this.missingValues.end(resource, missing);
      if (phase === 'complete') this.readiness.fire(donePort(this.graph, resource.index));
      else {
        const failure = this.#failureOf(resource, known ?? new Error(record.reason));
        if (this.#failures.length === 0) this.#failedAction = record.action;
        this.#failures.push(failure);
        this.#failPorts(resource, failure);
      }
    }
  }

  /**
   * The values of an interrupted attempt that may not change any more, since a complete resource or another stack has
   * read them.
   */
  #readValues(resource: ResourceInterface, { values, readElsewhere }: StoredResource): JsonObject {
    const { offsets, targets } = this.graph.successors;
    const read: Record<string, Json> = {};
    for (const attribute in values) {
      const port = findPort(this.graph, resource.index, OUT, attribute);
      const readers = port === undefined ? [] : targets.subarray(offsets[port], offsets[port + 1]);
      const isRead = [...readers].some(
        (reader) => this.graph.kinds[reader] === IN && this.#phases[this.graph.owners[reader] as number] === 'complete',
      );
      if (isRead || readElsewhere.has(attribute)) setOwn(read, attribute, values[attribute] as Json);
    }
    return read;
  }

  /** The run of a resource that has started and not ended. */
  runOf(resource: string): ResourceRun | undefined {
    const found = findResource(this.stack, resource);
    const run = found === undefined ? undefined : this.#runs[found.index];
    return run?.work.hasEnded === false ? run : undefined;
  }

  /** The run of a resource that is complete, while a process of it may go on. */
  completeRunOf(resource: string): ResourceRun | undefined {
    const found = findResource(this.stack, resource);
    return found !== undefined && this.#phases[found.index] === 'complete' ? this.#runs[found.index] : undefined;
  }

  /**
   * The values of the resources that were found and left as they were, by name: what they were to be was not decided, or is
   * wrong. Expressions read these from then on; called once, when it has ended.
   */
  takeUntouched(): ReadonlyMap<string, JsonObject> {
    const untouched = new Map<string, JsonObject>();
    const records = new Set(this.records.all());
    for (const [name, { record, values }] of this.#parts.present ?? []) {
      const resource = findResource(this.stack, name);
      if (resource === undefined || !records.has(record) || !isWell(record)) continue;
      untouched.set(name, values);
      for (const attribute in values) this.values.set(resource.index, attribute, values[attribute] as Json);
    }
    return untouched;
  }

  /** The record of a resource as it is now; undefined while there is none. */
  recordNow(name: string): ResourceRecord | undefined {
    const resource = findResource(this.stack, name);
    if (resource === undefined) return undefined;
    const record =
      this.#runs[resource.index]?.record.now ??
      this.records.find(name) ??
      (this.#parts.stored?.get(name) ?? this.#parts.present?.get(name))?.record;
    return record && this.signals.onto(record);
  }

  /** The resource whose refid is that: one beside the reader, else any. */
  resourceByRefid(refid: string, reader: ResourceInterface): string | undefined {
    const found = this.stack.resources.filter(({ name }) => this.values.attribute(name, REFID) === refid);
    return (found.find(({ parent }) => parent === reader.parent) ?? found[0])?.name;
  }

  /** See Signals.deliver; also throws EntityNotFound, and InvalidBreakPointHook. */
  async signalResource(name: string, data: Json | undefined): Promise<string> {
    const resource = findResource(this.stack, name);
    if (resource === undefined) throw noSuchResource(this.stack.stack, name);
    const hook = hookToClear(data);
    const { hooks } = this.#parts;
    return hook === undefined || hooks === undefined ? this.signals.deliver(name, data) : hooks.clear(name, hook);
  }

  /** Whether it was cancelled. A field, since the getter of a signal costs more than the rest of such a question. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** How long handlers may take to stop before they are given up. */
  get cancelGraceMs(): number {
    return this.#parts.cancelGraceMs;
  }

  /** Milliseconds since 1970-01-01 UTC. All that follows at once on the end of a resource has one time. */
  now(): number {
    return this.#moment ?? this.clock.now();
  }

  /** Why nothing new may start; undefined while the traversal goes on. */
  get stopReason(): unknown {
    return this.#isStopped ? this.signal.reason : undefined;
  }

  throwIfStopped(): void {
    if (this.#isStopped) throw this.signal.reason;
  }

  /** Masked from now on wherever it is not asked for. */
  learnSecret(value: Json): void {
    this.#parts.secrets.add(value);
  }

  openSignalPort(): Promise<{ readonly host: string; readonly port: number }> {
    return this.#parts.openSignalPort();
  }

  openEndpoint(resource: ResourceIdentity): Promise<EndpointAccess> {
    return this.#parts.openEndpoint(resource);
  }

  // --- what runs tell ---

  /** Its inputs are not all there although it is complete: it is asked again at the end. */
  awaitReadings(run: ResourceRun): void {
    this.#unread ??= [];
    this.#unread.push(run);
  }

  /** `stopsWork`: its handler has done something until now. */
  didBlock(read: BlockedRead & { readonly awaits: 'signals' | undefined }, stopsWork: boolean): void {
    if (stopsWork) this.idleness.workDidEnd();
    else this.idleness.checkIfIdle();
    this.idleness.checkCirclesSoon();
    this.events.willBlock(read);
  }

  /** `goesOn`: its handler waits for nothing else. */
  didUnblock(read: BlockedRead & { readonly since: number }, goesOn: boolean): void {
    if (goesOn) this.idleness.workDidBegin();
    else this.idleness.checkIfIdle();
    this.events.didWake(read);
  }

  /** Before anybody could tell of it: a value that is declared to be secret. */
  didWriteSecret(resource: string, attribute: string, value: Json): void {
    const secrecy = this.#parts.reads.ofAttribute(resource, attribute);
    if (secrecy !== undefined) this.#parts.secrets.add(value, secrecy);
  }

  /** A name outside this stack was read: the store keeps the trace. */
  didReadName(name: Name, { value, secrecy }: ReadValue): void {
    if (secrecy !== undefined) this.#parts.secrets.add(value, secrecy);
    if (name[0] === this.stack.space && name[1] === this.stack.stack) return;
    // What it still waits for may be of nobody who is at work.
    this.idleness.checkIfIdle();
    this.#namesRead.set(nameKey(name), { name, value, ...(secrecy === undefined ? {} : { secrecy }) });
    // The reader goes on: the trace only matters to a later action of the other stack.
    void this.journal.record({ kind: 'read', name, value, ...(secrecy === undefined ? {} : { secrecy }) });
  }

  /** Whether it has read names of others. */
  get hasReadNames(): boolean {
    return this.#namesRead.size > 0;
  }

  /**
   * The names of others that the stack has read, once it is complete: in this traversal, or when what stands was made. When
   * something stands with another value than was read last, the trace has that one, so that the stack is told to be stale.
   */
  namesRead(): readonly StoredRead[] {
    const reads = new Map(this.#namesRead);
    for (const read of [...this.#foreign.reads(), ...this.records.foreignReads()]) {
      const key = nameKey(read.name);
      const last = this.#namesRead.get(key);
      if (last === undefined || !sameJson(last.value, read.value)) reads.set(key, read);
    }
    return [...reads.values()];
  }

  /** A run has ended; `result` is what it wrote at its end, stored already unless there is an error. */
  didEnd(run: ResourceRun, error: unknown, wasBlocked: boolean, result: JsonObject | undefined): void {
    if (!wasBlocked) this.idleness.workDidEnd();
    const { resource } = run;
    // What is not needed any more need not outlive the youth of the heap; members are named after what they belong to.
    if (this.stack.compositions.size === 0 && !run.hasEndpoint) this.#runs[resource.index] = undefined;
    if (error === undefined) {
      this.#moment = this.clock.now();
      try {
        if (run.record.last !== undefined) this.events.didChange(run.record.last);
        const missing = run.writes.leftMissing;
        if (!this.hookPauses.isAny) this.#complete(resource, result, missing);
        else this.#completeWhenLetGo(resource, result, missing);
      } finally {
        this.#moment = undefined;
      }
      return;
    }
    const failure = this.#failureOf(resource, error);
    const reason = this.#parts.redact(causeText(error));
    this.#phases[resource.index] = 'failed';
    // When nothing can be stored any more the journal has stopped the traversal already.
    const record = run.record.fail(reason);
    if (this.#failures.length === 0) this.#failedAction = record.action;
    this.#failures.push(failure);
    void this.journal.record({ kind: 'resource', record, isEvent: true });
    this.events.didChange(record);
    this.#failPorts(resource, failure);
    this.#didLeave(resource);
  }

  /** The value of a name that no port waits for, since only an output reads it. */
  takeName(name: Name, entry: ReadValue): void {
    this.#foreign.take(name, entry);
  }

  // --- ports ---

  #portDidFire(port: number): void {
    const owner = this.graph.owners[port] as number;
    if (this.graph.kinds[port] === START) this.#begin(this.stack.resources[owner] as ResourceInterface);
    else if (this.#comparisons.has(owner)) this.#comparisons.inputDidSettle(owner);
    else {
      // Of a plain resource, which has not started, only listeners want to know.
      const run = this.#runs[owner];
      if (run !== undefined) run.inputDidSettle(labelOf(this.graph, port) as string, undefined);
      else if (this.events.isHeard && !this.#isBeginning) {
        this.events.didWakePlain(owner, labelOf(this.graph, port) as string);
      }
    }
  }

  #portDidFail(port: number, cause: unknown): void {
    const resource = this.stack.resources[this.graph.owners[port] as number] as ResourceInterface;
    if (this.graph.kinds[port] === START) this.#skip(resource, cause);
    else if (this.#comparisons.has(resource.index)) this.#comparisons.inputDidSettle(resource.index);
    else if (resource.type.kind === 'streaming') {
      this.#runs[resource.index]?.inputDidSettle(labelOf(this.graph, port) as string, cause);
    }
  }

  #begin(resource: ResourceInterface): void {
    if (this.#phases[resource.index] !== 'waiting') return;
    const present = this.#parts.present?.get(resource.name);
    if (present !== undefined) this.#beginComparison(resource, present);
    else if (!this.hookPauses.isBeforeCreate) this.#run(resource);
    else this.#runWhenLetGo(resource);
  }

  #runWhenLetGo(resource: ResourceInterface): void {
    this.hookPauses.before(resource, () => this.#run(resource));
  }

  /** No handler of it is at work. */
  #failUnrun(resource: ResourceInterface, failure: ResourceFailure): void {
    this.#phases[resource.index] = 'failed';
    this.#failures.push(failure);
    this.#failPorts(resource, failure);
    this.#didLeave(resource);
  }

  #run(resource: ResourceInterface, change?: RunChange): void {
    this.#phases[resource.index] = 'running';
    this.idleness.workDidBegin();
    // Only a member has a parent: to ask a list for what stands at -1 is slow.
    const owner = resource.parent < 0 ? undefined : this.#runs[resource.parent];
    const namePrefix = owner === undefined ? this.#namePrefix : `${owner.identity.physicalName}-`;
    const stored = this.#parts.stored?.get(resource.name);
    const run = new ResourceRun(
      this,
      resource,
      this.randomness.uuid(),
      namePrefix,
      stored?.record.status === 'IN_PROGRESS'
        ? { record: stored.record, read: this.#readValues(resource, stored) }
        : undefined,
      change,
      stored?.record.failedAttempts,
    );
    this.#runs[resource.index] = run;
    const slot = this.slots.unbounded;
    if (slot === undefined) this.#runInTurn(run);
    else run.run(slot);
  }

  #runInTurn(run: ResourceRun): void {
    this.slots.acquire((slot) => {
      if (run.work.hasEnded || this.#runs[run.resource.index] !== run) slot.release();
      else run.run(slot);
    });
  }

  // --- what is there already ---

  #beginComparison(resource: ResourceInterface, present: PresentResource): void {
    this.#phases[resource.index] = 'comparing';
    this.waits.mayWaitForMore(this.#partyOf(resource.name));
    this.#comparisons.begin(resource, present);
  }

  /** Asks whether the real thing behind a record is there, where the type can tell. */
  async check({ type }: ResourceInterface, record: ResourceRecord): Promise<void> {
    const { space, stack } = this.stack;
    const call = liveCall({ ...this.#parts, space, stack }, { record, values: {} }, async () => {});
    await type.handler.check?.(call);
  }

  /** What the resource's handler is to bring it back to; undefined when there is nothing. */
  snapshotOf({ name, type, isExternal }: ResourceInterface): JsonObject | undefined {
    const { snapshots } = this.#parts;
    return isExternal || type.handler.restore === undefined ? undefined : snapshots?.get(name);
  }

  /** Why an update must not do that with a resource; undefined when it may. */
  refusalOf(resource: ResourceInterface, verdict: 'update' | 'replace'): HotloomError | undefined {
    return this.#parts.refusal(resource, verdict);
  }

  /** An update cannot bring the live resource to what it has to be: another is made in its place. */
  didGiveWay(
    run: ResourceRun,
    present: PresentResource,
    place: number,
    wasBlocked: boolean,
    reason: HotloomError,
  ): void {
    const { resource } = run;
    if (!wasBlocked) this.idleness.workDidEnd();
    this.#runs[resource.index] = undefined;
    this.records.giveWay(resource.name, place);
    this.events.didLog(resource.name, messageOf(reason));
    this.decisions.didGiveWay(resource, present, run.writes.published);
  }

  /** Removes what a failed attempt has made. */
  removeAttempt(record: ResourceRecord): Promise<void> {
    return removeAttempt({ ...this.#parts, space: this.stack.space, stack: this.stack.stack }, record);
  }

  #completeWhenLetGo(resource: ResourceInterface, values: JsonObject | undefined, missing: ReadonlySet<string>): void {
    this.hookPauses.after(resource, () => this.#complete(resource, values, missing));
  }

  /** Its values are there for their readers. */
  #complete(resource: ResourceInterface, values: JsonObject | undefined, missing = NO_NAMES): void {
    this.#phases[resource.index] = 'complete';
    if (values !== undefined) this.publisher.publishAll(resource, values);
    this.missingValues.end(resource, missing);
    this.readiness.fire(donePort(this.graph, resource.index));
    this.idleness.checkCirclesSoon();
    this.#didLeave(resource);
  }

  /** See DecisionsParts. */
  async #removeReplaced(resource: ResourceInterface, record: ResourceRecord): Promise<boolean> {
    this.#phases[resource.index] = 'running';
    this.idleness.workDidBegin();
    const { failures } = await deleteResources({
      ...this.#parts,
      space: this.stack.space,
      stack: this.stack.stack,
      records: [record],
    });
    this.idleness.workDidEnd();
    const [failure] = failures;
    if (failure === undefined && !this.#isStopped) return true;
    this.#failUnrun(resource, failure ?? this.#failureOf(resource, this.stopReason));
    return false;
  }

  /** What it waits for has failed: it will not start, and what it owes fails with the same chain of causes. */
  #skip(resource: ResourceInterface, cause: unknown): void {
    const phase = this.#phases[resource.index];
    if (phase !== 'waiting' && phase !== 'comparing' && phase !== 'paused') return;
    this.#phases[resource.index] = 'skipped';
    this.#comparisons.drop(resource.index);
    this.#skipCause ??= cause;
    const present = this.#parts.present?.get(resource.name);
    const reason = `'${resource.name}' was not ${present === undefined ? 'created' : 'updated'}: ${messageOf(cause)}`;
    // Stored, so that readers in other processes learn that its names will not come. What is there stays as it is.
    if (present !== undefined) this.records.add(present.record);
    else {
      const interrupted = this.#parts.stored?.get(resource.name)?.record;
      const told = { reason: this.redact(reason), time: this.clock.now() };
      void this.journal.record({ kind: 'resource', record: notRunRecord(resource, interrupted, this.graph, told) });
    }
    this.events.wasSkipped(resource, reason);
    this.#failPorts(resource, isHotloomError(cause) ? cause : new WriterFailed({ what: reason, cause }));
    this.#didLeave(resource);
  }

  /** It queues for its first slot, and nothing has been recorded of it. */
  #skipQueued(run: ResourceRun, cause: unknown): void {
    this.#runs[run.resource.index] = undefined;
    this.#phases[run.resource.index] = 'waiting';
    this.idleness.workDidEnd();
    this.#skip(run.resource, cause);
  }

  #failPorts(resource: ResourceInterface, failure: HotloomError): void {
    void this.#parts.region.fail(resource.name, failure);
    const last = donePort(this.graph, resource.index);
    // A value that is stored comes, even if its writer has failed since.
    for (let port = startPort(this.graph, resource.index) + 1; port <= last; port += 1) {
      if (this.graph.kinds[port] !== IN && !this.publisher.isArriving(port)) this.readiness.fail(port, failure);
    }
  }

  // --- what expressions read ---

  #readForeign(name: Name): Json {
    if (name[0] === this.stack.space && name[1] === this.stack.stack && this.stack.numbers.has(name[2])) {
      return this.values.attribute(name[2], name[3]);
    }
    return this.#foreign.valueOf(name) ?? null;
  }

  // --- the end ---

  #partyOf(resource: string): Party {
    return { space: this.stack.space, stack: this.stack.stack, resource };
  }

  #stop(): void {
    this.#isStopped = true;
    const reason = this.stopReason;
    for (const resource of this.stack.resources) {
      const phase = this.#phases[resource.index];
      if (phase === 'waiting' || phase === 'comparing' || phase === 'paused') this.#skip(resource, reason);
      else if (phase === 'held') this.#failUnrun(resource, this.#failureOf(resource, reason));
    }
    for (const run of this.#runs) {
      if (run === undefined || run.work.hasEnded) continue;
      run.work.stopWaiting(reason);
      if (run.work.hasStarted) run.rejectReads(reason);
      else this.#skipQueued(run, reason);
    }
    if (this.#left === 0) return;
    this.#graceTimer = this.clock.schedule(
      this.#parts.cancelGraceMs,
      () => {
        for (const run of this.#runs) run?.abandon(reason);
      },
      { keepAlive: true },
    );
  }

  #didLeave({ index }: ResourceInterface): void {
    if (this.#comparisons.size > 0) this.#comparisons.producerDidSettle(index);
    this.#left -= 1;
    this.#finishIfOver();
    // One that never started waits no more, maybe the only one that waited for somebody at work.
    this.idleness.checkIfIdle();
  }

  #finishIfOver(): void {
    if (this.#left === 0 && !this.publisher.isBusy) this.#finish();
  }

  #finish(): void {
    this.#graceTimer?.cancel();
    for (const run of this.#unread ?? []) run.completeRecord();
    this.#completeFound();
    this.#foreign.close();
    this.#ownReads.close();
    this.#leave();
    const skipped = this.stack.resources
      .filter(({ index }) => this.#phases[index] === 'skipped')
      .map(({ name }) => name);
    const result = {
      failures: this.#failures,
      failedAction: this.#failedAction,
      skipped,
      skipCause: this.#skipCause,
    };
    // The last records may still be on their way; a failure to store them has its own way to be told.
    void this.journal.settled().then(() => this.#resolve(result));
  }

  /** The records of what is complete as it was found, with what has come of their inputs since. */
  #completeFound(): void {
    for (const record of this.records.all()) {
      const resource = record.unread === undefined ? undefined : findResource(this.stack, record.name);
      if (resource === undefined || this.#phases[resource.index] !== 'complete' || !isWell(record)) continue;
      const completed = withLateReadings(record, resource, false, {
        ...this.#parts,
        readiness: this.readiness,
        scope: this.scope,
      });
      if (completed.unread?.length === record.unread?.length) continue;
      void this.journal.record({ kind: 'resource', record: this.signals.onto(completed) });
    }
  }

  #failureOf({ name, template, definition }: ResourceInterface, error: unknown): ResourceFailure {
    return resourceFailure(name, error, this.redact, template.source.locate(definition.path));
  }
}

/** A resource that was only skipped has not been touched. */
function isSettled({ action, status }: ResourceRecord): boolean {
  return action !== 'INIT' && status !== 'IN_PROGRESS';
}

/** The text of a failure with the cause it began with. */
function causeText(error: unknown): string {
  const root = rootCause(error);
  return root === error ? messageOf(error) : `${messageOf(error)} Cause: ${messageOf(root)}`;
}

const NO_NAMES: ReadonlySet<string> = new Set();
