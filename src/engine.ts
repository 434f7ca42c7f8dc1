import { setMaxListeners } from 'node:events';
import { hostname } from 'node:os';
import { definedTypes } from './builtin/definitions/load-definitions.ts';
import { withUnknownTypes } from './builtin/definitions/unknown-types.ts';
import { heatConstraints } from './builtin/heat/custom-constraints.ts';
import { heatTypes } from './builtin/heat/index.ts';
import { systemClock, systemRandomness } from './clock.ts';
import { engineIsEnding } from './endpoint/endpoint-server.ts';
import { SignalServer } from './endpoint/signal-server.ts';
import { checkOptions, defaultActor, type EngineOptions, limitsOf } from './engine-options.ts';
import { ActionCancelled, NotTheWriter, UsageError } from './errors.ts';
import { type EngineEvent, EventHub, type StackEvent, type WaitingRead } from './events.ts';
import { type Name, type NameInput, parseName, printName } from './names.ts';
import type { Plan } from './plan/plan.ts';
import { pidNamespace, processStart } from './process-identity.ts';
import { createRegistry } from './resource/registry.ts';
import { Slots } from './scheduler/slots.ts';
import type { Secrecy } from './secrets.ts';
import type { Entry, SpaceChange } from './space/data-space.ts';
import { MemorySpace } from './space/memory-space.ts';
import { type DescribeWriter, NameReader } from './space/name-reader.ts';
import { Waits } from './space/waits.ts';
import {
  type AbandonOptions,
  abandonStack,
  type ExportOptions,
  exportStack,
  type StackExport,
} from './stack/abandon.ts';
import { type ActionOptions, checkActionOptions, checkShapes } from './stack/action-options.ts';
import { type AdoptOptions, adoptStack } from './stack/adopt.ts';
import { type Analysis, analyse, type TemplateInput } from './stack/analyse.ts';
import { askWaiting } from './stack/ask-waiting.ts';
import { type CancelOptions, cancelStack } from './stack/cancel.ts';
import {
  type CheckOptions,
  checkStack,
  type MarkUnhealthyOptions,
  markUnhealthy,
  type StackCheck,
} from './stack/check.ts';
import { type CreateOptions, createStack, planOfCreate } from './stack/create.ts';
import { type DeleteOptions, deleteStack } from './stack/delete.ts';
import { type DeleteSnapshotOptions, deleteSnapshot } from './stack/delete-snapshot.ts';
import {
  describeStack,
  isInterrupted,
  type StackDescription,
  type StackSummary,
  summarizeStack,
} from './stack/describe.ts';
import { findStack } from './stack/find-stack.ts';
import { readHistory, type StackOperation } from './stack/history.ts';
import { type Inspection, type InspectOptions, inspectAnalysis } from './stack/inspect.ts';
import { type PendingHook, pendingHooks } from './stack/pending-hooks.ts';
import { readValue } from './stack/read.ts';
import { type Rekeyed, rekeyStacks } from './stack/rekey.ts';
import { type RestoreOptions, restoreStack } from './stack/restore.ts';
import {
  finishResourceAction,
  finishRollback,
  type ResumedStack,
  type ResumeOptions,
  resumeAllStacks,
  resumeInterrupted,
  resumeStack,
} from './stack/resume.ts';
import {
  type ApplyOptions,
  applyPlan,
  type SavedPlan,
  savePlanOfCreate,
  savePlanOfUpdate,
} from './stack/saved-plan.ts';
import { ScriptAccess } from './stack/script-access.ts';
import { RunningActions, type StackServices, stackKey } from './stack/services.ts';
import { type SignalOptions, signalByToken, signalResource } from './stack/signal.ts';
import {
  listSnapshots,
  type SnapshotChoice,
  type SnapshotDescription,
  type SnapshotOptions,
  type SnapshotSummary,
  showSnapshot,
  snapshotStack,
} from './stack/snapshot.ts';
import { PresentValues, staleReads } from './stack/stale-reads.ts';
import { requireKey } from './stack/stored-secrets.ts';
import { type SuspendOptions, suspendStack } from './stack/suspend.ts';
import { checkTags, hasTags, type TagFilter } from './stack/tags.ts';
import { tellCycle, tellQuiescence } from './stack/tell-waits.ts';
import { previewUpdate, type UpdateOptions, updateStack } from './stack/update.ts';
import { EngineStore } from './store/engine-store.ts';
import { Keyring } from './store/keyring.ts';
import { MemoryStore } from './store/memory-store.ts';
import { SealedStore } from './store/sealed-store.ts';
import type { Claimant, StoredEvent } from './store/stack-store.ts';
import type { Json } from './values.ts';

/** Which stacks are listed. */
export interface ListOptions extends TagFilter {
  readonly space?: string;
}

/**
 * An orchestration engine. Any number of them live in one process; they share nothing but what is given to several of
 * them. Call `close` when done.
 */
export class Engine {
  readonly #services: StackServices;
  readonly #scripts: ScriptAccess;
  readonly #signals: SignalServer;
  readonly #engineId: string;
  readonly #leaseMs: number;
  readonly #actor: string;
  /** Of the key that secrets are encrypted with. */
  readonly #keyId: string | undefined;
  readonly #closing = new AbortController();
  readonly #actions = new Set<Promise<unknown>>();
  #claimantOnce: Promise<Claimant> | undefined;

  constructor(options: EngineOptions = {}) {
    checkOptions(options);
    const { clock = systemClock, randomness = systemRandomness } = options;
    const keyring = options.encryption && new Keyring(options.encryption.keys);
    this.#keyId = keyring?.keyId;
    const sealed = new SealedStore(options.store ?? new MemoryStore(), keyring);
    const store = new EngineStore(sealed, clock, options.storeTimeoutMs ?? 30_000);
    const space = options.space ?? new MemorySpace();
    const events = new EventHub();
    const running = new RunningActions((inSpace, stack) => this.#services.names.stackDidEnd(inSpace, stack));
    const waits = new Waits({
      clock,
      stallTimeoutMs: options.stallTimeoutMs ?? 30_000,
      didStall: (cycle) => tellCycle(this.#services, 'read:didStall', cycle),
      didDeadlock: (cycle) => tellCycle(this.#services, 'read:didDeadlock', cycle),
    });
    const describe = (inSpace: string, stack: string): DescribeWriter | undefined => {
      const traversal = running.get(inSpace, stack)?.traversal;
      return traversal === undefined
        ? undefined
        : (resource, attribute) => traversal.blockers.describeWriter(resource, attribute);
    };
    const secrecyOf = ([inSpace, stack]: Name, value: Json): Secrecy | undefined =>
      this.#services.secretsByStack.get(stackKey(inSpace, stack))?.secrecyOf(value);
    const didLook = (): void => {
      for (const { traversal } of running.values()) traversal?.idleness.arrivalDidEnd();
    };
    const names = new NameReader(space, store, clock, describe, secrecyOf, didLook);
    this.#scripts = new ScriptAccess(
      names,
      running,
      (name, value) => this.write(name, value),
      async (inSpace, stack, resource, data) => {
        if (this.#closing.signal.aborted) throw engineIsEnding();
        return this.signal(signalOf(inSpace, stack, resource, data));
      },
    );
    this.#signals = new SignalServer({
      ...options.signalUrl,
      onSignal: (target, token, data) => this.#owned(() => signalByToken(this.#services, target, token, data)),
    });
    this.#engineId = randomness.uuid();
    this.#leaseMs = options.leaseMs ?? 30_000;
    this.#actor = options.actor ?? defaultActor();
    // Every action listens to it: many listeners are no leak here.
    setMaxListeners(0, this.#closing.signal);
    this.#services = {
      types: createRegistry(
        [...heatTypes, ...(options.types ?? [])],
        options.unknownTypes === 'allow' ? withUnknownTypes(definedTypes) : definedTypes,
      ),
      store,
      space,
      names,
      waits,
      slots: new Slots(options.concurrency ?? Number.POSITIVE_INFINITY, options.readyOrder),
      events,
      clock,
      randomness,
      claimant: () => this.#claimant(),
      granularity: options.granularity ?? 'attribute',
      limits: limitsOf(options.limits),
      project: {
        ...(options.projectId === undefined ? {} : { projectId: options.projectId }),
        ...(options.region === undefined ? {} : { region: options.region }),
        customConstraints: { ...heatConstraints(() => clock.now()), ...options.customConstraints },
        duplicateKeys: options.duplicateKeys ?? 'refuse',
      },
      cancelGraceMs: options.cancelGraceMs ?? 10_000,
      running,
      signalling: new Map(),
      openSignalPort: () => this.#signals.open(),
      openSignalPortAgain: (host, port) => this.#signals.openAgain(host, port),
      closing: this.#closing.signal,
      regions: new Map(),
      secretsByStack: new Map(),
      openEndpoint: (resource) => this.#scripts.open(resource),
      closeEndpoints: (inSpace, stack) => this.#scripts.revoke(inSpace, stack),
      didIdle: (traversal) => {
        if (!traversal.idleness.isAtWork) {
          for (const { traversal: other } of running.values()) if (other !== traversal) other?.idleness.otherDidStop();
        }
        if (!traversal.isStopped) tellQuiescence(this.#services, traversal);
      },
    };
  }

  /** Checks a template with its parameters as far as can be known before a run. Throws what `create` would throw. */
  validate(input: TemplateInput): Analysis {
    checkShapes(input);
    return analyse(this.#services, input);
  }

  /**
   * What the analysis knows of a template, as plain data, with its problems: it throws only for what cannot be read at
   * all. `read` tells the values of attributes; without it they are null, and a reference is the resource's name. What holds
   * the value of a hidden parameter is told as it is, unless `masksSecrets`.
   */
  inspect(
    input: TemplateInput,
    read?: (resource: string, attribute: string) => Json,
    options: InspectOptions = {},
  ): Inspection {
    checkShapes(input);
    return inspectAnalysis(analyse(this.#services, input, { isTolerant: true }), read, options);
  }

  /** What `create` would do, as data. Throws what `create` would throw before it makes anything. */
  preview(input: TemplateInput): Plan {
    return planOfCreate(this.validate(input));
  }

  /**
   * Creates a stack and resolves with it when it is complete. Nothing is made when the template or a parameter is wrong
   * (TemplateInvalid and the errors of parameters), when there is a stack of that name (StackExists), or when one of its
   * names was written from outside (ConflictingWrite). Rejects with StackFailed when a resource fails, the time is over,
   * or `signal` fires. What only an output reads by get_data is waited for after the last resource has ended; an output
   * for which the time is over then has an error, and the stack is complete.
   */
  async create(options: CreateOptions): Promise<StackDescription> {
    return this.#act(options, () => createStack(this.#services, options));
  }

  /**
   * Brings a stack to another template, other parameters or another environment, and resolves with it when it is complete.
   * A resource whose properties come out equal is not touched; the others are updated in place where all that differs allows
   * it, or else replaced, the new one before the old one is deleted. A create or update that this engine is at work with is
   * superseded, one of another process with the option `supersede`. Throws what `create` throws before it makes anything,
   * EntityNotFound, ActionInProgress, NotSupported (it is being deleted), ImmutableParameterModified, and StackFailed: the stack is then UPDATE_FAILED, or ROLLBACK_COMPLETE with
   * `rollback`, and can be updated again.
   */
  async update(options: UpdateOptions): Promise<StackDescription> {
    return this.#act(options, async () => {
      await finishResourceAction(this.#services, options);
      return updateStack(this.#services, options);
    });
  }

  /** What `update` would do, as data: per resource what differs, and what is known only when it runs. Changes nothing. */
  async previewUpdate(options: UpdateOptions): Promise<Plan> {
    checkActionOptions(options);
    return previewUpdate(this.#services, options);
  }

  /** What `create` would do, with all that `apply` needs to do it later. Throws what `preview` throws. */
  async planCreate(options: CreateOptions): Promise<SavedPlan> {
    checkActionOptions(options);
    return savePlanOfCreate(this.#services, options);
  }

  /** What `update` would do, with all that `apply` needs to do it later. Throws what `previewUpdate` throws. */
  async planUpdate(options: UpdateOptions): Promise<SavedPlan> {
    checkActionOptions(options);
    return savePlanOfUpdate(this.#services, options);
  }

  /**
   * Does what a saved plan tells and nothing besides: what was not known when the plan was made may come out as it was.
   * Throws PlanStale, naming what has changed, when the stack is not any more what it was planned for,
   * UserParameterMissing for a hidden parameter that is neither given nor stored, ActionInProgress, and what `create` or `update`
   * throws.
   */
  async apply(options: ApplyOptions): Promise<StackDescription> {
    checkShapes(options);
    return this.#owned(() => applyPlan(this.#services, options));
  }

  /**
   * Ends the create or the update that is at work on a stack, in this engine or in another process of this user on the same
   * store, and resolves with the stack when that has ended: by default with a rollback, as Heat's cancel_update; with
   * `rollback: false` what is done by then stays, as by its cancel_without_rollback, and an update goes on from there. Also ends
   * what an engine was stopped in, and goes on with a rollback. Throws EntityNotFound, NotSupported when there is nothing to cancel or nothing to go back
   * to, ActionInProgress when the engine at work cannot be asked, and StackFailed when a rollback fails.
   */
  async cancel(options: CancelOptions): Promise<StackDescription> {
    return this.#act(
      options,
      async () => (await finishRollback(this.#services, options)) ?? cancelStack(this.#services, options),
    );
  }

  /**
   * Deletes a stack and resolves when nothing of it is left. A create of it in this engine is cancelled first. Throws
   * EntityNotFound, ActionInProgress, StackInUse, and StackFailed when a resource could not be deleted.
   */
  async delete(options: DeleteOptions): Promise<void> {
    await this.#act(options, async () => {
      // What a handler was about to keep has to be known to be removed.
      await finishResourceAction(this.#services, options, ['SNAPSHOT']);
      await deleteStack(this.#services, options);
    });
  }

  /**
   * One of two things. Of a stack in which an engine was stopped: goes on with its action, whichever that is, and resolves
   * with the stack, undefined when a delete has come to its end. Of a stack that is suspended: has its resources go on along
   * the arrows, Heat's resume of a stack; it is RESUME_COMPLETE then, or RESUME_FAILED, of which this throws StackFailed. A
   * stack that is neither is returned as it is.
   *
   * Of an action that goes on: what is complete stays. What was being created is removed by its handler's `delete` and
   * created anew, so that nothing is there twice; a handler that is `isRepeatable` is only called again. A resource of
   * which nobody can tell what was made (no id recorded, no `lookup`) fails with OutcomeUnknown. Throws what the action throws, ActionInProgress, EntityNotFound, and
   * UserParameterMissing for a hidden parameter without a default: its value was not stored.
   */
  async resume(options: ResumeOptions): Promise<StackDescription | undefined> {
    return this.#act(options, () => resumeStack(this.#services, options));
  }

  /**
   * Suspends a stack: each resource by its handler's `suspend`, against the arrows; one whose type has none just becomes
   * SUSPEND_COMPLETE. Resolves with the stack, at once for one that is suspended; `resume` takes it back, and it can be
   * deleted, but not updated. What an engine was stopped in is brought to its end first. Throws EntityNotFound,
   * ActionInProgress, and StackFailed: the stack is then SUSPEND_FAILED, and can be suspended again or resumed.
   */
  async suspend(options: SuspendOptions): Promise<StackDescription> {
    return this.#act(options, async () => {
      await resumeInterrupted(this.#services, options);
      return suspendStack(this.#services, options);
    });
  }

  /**
   * Goes on with every action in which an engine was stopped, all at once, since one stack may wait for a value of another:
   * what a tool does at its start. Resolves when all of them have ended; what fails of one is told with it, and does not stop
   * the others. A stack whose hidden parameters have to be given again is to be resumed by itself.
   */
  async resumeAll(options: Pick<ResumeOptions, 'timeoutMs' | 'signal'> = {}): Promise<readonly ResumedStack[]> {
    checkShapes(options);
    return this.#owned(() => resumeAllStacks(this.#services, options));
  }

  /**
   * Asks each resource's handler whether the real thing is there and as it was made. One that is not becomes CHECK_FAILED, and
   * the next update replaces it; so does the stack, whose reason names the first and counts the others. Throws EntityNotFound, ActionInProgress,
   * NotSupported for a stack that is not complete, and StackFailed when the check was stopped.
   */
  async check(options: CheckOptions): Promise<StackCheck> {
    return this.#act(options, async () => {
      await resumeInterrupted(this.#services, options);
      return checkStack(this.#services, options);
    });
  }

  /**
   * Says of a resource that it is not well, so that the next update replaces it, a group or a nested template with all that it
   * is made of; `unhealthy: false` takes that back. Throws
   * EntityNotFound, ActionInProgress, and NotSupported for a resource in which an engine was stopped.
   */
  async markUnhealthy(options: MarkUnhealthyOptions): Promise<void> {
    await this.#act(options, () => markUnhealthy(this.#services, options));
  }

  /**
   * Signals a resource: hands `data` to its type's handler, by whoever is at work on the stack, and resolves with what the
   * resource's event tells once what the signal leaves behind is stored. Throws EntityNotFound, ResourceNotAvailable (it is
   * not made yet), ResourceActionNotSupported (its type takes no signals), NotSupported (it is being deleted), ResourceFailure
   * for data that it does not take, ActionInProgress, and OutcomeUnknown when the engine at work ended before it answered.
   */
  async signal(options: SignalOptions): Promise<string> {
    return this.#act(options, () => signalResource(this.#services, options));
  }

  /**
   * The resources that wait at a hook of the environment. One is cleared by `signal` with the data `{ unset_hook: HOOK }`, also
   * while no engine works on the stack: a resume goes on from there. Throws EntityNotFound.
   */
  async pendingHooks(stack: string, space = 'default'): Promise<readonly PendingHook[]> {
    return pendingHooks(this.#services, space, stack);
  }

  /**
   * Keeps what a stack is, to restore it: its definition, and of each resource what its handler's `snapshot` keeps (a
   * `Local::File` its content). At most 32 of a stack (`limits.maxSnapshots`); they are deleted with it. Throws
   * EntityNotFound, ActionInProgress, RequestLimitExceeded, and StackFailed: the stack is then SNAPSHOT_FAILED, which harms
   * nothing, and the snapshot CREATE_FAILED.
   */
  async snapshot(options: SnapshotOptions): Promise<SnapshotSummary> {
    return this.#act(options, async () => {
      await resumeInterrupted(this.#services, options);
      return snapshotStack(this.#services, options);
    });
  }

  /** The snapshots of a stack, oldest first. Throws EntityNotFound. */
  async snapshots(stack: string, space = 'default'): Promise<readonly SnapshotSummary[]> {
    return listSnapshots(this.#services, space, stack);
  }

  /** A snapshot with what it holds: the stack's definition, and what is kept of each resource. Throws EntityNotFound and, for a name that several have, UsageError. */
  async showSnapshot(choice: SnapshotChoice): Promise<SnapshotDescription> {
    checkActionOptions(choice);
    return showSnapshot(this.#services, choice);
  }

  /**
   * Brings a stack back to a snapshot: an update to its definition of then, in which each resource whose handler has a
   * `restore` gets back what the snapshot has kept of it. Resolves with the complete stack. Throws EntityNotFound, UsageError
   * (several snapshots have that name), ActionInProgress, NotSupported (the snapshot is not complete; the stack is suspended or being deleted),
   * UserParameterMissing for a hidden parameter without a default, and StackFailed: the stack is then RESTORE_FAILED, or
   * ROLLBACK_COMPLETE with `rollback`, and can be restored again or updated.
   */
  async restore(options: RestoreOptions): Promise<StackDescription> {
    return this.#act(options, async () => {
      await finishResourceAction(this.#services, options);
      return restoreStack(this.#services, options);
    });
  }

  /** Deletes a snapshot. Throws EntityNotFound, UsageError for a name that several have, ActionInProgress, and ResourceFailure when a handler cannot. */
  async deleteSnapshot(options: DeleteSnapshotOptions): Promise<void> {
    await this.#act(options, async () => {
      await finishResourceAction(this.#services, options);
      await deleteSnapshot(this.#services, options);
    });
  }

  /** A stack as plain data, as `abandon` gives it. Throws EntityNotFound. */
  async export(stack: string, space = 'default', options: ExportOptions = {}): Promise<StackExport> {
    return exportStack(this.#services, space, stack, options);
  }

  /**
   * Forgets a stack and leaves what it has made alone; resolves with what another store needs to adopt it, which `keep` can
   * put in a safe place before. Throws EntityNotFound, ActionInProgress, and NotSupported when snapshots hold something of its
   * resources, unless by `force`.
   */
  async abandon(stack: string, space = 'default', options: AbandonOptions = {}): Promise<StackExport> {
    return this.#owned(() => abandonStack(this.#services, space, stack, options));
  }

  /**
   * Makes a stack of what is there already, as `abandon` or `export` has told it (of this engine, or of Heat): that is taken
   * as it stands, brought to the template where it differs, and only the rest is created. Throws what `create` throws, and
   * StackValidationFailed for data of another form.
   */
  async adopt(options: AdoptOptions): Promise<StackDescription> {
    return this.#act(options, () => adoptStack(this.#services, options));
  }

  /** The stacks that an engine has left in the middle of an action: those to `resume` or to `delete`. */
  async listInterrupted(): Promise<readonly StackSummary[]> {
    return (await this.list()).filter(({ isInterrupted }) => isInterrupted);
  }

  /** A stack with its outputs and resources. Throws EntityNotFound. */
  async show(stack: string, space = 'default'): Promise<StackDescription> {
    const record = await findStack(this.#services, space, stack);
    const { store } = this.#services;
    const stale = await staleReads(store, record);
    return describeStack(record, await store.resources(record.id), await isInterrupted(store, record), stale);
  }

  /** All stacks of the store, or those of a space, or with certain tags, by space and name. */
  async list(options: ListOptions = {}): Promise<readonly StackSummary[]> {
    checkShapes(options);
    checkTags(options.tags);
    const { store } = this.#services;
    const records = (await store.listStacks()).filter(
      (record) => (options.space === undefined || record.space === options.space) && hasTags(record, options),
    );
    const now = new PresentValues(store);
    return Promise.all(
      records.map(async (record) =>
        summarizeStack(record, await isInterrupted(store, record), await staleReads(store, record, now)),
      ),
    );
  }

  /** The values of a stack's outputs, secret ones too. Throws EntityNotFound, and EncryptionKeyMissing. */
  async outputs(stack: string, space = 'default'): Promise<{ readonly [name: string]: Json }> {
    const record = await findStack(this.#services, space, stack);
    const outputs = Object.entries(record.outputs);
    if (outputs.some(([, { missing }]) => missing === 'key')) requireKey(record);
    return Object.fromEntries(outputs.map(([name, { value }]) => [name, value]));
  }

  /**
   * Encrypts every secret in the store with the first key of the option `encryption`, also what was stored without one. Stacks
   * that somebody is at work on are left, and told. May be called again after a kill. Throws UsageError and
   * EncryptionKeyMissing.
   */
  async rekey(): Promise<Rekeyed> {
    return this.#owned(() => rekeyStacks(this.#services, this.#keyId));
  }

  /** The stored events of a stack with a sequence above `after`, oldest first. Throws EntityNotFound. */
  async storedEvents(
    stack: string,
    options: { readonly space?: string; readonly after?: number } = {},
  ): Promise<readonly StoredEvent[]> {
    const record = await findStack(this.#services, options.space ?? 'default', stack);
    return this.#services.store.events(record.id, options.after);
  }

  /**
   * What has been done to a stack, oldest first: by whom, when, to which end, and to how many resources, of which the first 20
   * of each kind are named; signals to resources and marks on them too. The newest 100 operations are kept, as long as the stack is there. Throws EntityNotFound.
   */
  async history(stack: string, space = 'default'): Promise<readonly StackOperation[]> {
    return readHistory(this.#services, space, stack);
  }

  /**
   * What happens from the call on, in this engine: of one stack or of all. Without `signal` the iteration goes on until
   * the loop is left; with a stack named it ends after the stack's action has, and the rollback that follows on it. An
   * iteration that is never begun keeps its events until `signal` fires or its `return` is called.
   */
  events(
    options: { readonly stack?: string; readonly space?: string; readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<EngineEvent, void, undefined> {
    const { stack, space = 'default', signal } = options;
    return this.#services.events.iterate({
      wanted: (event) => stack === undefined || (event.stack === stack && event.space === space),
      isLast: (event) => stack !== undefined && event.type === 'stack' && this.#isLast(event),
      signal,
    });
  }

  /** Calls `listener` with each event, in order and before the engine goes on. Returns a function that ends it. */
  onEvent(listener: (event: EngineEvent) => void): () => void {
    return this.#services.events.listen(listener);
  }

  /**
   * Who waits for what in a stack that is at work: in this engine, or in one of another process of the same user on the
   * same store. Empty when nobody waits, or nobody works on it. Throws EntityNotFound, and EndpointUnreachable when that
   * process stands still.
   */
  async waiting(stack: string, space = 'default'): Promise<readonly WaitingRead[]> {
    const own = this.#services.running.get(space, stack);
    if (own !== undefined) return own.waiting();
    const record = await findStack(this.#services, space, stack);
    const holder = await this.#services.store.holder(record.id);
    if (holder?.observers === undefined) return [];
    const { observers, host, pid } = holder;
    return askWaiting(this.#services, { observers, host, pid }, space, stack);
  }

  /** Waits until the name is written and returns its value. Rejects with WriterFailed, or ReadAborted by `signal`. */
  read(name: NameInput, options: { readonly signal?: AbortSignal } = {}): Promise<Json> {
    return readValue(this.#services.names, toName(name), options.signal);
  }

  /** What the name holds now, here or in the store; undefined when it is not written. */
  tryRead(name: NameInput): Promise<Entry | undefined> {
    return this.#services.names.find(toName(name));
  }

  /**
   * Writes a name that no stack declares: how a person approves a step, or a foreign tool hands a value over. Stored
   * before it wakes readers. Throws ConflictingWrite for a different value, and NotTheWriter for a name of a resource.
   */
  async write(name: NameInput, value: Json): Promise<void> {
    const to = toName(name);
    if (this.#services.space.isDeclared(to)) {
      throw new NotTheWriter({
        what: `${printName(to)} has another writer.`,
        why: `It is an output of the resource '${to[2]}' of stack '${to[1]}'.`,
        fix: 'Choose a name that no stack declares.',
      });
    }
    await this.#services.store.writeOutside(to, value);
    await this.#services.space.write(to, value);
  }

  /** Each change under a prefix (a space; a space and a stack; ...) of this engine's space, and what is there already. */
  watch(prefix: readonly string[], options: { readonly signal?: AbortSignal } = {}): AsyncIterable<SpaceChange> {
    return this.#services.space.watch(prefix, options);
  }

  /** Cancels what is at work, waits until it has stopped, and frees everything the engine holds. */
  async close(): Promise<void> {
    const { names, space, store } = this.#services;
    const reason = new ActionCancelled({
      what: 'The engine was closed.',
      why: 'Its owner closed it while an action was at work.',
    });
    this.#closing.abort(reason);
    await Promise.allSettled(this.#actions);
    names.close();
    await this.#signals.close();
    await this.#scripts.close();
    await space.close();
    await store.close();
  }

  /** An action on a stack. */
  async #act<T>(options: ActionOptions, act: () => Promise<T>): Promise<T> {
    checkActionOptions(options);
    return this.#owned(act);
  }

  /** `close` waits for it. */
  async #owned<T>(act: () => Promise<T>): Promise<T> {
    if (this.#closing.signal.aborted) {
      throw new UsageError({
        what: 'The engine has been closed.',
        why: 'A closed engine holds nothing any more to work with.',
        fix: 'Close an engine after its last action, or make a new one.',
      });
    }
    const action = act();
    this.#actions.add(action);
    try {
      return await action;
    } finally {
      this.#actions.delete(action);
    }
  }

  /** Made at the first claim: an engine that only looks opens nothing. */
  #claimant(): Promise<Claimant> {
    if (this.#claimantOnce !== undefined) return this.#claimantOnce;
    const claimant = this.#makeClaimant();
    this.#claimantOnce = claimant;
    // The endpoint could not be made, and may be the next time.
    claimant.catch(() => {
      this.#claimantOnce = undefined;
    });
    return claimant;
  }

  async #makeClaimant(): Promise<Claimant> {
    return {
      engineId: this.#engineId,
      host: hostname(),
      pid: process.pid,
      processStart: processStart(process.pid) ?? 'unknown',
      pidNamespace: pidNamespace(),
      actor: this.#actor,
      leaseMs: this.#leaseMs,
      ...(this.#services.store.isShared ? { observers: await this.#scripts.openForObservers() } : {}),
    };
  }

  /** The action has ended, and no rollback follows. Asked while the event is told. */
  #isLast({ space, stack, status }: StackEvent): boolean {
    return status !== 'IN_PROGRESS' && this.#services.running.get(space, stack)?.willRollBack !== true;
  }
}

function signalOf(space: string, stack: string, resource: string, data: Json | undefined): SignalOptions {
  return { space, stack, resource, ...(data === undefined ? {} : { data }) };
}

function toName(name: NameInput): Name {
  return typeof name === 'string' ? parseName(name) : name;
}
