import { NotTheWriter, ReadAborted } from '../errors.ts';
import type { DeclaredNames, Name } from '../names.ts';
import { conflictingWrite, notTheWriter, readAborted, writtenOutside } from '../refusals.ts';
import { asJson, type Json, sameJson } from '../values.ts';
import type { Cell } from './cell.ts';
import type { DataSpace, Entry, Region, SpaceChange } from './data-space.ts';
import { MemoryRegion } from './memory-region.ts';
import { StackPart } from './stack-part.ts';
import { AbortableReader, complain, Reader, Subscriber, type Thrown, tellAll, type Waiter } from './waiter.ts';
import { Watch } from './watch.ts';

/**
 * The data space inside one process. Every call answers at once: a write has woken its readers, in the order in which
 * they began to wait, when it returns.
 *
 * Costs nothing for a name that nobody has read or written yet: declaring a stack keeps the map that it is given, which
 * must not change afterwards, and a cell comes into being with the first value or the first reader of its name.
 *
 * After `close` nothing waits here any more: a read that would block is refused by ReadAborted at once. Names can still
 * be written and read, since a handler that ends late must not fail for it.
 */
export class MemorySpace implements DataSpace {
  readonly #spaces = new Map<string, Map<string, StackPart>>();
  readonly #watches = new Set<Watch>();
  #blockedReads = 0;
  #closing: ReadAborted | undefined;
  /** The part that was asked for last: what follows is most often of the same stack. */
  #lastPart: StackPart | undefined;

  get blockedReads(): number {
    return this.#blockedReads;
  }

  read(name: Name, options?: { readonly signal?: AbortSignal | undefined }): Promise<Json> {
    const signal = options?.signal;
    return new Promise((resolve, reject) => {
      if (signal === undefined) this.#wait(name, new Reader(name, resolve, reject));
      else if (signal.aborted) reject(readAborted(name, signal.reason));
      else {
        const reader = new AbortableReader(name, resolve, reject, signal, (waiter) => this.#giveUp(waiter));
        if (this.#wait(name, reader)) reader.listen();
      }
    });
  }

  tryRead([space, stack, resource, attribute]: Name): Entry | undefined {
    return this.#findPart(space, stack)?.find(resource, attribute)?.entry;
  }

  subscribe(name: Name, wake: (entry: Entry) => void): () => void {
    const waiter = new Subscriber(wake);
    return this.#wait(name, waiter) ? () => this.#giveUp(waiter) : nothingToCancel;
  }

  write(name: Name, value: Json): void {
    const part = this.#findPart(name[0], name[1]);
    if (part?.declares(name[2], name[3]) === true) throw notTheWriter(name);
    const written = asJson(value);
    const cell = (part ?? this.#part(name[0], name[1])).cellToWrite(name[2], name[3]);
    if (!cell.isFilled) {
      cell.value = written;
      complain(this.#settle(cell));
    } else if (cell.value === undefined || !sameJson(cell.value, written)) throw conflictingWrite(name, 'outside');
  }

  watch(
    prefix: readonly string[],
    options?: { readonly signal?: AbortSignal | undefined },
  ): AsyncIterable<SpaceChange> {
    const start = (watch: Watch): void => {
      this.#watches.add(watch);
      // Nothing can be written between the two: neither waits.
      for (const change of this.#present(prefix)) watch.push(change);
      if (this.#closing !== undefined) watch.finish();
    };
    const stop = (watch: Watch): void => {
      this.#watches.delete(watch);
    };
    return { [Symbol.asyncIterator]: () => new Watch(prefix, options?.signal, start, stop) };
  }

  declare(space: string, stack: string, outputs: DeclaredNames): Region {
    const part = this.#part(space, stack);
    if (part.outputs !== undefined) {
      throw new NotTheWriter({
        what: `Stack '${stack}' has a writer in the space '${space}' already.`,
        why: 'A name has one writer, so the names of a stack are declared once.',
        fix: 'Wait until the other action on the stack has ended, or give this stack another name.',
      });
    }
    for (const cell of part.cells()) {
      const isDeclared = outputs.get(cell.resource)?.includes(cell.attribute) === true;
      if (isDeclared && cell.isFilled) throw writtenOutside(cell.name);
    }
    part.outputs = outputs;
    return new MemoryRegion(part, outputs, {
      settle: (cell) => this.#settle(cell),
      takeWhole: (own, resource, number, values) => this.#watches.size === 0 && own.takeWhole(resource, number, values),
      forgetStack: () => this.#forgetStack(part),
    });
  }

  isDeclared([space, stack, resource, attribute]: Name): boolean {
    return this.#findPart(space, stack)?.declares(resource, attribute) === true;
  }

  close(): void {
    if (this.#closing !== undefined) return;
    const failure = new ReadAborted({
      what: 'The data space was closed while the read was blocked.',
      fix: 'Close an engine after its actions have ended.',
    });
    this.#closing = failure;
    for (const watch of [...this.#watches]) watch.finish();
    const blocked: Cell[] = [];
    for (const stacks of this.#spaces.values()) {
      for (const part of stacks.values()) {
        for (const cell of part.cells()) if (!cell.isFilled) blocked.push(cell);
      }
    }
    for (const cell of blocked) this.#forget(cell);
    // All are taken before one is told, who may make another one give up.
    const waiting = blocked.map((cell) => cell.takeWaiters());
    this.#blockedReads = 0;
    let thrown: Thrown;
    for (const first of waiting) {
      const one = tellAll(first, undefined, failure, true);
      thrown ??= one;
    }
    complain(thrown);
  }

  /** False when the waiter has been told, because there is no need to wait. */
  #wait(name: Name, waiter: Waiter): boolean {
    if (this.#closing === undefined) {
      const cell = this.#part(name[0], name[1]).cell(name[2], name[3]);
      if (!cell.isFilled) {
        this.#blockedReads += 1;
        cell.add(waiter);
        return true;
      }
      waiter.tell(cell.value, cell.failure, false);
    } else {
      const cell = this.#findPart(name[0], name[1])?.find(name[2], name[3]);
      if (cell?.isFilled === true) waiter.tell(cell.value, cell.failure, false);
      else waiter.tell(undefined, this.#closing, true);
    }
    return false;
  }

  #giveUp(waiter: Waiter): void {
    if (waiter.isOver) return;
    waiter.isOver = true;
    const { cell } = waiter;
    if (cell === undefined) return;
    cell.remove(waiter);
    this.#blockedReads -= 1;
    if (!cell.isAwaited) this.#forget(cell);
  }

  /** Tells of a cell that has just been filled; returns what one of those who were told has thrown. */
  #settle(cell: Cell): Thrown {
    const { value, failure } = cell;
    // Watches come first: what a woken reader writes in turn is to be seen after what woke it.
    if (this.#watches.size > 0) this.#tellWatches(cell);
    const first = cell.takeWaiters();
    for (let waiter = first; waiter !== undefined; waiter = waiter.next) this.#blockedReads -= 1;
    return tellAll(first, value, failure, false);
  }

  #tellWatches({ name, entry }: Cell): void {
    if (entry === undefined) return;
    for (const watch of this.#watches) watch.offer({ name, entry });
  }

  #findPart(space: string, stack: string): StackPart | undefined {
    const last = this.#lastPart;
    if (last !== undefined && last.stack === stack && last.space === space) return last;
    const part = this.#spaces.get(space)?.get(stack);
    if (part !== undefined) this.#lastPart = part;
    return part;
  }

  #part(space: string, stack: string): StackPart {
    const found = this.#findPart(space, stack);
    if (found !== undefined) return found;
    const part = new StackPart(space, stack);
    const stacks = this.#spaces.get(space);
    if (stacks === undefined) this.#spaces.set(space, new Map([[stack, part]]));
    else stacks.set(stack, part);
    this.#lastPart = part;
    return part;
  }

  #forget(cell: Cell): void {
    const { part } = cell;
    part.drop(cell);
    this.#forgetStack(part);
  }

  /** Drops a stack that holds nothing, so that names that were only asked for leave nothing behind. */
  #forgetStack(part: StackPart): void {
    if (part.outputs !== undefined || !part.isEmpty) return;
    if (this.#lastPart === part) this.#lastPart = undefined;
    const stacks = this.#spaces.get(part.space);
    stacks?.delete(part.stack);
    if (stacks?.size === 0) this.#spaces.delete(part.space);
  }

  *#present(prefix: readonly string[]): Generator<SpaceChange> {
    for (const stacks of under(this.#spaces, prefix[0])) {
      for (const part of under(stacks, prefix[1])) {
        for (const cell of part.cellsUnder(prefix[2])) {
          const { entry } = cell;
          if (entry !== undefined && cell.attribute === (prefix[3] ?? cell.attribute)) yield { name: cell.name, entry };
        }
      }
    }
  }
}

const nothingToCancel = (): void => {};

/** What `map` holds for one segment of a prefix, or all of it past the prefix's end. */
function* under<V>(map: ReadonlyMap<string, V>, segment: string | undefined): Generator<V> {
  if (segment === undefined) yield* map.values();
  else {
    const found = map.get(segment);
    if (found !== undefined) yield found;
  }
}
