import type { Action, Status } from '../events.ts';
import type { Secrecy } from '../secrets.ts';
import type { ResourceRecord, StackRecord } from '../store/stack-store.ts';
import type { JsonObject } from '../values.ts';
import { withClaim } from './claimed-stack.ts';
import { findStack } from './find-stack.ts';
import { presentResources, touched } from './present.ts';
import { type StackServices, stackKey } from './services.ts';
import { learnSecrets, requireKey, secretsOf } from './stored-secrets.ts';

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
  /** What signals have left behind. */
  readonly metadata?: JsonObject;
  /** What else there is to know. Absent in what Heat has written. */
  readonly record?: Pick<
    ResourceRecord,
    | 'physicalName'
    | 'token'
    | 'requires'
    | 'deletionPolicy'
    | 'properties'
    | 'inputs'
    | 'isSuspended'
    | 'dataSecrecy'
    | 'signalAddress'
  >;
  /** The attributes that are secret. Those that are not shown are not among `attributes`. */
  readonly secrecy?: { readonly [attribute: string]: Secrecy };
}

/** What an export tells. */
export interface ExportOptions {
  /**
   * Tells the values of hidden parameters and secret attributes too. Default false: these are left out, and secrets are masked
   * in what handlers have recorded. Ephemeral ones are never told.
   */
  readonly showSecrets?: boolean;
}

/** A stack as plain data. Throws EntityNotFound. */
export async function exportStack(
  services: StackServices,
  space: string,
  stack: string,
  options: ExportOptions = {},
): Promise<StackExport> {
  return dataOf(services, await findStack(services, space, stack), options);
}

/**
 * Forgets a stack and leaves what it has made alone. Resolves with what another store needs to adopt it. Throws
 * EntityNotFound and ActionInProgress.
 */
export async function abandonStack(services: StackServices, space: string, stack: string): Promise<StackExport> {
  const { store, regions, secretsByStack } = services;
  return withClaim(services, { space, stack }, async (record, claim) => {
    // Nobody else has its secrets any more.
    const data = await dataOf(services, record, { showSecrets: true });
    const key = stackKey(space, stack);
    await regions.get(key)?.close();
    regions.delete(key);
    await store.removeStack(claim);
    secretsByStack.delete(key);
    return data;
  });
}

async function dataOf(
  services: StackServices,
  stack: StackRecord,
  { showSecrets = false }: ExportOptions,
): Promise<StackExport> {
  requireKey(stack);
  const secrets = secretsOf(services, stack);
  const { id, name, action, status, template, files, environment, parameters, tags = [] } = stack;
  const resources: Record<string, ExportedResource> = {};
  const present = touched(await presentResources(services, id));
  learnSecrets(secrets, present.values());
  for (const [key, { record, values, secrecy }] of present) {
    const {
      physicalName,
      token,
      requires,
      deletionPolicy,
      properties,
      inputs,
      isSuspended,
      dataSecrecy,
      signalAddress,
    } = record;
    resources[key] = {
      name: record.replacedName ?? key,
      type: record.type,
      action: record.action,
      status: record.status,
      resource_id: record.resourceId ?? null,
      resource_data: showSecrets || dataSecrecy === undefined ? record.data : secrets.masked(record.data),
      attributes: showSecrets ? values : withoutSecrets(values, secrecy),
      ...(secrecy === undefined ? {} : { secrecy }),
      metadata: record.metadata ?? {},
      record: {
        physicalName,
        token,
        requires,
        deletionPolicy,
        ...(properties === undefined ? {} : { properties }),
        ...(inputs === undefined ? {} : { inputs }),
        ...(isSuspended === undefined ? {} : { isSuspended }),
        ...(dataSecrecy === undefined ? {} : { dataSecrecy }),
        ...(signalAddress === undefined || !showSecrets ? {} : { signalAddress }),
      },
    };
  }
  const environmentOfAll = {
    ...environment,
    parameters: showSecrets ? { ...parameters, ...stack.hidden } : parameters,
  };
  return { id, name, action, status, template, files, environment: environmentOfAll, resources, tags };
}

function withoutSecrets(values: JsonObject, secrecy: ExportedResource['secrecy'] = {}): JsonObject {
  return Object.fromEntries(Object.entries(values).filter(([name]) => !Object.hasOwn(secrecy, name)));
}
