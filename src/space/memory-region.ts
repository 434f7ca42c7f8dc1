import { type HotloomError, NotTheWriter, UndeclaredWrite } from '../errors.ts';
import { type DeclaredNames, printName } from '../names.ts';
import { conflictingWrite } from '../refusals.ts';
import { asJson, type Json, type JsonObject, sameJson } from '../values.ts';
import { listNames, suggest } from '../wording.ts';
import type { Cell } from './cell.ts';
import type { Entry, Region } from './data-space.ts';
import type { StackPart } from './stack-part.ts';
import { complain, type Thrown } from './waiter.ts';

/** What a region needs of its space. */
export interface RegionOwner {
  /** Tells of a cell that has just been filled; returns what one of those who were told has thrown. */
  settle(cell: Cell): Thrown;
  /** Takes all values of a resource as they are, unless somebody has asked for one of them or watches. */
  takeWhole(part: StackPart, resource: string, number: number, values: JsonObject): boolean;
  forgetStack(): void;
}

/** A stack's own part of a space in memory. */
export class MemoryRegion implements Region {
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
    const cell = this.#part.cellToWrite(resource, attribute);
    if (!cell.isFilled) {
      cell.value = written;
      complain(this.#owner.settle(cell));
    } else if (cell.value !== undefined && !sameJson(cell.value, written)) {
      throw conflictingWrite(cell.name, 'itsWriter');
    }
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
    let thrown: Thrown;
    for (const attribute of declared) {
      const cell = this.#part.cell(resource, attribute);
      if (cell.isFilled) continue;
      cell.failure = failure;
      const one = this.#owner.settle(cell);
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
    for (const cell of part.cells()) {
      // Somebody outside may have written names beside the stack's own; these are not the region's to take away.
      if (!part.declares(cell.resource, cell.attribute)) continue;
      cell.value = undefined;
      cell.failure = undefined;
      if (!cell.isAwaited) part.drop(cell);
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
