import type { Clock } from '../clock.ts';
import { InvalidBreakPointHook } from '../errors.ts';
import type { EventHub, ResourceEvent, WaitingRead } from '../events.ts';
import type { HookState, HookStates, ResourceRecord } from '../store/stack-store.ts';
import { HOOK_TYPES, type HookType } from '../template/hook-types.ts';
import { isJsonObject, type Json } from '../values.ts';
import type { Journal } from './journal.ts';

/** What a hook stops, as its events tell it. */
export type HookedResource = Pick<ResourceRecord, 'name' | 'type' | 'resourceId' | 'action' | 'status'>;

export interface HookParts {
  readonly space: string;
  readonly stack: string;
  readonly stackId: string;
  readonly journal: Journal;
  readonly events: EventHub;
  readonly clock: Clock;
  /** Ends every pause. */
  readonly signal: AbortSignal;
  /** The hooks that the environment sets on a resource. */
  readonly hooksOf: (resource: string) => ReadonlySet<HookType>;
  /** The hooks that the same action has reached before its engine was stopped. */
  readonly stored: HookStates | undefined;
  /** A resource that is not stopped here, as far as it is known. */
  readonly describe: (resource: string) => HookedResource | undefined;
}

/** Somebody who waits at a hook. */
interface Pause {
  readonly resource: HookedResource;
  readonly over: Promise<void>;
  readonly goOn: () => void;
  readonly giveUp: (reason: unknown) => void;
}

interface Reached extends HookState {
  /** Undefined until somebody waits: before the end of the resource is stored, or after an engine was stopped. */
  readonly pause?: Pause;
  /** Stored and still to be told. */
  readonly untold?: ResourceEvent;
}

/**
 * The breakpoints of one action on a stack (Heat's hooks: heat/engine/resource.py, _break_if_required). Whoever reaches one
 * waits until it is cleared, and holds no slot. That it was reached and that it was cleared is stored, so a hook is cleared
 * once in an action, whatever becomes of the engine.
 */
export class Hooks {
  readonly #parts: HookParts;
  readonly #reached = new Map<string, Map<HookType, Reached>>();

  constructor(parts: HookParts) {
    this.#parts = parts;
    for (const [resource, hooks] of Object.entries(parts.stored ?? {})) {
      for (const [hook, state] of Object.entries(hooks)) this.#set(resource, hook as HookType, state);
    }
    if (!parts.signal.aborted) parts.signal.addEventListener('abort', () => this.#giveUp(), { once: true });
  }

  /** Whether the hook is set and was not cleared. */
  stops(resource: string, hook: HookType): boolean {
    return this.#parts.hooksOf(resource).has(hook) && this.#get(resource, hook)?.isCleared !== true;
  }

  /** Whether an engine was stopped while the resource waited at the hook. */
  isPending(resource: string, hook: HookType): boolean {
    return this.#get(resource, hook)?.isCleared === false;
  }

  /**
   * Reaches a hook: resolves when that is cleared, and rejects with the reason of the action's end. Undefined when nothing
   * stops the resource there.
   */
  reach(resource: HookedResource, hook: HookType): Promise<void> | undefined {
    const known = this.announce(resource, hook);
    if (known === undefined || known.pause !== undefined) return known?.pause?.over;
    const { events } = this.#parts;
    const { since, isCleared, untold } = known;
    const pause = newPause(resource);
    this.#set(resource.name, hook, { since, isCleared, pause });
    if (events.isHeard) {
      if (untold !== undefined) events.emit(untold);
      events.emit({ type: 'hook:didPause', ...this.#at(), resource: resource.name, hook, since });
    }
    return pause.over;
  }

  /** Stores that the resource is about to reach the hook, together with what is recorded in the same turn. */
  announce(resource: HookedResource, hook: HookType): Reached | undefined {
    const { signal, journal, clock } = this.#parts;
    if (!this.stops(resource.name, hook) || signal.aborted) return undefined;
    const known = this.#get(resource.name, hook);
    if (known !== undefined) return known;
    const untold = this.#eventOf(resource, `${actionOf(hook)} paused until Hook ${hook} is cleared`);
    const state = { since: clock.now(), isCleared: false };
    void journal.record({ kind: 'hook', resource: resource.name, hook, state }, { kind: 'event', event: untold });
    const reached = { ...state, untold };
    this.#set(resource.name, hook, reached);
    return reached;
  }

  /**
   * Clears a hook and lets whoever waits at it go on, once that is stored; resolves with what the resource's event tells.
   * Throws InvalidBreakPointHook when nobody waits there.
   */
  async clear(resource: string, hook: Json | undefined): Promise<string> {
    if (!isHookType(hook)) throw this.#invalid(`Invalid hook type "${hook}" for`, resource);
    const reached = this.#get(resource, hook);
    if (reached === undefined || reached.isCleared) {
      throw this.#invalid(`The "${hook}" hook is not defined on`, resource);
    }
    const { journal, events } = this.#parts;
    const state = { since: reached.since, isCleared: true };
    this.#set(resource, hook, state);
    const reason = `Hook ${hook} is cleared`;
    const event = this.#eventOf(reached.pause?.resource ?? this.#describe(resource), reason);
    await journal.record({ kind: 'hook', resource, hook, state }, { kind: 'event', event });
    if (events.isHeard) {
      events.emit(event);
      events.emit({ type: 'hook:didClear', ...this.#at(), resource, hook });
    }
    reached.pause?.goOn();
    return reason;
  }

  /** What waits at a hook now. */
  waiting(): readonly WaitingRead[] {
    const { space, stack } = this.#parts;
    return [...this.#reached].flatMap(([resource, hooks]) =>
      [...hooks].flatMap(([hook, { since, pause }]): readonly WaitingRead[] => {
        if (pause === undefined) return [];
        const reason = `it is paused until hook ${hook} is cleared`;
        const name = [space, stack, resource, hook] as const;
        return [{ reader: resource, input: undefined, name, since, writer: 'outside', reason, awaits: 'hook' }];
      }),
    );
  }

  #giveUp(): void {
    const { journal, events, signal } = this.#parts;
    for (const [resource, hooks] of this.#reached) {
      for (const [hook, { pause }] of hooks) {
        if (pause === undefined) continue;
        hooks.delete(hook);
        const event = this.#eventOf(pause.resource, 'Failure occurred while waiting.');
        void journal.record({ kind: 'hook', resource, hook, state: undefined }, { kind: 'event', event });
        if (events.isHeard) events.emit(event);
        pause.giveUp(signal.reason);
      }
    }
  }

  #get(resource: string, hook: HookType): Reached | undefined {
    return this.#reached.get(resource)?.get(hook);
  }

  #set(resource: string, hook: HookType, state: Reached): void {
    const hooks = this.#reached.get(resource) ?? new Map<HookType, Reached>();
    hooks.set(hook, state);
    this.#reached.set(resource, hooks);
  }

  #describe(name: string): HookedResource {
    const known = this.#parts.describe(name);
    return known ?? { name, type: '', resourceId: undefined, action: 'INIT', status: 'COMPLETE' };
  }

  #at(): { readonly time: number; readonly space: string; readonly stack: string } {
    const { clock, space, stack } = this.#parts;
    return { time: clock.now(), space, stack };
  }

  #eventOf({ name, type, resourceId, action, status }: HookedResource, reason: string): ResourceEvent {
    return {
      type: 'resource',
      ...this.#at(),
      resource: name,
      resourceType: type,
      resourceId,
      action,
      status,
      reason,
    };
  }

  /** Named as Heat prints a resource. */
  #invalid(what: string, resource: string): InvalidBreakPointHook {
    const { stack, stackId } = this.#parts;
    const { type } = this.#describe(resource);
    return new InvalidBreakPointHook({
      what: `${what} ${type === '' ? '' : `${type} `}"${resource}" Stack "${stack}" [${stackId}]`,
      why: 'A hook is cleared while the resource waits at it.',
      fix: `See what waits by 'hotloom hook-poll ${stack}'.`,
    });
  }
}

/** Of a signal that is to clear a hook: which one. Undefined for any other signal. */
export function hookToClear(data: Json | undefined): Json | undefined {
  return isJsonObject(data) && Object.hasOwn(data, 'unset_hook') ? data.unset_hook : undefined;
}

function isHookType(hook: Json | undefined): hook is HookType {
  return typeof hook === 'string' && (HOOK_TYPES as readonly string[]).includes(hook);
}

/** `CREATE` for `pre-create`. */
function actionOf(hook: HookType): string {
  return hook.slice(hook.indexOf('-') + 1).toUpperCase();
}

function newPause(resource: HookedResource): Pause {
  let goOn = (): void => {};
  let giveUp: (reason: unknown) => void = () => {};
  const over = new Promise<void>((resolve, reject) => {
    [goOn, giveUp] = [resolve, reject];
  });
  // Whoever waits looks at it; the action may end before that.
  over.catch(() => {});
  return { resource, over, goOn, giveUp };
}
