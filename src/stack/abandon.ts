import { NotSupported } from '../errors.ts';
import type { Action, Status } from '../events.ts';
import { ownReads } from '../plan/comparison.ts';
import type { Secrecy } from '../secrets.ts';
import type { ResourceRecord, StackRecord } from '../store/stack-store.ts';
import type { JsonObject } from '../values.ts';
import { listNames } from '../wording.ts';
import { withClaim } from './claimed-stack.ts';
import { findStack } from './find-stack.ts';
import { presentResources, touched } from './present.ts';
import { holdsSomething } from './remove-snapshot.ts';
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
    | 'unread'
    | 'reads'
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

export interface AbandonOptions {
  /** Forgets its snapshots too, although nobody can restore or remove any more what they hold. Default false. */
  readonly force?: boolean;
  /**
   * Is given what the call resolves with, and awaited, before the store forgets the stack: whoever stores it here has it whenever
   * the process is killed. When this throws, the stack stays.
   */
  readonly keep?: (data: StackExport) => void | Promise<void>;
}

/**
 * Forgets a stack and leaves what it has made alone. Resolves with what another store needs to adopt it. Throws
 * EntityNotFound, ActionInProgress, and NotSupported when snapshots hold something of its resources, unless by `force`.
 */
export async function abandonStack(
  services: StackServices,
  space: string,
  stack: string,
  { force = false, keep }: AbandonOptions = {},
): Promise<StackExport> {
  const { store, regions, secretsByStack } = services;
  return withClaim(services, { space, stack }, async (record, claim) => {
    if (!force) await refuseSnapshots(services, record);
    // Nobody else has its secrets any more.
    const data = await dataOf(services, record, { showSecrets: true });
    await keep?.(data);
    const key = stackKey(space, stack);
    await regions.get(key)?.close();
    regions.delete(key);
    await store.removeStack(claim);
    secretsByStack.delete(key);
    return data;
  });
}

/** An export has no place for them, and what handlers have kept for them would stay wherever it is. */
async function refuseSnapshots({ store }: StackServices, { id, name: stack }: StackRecord): Promise<void> {
  const lines: string[] = [];
  for (const { id: snapshot, name = snapshot } of await store.snapshots(id)) {
    const held = (await store.resourceSnapshots(snapshot))
      .filter(holdsSomething)
      .map(({ record }) => record.name)
      .sort();
    if (held.length > 0) lines.push(`'${name}' of ${listNames(held)}`);
  }
  if (lines.length === 0) return;
  throw new NotSupported({
    what: `Abandoning stack '${stack}' is not supported while its snapshots hold something.`,
    why: `What they hold is not in an export, and nobody could restore or remove it any more: ${lines.join('; ')}.`,
    fix: `Delete them (hotloom delete-snapshot ${stack} SNAPSHOT), or abandon the stack by force (--force), and what they hold is left behind.`,
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
      unread,
      isSuspended,
      dataSecrecy,
      signalAddress,
    } = record;
    // What was read of others may be gone where it is adopted.
    const reads = ownReads(record).filter(({ value }) => showSecrets || secrets.secrecyOf(value) === undefined);
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
        ...(unread === undefined ? {} : { unread }),
        ...(reads.length === 0 ? {} : { reads }),
        ...(isSuspended === undefined ? {} : { isSuspended }),
        ...(dataSecrecy === undefined ? {} : { dataSecrecy }),
        ...(signalAddress === undefined || !showSecrets ? {} : { signalAddress }),
      },
    };
  }
  const environmentOfAll = {
    ...environment,
    parameters: { ...parameters, ...(showSecrets ? stack.hidden : {}) },
  };
  return { id, name, action, status, template, files, environment: environmentOfAll, resources, tags };
}

function withoutSecrets(values: JsonObject, secrecy: ExportedResource['secrecy'] = {}): JsonObject {
  return Object.fromEntries(Object.entries(values).filter(([name]) => !Object.hasOwn(secrecy, name)));
}
