import { isHotloomError, StackFailed } from '../errors.ts';
import type { Action } from '../events.ts';
import type { Claim, StackRecord } from '../store/stack-store.ts';
import type { JsonObject } from '../values.ts';
import { analyseStored } from './analyse.ts';
import type { CancelOptions } from './cancel.ts';
import { checkClaimed } from './check.ts';
import { underClaim, withClaim } from './claimed-stack.ts';
import { deleteClaimed } from './delete.ts';
import { describeStack, isAsleep, isInterrupted, type StackDescription } from './describe.ts';
import { findStack } from './find-stack.ts';
import { Interruption } from './interruption.ts';
import { Operation } from './operation.ts';
import type { StackServices } from './services.ts';
import { finishSnapshot } from './snapshot.ts';
import { requireKey } from './stored-secrets.ts';
import { resumeSuspended, type SuspendOptions, suspendClaimed } from './suspend.ts';
import { resumeUpdate } from './update.ts';

export interface ResumeOptions {
  readonly stack: string;
  /** Default: `default`. */
  readonly space?: string;
  /** The values of hidden parameters, which are not stored, where the template has no default for them. */
  readonly parameters?: JsonObject;
  /** Milliseconds for the rest of the action; default 3,600,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Goes on with the action in which a stack's engine was stopped; resumes, in Heat's sense, a stack that is suspended.
 * Resolves with the stack, undefined when nothing is left of it, because a delete has come to its end; a stack that is neither
 * is returned as it is.
 *
 * Throws what the action itself throws, ActionInProgress while an engine that lives has the stack, and
 * UserParameterMissing for a hidden parameter that is not given again.
 */
export async function resumeStack(
  services: StackServices,
  options: ResumeOptions,
): Promise<StackDescription | undefined> {
  const before = await findStack(services, options.space ?? 'default', options.stack);
  return before.status === 'IN_PROGRESS' ? goOn(services, before, options) : wakeIfAsleep(services, before, options);
}

/** A stack in which an engine was stopped, and what came of going on with it. */
export interface ResumedStack {
  readonly space: string;
  readonly stack: string;
  /** Undefined when the rest of its action failed, or when nothing is left of it. */
  readonly description: StackDescription | undefined;
  /** Why the rest of its action failed, or could not begin; undefined when it went well. */
  readonly error: unknown;
}

/**
 * Goes on with each action in which an engine was stopped, all at once: one stack may wait for a value of another. Resolves
 * when all of them have ended, by space and name; what fails of one does not stop the others.
 */
export async function resumeAllStacks(
  services: StackServices,
  limits: Pick<ResumeOptions, 'timeoutMs' | 'signal'>,
): Promise<readonly ResumedStack[]> {
  const resumed: Promise<ResumedStack>[] = [];
  for (const record of await services.store.listStacks()) {
    if (await isInterrupted(services.store, record)) resumed.push(resumeOne(services, record, limits));
  }
  return Promise.all(resumed);
}

async function resumeOne(
  services: StackServices,
  { space, name: stack }: StackRecord,
  limits: Pick<ResumeOptions, 'timeoutMs' | 'signal'>,
): Promise<ResumedStack> {
  try {
    const description = await resumeStack(services, { space, stack, ...limits });
    return { space, stack, description, error: undefined };
  } catch (error) {
    return { space, stack, description: undefined, error };
  }
}

async function goOn(
  services: StackServices,
  before: StackRecord,
  options: ResumeOptions,
): Promise<StackDescription | undefined> {
  return services.running.starting(before.space, before.name, () =>
    underClaim(services, before, async (claim) => {
      // As it is now: another engine may have come to the end of it, and have been stopped in something else.
      const record = await findStack(services, before.space, before.name);
      return record.status === 'IN_PROGRESS'
        ? goOnClaimed(services, record, claim, options)
        : describe(services, record);
    }),
  );
}

async function goOnClaimed(
  services: StackServices,
  record: StackRecord,
  claim: Claim,
  options: ResumeOptions,
): Promise<StackDescription | undefined> {
  if (record.action !== 'DELETE') requireKey(record);
  const finish = FINISHERS.get(record.action);
  if (finish !== undefined) return finish(services, record, claim, options);
  const isDelete = record.action === 'DELETE';
  if (isDelete || (record.action === 'ROLLBACK' && record.previous === undefined)) {
    await deleteClaimed(services, record, claim, options, isDelete ? 'DELETE' : 'ROLLBACK');
    const left = await services.store.findStack(record.space, record.name);
    return left?.id === record.id ? describe(services, left) : undefined;
  }
  const analysis = analyseStored(services, record, options.parameters);
  if (record.action !== 'CREATE') return resumeUpdate(services, record, claim, analysis, options);
  const { timeoutMs, signal } = options;
  const limits = { timeoutMs, signal, rollback: 'delete', rollsBack: record.rollback } as const;
  return new Operation(services, limits, analysis, record.id).goOn(claim, 'resumed', async (journal, stop) => ({
    stored: await new Interruption(services, analysis, record.id).clear(journal, stop),
    hooks: record.hooks,
  }));
}

async function describe(services: StackServices, record: StackRecord): Promise<StackDescription> {
  return describeStack(record, await services.store.resources(record.id));
}

/** The actions that only go over what stands: what is left of them is done like the whole. */
const FINISHERS: ReadonlyMap<Action, typeof suspendClaimed> = new Map([
  ['CHECK', checkClaimed],
  ['SUSPEND', suspendClaimed],
  ['RESUME', resumeSuspended],
  ['SNAPSHOT', finishSnapshot],
]);

/** Brings the action in which an engine was stopped to its end, if there is one, before another begins on the stack. */
export async function resumeInterrupted(
  services: StackServices,
  { space = 'default', stack, timeoutMs, signal }: SuspendOptions,
): Promise<void> {
  const record = await services.store.findStack(space, stack);
  if (record?.status !== 'IN_PROGRESS' || services.running.get(space, stack) !== undefined) return;
  const limits = { ...(timeoutMs === undefined ? {} : { timeoutMs }), ...(signal === undefined ? {} : { signal }) };
  await goOn(services, record, { stack, ...limits });
}

/**
 * The same where the action has only gone over what stands: an update takes any other as it finds it. That it failed is told
 * by the state of the stack, and by that the next action decides.
 */
export async function finishResourceAction(
  services: StackServices,
  options: SuspendOptions,
  actions: readonly Action[] = [...FINISHERS.keys()],
): Promise<void> {
  const record = await services.store.findStack(options.space ?? 'default', options.stack);
  if (record === undefined || !actions.includes(record.action)) return;
  try {
    await resumeInterrupted(services, options);
  } catch (error) {
    if (!isHotloomError(error, StackFailed.name)) throw error;
  }
}

/**
 * A cancel that is repeated after its engine was stopped in the rollback goes on with that: it is what was asked for. Undefined
 * when no engine was stopped in a rollback of the stack.
 */
export async function finishRollback(
  services: StackServices,
  { space = 'default', stack, rollback = true }: CancelOptions,
): Promise<StackDescription | undefined> {
  await services.running.begun(space, stack);
  const record = rollback ? await services.store.findStack(space, stack) : undefined;
  const isOurs = services.running.get(space, stack) !== undefined;
  if (record?.action !== 'ROLLBACK' || isOurs || !(await isInterrupted(services.store, record))) return undefined;
  return goOn(services, record, { space, stack });
}

/** The stack's resume in Heat's sense, where it or something of it is suspended. */
async function wakeIfAsleep(
  services: StackServices,
  before: StackRecord,
  options: ResumeOptions,
): Promise<StackDescription> {
  const resources = await services.store.resources(before.id);
  if (before.action !== 'SUSPEND' && !resources.some(isAsleep)) return describeStack(before, resources);
  return withClaim(services, options, (record, claim) => resumeSuspended(services, record, claim, options));
}
