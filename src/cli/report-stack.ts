import type { Engine } from '../engine.ts';
import { isHotloomError } from '../errors.ts';
import type { StackDescription } from '../stack/describe.ts';
import { EXIT, type ExitCode, exitCodeOf } from './exit-code.ts';
import { mayExist, type Remains, remainsOf, tellRemains } from './hints.ts';
import { type Io, printJson } from './io.ts';
import type { StoreOptions } from './open-engine.ts';
import { reportError } from './print-error.ts';
import { printOutputs } from './print-stack.ts';
import type { Progress } from './progress.ts';
import type { WatchedAction } from './watched-action.ts';

/** Tells how a create or an update has ended: the outputs, or the error and what remains. Throws what was refused. */
export async function reportStack(
  io: Io,
  engine: Engine,
  stack: string,
  options: StoreOptions,
  { failure, isCancelled, didStart }: WatchedAction<unknown>,
): Promise<ExitCode> {
  // What was refused has not touched the stack of that name; one that was taken over is the other engine's to tell of.
  if (failure !== undefined && (!didStart || isHotloomError(failure, 'ClaimLost'))) throw failure;
  const description = await engine.show(stack, options.space);
  if (options.json === true) printJson(io, description);
  else if (failure === undefined) io.out.write(printOutputs(io, description));
  if (failure === undefined) return EXIT.ok;
  // To who has pressed Ctrl-C it is no error, and that it was the reason is known.
  if (options.json === true || !isCancelled) reportError(io, failure, options.json === true);
  if (options.json !== true) io.err.write(tellRemains(io, storedRemains(description), options));
  return isCancelled ? EXIT.cancelled : exitCodeOf(failure);
}

/**
 * Tells how a resume or a delete has failed, and what remains: as it is stored, which may be less than the events have told.
 * Throws the failure when the stack was taken over.
 */
export async function reportRemains(
  io: Io,
  engine: Engine,
  options: StoreOptions,
  progress: Progress,
  { failure, isCancelled }: WatchedAction<unknown>,
): Promise<ExitCode> {
  if (isHotloomError(failure, 'ClaimLost')) throw failure;
  if (options.json === true || !isCancelled) reportError(io, failure, options.json === true);
  if (options.json !== true) {
    // Where even the store cannot tell, the events do.
    const remains = await engine.show(progress.stack, options.space).then(storedRemains, () => remainsOf(progress));
    io.err.write(tellRemains(io, remains, options));
  }
  return isCancelled ? EXIT.cancelled : exitCodeOf(failure);
}

function storedRemains({ name, state, resources }: StackDescription): Remains {
  const made = resources.filter(mayExist);
  return { stack: name, state, resources: made.map((resource) => ({ name: resource.name, state: resource.state })) };
}
