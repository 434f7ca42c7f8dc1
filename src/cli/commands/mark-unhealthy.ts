import { EXIT, type ExitCode } from '../exit-code.ts';
import { commandLine } from '../hints.ts';
import { type Io, oneLine, printJson } from '../io.ts';
import { type StoreOptions, withExistingStore } from '../open-engine.ts';

export interface MarkUnhealthyCommandOptions extends StoreOptions {
  /** Takes the mark back. */
  readonly reset?: boolean;
}

/** Says of a resource that it is not well, so that the next update replaces it. */
export async function markUnhealthy(
  io: Io,
  stack: string,
  resource: string,
  reason: string | undefined,
  options: MarkUnhealthyCommandOptions,
): Promise<ExitCode> {
  return withExistingStore(io, options, async (engine) => {
    const { space, reset = false } = options;
    await engine.markUnhealthy({
      stack,
      space,
      resource,
      unhealthy: !reset,
      ...(reason === undefined ? {} : { reason }),
    });
    if (options.json === true) printJson(io, await engine.show(stack, space));
    else if (!reset)
      io.err.write(
        `The next update replaces ${oneLine(resource)}: '${commandLine(options, ['update', stack, '--existing'])}'.\n`,
      );
    return EXIT.ok;
  });
}
