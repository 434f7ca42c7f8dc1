import { EntityNotFound, mapErrorTexts, messageOf, NotSupported, StackFailed } from '../errors.ts';
import { type Difference, differenceOf } from '../plan/comparison.ts';
import { deleteCall } from '../scheduler/delete-call.ts';
import type { Slot } from '../scheduler/slots.ts';
import type { Claim, ResourceRecord, StackRecord } from '../store/stack-store.ts';
import { resourceEventOf } from '../store/stored-stack.ts';
import { asJson, type JsonObject, withoutDigests } from '../values.ts';
import { type ClaimedAction, runClaimed } from './claimed-action.ts';
import { findStack } from './delete.ts';
import { describeStack, type StackDescription } from './describe.ts';
import { presentResources, touched } from './present.ts';
import { type StackServices, stackKey } from './services.ts';

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
 * the next update replaces it. Resolves also then: the stack is CHECK_FAILED, its reason names the first.
 *
 * Throws EntityNotFound, ActionInProgress, NotSupported for a stack that is not complete, and StackFailed when the check
 * was stopped.
 */
export async function checkStack(services: StackServices, options: CheckOptions): Promise<StackCheck> {
  const { space = 'default', stack } = options;
  const before = await findStack(services, space, stack);
  const claim = await services.store.claim(before.id, await services.claimant());
  try {
    const record = await findStack(services, space, stack);
    refuseIncomplete(record);
    return await checkClaimed(services, record, claim, options);
  } finally {
    await services.store.release(claim);
  }
}

/** The same under a claim that is held. */
export async function checkClaimed(
  services: StackServices,
  record: StackRecord,
  claim: Claim,
  { timeoutMs, signal }: Pick<CheckOptions, 'timeoutMs' | 'signal'>,
): Promise<StackCheck> {
  const limits = { action: 'CHECK', word: 'Check', timeoutMs, signal } as const;
  return runClaimed(services, record, claim, limits, async (action) => {
    await action.tell('IN_PROGRESS', 'Stack CHECK started');
    const check = new Check(services, record, action);
    await check.run();
    const { failures, drifts, unchecked } = check;
    const stopped = action.limits.signal;
    if (stopped.aborted) {
      await action.tell('FAILED', messageOf(stopped.reason));
      throw new StackFailed({
        what: `Stack CHECK failed: ${messageOf(stopped.reason)}`,
        fix: 'Check the stack again; nothing was changed.',
        cause: stopped.reason,
      });
    }
    const [first] = failures;
    if (first === undefined) await action.tell('COMPLETE', reasonOf(unchecked));
    else await action.tell('FAILED', `Resource CHECK failed: ${first}`);
    const { store } = services;
    const after = await findStack(services, record.space, record.name);
    return { ...describeStack(after, await store.resources(record.id)), drifts, unchecked };
  });
}

function reasonOf(unchecked: readonly string[]): string {
  const done = 'Stack CHECK completed successfully';
  return unchecked.length === 0 ? done : `${done} (not fully supported: ${unchecked.join(', ')} cannot be checked)`;
}

class Check {
  /** In the order of the stack's resources, whatever the order in which they answered. */
  failures: readonly string[] = [];
  readonly #failed = new Map<string, string>();
  readonly drifts: Record<string, readonly Difference[]> = {};
  readonly unchecked: string[] = [];
  readonly #services: StackServices;
  readonly #record: StackRecord;
  readonly #action: ClaimedAction;
  readonly #redact: (text: string) => string;

  constructor(services: StackServices, record: StackRecord, action: ClaimedAction) {
    this.#services = services;
    this.#record = record;
    this.#action = action;
    this.#redact = services.masks.get(stackKey(record.space, record.name)) ?? ((text) => text);
  }

  async run(): Promise<void> {
    const present = [...touched(await presentResources(this.#services, this.#record.id)).values()];
    await Promise.all(present.map((resource) => this.#withSlot(() => this.#check(resource.record, resource.values))));
    this.failures = present.flatMap(({ record }) => this.#failed.get(record.name) ?? []);
    await this.#action.journal.settled();
  }

  async #withSlot(work: () => Promise<void>): Promise<void> {
    const slot = await new Promise<Slot>((resolve) => this.#services.slots.acquire(resolve));
    try {
      if (!this.#action.limits.signal.aborted) await work();
    } finally {
      slot.release();
    }
  }

  async #check(record: ResourceRecord, values: JsonObject): Promise<void> {
    const { handler } = this.#services.types.get(record.type);
    if (record.replacedName !== undefined || record.data.isComposition === true) return;
    if (handler.check === undefined) {
      this.unchecked.push(record.name);
      return;
    }
    const { signal } = this.#action.limits;
    const { space, name: stack, id: stackId } = this.#record;
    const parts = { ...this.#services, space, stack, stackId, signal, redact: this.#redact };
    try {
      const properties = withoutDigests(record.properties ?? {});
      const observed = await handler.check({ ...deleteCall(parts, record), properties, attributes: values });
      const drift = this.#driftOf(record, (observed ?? {}) as JsonObject);
      if (drift.length === 0) {
        if (record.action === 'CHECK') this.#tell(record, 'COMPLETE', 'state changed');
        return;
      }
      this.drifts[record.name] = drift;
      this.#fail(record, drift.map((each) => `'${each.name}' is ${JSON.stringify(each.after)}`).join('; '));
    } catch (error) {
      // Of a check that was stopped nothing is known.
      if (!signal.aborted) this.#fail(record, messageOf(mapErrorTexts(error, this.#redact)));
    }
  }

  #driftOf(record: ResourceRecord, observed: JsonObject): readonly Difference[] {
    return Object.keys(observed).flatMap((name) => {
      const value = asJson(observed[name]);
      return differenceOf({ record, values: {} }, { name, kind: 'property', value }) ?? [];
    });
  }

  #fail(record: ResourceRecord, reason: string): void {
    const text = this.#redact(reason);
    this.#failed.set(record.name, `resources.${record.name}: ${text}`);
    this.#tell(record, 'FAILED', text);
  }

  #tell(record: ResourceRecord, status: 'COMPLETE' | 'FAILED', reason: string): void {
    const { events, clock } = this.#services;
    const checked = { ...record, action: 'CHECK', status, reason, updatedAt: clock.now() } as const;
    void this.#action.journal.record({ kind: 'resource', record: checked, isEvent: true });
    const { space, name: stack } = this.#record;
    if (events.isHeard) events.emit(resourceEventOf(checked, { space, stack }));
  }
}

function refuseIncomplete({ name, action, status }: StackRecord): void {
  if (status === 'COMPLETE' || action === 'CHECK') return;
  throw new NotSupported({
    what: `Checking a stack that is ${action}_${status} is not supported: ${name}.`,
    why: 'What it should be is known of a complete stack.',
    fix: 'Update or resume it first.',
  });
}

export interface MarkUnhealthyOptions extends Pick<CheckOptions, 'stack' | 'space'> {
  /** The resource's name. */
  readonly resource: string;
  /** False takes the mark back. Default true. */
  readonly unhealthy?: boolean;
  readonly reason?: string;
}

/**
 * Says of a resource that it is not well: it becomes CHECK_FAILED, and the next update replaces it. Throws EntityNotFound,
 * ActionInProgress, and NotSupported for a resource that is not complete.
 */
export async function markUnhealthy(services: StackServices, options: MarkUnhealthyOptions): Promise<void> {
  const { space = 'default', stack, resource, unhealthy = true } = options;
  const { store, clock, events } = services;
  const { id } = await findStack(services, space, stack);
  const claim = await store.claim(id, await services.claimant());
  try {
    const record = (await store.resources(id)).find(({ name }) => name === resource);
    if (record === undefined) throw noResource(stack, resource);
    const isMarked = record.action === 'CHECK' && record.status === 'FAILED';
    if (isMarked === unhealthy) return;
    if (!isMarked && record.status !== 'COMPLETE') throw notComplete(record);
    const given = options.reason ?? (unhealthy ? 'state changed by resource_mark_unhealthy api' : 'state changed');
    const marked = {
      ...record,
      action: 'CHECK',
      status: unhealthy ? 'FAILED' : 'COMPLETE',
      reason: given,
      updatedAt: clock.now(),
    } as const;
    await store.append(claim, [{ kind: 'resource', record: marked, isEvent: true }]);
    if (events.isHeard) events.emit(resourceEventOf(marked, { space, stack }));
  } finally {
    await store.release(claim);
  }
}

function noResource(stack: string, resource: string): EntityNotFound {
  return new EntityNotFound({
    what: `The Resource (${resource}) could not be found in Stack ${stack}.`,
    why: 'The stack has made no resource of that name.',
    fix: `See its resources by 'hotloom show ${stack}'.`,
  });
}

function notComplete({ name, action, status }: ResourceRecord): NotSupported {
  return new NotSupported({
    what: `Marking a resource that is ${action}_${status} is not supported: ${name}.`,
    why: 'The next update replaces what has failed anyway.',
    fix: 'Update the stack.',
  });
}
