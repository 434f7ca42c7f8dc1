import type { Name } from '../names.ts';
import type { SignalAddress } from '../resource/signal-url.ts';
import { digestValue, type Json, type JsonObject } from '../values.ts';
import type { Keyring } from './keyring.ts';
import {
  areVisible,
  mapValues,
  placeOfRead,
  placeOfSnapshot,
  placeOfValue,
  RECORD_PARTS,
  type Role,
  visibleParameters,
} from './sealed-parts.ts';
import { keyMissing, type SealedStacks } from './sealed-stacks.ts';
import type {
  ResourceRecord,
  ResourceSnapshot,
  SecretPart,
  SnapshotRecord,
  StackDefinition,
  StackRecord,
  StoredEntry,
  StoredOutput,
  StoredRead,
  StoredValue,
} from './stack-store.ts';
import { isKept, keyIdOf, MARK, openValue } from './stored-value.ts';

/**
 * What is stored on its way out, with its marks. What is sealed and cannot be opened is missing, or throws
 * EncryptionKeyMissing when it is asked for.
 */
export class Opener {
  readonly #keyring: Keyring | undefined;
  readonly #sealed: SealedStacks;

  constructor(keyring: Keyring | undefined, sealed: SealedStacks) {
    this.#keyring = keyring;
    this.#sealed = sealed;
  }

  stack(record: StackRecord): StackRecord {
    const { id, parameters, outputs, previous } = record;
    const mark = parameters[MARK];
    if (mark !== undefined) this.#sealed.note(id, mark, record.name);
    const openedOutputs = this.#openOutputs(id, outputs);
    const openedPrevious = previous && this.#openDefinition(record, previous, 'previous');
    const current = this.#openDefinition(record, record, 'current');
    if (current === record && openedOutputs === outputs && openedPrevious === previous) return record;
    return Object.defineProperties({} as StackRecord, {
      ...Object.getOwnPropertyDescriptors(current),
      outputs: { value: openedOutputs, enumerable: true },
      ...(previous === undefined ? {} : { previous: { value: openedPrevious, enumerable: true } }),
    });
  }

  snapshot(stackId: string, snapshot: SnapshotRecord): SnapshotRecord {
    const { id, definition } = snapshot;
    const mark = definition.parameters[MARK];
    if (mark !== undefined) this.#sealed.note(stackId, mark);
    const owner = { id, name: this.#sealed.get(stackId)?.name ?? stackId };
    const opened = this.#openDefinition(owner, definition, 'current');
    return opened === definition ? snapshot : { ...snapshot, definition: opened };
  }

  resource(stackId: string, record: ResourceRecord): ResourceRecord {
    const { name } = record;
    const properties = this.#openDigests(stackId, name, 'property', record.properties);
    const inputs = this.#openDigests(stackId, name, 'input', record.inputs);
    const reads = record.reads?.some(({ value }) => isKept(value))
      ? record.reads.map((read) => this.read(stackId, name, read))
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

  resourceSnapshot(snapshotId: string, resource: ResourceSnapshot): ResourceSnapshot {
    const { data } = resource;
    const record = this.resource(snapshotId, resource.record);
    if (data === undefined || !isKept(data)) return record === resource.record ? resource : { ...resource, record };
    const opened = openValue(data, placeOfSnapshot(snapshotId, record.name), this.#keyring);
    if (opened.missing !== undefined) throw keyMissing('a snapshot', keyIdOf(data), this.#keyring);
    return { ...resource, record, data: opened.value as JsonObject, dataSecrecy: 'secret' };
  }

  value(stackId: string, stored: StoredValue): StoredValue {
    if (!isKept(stored.value)) return stored;
    const { resource, attribute, value } = stored;
    this.#sealed.note(stackId, value);
    return { resource, attribute, ...openValue(value, placeOfValue(stackId, resource, attribute), this.#keyring) };
  }

  read(owner: string, resource: string, read: StoredRead): StoredRead {
    if (!isKept(read.value)) return read;
    const { missing, ...opened } = openValue(read.value, placeOfRead(owner, resource, read.name), this.#keyring);
    const own = read.isOwn === undefined ? {} : { isOwn: read.isOwn };
    return { name: read.name, ...opened, ...own, ...(missing === undefined ? {} : { isUnknown: true }) };
  }

  /** What stands at a name; `stackId`: whose it is, empty when it is nobody's. */
  entry(stackId: string, [, , resource, attribute]: Name, stored: Json): StoredEntry {
    const { missing, ...opened } = openValue(stored, placeOfValue(stackId, resource, attribute), this.#keyring);
    if (missing === undefined) return opened;
    return { failure: missing === 'key' ? 'It is sealed, and its key was not given.' : NOT_KEPT };
  }

  /** `owner`: the stack, or the snapshot. The definition itself where nothing of it is to be opened. */
  #openDefinition<D extends StackDefinition>({ id, name }: Owner, definition: D, role: Role): D {
    if (isAsStored(definition)) return definition;
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

  /** By properties: whoever only looks at a record does not need what cannot be opened. Undefined when nothing is sealed. */
  #openParts(stackId: string, record: ResourceRecord): PropertyDescriptorMap | undefined {
    let parts: PropertyDescriptorMap | undefined;
    for (const part of RECORD_PARTS) {
      const stored = record[part];
      if (typeof stored !== 'object' || !isKept(stored as JsonObject)) continue;
      this.#sealed.note(stackId, stored as JsonObject);
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

  /** Undefined when its key was not given: nobody is let in then. */
  #openAddress(owner: string, { name, signalAddress }: ResourceRecord): SignalAddress | undefined {
    const stored: Json | undefined = signalAddress?.token;
    if (signalAddress === undefined || !isKept(stored as Json)) return signalAddress;
    const { value, missing } = openValue(stored as Json, [owner, 'signal', name], this.#keyring);
    return missing === undefined ? { ...signalAddress, token: value as string } : undefined;
  }
}

const SECRET_PARTS: readonly SecretPart[] = ['template', 'files', 'environment'];

/** False, too, for documents that are parsed when they are asked for: looking at them would ask. */
function isAsStored(definition: StackDefinition): boolean {
  return areVisible(definition.parameters) && SECRET_PARTS.every((part) => isPlain(definition, part));
}

function isPlain(definition: StackDefinition, part: SecretPart): boolean {
  const property = Object.getOwnPropertyDescriptor(definition, part);
  return property !== undefined && 'value' in property && !isKept(property.value);
}

const NOT_KEPT = 'It is ephemeral, so it was not kept.';

/** Stands for a digest that cannot be opened: equal to none. */
const UNKNOWN_DIGEST = digestValue('sealed');

/** What is sealed by its own id: a stack, or a snapshot of one. `name` tells people of the stack. */
interface Owner {
  readonly id: string;
  readonly name: string;
}
