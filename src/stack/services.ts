import type { Clock, Randomness } from '../clock.ts';
import { ActionInProgress } from '../errors.ts';
import type { Action, EventHub, WaitingRead } from '../events.ts';
import type { Granularity } from '../graph/build.ts';
import type { EndpointAccess, ResourceIdentity } from '../resource/handler.ts';
import type { ResourceTypes } from '../resource/registry.ts';
import type { Slots } from '../scheduler/slots.ts';
import type { Traversal } from '../scheduler/traversal.ts';
import type { Secrets } from '../secrets.ts';
import type { DataSpace, Region } from '../space/data-space.ts';
import type { NameReader } from '../space/name-reader.ts';
import type { Waits } from '../space/waits.ts';
import type { EngineStore } from '../store/engine-store.ts';
import type { Claimant } from '../store/stack-store.ts';
import type { CustomConstraints } from '../template/constraints.ts';
import type { DuplicateKeys } from '../template/yaml.ts';
import type { Json } from '../values.ts';

/** What a stack's actions work with: the parts that one engine has once. */
export interface StackServices {
  readonly types: ResourceTypes;
  readonly store: EngineStore;
  readonly space: DataSpace;
  readonly names: NameReader;
  readonly waits: Waits;
  readonly slots: Slots;
  readonly events: EventHub;
  readonly clock: Clock;
  readonly randomness: Randomness;
  /** This engine, as it claims stacks. */
  readonly claimant: () => Promise<Claimant>;
  readonly granularity: Granularity;
  readonly limits: Limits;
  /** What the templates of this engine may ask of their surroundings. */
  readonly project: Project;
  /** How long handlers may take to stop after a cancel or a time-out before they are given up. */
  readonly cancelGraceMs: number;
  readonly running: RunningActions;
  /** The last signal of this engine to each stack that nobody is at work on. */
  readonly signalling: Map<string, Promise<unknown>>;
  /** Opens the port at which this engine takes signals, if it is not open. Throws PortFailed. */
  readonly openSignalPort: () => Promise<{ readonly host: string; readonly port: number }>;
  /** Takes signals at an address that another engine has told. Throws PortFailed. */
  readonly openSignalPortAgain: (host: string, port: number) => Promise<void>;
  /** Fires when the engine is closed: ends every action, a rollback too. */
  readonly closing: AbortSignal;
  /** The regions of the stacks that this engine has created and that still exist. */
  readonly regions: Map<string, Region>;
  /**
   * By stack, the secrets of those that this engine has worked on: they may not be stored, and a handler may remember one
   * until its delete.
   */
  readonly secretsByStack: Map<string, Secrets>;
  readonly openEndpoint: (resource: ResourceIdentity) => Promise<EndpointAccess>;
  /** Takes back what openEndpoint gave to the stack's resources. */
  readonly closeEndpoints: (space: string, stack: string) => void;
  /** Told when a traversal has nothing to do but wait, and when one of its handlers blocks. */
  readonly didIdle: (traversal: Traversal) => void;
}

/** What belongs to the engine's user and not to one stack. */
export interface Project {
  /** `OS::project_id`. */
  readonly projectId?: string;
  /** `OS::region`. */
  readonly region?: string;
  /** What `custom_constraint` may name. */
  readonly customConstraints?: CustomConstraints;
  /** A key twice in one mapping: an error, or the last counts, as under Heat. */
  readonly duplicateKeys?: DuplicateKeys;
}

export interface Limits {
  /** Bytes of a template's text; Heat's max_template_size. Default 524,288; Infinity: no limit. */
  readonly maxTemplateSize: number;
  /** Resources of a stack; Heat's max_resources_per_stack. Default 1000; -1: no limit. */
  readonly maxResources: number;
  /** Snapshots of a stack; Heat's max_snapshots_per_stack. Default 32; -1: no limit. */
  readonly maxSnapshots: number;
}

/** An action that is at work on a stack in this engine. */
export interface RunningAction {
  readonly space: string;
  readonly stack: string;
  readonly action: Exclude<Action, 'INIT'>;
  readonly traversal: Traversal | undefined;
  /** The blocked reads of the stack now. */
  readonly waiting: () => readonly WaitingRead[];
  /** Hands a signal to a resource, as Signals.deliver; absent while no signals are taken: they wait for its end. */
  readonly signalResource?: ((resource: string, data: Json | undefined) => Promise<string>) | undefined;
  /** Whether the stack's next state is not its last, although the action failed: what was made is deleted then. */
  willRollBack: boolean;
  /** What a failure is answered with: as its caller has asked, unless it is superseded or cancelled. */
  onFailure: 'stay' | 'rollBack';
  /** Whether there is something that a rollback could go back to. */
  readonly canRollBack: boolean;
  /** Ends the action; `reason` is the error it ends with. */
  readonly cancel: (reason: Error) => void;
  /** Settles when the action has ended and its claim is released; never rejects. */
  readonly ended: Promise<void>;
}

/** The actions at work in one engine, one per stack. */
export class RunningActions {
  readonly #byStack = new Map<string, RunningAction>();
  /** The calls that have not begun their action yet, by stack. */
  readonly #starting = new Map<string, Set<{ readonly begun: Promise<void>; readonly didBegin: () => void }>>();
  readonly #didEnd: (space: string, stack: string) => void;

  /**
   * `didEnd` is told when an action has ended, whichever it was: its end is stored, if the store takes it, and no other of this
   * engine is at work on the stack.
   */
  constructor(didEnd: (space: string, stack: string) => void) {
    this.#didEnd = didEnd;
  }

  get(space: string, stack: string): RunningAction | undefined {
    return this.#byStack.get(stackKey(space, stack));
  }

  add(action: RunningAction): void {
    const key = stackKey(action.space, action.stack);
    this.#byStack.set(key, action);
    for (const { didBegin } of this.#starting.get(key) ?? []) didBegin();
    this.#starting.delete(key);
  }

  /**
   * Resolves when those calls of this engine that are about to begin an action on the stack have begun it, or were refused;
   * undefined when there are none.
   */
  begun(space: string, stack: string): Promise<unknown> | undefined {
    const starting = this.#starting.get(stackKey(space, stack));
    return starting && Promise.all([...starting].map(({ begun }) => begun));
  }

  /** Runs `act`, which is about to begin an action on the stack: whoever comes after it waits until it has. */
  async starting<T>(space: string, stack: string, act: () => Promise<T>): Promise<T> {
    const key = stackKey(space, stack);
    let didBegin = (): void => {};
    const begun = new Promise<void>((resolve) => {
      didBegin = resolve;
    });
    const start = { begun, didBegin };
    const all = this.#starting.get(key) ?? new Set();
    this.#starting.set(key, all.add(start));
    try {
      return await act();
    } finally {
      didBegin();
      if (all.delete(start) && all.size === 0 && this.#starting.get(key) === all) this.#starting.delete(key);
    }
  }

  remove(action: RunningAction): void {
    const key = stackKey(action.space, action.stack);
    const current = this.#byStack.get(key);
    if (current !== action && current !== undefined) return;
    this.#byStack.delete(key);
    this.#didEnd(action.space, action.stack);
  }

  values(): readonly RunningAction[] {
    return [...this.#byStack.values()];
  }
}

/**
 * Ends what this engine does to the stack, if anything, with `reason`, and begins `act` when that has stopped. What is ended is
 * answered as `onFailure` says. Throws ActionInProgress for a delete.
 */
export async function insteadOfOwnAction<T>(
  { running }: Pick<StackServices, 'running'>,
  { space, name }: { readonly space: string; readonly name: string },
  ending: {
    readonly reason: (action: RunningAction) => Error;
    /** Default: as its caller has asked. */
    readonly onFailure?: (action: RunningAction) => RunningAction['onFailure'];
  },
  act: () => Promise<T>,
): Promise<T> {
  // Asked again after each wait: several may wait for the same end.
  for (;;) {
    const begun = running.begun(space, name);
    if (begun !== undefined) {
      await begun;
      continue;
    }
    const action = running.get(space, name);
    if (action === undefined) return running.starting(space, name, act);
    if (action.action === 'DELETE') {
      throw new ActionInProgress({
        what: `Stack ${name} already has an action (DELETE) in progress.`,
        why: 'This engine is deleting it.',
        fix: 'Wait for that delete.',
      });
    }
    action.onFailure = ending.onFailure?.(action) ?? action.onFailure;
    action.cancel(ending.reason(action));
    await action.ended;
  }
}

export function stackKey(space: string, stack: string): string {
  return `${space}\u0000${stack}`;
}
