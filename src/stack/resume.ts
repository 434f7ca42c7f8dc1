import { EntityNotFound, isHotloomError } from '../errors.ts';
import type { Claim, StackRecord } from '../store/stack-store.ts';
import type { JsonObject } from '../values.ts';
import { analyseStored } from './analyse.ts';
import { checkClaimed } from './check.ts';
import { deleteClaimed, findStack } from './delete.ts';
import { describeStack, type StackDescription } from './describe.ts';
import { Interruption } from './interruption.ts';
import { Operation } from './operation.ts';
import type { StackServices } from './services.ts';
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
 * Goes on with the action in which a stack's engine was stopped. Resolves with the stack, undefined when nothing is left
 * of it, because a delete has come to its end; a stack that nobody was at work on is returned as it is.
 *
 * Throws what the action itself throws, ActionInProgress while an engine that lives has the stack, and
 * UserParameterMissing for a hidden parameter that is not given again.
 */
export async function resumeStack(
  services: StackServices,
  options: ResumeOptions,
): Promise<StackDescription | undefined> {
  const { space = 'default', stack } = options;
  const { store } = services;
  const before = await findStack(services, space, stack);
  if (before.status !== 'IN_PROGRESS') return describe(services, before);
  // Whatever is wrong with what was given is told before the stack is claimed.
  const isCheck = before.action === 'CHECK';
  const needsNoTemplate =
    isCheck || before.action === 'DELETE' || (before.action === 'ROLLBACK' && before.previous === undefined);
  const analysis = needsNoTemplate ? undefined : analyseStored(services, before, options.parameters);
  const claim = await store.claim(before.id, await services.claimant());
  const record = await store.findStack(space, stack);
  // Somebody else may have come to the end of it before.
  if (record?.id !== before.id || record.status !== 'IN_PROGRESS' || record.action !== before.action) {
    await store.release(claim);
    return record === undefined ? undefined : describe(services, record);
  }
  if (isCheck) return finishCheck(services, record, claim, options);
  if (analysis === undefined) return finishDelete(services, record, claim, options);
  if (record.action !== 'CREATE') return resumeUpdate(services, record, claim, analysis, options);
  const { timeoutMs, signal } = options;
  const limits = { timeoutMs, signal, rollback: record.rollback ? ('delete' as const) : undefined };
  return new Operation(services, limits, analysis, record.id).goOn(claim, 'resumed', async (journal, stop) => ({
    stored: await new Interruption(services, analysis, record.id).clear(journal, stop),
  }));
}

async function describe(services: StackServices, record: StackRecord): Promise<StackDescription> {
  return describeStack(record, await services.store.resources(record.id));
}

async function finishCheck(
  services: StackServices,
  record: StackRecord,
  claim: Claim,
  options: ResumeOptions,
): Promise<StackDescription> {
  try {
    return await checkClaimed(services, record, claim, options);
  } finally {
    await services.store.release(claim);
  }
}

async function finishDelete(
  services: StackServices,
  record: StackRecord,
  claim: Claim,
  options: ResumeOptions,
): Promise<StackDescription | undefined> {
  try {
    await deleteClaimed(services, record, claim, options, record.action === 'ROLLBACK' ? 'ROLLBACK' : 'DELETE');
  } finally {
    await services.store.release(claim);
  }
  try {
    return await describe(services, await findStack(services, record.space, record.name));
  } catch (error) {
    if (isHotloomError(error, EntityNotFound.name)) return undefined;
    throw error;
  }
}
