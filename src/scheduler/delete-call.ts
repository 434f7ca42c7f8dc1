import type { Clock, Randomness } from '../clock.ts';
import type { EventHub } from '../events.ts';
import type { PresentResource } from '../plan/comparison.ts';
import type { DeleteCall, LiveCall } from '../resource/handler.ts';
import type { ResourceRecord } from '../store/stack-store.ts';
import { withoutDigests } from '../values.ts';

/** What a handler that removes something works with. */
export interface DeleteCallParts {
  readonly space: string;
  readonly stack: string;
  readonly stackId: string;
  readonly events: EventHub;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly signal: AbortSignal;
  readonly redact: (text: string) => string;
}

/** The call by which what a record tells of is removed, or looked for. */
export function deleteCall(parts: DeleteCallParts, record: ResourceRecord): DeleteCall {
  const { space, stack, stackId, clock, randomness, signal, events, redact } = parts;
  const { type, physicalName, token, resourceId, data } = record;
  const name = record.replacedName ?? record.name;
  return {
    resource: { space, stack, stackId, name, type, physicalName },
    token,
    signal,
    clock,
    randomness,
    resourceId,
    data,
    log: (line) => {
      if (!events.isHeard) return;
      events.emit({ type: 'resource:didLog', time: clock.now(), space, stack, resource: name, line: redact(line) });
    },
  };
}

/** The call about a live resource. */
export function liveCall(
  parts: DeleteCallParts,
  { record, values }: PresentResource,
  setData: LiveCall['setData'],
): LiveCall {
  return {
    ...deleteCall(parts, record),
    properties: withoutDigests(record.properties ?? {}),
    attributes: values,
    isSuspended: record.isSuspended === true,
    setData,
  };
}
