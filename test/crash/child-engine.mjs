import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'libsql';

const ENGINE = fileURLToPath(new URL('engine.mjs', import.meta.url));

/** One engine in a process of its own, which can be killed and paused. */
export class ChildEngine {
  #directory;
  #child;
  #exited;
  #began;
  #beganAt = 0;
  /** How it says that it ended; undefined before. */
  told;
  /** How long it was at work (ms). */
  ms = 0;

  constructor(directory, action) {
    this.#directory = directory;
    this.#child = fork(ENGINE, [directory, action], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#exited = once(this.#child, 'exit');
    this.#began = new Promise((resolve) => {
      this.#child.on('message', (message) => {
        if (message === 'began') {
          this.#beganAt = performance.now();
          resolve();
        } else {
          this.told = message.ended;
          this.ms = performance.now() - this.#beganAt;
        }
      });
      void this.#exited.then(resolve);
    });
  }

  /** Resolves when it has ended by itself, or was killed. */
  async ended() {
    const [code, signal] = await this.#exited;
    if (signal === null && code !== 0) throw new Error(`An engine has crashed with exit code ${code}.`);
  }

  /** Resolves `afterMs` after it has begun, or when it has ended before. */
  async worked(afterMs) {
    await this.#began;
    await Promise.race([new Promise((resolve) => setTimeout(resolve, afterMs)), this.#exited]);
  }

  /** Kills it. Returns whether it had not ended before. */
  async kill() {
    this.#child.kill('SIGKILL');
    await this.#exited;
    return this.told === undefined;
  }

  /**
   * Pauses it. Returns whether it had not ended before. Not in a transaction: the system keeps the lock on the file for a
   * paused process, and nobody but who continues or kills it can do anything about that.
   */
  async pause() {
    for (;;) {
      const isRunning = this.#child.kill('SIGSTOP') && this.#child.exitCode === null && this.told === undefined;
      if (isRunning && !isLocked(join(this.#directory, 'store.db'))) return true;
      this.continue();
      if (!isRunning) return false;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  continue() {
    this.#child.kill('SIGCONT');
  }
}

function isLocked(file) {
  const database = new Database(file, { timeout: 0 });
  try {
    database.exec('BEGIN IMMEDIATE');
    database.exec('ROLLBACK');
    return false;
  } catch {
    return true;
  } finally {
    database.close();
  }
}
