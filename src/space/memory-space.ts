import { type HotloomError, InternalError, messageOf, NotTheWriter, ReadAborted, UndeclaredWrite } from '../errors.ts';
import { type DeclaredNames, type Name, printName } from '../names.ts';
import { conflictingWrite, notTheWriter, readAborted, writerFailed, writtenOutside } from '../refusals.ts';
import { asJson, type Json, type JsonObject, sameJson } from '../values.ts';
import { listNames, suggest } from '../wording.ts';
import type { DataSpace, Entry, Region, SpaceChange } from './data-space.ts';

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
  #closing: Entry | undefined;

  get blockedReads(): number {
    return this.#blockedReads;
  }

  read(name: Name, options?: { readonly signal?: AbortSignal | undefined }): Promise<Json> {
    const signal = options?.signal;
    return new Promise((resolve, reject) => {
      if (signal !== undefined) this.#readUntil(signal, name, resolve, reject);
      else this.#wait(name, new Reader(name, resolve, reject));
    });
  }

  tryRead([space, stack, resource, attribute]: Name): Entry | undefined {
    return this.#spaces.get(space)?.get(stack)?.find(resource, attribute)?.entry;
  }

  subscribe(name: Name, wake: (entry: Entry) => void): () => void {
    const waiter = this.#wait(name, new Subscriber(wake));
    return waiter === undefined ? nothingToCancel : () => this.#giveUp(waiter);
  }

  write(name: Name, value: Json): void {
    const part = this.#spaces.get(name[0])?.get(name[1]);
    if (part?.declares(name[2], name[3]) === true) throw notTheWriter(name);
    const written = asJson(value);
    const cell = (part ?? this.#part(name[0], name[1])).cell(name[2], name[3]);
    if (cell.entry === undefined) complain(this.#settle(cell, { value: written }));
    else if (!('value' in cell.entry && sameJson(cell.entry.value, written))) throw conflictingWrite(name, 'outside');
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
    for (const cells of part.cells()) {
      const declared = outputs.get(cells.resource);
      if (declared === undefined) continue;
      for (const cell of cells) {
        if (cell.entry !== undefined && declared.includes(cell.attribute)) throw writtenOutside(cell.name);
      }
    }
    part.outputs = outputs;
    return new MemoryRegion(part, outputs, {
      settle: (cell, entry) => this.#settle(cell, entry),
      takeWhole: (own, resource, number, values) => this.#watches.size === 0 && own.takeWhole(resource, number, values),
      forgetStack: () => this.#forgetStack(part),
    });
  }

  isDeclared([space, stack, resource, attribute]: Name): boolean {
    return this.#spaces.get(space)?.get(stack)?.declares(resource, attribute) === true;
  }

  close(): void {
    if (this.#closing !== undefined) return;
    const failure = new ReadAborted({
      what: 'The data space was closed while the read was blocked.',
      fix: 'Close an engine after its actions have ended.',
    });
    const closing: Entry = { failure };
    this.#closing = closing;
    for (const watch of [...this.#watches]) watch.finish();
    const blocked: Cell[] = [];
    for (const stacks of this.#spaces.values()) {
      for (const part of stacks.values()) {
        for (const cells of part.cells()) {
          for (const cell of cells) if (cell.entry === undefined) blocked.push(cell);
        }
      }
    }
    for (const cell of blocked) this.#forget(cell);
    this.#blockedReads = 0;
    let thrown: Thrown;
    for (const cell of blocked) {
      const one = cell.wakeAll(closing, true);
      thrown ??= one;
    }
    complain(thrown);
  }

  #readUntil(signal: AbortSignal, name: Name, resolve: (value: Json) => void, reject: (error: Error) => void): void {
    if (signal.aborted) {
      reject(readAborted(name, signal.reason));
      return;
    }
    const abort = (): void => {
      if (waiter !== undefined) this.#giveUp(waiter);
      reject(readAborted(name, signal.reason));
    };
    let waiter: Waiter | undefined;
    const reader = new Reader(name, resolve, reject);
    const subscriber = new Subscriber((entry, isClosing) => {
      signal.removeEventListener('abort', abort);
      reader.tell(entry, isClosing);
    });
    waiter = this.#wait(name, subscriber);
    if (waiter !== undefined) signal.addEventListener('abort', abort, { once: true });
  }

  /** Undefined when the waiter has been told, because there is no need to wait. */
  #wait(name: Name, waiter: Waiter): Waiter | undefined {
    if (this.#closing !== undefined) {
      const entry = this.tryRead(name);
      waiter.tell(entry ?? this.#closing, entry === undefined);
      return undefined;
    }
    const cell = this.#part(name[0], name[1]).cell(name[2], name[3]);
    if (cell.entry !== undefined) {
      waiter.tell(cell.entry, false);
      return undefined;
    }
    this.#blockedReads += 1;
    cell.add(waiter);
    return waiter;
  }

  #giveUp(waiter: Waiter): void {
    const { cell } = waiter;
    if (cell?.remove(waiter) !== true) return;
    this.#blockedReads -= 1;
    if (cell.waiting === 0) this.#forget(cell);
  }

  /** Fills an empty cell and wakes who waits for it; returns what one of them threw. */
  #settle(cell: Cell, entry: Entry): Thrown {
    cell.entry = entry;
    // Watches come first: what a woken reader writes in turn is to be seen after what woke it.
    if (this.#watches.size > 0) {
      const change = { name: cell.name, entry };
      for (const watch of this.#watches) watch.offer(change);
    }
    this.#blockedReads -= cell.waiting;
    return cell.wakeAll(entry);
  }

  #part(space: string, stack: string): StackPart {
    let stacks = this.#spaces.get(space);
    if (stacks === undefined) {
      stacks = new Map();
      this.#spaces.set(space, stacks);
    }
    let part = stacks.get(stack);
    if (part === undefined) {
      part = new StackPart(space, stack);
      stacks.set(stack, part);
    }
    return part;
  }

  #forget(cell: Cell): void {
    const { part } = cell.cells;
    part.drop(cell);
    this.#forgetStack(part);
  }

  /** Drops a stack that holds nothing, so that names that were only asked for leave nothing behind. */
  #forgetStack(part: StackPart): void {
    if (part.outputs !== undefined || !part.isEmpty) return;
    const stacks = this.#spaces.get(part.space);
    stacks?.delete(part.stack);
    if (stacks?.size === 0) this.#spaces.delete(part.space);
  }

  *#present(prefix: readonly string[]): Generator<SpaceChange> {
    for (const stacks of under(this.#spaces, prefix[0])) {
      for (const part of under(stacks, prefix[1])) {
        for (const cells of part.cellsUnder(prefix[2])) {
          for (const cell of cells) {
            if (cell.entry === undefined || cell.attribute !== (prefix[3] ?? cell.attribute)) continue;
            yield { name: cell.name, entry: cell.entry };
          }
        }
      }
    }
  }
}

/** What a region needs of its space. */
interface RegionOwner {
  settle(cell: Cell, entry: Entry): Thrown;
  /** Takes all values of a resource as they are, unless somebody has asked for one of them or watches. */
  takeWhole(part: StackPart, resource: string, number: number, values: JsonObject): boolean;
  forgetStack(): void;
}

class MemoryRegion implements Region {
  readonly #part: StackPart;
  readonly #outputs: DeclaredNames;
  readonly #owner: RegionOwner;
  #isClosed = false;
  /** The resource that was written to last, since a resource writes its attributes one after the other. */
  #lastResource: string | undefined;
  #lastDeclared: readonly string[] | undefined;

  constructor(part: StackPart, outputs: DeclaredNames, owner: RegionOwner) {
    this.#part = part;
    this.#outputs = outputs;
    this.#owner = owner;
  }

  get space(): string {
    return this.#part.space;
  }

  get stack(): string {
    return this.#part.stack;
  }

  write(resource: string, attribute: string, value: Json): void {
    if (this.#isClosed) throw this.#closedRegion();
    if (this.#declared(resource)?.includes(attribute) !== true) throw this.#undeclared(resource, attribute);
    const written = asJson(value);
    const cell = this.#part.cell(resource, attribute);
    if (cell.entry === undefined) complain(this.#owner.settle(cell, { value: written }));
    else if ('value' in cell.entry && !sameJson(cell.entry.value, written))
      throw conflictingWrite(cell.name, 'itsWriter');
  }

  writeAll(resource: string, values: JsonObject, number?: number): void {
    if (this.#isClosed) throw this.#closedRegion();
    const { numbering } = this.#outputs;
    const isNumbered = number !== undefined && numbering !== undefined;
    const declared = isNumbered ? numbering.attributesAt(number) : this.#declared(resource);
    let areJson = true;
    for (const attribute in values) {
      if (declared?.includes(attribute) !== true) throw this.#undeclared(resource, attribute);
      areJson &&= Object.is(asJson(values[attribute]), values[attribute]);
    }
    if (areJson && isNumbered && this.#owner.takeWhole(this.#part, resource, number, values)) return;
    for (const attribute in values) this.write(resource, attribute, values[attribute] as Json);
  }

  fail(resource: string, failure: HotloomError): void {
    if (this.#isClosed) return;
    const declared = this.#outputs.get(resource);
    if (declared === undefined) throw this.#undeclared(resource, undefined);
    const entry: Entry = { failure };
    let thrown: Thrown;
    for (const attribute of declared) {
      const cell = this.#part.cell(resource, attribute);
      if (cell.entry !== undefined) continue;
      const one = this.#owner.settle(cell, entry);
      thrown ??= one;
    }
    complain(thrown);
  }

  tryRead(resource: string, attribute: string): Entry | undefined {
    return this.#isClosed ? undefined : this.#part.find(resource, attribute)?.entry;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const part = this.#part;
    part.dropWhole();
    for (const cells of part.cells()) {
      for (const cell of cells) {
        // Somebody outside may have written names beside the stack's own; these are not the region's to take away.
        if (!part.declares(cells.resource, cell.attribute)) continue;
        cell.entry = undefined;
        if (cell.waiting === 0) part.drop(cell);
      }
    }
    part.outputs = undefined;
    this.#owner.forgetStack();
  }

  #declared(resource: string): readonly string[] | undefined {
    if (resource !== this.#lastResource) {
      this.#lastDeclared = this.#outputs.get(resource);
      this.#lastResource = resource;
    }
    return this.#lastDeclared;
  }

  #undeclared(resource: string, attribute: string | undefined): UndeclaredWrite {
    const declared = this.#outputs.get(resource);
    if (declared === undefined || attribute === undefined) {
      return new UndeclaredWrite({
        what: `Stack '${this.stack}' does not declare a resource '${resource}'.`,
        why: 'A region writes only the names that were declared with it.',
        fix: `${suggest(resource, this.#outputs.keys())}It declares ${listNames(this.#outputs.keys())}.`,
      });
    }
    return new UndeclaredWrite({
      what: `'${printName([this.space, this.stack, resource, attribute])}' cannot be written: '${resource}' does not declare the attribute '${attribute}'.`,
      why: 'Readers are ordered by what a resource declares, before any handler runs.',
      fix: `${suggest(attribute, declared)}It declares ${listNames(declared)}.`,
    });
  }

  #closedRegion(): NotTheWriter {
    return new NotTheWriter({
      what: `Stack '${this.stack}' writes its names in the space '${this.space}' no more.`,
      why: 'Its region has been closed: the stack was deleted.',
      fix: 'Let every handler of the stack end before the stack is deleted.',
    });
  }
}

/** All that the space knows under one space and stack. */
class StackPart {
  readonly space: string;
  readonly stack: string;
  /** By resource; only those that somebody has read or written. */
  readonly #cells = new Map<string, ResourceCells>();
  /**
   * The values that were written together, by the number of their resource among the declared ones, until somebody asks for
   * one of them: most are never read by name.
   */
  #whole: (JsonObject | undefined)[] = [];
  #wholes = 0;
  /** Set while a region writes the stack's names. */
  outputs: DeclaredNames | undefined;

  constructor(space: string, stack: string) {
    this.space = space;
    this.stack = stack;
  }

  declares(resource: string, attribute: string): boolean {
    return this.outputs?.get(resource)?.includes(attribute) === true;
  }

  get isEmpty(): boolean {
    return this.#cells.size === 0 && this.#wholes === 0;
  }

  /** Those that there are as cells: whoever waits is among them, and everything that was not written together. */
  cells(): Iterable<ResourceCells> {
    return this.#cells.values();
  }

  /** All values of a resource, or of every one, as cells. */
  cellsUnder(resource: string | undefined): Iterable<ResourceCells> {
    if (resource !== undefined) this.#cellsOf(resource);
    else if (this.#wholes > 0) for (const name of this.outputs?.keys() ?? []) this.#cellsOf(name);
    return under(this.#cells, resource);
  }

  find(resource: string, attribute: string): Cell | undefined {
    return this.#cellsOf(resource)?.find(attribute);
  }

  /** The cell of the name; a new one when there is none. */
  cell(resource: string, attribute: string): Cell {
    let cells = this.#cellsOf(resource);
    if (cells === undefined) {
      cells = new ResourceCells(this, resource);
      this.#cells.set(resource, cells);
    }
    return cells.find(attribute) ?? cells.add(attribute);
  }

  /** False when there are cells of the resource already. */
  takeWhole(resource: string, number: number, values: JsonObject): boolean {
    const isThere = this.#whole[number] !== undefined || (this.#cells.size > 0 && this.#cells.has(resource));
    if (isThere) return false;
    if (this.#whole.length === 0) this.#whole = new Array(this.outputs?.numbering?.size ?? 0);
    this.#whole[number] = values;
    this.#wholes += 1;
    return true;
  }

  dropWhole(): void {
    this.#whole = [];
    this.#wholes = 0;
  }

  drop(cell: Cell): void {
    cell.cells.remove(cell);
    if (cell.cells.isEmpty) this.#cells.delete(cell.cells.resource);
  }

  #cellsOf(resource: string): ResourceCells | undefined {
    const cells = this.#cells.get(resource);
    if (cells !== undefined || this.#wholes === 0) return cells;
    const number = this.outputs?.numbering?.numberOf(resource);
    const whole = number === undefined ? undefined : this.#whole[number];
    if (number === undefined || whole === undefined) return undefined;
    const made = new ResourceCells(this, resource);
    for (const attribute in whole) made.add(attribute).entry = { value: whole[attribute] as Json };
    this.#whole[number] = undefined;
    this.#wholes -= 1;
    this.#cells.set(resource, made);
    return made;
  }
}

/** Up to so many cells of a resource are searched one by one, which is faster and smaller than a map of them. */
const SEARCHED_AT_MOST = 16;

/** The cells of one resource, in the order of their coming: a list of few, a map of many. */
class ResourceCells {
  readonly part: StackPart;
  readonly resource: string;
  #first: Cell | undefined;
  #byAttribute: Map<string, Cell> | undefined;

  constructor(part: StackPart, resource: string) {
    this.part = part;
    this.resource = resource;
  }

  get isEmpty(): boolean {
    return this.#first === undefined && (this.#byAttribute === undefined || this.#byAttribute.size === 0);
  }

  find(attribute: string): Cell | undefined {
    if (this.#byAttribute !== undefined) return this.#byAttribute.get(attribute);
    let cell = this.#first;
    while (cell !== undefined && cell.attribute !== attribute) cell = cell.next;
    return cell;
  }

  /** There must be no cell of that attribute. */
  add(attribute: string): Cell {
    const cell = new Cell(this, attribute);
    if (this.#byAttribute !== undefined) {
      this.#byAttribute.set(attribute, cell);
      return cell;
    }
    if (this.#first === undefined) {
      this.#first = cell;
      return cell;
    }
    let count = 2;
    let last = this.#first;
    for (; last.next !== undefined; last = last.next) count += 1;
    last.next = cell;
    if (count > SEARCHED_AT_MOST) {
      this.#byAttribute = new Map([...this].map((each) => [each.attribute, each]));
      this.#first = undefined;
    }
    return cell;
  }

  remove(cell: Cell): void {
    if (this.#byAttribute !== undefined) this.#byAttribute.delete(cell.attribute);
    else if (this.#first === cell) this.#first = cell.next;
    else {
      let before = this.#first;
      while (before !== undefined && before.next !== cell) before = before.next;
      if (before !== undefined) before.next = cell.next;
    }
  }

  /** A cell may be removed while it is visited. */
  *[Symbol.iterator](): Generator<Cell> {
    if (this.#byAttribute !== undefined) yield* this.#byAttribute.values();
    else for (let cell = this.#first; cell !== undefined; cell = cell.next) yield cell;
  }
}

/** One name: what it holds, or who waits for it. */
class Cell {
  readonly cells: ResourceCells;
  readonly attribute: string;
  entry: Entry | undefined;
  /** The next of the same resource, while that has few. */
  next: Cell | undefined;
  /** Those who wait, in the order of their coming: a linked list, so that giving up is O(1) among many. */
  #first: Waiter | undefined;
  #last: Waiter | undefined;
  #waiting = 0;

  constructor(cells: ResourceCells, attribute: string) {
    this.cells = cells;
    this.attribute = attribute;
  }

  get name(): Name {
    const { part, resource } = this.cells;
    return [part.space, part.stack, resource, this.attribute];
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting;
  }

  add(waiter: Waiter): void {
    waiter.cell = this;
    waiter.previous = this.#last;
    if (this.#last === undefined) this.#first = waiter;
    else this.#last.next = waiter;
    this.#last = waiter;
    this.#waiting += 1;
  }

  /** True when it waited. */
  remove(waiter: Waiter): boolean {
    if (waiter.isOver) return false;
    waiter.isOver = true;
    // All are being woken: wakeAll has the list, and skips whoever gives up meanwhile.
    if (this.#waiting === 0) return false;
    this.#waiting -= 1;
    if (waiter.previous === undefined) this.#first = waiter.next;
    else waiter.previous.next = waiter.next;
    if (waiter.next === undefined) this.#last = waiter.previous;
    else waiter.next.previous = waiter.previous;
    return true;
  }

  /** Wakes everybody, also after one of them has thrown; returns what was thrown first. */
  wakeAll(entry: Entry, isClosing = false): Thrown {
    let waiter = this.#first;
    this.#first = undefined;
    this.#last = undefined;
    this.#waiting = 0;
    let thrown: Thrown;
    for (; waiter !== undefined; waiter = waiter.next) {
      if (waiter.isOver) continue;
      waiter.isOver = true;
      try {
        waiter.tell(entry, isClosing);
      } catch (error) {
        thrown ??= { error };
      }
    }
    return thrown;
  }
}

/** Somebody who waits for a cell. */
abstract class Waiter {
  cell: Cell | undefined;
  /** It was woken, or has given up. */
  isOver = false;
  previous: Waiter | undefined;
  next: Waiter | undefined;

  /** `isClosing`: the entry is not what the cell holds, but that the space is closed. */
  abstract tell(entry: Entry, isClosing: boolean): void;
}

/** A read. Holds what settles its promise: a function around them would be one more object to find at a wake-up. */
class Reader extends Waiter {
  readonly #name: Name;
  readonly #resolve: (value: Json) => void;
  readonly #reject: (error: Error) => void;

  constructor(name: Name, resolve: (value: Json) => void, reject: (error: Error) => void) {
    super();
    this.#name = name;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  override tell(entry: Entry, isClosing: boolean): void {
    if ('value' in entry) this.#resolve(entry.value);
    else this.#reject(isClosing ? entry.failure : writerFailed(this.#name, entry.failure));
  }
}

class Subscriber extends Waiter {
  readonly #wake: (entry: Entry, isClosing: boolean) => void;

  constructor(wake: (entry: Entry, isClosing: boolean) => void) {
    super();
    this.#wake = wake;
  }

  override tell(entry: Entry, isClosing: boolean): void {
    this.#wake(entry, isClosing);
  }
}

/** What a woken reader threw. */
type Thrown = { readonly error: unknown } | undefined;

/** The changes under a prefix, kept for a slow reader without bound. Starts with the first `next`. */
class Watch implements AsyncIterator<SpaceChange, undefined> {
  readonly #prefix: readonly string[];
  readonly #signal: AbortSignal | undefined;
  readonly #start: (watch: Watch) => void;
  readonly #stop: (watch: Watch) => void;
  readonly #asked: ((result: IteratorResult<SpaceChange, undefined>) => void)[] = [];
  #kept: SpaceChange[] = [];
  /** How many of `#kept` were handed out: shifting a long array would cost its length each time. */
  #taken = 0;
  #state: 'new' | 'open' | 'finished' = 'new';

  constructor(
    prefix: readonly string[],
    signal: AbortSignal | undefined,
    start: (watch: Watch) => void,
    stop: (watch: Watch) => void,
  ) {
    this.#prefix = prefix;
    this.#signal = signal;
    this.#start = start;
    this.#stop = stop;
  }

  next(): Promise<IteratorResult<SpaceChange, undefined>> {
    if (this.#state === 'new') this.#open();
    const change = this.#kept[this.#taken];
    if (change !== undefined) {
      this.#taken += 1;
      if (this.#taken === this.#kept.length) this.#drop();
      return Promise.resolve({ done: false, value: change });
    }
    if (this.#state === 'finished') return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#asked.push(resolve));
  }

  return(): Promise<IteratorResult<SpaceChange, undefined>> {
    this.#end();
    return Promise.resolve({ done: true, value: undefined });
  }

  offer(change: SpaceChange): void {
    if (this.#prefix.every((segment, position) => change.name[position] === segment)) this.push(change);
  }

  push(change: SpaceChange): void {
    const asked = this.#asked.shift();
    if (asked === undefined) this.#kept.push(change);
    else asked({ done: false, value: change });
  }

  /** No change comes any more; those that are kept are still handed out. */
  finish(): void {
    if (this.#state === 'finished') return;
    this.#state = 'finished';
    this.#signal?.removeEventListener('abort', this.#end);
    this.#stop(this);
    for (const asked of this.#asked.splice(0)) asked({ done: true, value: undefined });
  }

  #open(): void {
    this.#state = 'open';
    if (this.#signal?.aborted) {
      this.finish();
      return;
    }
    this.#signal?.addEventListener('abort', this.#end, { once: true });
    this.#start(this);
  }

  readonly #end = (): void => {
    this.#drop();
    this.finish();
  };

  #drop(): void {
    this.#kept = [];
    this.#taken = 0;
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

/** A reader has no reason to throw when it is woken; if one does, everybody else has been woken by now. */
function complain(first: Thrown): void {
  if (first === undefined) return;
  throw new InternalError(`A reader of the data space threw when it was woken: ${messageOf(first.error)}`, first.error);
}
