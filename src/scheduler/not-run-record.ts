import { COMPOSITION_DATA } from '../composition/handler.ts';
import { type PortGraph, requiredResources } from '../graph/port-graph.ts';
import type { ResourceInterface } from '../interface/interface.ts';
import type { ResourceRecord } from '../store/stack-store.ts';

/**
 * The record of a resource that was not run, for that `reason`. What an `interrupted` attempt may have made has to be deleted
 * later, though it did not go on.
 */
export function notRunRecord(
  resource: ResourceInterface,
  interrupted: ResourceRecord | undefined,
  graph: PortGraph,
  { reason, time }: { readonly reason: string; readonly time: number },
): ResourceRecord {
  if (interrupted?.status === 'IN_PROGRESS') return { ...interrupted, status: 'FAILED', reason, updatedAt: time };
  return {
    name: resource.name,
    type: resource.type.name,
    physicalName: '',
    resourceId: undefined,
    action: 'INIT',
    status: 'COMPLETE',
    reason,
    token: '',
    data: resource.type.isComposition === true ? COMPOSITION_DATA : {},
    requires: requiredResources(graph, resource.index),
    deletionPolicy: resource.deletionPolicy,
    updatedAt: time,
  };
}
