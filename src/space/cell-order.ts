import type { Cell } from './cell.ts';

/**
 * The cells of a stack in the order of their coming, and which of them was written last. Whoever writes goes on, most
 * often, in the order in which the readers came: a look at the cell after the last one saves the search for it in a table,
 * which is far away in memory when there are many.
 */
export class CellOrder {
  #newest: Cell | undefined;
  #written: Cell | undefined;

  add(cell: Cell): void {
    cell.before = this.#newest;
    if (cell.before !== undefined) cell.before.after = cell;
    this.#newest = cell;
  }

  remove(cell: Cell): void {
    if (cell.before !== undefined) cell.before.after = cell.after;
    if (cell.after !== undefined) cell.after.before = cell.before;
    if (this.#newest === cell) this.#newest = cell.before;
    if (this.#written === cell) this.#written = cell.before;
  }

  /** The cell of the name, if it is the one after that which was written last. */
  afterWritten(resource: string, attribute: string): Cell | undefined {
    const cell = this.#written?.after;
    return cell?.resource === resource && cell.attribute === attribute ? cell : undefined;
  }

  willWrite(cell: Cell): void {
    this.#written = cell;
  }
}
