import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ResourceIdentity } from '../../resource/handler.ts';

/** `<directory>/<space>/<stack>/<resource>.log`, whatever characters the names have. */
export function logFileOf(directory: string, { space, stack, name }: ResourceIdentity): string {
  return join(directory, fileNameOf(space), fileNameOf(stack), `${fileNameOf(name)}.log`);
}

/** Where logs go unless the engine was told otherwise: the user's directory for state (XDG Base Directory, 0.8). */
export function defaultLogDirectory(): string {
  return join(process.env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'hotloom', 'logs');
}

/** Keeps a name in one piece and off `.` and `..`. */
function fileNameOf(name: string): string {
  return encodeURIComponent(name).replace(/^\./, '%2E');
}
