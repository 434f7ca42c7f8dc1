import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';

/**
 * When the process with this pid started, as a text that only that process has: a pid alone may have been recycled.
 * Undefined when there is no such process (a zombie counts as none). From /proc on Linux: the start time in clock
 * ticks since boot, field 22 of `stat` (proc(5)), with the boot's id; elsewhere from `ps`.
 */
export function processStart(pid: number): string | undefined {
  if (pid !== process.pid) return startOf(pid);
  // It does not change, and each engine asks for it.
  ownStart ??= startOf(pid);
  return ownStart;
}

let ownStart: string | undefined;

function startOf(pid: number): string | undefined {
  return process.platform === 'linux' ? linuxStart(pid) : psStart(pid);
}

function linuxStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the command in brackets and may hold spaces and brackets itself.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const state = fields[0];
    if (state === 'Z' || state === 'X') return undefined;
    return `${bootId()}:${fields[19]}`;
  } catch {
    return undefined;
  }
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return 'unknown';
  }
}

function psStart(pid: number): string | undefined {
  try {
    const text = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return text === '' || text.startsWith('Z') ? undefined : text.slice(text.indexOf(' ') + 1).trim();
  } catch {
    return undefined;
  }
}

/** True when the process that had this pid and start still runs. */
export function isRunning(pid: number, start: string): boolean {
  return processStart(pid) === start;
}

/**
 * Whether the process waits to be continued, after SIGSTOP or the like; false when there is none of that pid.
 */
export function isStopped(pid: number): boolean {
  return processState(pid) === 'T';
}

/** The letter that `ps` has for its state, empty when there is none of that pid. Field 3 of /proc/PID/stat (proc(5)). */
export function processState(pid: number): string {
  try {
    if (process.platform !== 'linux') {
      return execFileSync('ps', ['-o', 'state=', '-p', String(pid)], { encoding: 'utf8' }).charAt(0);
    }
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.charAt(stat.lastIndexOf(')') + 2);
  } catch {
    return '';
  }
}

/**
 * The namespace in which this process has its pid: containers that share a host's name may not see each other's processes.
 * Undefined where there are none (they are Linux's, pid_namespaces(7)). A process never leaves its own, and each engine
 * asks for it.
 */
export function pidNamespace(): string | undefined {
  if (!ownNamespace.isKnown) ownNamespace = { isKnown: true, name: readNamespace() };
  return ownNamespace.name;
}

let ownNamespace: { readonly isKnown: boolean; readonly name?: string | undefined } = { isKnown: false };

function readNamespace(): string | undefined {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return undefined;
  }
}
