import { createLogUpdate } from 'log-update';
import type { EngineEvent } from '../events.ts';
import type { Io } from './io.ts';
import { drawProgress } from './live-view.ts';
import type { StoreChoice } from './open-engine.ts';
import { printEvent } from './plain-lines.ts';
import type { Progress } from './progress.ts';
import { paintLine } from './styled-text.ts';

/** What shows an action while it is at work. */
export interface ActionScreen {
  onEvent(event: EngineEvent): void;
  /** Tells the user something that holds until the end. */
  notice(text: string): void;
  /** Shows how it ended; what is shown stays. */
  end(): void;
}

/** A live view on a terminal, a line per event elsewhere, and nothing at all where stdout is for JSON. */
export function openScreen(
  io: Io,
  progress: Progress,
  options: Pick<StoreChoice, 'store'> & { readonly isSilent: boolean },
): ActionScreen {
  if (options.isSilent) return new SilentScreen(progress);
  return io.out.isTerminal ? new LiveScreen(io, progress, options) : new PlainScreen(io, progress);
}

const FRAME_MS = 100;

class LiveScreen implements ActionScreen {
  readonly #io: Io;
  readonly #progress: Progress;
  readonly #update = createLogUpdate(process.stdout);
  readonly #timer: NodeJS.Timeout;
  readonly #store: StoreChoice['store'];
  #notice: string | undefined;

  constructor(io: Io, progress: Progress, { store }: Pick<StoreChoice, 'store'>) {
    this.#io = io;
    this.#progress = progress;
    this.#store = store;
    this.#timer = setInterval(() => this.#draw(), FRAME_MS);
    this.#draw();
  }

  onEvent(event: EngineEvent): void {
    this.#progress.apply(event);
  }

  notice(text: string): void {
    this.#notice = text;
    this.#draw();
  }

  end(): void {
    clearInterval(this.#timer);
    this.#notice = undefined;
    this.#draw();
    this.#update.done();
  }

  #draw(): void {
    const { columns, rows, colors } = this.#io.out;
    const options = { columns, rows, now: Date.now(), notice: this.#notice, store: this.#store };
    const lines = drawProgress(this.#progress, options);
    this.#update(lines.map((line) => paintLine(line, colors)).join('\n'));
  }
}

class PlainScreen implements ActionScreen {
  readonly #io: Io;
  readonly #progress: Progress;

  constructor(io: Io, progress: Progress) {
    this.#io = io;
    this.#progress = progress;
  }

  onEvent(event: EngineEvent): void {
    this.#progress.apply(event);
    const line = printEvent(event);
    if (line !== undefined) this.#io.out.write(`${line}\n`);
  }

  notice(text: string): void {
    this.#io.err.write(`${text}\n`);
  }

  end(): void {}
}

class SilentScreen implements ActionScreen {
  readonly #progress: Progress;

  constructor(progress: Progress) {
    this.#progress = progress;
  }

  onEvent(event: EngineEvent): void {
    this.#progress.apply(event);
  }

  notice(_text: string): void {}

  end(): void {}
}
