import { hooksOf, type RestrictedAction, restrictedActions } from '../composition/registry-lookup.ts';
import { type HotloomError, ResourceActionRestricted } from '../errors.ts';
import type { Action } from '../events.ts';
import type { ResourceInterface } from '../interface/interface.ts';
import type { PlannedHooks } from '../plan/pauses.ts';
import type { HookType } from '../template/hook-types.ts';
import type { JsonObject } from '../values.ts';
import type { Analysis } from './analyse.ts';

/** Why an update must not change a resource in place, or replace it; undefined when it may. */
export type Refusal = (resource: ResourceInterface, verdict: 'update' | 'replace') => HotloomError | undefined;

/** What an update must not do with a resource, as the environment says it. */
export function restrictionsOf({ environment }: Analysis): (resource: string) => ReadonlySet<RestrictedAction> {
  return (resource) => restrictedActions(environment.resourceRegistry, resource.split('/'));
}

/** Where an environment's resource_registry has a resource stopped. */
export function hooksOfEnvironment(registry: JsonObject): (resource: string) => ReadonlySet<HookType> {
  const known = new Map<string, ReadonlySet<HookType>>();
  return (resource) => {
    const hooks = known.get(resource) ?? hooksOf(registry, resource.split('/'));
    known.set(resource, hooks);
    return hooks;
  };
}

/** The hooks before and after what an action does with a resource (heat/engine/resource.py); undefined: none are set. */
export function hookTypesOf(
  action: Action,
  registry: JsonObject,
): { readonly before: HookType; readonly after: HookType } | undefined {
  if (!JSON.stringify(registry.resources ?? {}).includes('"hooks":')) return undefined;
  if (action === 'CREATE') return { before: 'pre-create', after: 'post-create' };
  // A rollback is an update too.
  return action === 'UPDATE' || action === 'ROLLBACK' ? { before: 'pre-update', after: 'post-update' } : undefined;
}

/** The hooks that a plan tells of; undefined: none are set. */
export function plannedHooks(action: 'CREATE' | 'UPDATE', { environment }: Analysis): PlannedHooks | undefined {
  const types = hookTypesOf(action, environment.resourceRegistry);
  return types && { ...types, of: hooksOfEnvironment(environment.resourceRegistry) };
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
