import { EXIT, type ExitCode } from '../exit-code.ts';
import { type Io, oneLine, printJson } from '../io.ts';
import { type StoreOptions, withExistingStore } from '../open-engine.ts';

interface CancelCommandOptions extends StoreOptions {
  /** False by `--no-rollback`. */
  readonly rollback: boolean;
}

/** Cancels what is at work on a stack, and tells how that has ended. */
export async function cancel(io: Io, stack: string, options: CancelCommandOptions): Promise<ExitCode> {
  const { space, rollback } = options;
  const description = await withExistingStore(io, options, (engine) => engine.cancel({ stack, space, rollback }));
  if (options.json === true) printJson(io, description);
  else io.out.write(`Stack ${oneLine(stack)} is ${description.state}: ${oneLine(description.reason)}\n`);
  return EXIT.ok;
}
