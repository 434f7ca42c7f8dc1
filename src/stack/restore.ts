import { NotSupported } from '../errors.ts';
import type { SnapshotRecord, StackRecord } from '../store/stack-store.ts';
import type { JsonObject } from '../values.ts';
import { analyseStored } from './analyse.ts';
import type { StackDescription } from './describe.ts';
import { findStack } from './find-stack.ts';
import type { StackServices } from './services.ts';
import { findSnapshot, type SnapshotChoice } from './snapshot.ts';
import { requireKey } from './stored-secrets.ts';
import { refuseState, runUpdate, superseding } from './update.ts';

export interface RestoreOptions extends SnapshotChoice {
  /** The values of hidden parameters, which are not stored, where the template has no default for them. */
  readonly parameters?: JsonObject;
  /** Milliseconds until what has not ended is stopped; default 3,600,000. */
  readonly timeoutMs?: number;
  /** Goes back to what the stack was when it was last complete, when the restore fails. Default false. */
  readonly rollback?: boolean;
  /** Cancels the restore. What is done by then stays recorded. */
  readonly signal?: AbortSignal;
}

/**
 * Brings a stack back to a snapshot: an update to the definition of then, in which each resource whose handler can gets what
 * the snapshot has kept of it, also when its properties are what they were. Resolves with the complete stack.
 *
 * Throws EntityNotFound, ActionInProgress, NotSupported for a snapshot that is not complete or a stack that is suspended or
 * being deleted, UserParameterMissing for a hidden parameter that is not given again, and StackFailed: the stack is then
 * RESTORE_FAILED, or ROLLBACK_COMPLETE with `rollback`, and can be restored again or updated.
 */
export async function restoreStack(services: StackServices, options: RestoreOptions): Promise<StackDescription> {
  const { timeoutMs, signal, rollback } = options;
  const record = await findStack(services, options.space ?? 'default', options.stack);
  const snapshot = await findSnapshot(services, record, options.snapshot);
  refuseIncomplete(snapshot);
  await refuseState(services, record, 'Restoring');
  requireKey(record);
  const { id, space, name } = record;
  const analysis = analyseStored(services, { id, space, name, ...snapshot.definition }, options.parameters);
  const run = {
    timeoutMs,
    signal,
    rollback,
    tags: snapshot.tags ?? [],
    restoring: snapshot.id,
    // Somebody else may have deleted it until the stack was claimed.
    check: async (claimed: StackRecord) => refuseIncomplete(await findSnapshot(services, claimed, snapshot.id)),
  };
  return superseding(services, record, () => runUpdate(services, record, analysis, run));
}

function refuseIncomplete({ id, name = id, action, status }: SnapshotRecord): void {
  if (action === 'CREATE' && status === 'COMPLETE') return;
  throw new NotSupported({
    what: `Restoring incomplete snapshot is not supported: ${name} is ${action}_${status}.`,
    why: action === 'DELETE' ? 'A part of it may be gone already.' : 'It does not hold the whole stack.',
    fix: 'Choose one that is CREATE_COMPLETE.',
  });
}
