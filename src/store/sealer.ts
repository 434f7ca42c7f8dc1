import type { SignalAddress } from '../resource/signal-url.ts';
import type { Secrecy } from '../secrets.ts';
import { asJson, isDigest, type Json, type JsonObject } from '../values.ts';
import type { Keyring, SealPlace } from './keyring.ts';
import {
  mapValues,
  placeOfRead,
  placeOfSnapshot,
  placeOfValue,
  RECORD_PARTS,
  type Role,
  storedParameters,
} from './sealed-parts.ts';
import { keyMissing, type SealedStacks } from './sealed-stacks.ts';
import type {
  ResourceRecord,
  SecretPart,
  StackDefinition,
  StackRecord,
  StoreChange,
  StoredRead,
} from './stack-store.ts';
import { isKept, keepValue, MARK } from './stored-value.ts';

/**
 * What is to be stored on its way in: without what must not be kept, and what is secret sealed. What stays as it is comes
 * back itself. All methods throw EncryptionKeyMissing.
 */
export class Sealer {
  readonly #keyring: Keyring | undefined;
  readonly #sealed: SealedStacks;

  constructor(keyring: Keyring | undefined, sealed: SealedStacks) {
    this.#keyring = keyring;
    this.#sealed = sealed;
  }

  change(stackId: string, change: StoreChange): StoreChange {
    switch (change.kind) {
      case 'value': {
        const { secrecy, ...kept } = change;
        const value = this.#keep(change.value, secrecy, placeOfValue(stackId, change.resource, change.attribute));
        return value === change.value && secrecy === undefined ? change : { ...kept, value };
      }
      case 'resource':
        return this.resource(stackId, change);
      case 'outputs':
        return { ...change, outputs: this.outputs(stackId, change.outputs) };
      case 'read':
        return { kind: 'read', ...this.#keepRead(stackId, '', change) };
      case 'reads':
        return { ...change, reads: change.reads.map((read) => this.#keepRead(stackId, '', read)) };
      case 'definition': {
        const { definition, previous } = change;
        return {
          ...change,
          definition: this.definition(stackId, definition, 'current'),
          previous: previous && this.definition(stackId, previous, 'previous'),
        };
      }
      case 'snapshot': {
        const { snapshot } = change;
        const definition = this.definition(snapshot.id, snapshot.definition, 'current', stackId);
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

  /** Nearly every change is one, and only of these there are many. */
  resource(stackId: string, change: Extract<StoreChange, { readonly kind: 'resource' }>): StoreChange {
    const { record, values, secrecy } = change;
    // Nearly every resource: no place is worked out for a value that stays as it is.
    if (secrecy === undefined && this.#isKeptAsItIs(record) && !this.#hasMarks(values)) return change;
    const keptRecord = this.#keepRecord(stackId, record, stackId);
    const keptValues = this.#keepValues(stackId, record.name, values, secrecy);
    if (keptRecord === record && keptValues === values) return change;
    const { secrecy: _secrecy, ...parts } = change;
    return { ...parts, record: keptRecord, values: keptValues };
  }

  outputs(stackId: string, outputs: StackRecord['outputs']): StackRecord['outputs'] {
    return Object.fromEntries(
      Object.entries(outputs).map(([name, { secrecy, missing: _missing, ...output }]) => [
        name,
        { ...output, value: this.#keep(output.value, secrecy, [stackId, 'output', name]) },
      ]),
    );
  }

  /** `owner`: the id of the stack, or of the snapshot. */
  definition<D extends StackDefinition>(owner: string, definition: D, role: Role, stackId = owner): D {
    const { secretParts, hidden = {}, ...others } = definition;
    const keep = (value: JsonObject, part: SecretPart): JsonObject => {
      const isSecret = this.#keyring !== undefined && secretParts?.includes(part) === true;
      return this.#keep(value, isSecret ? 'secret' : undefined, [owner, role, part], stackId) as JsonObject;
    };
    const parameters = storedParameters(definition.parameters);
    if (this.#keyring !== undefined || this.#sealed.get(stackId) !== undefined) {
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
  #keepRead(owner: string, resource: string, { name, value, secrecy, isOwn }: StoredRead): StoredRead {
    const kept = { name, value: this.#keep(value, secrecy, placeOfRead(owner, resource, name)) };
    return isOwn === undefined ? kept : { ...kept, isOwn };
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

  #keep(value: Json, secrecy: Secrecy | undefined, place: SealPlace, stackId = place[0]): Json {
    if (secrecy === undefined) return isKept(value) ? keepValue(asJson(value), undefined, place, undefined) : value;
    const sealed = this.#sealed.get(stackId);
    if (secrecy === 'secret' && sealed !== undefined && this.#keyring === undefined) {
      throw keyMissing(`stack '${sealed.name}'`, sealed.keyId);
    }
    return keepValue(asJson(value), secrecy, place, this.#keyring);
  }
}
