import { type Plan, planCreate } from '../plan/plan.ts';
import { type Analysis, analyse, type TemplateInput } from './analyse.ts';
import type { StackDescription } from './describe.ts';
import { Operation } from './operation.ts';
import { plannedHooks } from './restrictions.ts';
import type { StackServices } from './services.ts';
import { checkTags } from './tags.ts';

export interface CreateOptions extends TemplateInput {
  /** Milliseconds until what has not ended is stopped; default 3,600,000 (Heat's hour). */
  readonly timeoutMs?: number;
  /** Deletes what was made when the create fails. Default false, as under Heat. */
  readonly rollback?: boolean;
  /** Words by which the stack is found in a list: of at most 80 characters, without commas. */
  readonly tags?: readonly string[];
  /** Cancels the create. What was made by then stays recorded, to be deleted. */
  readonly signal?: AbortSignal;
}

/** What a create would do, as data. */
export function planOfCreate(analysis: Analysis): Plan {
  const { stack, graph, redact } = analysis;
  return planCreate(stack, graph, redact, plannedHooks('CREATE', analysis));
}

/**
 * Creates a stack. Resolves with the complete stack.
 *
 * Nothing is made when the template or a parameter is wrong (TemplateInvalid and the errors of parameters), or when
 * there is a stack of that name (StackExists). Throws StackFailed when a resource fails, the time is over or the action
 * is cancelled; the stack is then CREATE_FAILED, or ROLLBACK_COMPLETE with `rollback`.
 */
export async function createStack(services: StackServices, options: CreateOptions): Promise<StackDescription> {
  const stackId = services.randomness.uuid();
  const analysis = analyse(services, options, { stackId });
  checkTags(options.tags);
  const { timeoutMs, signal, rollback } = options;
  const limits = { timeoutMs, signal, rollback: 'delete', rollsBack: rollback === true } as const;
  const { space, stack: name } = analysis.stack;
  return services.running.starting(space, name, () =>
    new Operation(services, limits, analysis, stackId).run(options.tags),
  );
}
