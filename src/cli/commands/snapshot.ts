import { EXIT, type ExitCode, exitCodeOf } from '../exit-code.ts';
import { type Io, oneLine, printJson } from '../io.ts';
import { type StoreOptions, withExistingStore } from '../open-engine.ts';
import { reportError } from '../print-error.ts';
import { Progress } from '../progress.ts';
import { timeoutOf, watchAction } from '../watched-action.ts';

export interface SnapshotCommandOptions extends StoreOptions {
  readonly name?: string;
  /** Minutes. */
  readonly timeout?: number;
}

/** Takes a snapshot of a stack and shows how it goes. */
export async function snapshot(io: Io, stack: string, options: SnapshotCommandOptions): Promise<ExitCode> {
  return withExistingStore(io, options, async (engine) => {
    const { space, name } = options;
    const { resources } = await engine.show(stack, space);
    const progress = new Progress({ space, stack, action: 'SNAPSHOT', startedAt: Date.now(), resources });
    const { value, failure, isCancelled, didStart } = await watchAction(io, engine, { progress, options }, (signal) =>
      engine.snapshot({ stack, space, ...(name === undefined ? {} : { name }), signal, ...timeoutOf(options) }),
    );
    if (value === undefined) {
      // Refused: nothing was done.
      if (!didStart) throw failure;
      if (options.json === true || !isCancelled) reportError(io, failure, options.json === true);
      return isCancelled ? EXIT.cancelled : exitCodeOf(failure);
    }
    if (options.json === true) printJson(io, value);
    else io.out.write(`Snapshot ${value.id}${value.name === undefined ? '' : ` (${oneLine(value.name)})`}\n`);
    return EXIT.ok;
  });
}
