import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChildEngine } from './child-engine.mjs';

/** Marks the processes of one world, so that they are found whatever any engine knows of them. */
const MARK = 'HOTLOOM_CRASH_WORLD';

/** The directory of one life, with what is in it, and the processes that were started in it. */
export class World {
  directory;
  #began = performance.now();
  #engines = [];
  #failed = new AbortController();
  /** Of the run, or of this world alone. */
  #over;

  /** `stopping` aborts when the run is to end before its time: no engine is started any more, and those at work are killed. */
  constructor(name, stopping) {
    this.directory = mkdtempSync(join(tmpdir(), `hotloom-crash-${name}-`));
    this.#over = AbortSignal.any([stopping, this.#failed.signal]);
    this.#over.addEventListener('abort', this.#kill);
  }

  /** Ends the life with an error: nothing is started any more. */
  fail(error) {
    this.#failed.abort(error);
  }

  /** With which it was ended. */
  get failure() {
    return this.#failed.signal.reason;
  }

  throwIfOver() {
    this.#over.throwIfAborted();
  }

  /** Adds a line to the file that tells of the life. */
  log(line) {
    appendFileSync(join(this.directory, 'life.log'), `${Math.round(performance.now() - this.#began)} ms: ${line}\n`);
  }

  /** Starts an engine with a job; its output, and the events of the stack, are in a file of its own. */
  start(job) {
    this.throwIfOver();
    const name = `engine-${this.#engines.length + 1}`;
    const engine = new ChildEngine(name, {
      directory: this.directory,
      job,
      // What a killed engine leaves among the temporary files goes with the world.
      environment: { ...process.env, TMPDIR: this.directory, [MARK]: this.directory },
      log: (line) => this.log(`${name} ${line}`),
    });
    this.#engines.push(engine);
    return engine;
  }

  /** Waits; rejects when the run is to end. */
  async pause(ms) {
    await new Promise((resolve) => setTimeout(resolve, ms));
    this.throwIfOver();
  }

  /** Ends everything that runs in it. The directory stays. */
  async end() {
    this.#over.removeEventListener('abort', this.#kill);
    for (const engine of this.#engines) await engine.kill();
    for (let pids = this.#pids(); pids.length > 0; pids = this.#pids()) {
      for (const pid of pids) signal(pid, 'SIGKILL');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** After its end: removes the directory. */
  remove() {
    rmSync(this.directory, { recursive: true, force: true });
  }

  #kill = () => {
    for (const engine of this.#engines) void engine.kill();
  };

  #pids() {
    return markedProcesses(this.directory).map(({ pid }) => pid);
  }
}

/** The processes of a world that run, with their environments. */
export function markedProcesses(directory) {
  return processesMarkedBy((world) => world === directory);
}

/** The same of all worlds of whose directories `isWanted` says so. */
export function processesMarkedBy(isWanted) {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((pid) => {
      try {
        const environment = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
        const mark = environment.find((variable) => variable.startsWith(`${MARK}=`));
        return mark !== undefined && isWanted(mark.slice(MARK.length + 1)) ? [{ pid: Number(pid), environment }] : [];
      } catch {
        // It has ended meanwhile, or is somebody else's.
        return [];
      }
    });
}

function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended meanwhile.
  }
}
