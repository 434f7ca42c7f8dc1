import type { Clock, Timer } from '../clock.ts';
import { WriterFailed } from '../errors.ts';
import type { WaitingRead } from '../events.ts';
import { type Name, nameKey, printName } from '../names.ts';
import type { Secrecy } from '../secrets.ts';
import type { StackStore } from '../store/stack-store.ts';
import type { Json } from '../values.ts';
import type { DataSpace, Entry } from './data-space.ts';
import { complain, type Thrown } from './waiter.ts';
import { printTarget, type WaitTarget } from './waits.ts';

/** How often the store is asked whether somebody else has stored something, while a read waits for it. */
const POLL_MS = 50;

/** What a stack that runs in this engine says of one of its resources. */
export type DescribeWriter = (resource: string, attribute: string) => Pick<WaitingRead, 'writer' | 'reason'>;

interface Wish {
  readonly name: Name;
  readonly wakes: Set<(entry: Entry) => void>;
  /** How many ask the store for it, not by the way of a poll, and do not know yet whether it is there. */
  looking: number;
}

/**
 * Reads by name, wherever the name lives: first in this engine's space, then in the store, where stacks of earlier runs
 * and of other engines are. While a read waits for a name that no stack of this engine declares, the store's revision is
 * polled, so a value that another process writes on the same store arrives without any connection between the two. What an
 * action of this engine has stored by its end is looked for at that end.
 */
export class NameReader {
  readonly #space: DataSpace;
  readonly #store: StackStore;
  readonly #clock: Clock;
  readonly #describe: (space: string, stack: string) => DescribeWriter | undefined;
  readonly #secrecyOf: (name: Name, value: Json) => Secrecy | undefined;
  readonly #didLook: () => void;
  /** By stack, those for its names by their keys: the end of an action is nothing to all the others. */
  readonly #wishes = new Map<string, Map<string, Wish>>();
  /** How many looks that are no polls are under way. */
  #looking = 0;
  #timer: Timer | undefined;
  #revision: number | undefined;

  /**
   * `describe` finds the running stack that can tell how a writer stands; `secrecyOf` tells of a value in this engine's space
   * whether it is secret; `didLook` is told when the store has answered for all that are waited for: until then a name that it
   * may have is on its way.
   */
  constructor(
    space: DataSpace,
    store: StackStore,
    clock: Clock,
    describe: (space: string, stack: string) => DescribeWriter | undefined,
    secrecyOf: (name: Name, value: Json) => Secrecy | undefined,
    didLook: () => void,
  ) {
    this.#secrecyOf = secrecyOf;
    this.#didLook = didLook;
    this.#space = space;
    this.#store = store;
    this.#clock = clock;
    this.#describe = describe;
  }

  /** What this engine's own space holds under the name. */
  tryRead(name: Name): Entry | undefined {
    return this.#marked(name, this.#space.tryRead(name));
  }

  /** What is stored anywhere under the name now. */
  async find(name: Name): Promise<Entry | undefined> {
    return this.tryRead(name) ?? (await this.#findStored(name));
  }

  /** Calls `wake` once when the name holds something; at once only when this engine's space has it. */
  subscribe(name: Name, wake: (entry: Entry) => void): () => void {
    let isOver = false;
    const once = (entry: Entry): void => {
      if (isOver) return;
      cancel();
      wake(entry);
    };
    let unsubscribe = (): void => {};
    const unwish = this.#wish(name, once);
    const cancel = (): void => {
      isOver = true;
      unsubscribe();
      unwish();
    };
    unsubscribe = this.#space.subscribe(name, (entry) => once(this.#marked(name, entry) as Entry));
    if (isOver) unsubscribe();
    return cancel;
  }

  /** How the writer of a name stands. */
  describeWriter(target: WaitTarget): Pick<WaitingRead, 'writer' | 'reason'> {
    const describe = this.#describe(target.space, target.stack);
    if (describe !== undefined) return describe(target.resource, target.attribute ?? 'done');
    const { space, stack, resource, attribute = 'done' } = target;
    const wish = this.#wishes.get(nameKey([space, stack]))?.get(nameKey([space, stack, resource, attribute]));
    if (wish !== undefined && wish.looking > 0) {
      return { writer: 'running', reason: `the store is asked whether it has ${printTarget(target)}` };
    }
    return {
      writer: 'outside',
      reason: `no stack '${target.stack}' is at work in this engine; ${printTarget(target)} may still be written by another stack, a person or a program`,
    };
  }

  /**
   * An action of this engine on the stack has ended, and its end is stored. While it was at work the store could not tell of
   * all names whether they will be written, and where it has let go its names, neither does the space.
   */
  stackDidEnd(space: string, stack: string): void {
    const wishes = [...(this.#wishes.get(nameKey([space, stack]))?.values() ?? [])];
    const open = wishes.filter(({ name }) => !this.#space.isDeclared(name));
    if (open.length > 0) void this.#lookNow(open);
  }

  /** Stops polling and forgets who waits. */
  close(): void {
    this.#wishes.clear();
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #marked(name: Name, entry: Entry | undefined): Entry | undefined {
    if (entry === undefined || !('value' in entry)) return entry;
    const secrecy = this.#secrecyOf(name, entry.value);
    return secrecy === undefined ? entry : { value: entry.value, secrecy };
  }

  #wish(name: Name, wake: (entry: Entry) => void): () => void {
    const stackKey = nameKey([name[0], name[1]]);
    const key = nameKey(name);
    const ofStack = this.#wishes.get(stackKey) ?? new Map<string, Wish>();
    const wish = ofStack.get(key) ?? { name, wakes: new Set(), looking: 0 };
    wish.wakes.add(wake);
    this.#wishes.set(stackKey, ofStack.set(key, wish));
    if (!this.#space.isDeclared(name)) void this.#lookNow([wish]);
    this.#pollLater();
    return () => {
      wish.wakes.delete(wake);
      if (wish.wakes.size === 0 && ofStack.get(key) === wish) ofStack.delete(key);
      if (ofStack.size === 0 && this.#wishes.get(stackKey) === ofStack) this.#wishes.delete(stackKey);
      if (this.#wishes.size === 0) this.close();
    };
  }

  #pollLater(): void {
    if (this.#timer !== undefined || this.#wishes.size === 0) return;
    this.#timer = this.#clock.schedule(
      POLL_MS,
      () => {
        this.#timer = undefined;
        void this.#poll().finally(() => this.#pollLater());
      },
      { keepAlive: true, repeats: true },
    );
  }

  async #poll(): Promise<void> {
    try {
      const revision = await this.#store.revision();
      if (revision === this.#revision) return;
      this.#revision = revision;
    } catch {
      return; // A store that cannot be read now is asked again; an action that needs it reports the failure.
    }
    await this.#look([...this.#wishes.values()].flatMap((ofStack) => [...ofStack.values()]));
  }

  async #lookNow(wishes: readonly Wish[]): Promise<void> {
    for (const wish of wishes) wish.looking += 1;
    this.#looking += 1;
    try {
      await this.#look(wishes);
    } finally {
      for (const wish of wishes) wish.looking -= 1;
      this.#looking -= 1;
      if (this.#looking === 0) this.#didLook();
    }
  }

  async #look(wishes: readonly Wish[]): Promise<void> {
    let thrown: Thrown;
    for (const { name, wakes } of wishes) {
      if (wakes.size === 0 || this.#space.isDeclared(name)) continue; // its region tells
      const entry = await this.#findStored(name).catch(() => {
        // It is looked for again, although nothing more may be stored.
        this.#revision = undefined;
      });
      // What was stored before the stack's next action says nothing, once that has begun.
      if (entry === undefined || this.#space.isDeclared(name)) continue;
      for (const wake of [...wakes]) {
        try {
          wake(entry);
        } catch (error) {
          thrown ??= { error };
        }
      }
    }
    complain(thrown);
  }

  async #findStored(name: Name): Promise<Entry | undefined> {
    const stored = await this.#store.find(name);
    if (stored === undefined || 'value' in stored) return stored;
    return {
      failure: new WriterFailed({
        what: `The writer of ${printName(name)} failed.`,
        why: stored.failure,
        fix: 'Repair that stack; the value is read again by the next action.',
      }),
    };
  }
}
