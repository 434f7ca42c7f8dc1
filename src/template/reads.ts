import type { Reference } from './expression.ts';
import type { InputInterface } from './inputs.ts';

/**
 * What the inputs of resources read, in numbers: everything that a graph needs of it. Resources, and the inputs of all of
 * them, are counted from 0 in their order.
 *
 * The parser lists it while it has each reference in its hands. With the same references walked again later, spread over the
 * heap, a graph took 2.5 us for each of 10,000 resources with three of them, and now takes 0.5 (`npm run bench -- graph`).
 */
export interface Reads {
  /** Row r: the first input of resource r; the last entry is the number of inputs. */
  readonly firstInput: readonly number[];
  /** Row i: the first read of input i; the last entry is the number of reads. */
  readonly firstRead: readonly number[];
  /** By read: the resource that is read; NOBODY for a name outside of the stack and for what a condition leaves out. */
  readonly producers: readonly number[];
  /** By read: the place of the attribute in `attributes` of that resource; WHOLE for the end of the resource. */
  readonly slots: readonly number[];
  /** By resource: its attributes that anybody reads, in the order of their first mention. */
  readonly attributes: readonly (readonly string[] | undefined)[];
}

export const NOBODY = -1;
export const WHOLE = -1;

/** Gives the number of the resource that a reference is to; NOBODY for none. */
export type ProducerOf = (reference: Reference) => number;

/** The same with the attributes that the stack's outputs read. */
export function withOutputs(
  reads: Reads,
  outputs: readonly { readonly references: readonly Reference[] }[],
  producerOf: ProducerOf,
): Reads {
  if (outputs.length === 0) return reads;
  const attributes = [...reads.attributes];
  for (const { references } of outputs) {
    for (const reference of references) {
      const producer = producerOf(reference);
      if (producer === NOBODY || reference.kind !== 'attribute') continue;
      const known = attributes[producer] ?? [];
      if (!known.includes(reference.attribute)) attributes[producer] = [...known, reference.attribute];
    }
  }
  return { ...reads, attributes };
}

/** Collects reads, resource by resource. */
export class ReadsBuilder {
  readonly #firstInput: number[] = [0];
  readonly #firstRead: number[] = [0];
  readonly #producers: number[] = [];
  readonly #slots: number[] = [];
  readonly #attributes: (readonly string[] | undefined)[];
  /** A list of one attribute is shared by all resources of which only that one is read. */
  readonly #lists = new Map<string, readonly string[]>();
  readonly #producerOf: ProducerOf;

  constructor(resources: number, producerOf: ProducerOf) {
    this.#producerOf = producerOf;
    this.#attributes = new Array<undefined>(resources).fill(undefined);
  }

  /** The next resource. */
  add(inputs: readonly InputInterface[]): void {
    for (let input = 0; input < inputs.length; input += 1) {
      const { references } = inputs[input] as InputInterface;
      for (let each = 0; each < references.length; each += 1) this.#read(references[each] as Reference);
      this.#firstRead.push(this.#producers.length);
    }
    this.#firstInput.push(this.#firstRead.length - 1);
  }

  build(): Reads {
    return {
      firstInput: this.#firstInput,
      firstRead: this.#firstRead,
      producers: this.#producers,
      slots: this.#slots,
      attributes: this.#attributes,
    };
  }

  #read(reference: Reference): void {
    const producer = this.#producerOf(reference);
    const isAttribute = producer !== NOBODY && reference.kind === 'attribute';
    this.#producers.push(producer);
    this.#slots.push(isAttribute ? this.#slotOf(producer, reference.attribute) : WHOLE);
  }

  #slotOf(producer: number, attribute: string): number {
    const known = this.#attributes[producer];
    const slot = known?.indexOf(attribute) ?? -1;
    if (slot >= 0) return slot;
    this.#attributes[producer] = known === undefined ? this.#listOf(attribute) : [...known, attribute];
    return known?.length ?? 0;
  }

  #listOf(attribute: string): readonly string[] {
    let list = this.#lists.get(attribute);
    if (list === undefined) {
      list = [attribute];
      this.#lists.set(attribute, list);
    }
    return list;
  }
}
