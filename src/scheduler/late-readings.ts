import { findPort, IN } from '../graph/port-graph.ts';
import { placeOf } from '../interface/given.ts';
import type { ResourceInterface } from '../interface/interface.ts';
import { inputNow } from '../plan/comparison.ts';
import type { ResourceRecord } from '../store/stack-store.ts';
import { type Json, setOwn } from '../values.ts';
import type { ComparisonsParts } from './comparisons.ts';

/** What inputs are read with. */
export type LateReadingsParts = Pick<
  ComparisonsParts,
  'stack' | 'graph' | 'readiness' | 'scope' | 'redact' | 'conceal'
>;

/**
 * The record of a complete resource with those inputs that have come since its handler had ended; the record itself when there
 * are none. What is read outside of the stack is left out where it was not waited for.
 */
export function withLateReadings(
  record: ResourceRecord,
  resource: ResourceInterface,
  isAllAwaited: boolean,
  { stack, graph, readiness, scope, redact, conceal }: LateReadingsParts,
): ResourceRecord {
  if (record.unread === undefined) return record;
  const properties: Record<string, Json> = { ...record.properties };
  const inputs: Record<string, Json> = { ...record.inputs };
  const unread: string[] = [];
  for (const name of record.unread) {
    const kind = Object.hasOwn(resource.definition.inputs, name) ? 'alias' : 'property';
    const port = findPort(graph, resource.index, IN, name);
    const isThere = (port === undefined || readiness.isFired(port)) && (isAllAwaited || !readsOutside(resource, name));
    const value = isThere
      ? tryRead(() => inputNow(resource, { name, kind }, scope, placeOf(resource, stack, redact)))
      : undefined;
    if (!isThere) unread.push(name);
    else if (value !== undefined) {
      setOwn(kind === 'alias' ? inputs : properties, name, conceal({ [name]: value }, resource)[name] as Json);
    }
  }
  return {
    ...record,
    properties,
    inputs: Object.keys(inputs).length === 0 ? undefined : inputs,
    unread: unread.length === 0 ? undefined : unread,
  };
}

function readsOutside({ inputs }: ResourceInterface, name: string): boolean {
  const input = inputs.find((each) => each.name === name);
  return input?.references.some((reference) => reference.kind === 'name') === true;
}

/** A value that is wrong is not recorded, as when its handler has not read it. */
function tryRead(read: () => Json | undefined): Json | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
