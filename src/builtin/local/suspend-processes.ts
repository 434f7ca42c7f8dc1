import type { Clock } from '../../clock.ts';
import { ProcessFailed } from '../../errors.ts';
import { processState } from '../../process-identity.ts';
import type { AttemptProcesses } from './attempt-processes.ts';
import { send } from './stop-attempt.ts';
import { waitFor } from './wait-for.ts';

/** How long processes may take to be stopped: only one that hangs in the kernel takes longer. */
const STOP_MS = 10_000;

/**
 * Stops the processes that `find` gives where they are, by SIGSTOP to whole process groups. Returns when none of them runs;
 * they keep their memory, files and connections. Throws ProcessFailed when one cannot be stopped.
 */
export async function suspendProcesses(
  find: () => AttemptProcesses,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  const isDone = await waitFor(
    () => {
      // Again each time: a process that was just being made has not got the signal of the last time.
      send('SIGSTOP', find());
      return find().pids.every(isAtRest);
    },
    { clock, timeoutMs: STOP_MS, signal },
  );
  if (isDone) return;
  const running = find().pids.filter((pid) => !isAtRest(pid));
  throw new ProcessFailed({
    what: `These processes could not be suspended: ${running.join(', ')}.`,
    why: 'They were sent SIGSTOP, which no process can ignore, and hang in the kernel.',
    fix: 'Look at them, and suspend the stack again.',
  });
}

/**
 * Whether a process that was sent SIGSTOP runs nothing more of its own: one that waits in the kernel (for a child that it has
 * just made by vfork, and that is stopped, say) is stopped before it comes back from there.
 */
function isAtRest(pid: number): boolean {
  return ['T', 'D', ''].includes(processState(pid));
}
