import { type Json, sameJson } from '../../src/values.ts';

/** What a name holds: a value, or the failure of its writer. */
export type Held = { readonly value: Json } | { readonly failure: string };

/**
 * The data space as a page of plain code, to be read against the design. Refusals are error codes.
 *
 * 1. A read of a name goes on once the name holds something, and until then waits: whoever reads looks at `held`.
 * 2. A name is written once, and keeps what it holds; the same value again is fine, another one is a ConflictingWrite.
 * 3. What a stack declares is written by that stack only, and all else from outside. Nobody may declare a name that somebody
 *    outside has written, nor a stack that has a writer.
 * 4. When a writer fails, all that it still owes fails, and stays so whatever is written late.
 * 5. A stack that is gone takes what its names hold with it.
 */
export class SpaceModel {
  readonly held = new Map<string, Held>();
  /** By stack, its names. */
  readonly declared = new Map<string, readonly string[]>();

  declare(stack: string, names: readonly string[]): string {
    if (this.declared.has(stack)) return 'NotTheWriter';
    if (names.some((name) => this.held.has(name))) return 'ConflictingWrite';
    this.declared.set(stack, names);
    return 'done';
  }

  writeOutside(name: string, value: Json): string {
    const isDeclared = [...this.declared.values()].some((names) => names.includes(name));
    return isDeclared ? 'NotTheWriter' : this.#write(name, value);
  }

  writeOwn(stack: string, name: string, value: Json): string {
    if (!this.declared.has(stack)) return 'NotTheWriter';
    return this.declared.get(stack)?.includes(name) === true ? this.#write(name, value) : 'UndeclaredWrite';
  }

  #write(name: string, value: Json): string {
    const held = this.held.get(name) ?? { value };
    this.held.set(name, held);
    return 'failure' in held || sameJson(held.value, value) ? 'done' : 'ConflictingWrite';
  }

  /** `resource`: `stack.resource`. */
  fail(stack: string, resource: string): void {
    for (const name of this.declared.get(stack) ?? []) {
      const isOfIt = name === resource || name.startsWith(`${resource}.`);
      if (isOfIt && !this.held.has(name)) this.held.set(name, { failure: resource });
    }
  }

  close(stack: string): void {
    for (const name of this.declared.get(stack) ?? []) this.held.delete(name);
    this.declared.delete(stack);
  }
}
