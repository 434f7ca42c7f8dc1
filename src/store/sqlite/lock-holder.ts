import { readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';

/** The lock of whoever writes is at this byte of the index of the log (https://sqlite.org/walformat.html#wal_locks). */
const WRITE_LOCK = 120;

/**
 * The other process that keeps a store from being written now, by its transaction. Undefined when there is none, or when it
 * cannot be seen: only Linux shows locks, and to a user only the files of his own processes (/proc/locks, proc(5)).
 */
export function lockHolder(path: string): number | undefined {
  try {
    const index = realpathSync(`${path}-shm`);
    const inode = String(statSync(index).ino);
    for (const line of readFileSync('/proc/locks', 'latin1').split('\n')) {
      // `1: POSIX  ADVISORY  WRITE 4711 08:01:131090 120 120`; one that waits has `->` after its number.
      const [, kind, , access, pid, file, first, last] = line.trim().split(/\s+/);
      const isWrite =
        kind === 'POSIX' && access === 'WRITE' && Number(first) <= WRITE_LOCK && WRITE_LOCK <= Number(last);
      if (!isWrite || file?.split(':').at(-1) !== inode || Number(pid) === process.pid) continue;
      // Another file system may have a file of that number, too.
      if (hasOpen(Number(pid), index)) return Number(pid);
    }
  } catch {
    // Not on Linux, or the store has no index now.
  }
  return undefined;
}

function hasOpen(pid: number, path: string): boolean {
  const descriptors = `/proc/${pid}/fd`;
  try {
    return readdirSync(descriptors).some((descriptor) => readlinkSync(`${descriptors}/${descriptor}`) === path);
  } catch {
    return false;
  }
}
