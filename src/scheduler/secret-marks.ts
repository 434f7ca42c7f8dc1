import type { Secrecy, Secrets } from '../secrets.ts';
import type { ResourceRecord, StoreChange, StoredRead } from '../store/stack-store.ts';
import type { Json, JsonObject } from '../values.ts';

/** What is known of secrets when something is stored. */
export interface SecretMarkParts {
  readonly secrets: Secrets;
  /** What is declared of an attribute. Default: nothing of any. */
  readonly declared?: (resource: string, attribute: string) => Secrecy | undefined;
}

/**
 * A function that marks in a change what is secret: what is declared to be, and whatever a known secret stands in. So the
 * store keeps none as it is, whoever has recorded the change.
 */
export function secretMarks({ secrets, declared }: SecretMarkParts): (change: StoreChange) => StoreChange {
  const secrecyOf = (resource: string, attribute: string, value: Json): Secrecy | undefined => {
    return secrets.secrecyOf(value, declared?.(resource, attribute));
  };

  const markRead = (read: StoredRead): StoredRead => {
    const secrecy = read.secrecy ?? secrets.secrecyOf(read.value);
    return secrecy === undefined ? read : { ...read, secrecy };
  };

  const markRecord = (given: ResourceRecord): ResourceRecord => {
    if (secrets.isEmpty) return given;
    const record = given.reads === undefined ? given : { ...given, reads: given.reads.map(markRead) };
    if (record.dataSecrecy !== undefined) return record;
    const { data, metadata, finalSnapshot } = record;
    const kept = typeof finalSnapshot === 'object' ? finalSnapshot.data : undefined;
    const found = secrets.secrecyOf([data, metadata ?? null, kept ?? null]);
    if (found === undefined) return record;
    if (found === 'secret') return { ...record, dataSecrecy: found };
    // A handler needs its data to delete what it has made, and what is ephemeral may not be stored.
    return {
      ...record,
      data: secrets.masked(data),
      ...(metadata && { metadata: secrets.masked(metadata) }),
      ...(kept && { finalSnapshot: { data: secrets.masked(kept) } }),
    };
  };

  const markValues = (resource: string, values: JsonObject | undefined): { readonly [name: string]: Secrecy } => {
    const marks: [string, Secrecy][] = [];
    for (const attribute in values) {
      const secrecy = secrecyOf(resource, attribute, values[attribute] as Json);
      if (secrecy !== undefined) marks.push([attribute, secrecy]);
    }
    return Object.fromEntries(marks);
  };

  return (change) => {
    // Most stacks have no secrets, and each of their changes comes through here.
    if (declared === undefined && secrets.isEmpty) return change;
    switch (change.kind) {
      case 'value': {
        const secrecy = change.secrecy ?? secrecyOf(change.resource, change.attribute, change.value);
        return secrecy === undefined ? change : { ...change, secrecy };
      }
      case 'resource': {
        const record = markRecord(change.record);
        const secrecy = { ...markValues(change.record.name, change.values), ...change.secrecy };
        if (record === change.record && Object.keys(secrecy).length === 0) return change;
        return { ...change, record, secrecy };
      }
      case 'outputs': {
        const outputs = Object.entries(change.outputs).map(([name, output]) => {
          const secrecy = output.secrecy ?? secrets.secrecyOf(output.value);
          return [name, secrecy === undefined ? output : { ...output, secrecy }] as const;
        });
        return { ...change, outputs: Object.fromEntries(outputs) };
      }
      case 'read':
        return { ...markRead(change), kind: 'read' };
      case 'reads':
        return { ...change, reads: change.reads.map(markRead) };
      case 'resourceSnapshot': {
        const { resource } = change;
        const found = resource.data === undefined ? undefined : secrets.secrecyOf(resource.data);
        const record = markRecord(resource.record);
        if (found === undefined)
          return record === resource.record ? change : { ...change, resource: { ...resource, record } };
        const data = found === 'ephemeral' ? secrets.masked(resource.data as JsonObject) : resource.data;
        return { ...change, resource: { ...resource, record, data, dataSecrecy: 'secret' } };
      }
      default:
        return change;
    }
  };
}
