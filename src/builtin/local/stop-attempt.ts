import type { Clock } from '../../clock.ts';
import { ProcessFailed } from '../../errors.ts';
import { processStart } from '../../process-identity.ts';
import { type Attempt, type AttemptProcesses, findAttempt, type ProcessRecord } from './attempt-processes.ts';
import { waitFor } from './wait-for.ts';

/** How long a killed process may take to disappear; only one that hangs in the kernel takes longer. */
const KILL_MS = 10_000;

/**
 * Stops every process of an attempt: SIGTERM to whole process groups, SIGKILL to what is left after `graceMs`. Returns
 * when nothing of it runs, at once when nothing did. Throws ProcessFailed when something cannot be stopped.
 */
export async function stopAttempt(
  attempt: Attempt,
  { clock, graceMs }: { readonly clock: Clock; readonly graceMs: number },
): Promise<void> {
  const known = new Map<number, ProcessRecord>();
  // One that is known only by whoever has started it has to be known when that has ended, too.
  const find = (): AttemptProcesses => {
    const found = findAttempt({ ...attempt, known: [...known.values()] });
    for (const pid of found.strays) {
      const start = known.has(pid) ? undefined : processStart(pid);
      if (start !== undefined) known.set(pid, { pid, start });
    }
    return found;
  };
  const isGone = (): boolean => find().pids.length === 0;
  if (isGone()) return;
  send('SIGTERM', find());
  // A stopped process takes no signal but SIGKILL until it is continued.
  send('SIGCONT', find());
  if (await waitFor(isGone, { clock, timeoutMs: graceMs })) return;
  const killed = await waitFor(
    () => {
      // Again each time: a process that was just being made has not got the signal of the last time.
      send('SIGKILL', find());
      return isGone();
    },
    { clock, timeoutMs: KILL_MS },
  );
  if (!killed) throw notStopped(find().pids, 'It was sent SIGKILL, which nothing survives for long.');
}

/** Sends a signal to everything of an attempt. Throws ProcessFailed for what belongs to another user. */
export function send(signal: NodeJS.Signals, { groups, strays, pids }: AttemptProcesses): void {
  for (const target of [...groups.map((group) => -group), ...strays]) {
    try {
      process.kill(target, signal);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EPERM') throw notStopped(pids, 'It belongs to another user.', error);
      // ESRCH: it has ended meanwhile.
    }
  }
}

function notStopped(pids: readonly number[], why: string, cause?: unknown): ProcessFailed {
  return new ProcessFailed({
    what: `These processes could not be stopped: ${pids.join(', ')}.`,
    why,
    fix: 'Stop them by hand, and delete the stack again.',
    cause,
  });
}
