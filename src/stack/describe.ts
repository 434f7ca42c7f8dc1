import type { Action, Status } from '../events.ts';
import type { Name } from '../names.ts';
import { MASK } from '../secrets.ts';
import type { ResourceRecord, StackRecord, StackStore } from '../store/stack-store.ts';
import type { Json, JsonObject } from '../values.ts';

/** A stack as callers see it. Plain data. */
export interface StackDescription {
  readonly id: string;
  readonly space: string;
  readonly name: string;
  readonly action: Action;
  readonly status: Status;
  /** `CREATE_COMPLETE`, as Heat prints it. */
  readonly state: `${Action}_${Status}`;
  readonly reason: string;
  /** IN_PROGRESS, and the engine that was at work is gone: nothing goes on until somebody resumes or deletes the stack. */
  readonly isInterrupted: boolean;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly tags: readonly string[];
  /** The names that it has read of other stacks and whose values have changed or gone since: an update brings it up to date. */
  readonly staleReads: readonly Name[];
  /** Values by output name; null for one that could not be resolved. */
  readonly outputs: { readonly [name: string]: Json };
  /** Why an output has no value, by output name. */
  readonly outputErrors: { readonly [name: string]: string };
  readonly outputDescriptions: { readonly [name: string]: string };
  /** The outputs that hold a secret: their values are masked here, and told by `outputs` of the engine. */
  readonly secretOutputs: readonly string[];
  /** Without those of hidden parameters. */
  readonly parameters: JsonObject;
  readonly resources: readonly ResourceDescription[];
}

/** A resource as callers see it. */
export interface ResourceDescription {
  readonly name: string;
  /** Another has taken its place, and it is still to be deleted. */
  readonly isReplaced: boolean;
  readonly type: string;
  readonly resourceId: string | undefined;
  readonly physicalName: string;
  readonly action: Action;
  readonly status: Status;
  readonly state: `${Action}_${Status}`;
  readonly reason: string;
  readonly requires: readonly string[];
  readonly updatedAt: number;
  /** Whether it is suspended, or a suspend or a resume of it has not come to its end. */
  readonly isSuspended: boolean;
}

/** A stack in a list. */
export type StackSummary = Omit<
  StackDescription,
  'outputs' | 'outputErrors' | 'outputDescriptions' | 'secretOutputs' | 'parameters' | 'resources'
>;

export function describeStack(
  record: StackRecord,
  resources: readonly ResourceRecord[],
  isInterrupted = false,
  staleReads: readonly Name[] = [],
): StackDescription {
  const outputs: Record<string, Json> = {};
  const outputErrors: Record<string, string> = {};
  const outputDescriptions: Record<string, string> = {};
  const secretOutputs: string[] = [];
  for (const [name, { value, error, description, secrecy, missing }] of Object.entries(record.outputs)) {
    if (secrecy !== undefined) secretOutputs.push(name);
    outputs[name] = secrecy === undefined || missing === 'ephemeral' ? value : MASK;
    if (error !== undefined) outputErrors[name] = error;
    if (description !== undefined) outputDescriptions[name] = description;
  }
  return {
    ...summarizeStack(record, isInterrupted, staleReads),
    outputs,
    outputErrors,
    outputDescriptions,
    secretOutputs,
    // A store in memory gives the record that it keeps.
    parameters: { ...record.parameters },
    resources: describeResources(resources),
  };
}

export function summarizeStack(
  record: StackRecord,
  isInterrupted = false,
  staleReads: readonly Name[] = [],
): StackSummary {
  const { id, space, name, action, status, reason, createdAt, updatedAt, tags = [] } = record;
  const state = `${action}_${status}` as const;
  return { id, space, name, action, status, state, reason, isInterrupted, createdAt, updatedAt, tags, staleReads };
}

function describeResources(records: readonly ResourceRecord[]): readonly ResourceDescription[] {
  let last: ResourceDescription | undefined;
  return records.map((record) => {
    last = describeResource(record, last);
    return last;
  });
}

/** Most are in the same state as the one described last, and share its text. */
function describeResource(record: ResourceRecord, last: ResourceDescription | undefined): ResourceDescription {
  const { type, resourceId, physicalName, action, status, reason, requires, updatedAt } = record;
  const isSame = last?.action === action && last.status === status;
  return {
    name: record.replacedName ?? record.name,
    isReplaced: record.replacedName !== undefined,
    type,
    resourceId,
    physicalName,
    action,
    status,
    state: isSame ? last.state : `${action}_${status}`,
    reason,
    requires,
    updatedAt,
    isSuspended: isAsleep(record),
  };
}

/** Whether there is something to resume: it is suspended, or a suspend or a resume of it has not come to its end. */
export function isAsleep({ action, status, isSuspended }: ResourceRecord): boolean {
  return isSuspended === true || action === 'SUSPEND' || (action === 'RESUME' && status !== 'COMPLETE');
}

/** Whether nobody alive works on a stack whose action has not ended. */
export async function isInterrupted(store: StackStore, record: StackRecord): Promise<boolean> {
  if (record.status !== 'IN_PROGRESS' || (await store.holder(record.id)) !== undefined) return false;
  // Between the two questions the action may have ended, or another begun.
  const now = await store.findStack(record.space, record.name);
  return now?.id === record.id && now.status === 'IN_PROGRESS' && now.updatedAt === record.updatedAt;
}
