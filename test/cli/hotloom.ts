import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runProgram } from '../../src/cli/program.ts';
import { ioDouble } from './io-double.ts';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** How a run of the program ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A run of the program that is still at work. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves when stdout or stderr holds the text. */
  printed(text: string): Promise<void>;
}

export interface RunOptions {
  readonly stdin?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** A directory of its own in which the program runs. */
export class Workplace {
  readonly directory = mkdtempSync(join(tmpdir(), 'hotloom-cli-'));
  readonly #children = new Set<ChildProcess>();

  write(file: string, text: string): void {
    writeFileSync(join(this.directory, file), text);
  }

  /** Runs the program to its end, inside of this process: one of its own takes most of its time to load the engine. */
  async run(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    const io = ioDouble({ cwd: this.directory, ...options });
    const code = await runProgram(args, io);
    return { code, stdout: io.written.out, stderr: io.written.err };
  }

  /** Runs the program to its end as users run it: in a process of its own, from what is built. */
  runProcess(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    const running = this.start(args, options.env);
    running.child.stdin?.end(options.stdin ?? '');
    return running.ended;
  }

  /** Starts it like that. */
  start(args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
    const { NO_COLOR: _, FORCE_COLOR: __, HOTLOOM_STORE: ___, ...inherited } = process.env;
    const child = spawn(process.execPath, [MAIN, ...args], {
      cwd: this.directory,
      env: { ...inherited, NODE_OPTIONS: '', ...env },
    });
    this.#children.add(child);
    let stdout = '';
    let stderr = '';
    const waiting: { readonly text: string; readonly resolve: () => void }[] = [];
    const holds = (text: string): boolean => stdout.includes(text) || stderr.includes(text);
    const wake = (): void => {
      for (const { text, resolve } of waiting) if (holds(text)) resolve();
    };
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
      wake();
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
      wake();
    });
    const ended = new Promise<Ended>((resolve) => {
      child.on('close', (code) => {
        this.#children.delete(child);
        resolve({ code, stdout, stderr });
      });
    });
    const printed = (text: string): Promise<void> =>
      new Promise((resolve, reject) => {
        if (holds(text)) resolve();
        waiting.push({ text, resolve });
        void ended.then(() => reject(new Error(`The program ended before it printed '${text}':\n${stdout}${stderr}`)));
      });
    return { child, ended, printed };
  }

  /** Ends what still runs, and removes the directory. */
  async close(): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL');
    rmSync(this.directory, { recursive: true, force: true });
  }
}
