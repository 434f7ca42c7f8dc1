import type { WaitSource, WaitTarget } from './waits.ts';

/** One search for a circle. */
interface Search {
  /** How many are kept that were before it. */
  readonly position: number;
  /** Whether a search that comes to one of its names turns back: from its beginning on, until it is forgotten. */
  isKnown: boolean;
  /** One that has come to nothing new need not be kept. */
  hasNames: boolean;
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
  /** The latest search that came to a name, by its parts: to make one text of each would be most of a search. */
  readonly #bySource = new Map<WaitSource, Map<string, Map<string | undefined, Search>>>();
  readonly #kept: Search[] = [];
  #search: Search = { position: 0, isKnown: false, hasNames: false };

  /** A search begins. What the one before has come to is not known any more, unless it was kept. */
  begin(): void {
    if (this.#search !== this.#kept.at(-1)) this.#search.isKnown = false;
    this.#search = { position: this.#kept.length, isKnown: true, hasNames: false };
  }

  /** The search has come to a name; false when it was there before, or turns back. */
  add(source: WaitSource, { resource, attribute }: WaitTarget): boolean {
    let byResource = this.#bySource.get(source);
    if (byResource === undefined) {
      byResource = new Map();
      this.#bySource.set(source, byResource);
    }
    let byAttribute = byResource.get(resource);
    if (byAttribute === undefined) {
      byAttribute = new Map();
      byResource.set(resource, byAttribute);
    }
    if (byAttribute.get(attribute)?.isKnown === true) return false;
    byAttribute.set(attribute, this.#search);
    this.#search.hasNames = true;
    return true;
  }

  /** The search has seen all that its names lead to, and has not come back to where it began. */
  keep(): void {
    if (this.#search.hasNames) this.#kept.push(this.#search);
  }

  /** A resource waits, or may wait, for more than before. */
  forget(source: WaitSource, resource: string): void {
    for (const search of this.#bySource.get(source)?.get(resource)?.values() ?? []) {
      if (search.isKnown) this.#shorten(search.position);
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
