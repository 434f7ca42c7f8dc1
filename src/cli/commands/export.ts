import { UsageError } from '../../errors.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { type Io, printJson } from '../io.ts';
import { type StoreOptions, withExistingStore } from '../open-engine.ts';

interface Options extends StoreOptions {
  readonly abandon?: boolean;
  /** Also when its snapshots hold something. */
  readonly force?: boolean;
  readonly showSecrets?: boolean;
}

/** Prints a stack as data that `adopt` takes; with `abandon` the store forgets it, and what it has made stays. */
export async function exportStack(io: Io, stack: string, options: Options): Promise<ExitCode> {
  const { space, abandon = false, force = false, showSecrets = false } = options;
  if (force && !abandon) {
    throw new UsageError({
      what: "'--force' needs '--abandon'.",
      why: 'An export alone changes nothing, and is never refused because of snapshots.',
      fix: "Leave '--force' out, or add '--abandon'.",
    });
  }
  return withExistingStore(io, options, async (engine) => {
    // What is printed is all that is left of an abandoned stack, so it is printed first.
    if (abandon) await engine.abandon(stack, space, { force, keep: (data) => printJson(io, data) });
    else printJson(io, await engine.export(stack, space, { showSecrets }));
    return EXIT.ok;
  });
}
