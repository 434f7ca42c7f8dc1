import { setMaxListeners } from 'node:events';
import type { Clock } from '../clock.ts';
import { ActionCancelled, isHotloomError, StackTimeout } from '../errors.ts';

/** Heat's stack_action_timeout. */
export const DEFAULT_TIMEOUT_MS = 3_600_000;

/** What can stop an action before its end, joined into one signal. */
export interface ActionLimits {
  /** Its `reason` is the error that the action ends with. */
  readonly signal: AbortSignal;
  readonly cancel: (reason: unknown) => void;
  /** To be called when the action has ended: frees the timer and the caller's signal. */
  readonly end: () => void;
}

/** The caller's signal, the time-out, and `cancel`. */
export function actionLimits(
  clock: Clock,
  options: {
    readonly timeoutMs?: number | undefined;
    readonly signals: readonly (AbortSignal | undefined)[];
    readonly what: string;
  },
): ActionLimits {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, what } = options;
  const signals = options.signals.filter((signal) => signal !== undefined);
  const controller = new AbortController();
  // Every handler of the stack may listen to it: many listeners are no leak here.
  setMaxListeners(0, controller.signal);
  const follow = (): void => controller.abort(cancelled(what, signals.find(({ aborted }) => aborted)?.reason));
  const timer = clock.schedule(timeoutMs, () => controller.abort(timedOut(what, timeoutMs)), { keepAlive: true });
  for (const signal of signals) signal.addEventListener('abort', follow, { once: true });
  if (signals.some(({ aborted }) => aborted)) follow();
  return {
    signal: controller.signal,
    cancel: (reason) => controller.abort(reason),
    end: () => {
      timer.cancel();
      for (const signal of signals) signal.removeEventListener('abort', follow);
    },
  };
}

function timedOut(what: string, timeoutMs: number): StackTimeout {
  return new StackTimeout({
    what: `${what} timed out after ${timeoutMs / 1000} s.`,
    why: 'Resources that had not ended by then were stopped.',
    fix: 'See by the events what took so long, or give a longer time-out.',
  });
}

/** The caller's own error where it gave one of ours, so that it meets again what it said. */
function cancelled(what: string, reason: unknown): unknown {
  if (isHotloomError(reason)) return reason;
  return new ActionCancelled({
    what: `${what} was cancelled.`,
    why: 'Its caller asked for it; what had been made by then is recorded.',
    fix: 'Delete the stack to remove what was made.',
    cause: reason,
  });
}
