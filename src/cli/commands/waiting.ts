import { printName } from '../../names.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { type Io, oneLine, printJson } from '../io.ts';
import { type StoreOptions, withExistingStore } from '../open-engine.ts';
import { describeInterruption } from '../print-stack.ts';
import { printDuration, type Span } from '../styled-text.ts';
import { printTable } from '../table.ts';

/** Shows who waits for what in a stack that is at work, also in another process. */
export async function waiting(io: Io, stack: string, options: StoreOptions): Promise<ExitCode> {
  return withExistingStore(io, options, async (engine) => {
    // Tells a stack that nobody works on from one that is not there.
    const shown = await engine.show(stack, options.space);
    const { state } = shown;
    const reads = await engine.waiting(stack, options.space);
    if (options.json === true) printJson(io, reads);
    else if (shown.isInterrupted)
      io.out.write(`Stack ${oneLine(stack)} is ${state}: ${describeInterruption(shown)}.\n`);
    else if (reads.length === 0) io.out.write(`Nothing waits in stack ${oneLine(stack)}, which is ${state}.\n`);
    else {
      const now = Date.now();
      io.out.write(
        printTable(
          io.out,
          ['READER', 'INPUT', 'WAITS FOR', 'SINCE', 'BECAUSE'],
          reads.map(({ reader, input, name, since, reason, awaits }): readonly Span[] => [
            [oneLine(reader), 'strong'],
            [oneLine(input ?? (awaits === undefined ? '(by name)' : `(${awaits})`))],
            [oneLine(printName(name))],
            [printDuration(now - since), 'warn'],
            [oneLine(reason), 'dim'],
          ]),
        ),
      );
    }
    return EXIT.ok;
  });
}
