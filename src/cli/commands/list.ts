import { EXIT, type ExitCode } from '../exit-code.ts';
import { type Io, oneLine, printJson } from '../io.ts';
import { hasStore, type StoreChoice, storeFile, withExistingStore } from '../open-engine.ts';
import { printTime } from '../plain-lines.ts';
import { type Span, toneOfState } from '../styled-text.ts';
import { printTable } from '../table.ts';

interface ListOptions extends StoreChoice {
  readonly json?: boolean;
  readonly space?: string;
}

/** Lists the stacks of a space, or of all spaces where none is named. */
export async function list(io: Io, options: ListOptions): Promise<ExitCode> {
  const all = await withExistingStore(io, options, (engine) => engine.list());
  const stacks = all.filter(({ space }) => options.space === undefined || space === options.space);
  if (options.json === true) printJson(io, stacks);
  else if (stacks.length === 0) {
    const file = storeFile(io, options);
    io.out.write(hasStore(io, options) ? `No stacks in ${file}\n` : `No stacks: there is no store at ${file}\n`);
  } else {
    const hasSpaces = stacks.some(({ space }) => space !== 'default');
    io.out.write(
      printTable(
        io.out,
        [...(hasSpaces ? ['SPACE'] : []), 'NAME', 'STATE', 'CREATED', 'UPDATED', 'ID'],
        stacks.map(({ space, name, state, isInterrupted, createdAt, updatedAt, id }): readonly Span[] => [
          ...(hasSpaces ? [[oneLine(space)] as const] : []),
          [oneLine(name), 'strong'],
          isInterrupted ? [`${state} (interrupted)`, 'bad'] : [state, toneOfState(state)],
          [printTime(createdAt)],
          [printTime(updatedAt)],
          [id, 'dim'],
        ]),
      ),
    );
  }
  return EXIT.ok;
}
