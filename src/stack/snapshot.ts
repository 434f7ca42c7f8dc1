import { EntityNotFound, invariant, RequestLimitExceeded, UsageError } from '../errors.ts';
import type { Action, Status } from '../events.ts';
import type { ResourceType } from '../resource/resource-type.ts';
import type { Secrets } from '../secrets.ts';
import type {
  Claim,
  ResourceRecord,
  ResourceSnapshot,
  SnapshotRecord,
  StackDefinition,
  StackRecord,
  StoreChange,
} from '../store/stack-store.ts';
import { isDigest, type Json, type JsonObject } from '../values.ts';
import { withClaim } from './claimed-stack.ts';
import { definitionOfRecord } from './definition.ts';
import type { StackDescription } from './describe.ts';
import { findStack } from './find-stack.ts';
import { type ResourceAction, runResourceAction } from './resource-action.ts';
import type { StackServices } from './services.ts';
import { secretsOf } from './stored-secrets.ts';
import type { SuspendOptions } from './suspend.ts';

export interface SnapshotOptions extends SuspendOptions {
  /** What it is to be called. Default: it has no name, only an id. */
  readonly name?: string;
}

/** A snapshot in a list. Plain data. */
export interface SnapshotSummary {
  /** UUID. */
  readonly id: string;
  readonly name: string | undefined;
  readonly action: SnapshotRecord['action'];
  readonly status: Status;
  /** `CREATE_COMPLETE`: it can be restored. */
  readonly state: `${SnapshotRecord['action']}_${Status}`;
  readonly reason: string;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly createdAt: number;
  /** The state that the stack was in. */
  readonly stackState: `${Action}_${Status}`;
}

/** A snapshot with what it holds. */
export interface SnapshotDescription extends SnapshotSummary, StackDefinition {
  readonly tags: readonly string[];
  readonly resources: readonly SnapshotResourceDescription[];
}

/** A resource in a snapshot. */
export interface SnapshotResourceDescription {
  readonly name: string;
  readonly type: string;
  readonly resourceId: string | undefined;
  /** The state that it was in. */
  readonly state: `${Action}_${Status}`;
  /** What its handler has kept of it; absent when there was nothing to keep. */
  readonly data?: JsonObject;
}

/**
 * Keeps what a stack is: its definition, and of each resource what its handler's `snapshot` keeps, along the arrows. Resolves
 * with the snapshot.
 *
 * Throws EntityNotFound, ActionInProgress, RequestLimitExceeded when the stack has as many as it may have, and StackFailed:
 * the stack is then SNAPSHOT_FAILED, and the snapshot CREATE_FAILED, to be deleted.
 */
export async function snapshotStack(services: StackServices, options: SnapshotOptions): Promise<SnapshotSummary> {
  return withClaim(services, options, async (record, claim) => {
    await refuseTooMany(services, record);
    const { id, action, status, tags } = record;
    const snapshot: SnapshotRecord = {
      id: services.randomness.uuid(),
      ...(options.name === undefined || options.name === '' ? {} : { name: options.name }),
      action: 'CREATE',
      status: 'IN_PROGRESS',
      reason: 'Stack SNAPSHOT started',
      createdAt: services.clock.now(),
      stackAction: action,
      stackStatus: status,
      definition: definitionOfRecord(record),
      ...(tags === undefined ? {} : { tags }),
    };
    const acting = new TakeSnapshot(snapshot.id, secretsOf(services, record), [], [{ kind: 'snapshot', snapshot }]);
    await runResourceAction(services, record, claim, acting, options);
    return summarize((await services.store.snapshots(id)).find((each) => each.id === snapshot.id) ?? snapshot);
  });
}

/** Goes on with a snapshot in which an engine was stopped. */
export async function finishSnapshot(
  services: StackServices,
  record: StackRecord,
  claim: Claim,
  options: Pick<SnapshotOptions, 'timeoutMs' | 'signal'>,
): Promise<StackDescription> {
  const { store } = services;
  const begun = (await store.snapshots(record.id)).findLast(
    ({ action, status }) => action === 'CREATE' && status === 'IN_PROGRESS',
  );
  invariant(begun !== undefined, `Stack '${record.name}' is SNAPSHOT_IN_PROGRESS and has no snapshot that is.`);
  const acting = new TakeSnapshot(begun.id, secretsOf(services, record), await store.resourceSnapshots(begun.id), []);
  return runResourceAction(services, record, claim, acting, options);
}

/** The snapshots of a stack, oldest first. Throws EntityNotFound. */
export async function listSnapshots(
  services: StackServices,
  space: string,
  stack: string,
): Promise<readonly SnapshotSummary[]> {
  const { id } = await findStack(services, space, stack);
  return (await services.store.snapshots(id)).map(summarize);
}

/** Which snapshot of a stack is meant: by its id, or by its name. */
export interface SnapshotChoice extends Pick<SnapshotOptions, 'stack' | 'space'> {
  readonly snapshot: string;
}

/** A snapshot with what it holds. Throws EntityNotFound. */
export async function showSnapshot(services: StackServices, choice: SnapshotChoice): Promise<SnapshotDescription> {
  const stack = await findStack(services, choice.space ?? 'default', choice.stack);
  const snapshot = await findSnapshot(services, stack, choice.snapshot);
  const resources = await services.store.resourceSnapshots(snapshot.id);
  const { definition, tags = [] } = snapshot;
  const { template, files, parameters, environment } = definition;
  const secrets = secretsOf(services, stack);
  return {
    ...summarize(snapshot),
    template,
    files,
    parameters: { ...parameters },
    environment,
    tags,
    resources: resources.map((resource) => describeResource(resource, secrets)),
  };
}

/**
 * By id, or by the name where only one has it: names are for people, and as under Heat several may have one. Throws
 * EntityNotFound in Heat's words, and UsageError for a name that several have.
 */
export async function findSnapshot(
  { store }: StackServices,
  { id, name: stack }: StackRecord,
  choice: string,
): Promise<SnapshotRecord> {
  const all = await store.snapshots(id);
  const named = all.filter(({ name }) => name === choice);
  const found = all.find((each) => each.id === choice) ?? named[0];
  if (found === undefined) {
    throw new EntityNotFound({
      what: `The Snapshot (${choice}) for Stack (${stack}) could not be found.`,
      why: all.length === 0 ? 'The stack has no snapshots.' : 'No snapshot of the stack has that id or name.',
      fix: `See them by 'hotloom snapshots ${stack}'.`,
    });
  }
  if (found.id === choice || named.length === 1) return found;
  const ids = named.map((each) => `${each.id} of ${new Date(each.createdAt).toISOString()}`);
  throw new UsageError({
    what: `${named.length} snapshots of stack '${stack}' are called '${choice}'.`,
    why: `They are, oldest first: ${ids.join(', ')}.`,
    fix: 'Give the id of the one that is meant.',
  });
}

class TakeSnapshot implements ResourceAction {
  readonly action = 'SNAPSHOT';
  readonly order = 'along';
  readonly fix = 'Remove the cause and take another snapshot; what this one has kept goes with its deletion.';
  readonly starts: NonNullable<ResourceAction['starts']>;
  readonly #id: string;
  readonly #secrets: Secrets;
  readonly #done: ReadonlySet<string>;

  /** `done` are the resources that it has kept already. */
  constructor(
    id: string,
    secrets: Secrets,
    done: readonly ResourceSnapshot[],
    starts: NonNullable<ResourceAction['starts']>,
  ) {
    this.#id = id;
    this.#secrets = secrets;
    this.#done = new Set(done.filter(({ record }) => record.status !== 'IN_PROGRESS').map(({ record }) => record.name));
    this.starts = starts;
  }

  concerns({ name, replacedName }: ResourceRecord): boolean {
    return replacedName === undefined && !this.#done.has(name);
  }

  /** Heat takes one of whatever there is; afterwards nobody could tell any more that it had failed before. */
  admit({ action, status }: ResourceRecord): void {
    if (status === 'COMPLETE' || action === 'SNAPSHOT') return;
    throw new Error(`State ('${action}', '${status}') invalid for snapshot`);
  }

  /** What was begun has to be known to be removed: it is in the snapshot as SNAPSHOT_IN_PROGRESS until it is kept. */
  intends(record: ResourceRecord, handler: ResourceType['handler'] | undefined): readonly StoreChange[] {
    if (handler?.snapshot === undefined) return [];
    const begun = { ...record, action: 'SNAPSHOT' as const, status: 'IN_PROGRESS' as const };
    return [{ kind: 'resourceSnapshot', id: this.#id, resource: { record: begun } }];
  }

  async act(...[present, handler, call]: Parameters<ResourceAction['act']>) {
    const data = await handler?.snapshot?.({ ...call, snapshotId: this.#id, isFinal: false });
    // One in which an engine was stopped was complete before.
    const record = { ...present.record, status: 'COMPLETE' as const };
    const resource = data === undefined ? { record } : { record, data, ...this.#secrecyOf(record, data) };
    return { changes: [{ kind: 'resourceSnapshot' as const, id: this.#id, resource }] };
  }

  /** What was made with a secret may hold it, in whatever form. */
  #secrecyOf({ properties = {} }: ResourceRecord, data: JsonObject): Pick<ResourceSnapshot, 'dataSecrecy'> {
    const isMadeWithSecret = Object.values(properties).some((value) => isDigest(value as Json));
    const dataSecrecy = isMadeWithSecret ? 'secret' : this.#secrets.secrecyOf(data);
    return dataSecrecy === undefined ? {} : { dataSecrecy };
  }

  ends(status: 'COMPLETE' | 'FAILED', reason: string) {
    return [{ kind: 'snapshotState' as const, id: this.#id, action: 'CREATE' as const, status, reason }];
  }
}

async function refuseTooMany({ store, limits }: StackServices, { id }: StackRecord): Promise<void> {
  const { maxSnapshots } = limits;
  if ((await store.snapshots(id)).length < maxSnapshots) return;
  throw new RequestLimitExceeded({
    what: `Request limit exceeded: You have reached the maximum snapshots per stack, ${maxSnapshots}. Please delete some snapshots.`,
    why: 'Each of them holds the whole definition of the stack.',
    fix: "Delete some by 'hotloom delete-snapshot', or raise the limit by the engine's option 'limits.maxSnapshots'.",
  });
}

export function summarize(snapshot: SnapshotRecord): SnapshotSummary {
  const { id, name, action, status, reason, createdAt, stackAction, stackStatus } = snapshot;
  const stackState = `${stackAction}_${stackStatus}` as const;
  return { id, name, action, status, state: `${action}_${status}`, reason, createdAt, stackState };
}

function describeResource({ record, data: kept }: ResourceSnapshot, secrets: Secrets): SnapshotResourceDescription {
  const { name, type, resourceId, action, status } = record;
  const state = `${action}_${status}` as const;
  const data = kept && secrets.masked(kept);
  return { name, type, resourceId, state, ...(data === undefined ? {} : { data }) };
}
