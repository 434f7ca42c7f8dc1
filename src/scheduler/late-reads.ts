import type { Json } from '../values.ts';
import type { Outcome } from './outcome.ts';

interface LateRead {
  readonly input: string;
  /** Called once. */
  settle(outcome: Outcome): void;
}

/** Reads of inputs by a process that goes on after its resource is complete; they keep nobody waiting. */
export class LateReads {
  readonly #reads = new Set<LateRead>();

  /** The value of an input that is not there yet. Rejects with the reason of `signal`. */
  read(input: string, signal: AbortSignal | undefined): Promise<Json> {
    return new Promise((resolve, reject) => {
      const abort = (): void => late.settle({ error: signal?.reason });
      const late: LateRead = {
        input,
        settle: (outcome) => {
          this.#reads.delete(late);
          signal?.removeEventListener('abort', abort);
          if ('error' in outcome) reject(outcome.error);
          else resolve(outcome.value);
        },
      };
      this.#reads.add(late);
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  settle(input: string, outcome: Outcome): void {
    for (const late of this.#reads) if (late.input === input) late.settle(outcome);
  }
}
