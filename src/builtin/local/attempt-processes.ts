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
  /** Some that were found to be the attempt's before. Default: none. */
  readonly known?: readonly ProcessRecord[];
}

/** What of an attempt runs now. */
export interface AttemptProcesses {
  /** The process groups that are the attempt's as a whole. */
  readonly groups: readonly number[];
  /** The others that are the attempt's, each by itself. */
  readonly strays: readonly number[];
  /** All of them: those in the groups, and the strays. */
  readonly pids: readonly number[];
}

/**
 * The processes of an attempt that run now, zombies left out: every process that bears the token in its environment; the
 * recorded leader, while it runs, with its session; whoever is in a group with one of these; and whatever any of them has
 * started, over any number of others that still run. What has cleaned its environment, left session and group, and outlived
 * whoever started it, cannot be found.
 *
 * A recycled pid is never taken for the leader's: the system gives no number away that is still the number of a group or a
 * session, so when another process has it, the recorded ones are gone. Only Linux shows the environments of processes (/proc);
 * elsewhere the attempt is the group of the recorded leader, found while that one runs. Costs a walk over /proc.
 */
export function findAttempt({ token, leader, known = [] }: Attempt): AttemptProcesses {
  const recorded = leader !== undefined && isRunning(leader.pid, leader.start) ? [leader.pid] : [];
  if (process.platform !== 'linux') return { groups: recorded, strays: [], pids: recorded };
  const running = listRunning();
  const bearers = running.filter(({ pid }) => tokenOf(pid) === token);
  const groups = new Set([...recorded, ...bearers.map(({ group }) => group)]);
  // A script may delete its own stack: the engine that does it bears the token too, and must live to the end of it.
  groups.delete(groupOf(process.pid) ?? 0);
  const members = running.filter(({ group }) => groups.has(group)).map(({ pid }) => pid);
  const found = new Set(members);
  for (const { pid } of bearers) found.add(pid);
  for (const { pid, session } of running) if (recorded.includes(session)) found.add(pid);
  for (const { pid, start } of known) if (isRunning(pid, start)) found.add(pid);
  addDescendants(found, running, token);
  for (const pid of members) found.delete(pid);
  found.delete(process.pid);
  return { groups: [...groups], strays: [...found], pids: [...members, ...found] };
}

/** Whatever was started by one of them; not by this engine, nor what bears the token of another attempt: an engine may be among them. */
function addDescendants(found: Set<number>, running: readonly RunningProcess[], token: string): void {
  const children = new Map<number, number[]>();
  for (const { pid, parent } of running) {
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [pid]);
    else siblings.push(pid);
  }
  // Grows as it is walked over.
  for (const parent of found) {
    if (parent === process.pid) continue;
    for (const pid of children.get(parent) ?? []) {
      if (!found.has(pid) && pid !== process.pid && (tokenOf(pid) ?? token) === token && mayBeSignalled(pid))
        found.add(pid);
    }
  }
}

interface RunningProcess {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
}

function listRunning(): readonly RunningProcess[] {
  return readdirSync('/proc').flatMap((entry) => (/^\d+$/.test(entry) ? (describeRunning(Number(entry)) ?? []) : []));
}

/** Undefined for a process that has ended, a zombie included. Fields 3 to 6 of /proc/PID/stat (proc(5)). */
function describeRunning(pid: number): RunningProcess | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the command in brackets and may hold spaces and brackets itself.
    const [state, parent, group, session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z' || state === 'X') return undefined;
    return { pid, parent: Number(parent), group: Number(group), session: Number(session) };
  } catch {
    return undefined;
  }
}

/** The process group; undefined for a process that has ended. */
export function groupOf(pid: number): number | undefined {
  return describeRunning(pid)?.group;
}

/** The token of the attempt to which the process belongs by its environment. */
function tokenOf(pid: number): string | undefined {
  try {
    const environment = `\0${readFileSync(`/proc/${pid}/environ`, 'latin1')}`;
    const at = environment.indexOf(`\0${ATTEMPT_VARIABLE}=`);
    return at === -1 ? undefined : environment.slice(at + ATTEMPT_VARIABLE.length + 2).split('\0', 1)[0];
  } catch {
    // Another user's process, or one that has ended.
    return undefined;
  }
}

/** Whether it is this user's. */
function mayBeSignalled(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
