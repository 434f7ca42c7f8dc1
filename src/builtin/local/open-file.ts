import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { groupOf } from './attempt-processes.ts';

/** A process that has a file open, and by which descriptor. */
export interface FileHolder {
  readonly pid: string;
  readonly descriptor: string;
}

/** True where it can be told who has a file open. */
export const CAN_SEE_OPEN_FILES = process.platform === 'linux';

/**
 * A process that has the file open for writing; undefined when none has. `path` has to be free of symbolic links. A
 * process of another user cannot be looked into; it counts as holding the file when it is in the process group `group`.
 * Linux only (/proc/PID/fd, proc(5)). Costs a walk over the descriptors of all processes of this user.
 */
export function findWriter(path: string, group: number): FileHolder | undefined {
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const descriptors = descriptorsOf(pid);
    if (descriptors === undefined) {
      if (groupOf(Number(pid)) === group) return { pid, descriptor: '' };
      continue;
    }
    for (const descriptor of descriptors) {
      if (stillWrites({ pid, descriptor }, path)) return { pid, descriptor };
    }
  }
  return undefined;
}

/** True while that process has the file open for writing by that descriptor. */
export function stillWrites({ pid, descriptor }: FileHolder, path: string): boolean {
  try {
    if (readlinkSync(`/proc/${pid}/fd/${descriptor}`) !== path) return false;
    const flags = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/fdinfo/${descriptor}`, 'latin1'))?.[1];
    // O_RDONLY is 0 in the two lowest bits (open(2)).
    return (Number.parseInt(flags ?? '1', 8) & 3) !== 0;
  } catch {
    return false;
  }
}

/** Undefined when this user may not see them; empty for a process that has ended. */
function descriptorsOf(pid: string): readonly string[] | undefined {
  try {
    return readdirSync(`/proc/${pid}/fd`);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? undefined : [];
  }
}
