import type { Engine } from '../engine.ts';
import { isHotloomError } from '../errors.ts';
import type { Plan } from '../plan/plan.ts';
import type { StackDescription } from '../stack/describe.ts';
import { Progress } from './progress.ts';

/** What is shown of a create or an update while it is at work: the resources of its plan, as they are now. */
export async function planProgress(engine: Engine, { action, space, stack, steps }: Plan): Promise<Progress> {
  const resources = action === 'CREATE' ? [] : await resourcesOf(engine, stack, space);
  return new Progress({
    space,
    stack,
    action,
    startedAt: Date.now(),
    resources: steps
      .filter((step) => step.action !== 'none')
      .map(({ resource, movedFrom, type }) => ({
        ...resources.find(({ name, isReplaced }) => name === (movedFrom ?? resource) && !isReplaced),
        name: resource,
        type,
      })),
  });
}

/** None when there is no such stack: whoever acts on it says so. */
async function resourcesOf(engine: Engine, stack: string, space: string): Promise<StackDescription['resources']> {
  try {
    return (await engine.show(stack, space)).resources;
  } catch (error) {
    if (isHotloomError(error, 'EntityNotFound')) return [];
    throw error;
  }
}
