import { EntityNotFound, InternalError, StackExists } from '../errors.ts';
import type { ResourceEvent } from '../events.ts';
import { asJson, type Json, type JsonObject } from '../values.ts';
import type { ResourceRecord, StackRecord, StoreChange } from './stack-store.ts';

/** Heat's max_events_per_stack: older events of a stack are dropped. */
export const MAX_EVENTS_PER_STACK = 1000;

/**
 * Why a value that is not stored will not come, undefined when it still may: the resource has failed, or the stack's
 * action has ended in failure before the resource was its turn.
 */
export function whyNeverWritten(
  stack: Pick<StackRecord, 'name' | 'action' | 'status' | 'reason'>,
  resource: Pick<ResourceRecord, 'name' | 'action' | 'status' | 'reason'>,
): string | undefined {
  if (resource.status === 'FAILED') {
    return `Resource '${resource.name}' of stack '${stack.name}' is ${resource.action}_FAILED: ${resource.reason}`;
  }
  if (stack.status === 'FAILED' && resource.action === 'INIT') {
    return `Resource '${resource.name}' of stack '${stack.name}' was not started, and the stack is ${stack.action}_FAILED: ${stack.reason}`;
  }
  return undefined;
}

/** There is a stack of that name in the space. */
export function stackExists(space: string, name: string): StackExists {
  return new StackExists({
    what: `The Stack (${name}) already exists.`,
    why: `The space '${space}' has a stack of that name.`,
    fix: `Give the new stack another name, delete the old one first, or bring it to this template: 'hotloom update ${name}'.`,
  });
}

/** There is no stack of that id. */
export function noSuchStack(stackId: string): EntityNotFound {
  return new EntityNotFound({
    what: `The Stack (${stackId}) could not be found.`,
    why: 'It was never stored here, or it has been removed.',
    fix: 'List the stacks of the store.',
  });
}

/** The stack has no resource of that name. */
export function noSuchResource(stack: string, resource: string): EntityNotFound {
  return new EntityNotFound({
    what: `The Resource (${resource}) could not be found in Stack ${stack}.`,
    why: 'The stack has made no resource of that name.',
    fix: `See its resources by 'hotloom show ${stack}'.`,
  });
}

/** The changes with their values as frozen JSON; `changes` itself where it has been made so before. Throws as checkChange. */
export function checkChanges(changes: readonly StoreChange[]): readonly StoreChange[] {
  let checked: StoreChange[] | undefined;
  for (let index = 0; index < changes.length; index += 1) {
    const change = changes[index] as StoreChange;
    const one = checkChange(change);
    if (one === change) continue;
    checked ??= [...changes];
    checked[index] = one;
  }
  return checked ?? changes;
}

/** The change with its values as frozen JSON. Throws NotJson, and InternalError for a change of no known kind. */
export function checkChange(change: StoreChange): StoreChange {
  switch (change.kind) {
    case 'reads':
      return { ...change, reads: change.reads.map(({ name, value }) => ({ name, value: asJson(value) })) };
    case 'value':
    case 'read': {
      const value = asJson(change.value);
      return value === change.value ? change : { ...change, value };
    }
    case 'resource': {
      const data = asJson(change.record.data) as JsonObject;
      const values = checkValues(change.values);
      const record = data === change.record.data ? change.record : { ...change.record, data };
      return record === change.record && values === change.values ? change : { ...change, record, values };
    }
    case 'resourceSnapshot': {
      const data = change.resource.data === undefined ? undefined : (asJson(change.resource.data) as JsonObject);
      return data === change.resource.data ? change : { ...change, resource: { ...change.resource, data } };
    }
    case 'stack':
    case 'definition':
    case 'snapshot':
    case 'snapshotState':
    case 'snapshotGone':
    case 'outputs':
    case 'resourceGone':
    case 'hook':
    case 'hooksGone':
    case 'event':
      return change;
    default:
      throw new InternalError(`The store got a change of the unknown kind '${(change as StoreChange).kind}'.`);
  }
}

/** `values` itself when each of them has been checked before. */
function checkValues(values: JsonObject | undefined): JsonObject | undefined {
  let checked = values;
  for (const attribute in values) {
    const value = asJson(values[attribute]);
    if (value === values[attribute]) continue;
    // A spread makes own properties, and so a later assignment to `__proto__` meets one and not the setter.
    if (checked === values) checked = { ...values };
    (checked as Record<string, Json>)[attribute] = value;
  }
  return checked;
}

/** The event that a resource's new state is. */
export function resourceEventOf(
  record: Pick<
    ResourceRecord,
    'updatedAt' | 'name' | 'replacedName' | 'type' | 'resourceId' | 'action' | 'status' | 'reason'
  >,
  { space, stack }: { readonly space: string; readonly stack: string },
): ResourceEvent {
  return {
    type: 'resource',
    time: record.updatedAt,
    space,
    stack,
    resource: record.replacedName ?? record.name,
    resourceType: record.type,
    resourceId: record.resourceId,
    action: record.action,
    status: record.status,
    reason: record.reason,
  };
}

/** The resource under a name of its own, until it is deleted: another takes its place. */
export function setAside(record: ResourceRecord): ResourceRecord {
  return { ...record, name: `${record.name}//${record.token.slice(0, 8)}`, replacedName: record.name };
}
