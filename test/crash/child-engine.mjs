import { fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'libsql';

const ENGINE = fileURLToPath(new URL('engine.mjs', import.meta.url));

/** Whatever an engine waits for, it is there sooner. */
const MOST_MS = 120_000;

/** One engine in a process of its own, which can be killed and paused. */
export class ChildEngine {
  #name;
  #directory;
  #child;
  #log;
  #exited;
  #began;
  #beganAt = 0;
  /** How it says that it ended; undefined before. */
  told;
  /** How long it was at work (ms). */
  ms = 0;

  /** `job` is what it does: an action of actions.mjs, with what that needs. */
  constructor(name, { directory, job, environment, log }) {
    this.#name = name;
    this.#directory = directory;
    this.#log = log;
    const output = openSync(join(directory, `${name}.log`), 'a');
    this.#child = fork(ENGINE, [JSON.stringify({ directory, ...job })], {
      stdio: ['ignore', output, output, 'ipc'],
      env: environment,
    });
    closeSync(output);
    log(`(process ${this.#child.pid}) is to ${JSON.stringify(job)}`);
    this.#exited = once(this.#child, 'exit');
    this.#began = new Promise((resolve) => {
      this.#child.on('message', (message) => {
        if (message === 'began') {
          this.#beganAt = performance.now();
          resolve();
        } else {
          this.told = message.ended;
          this.ms = performance.now() - this.#beganAt;
          log(`ended: ${this.told}`);
        }
      });
      void this.#exited.then(resolve);
    });
  }

  /** Resolves when it has ended by itself, or was killed. */
  async ended() {
    let timer;
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, MOST_MS, undefined);
    });
    const exit = await Promise.race([this.#exited, late]);
    clearTimeout(timer);
    if (exit === undefined) throw new Error(`${this.#name} is still at work after ${MOST_MS / 1000} s.`);
    const [code, signal] = exit;
    if (signal === null && (code !== 0 || this.told === undefined)) {
      throw new Error(`${this.#name} has crashed with exit code ${code}; see ${this.#name}.log.`);
    }
  }

  /** Resolves `afterMs` after it has begun, or when it has ended before. */
  async worked(afterMs) {
    await this.#began;
    let timer;
    const over = new Promise((resolve) => {
      timer = setTimeout(resolve, afterMs);
    });
    await Promise.race([over, this.#exited]);
    clearTimeout(timer);
  }

  /** Kills it. Returns whether it had not ended before. */
  async kill() {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return false;
    this.#child.kill('SIGKILL');
    await this.#exited;
    if (this.told !== undefined) return false;
    this.#log('was killed');
    return true;
  }

  /**
   * Pauses it. Returns whether it had not ended before. Not in a transaction: the system keeps the lock on the file for a
   * paused process, and nobody but who continues or kills it can do anything about that.
   */
  async pause() {
    for (;;) {
      const isRunning = this.#child.kill('SIGSTOP') && this.#child.exitCode === null && this.told === undefined;
      if (isRunning && !isLocked(join(this.#directory, 'store.db'))) {
        this.#log('was paused');
        return true;
      }
      this.#child.kill('SIGCONT');
      if (!isRunning) return false;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  continue() {
    this.#log('goes on');
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
