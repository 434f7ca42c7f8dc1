import { messageOf, ResourceFailure } from '../errors.ts';
import { deleteCall } from '../scheduler/delete-call.ts';
import type { Journal } from '../scheduler/journal.ts';
import { resourceFailure } from '../scheduler/resource-failure.ts';
import { walkResources } from '../scheduler/resource-walk.ts';
import { untilStopped } from '../scheduler/until-stopped.ts';
import type { ResourceSnapshot, StackRecord } from '../store/stack-store.ts';
import type { StackServices } from './services.ts';
import { secretsOf } from './stored-secrets.ts';

/**
 * Removes a snapshot under a claim on its stack: first what handlers have kept for it, then the record of it. Throws
 * ResourceFailure when something of it is still there: the snapshot is DELETE_FAILED then.
 */
export async function removeSnapshot(
  services: StackServices,
  stack: StackRecord,
  id: string,
  journal: Journal,
  signal: AbortSignal,
): Promise<void> {
  const redact = secretsOf(services, stack).mask;
  const parts = { ...services, space: stack.space, stack: stack.name, stackId: stack.id, signal, redact };
  const kept = new Map((await services.store.resourceSnapshots(id)).map((each) => [each.record, each]));
  const failures: ResourceFailure[] = [];
  const tell = (status: 'IN_PROGRESS' | 'FAILED', reason: string): Promise<void> =>
    journal.record({ kind: 'snapshotState', id, action: 'DELETE', status, reason });
  await tell('IN_PROGRESS', 'Snapshot delete started');
  await walkResources({
    records: [...kept.keys()],
    order: 'any',
    slots: services.slots,
    signal,
    visit: async (record) => {
      const resource = kept.get(record) as ResourceSnapshot;
      if (!holdsSomething(resource)) return;
      const { handler } = services.types.get(record.type);
      if (handler.deleteSnapshot === undefined) return;
      const call = { ...deleteCall(parts, record), snapshotId: id, snapshot: resource.data };
      await journal.confirm();
      await untilStopped((async () => handler.deleteSnapshot?.(call))(), parts);
    },
    didFail: (record, error) => void failures.push(resourceFailure(record.name, error, redact)),
  });
  const [first] = failures;
  if (first === undefined && !signal.aborted) {
    await journal.record({ kind: 'snapshotGone', id });
    return;
  }
  const reason = redact(
    first === undefined ? messageOf(signal.reason) : `Resource snapshot DELETE failed: ${first.what}`,
  );
  await tell('FAILED', reason);
  throw new ResourceFailure({
    what: reason,
    why: 'The snapshot is DELETE_FAILED, and cannot be restored any more.',
    fix: 'Remove the cause and delete it again.',
    cause: signal.aborted ? signal.reason : first,
  });
}

/** Of one that was begun and not recorded something may be there all the same. */
export function holdsSomething({ record, data }: ResourceSnapshot): boolean {
  return data !== undefined || record.status === 'IN_PROGRESS';
}
