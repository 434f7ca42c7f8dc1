import type { ResourceRecord } from '../store/stack-store.ts';
import type { HookType } from '../template/hook-types.ts';
import { findStack } from './find-stack.ts';
import type { StackServices } from './services.ts';

/** A resource that waits at a hook. Plain data. */
export interface PendingHook {
  readonly resource: string;
  readonly hook: HookType;
  /** When it was reached, in milliseconds since 1970-01-01 UTC. */
  readonly since: number;
  readonly resourceId: string | undefined;
  /** `INIT_COMPLETE` for one that is not made yet. */
  readonly state: `${ResourceRecord['action']}_${ResourceRecord['status']}`;
  /** As the resource's event says it. */
  readonly reason: string;
}

/**
 * What waits at a hook in a stack whose action has not ended, whoever is at work on it, or was; the longest first. Throws
 * EntityNotFound.
 */
export async function pendingHooks(
  services: StackServices,
  space: string,
  stack: string,
): Promise<readonly PendingHook[]> {
  const { id, status, hooks = {} } = await findStack(services, space, stack);
  if (status !== 'IN_PROGRESS' || Object.keys(hooks).length === 0) return [];
  const records = new Map((await services.store.resources(id)).map((record) => [record.name, record]));
  const pending = Object.entries(hooks).flatMap(([resource, reached]) =>
    Object.entries(reached).flatMap(([name, { since, isCleared }]): readonly PendingHook[] => {
      const hook = name as HookType;
      const { resourceId, action = 'INIT', status: state = 'COMPLETE' } = records.get(resource) ?? {};
      const reason = `${hook.slice(hook.indexOf('-') + 1).toUpperCase()} paused until Hook ${hook} is cleared`;
      return isCleared ? [] : [{ resource, hook, since, resourceId, state: `${action}_${state}`, reason }];
    }),
  );
  return pending.sort((a, b) => a.since - b.since);
}
