import { isHotloomError, messageOf } from '../errors.ts';
import type { Action, StackEvent, Status } from '../events.ts';
import { Journal } from '../scheduler/journal.ts';
import { secretMarks } from '../scheduler/secret-marks.ts';
import type { Claim, StackRecord, StoreChange } from '../store/stack-store.ts';
import { type ActionLimits, actionLimits } from './action-limits.ts';
import { giveBack } from './give-back.ts';
import type { RunningAction, StackServices } from './services.ts';
import { secretsOf } from './stored-secrets.ts';

type Watched = Pick<RunningAction, 'waiting' | 'signalResource'>;

/** What an action without a traversal works with. */
export interface ClaimedAction {
  readonly journal: Journal;
  readonly limits: ActionLimits;
  /** Records and tells a state of the stack, together with `changes`. */
  tell(status: Status, reason: string, changes?: readonly StoreChange[]): Promise<void>;
  /** What tells what the action waits for, and takes signals, from now on. */
  watch(watched: Watched): void;
  /** Tells a state of a stack of which nothing is stored any more. */
  emit(status: Status, reason: string): void;
}

/** Runs `body` as the action that is at work on the stack under `claim`, which it releases: it can be cancelled, and has its time-out. */
export async function runClaimed<T>(
  services: StackServices,
  record: StackRecord,
  claim: Claim,
  options: {
    readonly action: Extract<Action, RunningAction['action']>;
    /** `Delete`: for the text of a time-out. */
    readonly word: string;
    readonly timeoutMs?: number | undefined;
    readonly signal?: AbortSignal | undefined;
  },
  body: (action: ClaimedAction) => Promise<T>,
): Promise<T> {
  const { events, clock, running, store, closing } = services;
  const { space, name: stack } = record;
  const { action, word, timeoutMs, signal } = options;
  const limits = actionLimits(clock, { timeoutMs, signals: [signal, closing], what: `${word} of '${stack}'` });
  const journal = new Journal(store, claim, limits.cancel, secretMarks({ secrets: secretsOf(services, record) }));
  let didEnd = (): void => {};
  let watched: Watched = { waiting: () => [] };
  const runningAction: RunningAction = {
    space,
    stack,
    // What is deleted by a rollback is being deleted.
    action: action === 'ROLLBACK' ? 'DELETE' : action,
    traversal: undefined,
    waiting: () => watched.waiting(),
    get signalResource() {
      return watched.signalResource;
    },
    willRollBack: false,
    onFailure: 'stay',
    canRollBack: false,
    cancel: limits.cancel,
    ended: new Promise((resolve) => {
      didEnd = resolve;
    }),
  };
  running.add(runningAction);
  const eventOf = (status: Status, reason: string): StackEvent => {
    return { type: 'stack', time: clock.now(), space, stack, action, status, reason };
  };
  const emit = (status: Status, reason: string): void => {
    if (events.isHeard) events.emit(eventOf(status, reason));
  };
  let hasBegun = false;
  const tell = async (status: Status, reason: string, changes: readonly StoreChange[] = []): Promise<void> => {
    hasBegun = true;
    const event = eventOf(status, reason);
    const state = { kind: 'stack', action, status, reason, time: event.time } as const;
    // Stored first: what is told has to be so for whoever asks the store then.
    await journal.recordAll([...changes, state, { kind: 'event', event }]);
    if (events.isHeard) events.emit(event);
  };
  try {
    const watch = (by: Watched): void => {
      watched = by;
    };
    return await body({ journal, limits, tell, watch, emit });
  } catch (error) {
    // The store takes nothing any more: those who listen hear of the end all the same.
    const isTold = !hasBegun || isHotloomError(error, 'StackFailed');
    if (!isTold) emit('FAILED', secretsOf(services, record).mask(`Stack ${action} failed: ${messageOf(error)}`));
    throw error;
  } finally {
    limits.end();
    // Whoever waits for its end claims the stack next.
    await giveBack(services, claim);
    didEnd();
    running.remove(runningAction);
  }
}
