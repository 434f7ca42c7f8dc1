import type { CreateCall } from '../../resource/handler.ts';
import type { JsonObject } from '../../values.ts';
import type { Attempt, ProcessRecord } from './attempt-processes.ts';
import { stopAttempt } from './stop-attempt.ts';

/** Seconds between SIGTERM and SIGKILL unless the template says otherwise. */
export const DEFAULT_GRACE_SECONDS = 10;

/**
 * Records a process for delete, before anything else happens. One that cannot be recorded is stopped, since nobody would
 * know of it; then this throws what setData threw.
 */
export async function recordProcess(
  call: Pick<CreateCall, 'setData' | 'token' | 'clock'>,
  leader: ProcessRecord,
  { graceSeconds }: { readonly graceSeconds: number },
): Promise<void> {
  try {
    await call.setData({ pid: leader.pid, start: leader.start, graceSeconds });
  } catch (error) {
    await stopAttempt({ token: call.token, leader }, { clock: call.clock, graceMs: graceSeconds * 1000 });
    throw error;
  }
}

/** The attempt, with its process if that was recorded. */
export function recordedAttempt(token: string, { pid, start }: JsonObject): Attempt {
  return { token, leader: typeof pid === 'number' && typeof start === 'string' ? { pid, start } : undefined };
}

export function recordedGraceMs({ graceSeconds }: JsonObject): number {
  return (typeof graceSeconds === 'number' ? graceSeconds : DEFAULT_GRACE_SECONDS) * 1000;
}
