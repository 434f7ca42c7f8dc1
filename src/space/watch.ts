import type { SpaceChange } from './data-space.ts';

/** The changes under a prefix, kept for a slow reader without bound. Starts with the first `next`. */
export class Watch implements AsyncIterator<SpaceChange, undefined> {
  readonly #prefix: readonly string[];
  readonly #signal: AbortSignal | undefined;
  readonly #start: (watch: Watch) => void;
  readonly #stop: (watch: Watch) => void;
  readonly #asked: ((result: IteratorResult<SpaceChange, undefined>) => void)[] = [];
  #kept: SpaceChange[] = [];
  /** How many of `#kept` were handed out: shifting a long array would cost its length each time. */
  #taken = 0;
  #state: 'new' | 'open' | 'finished' = 'new';

  constructor(
    prefix: readonly string[],
    signal: AbortSignal | undefined,
    start: (watch: Watch) => void,
    stop: (watch: Watch) => void,
  ) {
    this.#prefix = prefix;
    this.#signal = signal;
    this.#start = start;
    this.#stop = stop;
  }

  next(): Promise<IteratorResult<SpaceChange, undefined>> {
    if (this.#state === 'new') this.#open();
    const change = this.#kept[this.#taken];
    if (change !== undefined) {
      this.#taken += 1;
      if (this.#taken === this.#kept.length) this.#drop();
      return Promise.resolve({ done: false, value: change });
    }
    if (this.#state === 'finished') return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#asked.push(resolve));
  }

  return(): Promise<IteratorResult<SpaceChange, undefined>> {
    this.#end();
    return Promise.resolve({ done: true, value: undefined });
  }

  offer(change: SpaceChange): void {
    if (this.#prefix.every((segment, position) => change.name[position] === segment)) this.push(change);
  }

  push(change: SpaceChange): void {
    const asked = this.#asked.shift();
    if (asked === undefined) this.#kept.push(change);
    else asked({ done: false, value: change });
  }

  /** No change comes any more; those that are kept are still handed out. */
  finish(): void {
    if (this.#state === 'finished') return;
    this.#state = 'finished';
    this.#signal?.removeEventListener('abort', this.#end);
    this.#stop(this);
    for (const asked of this.#asked.splice(0)) asked({ done: true, value: undefined });
  }

  #open(): void {
    this.#state = 'open';
    if (this.#signal?.aborted) {
      this.finish();
      return;
    }
    this.#signal?.addEventListener('abort', this.#end, { once: true });
    this.#start(this);
  }

  readonly #end = (): void => {
    this.#drop();
    this.finish();
  };

  #drop(): void {
    this.#kept = [];
    this.#taken = 0;
  }
}
