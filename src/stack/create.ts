import { invariant, isHotloomError, messageOf, rootCause, StackFailed } from '../errors.ts';
import type { Action, StackEvent, Status } from '../events.ts';
import type { StackInterface } from '../interface/interface.ts';
import type { DeclaredNames } from '../names.ts';
import { deleteResources } from '../scheduler/delete-traversal.ts';
import { Journal } from '../scheduler/journal.ts';
import { Traversal, type TraversalParts, type TraversalResult } from '../scheduler/traversal.ts';
import type { Region } from '../space/data-space.ts';
import type { Claim, StackRecord } from '../store/stack-store.ts';
import { stackExists } from '../store/stored-stack.ts';
import type { Json, JsonObject } from '../values.ts';
import { type ActionLimits, actionLimits } from './action-limits.ts';
import { type Analysis, analyse, type TemplateInput } from './analyse.ts';
import { describeStack, type StackDescription } from './describe.ts';
import { OutputReads } from './output-reads.ts';
import { resolveOutputs } from './outputs.ts';
import { type RunningAction, type StackServices, stackKey } from './services.ts';

export interface CreateOptions extends TemplateInput {
  /** Milliseconds until what has not ended is stopped; default 3,600,000 (Heat's hour). */
  readonly timeoutMs?: number;
  /** Deletes what was made when the create fails. Default false, as under Heat. */
  readonly rollback?: boolean;
  /** Cancels the create. What was made by then stays recorded, to be deleted. */
  readonly signal?: AbortSignal;
}

/**
 * Creates a stack. Resolves with the complete stack.
 *
 * Nothing is made when the template or a parameter is wrong (TemplateInvalid and the errors of parameters), or when
 * there is a stack of that name (StackExists). Throws StackFailed when a resource fails, the time is over or the action
 * is cancelled; the stack is then CREATE_FAILED, or ROLLBACK_COMPLETE with `rollback`.
 */
export async function createStack(services: StackServices, options: CreateOptions): Promise<StackDescription> {
  const stackId = services.randomness.uuid();
  const analysis = analyse(services, options, { stackId });
  return new Creation(services, options, analysis, stackId).run();
}

/** The limits of one create, or of the rest of one. */
export type CreateLimits = Pick<CreateOptions, 'timeoutMs' | 'rollback' | 'signal'>;

/** One create: from its start, or from where an engine was stopped in it. */
export class Creation {
  readonly #services: StackServices;
  readonly #options: CreateLimits;
  readonly #analysis: Analysis;
  readonly #stackId: string;
  readonly #outputReads: OutputReads;

  constructor(services: StackServices, options: CreateLimits, analysis: Analysis, stackId: string) {
    this.#services = services;
    this.#options = options;
    this.#analysis = analysis;
    this.#stackId = stackId;
    this.#outputReads = new OutputReads(services, analysis.stack);
  }

  async run(): Promise<StackDescription> {
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
      claim = await store.createStack(this.#record(), await claimant(), declared);
    } catch (error) {
      await region.close();
      throw error;
    }
    return this.#runInRegion(region, claim, undefined);
  }

  /** Goes on under `claim` from what `prepare` tells, which makes the store ready for it. */
  async resume(
    claim: Claim,
    prepare: (journal: Journal, signal: AbortSignal) => Promise<TraversalParts['stored']>,
  ): Promise<StackDescription> {
    const { space, store, clock, closing } = this.#services;
    const { stack } = this.#analysis;
    const { timeoutMs, signal } = this.#options;
    const what = `Create of '${stack.stack}'`;
    const limits = actionLimits(clock, { timeoutMs, signals: [signal, closing], what });
    let stored: TraversalParts['stored'];
    let region: Region;
    try {
      stored = await prepare(new Journal(store, claim, limits.cancel), limits.signal);
      await this.#forgetRegion();
      region = space.declare(stack.space, stack.stack, new StackNames(stack));
    } catch (error) {
      await this.#release(claim);
      throw error;
    } finally {
      limits.end();
    }
    return this.#runInRegion(region, claim, stored);
  }

  async #runInRegion(region: Region, claim: Claim, stored: TraversalParts['stored']): Promise<StackDescription> {
    const { store, regions, masks } = this.#services;
    const { stack, redact } = this.#analysis;
    regions.set(stackKey(stack.space, stack.stack), region);
    masks.set(stackKey(stack.space, stack.stack), redact);
    try {
      return await this.#runClaimed(region, claim, stored);
    } finally {
      // On a shared store another engine may change the stack from now on: the store alone tells its values.
      if (store.isShared) {
        regions.delete(stackKey(stack.space, stack.stack));
        await region.close();
      }
    }
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
  async #runClaimed(region: Region, claim: Claim, stored: TraversalParts['stored']): Promise<StackDescription> {
    const { clock, store, running, closing } = this.#services;
    const { space, stack } = this.#analysis.stack;
    const { timeoutMs, signal } = this.#options;
    const limits = actionLimits(clock, { timeoutMs, signals: [signal, closing], what: `Create of '${stack}'` });
    const journal = new Journal(store, claim, limits.cancel);
    const traversal = this.#traversal(region, journal, limits, stored);
    let didEnd = (): void => {};
    const action: RunningAction = {
      space,
      stack,
      action: 'CREATE',
      traversal,
      waiting: () => [...traversal.waiting(), ...this.#outputReads.waiting()],
      willRollBack: false,
      cancel: limits.cancel,
      ended: new Promise((resolve) => {
        didEnd = resolve;
      }),
    };
    running.add(action);
    try {
      const reason = stored === undefined ? 'Stack CREATE started' : 'Stack CREATE resumed';
      await this.#act(region, traversal, journal, limits, action, reason);
      return await this.#describe(traversal);
    } finally {
      limits.end();
      await this.#release(claim);
      running.remove(action);
      didEnd();
    }
  }

  async #act(
    region: Region,
    traversal: Traversal,
    journal: Journal,
    limits: ActionLimits,
    action: RunningAction,
    reason: string,
  ): Promise<void> {
    const { space, stack } = this.#analysis.stack;
    try {
      await this.#tell(journal, 'CREATE', 'IN_PROGRESS', reason);
      const result = await traversal.run();
      this.#services.closeEndpoints(space, stack);
      const failure = await this.#conclude(result, region, traversal, journal, limits);
      if (failure === undefined) return;
      action.willRollBack = this.#options.rollback === true;
      const told = this.#tell(journal, 'CREATE', 'FAILED', failure.reason, failure.outputs);
      if (action.willRollBack) await this.#rollback(journal, action);
      await told;
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
    return describeStack(record, traversal.records());
  }

  /** What happened before counts more than a claim that cannot be given back; it ends with the engine. */
  async #release(claim: Claim): Promise<void> {
    try {
      await this.#services.store.release(claim);
    } catch {
      // Told by the store to whoever claims the stack next.
    }
  }

  /** The store takes nothing any more: those who listen or wait hear of the end all the same. */
  async #tellUnstored(error: unknown, region: Region): Promise<void> {
    if (isHotloomError(error, 'StackFailed')) return;
    const { events, clock } = this.#services;
    const { stack, redact } = this.#analysis;
    const reason = redact(`Stack CREATE failed: ${messageOf(error)}`);
    const failure = new StackFailed({ what: reason, cause: error });
    for (const { name } of stack.resources) await region.fail(name, failure);
    if (!events.isHeard) return;
    const time = clock.now();
    events.emit({
      type: 'stack',
      time,
      space: stack.space,
      stack: stack.stack,
      action: 'CREATE',
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
  ): Promise<Failed | undefined> {
    const { stack, redact } = this.#analysis;
    const isComplete =
      result.failures.length === 0 &&
      result.skipped.length === 0 &&
      !(stack.resources.length === 0 && limits.signal.aborted);
    const missing = await this.#outputReads.read({
      // Outputs of a failed stack tell what there is.
      until: isComplete ? limits.signal : undefined,
      take: (name, value) => traversal.takeName(name, value),
    });
    const outputs = resolveOutputs(stack, { region, scope: traversal.scope, missing, redact });
    if (!isComplete) {
      const error = this.#failure(result, limits);
      return { error, reason: redact(error.what), outputs };
    }
    await this.#tell(journal, 'CREATE', 'COMPLETE', 'Stack CREATE completed successfully', outputs);
    return undefined;
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
      await this.#tell(journal, 'ROLLBACK', 'IN_PROGRESS', 'Stack ROLLBACK started');
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
        await this.#tell(journal, 'ROLLBACK', 'COMPLETE', 'Stack ROLLBACK completed successfully', {});
      } else {
        const reason = `Resource DELETE failed: ${result.failures[0]?.what ?? 'the rollback was stopped'}`;
        await this.#tell(journal, 'ROLLBACK', 'FAILED', reason);
      }
    } finally {
      limits.end();
    }
  }

  #failure(result: TraversalResult, limits: ActionLimits): StackFailed {
    const { stack, redact } = this.#analysis;
    const stopped = limits.signal.aborted ? limits.signal.reason : undefined;
    const first = result.failures[0];
    const cause = stopped ?? first ?? result.skipCause;
    const reason =
      stopped !== undefined
        ? messageOf(stopped)
        : first !== undefined
          ? `Resource CREATE failed: ${first.what}`
          : `Resources were not created: ${messageOf(result.skipCause)}`;
    const root = rootCause(first ?? result.skipCause);
    const others = result.failures.slice(1).map(({ what }) => what);
    const began = stopped === undefined && isHotloomError(root) ? root : undefined;
    const why = [
      root !== undefined && root !== (first ?? result.skipCause) && root !== first?.cause
        ? `It began with: ${withoutStop(messageOf(root))}.`
        : undefined,
      others.length === 0 ? undefined : `These failed too: ${others.map(withoutStop).join('; ')}.`,
      result.skipped.length === 0
        ? undefined
        : `Not created, since what they wait for failed: ${result.skipped.join(', ')}.`,
    ].filter((part) => part !== undefined);
    // It may end in the last lines that a process has printed.
    const told = [why.join(' '), began?.why ?? ''].filter((part) => part !== '').join('\n');
    const fix = [
      began?.fix,
      this.#options.rollback === true
        ? undefined
        : `Delete stack '${stack.stack}' to remove what was made, and create it again.`,
    ].filter((part) => part !== undefined);
    return new StackFailed({
      what: redact(`Stack CREATE failed: ${reason}`),
      where: stopped === undefined ? first?.where : undefined,
      why: told === '' ? undefined : redact(told),
      fix: fix.length === 0 ? undefined : redact(fix.join(' ')),
      cause,
    });
  }

  #traversal(
    region: Region,
    journal: Journal,
    { signal, cancel }: ActionLimits,
    stored: TraversalParts['stored'],
  ): Traversal {
    const { stack, graph, redact } = this.#analysis;
    return new Traversal({
      ...this.#services,
      stackId: this.#stackId,
      stack,
      graph,
      region,
      journal,
      signal,
      redact,
      didBreak: cancel,
      stored,
    });
  }

  /** Records and tells a state of the stack. */
  async #tell(
    journal: Journal,
    action: Action,
    status: Status,
    reason: string,
    outputs?: StackRecord['outputs'],
  ): Promise<void> {
    const { events, clock } = this.#services;
    const { space, stack } = this.#analysis.stack;
    const time = clock.now();
    const event: StackEvent = { type: 'stack', time, space, stack, action, status, reason };
    await journal.record(
      ...(outputs === undefined ? [] : [{ kind: 'outputs' as const, outputs }]),
      { kind: 'stack', action, status, reason, time },
      { kind: 'event', event },
    );
    if (events.isHeard) events.emit(event);
  }

  #record(): StackRecord {
    const { clock } = this.#services;
    const { stack, template, parameters } = this.#analysis;
    const now = clock.now();
    const visible: Record<string, Json> = {};
    for (const [name, definition] of template.parameters) {
      const value = parameters.get(name);
      if (!definition.hidden && value !== undefined) visible[name] = value;
    }
    return {
      id: this.#stackId,
      space: stack.space,
      name: stack.stack,
      action: 'CREATE',
      status: 'IN_PROGRESS',
      reason: '',
      createdAt: now,
      updatedAt: now,
      template: template.document as JsonObject,
      files: Object.fromEntries(template.files),
      parameters: visible,
      environment: storedEnvironment(this.#analysis),
      rollback: this.#options.rollback === true,
      outputs: {},
    };
  }
}

function withoutStop(sentence: string): string {
  return sentence.endsWith('.') ? sentence.slice(0, -1) : sentence;
}

/** A create that has failed, before it is told. */
interface Failed {
  readonly error: StackFailed;
  readonly reason: string;
  readonly outputs: StackRecord['outputs'];
}

/** What an action that comes later has to know of the environment. Parameters are stored as what they have come to. */
function storedEnvironment({ environment, template }: Analysis): JsonObject {
  const { resourceRegistry, parameterDefaults } = environment;
  const visible = Object.entries(parameterDefaults).filter(([name]) => template.parameters.get(name)?.hidden !== true);
  return {
    ...(Object.keys(resourceRegistry).length === 0 ? {} : { resource_registry: resourceRegistry }),
    ...(visible.length === 0 ? {} : { parameter_defaults: Object.fromEntries(visible) }),
  };
}

/** What a stack declares, told from its interface instead of a map of its own. */
class StackNames implements DeclaredNames {
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #attributes: readonly (readonly string[])[];

  constructor({ numbers, resources }: StackInterface) {
    const byOutputs = new Map<object, readonly string[]>();
    this.#numbers = numbers;
    this.#attributes = resources.map(({ outputs }) => {
      // Most resources share the attributes of their type.
      const attributes = byOutputs.get(outputs) ?? Object.keys(outputs);
      byOutputs.set(outputs, attributes);
      return attributes;
    });
  }

  get(resource: string): readonly string[] | undefined {
    const number = this.#numbers.get(resource);
    return number === undefined ? undefined : this.#attributes[number];
  }

  keys(): Iterable<string> {
    return this.#numbers.keys();
  }
}
