import { mapErrorTexts, messageOf, type ResourceFailure, StackFailed } from '../errors.ts';
import type { Status } from '../events.ts';
import type { WalkOrder } from '../graph/recorded-graph.ts';
import type { PresentResource } from '../plan/comparison.ts';
import type { LiveCall } from '../resource/handler.ts';
import type { ResourceType } from '../resource/resource-type.ts';
import { liveCall } from '../scheduler/delete-call.ts';
import { resourceFailure } from '../scheduler/resource-failure.ts';
import { walkResources } from '../scheduler/resource-walk.ts';
import { untilStopped } from '../scheduler/until-stopped.ts';
import type { Claim, ResourceRecord, StackRecord, StoreChange } from '../store/stack-store.ts';
import { resourceEventOf } from '../store/stored-stack.ts';
import { asJson, type JsonObject } from '../values.ts';
import { type ClaimedAction, runClaimed } from './claimed-action.ts';
import { describeStack, type StackDescription } from './describe.ts';
import { findStack } from './find-stack.ts';
import { presentResources, touched } from './present.ts';
import type { StackServices } from './services.ts';
import { learnSecrets, requireKey, secretsOf } from './stored-secrets.ts';

/** What an action does with the resources that a stack has made, each by itself. It changes no template and no value. */
export interface ResourceAction {
  readonly action: 'CHECK' | 'SUSPEND' | 'RESUME' | 'SNAPSHOT';
  /** What a failure leaves out: `against` and `along` those that come after the resource that failed, `any` nobody. */
  readonly order: WalkOrder;
  /** Whether it has to do with the resource at all. */
  concerns(record: ResourceRecord): boolean;
  /** Throws when it is not possible in the resource's state, which stays as it is then. */
  admit?(record: ResourceRecord): void;
  /**
   * Calls the handler, if it has something for that; undefined for what is made of others, which has nothing of its own. What it
   * throws fails the resource.
   */
  act(
    resource: PresentResource,
    handler: ResourceType['handler'] | undefined,
    call: LiveCall,
  ): Promise<ActedOn | undefined>;
  /**
   * Whether it does nothing to the real things: a resource in which it was stopped is as it was before, and that one failed
   * is an answer. Default: false.
   */
  readonly isQuestion?: boolean;
  /** Stored together with the resource's state before the handler is called. */
  intends?(record: ResourceRecord, handler: ResourceType['handler'] | undefined): readonly StoreChange[];
  /** Stored together with the start. */
  readonly starts?: readonly StoreChange[];
  /** Stored together with the end. */
  readonly ends?: (status: 'COMPLETE' | 'FAILED', reason: string) => readonly StoreChange[];
  /** The reason of the stack when it is complete. Default: Heat's. */
  readonly reason?: () => string;
  /** What can be done after it was stopped, or has failed. */
  readonly fix: string;
}

/** How a resource is after the action. */
export interface ActedOn {
  /** Why it is complete. Default: `state changed`. */
  readonly reason?: string;
  /** What of its record is different now. */
  readonly record?: Partial<ResourceRecord>;
  /** Stored together with that. */
  readonly changes?: readonly StoreChange[];
}

/**
 * Does `acting` to a stack under `claim`, from its start or from where an engine was stopped in it, and tells the states of
 * the stack. Resolves with the stack; throws StackFailed when it was stopped, or when a resource failed and it is no question.
 */
export function runResourceAction(
  services: StackServices,
  record: StackRecord,
  claim: Claim,
  acting: ResourceAction,
  { timeoutMs, signal }: { readonly timeoutMs?: number | undefined; readonly signal?: AbortSignal | undefined },
): Promise<StackDescription> {
  requireKey(record);
  const { action } = acting;
  const limits = { action, word: `${action[0]}${action.slice(1).toLowerCase()}`, timeoutMs, signal };
  return runClaimed(services, record, claim, limits, async (claimed) => {
    const isResumed = record.action === action && record.status === 'IN_PROGRESS';
    await claimed.tell('IN_PROGRESS', `Stack ${action} ${isResumed ? 'resumed' : 'started'}`, acting.starts);
    const failures = await actOnResources(services, record, claimed, acting);
    const stopped = claimed.limits.signal;
    const [first] = failures;
    const [status, reason] = stopped.aborted
      ? (['FAILED', messageOf(stopped.reason)] as const)
      : first !== undefined
        ? (['FAILED', `Resource ${action} failed: ${first.what}${andOthers(failures.length - 1)}`] as const)
        : (['COMPLETE', acting.reason?.() ?? `Stack ${action} completed successfully`] as const);
    await claimed.tell(status, reason, acting.ends?.(status, reason));
    if (stopped.aborted || (first !== undefined && acting.isQuestion !== true)) {
      throw stackFailed(acting, failures, stopped);
    }
    const after = await findStack(services, record.space, record.name);
    return describeStack(after, await services.store.resources(record.id));
  });
}

/** A failed action has an error that tells of all; a question that came to an answer has not. */
function andOthers(count: number): string {
  return count === 0 ? '' : ` (and ${count} more)`;
}

function stackFailed(
  { action, fix }: ResourceAction,
  [first, ...others]: readonly ResourceFailure[],
  { aborted, reason }: AbortSignal,
): StackFailed {
  const also = others.map(({ what }) => what).join('; ');
  return new StackFailed({
    what: `Stack ${action} failed: ${aborted ? messageOf(reason) : `Resource ${action} failed: ${first?.what}`}`,
    why: also === '' ? undefined : `These failed too: ${also}.`,
    fix,
    cause: aborted ? reason : first,
  });
}

/**
 * Does `acting` to each resource of the stack that is there, as many at a time as there are slots, and records each state
 * before and after. Resolves with the failures, in the order of the stack's resources, when everything has been stored.
 */
async function actOnResources(
  services: StackServices,
  stack: StackRecord,
  claimed: ClaimedAction,
  acting: ResourceAction,
): Promise<readonly ResourceFailure[]> {
  const present = touched(await presentResources(services, stack.id));
  const failures = new Map<string, ResourceFailure>();
  /** By the record that each of them had, the one that it has but for its state. */
  const begun = new Map<ResourceRecord, ResourceRecord>();
  const secrets = secretsOf(services, stack);
  learnSecrets(secrets, present.values());
  const redact = secrets.mask;
  const { signal } = claimed.limits;
  const at = { space: stack.space, stack: stack.name };
  const parts = { ...services, ...at, stackId: stack.id, signal, redact };

  const tell = async (
    record: ResourceRecord,
    status: Status,
    reason: string,
    { record: more, changes = [] }: ActedOn = {},
  ): Promise<void> => {
    const told = {
      ...record,
      ...more,
      action: acting.action,
      status,
      reason: redact(reason),
      updatedAt: services.clock.now(),
    };
    await claimed.journal.recordAll([...changes, { kind: 'resource', record: told, isEvent: true }]);
    if (services.events.isHeard) services.events.emit(resourceEventOf(told, at));
  };

  const visit = async (record: ResourceRecord): Promise<void> => {
    acting.admit?.(record);
    begun.set(record, record);
    // What is made of others may be of a type that only its template names.
    const handler = record.data.isComposition === true ? undefined : services.types.get(record.type).handler;
    await tell(record, 'IN_PROGRESS', 'state changed', { changes: acting.intends?.(record, handler) ?? [] });
    const unsure = claimed.journal.confirm();
    if (unsure !== undefined) await unsure;
    const resource = present.get(record.name) as PresentResource;
    const call = liveCall(parts, resource, async (data) => {
      const changed = { ...record, data: asJson(data) as JsonObject };
      begun.set(record, changed);
      const { action } = acting;
      await claimed.journal.record({ kind: 'resource', record: { ...changed, action, status: 'IN_PROGRESS' } });
    });
    const acted = (await untilStopped(acting.act(resource, handler, call), parts)) ?? {};
    await tell(begun.get(record) ?? record, 'COMPLETE', acted.reason ?? 'state changed', acted);
  };

  const didFail = (record: ResourceRecord, error: unknown): void => {
    if (signal.aborted && acting.isQuestion === true) {
      // One in which an engine was stopped before is as the stack is: complete.
      const before = record.status === 'IN_PROGRESS' ? { ...record, status: 'COMPLETE' as const } : record;
      if (begun.has(record)) void claimed.journal.record({ kind: 'resource', record: before });
      return;
    }
    failures.set(record.name, resourceFailure(record.name, error, redact));
    const known = begun.get(record);
    if (known === undefined) return;
    // That it cannot be stored has stopped the whole action, which tells it.
    tell(known, 'FAILED', messageOf(mapErrorTexts(error, redact))).catch(() => {});
  };

  const records = [...present.values()].map(({ record }) => record).filter((record) => acting.concerns(record));
  await walkResources({ records, order: acting.order, slots: services.slots, signal, visit, didFail });
  await claimed.journal.settled();
  return records.flatMap(({ name }) => failures.get(name) ?? []);
}
