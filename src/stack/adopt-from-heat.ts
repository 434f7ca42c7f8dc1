import { givenProperties, placeOf } from '../interface/given.ts';
import { findResource, type ResourceInterface } from '../interface/interface.ts';
import { storedScope } from '../plan/changes.ts';
import type { PresentResource } from '../plan/comparison.ts';
import { resourceFailure } from '../scheduler/resource-failure.ts';
import { walkResources } from '../scheduler/resource-walk.ts';
import { untilStopped } from '../scheduler/until-stopped.ts';
import type { ResourceRecord } from '../store/stack-store.ts';
import { asJson, type JsonObject } from '../values.ts';
import type { Analysis } from './analyse.ts';
import { concealOf } from './marks.ts';
import type { StackServices } from './services.ts';

/** What Heat's own export leaves out of a resource. */
export interface LeftOut {
  readonly attributes: JsonObject;
  /** Absent when they cannot be told. */
  readonly properties?: JsonObject;
}

/**
 * What Heat's own export leaves out of these resources, by their names: it has neither attributes nor properties. The handlers that
 * can are asked for the attributes; the properties are those of the exported template, `analysis`, with these. Throws
 * ResourceFailure, and the reason of `signal`.
 */
export async function leftOutByHeat(
  services: StackServices,
  analysis: Analysis,
  records: readonly ResourceRecord[],
  stackId: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, LeftOut>> {
  const { stack, redact } = analysis;
  const present = new Map<string, PresentResource>();
  const failures: unknown[] = [];
  await walkResources({
    records,
    order: 'any',
    slots: services.slots,
    signal,
    visit: async (record) => {
      const type = findResource(stack, record.name)?.type;
      if (type?.name !== record.type || type.kind !== 'plain') return;
      const { handler } = type;
      const { resourceId, data } = record;
      const asked = (async () => handler.adopt?.({ resourceId, data, signal }))();
      const values = await untilStopped(asked, { ...services, signal });
      if (values !== undefined) present.set(record.name, { record, values: asJson(values) as JsonObject });
    },
    didFail: ({ name }, error) => void failures.push(resourceFailure(name, error, redact)),
  });
  signal.throwIfAborted();
  if (failures.length > 0) throw failures[0];
  const leftOut = new Map<string, LeftOut>();
  for (const [name, { values: attributes }] of present) {
    const properties = propertiesOf(findResource(stack, name) as ResourceInterface, present, analysis, stackId);
    leftOut.set(name, properties === undefined ? { attributes } : { attributes, properties });
  }
  return leftOut;
}

/** What it reads of resources that are not known counts as null. Undefined where its properties come out wrong by that. */
function propertiesOf(
  resource: ResourceInterface,
  present: ReadonlyMap<string, PresentResource>,
  analysis: Analysis,
  stackId: string,
): JsonObject | undefined {
  const { stack, redact } = analysis;
  try {
    const given = givenProperties(resource, storedScope({ stack, present }), placeOf(resource, stack, redact));
    return concealOf(analysis, stackId)(given, resource);
  } catch {
    return undefined;
  }
}
