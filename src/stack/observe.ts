import { messageOf } from '../errors.ts';
import type { PresentResource } from '../plan/comparison.ts';
import { liveCall } from '../scheduler/delete-call.ts';
import { walkResources } from '../scheduler/resource-walk.ts';
import { untilStopped } from '../scheduler/until-stopped.ts';
import type { Secrets } from '../secrets.ts';
import type { ResourceRecord, StackRecord } from '../store/stack-store.ts';
import type { JsonObject } from '../values.ts';
import { driftOf } from './drift.ts';
import type { StackServices } from './services.ts';

/**
 * The resources that are not as their records tell, as records that tell what they are: with the properties that their
 * handlers' `check` has seen, or as CHECK_FAILED. What an update compares with these, it brings back in place where it can.
 * Stores nothing. Heat's observing update: heat/engine/resource.py, _prepare_update_props.
 */
export async function observedRecords(
  services: StackServices,
  { id, space, name }: Pick<StackRecord, 'id' | 'space' | 'name'>,
  all: ReadonlyMap<string, PresentResource>,
  secrets: Secrets,
  signal: AbortSignal,
): Promise<readonly ResourceRecord[]> {
  const parts = { ...services, space, stack: name, stackId: id, signal, redact: secrets.mask };
  const observed = new Map<string, ResourceRecord>();
  const checked = [...all.values()].filter(({ record }) => {
    const isOwn = record.replacedName === undefined && record.data.isComposition !== true;
    return isOwn && record.status === 'COMPLETE' && record.action !== 'INIT' && record.action !== 'DELETE';
  });
  await walkResources({
    records: checked.map(({ record }) => record),
    order: 'any',
    slots: services.slots,
    signal,
    visit: async (record) => {
      const { handler } = services.types.get(record.type);
      if (handler.check === undefined) return;
      const call = liveCall(parts, all.get(record.name) as PresentResource, async () => {});
      const seen = (await untilStopped((async () => handler.check?.(call))(), parts)) ?? {};
      const drift = driftOf(record, seen as JsonObject, { secrets, stackId: id });
      if (drift.length === 0) return;
      const now = Object.fromEntries(drift.flatMap(({ name, after }) => (after === undefined ? [] : [[name, after]])));
      observed.set(record.name, { ...record, properties: { ...record.properties, ...now } });
    },
    didFail: (record, error) => {
      if (signal.aborted) return;
      const reason = secrets.mask(messageOf(error));
      observed.set(record.name, {
        ...record,
        action: 'CHECK',
        status: 'FAILED',
        reason,
        updatedAt: services.clock.now(),
      });
    },
  });
  signal.throwIfAborted();
  return [...observed.values()];
}
