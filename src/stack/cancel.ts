import { pause } from '../clock.ts';
import { requestCancel } from '../endpoint/client.ts';
import { ToldError } from '../endpoint/told-error.ts';
import { ActionCancelled, ActionInProgress, EndpointUnreachable, NotSupported } from '../errors.ts';
import type { StackEvent } from '../events.ts';
import type { Claim, StackRecord, StoreChange } from '../store/stack-store.ts';
import { analyseStored } from './analyse.ts';
import { whileAnswering } from './ask-waiting.ts';
import type { StackChoice } from './claimed-stack.ts';
import { underClaim } from './claimed-stack.ts';
import { deleteClaimed } from './delete.ts';
import { describeStack, type StackDescription } from './describe.ts';
import { findStack } from './find-stack.ts';
import { rollbackOf } from './rollback.ts';
import type { RunningAction, StackServices } from './services.ts';
import { requireKey } from './stored-secrets.ts';

export interface CancelOptions extends StackChoice {
  /**
   * Goes back to what the stack was when it was last complete; a create is undone. Default true, as Heat's cancel_update;
   * false is its cancel_without_rollback: what is done by then stays recorded, and another update goes on from there.
   */
  readonly rollback?: boolean;
}

/**
 * Ends what is at work on a stack, in this engine or in another process of this user on the same store, or what an engine
 * was stopped in. Resolves with the stack once that has ended, its rollback too; when it came to its end by itself meanwhile,
 * the stack is complete.
 *
 * Throws EntityNotFound, NotSupported when nothing is at work that can be cancelled so, ActionInProgress when the engine
 * that is at work cannot be asked, EndpointUnreachable when it stands still, and StackFailed when a rollback fails.
 */
export async function cancelStack(
  services: StackServices,
  { space = 'default', stack, rollback = true }: CancelOptions,
): Promise<StackDescription> {
  const { running, store, clock, closing } = services;
  await running.begun(space, stack);
  const own = running.get(space, stack);
  if (own !== undefined) {
    await cancelOwn(own, rollback);
    return describe(services, await findStack(services, space, stack));
  }
  const first = await findStack(services, space, stack);
  if (first.status !== 'IN_PROGRESS') throw nothingToCancel(first);
  for (const end = clock.now() + PATIENCE_MS; ; ) {
    const record = await findStack(services, space, stack);
    // What came to its end meanwhile.
    if (record.status !== 'IN_PROGRESS') return describe(services, record);
    const holder = await store.holder(record.id);
    if (holder === undefined) return cancelInterrupted(services, record, rollback);
    const { observers, host, pid } = holder;
    if (observers === undefined) throw cannotAsk(record);
    const reply = await whileAnswering(services, { observers, host, pid }, { space, stack }, (signal) =>
      requestCancel(observers, space, stack, rollback, signal),
    );
    if (reply.kind !== 'failed') return describe(services, await findStack(services, space, stack));
    // It has ended, or was killed, and another one may have the stack.
    const isGone = reply.failure.code === EndpointUnreachable.name;
    if (!isGone || clock.now() >= end) throw new ToldError(reply.failure);
    await pause(clock, PAUSE_MS, closing);
  }
}

/** How long a cancel looks for whoever is at work, when the one that was asked is gone. */
const PATIENCE_MS = 30_000;

/** How long until it looks again. */
const PAUSE_MS = 50;

/** The same for an action of this engine; resolves when it has ended. */
export async function cancelOwn(action: RunningAction, rollback: boolean): Promise<void> {
  const { stack, action: word } = action;
  if (word === 'DELETE' || word === 'ROLLBACK' || action.willRollBack) {
    throw new NotSupported({
      what: `Cancelling a stack when it is ${word === 'DELETE' ? 'deleting' : 'rolling back'} is not supported.`,
      why: 'What has been done of it cannot be taken back.',
      fix: 'Wait until it has ended.',
    });
  }
  if (rollback && !action.canRollBack) throw cannotRollBack(stack, word);
  action.onFailure = rollback ? 'rollBack' : 'stay';
  action.cancel(cancelled(word, rollback));
  await action.ended;
}

/** Nobody is at work on it any more. */
async function cancelInterrupted(
  services: StackServices,
  before: StackRecord,
  rollback: boolean,
): Promise<StackDescription> {
  await underClaim(services, before, async (claim) => {
    const record = await findStack(services, before.space, before.name);
    // It came to its end meanwhile.
    if (record.status !== 'IN_PROGRESS') return;
    const { action } = record;
    if (action === 'DELETE' || action === 'ROLLBACK') throw nothingToCancel(record);
    requireKey(record);
    if (rollback && action === 'CREATE') await deleteClaimed(services, record, claim, {}, 'ROLLBACK');
    else if (rollback) {
      const back =
        action === 'UPDATE' || action === 'RESTORE'
          ? rollbackOf(services, record, analyseStored(services, record), undefined)
          : undefined;
      if (back === undefined) throw cannotRollBack(record.name, action);
      await back(claim, failedChanges(services, record, rollback));
    } else await markFailed(services, record, claim);
  });
  return describe(services, await findStack(services, before.space, before.name));
}

async function markFailed(services: StackServices, record: StackRecord, claim: Claim): Promise<void> {
  const changes = [...failedChanges(services, record, false), ...(await failedSnapshots(services, record))];
  await services.store.append(claim, changes);
  for (const change of changes)
    if (change.kind === 'event' && services.events.isHeard) services.events.emit(change.event);
}

/** A snapshot that the engine was stopped in has failed with it: nobody goes on with it. */
async function failedSnapshots({ store }: StackServices, { id, action }: StackRecord): Promise<readonly StoreChange[]> {
  if (action !== 'SNAPSHOT') return [];
  const begun = (await store.snapshots(id)).filter((each) => each.action === 'CREATE' && each.status === 'IN_PROGRESS');
  const { what: reason } = cancelled(action, false);
  return begun.map((each) => ({ kind: 'snapshotState', id: each.id, action: 'CREATE', status: 'FAILED', reason }));
}

function failedChanges(
  { clock }: StackServices,
  { space, name, action }: StackRecord,
  rollback: boolean,
): readonly StoreChange[] {
  const reason = `Stack ${action} failed: ${cancelled(action, rollback).what}`;
  const time = clock.now();
  const event: StackEvent = { type: 'stack', time, space, stack: name, action, status: 'FAILED', reason };
  return [
    { kind: 'event', event },
    { kind: 'stack', action, status: 'FAILED', reason, time },
  ];
}

async function describe({ store }: StackServices, record: StackRecord): Promise<StackDescription> {
  return describeStack(record, await store.resources(record.id));
}

function cancelled(action: string, rollback: boolean): ActionCancelled {
  return new ActionCancelled({
    what: `Stack ${action} was cancelled.`,
    why: rollback ? 'It was asked for, with a rollback.' : 'It was asked for, without a rollback: what is done stays.',
    fix: rollback ? undefined : 'Update the stack again to go on from there.',
  });
}

function nothingToCancel({ name, action, status }: StackRecord): NotSupported {
  const isInterrupted = status === 'IN_PROGRESS';
  return new NotSupported({
    what: `Cancelling a stack when it is ${action}_${status} is not supported: ${name}.`,
    why: isInterrupted
      ? `An engine was stopped in its ${action}, and what that has done cannot be taken back.`
      : 'Nothing is at work on it that could be cancelled.',
    fix: isInterrupted ? `Go on with it: 'hotloom resume ${name}'.` : 'See its state, and update it or delete it.',
  });
}

function cannotRollBack(stack: string, action: string): NotSupported {
  return new NotSupported({
    what: `The ${action} of stack '${stack}' cannot be rolled back.`,
    why:
      action === 'UPDATE'
        ? 'The stack was never complete: there is nothing to go back to.'
        : 'Only a create and an update can.',
    fix: 'Cancel it without a rollback.',
  });
}

function cannotAsk({ name }: StackRecord): ActionInProgress {
  return new ActionInProgress({
    what: `Stack ${name} has an action in progress, and its engine cannot be asked to cancel it.`,
    why: 'It works on another machine, or does not listen.',
    fix: 'Cancel it there.',
  });
}
