import type { Claim } from '../store/stack-store.ts';
import type { StackServices } from './services.ts';

/** Releases a claim. What happened before counts more than a claim that cannot be given back; it ends with the engine. */
export async function giveBack({ store }: Pick<StackServices, 'store'>, claim: Claim): Promise<void> {
  try {
    await store.release(claim);
  } catch {
    // Told by the store to whoever claims the stack next.
  }
}
