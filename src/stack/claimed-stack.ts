import type { Claim, StackRecord } from '../store/stack-store.ts';
import { findStack } from './delete.ts';
import { giveBack } from './give-back.ts';
import type { StackServices } from './services.ts';

/** Which stack is meant. */
export interface StackChoice {
  readonly stack: string;
  /** Default: `default`. */
  readonly space?: string;
}

/**
 * Runs `body` while this engine has the stack, so that nobody else changes it meanwhile; gives it the stack as it is then.
 * Throws EntityNotFound and ActionInProgress.
 */
export async function withClaim<T>(
  services: StackServices,
  { space = 'default', stack }: StackChoice,
  body: (record: StackRecord, claim: Claim) => Promise<T>,
): Promise<T> {
  return services.running.starting(space, stack, async () => {
    const { id } = await findStack(services, space, stack);
    const claim = await services.store.claim(id, await services.claimant());
    try {
      return await body(await findStack(services, space, stack), claim);
    } finally {
      await giveBack(services, claim);
    }
  });
}
