import type { Claim, StackRecord } from '../store/stack-store.ts';
import { findStack } from './find-stack.ts';
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
  return services.running.starting(space, stack, async () =>
    underClaim(services, await findStack(services, space, stack), async (claim) =>
      body(await findStack(services, space, stack), claim),
    ),
  );
}

/**
 * The same for a stack that was found. What `body` knows of it was found before, and may be different by now. It may give the
 * claim back itself. Throws ActionInProgress, and EntityNotFound when the stack is gone.
 */
export async function underClaim<T>(
  services: StackServices,
  { id }: Pick<StackRecord, 'id'>,
  body: (claim: Claim) => Promise<T>,
): Promise<T> {
  const claim = await services.store.claim(id, await services.claimant());
  try {
    return await body(claim);
  } finally {
    await giveBack(services, claim);
  }
}
