import { ActionCancelled } from '../errors.ts';
import { EXIT } from './exit-code.ts';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Ctrl-C, and SIGTERM as the same: the first one cancels what is at work, the second one ends the program at once. */
export class Interruption {
  readonly #controller = new AbortController();
  readonly #listener: (signal: NodeJS.Signals) => void;

  /** `first` is called at the first signal, before `signal` fires; `second` at the second one, before the end. */
  constructor(options: { readonly first?: () => void; readonly second?: () => void } = {}) {
    this.#listener = (signal) => {
      if (this.#controller.signal.aborted) {
        options.second?.();
        process.exit(EXIT.cancelled);
      }
      options.first?.();
      this.#controller.abort(
        new ActionCancelled({
          what: `Cancelled by ${signal === 'SIGINT' ? 'Ctrl-C' : signal}.`,
          why: 'What had been made by then is recorded.',
          fix: 'Delete the stack to remove what was made.',
        }),
      );
    };
    for (const name of SIGNALS) process.on(name, this.#listener);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get isCancelled(): boolean {
    return this.#controller.signal.aborted;
  }

  /** Signals have their usual meaning again. */
  end(): void {
    for (const name of SIGNALS) process.off(name, this.#listener);
  }
}
