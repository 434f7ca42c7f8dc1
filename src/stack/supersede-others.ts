import { isHotloomError } from '../errors.ts';
import type { StackRecord } from '../store/stack-store.ts';
import { cancelStack } from './cancel.ts';
import { findStack } from './find-stack.ts';
import type { StackServices } from './services.ts';

/** How long it is tried when one process after the other takes the stack. */
const PATIENCE_MS = 30_000;

/**
 * Runs `act`, which claims the stack. When another process is at work on it with a create or an update, that is ended first,
 * as by a cancel without a rollback: what it has done stands. Throws ActionInProgress for any other action, and what a cancel
 * throws when that process cannot be asked.
 */
export async function supersedingOthers<T>(
  services: StackServices,
  { space, name: stack }: StackRecord,
  act: () => Promise<T>,
): Promise<T> {
  for (const end = services.clock.now() + PATIENCE_MS; ; ) {
    try {
      return await act();
    } catch (error) {
      if (!isHotloomError(error, 'ActionInProgress') || services.clock.now() >= end) throw error;
      await endOther(services, space, stack, error);
    }
  }
}

async function endOther(services: StackServices, space: string, stack: string, busy: unknown): Promise<void> {
  try {
    await cancelStack(services, { space, stack, rollback: false });
  } catch (error) {
    if (!isHotloomError(error, 'NotSupported')) throw error;
    // It is a deletion, say; or it has come to its end meanwhile.
    if ((await findStack(services, space, stack)).status === 'IN_PROGRESS') throw busy;
  }
}
