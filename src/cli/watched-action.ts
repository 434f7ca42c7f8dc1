import type { Engine } from '../engine.ts';
import type { StackDidBecomeStale } from '../events.ts';
import { printName } from '../names.ts';
import { openScreen } from './action-screen.ts';
import { commandLine, remainsOf, tellRemains } from './hints.ts';
import { Interruption } from './interruption.ts';
import { type Io, oneLine } from './io.ts';
import type { StoreOptions } from './open-engine.ts';
import type { Progress } from './progress.ts';

/** How an action went that was shown while it was at work. */
export interface WatchedAction<T> {
  readonly value: T | undefined;
  /** Undefined when it went well. */
  readonly failure: unknown;
  /** The user has pressed Ctrl-C. */
  readonly isCancelled: boolean;
  /** False for one that was refused: nothing was done. */
  readonly didStart: boolean;
}

/** Shows an action until its end. The first Ctrl-C cancels it by `signal`, the second ends the program. */
export async function watchAction<T>(
  io: Io,
  engine: Engine,
  watched: { readonly progress: Progress; readonly options: StoreOptions; readonly isSilent?: boolean },
  act: (signal: AbortSignal) => Promise<T>,
): Promise<WatchedAction<T>> {
  const { progress, options, isSilent = false } = watched;
  const screen = openScreen(io, progress, { ...options, isSilent: options.json === true || isSilent });
  const interruption = new Interruption({
    first: () => screen.notice('Cancelling, until what is at work has stopped. Ctrl-C again ends at once.'),
    second: () => {
      screen.end();
      io.err.write(tellRemains(io, remainsOf(progress), options));
    },
  });
  const stale: StackDidBecomeStale[] = [];
  const stopListening = engine.onEvent((event) => {
    if (event.type === 'stack:didBecomeStale') stale.push(event);
    else screen.onEvent(event);
  });
  let value: T | undefined;
  let failure: unknown;
  try {
    value = await act(interruption.signal);
  } catch (error) {
    failure = error ?? new Error('The action failed.');
  } finally {
    stopListening();
    screen.end();
    interruption.end();
  }
  if (options.json !== true) for (const event of stale) io.err.write(tellStale(event, options));
  return { value, failure, isCancelled: interruption.isCancelled, didStart: progress.endedAt !== undefined };
}

/** `--tags` as an action takes it. */
export function tagsOf({ tags }: { readonly tags?: readonly string[] }): { readonly tags?: readonly string[] } {
  return tags === undefined ? {} : { tags };
}

function tellStale({ space, stack, names }: StackDidBecomeStale, options: StoreOptions): string {
  const update = oneLine(commandLine({ ...options, space }, ['update', stack, '--existing']));
  const read = names.map((name) => oneLine(printName(name))).join(', ');
  return `Stack ${oneLine(stack)} is out of date now: it has read ${read}. To bring it up to date: ${update}\n`;
}

/** `--timeout` as an action takes it. */
export function timeoutOf({ timeout }: { readonly timeout?: number }): { readonly timeoutMs?: number } {
  return timeout === undefined ? {} : { timeoutMs: timeout * 60_000 };
}
