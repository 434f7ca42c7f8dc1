import { isHotloomError, messageOf, rootCause, StackFailed } from '../errors.ts';
import type { Action } from '../events.ts';
import type { TraversalResult } from '../scheduler/traversal-parts.ts';

/** What of the action the text of its failure needs. */
export interface FailedAction {
  readonly action: Action;
  readonly stack: string;
  /** Why it was stopped; undefined when it went to its end. */
  readonly stopped: unknown;
  readonly willRollBack: boolean;
  /** Masks secrets. */
  readonly redact: (text: string) => string;
}

/** What there is to tell of an action whose traversal did not complete everything: Heat's line first. */
export function failureOf(result: TraversalResult, failed: FailedAction): StackFailed {
  const { action, stopped, redact } = failed;
  const first = result.failures[0];
  const root = rootCause(first ?? result.skipCause);
  // A cancel or a time-out says itself all that there is to do; that nothing could be stored does not.
  const remedied = stopped === undefined ? root : isHotloomError(stopped, 'StoreUnusable') ? stopped : undefined;
  const began = isHotloomError(remedied) ? remedied : undefined;
  // It may end in the last lines that a process has printed.
  const why = [whyOf(result, root, failed), began?.why ?? ''].filter((part) => part !== '').join('\n');
  const fix = [began?.fix, failed.willRollBack ? undefined : fixOf(failed)].filter((part) => part !== undefined);
  return new StackFailed({
    what: redact(`Stack ${action} failed: ${reasonOf(result, failed)}`),
    where: stopped === undefined ? first?.where : undefined,
    why: why === '' ? undefined : redact(why),
    fix: fix.length === 0 ? undefined : redact(fix.join(' ')),
    cause: stopped ?? first ?? result.skipCause,
  });
}

function reasonOf({ failures, failedAction, skipCause }: TraversalResult, { action, stopped }: FailedAction): string {
  const first = failures[0];
  if (stopped !== undefined) return messageOf(stopped);
  if (first !== undefined) return `Resource ${failedAction ?? action} failed: ${first.what}`;
  return `Resources were not ${didOf(action)}: ${messageOf(skipCause)}`;
}

/** What it began with, and what else has come of it. */
function whyOf(
  { failures, skipped, skipCause }: TraversalResult,
  root: unknown,
  { action, stopped }: FailedAction,
): string {
  const first = failures[0];
  // Of an action that was stopped, the first line tells of that, and no failure stands in it.
  const untold =
    stopped === undefined ? failures.slice(1) : failures.filter((each) => rootCause(each) !== rootCause(stopped));
  const others = untold.map(({ what }) => what);
  return [
    root !== undefined && root !== (first ?? skipCause) && root !== first?.cause
      ? `It began with: ${withoutStop(messageOf(root))}.`
      : undefined,
    others.length === 0 ? undefined : `These failed too: ${others.map(withoutStop).join('; ')}.`,
    skipped.length === 0 ? undefined : `Not ${didOf(action)}, since what they wait for failed: ${skipped.join(', ')}.`,
  ]
    .filter((part) => part !== undefined)
    .join(' ');
}

function fixOf({ action, stack }: FailedAction): string {
  return action === 'CREATE'
    ? `Delete stack '${stack}' to remove what was made and create it again, or update it.`
    : `Update stack '${stack}' again: what is as it has to be is left alone.`;
}

function didOf(action: Action): string {
  return action === 'CREATE' ? 'created' : 'updated';
}

function withoutStop(sentence: string): string {
  return sentence.endsWith('.') ? sentence.slice(0, -1) : sentence;
}
