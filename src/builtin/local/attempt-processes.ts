import { readdirSync, readFileSync } from 'node:fs';
import { isRunning } from '../../process-identity.ts';

/**
 * The variable that names the attempt in the environment of everything it starts. It is how an attempt's processes are
 * found when the engine was killed before it could record them.
 */
export const ATTEMPT_VARIABLE = 'HOTLOOM_ATTEMPT';

/** A process that no other can be taken for; see process-identity.ts. */
export interface ProcessRecord {
  readonly pid: number;
  readonly start: string;
}

/** What is known of an attempt: its token, and the process that it recorded as the leader of its group, if it got so far. */
export interface Attempt {
  readonly token: string;
  readonly leader: ProcessRecord | undefined;
}

/** What of an attempt runs now. */
export interface AttemptProcesses {
  /** The process groups that are the attempt's as a whole. */
  readonly groups: readonly number[];
  /** Those that bear the token, but in a group that is not the attempt's. */
  readonly strays: readonly number[];
  /** All of them: those in the groups, and the strays. */
  readonly pids: readonly number[];
}

/**
 * The processes of an attempt that run now, zombies left out: the group of the recorded leader while that one runs, every
 * process that bears the token in its environment, and whoever is in a group with it. What has cleaned its environment
 * and left those groups cannot be found.
 *
 * A recycled pid is never taken for the leader's: the system gives no number away that is still the number of a group, so
 * when another process has it, the recorded group is gone. Only Linux shows the environments of processes (/proc);
 * elsewhere the attempt is the group of the recorded leader, found while that one runs. Costs a walk over /proc.
 */
export function findAttempt({ token, leader }: Attempt): AttemptProcesses {
  const recorded = leader !== undefined && isRunning(leader.pid, leader.start) ? [leader.pid] : [];
  if (process.platform !== 'linux') return { groups: recorded, strays: [], pids: recorded };
  const running = listRunning();
  const bearers = running.filter(({ pid }) => bearsToken(pid, token));
  const groups = new Set([...recorded, ...bearers.map(({ group }) => group)]);
  // A script may delete its own stack: the engine that does it bears the token too, and must live to the end of it.
  groups.delete(groupOf(process.pid) ?? 0);
  const members = running.filter(({ group }) => groups.has(group)).map(({ pid }) => pid);
  const strays = bearers.filter(({ pid, group }) => !groups.has(group) && pid !== process.pid).map(({ pid }) => pid);
  return { groups: [...groups], strays, pids: [...members, ...strays] };
}

interface RunningProcess {
  readonly pid: number;
  readonly group: number;
}

function listRunning(): readonly RunningProcess[] {
  const running: RunningProcess[] = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const group = groupOf(Number(entry));
    if (group !== undefined) running.push({ pid: Number(entry), group });
  }
  return running;
}

/** The process group; undefined for a process that has ended, a zombie included. Fields 3 and 5 of /proc/PID/stat (proc(5)). */
export function groupOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the command in brackets and may hold spaces and brackets itself.
    const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X' ? undefined : Number(group);
  } catch {
    return undefined;
  }
}

function bearsToken(pid: number, token: string): boolean {
  try {
    return `\0${readFileSync(`/proc/${pid}/environ`, 'latin1')}`.includes(`\0${ATTEMPT_VARIABLE}=${token}\0`);
  } catch {
    // Another user's process, or one that has ended.
    return false;
  }
}
