import { type RestrictedAction, restrictedActions } from '../composition/registry-lookup.ts';
import { type HotloomError, ResourceActionRestricted } from '../errors.ts';
import type { ResourceInterface } from '../interface/interface.ts';
import type { Analysis } from './analyse.ts';

/** Why an update must not change a resource in place, or replace it; undefined when it may. */
export type Refusal = (resource: ResourceInterface, verdict: 'update' | 'replace') => HotloomError | undefined;

/** What an update must not do with a resource, as the environment says it. */
export function restrictionsOf({ environment }: Analysis): (resource: string) => ReadonlySet<RestrictedAction> {
  return (resource) => restrictedActions(environment.resourceRegistry, resource.split('/'));
}

/** The refusals of the environment. */
export function refusalsOf(analysis: Analysis): Refusal {
  const restricted = restrictionsOf(analysis);
  return ({ name }, verdict) => (restricted(name).has(verdict) ? actionRestricted(name, verdict) : undefined);
}

function actionRestricted(name: string, action: RestrictedAction): ResourceActionRestricted {
  return new ResourceActionRestricted({
    what: `${action} is restricted for resource.`,
    why: `The environment says so: its resource_registry has restricted_actions for '${name}'.`,
    fix: `Take '${action}' out of them, or leave the resource as it is.`,
  });
}
