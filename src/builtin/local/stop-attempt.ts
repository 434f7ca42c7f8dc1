import type { Clock } from '../../clock.ts';
import { ProcessFailed } from '../../errors.ts';
import { type Attempt, type AttemptProcesses, findAttempt } from './attempt-processes.ts';
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
  if (isGone(attempt)) return;
  send('SIGTERM', findAttempt(attempt));
  // A stopped process takes no signal but SIGKILL until it is continued.
  send('SIGCONT', findAttempt(attempt));
  if (await waitFor(() => isGone(attempt), { clock, timeoutMs: graceMs })) return;
  const killed = await waitFor(
    () => {
      // Again each time: a process that was just being made has not got the signal of the last time.
      send('SIGKILL', findAttempt(attempt));
      return isGone(attempt);
    },
    { clock, timeoutMs: KILL_MS },
  );
  if (!killed) throw notStopped(findAttempt(attempt).pids, 'It was sent SIGKILL, which nothing survives for long.');
}

function isGone(attempt: Attempt): boolean {
  return findAttempt(attempt).pids.length === 0;
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
