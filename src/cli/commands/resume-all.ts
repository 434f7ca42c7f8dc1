import { UsageError } from '../../errors.ts';
import type { ResumedStack } from '../../stack/resume.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { Interruption } from '../interruption.ts';
import { type Io, oneLine, printJson } from '../io.ts';
import { withExistingStore } from '../open-engine.ts';
import { printEvent } from '../plain-lines.ts';
import { errorAsJson, reportError } from '../print-error.ts';
import { timeoutOf } from '../watched-action.ts';
import type { ResumeCommandOptions } from './resume.ts';

/** Goes on with every action in which an engine was stopped, a line per event. */
export async function resumeAll(io: Io, options: ResumeCommandOptions): Promise<ExitCode> {
  if (options.parameter !== undefined) throw parameterOfAll();
  return withExistingStore(io, options, async (engine) => {
    const interruption = new Interruption({
      first: () => void io.err.write('Cancelling, until what is at work has stopped. Ctrl-C again ends at once.\n'),
    });
    const stopListening = engine.onEvent((event) => {
      const line = options.json === true ? undefined : printEvent(event);
      if (line !== undefined) io.out.write(`${line}\n`);
    });
    let resumed: readonly ResumedStack[];
    try {
      resumed = await engine.resumeAll({ signal: interruption.signal, ...timeoutOf(options) });
    } finally {
      stopListening();
      interruption.end();
    }
    if (options.json === true) printJson(io, resumed.map(asJson));
    else tell(io, resumed);
    if (interruption.isCancelled) return EXIT.cancelled;
    return resumed.some(({ error }) => error !== undefined) ? EXIT.failed : EXIT.ok;
  });
}

function tell(io: Io, resumed: readonly ResumedStack[]): void {
  if (resumed.length === 0) io.err.write('No stack was stopped in the middle.\n');
  for (const { stack, error } of resumed) {
    if (error === undefined) continue;
    io.err.write(`Stack ${oneLine(stack)}:\n`);
    reportError(io, error, false);
  }
}

function asJson({ space, stack, description, error }: ResumedStack) {
  if (error !== undefined) return { space, stack, error: errorAsJson(error) };
  return description === undefined ? { space, stack, deleted: true } : { space, stack, state: description.state };
}

function parameterOfAll(): UsageError {
  return new UsageError({
    what: '--parameter needs the name of a stack.',
    why: 'Without a name every interrupted stack is resumed, and each has parameters of its own.',
    fix: "Give the name, as in 'hotloom resume my-app --parameter K=V'.",
  });
}
