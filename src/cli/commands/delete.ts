import { EXIT, type ExitCode } from '../exit-code.ts';
import { type Io, printJson } from '../io.ts';
import { type StoreOptions, withExistingStore } from '../open-engine.ts';
import { Progress } from '../progress.ts';
import { mayGoOn } from '../question.ts';
import { reportRemains } from '../report-stack.ts';
import { timeoutOf, watchAction } from '../watched-action.ts';

export interface DeleteCommandOptions extends StoreOptions {
  readonly force?: boolean;
  readonly yes?: boolean;
  /** Minutes. */
  readonly timeout?: number;
}

/** Deletes a stack and shows how it goes. On a terminal it asks first, as Heat's client does. */
export async function deleteCommand(io: Io, stack: string, options: DeleteCommandOptions): Promise<ExitCode> {
  return withExistingStore(io, options, async (engine) => {
    const { resources, state } = await engine.show(stack, options.space);
    const count = resources.length === 1 ? '1 resource' : `${resources.length} resources`;
    if (!(await mayGoOn(io, `delete stack ${stack} with its ${count}`, options))) {
      io.err.write('Nothing was deleted.\n');
      return EXIT.failed;
    }
    const progress = new Progress({
      space: options.space,
      stack,
      action: 'DELETE',
      startedAt: Date.now(),
      resources,
    });
    const outcome = await watchAction(io, engine, { progress, options }, (signal) =>
      engine.delete({ stack, space: options.space, force: options.force === true, signal, ...timeoutOf(options) }),
    );
    const { failure, didStart } = outcome;
    // Refused: nothing was done.
    if (failure !== undefined && !didStart) throw failure;
    if (failure !== undefined) return reportRemains(io, engine, options, progress, outcome);
    if (options.json === true) printJson(io, { stack, space: options.space, stateBefore: state, deleted: true });
    return EXIT.ok;
  });
}
