import type { StackInterface } from '../interface/interface.ts';
import type { Name } from '../names.ts';
import type { Waits } from '../space/waits.ts';
import type { Comparisons } from './comparisons.ts';

/** What was found out of a traversal that does nothing but wait. */
export interface Quiescence {
  /** What was told of its waits; undefined while it waits for somebody who is at work. */
  readonly told: string | undefined;
  /** The name of one for whose writer it waits, and who is at work. */
  readonly atWork: Name | undefined;
  /** The stacks whose names it waits for, by their keys. */
  readonly stacks: ReadonlySet<string>;
}

/** What is to be known of a traversal, and whom its idleness is told. */
export interface IdlenessParts {
  readonly stack: StackInterface;
  readonly waits: Pick<Waits, 'isShared' | 'source'>;
  /** What is not decided about yet. */
  readonly comparisons: Comparisons;
  /** Whether some resources are not yet complete, failed or skipped. */
  readonly isUnfinished: () => boolean;
  readonly isStopped: () => boolean;
  /** Each time that nothing is done but wait; where there are other stacks, each time that it may be so. */
  readonly didIdle: () => void;
}

/** Whether anybody is at work in one traversal. When nobody is, what waits may wait for nothing but itself. */
export class Idleness {
  readonly #parts: IdlenessParts;
  /** Runs that hold a slot or queue for one. */
  #working = 0;
  #isCheckDue = false;
  /** What was found out since it had nothing else to do but wait. */
  quiescence: Quiescence | undefined;

  constructor(parts: IdlenessParts) {
    this.#parts = parts;
  }

  /** No handler works and none can start, yet the traversal has not ended. */
  get isIdle(): boolean {
    return this.#working === 0 && this.#parts.isUnfinished();
  }

  /** A handler works or can start, and it has not been stopped. */
  get isAtWork(): boolean {
    return this.#working > 0 && !this.#parts.isStopped();
  }

  workDidBegin(): void {
    this.#working += 1;
    this.quiescence = undefined;
    if (this.#parts.waits.isShared) this.checkSoon();
  }

  workDidEnd(): void {
    this.#working -= 1;
    // Another stack may wait now for nobody who is at work, or for somebody again.
    if (this.#working === 0 || this.#parts.waits.isShared) this.checkSoon();
  }

  /** Looks after what is going on now has settled, so that a resource that ends while another starts is no pause. */
  checkSoon(): void {
    if (this.#isCheckDue) return;
    this.#isCheckDue = true;
    queueMicrotask(() => {
      this.#isCheckDue = false;
      const { comparisons, isStopped, waits, didIdle } = this.#parts;
      if (comparisons.size > 0 && !isStopped()) comparisons.settle();
      if ((this.isIdle && !isStopped()) || waits.isShared) didIdle();
    });
  }

  /** The same, if nobody is at work. */
  checkIfIdle(): void {
    if (this.isIdle) this.checkSoon();
  }

  /** What it waited for may not be on its way any more, from a handler of its own or from outside of this engine. */
  arrivalDidEnd(): void {
    if (this.quiescence?.atWork === undefined) return;
    this.quiescence = undefined;
    this.checkIfIdle();
  }

  /** Something was there, or came from outside, or is waited for: a circle may wait for nothing but itself any more. */
  checkCirclesSoon(): void {
    const { comparisons, waits } = this.#parts;
    if (comparisons.size > 0 || (this.isIdle && waits.isShared)) this.checkSoon();
  }

  /** Another stack is not at work any more: a circle through both may wait for nothing but itself. */
  otherDidStop(): void {
    const { comparisons, isStopped } = this.#parts;
    if (comparisons.size > 0 && this.mayBeInCircles() && !isStopped()) comparisons.settle();
  }

  /**
   * Whether it may be in circles through other stacks that wait for nothing but themselves. While one of those that it reads
   * from is at work, nobody looks: with many resources, each step of that one would be a walk through all that waits.
   */
  mayBeInCircles(): boolean {
    const { stack, waits } = this.#parts;
    const { foreignReads } = stack;
    if (!this.isIdle || foreignReads.length === 0 || !waits.isShared) return false;
    return foreignReads.every(({ name: [space, of] }) => waits.source(space, of)?.isAtWork !== true);
  }
}
