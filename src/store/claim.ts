import { hostname } from 'node:os';
import { ActionInProgress, ClaimLost } from '../errors.ts';
import { isRunning, pidNamespace } from '../process-identity.ts';
import type { Claim, Claimant } from './stack-store.ts';

/**
 * Milliseconds on this machine's monotonic clock. All processes of the machine share it, and nobody who sets the time moves
 * it; it begins anew when the machine does.
 */
export function monotonicNow(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}

/**
 * Whether the holder of a claim still has it: its lease is not over, and it is not a process of this host that runs no
 * more. Both times are of the store's own clock, so no two clocks are ever compared.
 */
export function isHeld(holder: Claimant, renewedAt: number, now: number): boolean {
  const age = now - renewedAt;
  // A renewal that lies ahead is from before the clock began anew.
  return age >= 0 && age < holder.leaseMs && !isKnownDead(holder);
}

/** Of the processes of another host, or of another container, nothing is known here: only the lease tells. */
function isKnownDead({ host, pid, processStart, pidNamespace: namespace }: Claimant): boolean {
  const isVisible = host === hostname() && (namespace === undefined || namespace === pidNamespace());
  return isVisible && !isRunning(pid, processStart);
}

/** The stack cannot be claimed: `holder` is at work on it. */
export function stackIsBusy(stack: string, holder: Claimant, claimant: Claimant): ActionInProgress {
  const itself = holder.engineId === claimant.engineId;
  const lease = `${holder.leaseMs / 1000} s`;
  return new ActionInProgress({
    what: `Stack ${stack} already has an action in progress.`,
    why: itself
      ? 'This engine is at work on it: one action at a time changes a stack.'
      : `The engine in ${describeProcess(holder)} is at work on it: one action at a time changes a stack.`,
    fix: itself
      ? 'Wait until that action has ended, or cancel it.'
      : holder.host === claimant.host && holder.pidNamespace === claimant.pidNamespace
        ? `Wait until that action has ended, or cancel it, if it is a create or an update ('hotloom cancel'). If the process hangs, end it (kill ${holder.pid}) and run the action again.`
        : `Wait until that action has ended. If that process is gone, run the action again: the stack is free ${lease} after its last sign of life.`,
  });
}

/** A write came under `claim`, which holds no more; `present` is what the store has of the stack's claims, if anything. */
export function claimWasLost(
  claim: Claim,
  present: { readonly stack: string; readonly fence: number; readonly holder: Claimant | undefined } | undefined,
): ClaimLost {
  return new ClaimLost({
    what: `Nothing was stored: the claim on ${present === undefined ? 'the stack' : `stack ${present.stack}`} was lost.`,
    why: whyLost(claim, present),
    fix: 'What this engine was at work with is stopped. Look at the state of the stack, and run the action again if it is still wanted.',
  });
}

function whyLost(
  { fence }: Claim,
  present: { readonly fence: number; readonly holder: Claimant | undefined } | undefined,
): string {
  if (present === undefined) return 'The stack is not there any more.';
  if (present.fence <= fence) return 'It was released.';
  const by = present.holder === undefined ? 'Another engine' : `The engine in ${describeProcess(present.holder)}`;
  return `${by} has taken the stack over, because this one gave no sign of life for longer than its lease, or seemed dead.`;
}

/** The engine could not renew its claim until its lease was over, because of `cause`: another one may have the stack now. */
export function leaseIsOver(leaseMs: number, cause: unknown): ClaimLost {
  return new ClaimLost({
    what: `The claim on the stack could not be renewed for ${leaseMs / 1000} s.`,
    why: 'The store did not take it, and another engine may have taken the stack over since.',
    fix: 'What this engine was at work with is stopped. When the store can be used again, resume the stack.',
    cause,
  });
}

/** `process 4711 on db-1`. */
export function describeProcess({ pid, host }: Pick<Claimant, 'pid' | 'host'>): string {
  return `process ${pid} on ${host}`;
}
