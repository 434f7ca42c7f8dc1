import { EncryptionKeyMissing } from '../errors.ts';
import type { DeclaredNames, Name } from '../names.ts';
import type { SignalAddress } from '../resource/signal-url.ts';
import type { Secrecy } from '../secrets.ts';
import { asJson, digestValue, isDigest, type Json, type JsonObject, setOwn } from '../values.ts';
import { after } from './after.ts';
import type { Keyring, SealPlace } from './keyring.ts';
import type {
  Claim,
  Claimant,
  MaybePromise,
  OperationRecord,
  ResourceRecord,
  ResourceSnapshot,
  SecretPart,
  SnapshotRecord,
  StackDefinition,
  StackRecord,
  StackStore,
  StoreChange,
  StoredEntry,
  StoredEvent,
  StoredOutput,
  StoredRead,
  StoredValue,
} from './stack-store.ts';
import { isKept, keepValue, keyIdOf, MARK, openValue } from './stored-value.ts';

/**
 * A store over another one, which gets nothing secret to keep as it is: what is marked as secret is sealed on its way in,
 * and opened on its way out. Without a keyring it keeps secrets as they are, but for the values of hidden parameters, which
 * are then not kept at all; and it refuses to write a secret into a stack that was sealed before.
 *
 * A stack that is stored with a key has a sealed mark of its own, whether it has secrets or not, so that a missing or wrong
 * key is found before anything is done. What is sealed and cannot be opened is missing: reading goes on, and whoever needs
 * the value throws EncryptionKeyMissing.
 */
export class SealedStore implements StackStore {
  readonly #inner: StackStore;
  readonly #keyring: Keyring | undefined;
  /** The names of the stacks of which something was found to be sealed, and with which key, by their ids. */
  readonly #sealed = new Map<string, { readonly name: string; readonly keyId: string }>();

  constructor(inner: StackStore, keyring: Keyring | undefined) {
    this.#inner = inner;
    this.#keyring = keyring;
  }

  get isShared(): boolean {
    return this.#inner.isShared;
  }

  createStack(record: StackRecord, claimant: Claimant, declared?: DeclaredNames): MaybePromise<Claim> {
    const { id, previous, outputs } = record;
    const kept = {
      ...this.#keepDefinition(id, record, 'current'),
      ...(previous === undefined ? {} : { previous: this.#keepDefinition(id, previous, 'previous') }),
      outputs: this.#keepOutputs(id, outputs),
    };
    return this.#inner.createStack(kept, claimant, declared);
  }

  findStack(space: string, name: string): MaybePromise<StackRecord | undefined> {
    return after(this.#inner.findStack(space, name), (record) => record && this.#openStack(record));
  }

  listStacks(): MaybePromise<readonly StackRecord[]> {
    return after(this.#inner.listStacks(), (records) => records.map((record) => this.#openStack(record)));
  }

  resources(stackId: string): MaybePromise<readonly ResourceRecord[]> {
    return after(this.#inner.resources(stackId), (records) =>
      records.map((record) => this.#openResource(stackId, record)),
    );
  }

  values(stackId: string): MaybePromise<readonly StoredValue[]> {
    return after(this.#inner.values(stackId), (values) =>
      values.map((stored) => {
        if (!isKept(stored.value)) return stored;
        const { resource, attribute, value } = stored;
        this.#note(stackId, value);
        return { resource, attribute, ...openValue(value, placeOfValue(stackId, resource, attribute), this.#keyring) };
      }),
    );
  }

  snapshots(stackId: string): MaybePromise<readonly SnapshotRecord[]> {
    return after(this.#inner.snapshots(stackId), (snapshots) =>
      snapshots.map((snapshot) => {
        const { id, definition } = snapshot;
        const mark = definition.parameters[MARK];
        if (mark !== undefined) this.#note(stackId, mark);
        const owner = { id, name: this.#sealed.get(stackId)?.name ?? stackId };
        const opened = this.#openDefinition(owner, definition, 'current');
        return opened === definition ? snapshot : { ...snapshot, definition: opened };
      }),
    );
  }

  resourceSnapshots(snapshotId: string): MaybePromise<readonly ResourceSnapshot[]> {
    return after(this.#inner.resourceSnapshots(snapshotId), (resources) =>
      resources.map((resource) => {
        const { data } = resource;
        const record = this.#openResource(snapshotId, resource.record);
        if (data === undefined || !isKept(data)) return record === resource.record ? resource : { ...resource, record };
        const opened = openValue(data, placeOfSnapshot(snapshotId, record.name), this.#keyring);
        if (opened.missing !== undefined) throw keyMissing('a snapshot', keyIdOf(data), this.#keyring);
        return { ...resource, record, data: opened.value as JsonObject, dataSecrecy: 'secret' as const };
      }),
    );
  }

  events(stackId: string, afterSequence?: number): MaybePromise<readonly StoredEvent[]> {
    return this.#inner.events(stackId, afterSequence);
  }

  history(stackId: string): MaybePromise<readonly OperationRecord[]> {
    return this.#inner.history(stackId);
  }

  claim(stackId: string, claimant: Claimant): MaybePromise<Claim> {
    return this.#inner.claim(stackId, claimant);
  }

  renew(claim: Claim): MaybePromise<void> {
    return this.#inner.renew(claim);
  }

  release(claim: Claim): MaybePromise<void> {
    return this.#inner.release(claim);
  }

  holder(stackId: string): MaybePromise<Claimant | undefined> {
    return this.#inner.holder(stackId);
  }

  /** Throws EncryptionKeyMissing, too. */
  append(claim: Claim, changes: readonly StoreChange[]): MaybePromise<void> {
    let kept: StoreChange[] | undefined;
    for (let index = 0; index < changes.length; index += 1) {
      const change = changes[index] as StoreChange;
      // Nearly every change, and the only kind of which there are many.
      const isResource = change.kind === 'resource';
      const keptChange = isResource
        ? this.#keepResource(claim.stackId, change)
        : this.#keepChange(claim.stackId, change);
      if (keptChange === change) continue;
      kept ??= [...changes];
      kept[index] = keptChange;
    }
    return this.#inner.append(claim, kept ?? changes);
  }

  removeStack(claim: Claim): MaybePromise<void> {
    return after(this.#inner.removeStack(claim), () => void this.#sealed.delete(claim.stackId));
  }

  writeOutside(name: Name, value: Json): MaybePromise<void> {
    return this.#inner.writeOutside(name, keepValue(asJson(value), undefined, ['', ...name], undefined));
  }

  find(name: Name): MaybePromise<StoredEntry | undefined> {
    return after(this.#inner.find(name), (entry) => {
      if (entry === undefined || !('value' in entry) || !isKept(entry.value)) return entry;
      const [space, stack, resource, attribute] = name;
      return after(this.#inner.findStack(space, stack), (record) => {
        const place = placeOfValue(record?.id ?? '', resource, attribute);
        const { missing, ...opened } = openValue(entry.value, place, this.#keyring);
        if (missing === undefined) return opened;
        return { failure: missing === 'key' ? 'It is sealed, and its key was not given.' : NOT_KEPT };
      });
    });
  }

  readersOf(space: string, stack: string): ReturnType<StackStore['readersOf']> {
    return this.#inner.readersOf(space, stack);
  }

  reads(stackId: string): MaybePromise<readonly StoredRead[]> {
    return after(this.#inner.reads(stackId), (reads) => reads.map((read) => this.#openRead(stackId, '', read)));
  }

  revision(): MaybePromise<number> {
    return this.#inner.revision();
  }

  close(): MaybePromise<void> {
    return this.#inner.close();
  }

  // --- on the way in ---

  #keepChange(stackId: string, change: StoreChange): StoreChange {
    switch (change.kind) {
      case 'value': {
        const { secrecy, ...kept } = change;
        const value = this.#keep(change.value, secrecy, placeOfValue(stackId, change.resource, change.attribute));
        return value === change.value && secrecy === undefined ? change : { ...kept, value };
      }
      case 'resource':
        return this.#keepResource(stackId, change);
      case 'outputs':
        return { ...change, outputs: this.#keepOutputs(stackId, change.outputs) };
      case 'read':
        return { kind: 'read', ...this.#keepRead(stackId, '', change) };
      case 'reads':
        return { ...change, reads: change.reads.map((read) => this.#keepRead(stackId, '', read)) };
      case 'definition': {
        const { definition, previous } = change;
        return {
          ...change,
          definition: this.#keepDefinition(stackId, definition, 'current'),
          previous: previous && this.#keepDefinition(stackId, previous, 'previous'),
        };
      }
      case 'snapshot': {
        const { snapshot } = change;
        const definition = this.#keepDefinition(snapshot.id, snapshot.definition, 'current', stackId);
        return { ...change, snapshot: { ...snapshot, definition } };
      }
      case 'resourceSnapshot': {
        const { record, data, dataSecrecy, ...others } = change.resource;
        const place = placeOfSnapshot(change.id, record.name);
        const kept = data && (this.#keep(data, dataSecrecy, place, stackId) as JsonObject);
        const resource = { ...others, record: this.#keepRecord(change.id, record, stackId) };
        return { ...change, resource: kept === undefined ? resource : { ...resource, data: kept } };
      }
      default:
        return change;
    }
  }

  #keepResource(stackId: string, change: Extract<StoreChange, { readonly kind: 'resource' }>): StoreChange {
    const { record, values, secrecy } = change;
    // Nearly every resource: no place is worked out for a value that stays as it is.
    if (secrecy === undefined && this.#isKeptAsItIs(record) && !this.#hasMarks(values)) return change;
    const keptRecord = this.#keepRecord(stackId, record, stackId);
    const keptValues = this.#keepValues(stackId, record.name, values, secrecy);
    if (keptRecord === record && keptValues === values) return change;
    const { secrecy: _secrecy, ...parts } = change;
    return { ...parts, record: keptRecord, values: keptValues };
  }

  #isKeptAsItIs({ data, metadata, dataSecrecy, signalAddress, properties, inputs, reads }: ResourceRecord): boolean {
    if (
      signalAddress !== undefined ||
      dataSecrecy !== undefined ||
      reads !== undefined ||
      isKept(data) ||
      isKept(metadata)
    )
      return false;
    return !this.#hasMarks(properties) && !this.#hasMarks(inputs);
  }

  /** Whether one of the values has to be looked at: it looks like a mark, or is a digest that can be sealed. */
  #hasMarks(values: JsonObject | undefined): boolean {
    for (const name in values) {
      const value = values[name] as Json;
      if (isKept(value) || (this.#keyring !== undefined && isDigest(value))) return true;
    }
    return false;
  }

  /** `owner`: the id of the stack, or of the snapshot. */
  #keepRecord(owner: string, record: ResourceRecord, stackId: string): ResourceRecord {
    const { name, dataSecrecy, properties, inputs, reads } = record;
    const keptParts = this.#keepParts(owner, record, stackId);
    const keptProperties = this.#keepDigests(owner, name, 'property', properties);
    const keptInputs = this.#keepDigests(owner, name, 'input', inputs);
    const address = this.#keepAddress(owner, record, stackId);
    const isSame =
      keptParts === undefined &&
      keptProperties === properties &&
      keptInputs === inputs &&
      reads === undefined &&
      address === record.signalAddress;
    if (isSame && dataSecrecy === undefined) return record;
    const { dataSecrecy: _dataSecrecy, ...others } = record;
    if (isSame) return others;
    const keptReads = reads?.map((read) => this.#keepRead(owner, name, read));
    return {
      ...others,
      ...keptParts,
      properties: keptProperties,
      inputs: keptInputs,
      ...(address === undefined ? {} : { signalAddress: address }),
      ...(keptReads === undefined ? {} : { reads: keptReads }),
    };
  }

  /** Where there is a key, the token is sealed. */
  #keepAddress(owner: string, { name, signalAddress }: ResourceRecord, stackId: string): SignalAddress | undefined {
    if (signalAddress === undefined || this.#keyring === undefined) return signalAddress;
    const token = this.#keep(signalAddress.token, 'secret', [owner, 'signal', name], stackId);
    return { ...signalAddress, token: token as string };
  }

  /** Undefined when its key was not given: nobody is let in then. */
  #openAddress(owner: string, { name, signalAddress }: ResourceRecord): SignalAddress | undefined {
    const stored: Json | undefined = signalAddress?.token;
    if (signalAddress === undefined || !isKept(stored as Json)) return signalAddress;
    const { value, missing } = openValue(stored as Json, [owner, 'signal', name], this.#keyring);
    return missing === undefined ? { ...signalAddress, token: value as string } : undefined;
  }

  /** Undefined when all of them stay as they are. */
  #keepParts(owner: string, record: ResourceRecord, stackId: string): Partial<ResourceRecord> | undefined {
    let kept: Record<string, Json> | undefined;
    for (const part of RECORD_PARTS) {
      const value = record[part];
      if (typeof value !== 'object') continue;
      const place: SealPlace = [owner, part, record.name];
      const keptPart = this.#keep(value as JsonObject, record.dataSecrecy, place, stackId);
      if (keptPart !== value) kept = { ...kept, [part]: keptPart };
    }
    return kept as Partial<ResourceRecord> | undefined;
  }

  /** `resource`: who has read it, empty for the stack as a whole. */
  #keepRead(owner: string, resource: string, { name, value, secrecy }: StoredRead): StoredRead {
    return { name, value: this.#keep(value, secrecy, placeOfRead(owner, resource, name)) };
  }

  #keepValues(
    stackId: string,
    resource: string,
    values: JsonObject | undefined,
    secrecy: { readonly [attribute: string]: Secrecy } = {},
  ): JsonObject | undefined {
    return mapValues(values, (value, attribute) => {
      const own = Object.hasOwn(secrecy, attribute) ? secrecy[attribute] : undefined;
      return this.#keep(value, own, placeOfValue(stackId, resource, attribute));
    });
  }

  /** What was concealed is sealed besides: a short secret can be guessed from its digest. */
  #keepDigests(
    stackId: string,
    resource: string,
    kind: 'property' | 'input',
    values: JsonObject | undefined,
  ): JsonObject | undefined {
    return mapValues(values, (value, name) => {
      const isSealable = this.#keyring !== undefined && isDigest(value);
      return this.#keep(value, isSealable ? 'secret' : undefined, [stackId, kind, resource, name]);
    });
  }

  #keepOutputs(stackId: string, outputs: StackRecord['outputs']): StackRecord['outputs'] {
    return Object.fromEntries(
      Object.entries(outputs).map(([name, { secrecy, missing: _missing, ...output }]) => [
        name,
        { ...output, value: this.#keep(output.value, secrecy, [stackId, 'output', name]) },
      ]),
    );
  }

  /** `owner`: the id of the stack, or of the snapshot. */
  #keepDefinition<D extends StackDefinition>(owner: string, definition: D, role: Role, stackId = owner): D {
    const { secretParts, hidden = {}, ...others } = definition;
    const keep = (value: JsonObject, part: SecretPart): JsonObject => {
      const isSecret = this.#keyring !== undefined && secretParts?.includes(part) === true;
      return this.#keep(value, isSecret ? 'secret' : undefined, [owner, role, part], stackId) as JsonObject;
    };
    const parameters: Record<string, Json> = {};
    for (const name of Object.keys(definition.parameters)) {
      setOwn(parameters, isMarkOrEscaped(name) ? `$${name}` : name, definition.parameters[name] as Json);
    }
    if (this.#keyring !== undefined || this.#sealed.has(stackId)) {
      parameters[MARK] = this.#keep(hidden, 'secret', [owner, role, 'hidden'], stackId);
    }
    return {
      ...(others as D),
      template: keep(definition.template, 'template'),
      files: keep(definition.files, 'files'),
      environment: keep(definition.environment, 'environment'),
      parameters,
    };
  }

  #keep(value: Json, secrecy: Secrecy | undefined, place: SealPlace, stackId = place[0]): Json {
    if (secrecy === undefined) return isKept(value) ? keepValue(asJson(value), undefined, place, undefined) : value;
    const sealed = this.#sealed.get(stackId);
    if (secrecy === 'secret' && sealed !== undefined && this.#keyring === undefined) {
      throw keyMissing(`stack '${sealed.name}'`, sealed.keyId);
    }
    return keepValue(asJson(value), secrecy, place, this.#keyring);
  }

  // --- on the way out ---

  #openStack(record: StackRecord): StackRecord {
    const { id, parameters, outputs, previous } = record;
    const mark = parameters[MARK];
    if (mark !== undefined) this.#note(id, mark, record.name);
    const openedOutputs = this.#openOutputs(id, outputs);
    const openedPrevious = previous && this.#openDefinition(record, previous, 'previous');
    return Object.defineProperties({} as StackRecord, {
      ...Object.getOwnPropertyDescriptors(this.#openDefinition(record, record, 'current')),
      outputs: { value: openedOutputs, enumerable: true },
      ...(previous === undefined ? {} : { previous: { value: openedPrevious, enumerable: true } }),
    });
  }

  /** `owner`: the stack, or the snapshot. */
  #openDefinition<D extends StackDefinition>({ id, name }: Owner, definition: D, role: Role): D {
    const mark = definition.parameters[MARK];
    const open = (value: Json, part: string): JsonObject => {
      if (!isKept(value)) return value as JsonObject;
      const opened = openValue(value, [id, role, part], this.#keyring);
      if (opened.missing !== undefined) throw keyMissing(`stack '${name}'`, keyIdOf(value), this.#keyring);
      return opened.value as JsonObject;
    };
    const opened = {
      parameters: visibleParameters(definition.parameters),
      get template() {
        return open(definition.template, 'template');
      },
      get files() {
        return open(definition.files, 'files') as StackDefinition['files'];
      },
      get environment() {
        return open(definition.environment, 'environment');
      },
    };
    const hidden = {
      get secretParts() {
        return SECRET_PARTS.filter((part) => isKept(definition[part]));
      },
      get hidden() {
        return mark === undefined ? undefined : open(mark, 'hidden');
      },
    };
    // By properties and not by values: the documents are parsed, and opened, when they are asked for.
    return Object.defineProperties({} as D, {
      ...Object.getOwnPropertyDescriptors(definition),
      ...Object.getOwnPropertyDescriptors(opened),
      ...(mark === undefined ? {} : Object.getOwnPropertyDescriptors(hidden)),
    });
  }

  #openOutputs(stackId: string, outputs: StackRecord['outputs']): StackRecord['outputs'] {
    if (!Object.values(outputs).some(({ value }) => isKept(value))) return outputs;
    return Object.fromEntries(
      Object.entries(outputs).map(([name, output]): [string, StoredOutput] => {
        if (!isKept(output.value)) return [name, output];
        const opened = openValue(output.value, [stackId, 'output', name], this.#keyring);
        const error = opened.missing === 'ephemeral' ? NOT_KEPT : output.error;
        return [name, { ...output, ...opened, error }];
      }),
    );
  }

  #openResource(stackId: string, record: ResourceRecord): ResourceRecord {
    const { name } = record;
    const properties = this.#openDigests(stackId, name, 'property', record.properties);
    const inputs = this.#openDigests(stackId, name, 'input', record.inputs);
    const reads = record.reads?.some(({ value }) => isKept(value))
      ? record.reads.map((read) => this.#openRead(stackId, name, read))
      : record.reads;
    const signalAddress = this.#openAddress(stackId, record);
    const isSame =
      properties === record.properties &&
      inputs === record.inputs &&
      reads === record.reads &&
      signalAddress === record.signalAddress;
    const opened = isSame
      ? record
      : { ...record, properties, inputs, signalAddress, ...(reads === undefined ? {} : { reads }) };
    const parts = this.#openParts(stackId, record);
    return parts === undefined ? opened : Object.defineProperties({ ...opened }, parts);
  }

  /** By properties: whoever only looks at a record does not need what cannot be opened. Undefined when nothing is sealed. */
  #openParts(stackId: string, record: ResourceRecord): PropertyDescriptorMap | undefined {
    let parts: PropertyDescriptorMap | undefined;
    for (const part of RECORD_PARTS) {
      const stored = record[part];
      if (typeof stored !== 'object' || !isKept(stored as JsonObject)) continue;
      this.#note(stackId, stored as JsonObject);
      const { value, secrecy, missing } = openValue(stored as JsonObject, [stackId, part, record.name], this.#keyring);
      const stack = this.#sealed.get(stackId);
      const keyring = this.#keyring;
      const get = (): never => {
        throw keyMissing(`stack '${stack?.name ?? stackId}'`, stack?.keyId, keyring);
      };
      parts ??= {};
      parts[part] = missing === undefined ? { enumerable: true, value } : { enumerable: true, get };
      if (missing === undefined && secrecy !== undefined) parts.dataSecrecy = { enumerable: true, value: secrecy };
    }
    return parts;
  }

  #openDigests(
    stackId: string,
    resource: string,
    kind: 'property' | 'input',
    values: JsonObject | undefined,
  ): JsonObject | undefined {
    return mapValues(values, (stored, name) => {
      if (!isKept(stored)) return stored;
      const { value, missing } = openValue(stored, [stackId, kind, resource, name], this.#keyring);
      return missing === undefined ? value : UNKNOWN_DIGEST;
    });
  }

  #openRead(owner: string, resource: string, read: StoredRead): StoredRead {
    if (!isKept(read.value)) return read;
    const { missing, ...opened } = openValue(read.value, placeOfRead(owner, resource, read.name), this.#keyring);
    return { name: read.name, ...opened, ...(missing === undefined ? {} : { isUnknown: true }) };
  }

  /** Remembers that something of the stack is sealed. */
  #note(stackId: string, stored: Json, name?: string): void {
    const keyId = keyIdOf(stored);
    const known = this.#sealed.get(stackId);
    if (keyId === undefined || (known !== undefined && name === undefined)) return;
    this.#sealed.set(stackId, { name: name ?? stackId, keyId });
  }
}

type Role = 'current' | 'previous';

const SECRET_PARTS: readonly SecretPart[] = ['template', 'files', 'environment'];

const NOT_KEPT = 'It is ephemeral, so it was not kept.';

/** Stands for a digest that cannot be opened: equal to none. */
const UNKNOWN_DIGEST = digestValue('sealed');

function placeOfValue(stackId: string, resource: string, attribute: string): SealPlace {
  return [stackId, 'value', resource, attribute];
}

function placeOfRead(owner: string, resource: string, name: Name): SealPlace {
  return [owner, 'read', resource, ...name];
}

function placeOfSnapshot(snapshotId: string, resource: string): SealPlace {
  return [snapshotId, 'snapshot', resource];
}

/** What of a record is sealed as a whole when a secret stands in it. */
const RECORD_PARTS = ['data', 'metadata', 'finalSnapshot'] as const;

/** What is sealed by its own id: a stack, or a snapshot of one. `name` tells people of the stack. */
interface Owner {
  readonly id: string;
  readonly name: string;
}

/** The mark, which a parameter may have as its name, with more of its first character. */
function isEscaped(name: string): boolean {
  return /^\$\$+hotloom$/.test(name);
}

function isMarkOrEscaped(name: string): boolean {
  return name === MARK || isEscaped(name);
}

function visibleParameters(stored: JsonObject): JsonObject {
  const parameters: Record<string, Json> = {};
  for (const name of Object.keys(stored)) {
    if (name === MARK) continue;
    setOwn(parameters, isEscaped(name) ? name.slice(1) : name, stored[name] as Json);
  }
  return parameters;
}

/** `values` itself when `map` changes none. */
function mapValues(values: JsonObject | undefined, map: (value: Json, name: string) => Json): JsonObject | undefined {
  let mapped: Record<string, Json> | undefined;
  for (const name in values) {
    const value = values[name] as Json;
    const kept = map(value, name);
    if (kept === value) continue;
    // A spread makes own properties, and so a later assignment to `__proto__` meets one and not the setter.
    mapped ??= { ...values };
    mapped[name] = kept;
  }
  return mapped ?? values;
}

/** It cannot be worked with: `keyId` is what it is sealed with. */
function keyMissing(what: string, keyId: string | undefined, keyring?: Keyring): EncryptionKeyMissing {
  return new EncryptionKeyMissing({
    what: `The encryption key of ${what} is needed, and was not given.`,
    why:
      keyring === undefined
        ? `It is encrypted with the key ${keyId}, and no key was given.`
        : `It is encrypted with the key ${keyId}, and none of those that were given is it.`,
    fix: 'Give the key by --key-file, $HOTLOOM_KEY_FILE or $HOTLOOM_KEY; in a program by the option encryption.',
  });
}
