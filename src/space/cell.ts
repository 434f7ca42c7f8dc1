import type { HotloomError } from '../errors.ts';
import type { Name } from '../names.ts';
import type { Json } from '../values.ts';
import type { Entry } from './data-space.ts';
import type { StackPart } from './stack-part.ts';
import type { Waiter } from './waiter.ts';

/** One name: what it holds, or who waits for it. All that a write and a wake-up touch is in this one object. */
export class Cell {
  readonly part: StackPart;
  readonly resource: string;
  readonly attribute: string;
  /** The next one of the same resource. */
  next: Cell | undefined;
  /** Those that came before and after it, of any resource of the stack. */
  before: Cell | undefined;
  after: Cell | undefined;
  /** It has one of the two when it is filled. No object around them: there would be one for each name. */
  value: Json | undefined;
  failure: HotloomError | undefined;
  /** Those who wait, in the order of their coming: a linked list, so that giving up is O(1) among many. */
  #first: Waiter | undefined;
  #last: Waiter | undefined;

  constructor(part: StackPart, resource: string, attribute: string) {
    this.part = part;
    this.resource = resource;
    this.attribute = attribute;
  }

  get isFilled(): boolean {
    return this.value !== undefined || this.failure !== undefined;
  }

  get isAwaited(): boolean {
    return this.#first !== undefined;
  }

  get name(): Name {
    return [this.part.space, this.part.stack, this.resource, this.attribute];
  }

  get entry(): Entry | undefined {
    if (this.value !== undefined) return { value: this.value };
    return this.failure === undefined ? undefined : { failure: this.failure };
  }

  add(waiter: Waiter): void {
    waiter.cell = this;
    if (this.#last === undefined) this.#first = waiter;
    else {
      this.#last.next = waiter;
      waiter.previous = this.#last;
    }
    this.#last = waiter;
  }

  remove(waiter: Waiter): void {
    waiter.cell = undefined;
    if (waiter.previous === undefined) this.#first = waiter.next;
    else waiter.previous.next = waiter.next;
    if (waiter.next === undefined) this.#last = waiter.previous;
    else waiter.next.previous = waiter.previous;
  }

  /** Takes all who wait out of the list; the first of them, with the others linked to it by `next`. */
  takeWaiters(): Waiter | undefined {
    const first = this.#first;
    this.#first = undefined;
    this.#last = undefined;
    for (let waiter = first; waiter !== undefined; waiter = waiter.next) waiter.cell = undefined;
    return first;
  }
}
