import type { ExitCode } from '../exit-code.ts';
import type { Io } from '../io.ts';
import { type StoreOptions, withExistingStore } from '../open-engine.ts';
import { parseParameters } from '../parameters.ts';
import { Progress } from '../progress.ts';
import { reportStack } from '../report-stack.ts';
import { timeoutOf, watchAction } from '../watched-action.ts';

export interface RestoreCommandOptions extends StoreOptions {
  readonly parameter?: readonly string[];
  readonly rollback?: boolean;
  /** Minutes. */
  readonly timeout?: number;
}

/** Brings a stack back to a snapshot and shows how it goes. */
export async function restore(
  io: Io,
  stack: string,
  snapshot: string,
  options: RestoreCommandOptions,
): Promise<ExitCode> {
  return withExistingStore(io, options, async (engine) => {
    const { space, rollback = false } = options;
    // What it does not touch is not shown.
    const progress = new Progress({ space, stack, action: 'RESTORE', startedAt: Date.now(), resources: [] });
    const parameters = parseParameters(options.parameter ?? []);
    const outcome = await watchAction(io, engine, { progress, options }, (signal) =>
      engine.restore({ stack, space, snapshot, parameters, rollback, signal, ...timeoutOf(options) }),
    );
    return reportStack(io, engine, stack, options, outcome);
  });
}
