import { findResource, type ResourceInterface, type StackInterface } from '../interface/interface.ts';
import type { ResourceRecord } from '../store/stack-store.ts';
import type { HookType } from '../template/hook-types.ts';
import type { HookedResource, Hooks } from './hooks.ts';
import type { Phase } from './phase.ts';

/** Which hooks stop a resource before and after what an action does with it. */
export interface HookTypes {
  readonly before: HookType;
  readonly after: HookType;
}

/** What pausing at hooks works with, and whom it tells. */
export interface HookPausesParts {
  readonly stack: StackInterface;
  /** The hooks of the environment. Default: there are none. */
  readonly hooks?: Hooks | undefined;
  readonly hookTypes?: HookTypes | undefined;
  /** By the number of the resource. */
  readonly phases: readonly Phase[];
  /** The record of a resource as it is now; undefined while there is none. */
  readonly recordOf: (resource: string) => ResourceRecord | undefined;
  /** It goes on only while it is in that phase. */
  readonly didPause: (resource: ResourceInterface, phase: 'paused' | 'held') => void;
}

/** Where the resources of one traversal are stopped by hooks: each of them before its run, and after it. */
export class HookPauses {
  readonly #parts: HookPausesParts;
  /** Whether anything may be stopped. A field, since each resource asks. */
  readonly isAny: boolean;

  constructor(parts: HookPausesParts) {
    this.#parts = parts;
    this.isAny = parts.hooks !== undefined && parts.hookTypes !== undefined;
  }

  /** Whether what is made may be stopped before it is; as under Heat, what an update makes anew is not. */
  get isBeforeCreate(): boolean {
    return this.#parts.hookTypes?.before === 'pre-create';
  }

  /** Whether an engine was stopped while the resource waited at the hook after its run. */
  isPendingAfter(resource: string): boolean {
    const { hooks, hookTypes } = this.#parts;
    return hooks !== undefined && hookTypes !== undefined && hooks.isPending(resource, hookTypes.after);
  }

  /** Calls `goOn` once nothing stops the resource any more: no hook of its own, and none of what it is a part of. */
  before(resource: ResourceInterface, goOn: () => void): void {
    const { hooks, hookTypes, stack } = this.#parts;
    if (hooks === undefined || hookTypes === undefined) {
      goOn();
      return;
    }
    const pauses: Promise<void>[] = [];
    for (let at: ResourceInterface | undefined = resource; at !== undefined; at = stack.resources[at.parent]) {
      const pause = hooks.reach(this.#hooked(at), hookTypes.before);
      if (pause !== undefined) pauses.push(pause);
    }
    if (pauses.length === 0) goOn();
    else this.#goOnAfter(Promise.all(pauses), resource, 'paused', goOn);
  }

  /** The same before a resource that is as it has to be counts as complete; its record is stored. */
  after(resource: ResourceInterface, goOn: () => void): void {
    const { hooks, hookTypes } = this.#parts;
    const isPending = hookTypes !== undefined && hooks?.isPending(resource.name, hookTypes.after) === true;
    const pause = isPending ? hooks?.reach(this.#hooked(resource), hookTypes.after) : undefined;
    if (pause === undefined) goOn();
    else this.#goOnAfter(pause, resource, 'held', goOn);
  }

  /** Its end is on its way into the store: that it comes to a hook goes with it. After a replacement comes none. */
  willComplete(resource: ResourceInterface, isUpdate: boolean): void {
    const { hooks, hookTypes } = this.#parts;
    if (hookTypes === undefined || (hookTypes.after === 'post-update' && !isUpdate)) return;
    hooks?.announce(this.#hooked(resource), hookTypes.after);
  }

  /** A resource as events of hooks tell it; undefined when the template has none of that name. */
  hooked(name: string): HookedResource | undefined {
    const resource = findResource(this.#parts.stack, name);
    return resource && this.#hooked(resource);
  }

  /** When the action has ended it does not go on: whoever ended it has decided about it. */
  #goOnAfter(over: Promise<unknown>, resource: ResourceInterface, phase: 'paused' | 'held', goOn: () => void): void {
    const { phases, didPause } = this.#parts;
    didPause(resource, phase);
    void over.then(
      () => {
        if (phases[resource.index] === phase) goOn();
      },
      () => {},
    );
  }

  #hooked({ name, type }: ResourceInterface): HookedResource {
    const record = this.#parts.recordOf(name);
    return record ?? { name, type: type.name, resourceId: undefined, action: 'INIT', status: 'COMPLETE' };
  }
}
