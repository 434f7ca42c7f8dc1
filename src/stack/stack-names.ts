import type { StackInterface } from '../interface/interface.ts';
import type { DeclaredNames, Numbering } from '../names.ts';

/** What a stack declares, told from its interface instead of a map of its own. */
export class StackNames implements DeclaredNames, Numbering {
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #attributes: readonly (readonly string[])[];

  constructor({ numbers, resources }: StackInterface) {
    this.#numbers = numbers;
    // Most resources share the attributes of their type, and stand beside others of it.
    const byOutputs = new Map<object, readonly string[]>();
    let last: object | undefined;
    let attributes: readonly string[] = [];
    this.#attributes = resources.map(({ outputs }) => {
      if (outputs === last) return attributes;
      last = outputs;
      attributes = byOutputs.get(outputs) ?? Object.keys(outputs);
      byOutputs.set(outputs, attributes);
      return attributes;
    });
  }

  get(resource: string): readonly string[] | undefined {
    const number = this.#numbers.get(resource);
    return number === undefined ? undefined : this.#attributes[number];
  }

  keys(): Iterable<string> {
    return this.#numbers.keys();
  }

  get numbering(): Numbering {
    return this;
  }

  get size(): number {
    return this.#attributes.length;
  }

  numberOf(resource: string): number | undefined {
    return this.#numbers.get(resource);
  }

  attributesAt(number: number): readonly string[] | undefined {
    return this.#attributes[number];
  }
}
