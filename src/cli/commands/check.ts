import type { StackCheck } from '../../stack/check.ts';
import { EXIT, type ExitCode, exitCodeOf } from '../exit-code.ts';
import { commandLine } from '../hints.ts';
import { type Io, oneLine, printJson } from '../io.ts';
import { type StoreOptions, withExistingStore } from '../open-engine.ts';
import { reportError } from '../print-error.ts';
import { Progress } from '../progress.ts';
import { timeoutOf, watchAction } from '../watched-action.ts';

export interface CheckCommandOptions extends StoreOptions {
  /** Minutes. */
  readonly timeout?: number;
}

/** Asks whether what a stack has made is there and as it was made. */
export async function check(io: Io, stack: string, options: CheckCommandOptions): Promise<ExitCode> {
  return withExistingStore(io, options, async (engine) => {
    const { resources } = await engine.show(stack, options.space);
    const { space } = options;
    const progress = new Progress({ space, stack, action: 'CHECK', startedAt: Date.now(), resources });
    const { value, failure, isCancelled, didStart } = await watchAction(io, engine, { progress, options }, (signal) =>
      engine.check({ stack, space, signal, ...timeoutOf(options) }),
    );
    if (value === undefined) {
      // Refused: nothing was done.
      if (!didStart) throw failure;
      if (options.json === true || !isCancelled) reportError(io, failure, options.json === true);
      return isCancelled ? EXIT.cancelled : exitCodeOf(failure);
    }
    if (options.json === true) printJson(io, value);
    else {
      for (const line of foundOut(value)) io.out.write(`${oneLine(line)}\n`);
      if (value.status !== 'COMPLETE')
        io.err.write(
          `The next update replaces what is not well: '${commandLine(options, ['update', stack, '--existing'])}'.\n`,
        );
    }
    return value.status === 'COMPLETE' ? EXIT.ok : EXIT.failed;
  });
}

/** What is not as it was made: a line for each property that is not, else why the resource is not well. */
function foundOut({ resources, drifts }: StackCheck): readonly string[] {
  const unwell = resources.filter(({ status, isReplaced }) => status === 'FAILED' && !isReplaced);
  return unwell.flatMap(({ name, reason }) => {
    const drift = drifts[name] ?? [];
    if (drift.length === 0) return [`${name}: ${reason}`];
    return drift.map(
      (each) => `${name}.${each.name}: ${JSON.stringify(each.before)} has become ${JSON.stringify(each.after)}`,
    );
  });
}
