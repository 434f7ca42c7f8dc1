import type { Action, Status } from '../events.ts';
import type { ResourceRecord, StackRecord } from '../store/stack-store.ts';
import type { JsonObject } from '../values.ts';
import { withClaim } from './claimed-stack.ts';
import { findStack } from './delete.ts';
import { presentResources, touched } from './present.ts';
import { type StackServices, stackKey } from './services.ts';
import { requireKey } from './stored-secrets.ts';

/**
 * A stack as plain data, in the form of Heat's `stack abandon` (heat/engine/stack.py, prepare_abandon), which another store
 * can adopt. The values of hidden parameters are not in it; attributes are.
 */
export interface StackExport {
  readonly id: string;
  readonly name: string;
  readonly action: Action;
  readonly status: Status;
  readonly template: JsonObject;
  readonly files: { readonly [name: string]: string };
  /** With the parameters. */
  readonly environment: JsonObject;
  readonly resources: { readonly [name: string]: ExportedResource };
  readonly tags?: readonly string[];
}

export interface ExportedResource {
  readonly name: string;
  readonly type: string;
  readonly action: Action;
  readonly status: Status;
  readonly resource_id: string | null;
  /** What its handler has recorded for itself. */
  readonly resource_data: JsonObject;
  readonly attributes?: JsonObject;
  /** What else there is to know. Absent in what Heat has written. */
  readonly record?: Pick<
    ResourceRecord,
    'physicalName' | 'token' | 'requires' | 'deletionPolicy' | 'properties' | 'inputs' | 'isSuspended'
  >;
}

/** A stack as plain data. Throws EntityNotFound. */
export async function exportStack(services: StackServices, space: string, stack: string): Promise<StackExport> {
  return dataOf(services, await findStack(services, space, stack));
}

/**
 * Forgets a stack and leaves what it has made alone. Resolves with what another store needs to adopt it. Throws
 * EntityNotFound and ActionInProgress.
 */
export async function abandonStack(services: StackServices, space: string, stack: string): Promise<StackExport> {
  const { store, regions, secrets } = services;
  return withClaim(services, { space, stack }, async (record, claim) => {
    const data = await dataOf(services, record);
    const key = stackKey(space, stack);
    await regions.get(key)?.close();
    regions.delete(key);
    await store.removeStack(claim);
    secrets.delete(key);
    return data;
  });
}

async function dataOf(services: StackServices, stack: StackRecord): Promise<StackExport> {
  requireKey(stack);
  const { id, name, action, status, template, files, environment, parameters, tags = [] } = stack;
  const resources: Record<string, ExportedResource> = {};
  for (const [key, { record, values }] of touched(await presentResources(services, id))) {
    const { physicalName, token, requires, deletionPolicy, properties, inputs, isSuspended } = record;
    resources[key] = {
      name: record.replacedName ?? key,
      type: record.type,
      action: record.action,
      status: record.status,
      resource_id: record.resourceId ?? null,
      resource_data: record.data,
      attributes: values,
      record: {
        physicalName,
        token,
        requires,
        deletionPolicy,
        ...(properties === undefined ? {} : { properties }),
        ...(inputs === undefined ? {} : { inputs }),
        ...(isSuspended === undefined ? {} : { isSuspended }),
      },
    };
  }
  const environmentOfAll = { ...environment, parameters };
  return { id, name, action, status, template, files, environment: environmentOfAll, resources, tags };
}
