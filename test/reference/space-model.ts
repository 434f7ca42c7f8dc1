import { type Json, sameJson } from '../../src/values.ts';

/** What a name holds: a value, or the failure of its writer. */
type Held = { readonly value: Json } | { readonly failure: string };

/**
 * The data space as a page of plain code, to be read against the design: nothing is fast here, and nothing waits. What
 * would wake a reader or reach a watch is added to `told`, in its order. Refusals are error codes.
 *
 * 1. A read of a name that holds something is answered at once, else it waits; who waits is woken in the order of coming.
 * 2. A name is written once; the same value again is fine, another one is a ConflictingWrite.
 * 3. A name that a stack declares is written by that stack only; nobody may declare a name that somebody outside has
 *    written, nor a stack that has a writer.
 * 4. When a writer fails, all that it still owes fails, and whoever waits for it is woken with that.
 * 5. A stack that gives its names up takes its values with it, and those who wait go on waiting.
 * 6. A watch sees what is there, and then each change under its prefix, in order.
 */
export class SpaceModel {
  readonly told: string[] = [];
  readonly #held = new Map<string, Held>();
  /** By stack, its names. */
  readonly #declared = new Map<string, readonly string[]>();
  #waiting: { readonly reader: string; readonly name: string }[] = [];
  #watching: { readonly watch: string; readonly prefix: string }[] = [];

  read(reader: string, name: string): void {
    const held = this.#held.get(name);
    if (held === undefined) this.#waiting.push({ reader, name });
    else this.#wake(reader, held);
  }

  giveUp(reader: string): void {
    this.#waiting = this.#waiting.filter((one) => one.reader !== reader);
  }

  tryRead(name: string): string {
    return print(this.#held.get(name));
  }

  writeOutside(name: string, value: Json): string {
    return this.#isDeclared(name) ? 'NotTheWriter' : this.#write(name, value);
  }

  writeOwn(stack: string, name: string, value: Json): string {
    return this.#declared.get(stack)?.includes(name) === true ? this.#write(name, value) : 'UndeclaredWrite';
  }

  declare(stack: string, names: readonly string[]): string {
    if (this.#declared.has(stack)) return 'NotTheWriter';
    if (names.some((name) => this.#held.has(name))) return 'ConflictingWrite';
    this.#declared.set(stack, names);
    return 'done';
  }

  /** `resource`: `stack.resource`. */
  fail(stack: string, resource: string): void {
    for (const name of this.#declared.get(stack) ?? []) {
      if (name.startsWith(`${resource}.`) && !this.#held.has(name)) this.#settle(name, { failure: resource });
    }
  }

  close(stack: string): void {
    for (const name of this.#declared.get(stack) ?? []) this.#held.delete(name);
    this.#declared.delete(stack);
  }

  watch(watch: string, prefix: string, present: readonly string[]): void {
    for (const name of present) {
      const held = this.#held.get(name);
      if (held !== undefined && isUnder(name, prefix)) this.told.push(`${watch} sees ${name} ${print(held)}`);
    }
    this.#watching.push({ watch, prefix });
  }

  #write(name: string, value: Json): string {
    const held = this.#held.get(name);
    if (held === undefined) this.#settle(name, { value });
    // What its own writer has failed stays failed; a late value changes nothing.
    else if ('failure' in held) return 'done';
    else if (!sameJson(held.value, value)) return 'ConflictingWrite';
    return 'done';
  }

  #settle(name: string, held: Held): void {
    this.#held.set(name, held);
    for (const { watch, prefix } of this.#watching) {
      if (isUnder(name, prefix)) this.told.push(`${watch} sees ${name} ${print(held)}`);
    }
    const woken = this.#waiting.filter((one) => one.name === name);
    this.#waiting = this.#waiting.filter((one) => one.name !== name);
    for (const { reader } of woken) this.#wake(reader, held);
  }

  #wake(reader: string, held: Held): void {
    this.told.push(`${reader} gets ${print(held)}`);
  }

  #isDeclared(name: string): boolean {
    return [...this.#declared.values()].some((names) => names.includes(name));
  }
}

function isUnder(name: string, prefix: string): boolean {
  return name === prefix || name.startsWith(`${prefix}.`);
}

export function print(held: Held | undefined): string {
  if (held === undefined) return 'nothing';
  return 'value' in held ? JSON.stringify(held.value) : `the failure of ${held.failure}`;
}
