import { EXIT, type ExitCode } from '../exit-code.ts';
import { type Io, oneLine, printJson } from '../io.ts';
import { type StoreOptions, withExistingStore } from '../open-engine.ts';
import { printDuration, type Span } from '../styled-text.ts';
import { printTable } from '../table.ts';

/** Shows what waits at a hook. */
export async function hookPoll(io: Io, stack: string, options: StoreOptions): Promise<ExitCode> {
  return withExistingStore(io, options, async (engine) => {
    const hooks = await engine.pendingHooks(stack, options.space);
    if (options.json === true) {
      printJson(io, hooks);
      return EXIT.ok;
    }
    if (hooks.length === 0) {
      const { state } = await engine.show(stack, options.space);
      io.out.write(`Nothing waits at a hook in stack ${oneLine(stack)}, which is ${state}.\n`);
      return EXIT.ok;
    }
    const now = Date.now();
    const rows = hooks.map(({ resource, hook, since, state, reason }): readonly Span[] => [
      [oneLine(resource), 'strong'],
      [hook],
      [state],
      [printDuration(now - since), 'warn'],
      [reason, 'dim'],
    ]);
    io.out.write(printTable(io.out, ['RESOURCE', 'HOOK', 'STATE', 'SINCE', 'REASON'], rows));
    return EXIT.ok;
  });
}
