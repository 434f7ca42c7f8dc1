import { type FSWatcher, readFileSync, realpathSync, statSync, watch } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Clock, Timer } from '../../clock.ts';
import { ConflictingWrite, isHotloomError, messageOf, ProcessFailed } from '../../errors.ts';
import { CAN_SEE_OPEN_FILES, type FileHolder, findWriter, stillWrites } from './open-file.ts';

/** The largest output, in bytes: what can be written by the endpoint, too. */
const MAX_OUTPUT_BYTES = 1024 * 1024;

/** Between two looks at a file that somebody is writing. */
const FIRST_DELAY_MS = 2;
const LAST_DELAY_MS = 100;

/**
 * The files `${heat_outputs_path}.NAME` into which a script writes its outputs.
 *
 * A file is an output as soon as it is complete, which no file says of itself: it appears when the script opens it. What
 * counts as complete is a file that is not empty and that no process has open for writing. So `echo x > file`,
 * `command > file` and `mv draft file` are published at once and never by half, and `touch file` or `: > file` not before
 * the end. A file that is opened several times (`>>` in a loop) does look complete in between; when its content at the
 * script's end is another one than was published, the script fails with ConflictingWrite, which says what to do: write
 * a draft and `mv` it. Only Linux can tell who has a file open; elsewhere outputs are published at the end.
 */
export class OutputFiles {
  /** To be given to the script as `heat_outputs_path`. */
  readonly prefix: string;
  readonly #names: ReadonlySet<string>;
  readonly #clock: Clock;
  readonly #early = new Map<string, string>();
  readonly #timers = new Map<string, Timer>();
  #watcher: FSWatcher | undefined;

  /** `directory` must be there. */
  constructor(directory: string, names: readonly string[], clock: Clock) {
    // The system tells open files by paths without symbolic links.
    this.prefix = join(realpathSync(directory), 'output');
    this.#names = new Set(names);
    this.#clock = clock;
  }

  /**
   * Calls `publish` with each output that is complete, until `close`. `group` is the script's process group. Nothing is
   * told twice.
   */
  watch(group: number, publish: (name: string, content: string) => void): void {
    if (!CAN_SEE_OPEN_FILES || this.#names.size === 0) return;
    const look = (name: string): void => this.#look(name, group, publish, undefined, FIRST_DELAY_MS);
    const start = `${basename(this.prefix)}.`;
    // Losing the watch, or getting none (a user may have so many), only means that outputs are published at the end.
    try {
      this.#watcher = watch(dirname(this.prefix), (_event, file) => {
        // Without a file's name (the system has lost some events) any may have changed.
        const changed = file === null ? [...this.#names] : file.startsWith(start) ? [file.slice(start.length)] : [];
        for (const name of changed) if (this.#names.has(name) && !this.#timers.has(name)) look(name);
      });
      this.#watcher.on('error', () => this.#watcher?.close());
    } catch {
      return;
    }
    // What was written before the watch began.
    for (const name of this.#names) look(name);
  }

  /** Stops watching. Idempotent. */
  close(): void {
    this.#watcher?.close();
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }

  /**
   * The content of each file that is there, when the script has ended. Throws ConflictingWrite when one has changed after
   * it was published, and ProcessFailed when one is too large or cannot be read.
   */
  readAll(): ReadonlyMap<string, string> {
    const contents = new Map<string, string>();
    for (const name of this.#names) {
      const content = this.#read(name);
      const early = this.#early.get(name);
      if (early !== undefined && content !== early) throw changedAfterwards(name, this.#path(name));
      if (content !== undefined) contents.set(name, content);
    }
    return contents;
  }

  /** Publishes the file if it is complete, and comes back later if somebody is writing it; an event tells of the rest. */
  #look(
    name: string,
    group: number,
    publish: (name: string, content: string) => void,
    lastHolder: FileHolder | undefined,
    delay: number,
  ): void {
    this.#timers.delete(name);
    const path = this.#path(name);
    let holder: FileHolder | undefined;
    let content: string | undefined;
    try {
      if (this.#early.has(name) || !isFilled(path)) return;
      holder = lastHolder !== undefined && stillWrites(lastHolder, path) ? lastHolder : findWriter(path, group);
      if (holder === undefined) content = readUnheld(path, group);
    } catch {
      // A file that cannot be looked at (a link to itself, one that may not be read) is left for the end, which tells why.
      return;
    }
    if (content !== undefined) {
      this.#early.set(name, content);
      publish(name, content);
      return;
    }
    const again = (): void => this.#look(name, group, publish, holder, Math.min(delay * 2, LAST_DELAY_MS));
    this.#timers.set(name, this.#clock.schedule(delay, again));
  }

  #read(name: string): string | undefined {
    const path = this.#path(name);
    try {
      const size = sizeOf(path);
      if (size === undefined) return undefined;
      if (size > MAX_OUTPUT_BYTES) throw tooLarge(name, size);
      return readFileSync(path, 'utf8');
    } catch (error) {
      throw isHotloomError(error) ? error : unreadable(name, error);
    }
  }

  #path(name: string): string {
    return `${this.prefix}.${name}`;
  }
}

/** The content, if nobody has begun to write while it was read; a file that is too large is left for the end. */
function readUnheld(path: string, group: number): string | undefined {
  const before = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (before === undefined || before.size > MAX_OUTPUT_BYTES) return undefined;
  const content = readFileSync(path, 'utf8');
  const after = statSync(path, { bigint: true, throwIfNoEntry: false });
  const isSame = after?.ino === before.ino && after.ctimeNs === before.ctimeNs && after.size === before.size;
  return isSame && findWriter(path, group) === undefined ? content : undefined;
}

function isFilled(path: string): boolean {
  return (sizeOf(path) ?? 0) > 0;
}

/** Undefined when it is no file. */
function sizeOf(path: string): number | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats?.isFile() ? stats.size : undefined;
}

function changedAfterwards(name: string, path: string): ConflictingWrite {
  return new ConflictingWrite({
    what: `The output '${name}' was changed after it had been published.`,
    why: `Its file ${basename(path)} was closed while it was not finished, and readers may have seen the first part.`,
    fix: `Write the file in one go: { command; command; } > "\${heat_outputs_path}.${name}". Or write a draft, and mv it there.`,
  });
}

function unreadable(name: string, error: unknown): ProcessFailed {
  return new ProcessFailed({
    what: `The output '${name}' cannot be read.`,
    why: `The system says: ${messageOf(error)}.`,
    fix: `Let the script leave at "\${heat_outputs_path}.${name}" a file that this user may read.`,
    cause: error,
  });
}

function tooLarge(name: string, size: number): ProcessFailed {
  return new ProcessFailed({
    what: `The output '${name}' has ${size} bytes; at most ${MAX_OUTPUT_BYTES} can be published.`,
    why: 'Every value is stored, and handed to each of its readers.',
    fix: 'Leave the data in a file of its own, and write its path into the output.',
  });
}
