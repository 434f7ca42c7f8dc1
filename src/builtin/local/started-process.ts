import { type ChildProcess, spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { ProcessFailed } from '../../errors.ts';
import { processStart } from '../../process-identity.ts';
import type { ProcessRecord } from './attempt-processes.ts';

/** How a process ended: by a code of its own, or by a signal. */
export type ProcessEnd = { readonly code: number } | { readonly signal: NodeJS.Signals };

/** A process that this engine has started. */
export interface StartedProcess {
  readonly record: ProcessRecord;
  /** Resolves when it has ended. Never rejects. */
  readonly ended: Promise<ProcessEnd>;
  /** Lets the engine's own process end while this one runs on. */
  detach(): void;
}

/** What is to be started. */
export interface ProcessStart {
  /** The program, looked up in the PATH of `environment`, and its arguments. */
  readonly command: readonly [string, ...string[]];
  readonly environment: NodeJS.ProcessEnv;
  /** Undefined: where the engine runs. */
  readonly cwd: string | undefined;
  /** Open files for its standard output and standard error. */
  readonly stdout: number;
  readonly stderr: number;
}

/**
 * Starts a process as the leader of a process group and session of its own, with nothing to read at its standard input.
 * It lives on when the engine ends. Throws ProcessFailed when the program cannot be run.
 *
 * By node:child_process and not by execa: all that execa adds is about the output, which here goes to files because the
 * process outlives the engine, and about ending the process with its parent, which is what must not happen.
 */
export async function startProcess(start: ProcessStart): Promise<StartedProcess> {
  const { command, cwd } = start;
  if (cwd !== undefined && !isDirectory(cwd)) throw noDirectory(cwd);
  const [program] = command;
  const child = spawnDetached(start);
  // Before anything else: once it is reaped, nobody can tell its start. One that has ended already counts as having none.
  const record = { pid: child.pid ?? 0, start: processStart(child.pid ?? 0) ?? '' };
  const ended = new Promise<ProcessEnd>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal === null ? { code: code ?? 0 } : { signal }));
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => reject(notStarted(program, error)));
  });
  return { record, ended, detach: () => child.unref() };
}

function spawnDetached({ command: [program, ...args], environment, cwd, stdout, stderr }: ProcessStart): ChildProcess {
  try {
    return spawn(program, args, {
      env: environment,
      detached: true,
      stdio: ['ignore', stdout, stderr],
      ...(cwd === undefined ? {} : { cwd }),
    });
  } catch (error) {
    // Node refuses some arguments by itself: those with a NUL character.
    throw notStarted(program, error as Error);
  }
}

/** `exit code 3`, `signal SIGKILL`. */
export function describeEnd(end: ProcessEnd): string {
  return 'code' in end ? `exit code ${end.code}` : `signal ${end.signal}`;
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function noDirectory(cwd: string): ProcessFailed {
  return new ProcessFailed({
    what: `The process cannot be started in '${cwd}'.`,
    why: 'There is no such directory.',
    fix: "Make it, or give another 'cwd'.",
  });
}

const REASONS: { readonly [code: string]: string } = {
  ENOENT: 'There is no such program, or the interpreter that its first line names is missing.',
  EACCES: 'The file cannot be executed: its mode does not allow it, or its file system is mounted with noexec.',
  ENOEXEC: 'The file is no program that this machine can run.',
  E2BIG: 'The environment and the arguments together are too long.',
};

function notStarted(program: string, error: NodeJS.ErrnoException): ProcessFailed {
  return new ProcessFailed({
    what: `The program '${program}' cannot be started.`,
    why: REASONS[error.code ?? ''] ?? `The system says: ${error.message}.`,
    fix: 'Give a program that can be run: by its path, or by a name that is found in the PATH.',
    cause: error,
  });
}
