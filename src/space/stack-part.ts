import type { DeclaredNames } from '../names.ts';
import type { Json, JsonObject } from '../values.ts';
import { Cell } from './cell.ts';
import { CellOrder } from './cell-order.ts';

/** Up to so many cells of a resource are searched one by one, which is faster and smaller than a map of them. */
const SEARCHED_AT_MOST = 16;

/** All that a space in memory knows under one space and stack. */
export class StackPart {
  readonly space: string;
  readonly stack: string;
  /**
   * Of each resource of which a name was read or written the first cell; the others are linked to it, in the order of their
   * coming. Most resources have one.
   */
  readonly #chains = new Map<string, Cell>();
  /** The same by attribute, of those that have too many to be searched. */
  readonly #tables = new Map<string, Map<string, Cell>>();
  readonly #order = new CellOrder();
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
    return this.#chains.size === 0 && this.#tables.size === 0 && this.#wholes === 0;
  }

  /**
   * Those that there are as cells: whoever waits is among them, and everything that was not written together. A cell may be
   * dropped while it is visited.
   */
  *cells(): Generator<Cell> {
    for (const first of this.#chains.values()) yield* chain(first);
    for (const table of this.#tables.values()) yield* table.values();
  }

  /** All values of a resource, or of every one, as cells. */
  *cellsUnder(resource: string | undefined): Generator<Cell> {
    if (resource === undefined) {
      if (this.#wholes > 0) for (const name of this.outputs?.keys() ?? []) this.#unpack(name);
      yield* this.cells();
    } else {
      yield* chain(this.#chains.get(resource) ?? this.#unpack(resource));
      yield* this.#tables.get(resource)?.values() ?? [];
    }
  }

  find(resource: string, attribute: string): Cell | undefined {
    const first = this.#chains.get(resource) ?? this.#unpack(resource);
    if (first === undefined) return this.#tables.get(resource)?.get(attribute);
    let cell: Cell | undefined = first;
    while (cell !== undefined && cell.attribute !== attribute) cell = cell.next;
    return cell;
  }

  /** The cell of the name; a new one when there is none. */
  cell(resource: string, attribute: string): Cell {
    return this.find(resource, attribute) ?? this.#add(resource, attribute);
  }

  /** The same for a name that is to be written. */
  cellToWrite(resource: string, attribute: string): Cell {
    const cell = this.#order.afterWritten(resource, attribute) ?? this.cell(resource, attribute);
    this.#order.willWrite(cell);
    return cell;
  }

  /** False when there are cells of the resource already. */
  takeWhole(resource: string, number: number, values: JsonObject): boolean {
    if (this.#whole.length === 0) this.#makeRoom();
    if (this.#whole[number] !== undefined || this.#has(resource)) return false;
    this.#whole[number] = values;
    this.#wholes += 1;
    return true;
  }

  /** By itself: V8 drops code that it has compiled for a small list when a large one is made in it. */
  #makeRoom(): void {
    this.#whole = new Array(this.outputs?.numbering?.size ?? 0);
  }

  dropWhole(): void {
    this.#whole = [];
    this.#wholes = 0;
  }

  drop(cell: Cell): void {
    this.#order.remove(cell);
    const { resource, attribute } = cell;
    const table = this.#tables.get(resource);
    if (table !== undefined) {
      table.delete(attribute);
      if (table.size === 0) this.#tables.delete(resource);
      return;
    }
    const first = this.#chains.get(resource);
    if (first !== cell) {
      let before = first;
      while (before !== undefined && before.next !== cell) before = before.next;
      if (before !== undefined) before.next = cell.next;
    } else if (cell.next === undefined) this.#chains.delete(resource);
    else this.#chains.set(resource, cell.next);
  }

  #has(resource: string): boolean {
    return (
      (this.#chains.size > 0 && this.#chains.has(resource)) || (this.#tables.size > 0 && this.#tables.has(resource))
    );
  }

  /** There must be no cell of that name. */
  #add(resource: string, attribute: string): Cell {
    const cell = new Cell(this, resource, attribute);
    this.#order.add(cell);
    const table = this.#tables.get(resource);
    if (table !== undefined) {
      table.set(attribute, cell);
      return cell;
    }
    let last = this.#chains.get(resource);
    if (last === undefined) {
      this.#chains.set(resource, cell);
      return cell;
    }
    let count = 2;
    for (; last.next !== undefined; last = last.next) count += 1;
    last.next = cell;
    if (count > SEARCHED_AT_MOST) this.#tabulate(resource);
    return cell;
  }

  #tabulate(resource: string): void {
    const cells = [...chain(this.#chains.get(resource))];
    for (const cell of cells) cell.next = undefined;
    this.#tables.set(resource, new Map(cells.map((cell) => [cell.attribute, cell])));
    this.#chains.delete(resource);
  }

  /** Makes cells of the values that the resource has written together; the first of them, unless they are in a table. */
  #unpack(resource: string): Cell | undefined {
    if (this.#wholes === 0) return undefined;
    const number = this.outputs?.numbering?.numberOf(resource);
    const whole = number === undefined ? undefined : this.#whole[number];
    if (number === undefined || whole === undefined) return undefined;
    this.#whole[number] = undefined;
    this.#wholes -= 1;
    for (const attribute in whole) this.#add(resource, attribute).value = whole[attribute] as Json;
    return this.#chains.get(resource);
  }
}

/** A cell and those that are linked to it. Each may be dropped while it is visited. */
function* chain(first: Cell | undefined): Generator<Cell> {
  for (let cell = first; cell !== undefined; ) {
    const { next } = cell;
    yield cell;
    cell = next;
  }
}
