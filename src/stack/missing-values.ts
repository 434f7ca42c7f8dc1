import { findPort, IN, OUT } from '../graph/port-graph.ts';
import { findResource } from '../interface/interface.ts';
import type { StoredResource } from '../scheduler/traversal-parts.ts';
import type { Analysis } from './analyse.ts';

/**
 * What stands, with those created again under their tokens whose handlers are repeatable and which have published a value
 * that is not stored and that somebody who `willRun` reads.
 */
export function withRepeated<S extends StoredResource>(
  analysis: Analysis,
  stored: ReadonlyMap<string, S>,
  willRun: (resource: string) => boolean,
): ReadonlyMap<string, S> {
  let changed: Map<string, S> | undefined;
  for (const [name, resource] of stored) {
    const { record, missing } = resource;
    if (missing === undefined || record.status !== 'COMPLETE' || !isRepeatable(analysis, name)) continue;
    if (![...missing].some((attribute) => readersOf(analysis, name, attribute).some(willRun))) continue;
    changed ??= new Map(stored);
    changed.set(name, { ...resource, record: { ...record, action: 'CREATE', status: 'IN_PROGRESS' } });
  }
  return changed ?? stored;
}

function isRepeatable({ stack }: Analysis, name: string): boolean {
  const resource = findResource(stack, name);
  return resource !== undefined && !resource.isExternal && resource.type.handler.isRepeatable === true;
}

/** Those that read the attribute by one of their inputs. */
function readersOf({ stack, graph }: Analysis, name: string, attribute: string): readonly string[] {
  const { successors, kinds, owners, names } = graph;
  const port = findPort(graph, stack.numbers.get(name) as number, OUT, attribute);
  if (port === undefined) return [];
  const readers: string[] = [];
  for (let edge = successors.offsets[port] as number; edge < (successors.offsets[port + 1] as number); edge += 1) {
    const reader = successors.targets[edge] as number;
    if (kinds[reader] === IN) readers.push(names[owners[reader] as number] as string);
  }
  return readers;
}
