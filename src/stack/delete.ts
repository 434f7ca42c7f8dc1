import {
  ActionCancelled,
  type HotloomError,
  isHotloomError,
  messageOf,
  NotSupported,
  ResourceFailure,
  StackFailed,
  StackInUse,
} from '../errors.ts';
import { printName } from '../names.ts';
import { deleteResources } from '../scheduler/delete-traversal.ts';
import { Hooks, hookToClear } from '../scheduler/hooks.ts';
import type { Journal } from '../scheduler/journal.ts';
import type { Claim, ResourceRecord, StackRecord } from '../store/stack-store.ts';
import { noSuchResource } from '../store/stored-stack.ts';
import type { JsonObject } from '../values.ts';
import { type ClaimedAction, runClaimed } from './claimed-action.ts';
import { underClaim } from './claimed-stack.ts';
import { findStack } from './find-stack.ts';
import { removeSnapshot } from './remove-snapshot.ts';
import { hooksOfEnvironment } from './restrictions.ts';
import { insteadOfOwnAction, type RunningAction, type StackServices, stackKey } from './services.ts';
import { tellingStaleReaders } from './stale-reads.ts';
import { secretsOf } from './stored-secrets.ts';

export interface DeleteOptions {
  readonly stack: string;
  /** Default: `default`. */
  readonly space?: string;
  /** Deletes although other stacks have read its values. */
  readonly force?: boolean;
  /** Milliseconds; default 3,600,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Deletes a stack: its resources against the arrows of their creation, then everything stored of it. A create of the
 * same engine that is still at work is cancelled first. Resolves when nothing is left.
 *
 * Throws EntityNotFound, ActionInProgress (another engine has the stack), StackInUse, and StackFailed when a resource
 * could not be deleted: the stack is then DELETE_FAILED and can be deleted again.
 */
export async function deleteStack(services: StackServices, options: DeleteOptions): Promise<void> {
  const { space = 'default', stack } = options;
  if (options.force !== true) await refuseIfRead(services, space, stack);
  const reason = ({ action }: RunningAction): Error =>
    new ActionCancelled({
      what: `Stack ${action} was cancelled: the stack is to be deleted.`,
      why: 'A delete of a stack ends what is still at work on it.',
    });
  // A create is undone if its caller has asked for that; it is deleted in any case.
  const onFailure = ({ action, onFailure }: RunningAction) => (action === 'CREATE' ? onFailure : 'stay');
  await insteadOfOwnAction(services, { space, name: stack }, { reason, onFailure }, async () => {
    await underClaim(services, await findStack(services, space, stack), async (claim) => {
      if (options.force !== true) await refuseIfRead(services, space, stack);
      // As it is now: another engine may have had it until the claim.
      const record = await findStack(services, space, stack);
      await tellingStaleReaders(services, record, () => deleteClaimed(services, record, claim, options));
    });
  });
}

/**
 * Deletes the resources of a stack under `claim`, and at the end of a DELETE the stack itself; of a ROLLBACK it stays, as
 * under Heat. Throws StackFailed.
 */
export async function deleteClaimed(
  services: StackServices,
  record: StackRecord,
  claim: Claim,
  options: Pick<DeleteOptions, 'timeoutMs' | 'signal'>,
  action: 'DELETE' | 'ROLLBACK' = 'DELETE',
): Promise<void> {
  const key = stackKey(record.space, record.name);
  const word = action === 'DELETE' ? 'Delete' : 'Rollback';
  await runClaimed(services, record, claim, { ...options, action, word }, async (claimed) => {
    const { journal, limits, tell, emit } = claimed;
    const isResumed = record.action === action;
    const records = await services.store.resources(record.id);
    // Asking for what a handler needs tells that a key is missing, before anything is done.
    for (const each of records) void each.data;
    for (const { id } of await services.store.snapshots(record.id)) await services.store.resourceSnapshots(id);
    // As under Heat, a rollback is not stopped.
    const hooks = action === 'DELETE' ? deleteHooks(services, record, records, claimed) : undefined;
    const begun = isInterrupted(record, action) ? [] : [{ kind: 'hooksGone' } as const];
    await tell('IN_PROGRESS', `Stack ${action} ${isResumed ? 'resumed' : 'started'}`, begun);
    // A rollback keeps the stack, and so its snapshots.
    const failed = action === 'DELETE' ? await removeSnapshots(services, record, journal, limits.signal) : undefined;
    if (failed !== undefined) {
      await tell('FAILED', failed.what);
      throw new StackFailed({
        what: `Stack ${action} failed: ${failed.what}`,
        why: 'What its snapshots have kept goes first; its resources are still there.',
        fix: 'Remove the cause and delete the stack again.',
        cause: limits.signal.aborted ? limits.signal.reason : failed,
      });
    }
    const result = await deleteResources({
      ...services,
      space: record.space,
      stack: record.name,
      stackId: record.id,
      records,
      deleteHooks: hooks,
      journal,
      signal: limits.signal,
      redact: secretsOf(services, record).mask,
    });
    if (result.remaining.length > 0) {
      const first = result.failures[0];
      const reason = first === undefined ? messageOf(limits.signal.reason) : `Resource DELETE failed: ${first.what}`;
      await tell('FAILED', reason);
      throw new StackFailed({
        what: `Stack ${action} failed: ${reason}`,
        why: `These resources are still there: ${result.remaining.join(', ')}.`,
        fix: 'Remove the cause and delete the stack again; what is gone already is not asked for twice.',
        cause: limits.signal.aborted ? limits.signal.reason : first,
      });
    }
    await services.regions.get(key)?.close();
    services.regions.delete(key);
    const done = `Stack ${action} completed successfully`;
    if (action === 'DELETE') {
      await services.store.removeStack(claim);
      services.secretsByStack.delete(key);
      emit('COMPLETE', done);
    } else {
      await tell('COMPLETE', done, [{ kind: 'outputs', outputs: {} }]);
    }
  });
}

/** Whether an engine was stopped in that action, which goes on now. */
function isInterrupted({ action, status }: StackRecord, now: 'DELETE' | 'ROLLBACK'): boolean {
  return action === now && status === 'IN_PROGRESS';
}

/** The hooks of the delete, by which the action can be watched. */
function deleteHooks(
  services: StackServices,
  record: StackRecord,
  records: readonly ResourceRecord[],
  { journal, limits, watch }: ClaimedAction,
): Hooks {
  const hooks = new Hooks({
    ...services,
    space: record.space,
    stack: record.name,
    stackId: record.id,
    journal,
    signal: limits.signal,
    hooksOf: hooksOfEnvironment((record.environment.resource_registry ?? {}) as JsonObject),
    stored: isInterrupted(record, 'DELETE') ? record.hooks : undefined,
    describe: (resource) => records.find(({ name }) => name === resource),
  });
  watch({
    waiting: () => hooks.waiting(),
    signalResource: async (resource, data) => {
      if (!records.some(({ name }) => name === resource)) throw noSuchResource(record.name, resource);
      const hook = hookToClear(data);
      if (hook !== undefined) return hooks.clear(resource, hook);
      throw new NotSupported({
        what: 'Signal resource during DELETE is not supported.',
        why: `Stack '${record.name}' is being deleted.`,
        fix: 'Only a hook can be cleared now.',
      });
    },
  });
  return hooks;
}

/** Returns why one of them is still there. */
async function removeSnapshots(
  services: StackServices,
  record: StackRecord,
  journal: Journal,
  signal: AbortSignal,
): Promise<HotloomError | undefined> {
  for (const { id } of await services.store.snapshots(record.id)) {
    try {
      await removeSnapshot(services, record, id, journal, signal);
    } catch (error) {
      if (isHotloomError(error, ResourceFailure.name)) return error;
      throw error;
    }
  }
  return undefined;
}

async function refuseIfRead(services: StackServices, space: string, stack: string): Promise<void> {
  const readers = await services.store.readersOf(space, stack);
  if (readers.length === 0) return;
  const lines = readers.map(
    (reader) =>
      `${printName([reader.space, reader.stack])} reads ${reader.names.map((name) => printName(name)).join(', ')}`,
  );
  throw new StackInUse({
    what: `Stack ${stack} is in use: other stacks have read its values.`,
    why: `${lines.join('; ')}.`,
    fix: 'Delete those stacks first, or delete this one by force.',
  });
}
