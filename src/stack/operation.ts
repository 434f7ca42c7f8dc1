import { invariant, isHotloomError, messageOf, StackFailed } from '../errors.ts';
import type { Action, ResourceEvent, StackEvent, Status } from '../events.ts';
import type { StackInterface } from '../interface/interface.ts';
import { type DeclaredNames, nameKey } from '../names.ts';
import { movesToKeep, statedMoves } from '../plan/moves.ts';
import { deleteResources } from '../scheduler/delete-traversal.ts';
import { Hooks } from '../scheduler/hooks.ts';
import { Journal } from '../scheduler/journal.ts';
import { Traversal } from '../scheduler/traversal.ts';
import type { TraversalParts, TraversalResult } from '../scheduler/traversal-parts.ts';
import type { Region } from '../space/data-space.ts';
import type { Claim, HookStates, StackDefinition, StackRecord, StoreChange, StoredRead } from '../store/stack-store.ts';
import { stackExists } from '../store/stored-stack.ts';
import { type JsonObject, sameJson } from '../values.ts';
import { type ActionLimits, actionLimits } from './action-limits.ts';
import type { Analysis } from './analyse.ts';
import { definitionOf } from './definition.ts';
import { describeStack, type StackDescription } from './describe.ts';
import { giveBack } from './give-back.ts';
import { concealOf, marksOf } from './marks.ts';
import { OutputReads } from './output-reads.ts';
import { resolveOutputs } from './outputs.ts';
import { hooksOfEnvironment, hookTypesOf, type Refusal, refusalsOf } from './restrictions.ts';
import { type RunningAction, type StackServices, stackKey } from './services.ts';
import { failureOf } from './stack-failure.ts';
import { StackNames } from './stack-names.ts';
import { tellingStaleReaders } from './stale-reads.ts';

/** How one action is limited, and what becomes of it when it fails. */
export interface OperationLimits {
  /** Milliseconds until what has not ended is stopped; default 3,600,000 (Heat's hour). */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** What could undo it; absent when nothing can. */
  readonly rollback?: 'delete' | RollBack | undefined;
  /** Whether a failure is answered with that. Default: no, and what was made stays recorded. */
  readonly rollsBack?: boolean | undefined;
  /** What must not be done besides what the environment forbids. Default: nothing. */
  readonly refusal?: Refusal | undefined;
}

/** Undoes what a failed operation has done, under its claim; stores `failed`, which tells of the failure, with its start. */
export type RollBack = (claim: Claim, failed: readonly StoreChange[]) => Promise<void>;

/** What an operation finds that does not begin from nothing. */
export interface Beginning extends Pick<TraversalParts, 'stored' | 'present' | 'snapshots'> {
  /** Whether there is something that the template has no more, or that was replaced before. Default: false. */
  readonly hasLeftovers?: boolean;
  /** The hooks that the same action has reached before its engine was stopped. */
  readonly hooks?: HookStates | undefined;
  /** Stored together with the start of the operation. */
  readonly changes?: readonly StoreChange[];
}

/** What goes on in words: for the stack's states. */
type Verb = 'started' | 'resumed';

/**
 * One action that brings a stack to what its template says: a create, an update, the rollback of one, or a restore; from its
 * start, or from where an engine was stopped in it.
 */
export class Operation {
  readonly #services: StackServices;
  readonly #options: OperationLimits;
  readonly #action: 'CREATE' | 'UPDATE' | 'RESTORE' | 'ROLLBACK' | 'ADOPT';
  readonly #analysis: Analysis;
  readonly #stackId: string;
  readonly #outputReads: OutputReads;
  #running: RunningAction | undefined;

  constructor(
    services: StackServices,
    options: OperationLimits,
    analysis: Analysis,
    stackId: string,
    action: 'CREATE' | 'UPDATE' | 'RESTORE' | 'ROLLBACK' | 'ADOPT' = 'CREATE',
  ) {
    this.#services = services;
    this.#options = options;
    this.#action = action;
    this.#analysis = analysis;
    this.#stackId = stackId;
    this.#outputReads = new OutputReads(services, analysis.stack);
  }

  /** Creates a stack of which nothing is stored yet. */
  async run(tags?: readonly string[]): Promise<StackDescription> {
    const { space, store, claimant } = this.#services;
    const { stack } = this.#analysis;
    await this.#refusePresent();
    const declared = new StackNames(stack);
    let region: Region;
    try {
      region = space.declare(stack.space, stack.stack, declared);
    } catch (error) {
      // Another create of this engine has come first, and its stack is on its way into the store.
      throw isHotloomError(error, 'NotTheWriter') ? stackExists(stack.space, stack.stack) : error;
    }
    let claim: Claim;
    try {
      claim = await store.createStack(this.#record(tags), await claimant(), declared);
    } catch (error) {
      await region.close();
      throw error;
    }
    return this.#runInRegion(region, claim, {}, 'started');
  }

  /** Stores a stack of which nothing is known yet, for `goOn` to begin with. Throws StackExists and ConflictingWrite. */
  async register(tags?: readonly string[]): Promise<Claim> {
    const { store, claimant } = this.#services;
    await this.#refusePresent();
    const record = {
      ...this.#record(tags),
      action: this.#action,
      status: 'FAILED',
      reason: 'It has not begun; if nobody is at work on it, delete it, which removes nothing, and adopt it again',
    } as const;
    return store.createStack(record, await claimant(), this.declared);
  }

  /** Does its part under `claim`, which it releases, from what `prepare` finds. */
  async goOn(
    claim: Claim,
    verb: Verb,
    prepare: (journal: Journal, signal: AbortSignal) => Promise<Beginning>,
  ): Promise<StackDescription> {
    const { space, store } = this.#services;
    const { stack } = this.#analysis;
    const limits = this.#limits();
    let beginning: Beginning;
    let region: Region;
    try {
      beginning = await prepare(new Journal(store, claim, limits.cancel, marksOf(this.#analysis)), limits.signal);
      await this.#forgetRegion();
      region = space.declare(stack.space, stack.stack, this.declared);
    } catch (error) {
      await giveBack(this.#services, claim);
      throw error;
    } finally {
      limits.end();
    }
    return this.#runInRegion(region, claim, beginning, verb);
  }

  /** The names that only the stack writes. */
  get declared(): DeclaredNames {
    return new StackNames(this.#analysis.stack);
  }

  /** What the stack is to be, as it is stored. */
  get definition(): StackDefinition {
    return definitionOf(this.#analysis);
  }

  #limits(): ActionLimits {
    const { clock, closing } = this.#services;
    const { timeoutMs, signal } = this.#options;
    const what = `${WORDS[this.#action]} of '${this.#analysis.stack.stack}'`;
    return actionLimits(clock, { timeoutMs, signals: [signal, closing], what });
  }

  async #runInRegion(region: Region, claim: Claim, beginning: Beginning, verb: Verb): Promise<StackDescription> {
    const { regions, secretsByStack } = this.#services;
    const { stack, secrets } = this.#analysis;
    const key = stackKey(stack.space, stack.stack);
    regions.set(key, region);
    secretsByStack.set(key, secrets);
    return this.#runClaimed(region, claim, beginning, verb);
  }

  /**
   * On a shared store another engine may change the stack from now on: the store alone tells its values. So it does when an
   * update has failed: what that has not come to is as it was, and has failed only for those who waited for it.
   */
  async #letGo(region: Region, isComplete: boolean): Promise<void> {
    const { store, regions } = this.#services;
    if (!store.isShared && (isComplete || this.#action === 'CREATE')) return;
    await region.close();
    const key = stackKey(region.space, region.stack);
    // The next action, which may have the claim by now, finds it here until then, and waits.
    if (regions.get(key) === region) regions.delete(key);
  }

  async #refusePresent(): Promise<void> {
    const { space, stack } = this.#analysis.stack;
    if ((await this.#services.store.findStack(space, stack)) !== undefined) throw stackExists(space, stack);
    await this.#forgetRegion();
  }

  /** Another engine on the same store may have deleted a stack whose names this one still declares. */
  async #forgetRegion(): Promise<void> {
    const { regions } = this.#services;
    const { space, stack } = this.#analysis.stack;
    const key = stackKey(space, stack);
    const stale = regions.get(key);
    regions.delete(key);
    await stale?.close();
  }

  /** The description is made under the claim: nobody can have deleted the stack by then. */
  async #runClaimed(region: Region, claim: Claim, beginning: Beginning, verb: Verb): Promise<StackDescription> {
    const { store, running } = this.#services;
    const { space, stack } = this.#analysis.stack;
    const limits = this.#limits();
    const journal = new Journal(store, claim, limits.cancel, marksOf(this.#analysis));
    const traversal = this.#traversal(region, journal, limits, beginning);
    let didEnd = (): void => {};
    const action: RunningAction = {
      space,
      stack,
      action: this.#action,
      traversal,
      waiting: () => [...traversal.blockers.waiting(), ...this.#outputReads.waiting()],
      signalResource: (resource, data) => traversal.signalResource(resource, data),
      willRollBack: false,
      onFailure: this.#options.rollsBack === true ? 'rollBack' : 'stay',
      canRollBack: this.#options.rollback !== undefined,
      cancel: limits.cancel,
      ended: new Promise((resolve) => {
        didEnd = resolve;
      }),
    };
    running.add(action);
    this.#running = action;
    let isComplete = false;
    try {
      const act = () => this.#act(beginning, verb, region, traversal, journal, limits, action, claim);
      // A create changes no value, and a rollback is a part of what it takes back.
      const isWhole = this.#action !== 'CREATE' && (this.#action !== 'ROLLBACK' || verb === 'resumed');
      await (isWhole ? tellingStaleReaders(this.#services, { space, name: stack }, act) : act());
      const description = await this.#describe(traversal);
      isComplete = true;
      return description;
    } finally {
      limits.end();
      await giveBack(this.#services, claim);
      try {
        await this.#letGo(region, isComplete);
      } finally {
        didEnd();
        running.remove(action);
      }
    }
  }

  async #act(
    beginning: Beginning,
    verb: Verb,
    region: Region,
    traversal: Traversal,
    journal: Journal,
    limits: ActionLimits,
    action: RunningAction,
    claim: Claim,
  ): Promise<void> {
    const { space, stack } = this.#analysis.stack;
    try {
      const changes = [...(beginning.changes ?? []), ...(verb === 'started' ? [HOOKS_GONE] : [])];
      await this.#tell(journal, 'IN_PROGRESS', `Stack ${this.#action} ${verb}`, undefined, changes);
      await serveSignals(this.#services, this.#analysis.stack, beginning);
      const result = await traversal.run();
      this.#services.closeEndpoints(space, stack);
      const failure = await this.#conclude(result, region, traversal, journal, limits, beginning.hasLeftovers === true);
      if (failure === undefined) return;
      const rollback = action.onFailure === 'rollBack' ? this.#options.rollback : undefined;
      action.willRollBack = rollback !== undefined;
      if (rollback !== undefined && rollback !== 'delete' && action.willRollBack) {
        const [event, ...changes] = this.#changesTo('FAILED', failure.reason, failure.outputs);
        this.#emit(event);
        await rollback(claim, [event, ...changes]);
      } else {
        const told = this.#tell(journal, 'FAILED', failure.reason, failure.outputs);
        // When nothing can be stored any more the rollback is the first to hear of it.
        told.catch(() => {});
        if (action.willRollBack) await this.#rollback(journal, action);
        await told;
      }
      throw failure.error;
    } catch (error) {
      action.willRollBack = false;
      await this.#tellUnstored(error, region);
      throw error;
    }
  }

  async #describe(traversal: Traversal): Promise<StackDescription> {
    const { store } = this.#services;
    const { space, stack } = this.#analysis.stack;
    const record = await store.findStack(space, stack);
    invariant(record !== undefined, `Stack '${stack}' was removed under the claim of its create.`);
    return describeStack(record, traversal.records.all());
  }

  /** The store takes nothing any more: those who listen or wait hear of the end all the same. */
  async #tellUnstored(error: unknown, region: Region): Promise<void> {
    if (isHotloomError(error, 'StackFailed')) return;
    const { events, clock } = this.#services;
    const { stack, redact } = this.#analysis;
    const reason = redact(`Stack ${this.#action} failed: ${messageOf(error)}`);
    const failure = new StackFailed({ what: reason, cause: error });
    for (const { name } of stack.resources) await region.fail(name, failure);
    if (!events.isHeard) return;
    const time = clock.now();
    events.emit({
      type: 'stack',
      time,
      space: stack.space,
      stack: stack.stack,
      action: this.#action,
      status: 'FAILED',
      reason,
    });
  }

  /** Tells that the stack is complete, with its outputs; else returns what there is to tell. */
  async #conclude(
    result: TraversalResult,
    region: Region,
    traversal: Traversal,
    journal: Journal,
    limits: ActionLimits,
    hasLeftovers: boolean,
  ): Promise<Failed | undefined> {
    const { stack, reads, redact } = this.#analysis;
    const isComplete =
      result.failures.length === 0 &&
      result.skipped.length === 0 &&
      !(stack.resources.length === 0 && limits.signal.aborted);
    const missing = await this.#outputReads.read({
      // Outputs of a failed stack tell what there is.
      until: isComplete ? limits.signal : undefined,
      take: (name, entry) => traversal.takeName(name, entry),
    });
    const untouched = isComplete ? NOTHING : traversal.takeUntouched();
    const outputs = resolveOutputs(stack, { region, scope: traversal.scope, untouched, missing, reads, redact });
    const mayHaveLeftovers = hasLeftovers || traversal.decisions.hasReplaced;
    const error = isComplete
      ? mayHaveLeftovers
        ? await this.#cleanUp(journal, limits)
        : undefined
      : failureOf(result, {
          action: this.#action,
          stack: stack.stack,
          stopped: limits.signal.aborted ? limits.signal.reason : undefined,
          willRollBack: this.#running?.onFailure === 'rollBack',
          redact,
        });
    if (error !== undefined) return { error, reason: redact(error.what), outputs };
    const changes = await this.#renewedReads(traversal);
    await this.#tell(journal, 'COMPLETE', `Stack ${this.#action} completed successfully`, outputs, changes);
    return undefined;
  }

  /**
   * What the stack has read of others before and does not read any more is no reason to keep those; and what something still
   * stands with was not renewed by another reader of the same name.
   */
  async #renewedReads(traversal: Traversal): Promise<readonly StoreChange[]> {
    if (this.#action === 'CREATE' && !traversal.hasReadNames) return [];
    const stored = await this.#services.store.reads(this.#stackId);
    const reads = traversal.namesRead();
    if (this.#action !== 'CREATE') return stored.every(isAmong(reads)) ? [] : [{ kind: 'reads', reads }];
    // What an interrupted attempt at it has read for what is complete stays.
    const isStored = isAmong(stored);
    return reads.filter((read) => !isStored(read)).map((read) => ({ kind: 'read', ...read }));
  }

  /** Deletes what was replaced, and what the template has no more: nobody reads from it now. */
  async #cleanUp(journal: Journal, limits: ActionLimits): Promise<StackFailed | undefined> {
    const { stack, redact } = this.#analysis;
    const records = (await this.#services.store.resources(this.#stackId)).filter(
      ({ name, replacedName }) => replacedName !== undefined || !stack.numbers.has(name),
    );
    const { failures, remaining } = await deleteResources({
      ...this.#services,
      space: stack.space,
      stack: stack.stack,
      stackId: this.#stackId,
      records,
      journal,
      signal: limits.signal,
      redact,
    });
    if (remaining.length === 0) return undefined;
    const reason =
      failures[0] === undefined ? messageOf(limits.signal.reason) : `Resource DELETE failed: ${failures[0].what}`;
    return new StackFailed({
      what: redact(`Stack ${this.#action} failed: ${reason}`),
      why: `Everything else is as the template says; what it has no more is still there: ${remaining.join(', ')}.`,
      fix: 'Remove the cause and update the stack again.',
      cause: limits.signal.aborted ? limits.signal.reason : failures[0],
    });
  }

  /**
   * Deletes what was made. Its start is stored together with the failure, so that no kill can come between. A cancel of the
   * create does not cancel its rollback.
   */
  async #rollback(journal: Journal, action: RunningAction): Promise<void> {
    const { clock, store, regions } = this.#services;
    const { space, stack } = this.#analysis.stack;
    const { closing } = this.#services;
    const limits = actionLimits(clock, {
      timeoutMs: this.#options.timeoutMs,
      signals: [closing],
      what: `Rollback of '${stack}'`,
    });
    try {
      await this.#tell(journal, 'IN_PROGRESS', 'Stack ROLLBACK started', undefined, [], 'ROLLBACK');
      const result = await deleteResources({
        ...this.#services,
        space,
        stack,
        stackId: this.#stackId,
        records: await store.resources(this.#stackId),
        journal,
        signal: limits.signal,
        redact: this.#analysis.redact,
      });
      const key = stackKey(space, stack);
      await regions.get(key)?.close();
      regions.delete(key);
      action.willRollBack = false;
      if (result.remaining.length === 0) {
        await this.#tell(journal, 'COMPLETE', 'Stack ROLLBACK completed successfully', {}, [], 'ROLLBACK');
      } else {
        const first = result.failures[0];
        const reason = first === undefined ? messageOf(limits.signal.reason) : `Resource DELETE failed: ${first.what}`;
        await this.#tell(journal, 'FAILED', reason, undefined, [], 'ROLLBACK');
      }
    } finally {
      limits.end();
    }
  }

  #traversal(
    region: Region,
    journal: Journal,
    { signal, cancel }: ActionLimits,
    { stored, present, snapshots, hooks: reached }: Beginning,
  ): Traversal {
    const { stack, graph, secrets, reads, redact, environment } = this.#analysis;
    const refusal = refusalsOf(this.#analysis);
    const hooks = new Hooks({
      ...this.#services,
      space: stack.space,
      stack: stack.stack,
      stackId: this.#stackId,
      journal,
      signal,
      hooksOf: hooksOfEnvironment(environment.resourceRegistry),
      stored: reached,
      describe: (resource) => traversal.hookPauses.hooked(resource),
    });
    const traversal = new Traversal({
      ...this.#services,
      stackId: this.#stackId,
      stack,
      graph,
      hooks,
      hookTypes: hookTypesOf(this.#action, environment.resourceRegistry),
      region,
      journal,
      signal,
      secrets,
      reads,
      redact,
      didBreak: cancel,
      refusal: (resource, verdict) => this.#options.refusal?.(resource, verdict) ?? refusal(resource, verdict),
      conceal: concealOf(this.#analysis, this.#stackId),
      stored,
      present,
      snapshots,
    });
    return traversal;
  }

  /** Records and tells a state of the stack, together with `changes`. */
  async #tell(
    journal: Journal,
    status: Status,
    reason: string,
    outputs?: StackRecord['outputs'],
    changes: readonly StoreChange[] = [],
    action?: 'ROLLBACK',
  ): Promise<void> {
    const [event, ...others] = this.#changesTo(status, reason, outputs, action);
    await journal.recordAll([...changes, event, ...others]);
    this.#emit(event);
  }

  /** The event first. */
  #changesTo(
    status: Status,
    reason: string,
    outputs: StackRecord['outputs'] | undefined,
    action: Action = this.#action,
  ): readonly [Extract<StoreChange, { readonly kind: 'event' }>, ...StoreChange[]] {
    const { space, stack } = this.#analysis.stack;
    const time = this.#services.clock.now();
    return [
      { kind: 'event', event: { type: 'stack', time, space, stack, action, status, reason } },
      ...(outputs === undefined ? [] : [{ kind: 'outputs' as const, outputs }]),
      { kind: 'stack', action, status, reason, time },
    ];
  }

  #emit({ event }: { readonly event: StackEvent | ResourceEvent }): void {
    const { events } = this.#services;
    if (events.isHeard) events.emit(event);
  }

  #record(tags: readonly string[] | undefined): StackRecord {
    const { clock } = this.#services;
    const { stack } = this.#analysis;
    const now = clock.now();
    const moved = movesToKeep(statedMoves(stack));
    return {
      id: this.#stackId,
      space: stack.space,
      name: stack.stack,
      action: 'CREATE',
      status: 'IN_PROGRESS',
      reason: '',
      createdAt: now,
      updatedAt: now,
      ...this.definition,
      ...(tags === undefined ? {} : { tags }),
      rollback: this.#options.rollsBack === true,
      ...(moved === undefined ? {} : { moved }),
      outputs: {},
    };
  }
}

/** Signals to what stands come to the URLs that an earlier engine has told, as far as nobody else has the ports by now. */
async function serveSignals(
  { openSignalPortAgain, events, clock }: StackServices,
  { space, stack }: StackInterface,
  { stored, present }: Beginning,
): Promise<void> {
  const addresses = [...(stored?.values() ?? []), ...(present?.values() ?? [])].flatMap(({ record }) =>
    record.signalAddress === undefined ? [] : [{ resource: record.name, ...record.signalAddress }],
  );
  for (const { resource, host, port } of addresses) {
    try {
      await openSignalPortAgain(host, port);
    } catch (error) {
      if (!events.isHeard) continue;
      const line = `${messageOf(error)} Signal it by 'hotloom signal ${stack} ${resource}' instead.`;
      events.emit({ type: 'resource:didLog', time: clock.now(), space, stack, resource, line });
    }
  }
}

/** Whether a read is among these, with the same value. */
function isAmong(reads: readonly StoredRead[]): (read: StoredRead) => boolean {
  const values = new Map(reads.map(({ name, value }) => [nameKey(name), value]));
  return ({ name, value }) => {
    const known = values.get(nameKey(name));
    return known !== undefined && sameJson(known, value);
  };
}

const NOTHING: ReadonlyMap<string, JsonObject> = new Map();

/** Every action reaches its hooks by itself. */
export const HOOKS_GONE: StoreChange = { kind: 'hooksGone' };

const WORDS = { CREATE: 'Create', UPDATE: 'Update', RESTORE: 'Restore', ROLLBACK: 'Rollback', ADOPT: 'Adopt' } as const;

/** A create that has failed, before it is told. */
interface Failed {
  readonly error: StackFailed;
  readonly reason: string;
  readonly outputs: StackRecord['outputs'];
}
