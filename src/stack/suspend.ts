import type { Claim, StackRecord } from '../store/stack-store.ts';
import { type StackChoice, withClaim } from './claimed-stack.ts';
import { describeStack, isAsleep, type StackDescription } from './describe.ts';
import { type ResourceAction, runResourceAction } from './resource-action.ts';
import type { StackServices } from './services.ts';

export interface SuspendOptions extends StackChoice {
  /** Milliseconds until what has not ended is stopped; default 3,600,000. */
  readonly timeoutMs?: number;
  /** Stops the suspend; what is suspended by then stays so. */
  readonly signal?: AbortSignal;
}

/**
 * Suspends a stack: its resources against the arrows of their creation. One whose type has nothing to suspend just becomes
 * SUSPEND_COMPLETE. A stack that is suspended is returned as it is.
 *
 * Throws EntityNotFound, ActionInProgress, and StackFailed: the stack is then SUSPEND_FAILED, and can be suspended again or
 * resumed.
 */
export async function suspendStack(services: StackServices, options: SuspendOptions): Promise<StackDescription> {
  return withClaim(services, options, async (record, claim) => {
    const isDone = record.action === 'SUSPEND' && record.status === 'COMPLETE';
    return isDone
      ? describeStack(record, await services.store.resources(record.id))
      : suspendClaimed(services, record, claim, options);
  });
}

/** The same under a claim that is held; or what is left of it when an engine was stopped in it. */
export function suspendClaimed(
  services: StackServices,
  record: StackRecord,
  claim: Claim,
  options: Pick<SuspendOptions, 'timeoutMs' | 'signal'>,
): Promise<StackDescription> {
  return runResourceAction(services, record, claim, SUSPEND, options);
}

/**
 * Has what is suspended of a stack go on, along the arrows: the stack's resume in Heat's sense. Throws StackFailed: the stack
 * is then RESUME_FAILED, and can be resumed again.
 */
export function resumeSuspended(
  services: StackServices,
  record: StackRecord,
  claim: Claim,
  options: Pick<SuspendOptions, 'timeoutMs' | 'signal'>,
): Promise<StackDescription> {
  return runResourceAction(services, record, claim, RESUME, options);
}

const SUSPEND: ResourceAction = {
  action: 'SUSPEND',
  order: 'against',
  fix: 'Remove the cause and suspend the stack again, or resume it.',
  concerns: ({ action, status }) => action !== 'SUSPEND' || status !== 'COMPLETE',
  /** As heat/engine/resource.py, suspend. */
  admit({ action, status }) {
    if (action !== 'DELETE' && (action === 'SUSPEND' || status === 'COMPLETE')) return;
    throw new Error(`State ('${action}', '${status}') invalid for suspend`);
  },
  async act(_resource, handler, call) {
    await handler?.suspend?.(call);
    return { record: { isSuspended: true } };
  },
};

/**
 * Heat resumes a stack only when all of it is suspended. Here what a suspend that failed has not come to is left alone, and
 * what it has failed for is resumed too: else nothing that it has suspended could go on.
 */
const RESUME: ResourceAction = {
  action: 'RESUME',
  order: 'along',
  fix: 'Remove the cause and resume the stack again.',
  concerns: (record) => isAsleep(record) || record.status === 'FAILED',
  admit(record) {
    if (!isAsleep(record)) throw new Error(`State ('${record.action}', '${record.status}') invalid for resume`);
  },
  async act(_resource, handler, call) {
    await handler?.resume?.(call);
    return { record: { isSuspended: undefined } };
  },
};
