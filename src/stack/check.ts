import { NotSupported } from '../errors.ts';
import type { Difference, PresentResource } from '../plan/comparison.ts';
import type { LiveCall } from '../resource/handler.ts';
import type { ResourceType } from '../resource/resource-type.ts';
import type { Secrets } from '../secrets.ts';
import type { Claim, ResourceRecord, StackRecord } from '../store/stack-store.ts';
import { noSuchResource, resourceEventOf } from '../store/stored-stack.ts';
import type { JsonObject } from '../values.ts';
import { withClaim } from './claimed-stack.ts';
import type { StackDescription } from './describe.ts';
import { driftOf, maskedDrift, printDrift } from './drift.ts';
import { type ActedOn, type ResourceAction, runResourceAction } from './resource-action.ts';
import type { StackServices } from './services.ts';
import { requireKey, secretsOf } from './stored-secrets.ts';

export interface CheckOptions {
  readonly stack: string;
  /** Default: `default`. */
  readonly space?: string;
  /** Milliseconds; default 3,600,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** A checked stack. */
export interface StackCheck extends StackDescription {
  /** By resource, the properties that are not as it was made; empty when everything is. */
  readonly drifts: { readonly [resource: string]: readonly Difference[] };
  /** The resources whose types cannot be checked. */
  readonly unchecked: readonly string[];
}

/**
 * Asks each resource's handler whether the real thing is there and as it was made. One that is not becomes CHECK_FAILED, and
 * the next update replaces it. Resolves also then: the stack is CHECK_FAILED, its reason names the first and counts the others.
 *
 * Throws EntityNotFound, ActionInProgress, NotSupported for a stack that is not complete, and StackFailed when the check
 * was stopped.
 */
export async function checkStack(services: StackServices, options: CheckOptions): Promise<StackCheck> {
  return withClaim(services, options, async (record, claim) => {
    refuseIncomplete(record);
    return checkClaimed(services, record, claim, options);
  });
}

/** The same under a claim that is held. */
export async function checkClaimed(
  services: StackServices,
  record: StackRecord,
  claim: Claim,
  options: Pick<CheckOptions, 'timeoutMs' | 'signal'>,
): Promise<StackCheck> {
  const check = new Check(secretsOf(services, record));
  const description = await runResourceAction(services, record, claim, check, options);
  const { drifts, unchecked } = check;
  return { ...description, drifts, unchecked };
}

class Check implements ResourceAction {
  readonly action = 'CHECK';
  readonly order = 'any';
  readonly isQuestion = true;
  readonly fix = 'Check the stack again; nothing was changed.';
  readonly drifts: Record<string, readonly Difference[]> = {};
  readonly unchecked: string[] = [];
  readonly #secrets: Secrets;

  constructor(secrets: Secrets) {
    this.#secrets = secrets;
  }

  concerns({ replacedName }: ResourceRecord): boolean {
    return replacedName === undefined;
  }

  async act(
    { record }: PresentResource,
    handler: ResourceType['handler'] | undefined,
    call: LiveCall,
  ): Promise<ActedOn | undefined> {
    if (handler === undefined) return undefined;
    if (handler.check === undefined) {
      this.unchecked.push(record.name);
      return { reason: `CHECK not supported for ${record.type}` };
    }
    const seen = ((await handler.check(call)) ?? {}) as JsonObject;
    const drift = driftOf(record, seen, { secrets: this.#secrets, stackId: call.resource.stackId }).map(maskedDrift);
    if (drift.length === 0) return undefined;
    this.drifts[record.name] = drift;
    throw new Error(drift.map(printDrift).join('; '));
  }

  reason(): string {
    const done = 'Stack CHECK completed successfully';
    return this.unchecked.length === 0 ? done : `${done}. 'CHECK' not fully supported (see resources)`;
  }
}

function refuseIncomplete(record: StackRecord): void {
  const { name, action, status } = record;
  if (status === 'COMPLETE' || action === 'CHECK' || action === 'SNAPSHOT') return;
  throw new NotSupported({
    what: `Checking a stack that is ${action}_${status} is not supported: ${name}.`,
    why: 'What it should be is known of a complete stack.',
    fix: bringToItsEnd(record),
  });
}

/** What makes the stack complete. */
function bringToItsEnd({ name, action, status }: StackRecord): string {
  if (action === 'DELETE') return `Delete it to its end: 'hotloom delete ${name}'.`;
  return status === 'IN_PROGRESS' || action === 'SUSPEND' || action === 'RESUME'
    ? `Resume it first: 'hotloom resume ${name}'.`
    : `Update it first: 'hotloom update ${name}'.`;
}

export interface MarkUnhealthyOptions extends Pick<CheckOptions, 'stack' | 'space'> {
  /** The resource's name, or the id of the real thing. */
  readonly resource: string;
  /** False takes the mark back. Default true. */
  readonly unhealthy?: boolean;
  readonly reason?: string;
}

/**
 * Says of a resource that it is not well: it becomes CHECK_FAILED, and the next update replaces it; so does all that it is made
 * of, when it is a group or a nested template. One that is being deleted
 * stays as it is, as under Heat. Throws EntityNotFound, ActionInProgress, and NotSupported for a resource in which an engine
 * was stopped.
 */
export async function markUnhealthy(services: StackServices, options: MarkUnhealthyOptions): Promise<void> {
  const { resource, unhealthy = true } = options;
  const { store, clock, events } = services;
  await withClaim(services, options, async (stored, claim) => {
    // A record that cannot be opened must not be stored again.
    requireKey(stored);
    const { id, space, name: stack } = stored;
    const records = (await store.resources(id)).filter(({ action }) => action !== 'INIT');
    const record =
      records.find(({ name }) => name === resource) ?? records.find(({ resourceId }) => resourceId === resource);
    if (record === undefined) throw noSuchResource(stack, resource);
    const updatedAt = clock.now();
    const marked = withMembers(stored, records, record)
      .filter((each) => each.action !== 'DELETE' && (unhealthy || isUnwell(each)))
      .map(
        (each): ResourceRecord => ({
          ...each,
          action: 'CHECK',
          status: unhealthy ? 'FAILED' : 'COMPLETE',
          reason: options.reason ?? 'state changed by resource_mark_unhealthy api',
          updatedAt,
        }),
      );
    if (marked.length === 0) return;
    await store.append(
      claim,
      marked.map((each) => ({ kind: 'resource', record: each, isEvent: true })),
    );
    if (events.isHeard) for (const each of marked) events.emit(resourceEventOf(each, { space, stack }));
  });
}

/** What is made of others is replaced with all of them, as under Heat. Throws NotSupported when an engine was stopped in one. */
function withMembers(
  stack: StackRecord,
  records: readonly ResourceRecord[],
  record: ResourceRecord,
): readonly ResourceRecord[] {
  const members = records.filter(
    ({ name, replacedName }) => replacedName === undefined && name.startsWith(`${record.name}/`),
  );
  const all = [record, ...members];
  const interrupted = all.find(({ status }) => status === 'IN_PROGRESS');
  if (interrupted !== undefined) throw isInterrupted(stack, interrupted);
  return all;
}

function isUnwell({ action, status }: ResourceRecord): boolean {
  return action === 'CHECK' && status === 'FAILED';
}

function isInterrupted(stack: StackRecord, { name, action }: ResourceRecord): NotSupported {
  return new NotSupported({
    what: `Marking a resource that is ${action}_IN_PROGRESS is not supported: ${name}.`,
    why: 'An engine was stopped in it, and what it has made is not known.',
    fix: bringToItsEnd(stack),
  });
}
