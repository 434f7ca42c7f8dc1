import { type PresentResource, publishedBy } from '../plan/comparison.ts';
import type { StoreChange } from '../store/stack-store.ts';
import type { Analysis } from './analyse.ts';

/**
 * The same resources without the values of attributes that the new template does not declare any more: an output of a nested
 * template that is gone, one of a section `outputs`. `store` takes what is to be stored of it.
 */
export function withoutUndeclared(
  { stack }: Analysis,
  all: ReadonlyMap<string, PresentResource>,
  store: (change: StoreChange) => void,
): ReadonlyMap<string, PresentResource> {
  const kept = new Map(all);
  for (const [name, present] of all) {
    const resource = stack.resources[stack.numbers.get(name) ?? -1];
    if (resource === undefined || resource.type.name !== present.record.type || resource.type.anyAttributes === true)
      continue;
    const isDeclared = (attribute: string): boolean => Object.hasOwn(resource.outputs, attribute);
    const { record, missing = new Set() } = present;
    if ([...Object.keys(present.values), ...missing].every(isDeclared)) continue;
    const declared = {
      ...present,
      values: Object.fromEntries(Object.entries(present.values).filter(([attribute]) => isDeclared(attribute))),
      missing: new Set([...missing].filter(isDeclared)),
    };
    store({ kind: 'resourceGone', resource: name });
    store({ kind: 'resource', record, ...publishedBy(declared) });
    kept.set(name, declared);
  }
  return kept;
}
