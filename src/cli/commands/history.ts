import type { StackOperation } from '../../stack/history.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { type Io, oneLine, printJson } from '../io.ts';
import { type StoreOptions, withExistingStore } from '../open-engine.ts';
import { printTime } from '../plain-lines.ts';
import { printDuration, type Span, toneOfState } from '../styled-text.ts';
import { printTable } from '../table.ts';

/** So many resources of each kind of change are named in a table; `--json` has more. */
const MAX_NAMES = 3;

/** Shows what has been done to a stack, by whom and when. */
export async function history(io: Io, stack: string, options: StoreOptions): Promise<ExitCode> {
  const operations = await withExistingStore(io, options, (engine) => engine.history(stack, options.space));
  if (options.json === true) printJson(io, operations);
  else if (operations.length === 0) io.out.write(`Nothing is known of what was done to stack ${oneLine(stack)}.\n`);
  else {
    const headings = ['NUMBER', 'STATE', 'STARTED', 'TOOK', 'BY', 'PROCESS', 'CHANGES', 'REASON'];
    io.out.write(printTable(io.out, headings, operations.map(rowOf)));
  }
  return EXIT.ok;
}

const SAYS_MORE: ReadonlySet<StackOperation['action']> = new Set<StackOperation['action']>([
  'SIGNAL',
  'MARK_UNHEALTHY',
]);

function rowOf(operation: StackOperation): readonly Span[] {
  const { number, state, action, status, isInterrupted, startedAt, endedAt, actor, host, pid, reason } = operation;
  return [
    [String(number)],
    isInterrupted ? [`${state} (interrupted)`, 'bad'] : [state, toneOfState(state)],
    [printTime(startedAt)],
    [endedAt === undefined ? '-' : printDuration(endedAt - startedAt)],
    [oneLine(actor), 'strong'],
    [oneLine(`${pid} on ${host}`), 'dim'],
    [oneLine(printChanges(operation))],
    // That of an action of the stack that came to its end says no more than its state.
    [status === 'FAILED' || SAYS_MORE.has(action) ? oneLine(reason) : '', 'dim'],
  ];
}

function printChanges({ changes }: StackOperation): string {
  const parts = Object.entries(changes).map(([what, { count, names }]) => {
    const named = names.slice(0, MAX_NAMES);
    return `${what} ${count} (${named.join(', ')}${count > named.length ? ', ...' : ''})`;
  });
  return parts.length === 0 ? 'nothing' : parts.join('; ');
}
