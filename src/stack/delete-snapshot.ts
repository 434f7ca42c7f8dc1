import { Journal } from '../scheduler/journal.ts';
import { secretMarks } from '../scheduler/secret-marks.ts';
import { actionLimits } from './action-limits.ts';
import { withClaim } from './claimed-stack.ts';
import { removeSnapshot } from './remove-snapshot.ts';
import type { StackServices } from './services.ts';
import { findSnapshot, type SnapshotChoice } from './snapshot.ts';
import { secretsOf } from './stored-secrets.ts';

export interface DeleteSnapshotOptions extends SnapshotChoice {
  /** Milliseconds; default 3,600,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Deletes a snapshot with what handlers have kept for it. Resolves when nothing is left. Throws EntityNotFound,
 * UsageError for a name that several have, ActionInProgress, and ResourceFailure when something could not be removed: it is then DELETE_FAILED, and can be deleted
 * again.
 */
export async function deleteSnapshot(services: StackServices, options: DeleteSnapshotOptions): Promise<void> {
  await withClaim(services, options, async (record, claim) => {
    const { clock, closing, store } = services;
    const { id } = await findSnapshot(services, record, options.snapshot);
    const { timeoutMs, signal } = options;
    const what = `Delete of snapshot '${options.snapshot}'`;
    const limits = actionLimits(clock, { timeoutMs, signals: [signal, closing], what });
    const journal = new Journal(store, claim, limits.cancel, secretMarks({ secrets: secretsOf(services, record) }));
    try {
      await removeSnapshot(services, record, id, journal, limits.signal);
    } finally {
      limits.end();
    }
  });
}
