import type { StackInterface } from '../interface/interface.ts';
import type { HookType } from '../template/hook-types.ts';
import type { PlanStep } from './plan.ts';

/** The hooks that the environment sets, of those that the action heeds. */
export interface PlannedHooks {
  /** What stops a resource before the action does something with it. */
  readonly before: HookType;
  readonly after: HookType;
  readonly of: (resource: string) => ReadonlySet<HookType>;
}

/** The steps with the hooks at which they pause; `hooks` is undefined when the environment sets none. */
export function withPauses(
  steps: readonly PlanStep[],
  { resources, numbers }: StackInterface,
  hooks: PlannedHooks | undefined,
): readonly PlanStep[] {
  if (hooks === undefined) return steps;
  const { before, after, of } = hooks;
  const isHeeded = (action: PlanStep['action']): boolean =>
    before === 'pre-create' ? action === 'create' : TOUCHES.has(action);
  /** Those that are stopped before anything is done with them, or with what they are made of. */
  const begun = new Set<string>();
  for (const { resource, action } of steps) {
    if (!isHeeded(action)) continue;
    for (let at = resources[numbers.get(resource) ?? -1]; at !== undefined; at = resources[at.parent])
      begun.add(at.name);
  }
  return steps.map((step) => {
    const set = of(step.resource);
    const isAfter = isHeeded(step.action) && step.action !== 'replace';
    const pausesAt = [
      ...(begun.has(step.resource) && step.action !== 'delete' && set.has(before) ? [before] : []),
      ...(isAfter && set.has(after) ? [after] : []),
    ];
    return pausesAt.length === 0 ? step : { ...step, pausesAt };
  });
}

const TOUCHES: ReadonlySet<PlanStep['action']> = new Set(['update', 'replace', 'compare']);
