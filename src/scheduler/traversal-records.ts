import type { ResourceRecord, StoredRead } from '../store/stack-store.ts';

/** The last record of each resource of one traversal, in the order in which they got their first slot. */
export class TraversalRecords {
  readonly #records: ResourceRecord[] = [];
  /** The places of resources whose updates have become replacements, by their names. */
  readonly #freePlaces = new Map<string, number>();

  /** The first record of a resource; returns its place for `replace`. */
  add(record: ResourceRecord): number {
    const place = this.#freePlaces.size === 0 ? undefined : this.#freePlaces.get(record.name);
    // No push: code that V8 has compiled for it is dropped with the first record of each traversal.
    const at = place ?? this.#records.length;
    this.#records[at] = record;
    return at;
  }

  replace(place: number, record: ResourceRecord): void {
    this.#records[place] = record;
  }

  /** Another resource of that name gets the place. */
  giveWay(name: string, place: number): void {
    this.#freePlaces.set(name, place);
  }

  find(name: string): ResourceRecord | undefined {
    return this.#records.find((candidate) => candidate.name === name);
  }

  all(): readonly ResourceRecord[] {
    return [...this.#records];
  }

  /** What their handlers have read by name of other stacks and of nobody. */
  foreignReads(): readonly StoredRead[] {
    return this.#records.flatMap(({ reads = [] }) => reads.filter(({ isOwn }) => isOwn !== true));
  }
}
