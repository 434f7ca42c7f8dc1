import { COMPOSITION_DATA } from '../composition/handler.ts';
import type { Status } from '../events.ts';
import { requiredResources } from '../graph/port-graph.ts';
import type { ResourceInterface } from '../interface/interface.ts';
import { printName } from '../names.ts';
import type { PresentResource } from '../plan/comparison.ts';
import type { SignalAddress } from '../resource/signal-url.ts';
import type { Secrecy } from '../secrets.ts';
import type { ResourceRecord, StoredRead } from '../store/stack-store.ts';
import { asJson, type JsonObject } from '../values.ts';
import type { Traversal } from './traversal.ts';

/** What was recorded of a resource before its run. */
export interface RecordedBefore {
  /** An attempt that ended with the engine that made it, and goes on. */
  readonly interrupted: ResourceRecord | undefined;
  /** What an update changes in place. */
  readonly updated: PresentResource | undefined;
  readonly failedAttempts: number | undefined;
}

/** What a resource is made with, as far as it is known. */
export interface Readings {
  readonly properties: JsonObject;
  readonly inputs: JsonObject | undefined;
  /** What of these has not come. */
  readonly unread: readonly string[] | undefined;
}

/** What is recorded of one resource while it runs: what its handler tells of it, and the state that it has come to. */
export class RunRecord {
  readonly physicalName: string;
  resourceId: string | undefined;
  /** What it is made with: of a streaming resource known at its end. */
  properties: JsonObject | undefined;
  signalAddress: SignalAddress | undefined;
  readonly #traversal: Traversal;
  readonly #resource: ResourceInterface;
  readonly #action: 'CREATE' | 'UPDATE';
  /** What delete runs against. */
  readonly #requires: readonly string[];
  #token: string;
  #data: JsonObject = NO_DATA;
  /** Of the data that an earlier attempt has recorded. */
  #dataSecrecy: Secrecy | undefined;
  #inputs: JsonObject | undefined;
  #unread: readonly string[] | undefined;
  /** What signals had left behind before. */
  readonly #metadata: JsonObject | undefined;
  /** What it has read by name of other stacks and of nobody, by the printed name. */
  #namesRead: Map<string, StoredRead> | undefined;
  /** How many attempts have failed. */
  #failures: number;
  #last: ResourceRecord | undefined;
  /** Of its record among the traversal's. */
  #place = -1;

  /** `token` is for a first attempt; `namePrefix` begins the physical name of what is new. */
  constructor(
    traversal: Traversal,
    resource: ResourceInterface,
    token: string,
    namePrefix: string,
    before: RecordedBefore | undefined,
  ) {
    const { interrupted, updated, failedAttempts } = before ?? NOTHING_BEFORE;
    this.#traversal = traversal;
    this.#resource = resource;
    this.#action = updated === undefined ? 'CREATE' : 'UPDATE';
    this.#requires = requiredResources(traversal.graph, resource.index);
    // An update is about what an earlier attempt has made.
    const earlier = updated?.record ?? interrupted;
    this.#token = earlier?.token ?? token;
    const ownName = resource.parent < 0 ? resource.name : resource.name.slice(resource.name.lastIndexOf('/') + 1);
    this.physicalName = earlier?.physicalName ?? `${namePrefix}${ownName}${token.slice(LAST_DASH)}`;
    this.#failures = earlier?.failedAttempts ?? failedAttempts ?? 0;
    this.#metadata = earlier?.metadata;
    this.signalAddress = earlier?.signalAddress;
    // From the intent on: of a type that is a template nobody but the record knows that there is nothing to delete.
    this.#data = resource.type.isComposition === true ? COMPOSITION_DATA : (interrupted?.data ?? NO_DATA);
    this.#dataSecrecy = interrupted?.dataSecrecy;
    if (updated === undefined) return;
    this.resourceId = updated.record.resourceId;
    this.#data = updated.record.data;
    this.#dataSecrecy = updated.record.dataSecrecy;
    this.properties = updated.record.properties;
    this.#inputs = updated.record.inputs;
    this.#namesRead = keptReads(updated);
  }

  /** Names the attempt over crashes. */
  get token(): string {
    return this.#token;
  }

  get data(): JsonObject {
    return this.#data;
  }

  set data(data: JsonObject) {
    this.#data = data;
    this.#dataSecrecy = undefined;
  }

  get failedAttempts(): number {
    return this.#failures;
  }

  /** The last state that it has come to by itself. */
  get last(): ResourceRecord | undefined {
    return this.#last;
  }

  /** That state with what has been recorded since; undefined before the first. Between two attempts there is nothing of it. */
  get now(): ResourceRecord | undefined {
    const last = this.#last;
    return last === undefined || last.action === 'INIT' ? last : this.at(last.status, last.reason);
  }

  /** Its place among the traversal's records. */
  get place(): number {
    return this.#place;
  }

  didRead(read: StoredRead): void {
    this.#namesRead ??= new Map();
    this.#namesRead.set(printName(read.name), read);
  }

  takeReadings({ properties, inputs, unread }: Readings): void {
    this.properties = properties;
    this.#inputs = inputs;
    this.#unread = unread;
  }

  attemptDidFail(): void {
    this.#failures += 1;
  }

  /** What the last attempt has made is removed: another begins, by another token. */
  beginAnew(token: string): void {
    this.resourceId = undefined;
    this.#data = NO_DATA;
    this.properties = undefined;
    this.#token = token;
  }

  /** Its first state. */
  begin(record: ResourceRecord): void {
    this.#place = this.#traversal.records.add(record);
    this.#last = record;
  }

  /** It has come to another state; `told`, where that is told otherwise than it is stored. */
  become(record: ResourceRecord, told = record): void {
    this.#last = record;
    this.#traversal.records.replace(this.#place, told);
  }

  /** It has failed, maybe before it had its first state. */
  fail(reason: string): ResourceRecord {
    const record = this.at('FAILED', reason);
    if (this.#last !== undefined) this.become(record);
    return record;
  }

  /** Stores what its handler has told of it since. */
  save(): Promise<void> {
    const record = this.at('IN_PROGRESS', 'state changed');
    return this.#traversal.journal.record({ kind: 'resource', record });
  }

  /** Its record in a state. */
  at(status: Status, reason: string): ResourceRecord {
    const common = this.#plainAt(status, reason);
    if (common !== undefined) return common;
    const { name, type, deletionPolicy } = this.#resource;
    const record = {
      name,
      type: type.name,
      physicalName: this.physicalName,
      resourceId: this.resourceId,
      action: this.#action,
      status,
      reason,
      token: this.#token,
      data: this.#data,
      dataSecrecy: this.#dataSecrecy,
      properties: this.#traversal.conceal(this.properties, this.#resource),
      inputs: this.#traversal.conceal(this.#inputs, this.#resource),
      reads: this.#namesRead && [...this.#namesRead.values()],
      requires: this.#requires,
      metadata: this.#traversal.signals.metadataOf(name, this.#metadata),
      signalAddress: this.signalAddress,
      deletionPolicy,
      updatedAt: this.#traversal.now(),
    };
    if (this.#unread !== undefined) return { ...record, unread: this.#unread };
    return this.#failures > 0 && status === 'IN_PROGRESS' ? { ...record, failedAttempts: this.#failures } : record;
  }

  /**
   * The same where nothing needs to be told but what every resource has: two are made for each, and one is kept. A literal
   * without a spread, which would make it several times as slow, and without what is undefined, which is a quarter of it.
   */
  #plainAt(status: Status, reason: string): ResourceRecord | undefined {
    const { name, type, deletionPolicy } = this.#resource;
    const metadata = this.#traversal.signals.metadataOf(name, this.#metadata);
    const isPlain =
      this.#action === 'CREATE' &&
      this.#failures === 0 &&
      this.#unread === undefined &&
      this.#dataSecrecy === undefined &&
      this.#inputs === undefined &&
      this.#namesRead === undefined &&
      this.signalAddress === undefined &&
      metadata === undefined;
    if (!isPlain) return undefined;
    return {
      name,
      type: type.name,
      physicalName: this.physicalName,
      resourceId: this.resourceId,
      action: 'CREATE',
      status,
      reason,
      token: this.#token,
      data: this.#data,
      properties: this.#traversal.conceal(this.properties, this.#resource),
      requires: this.#requires,
      deletionPolicy,
      updatedAt: this.#traversal.now(),
    };
  }
}

/** What was read before and has not changed since; what has changed is read again, or was not needed any more. */
function keptReads({ record, readsSince = [] }: PresentResource): Map<string, StoredRead> | undefined {
  const changed = new Set(readsSince.map(({ name }) => name));
  const kept = (record.reads ?? []).map((read) => [printName(read.name), read] as const);
  const reads = new Map(kept.filter(([name]) => !changed.has(name)));
  return reads.size === 0 ? undefined : reads;
}

const NOTHING_BEFORE: RecordedBefore = { interrupted: undefined, updated: undefined, failedAttempts: undefined };

/** Where the last group of a UUID begins, with the dash before it. */
const LAST_DASH = 23;

/** Made by asJson, so that the store takes it as it is. */
const NO_DATA = asJson({}) as JsonObject;
