import { EXIT, type ExitCode } from '../exit-code.ts';
import { type Io, oneLine, printJson } from '../io.ts';
import { type StoreOptions, withExistingStore } from '../open-engine.ts';
import { parseParameters } from '../parameters.ts';
import { printOutputs } from '../print-stack.ts';
import { Progress } from '../progress.ts';
import { reportRemains } from '../report-stack.ts';
import { timeoutOf, watchAction } from '../watched-action.ts';

export interface ResumeCommandOptions extends StoreOptions {
  readonly parameter?: readonly string[];
  /** Minutes. */
  readonly timeout?: number;
}

/** Goes on with the action in which the engine of a stack was stopped, or has a suspended stack go on, and shows how it goes. */
export async function resume(io: Io, stack: string, options: ResumeCommandOptions): Promise<ExitCode> {
  return withExistingStore(io, options, async (engine) => {
    const before = await engine.show(stack, options.space);
    const isAsleep = before.status !== 'IN_PROGRESS' && before.resources.some(({ isSuspended }) => isSuspended);
    const progress = new Progress({
      space: options.space,
      stack,
      action: isAsleep ? 'RESUME' : before.action,
      startedAt: Date.now(),
      resources: before.resources,
    });
    const watched = { progress, options, isSilent: !before.isInterrupted && !isAsleep };
    const outcome = await watchAction(io, engine, watched, (signal) =>
      engine.resume({
        stack,
        space: options.space,
        parameters: parseParameters(options.parameter ?? []),
        signal,
        ...timeoutOf(options),
      }),
    );
    const { value: description, failure, didStart } = outcome;
    // Refused: nothing was done.
    if (failure !== undefined && !didStart) throw failure;
    if (failure !== undefined) return reportRemains(io, engine, options, progress, outcome);
    if (options.json === true) printJson(io, description ?? { stack, space: options.space, deleted: true });
    else if (!before.isInterrupted && !isAsleep)
      io.err.write(
        `Stack ${oneLine(stack)} is ${before.state}: nothing was stopped in the middle, nothing is suspended.\n`,
      );
    else if (description?.state === 'SUSPEND_COMPLETE')
      io.err.write(`It is suspended now; resume it again to wake it.\n`);
    else if (description !== undefined) io.out.write(printOutputs(io, description));
    return EXIT.ok;
  });
}
