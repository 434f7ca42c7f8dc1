import { messageOf, rootCause } from '../errors.ts';
import type { EventHub, WaitingRead } from '../events.ts';
import type { StackInterface } from '../interface/interface.ts';
import { type Name, nameKey, printName } from '../names.ts';
import type { ReadValue } from '../space/data-space.ts';
import type { NameReader } from '../space/name-reader.ts';
import { outsideNames } from './outputs.ts';
import { readEntry } from './read.ts';
import type { StackServices } from './services.ts';

/** Stands for the reader where otherwise a resource is named: the template's section. */
const READER = 'outputs';

/** How the names are read. */
interface ReadOptions {
  /** Ends the wait for what is not there; undefined: there is none. */
  readonly until: AbortSignal | undefined;
  readonly take: (name: Name, entry: ReadValue) => void;
}

/**
 * Reads the names that the outputs of a stack take from other stacks and from outside (`get_data`). No resource waits for
 * them, so they may come after the last one has ended.
 */
export class OutputReads {
  readonly #stack: StackInterface;
  readonly #names: NameReader;
  readonly #events: EventHub;
  readonly #now: () => number;
  readonly #blocked = new Map<string, { readonly output: string; readonly name: Name; readonly since: number }>();

  constructor({ names, events, clock }: Pick<StackServices, 'names' | 'events' | 'clock'>, stack: StackInterface) {
    this.#names = names;
    this.#events = events;
    this.#now = () => clock.now();
    this.#stack = stack;
  }

  /** The reads that are blocked now. */
  waiting(): readonly WaitingRead[] {
    return [...this.#blocked.values()].map(({ output, name, since }) => {
      const [space, stack, resource, attribute] = name;
      const writer = this.#names.describeWriter({ space, stack, resource, attribute });
      return { reader: READER, input: output, name, since, ...writer };
    });
  }

  /** Hands each value over, and returns why there is none of the others, by the key of the name. Never rejects. */
  async read({ until, take }: ReadOptions): Promise<ReadonlyMap<string, string>> {
    const missing = new Map<string, string>();
    const isThere = await Promise.all(
      outsideNames(this.#stack).map(({ output, name }) => this.#find(output, name, take, missing)),
    );
    if (isThere.every(Boolean)) return missing;
    if (until !== undefined && !until.aborted) {
      this.#tellQuiescence();
      await Promise.all([...this.#blocked.values()].map(({ name }) => this.#await(name, until, take, missing)));
    }
    for (const [key, { name }] of this.#blocked) missing.set(key, notWritten(name, until));
    this.#blocked.clear();
    return missing;
  }

  /** False when it is still to come. */
  async #find(output: string, name: Name, take: ReadOptions['take'], missing: Map<string, string>): Promise<boolean> {
    try {
      const entry = await this.#names.find(name);
      if (entry === undefined) {
        this.#blocked.set(nameKey(name), { output, name, since: this.#now() });
        return false;
      }
      if ('failure' in entry) missing.set(nameKey(name), cannotBeRead(name, entry.failure));
      else take(name, entry);
    } catch (error) {
      missing.set(nameKey(name), cannotBeRead(name, error));
    }
    return true;
  }

  /** Leaves the name among the blocked ones when `until` fires first. */
  async #await(name: Name, until: AbortSignal, take: ReadOptions['take'], missing: Map<string, string>): Promise<void> {
    try {
      take(name, await readEntry(this.#names, name, until));
    } catch (error) {
      if (until.aborted) return;
      missing.set(nameKey(name), cannotBeRead(name, error));
    }
    this.#blocked.delete(nameKey(name));
  }

  #tellQuiescence(): void {
    if (!this.#events.isHeard) return;
    const { space, stack } = this.#stack;
    this.#events.emit({ type: 'stack:didQuiesce', time: this.#now(), space, stack, waiting: this.waiting() });
  }
}

function notWritten(name: Name, until: AbortSignal | undefined): string {
  const text = `${printName(name)} was not written.`;
  return until?.aborted ? `${text} ${messageOf(until.reason)}` : text;
}

function cannotBeRead(name: Name, error: unknown): string {
  return `${printName(name)} cannot be read: ${messageOf(rootCause(error))}`;
}
