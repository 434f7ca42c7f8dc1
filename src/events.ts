import type { Name } from './names.ts';

/** What is done to a stack or a resource: Heat's words. */
export type Action =
  | 'INIT'
  | 'CREATE'
  | 'DELETE'
  | 'UPDATE'
  | 'ROLLBACK'
  | 'SUSPEND'
  | 'RESUME'
  | 'SNAPSHOT'
  | 'RESTORE'
  | 'ADOPT'
  | 'CHECK';
export type Status = 'IN_PROGRESS' | 'COMPLETE' | 'FAILED';

interface EventBase {
  /** Milliseconds since 1970-01-01 UTC. */
  readonly time: number;
  readonly space: string;
  readonly stack: string;
}

/** The stack itself changed its state: `CREATE_IN_PROGRESS`, ... Stored. */
export interface StackEvent extends EventBase {
  readonly type: 'stack';
  readonly action: Action;
  readonly status: Status;
  readonly reason: string;
}

/** A resource changed its state, or got a signal: then the action is `SIGNAL`, and its status what it was. Stored. */
export interface ResourceEvent extends EventBase {
  readonly type: 'resource';
  readonly resource: string;
  readonly resourceType: string;
  readonly resourceId: string | undefined;
  readonly action: Action | 'SIGNAL';
  readonly status: Status;
  readonly reason: string;
}

/** Somebody is about to wait for `names`. `input` is the property or alias awaited; undefined for a read by name. */
export interface ReadWillBlock extends EventBase {
  readonly type: 'read:willBlock';
  readonly reader: string;
  readonly input: string | undefined;
  readonly names: readonly Name[];
  /** As of WaitingRead. */
  readonly awaits?: 'signals';
}

/** A blocked read has got its values. */
export interface ReadDidWake extends EventBase {
  readonly type: 'read:didWake';
  readonly reader: string;
  readonly input: string | undefined;
  /** Milliseconds between the two events. */
  readonly waitedMs: number;
}

/** A name was written. The value is not in the event: it may be large, and it may be secret. */
export interface NameDidPublish extends EventBase {
  readonly type: 'name:didPublish';
  readonly name: Name;
}

/** A resource will not be started, because what it waits for has failed. */
export interface ResourceWasSkipped extends EventBase {
  readonly type: 'resource:wasSkipped';
  readonly resource: string;
  readonly reason: string;
}

/** A line that a handler logged. */
export interface ResourceDidLog extends EventBase {
  readonly type: 'resource:didLog';
  readonly resource: string;
  readonly line: string;
}

/** A cycle of blocked reads that stands because a handler waits before writing what it declared it could write first. */
export interface ReadDidStall extends EventBase {
  readonly type: 'read:didStall';
  /** Each hop `a.x waits for b.y`, in order, as printed text. */
  readonly cycle: readonly string[];
  /** The handler, the attribute it has not written, and the input it waits for instead, in a sentence. */
  readonly reason: string;
}

/** A cycle of blocked reads that cannot end. Every read in it is released with a Deadlock error. */
export interface ReadDidDeadlock extends EventBase {
  readonly type: 'read:didDeadlock';
  readonly cycle: readonly string[];
}

/** A resource waits at a hook. */
export interface HookDidPause extends EventBase {
  readonly type: 'hook:didPause';
  readonly resource: string;
  /** `pre-create` and the like. */
  readonly hook: string;
  /** When it was reached, maybe by an engine before this one. */
  readonly since: number;
}

/** A hook was cleared. */
export interface HookDidClear extends EventBase {
  readonly type: 'hook:didClear';
  readonly resource: string;
  readonly hook: string;
}

/** No handler of the stack runs, none can start, and reads are blocked. */
export interface StackDidQuiesce extends EventBase {
  readonly type: 'stack:didQuiesce';
  readonly waiting: readonly WaitingRead[];
}

/** Values that the stack has read of another have changed or gone: an update of it brings it up to date. */
export interface StackDidBecomeStale extends EventBase {
  readonly type: 'stack:didBecomeStale';
  readonly names: readonly Name[];
}

/** One blocked read: who waits for what of whom, since when, and how its writer stands. */
export interface WaitingRead {
  readonly reader: string;
  readonly input: string | undefined;
  readonly name: Name;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly since: number;
  /**
   * `running`: its handler works. `blocked`: its handler waits itself. `notStarted`: it waits for its own inputs or for
   * a slot. `undeclared`: its stack does not declare it. `outside`: no stack of that name is here.
   */
  readonly writer: 'running' | 'blocked' | 'notStarted' | 'undeclared' | 'outside';
  /** The same in a sentence. */
  readonly reason: string;
  /** What is awaited when it is no value: signals to the resource of `name`, or that the hook at its end is cleared. */
  readonly awaits?: 'signals' | 'hook';
}

/** Everything the engine tells while it works; `type` is the tag. */
export type EngineEvent =
  | StackEvent
  | ResourceEvent
  | ReadWillBlock
  | ReadDidWake
  | NameDidPublish
  | ResourceWasSkipped
  | ResourceDidLog
  | ReadDidStall
  | ReadDidDeadlock
  | HookDidPause
  | HookDidClear
  | StackDidQuiesce
  | StackDidBecomeStale;

/** The listeners of one engine. Costs nothing while nobody listens. */
export class EventHub {
  /** Replaced by another list when one comes or goes. */
  #listeners: readonly Listener[] = [];

  /** True when an event would reach somebody. Ask before building an event that is not stored. */
  get isHeard(): boolean {
    return this.#listeners.length > 0;
  }

  emit(event: EngineEvent): void {
    const listeners = this.#listeners;
    for (let index = 0; index < listeners.length; index += 1) {
      const listener = listeners[index] as Listener;
      if (!listener.isOver) listener.hear(event);
    }
  }

  /** Calls `listener` with each event until the returned function is called. A listener must not throw. */
  listen(listener: (event: EngineEvent) => void): () => void {
    const own: Listener = { hear: listener, isOver: false };
    this.#listeners = [...this.#listeners, own];
    return () => {
      own.isOver = true;
      this.#listeners = this.#listeners.filter((each) => each !== own);
    };
  }

  /**
   * The events from the call on for which `wanted` holds, until `signal` fires or the loop is left. Events are kept for a
   * slow reader without bound; the iteration ends after the event for which `isLast` holds, asked when it happens.
   */
  iterate(options: IterateOptions): AsyncGenerator<EngineEvent, void, undefined> {
    const heard: Heard = { kept: [], isOver: false, wake: () => {} };
    const { signal } = options;
    const end = (): void => {
      heard.isOver = true;
      stop();
      signal?.removeEventListener('abort', abort);
      heard.wake();
    };
    const abort = (): void => {
      heard.kept.length = 0;
      end();
    };
    const stop = this.listen((event) => {
      if (!options.wanted(event)) return;
      heard.kept.push(event);
      if (options.isLast?.(event) === true) end();
      else heard.wake();
    });
    signal?.addEventListener('abort', abort);
    if (signal?.aborted) abort();
    return endingBy(end, inOrder(heard));
  }
}

interface Listener {
  readonly hear: (event: EngineEvent) => void;
  isOver: boolean;
}

interface IterateOptions {
  readonly wanted: (event: EngineEvent) => boolean;
  readonly isLast?: (event: EngineEvent) => boolean;
  readonly signal?: AbortSignal | undefined;
}

/** What an iteration has heard and not yet handed on. */
interface Heard {
  readonly kept: EngineEvent[];
  /** Nothing more will come. */
  isOver: boolean;
  wake: () => void;
}

async function* inOrder(heard: Heard): AsyncGenerator<EngineEvent, void, undefined> {
  while (true) {
    for (let event = heard.kept.shift(); event !== undefined; event = heard.kept.shift()) yield event;
    if (heard.isOver) return;
    await new Promise<void>((resolve) => {
      heard.wake = resolve;
    });
  }
}

/** The generator, which calls `end` when it is left: a generator that was never begun would run no `finally` of its own. */
function endingBy<T>(
  end: () => void,
  generator: AsyncGenerator<T, void, undefined>,
): AsyncGenerator<T, void, undefined> {
  const leave = generator.return.bind(generator);
  generator.return = (value) => {
    end();
    return leave(value);
  };
  return generator;
}
