import { isHotloomError } from 'hotloom';
import { environment, parametersOf, templateOf } from './stack.mjs';

/**
 * What is done to the stack, by name. `act` does it in an engine. `isDone` tells by the stack (undefined: there is none) whether
 * nothing is left to do; `ends` is the state that it then has, and `version` the version, which may be the one from `before`.
 * `beside` is what another engine does at the same time, and `otherwise` what is done when nothing came of either.
 */
export const ACTIONS = {
  create: {
    act: (engine, { directory, version }) => engine.create(inputOf(directory, version)),
    isDone: (stack) => stack !== undefined,
    ends: () => 'CREATE_COMPLETE',
    version: ({ version }) => version,
  },
  fail: {
    act: (engine, { directory, version }) =>
      engine.create({ ...inputOf(directory, version, { fails: true }), rollback: true }),
    isDone: (stack) => stack !== undefined,
    ends: () => 'ROLLBACK_COMPLETE',
    version: () => undefined,
  },
  update: {
    act: update,
    isDone: isUpdated,
    ends: () => 'UPDATE_COMPLETE',
    version: ({ version }) => version,
  },
  failUpdate: {
    act: (engine, { directory, version }) =>
      engine.update({ ...inputOf(directory, version, { fails: true }), rollback: true }),
    isDone: (stack) => stack?.state === 'ROLLBACK_COMPLETE',
    ends: () => 'ROLLBACK_COMPLETE',
    version: ({ before }) => before,
  },
  /** A second update takes the place of a first one, wherever that is by then. */
  supersede: {
    async act(engine, { directory, version, at }) {
      const first = engine.update(inputOf(directory, version + 100)).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, at));
      await engine.update(inputOf(directory, version));
      await first;
    },
    isDone: isUpdated,
    ends: () => 'UPDATE_COMPLETE',
    version: ({ version }) => version,
  },
  /** Takes back an update that another engine does, if that has not come to its end. */
  cancel: {
    beside: 'update',
    act: (engine) => engine.cancel({ stack: 's' }),
    isDone: (stack, life) => stack?.state === 'ROLLBACK_COMPLETE' || isUpdated(stack, life),
    otherwise: 'update',
    ends: (stack) => (stack.state === 'ROLLBACK_COMPLETE' ? stack.state : 'UPDATE_COMPLETE'),
    version: ({ version, before }, stack) => (stack.state === 'ROLLBACK_COMPLETE' ? before : version),
  },
  /** The same, but what was done stays, and is gone on with. */
  stop: {
    beside: 'update',
    act: (engine) => engine.cancel({ stack: 's', rollback: false }),
    isDone: isUpdated,
    otherwise: 'update',
    ends: () => 'UPDATE_COMPLETE',
    version: ({ version }) => version,
  },
  check: standing('CHECK_COMPLETE', (engine) => engine.check({ stack: 's' })),
  suspend: standing('SUSPEND_COMPLETE', (engine) => engine.suspend({ stack: 's' })),
  wake: {
    act: (engine) => engine.resume({ stack: 's' }),
    // One that goes on with an action late may have woken it before, and the check that came then has found it awake.
    isDone: (stack) => !stack.resources.some(({ isSuspended }) => isSuspended),
    ends: (stack) => (stack.state === 'CHECK_COMPLETE' ? stack.state : 'RESUME_COMPLETE'),
    version: ({ before }) => before,
  },
  snapshot: standing('SNAPSHOT_COMPLETE', (engine) => engine.snapshot({ stack: 's' })),
  restore: {
    async act(engine) {
      const kept = (await engine.snapshots('s')).findLast(({ state }) => state === 'CREATE_COMPLETE');
      await engine.restore({ stack: 's', snapshot: kept.id });
    },
    isDone: (stack) => stack?.state === 'RESTORE_COMPLETE',
    ends: () => 'RESTORE_COMPLETE',
    version: ({ kept }) => kept,
  },
  delete: {
    act: (engine) => engine.delete({ stack: 's' }),
    isDone: (stack) => stack === undefined,
    ends: () => undefined,
    version: () => undefined,
  },
  resume: { act: (engine) => engine.resume({ stack: 's' }) },
};

function inputOf(directory, version, { fails = false } = {}) {
  return {
    stack: 's',
    template: templateOf(directory, { version, fails }),
    parameters: parametersOf(version),
    environments: [environment],
  };
}

function update(engine, { directory, version }) {
  return engine.update(inputOf(directory, version));
}

function isUpdated(stack, { version }) {
  return stack?.state === 'UPDATE_COMPLETE' && stack.outputs.version?.[1] === version;
}

/** One that leaves the stack as it is. */
function standing(state, act) {
  return {
    act,
    isDone: (stack) => stack?.state === state,
    ends: () => state,
    version: ({ before }) => before,
  };
}

/**
 * How an engine may end. It was refused when another one has done, or does, the same: one that was paused before it had begun
 * comes late, and one that was paused in the middle has lost its claim.
 */
const REFUSALS = ['StackFailed', 'ClaimLost', 'ActionInProgress', 'StackExists', 'EntityNotFound', 'NotSupported'];

/** A cancel asks the engine at work, which may be killed or paused meanwhile. */
const UNANSWERED = ['EndpointUnreachable', 'OutcomeUnknown'];

/** How an engine with this action tells of its end, by the error that it got; throws that error when it must not end so. */
export function endingOf(action, error) {
  if (error === undefined) return 'well';
  const allowed = action === 'cancel' || action === 'stop' ? [...REFUSALS, ...UNANSWERED] : REFUSALS;
  if (!allowed.some((code) => isHotloomError(error, code))) throw error;
  return `${error.code}: ${error.message}`;
}
