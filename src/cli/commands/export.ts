import { EXIT, type ExitCode } from '../exit-code.ts';
import { type Io, printJson } from '../io.ts';
import { type StoreOptions, withExistingStore } from '../open-engine.ts';

/** Prints a stack as data that `adopt` takes; with `abandon` the store forgets it, and what it has made stays. */
export async function exportStack(
  io: Io,
  stack: string,
  options: StoreOptions & { readonly abandon?: boolean; readonly showSecrets?: boolean },
): Promise<ExitCode> {
  return withExistingStore(io, options, async (engine) => {
    const { space, abandon = false, showSecrets = false } = options;
    printJson(io, await (abandon ? engine.abandon(stack, space) : engine.export(stack, space, { showSecrets })));
    return EXIT.ok;
  });
}
