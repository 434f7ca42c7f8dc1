import { EntityNotFound } from '../errors.ts';
import type { StackRecord } from '../store/stack-store.ts';
import type { StackServices } from './services.ts';

/** The stored stack. Throws EntityNotFound. */
export async function findStack(services: StackServices, space: string, stack: string): Promise<StackRecord> {
  const record = await services.store.findStack(space, stack);
  if (record !== undefined) return record;
  throw new EntityNotFound({
    what: `The Stack (${stack}) could not be found.`,
    why: `The store has no stack of that name in the space '${space}'.`,
    fix: "See the stacks by 'hotloom list', and check that the store is the one in which the stack was created.",
  });
}
