import type { ExitCode } from '../exit-code.ts';
import { type Io, oneLine } from '../io.ts';
import { type StoreOptions, withExistingStore } from '../open-engine.ts';
import { Progress } from '../progress.ts';
import { reportStack } from '../report-stack.ts';
import { timeoutOf, watchAction } from '../watched-action.ts';

export interface SuspendCommandOptions extends StoreOptions {
  /** Minutes. */
  readonly timeout?: number;
}

/** Suspends a stack and shows how it goes. */
export async function suspend(io: Io, stack: string, options: SuspendCommandOptions): Promise<ExitCode> {
  return withExistingStore(io, options, async (engine) => {
    const { space } = options;
    const { resources, state } = await engine.show(stack, space);
    const progress = new Progress({ space, stack, action: 'SUSPEND', startedAt: Date.now(), resources });
    const isSilent = state === 'SUSPEND_COMPLETE';
    const outcome = await watchAction(io, engine, { progress, options, isSilent }, (signal) =>
      engine.suspend({ stack, space, signal, ...timeoutOf(options) }),
    );
    if (isSilent && outcome.failure === undefined && options.json !== true) {
      io.err.write(`Stack ${oneLine(stack)} is suspended already.\n`);
    }
    return reportStack(io, engine, stack, options, outcome);
  });
}
