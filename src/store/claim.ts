import { hostname } from 'node:os';
import { ActionInProgress } from '../errors.ts';
import { isRunning } from '../process-identity.ts';
import type { Claimant } from './stack-store.ts';

/**
 * True unless the claimant is a process of this host that runs no more. Of another host nothing is known here, so its
 * claimant counts as alive: its stack has to be released there, or by an operator.
 */
export function isAlive(claimant: Claimant): boolean {
  return claimant.host !== hostname() || isRunning(claimant.pid, claimant.processStart);
}

/** The stack cannot be claimed: `holder` is at work on it. */
export function stackIsBusy(stack: string, holder: Claimant, claimant: Claimant): ActionInProgress {
  const itself = holder.engineId === claimant.engineId;
  return new ActionInProgress({
    what: `Stack ${stack} already has an action in progress.`,
    why: itself
      ? 'This engine is at work on it: one action at a time changes a stack.'
      : `The engine in ${describe(holder)} is at work on it: one action at a time changes a stack.`,
    fix: itself
      ? 'Wait until that action has ended, or cancel it.'
      : holder.host === claimant.host
        ? `Wait until that action has ended. If the process hangs, end it (kill ${holder.pid}) and run the action again.`
        : `Wait until that action has ended. If ${holder.host} is gone for good, its claim has to be removed from the store.`,
  });
}

/** A write came under a claim that holds no more; `holder` is who has the stack now. */
export function claimWasLost(stack: string, holder: Claimant | undefined): ActionInProgress {
  return new ActionInProgress({
    what: `Nothing was stored: the claim on stack ${stack} was lost.`,
    why:
      holder === undefined
        ? 'It was released, or the stack was removed.'
        : `The engine in ${describe(holder)} has taken the stack over, because this one seemed dead.`,
    fix: 'Look at the state of the stack, and run the action again if it is still wanted.',
  });
}

function describe(claimant: Claimant): string {
  return `process ${claimant.pid} on ${claimant.host}`;
}
