import type { ExitCode } from '../exit-code.ts';
import type { Io } from '../io.ts';
import { type StoreOptions, withEngine, withoutStore } from '../open-engine.ts';
import { planProgress } from '../plan-progress.ts';
import { reportStack } from '../report-stack.ts';
import { readTemplateInput, type TemplateOptions } from '../template-input.ts';
import { tagsOf, timeoutOf, watchAction } from '../watched-action.ts';

export interface CreateCommandOptions extends TemplateOptions, StoreOptions {
  /** Minutes. */
  readonly timeout?: number;
  readonly rollback?: boolean;
  readonly enableRollback?: boolean;
  readonly tags?: readonly string[];
}

/** Creates a stack and shows how it goes. */
export async function create(io: Io, stack: string, options: CreateCommandOptions): Promise<ExitCode> {
  const input = await readTemplateInput(io, stack, options);
  // Before the store is opened: a wrong template must leave nothing behind, not even an empty store.
  const plan = await withoutStore(async (engine) => engine.preview(input));
  return withEngine(io, options, async (engine) => {
    const progress = await planProgress(engine, plan);
    const outcome = await watchAction(io, engine, { progress, options }, (signal) =>
      engine.create({
        ...input,
        rollback: options.rollback === true || options.enableRollback === true,
        ...tagsOf(options),
        signal,
        ...timeoutOf(options),
      }),
    );
    return reportStack(io, engine, stack, options, outcome);
  });
}
