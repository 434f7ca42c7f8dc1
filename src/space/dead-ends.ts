import type { WaitSource, WaitTarget } from './waits.ts';

/** One search for a circle. */
interface Search {
  /** How many are kept that were before it. */
  readonly position: number;
  /** Whether a search that comes to one of its names turns back: while it runs, and while it is kept. */
  isKnown: boolean;
}

/** That a search has come to an attribute of a resource; the latest that did. */
interface Reached {
  readonly attribute: string | undefined;
  search: Search;
  /** Another attribute of the resource. */
  readonly next: Reached | undefined;
}

/**
 * The names that searches for circles have come to. Those of searches that are kept lead to nothing but each other, so a search
 * that comes to one of them may turn back there: its read is not behind it.
 *
 * That holds while nobody among them comes to wait for more. Names never lead to ones that were kept later, so when a resource
 * does, only the first search that came to one of its names and those since then are forgotten. After Pearce and Kelly (2006),
 * by whom a new edge concerns only what is behind its end in an order of the graph; but forgotten, and not put in order again.
 * So a read costs a step, and not a walk, when what it waits for was searched before.
 */
export class DeadEnds {
  /** By parts of the names: to make one text of each would be most of a search. Of forgotten searches, too. */
  readonly #bySource = new Map<WaitSource, Map<string, Reached>>();
  readonly #kept: Search[] = [];
  #search: Search = { position: 0, isKnown: false };

  /** A search begins. What the one before has come to is not known any more, unless it was kept. */
  begin(): void {
    if (this.#search !== this.#kept.at(-1)) this.#search.isKnown = false;
    this.#search = { position: this.#kept.length, isKnown: true };
  }

  /** The search has come to a name; false when it was there before, or turns back. */
  add(source: WaitSource, { resource, attribute }: WaitTarget): boolean {
    let byResource = this.#bySource.get(source);
    if (byResource === undefined) {
      byResource = new Map();
      this.#bySource.set(source, byResource);
    }
    const first = byResource.get(resource);
    for (let reached = first; reached !== undefined; reached = reached.next) {
      if (reached.attribute !== attribute) continue;
      if (reached.search.isKnown) return false;
      reached.search = this.#search;
      return true;
    }
    byResource.set(resource, { attribute, search: this.#search, next: first });
    return true;
  }

  /** The search has seen all that its names lead to, and has not come back to where it began. */
  keep(): void {
    this.#kept.push(this.#search);
  }

  /** A resource waits, or may wait, for more than before. */
  forget(source: WaitSource, resource: string): void {
    for (let reached = this.#bySource.get(source)?.get(resource); reached !== undefined; reached = reached.next) {
      if (reached.search.isKnown) this.#shorten(reached.search.position);
    }
  }

  /** Others are asked from now on, or no longer. */
  clear(): void {
    this.#bySource.clear();
    this.#shorten(0);
  }

  #shorten(length: number): void {
    while (this.#kept.length > length) (this.#kept.pop() as Search).isKnown = false;
  }
}
