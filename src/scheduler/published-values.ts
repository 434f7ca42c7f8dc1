import type { StackInterface } from '../interface/interface.ts';
import { NOBODY } from '../template/reads.ts';
import { type Json, type JsonObject, setOwn } from '../values.ts';

/**
 * What the resources of one stack have published, by their numbers: a name has to be looked for in tables that are as large
 * as the stack.
 */
export class PublishedValues {
  readonly #stack: StackInterface;
  readonly #values: (Record<string, Json> | undefined)[];

  constructor(stack: StackInterface) {
    this.#stack = stack;
    this.#values = new Array(stack.resources.length);
  }

  has(resource: number): boolean {
    return this.#values[resource] !== undefined;
  }

  set(resource: number, attribute: string, value: Json): void {
    let values = this.#values[resource];
    if (values === undefined) {
      values = {};
      this.#values[resource] = values;
    }
    setOwn(values, attribute, value);
  }

  /** Undefined when it is not published. */
  find(resource: number, attribute: string): Json | undefined {
    const values = this.#values[resource];
    return values !== undefined && Object.hasOwn(values, attribute) ? values[attribute] : undefined;
  }

  /** All values of a resource that has none yet, and will get no others. */
  setAll(resource: number, values: JsonObject): void {
    this.#values[resource] = values;
  }

  /** Null for what is not there. `position`: see ResolveScope. */
  attribute(resource: string, attribute: string, position?: number): Json {
    const { keepsPositions, numbers } = this.#stack;
    const number = keepsPositions && position !== undefined ? position : numbers.get(resource);
    return number === undefined ? null : this.#read(number, attribute);
  }

  /** The value that an input reads which is the value of one attribute. */
  input(resource: number, input: number): Json {
    const { firstInput, firstRead, producers, slots, attributes } = this.#stack.reads;
    const read = firstRead[(firstInput[resource] as number) + input] as number;
    const producer = producers[read] as number;
    if (producer === NOBODY) return null;
    return this.#read(producer, attributes[producer]?.[slots[read] as number] as string);
  }

  #read(resource: number, attribute: string): Json {
    const values = this.#values[resource];
    return values !== undefined && Object.hasOwn(values, attribute) ? (values[attribute] as Json) : null;
  }
}
