import { findPort, IN, type PortGraph } from '../graph/port-graph.ts';
import { placeOf } from '../interface/given.ts';
import type { ResourceInterface, StackInterface } from '../interface/interface.ts';
import { comparedNames, inputNow } from '../plan/comparison.ts';
import type { Conceal } from '../secrets.ts';
import type { ResourceRecord } from '../store/stack-store.ts';
import type { ResolveScope } from '../template/expression.ts';
import { type Json, setOwn } from '../values.ts';
import type { Readiness } from './readiness.ts';

/** What inputs are read with. */
export interface LateReadingsParts {
  readonly stack: StackInterface;
  readonly graph: PortGraph;
  readonly readiness: Readiness;
  readonly scope: ResolveScope;
  readonly redact: (text: string) => string;
  readonly conceal: Conceal<ResourceInterface>;
}

/**
 * The record of a complete resource with those inputs that were not there yet when its handler ended, and that nobody could
 * record since the engine was stopped then; undefined when nothing has come. What is read outside of the stack is left out: it
 * was not waited for.
 */
export function withLateReadings(
  record: ResourceRecord,
  resource: ResourceInterface,
  { stack, graph, readiness, scope, redact, conceal }: LateReadingsParts,
): ResourceRecord | undefined {
  if (resource.type.kind !== 'streaming' || resource.isExternal) return undefined;
  const properties: Record<string, Json> = { ...record.properties };
  const inputs: Record<string, Json> = { ...record.inputs };
  let hasCome = false;
  for (const { name, kind } of comparedNames(resource, { record, values: {} }, undefined)) {
    const known = kind === 'alias' ? inputs : properties;
    const port = findPort(graph, resource.index, IN, name);
    if (Object.hasOwn(known, name) || port === undefined || !readiness.isFired(port)) continue;
    const input = resource.inputs.find((each) => each.name === name);
    if (input?.references.some((reference) => reference.kind === 'name') === true) continue;
    const value = tryRead(() => inputNow(resource, { name, kind }, scope, placeOf(resource, stack, redact)));
    if (value === undefined) continue;
    setOwn(known, name, conceal({ [name]: value }, resource)[name] as Json);
    hasCome = true;
  }
  if (!hasCome) return undefined;
  return { ...record, properties, inputs: Object.keys(inputs).length === 0 ? undefined : inputs };
}

/** A value that is wrong is not recorded, as when its handler has not read it. */
function tryRead(read: () => Json | undefined): Json | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
