import type { Engine } from '../../engine.ts';
import type { StackDescription } from '../../stack/describe.ts';
import { openScreen } from '../action-screen.ts';
import { EXIT, type ExitCode, exitCodeOf } from '../exit-code.ts';
import { hintDelete, mayExist, type Remains, remainsOf, tellRemains } from '../hints.ts';
import { Interruption } from '../interruption.ts';
import { type Io, printJson } from '../io.ts';
import { type StoreOptions, withEngine, withoutStore } from '../open-engine.ts';
import { reportError } from '../print-error.ts';
import { printOutputs } from '../print-stack.ts';
import { Progress } from '../progress.ts';
import { readTemplateInput, type TemplateOptions } from '../template-input.ts';

export interface CreateCommandOptions extends TemplateOptions, StoreOptions {
  /** Minutes. */
  readonly timeout?: number;
  readonly rollback?: boolean;
  readonly enableRollback?: boolean;
}

/** Creates a stack and shows how it goes. */
export async function create(io: Io, stack: string, options: CreateCommandOptions): Promise<ExitCode> {
  const input = await readTemplateInput(io, stack, options);
  // Before the store is opened: a wrong template must leave nothing behind, not even an empty store.
  const plan = await withoutStore(async (engine) => engine.preview(input));
  return withEngine(io, options, async (engine) => {
    const progress = new Progress({
      space: options.space,
      stack,
      action: 'CREATE',
      startedAt: Date.now(),
      resources: plan.steps
        .filter(({ action }) => action === 'create')
        .map(({ resource, type }) => ({ name: resource, type })),
    });
    const screen = openScreen(io, progress, { isSilent: options.json === true });
    const interruption = new Interruption({
      first: () => screen.notice('Cancelling, until what is at work has stopped. Ctrl-C again ends at once.'),
      second: () => {
        screen.end();
        io.err.write(tellRemains(io, remainsOf(progress), hintDelete(options, stack)));
      },
    });
    const stopListening = engine.onEvent((event) => screen.onEvent(event));
    const isRollback = options.rollback === true || options.enableRollback === true;
    let failure: unknown;
    try {
      await engine.create({
        ...input,
        rollback: isRollback,
        signal: interruption.signal,
        ...(options.timeout === undefined ? {} : { timeoutMs: options.timeout * 60_000 }),
      });
    } catch (error) {
      failure = error;
    } finally {
      stopListening();
      screen.end();
      interruption.end();
    }
    return report(io, engine, {
      stack,
      options,
      failure,
      isCancelled: interruption.isCancelled,
      didStart: progress.endedAt !== undefined,
    });
  });
}

async function report(
  io: Io,
  engine: Engine,
  outcome: {
    readonly stack: string;
    readonly options: CreateCommandOptions;
    readonly failure: unknown;
    readonly isCancelled: boolean;
    readonly didStart: boolean;
  },
): Promise<ExitCode> {
  const { stack, options, failure, isCancelled, didStart } = outcome;
  // A create that was refused has not touched the stack of that name.
  if (failure !== undefined && !didStart) throw failure;
  const description = await engine.show(stack, options.space);
  if (options.json === true) printJson(io, description);
  else if (failure === undefined) io.out.write(printOutputs(io, description));
  if (failure === undefined) return EXIT.ok;
  // To who has pressed Ctrl-C it is no error, and that it was the reason is known.
  if (options.json === true || !isCancelled) reportError(io, failure, options.json === true);
  if (options.json !== true) io.err.write(tellRemains(io, storedRemains(description), hintDelete(options, stack)));
  return isCancelled ? EXIT.cancelled : exitCodeOf(failure);
}

function storedRemains({ name, state, resources }: StackDescription): Remains {
  const made = resources.filter(mayExist);
  return { stack: name, state, resources: made.map((resource) => ({ name: resource.name, state: resource.state })) };
}
