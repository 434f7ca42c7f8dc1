import { EXIT, type ExitCode, exitCodeOf } from '../exit-code.ts';
import { hintDelete, remainsOf, tellRemains } from '../hints.ts';
import { type Io, printJson } from '../io.ts';
import { type StoreOptions, withExistingStore } from '../open-engine.ts';
import { parseParameters } from '../parameters.ts';
import { reportError } from '../print-error.ts';
import { printOutputs } from '../print-stack.ts';
import { Progress } from '../progress.ts';
import { timeoutOf, watchAction } from '../watched-action.ts';

export interface ResumeCommandOptions extends StoreOptions {
  readonly parameter?: readonly string[];
  /** Minutes. */
  readonly timeout?: number;
}

/** Goes on with the action in which the engine of a stack was stopped, and shows how it goes. */
export async function resume(io: Io, stack: string, options: ResumeCommandOptions): Promise<ExitCode> {
  return withExistingStore(io, options, async (engine) => {
    const before = await engine.show(stack, options.space);
    const progress = new Progress({
      space: options.space,
      stack,
      action: before.action,
      startedAt: Date.now(),
      resources: before.resources,
    });
    const watched = { progress, options, isSilent: !before.isInterrupted };
    const outcome = await watchAction(io, engine, watched, (signal) =>
      engine.resume({
        stack,
        space: options.space,
        parameters: parseParameters(options.parameter ?? []),
        signal,
        ...timeoutOf(options),
      }),
    );
    const { value: description, failure, isCancelled, didStart } = outcome;
    // Refused: nothing was done.
    if (failure !== undefined && !didStart) throw failure;
    if (failure !== undefined) {
      if (options.json === true || !isCancelled) reportError(io, failure, options.json === true);
      if (options.json !== true) io.err.write(tellRemains(io, remainsOf(progress), hintDelete(options, stack)));
      return isCancelled ? EXIT.cancelled : exitCodeOf(failure);
    }
    if (options.json === true) printJson(io, description ?? { stack, space: options.space, deleted: true });
    else if (!before.isInterrupted)
      io.err.write(`Stack ${stack} is ${before.state}: nobody was stopped in the middle.\n`);
    else if (description !== undefined) io.out.write(printOutputs(io, description));
    return EXIT.ok;
  });
}
