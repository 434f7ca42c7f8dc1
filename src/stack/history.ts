import type { Status } from '../events.ts';
import type { OperationRecord } from '../store/stack-store.ts';
import { findStack } from './find-stack.ts';
import type { StackServices } from './services.ts';

/** What was done to a stack at one time, by one engine. Plain data. */
export interface StackOperation extends Omit<OperationRecord, 'fence'> {
  /** `UPDATE_COMPLETE`, as Heat prints it. */
  readonly state: `${OperationRecord['action']}_${Status}`;
  /** Its engine was stopped in it; what went on with it is an operation of its own. */
  readonly isInterrupted: boolean;
}

/** What has been done to a stack, oldest first. Throws EntityNotFound. */
export async function readHistory(
  services: StackServices,
  space: string,
  stack: string,
): Promise<readonly StackOperation[]> {
  const { store } = services;
  const { id } = await findStack(services, space, stack);
  const operations = await store.history(id);
  const isHeld = (await store.holder(id)) !== undefined;
  return operations.map(({ fence: _fence, ...operation }, index): StackOperation => {
    const { action, status } = operation;
    const isAtWork = isHeld && index === operations.length - 1;
    return { ...operation, state: `${action}_${status}`, isInterrupted: status === 'IN_PROGRESS' && !isAtWork };
  });
}
