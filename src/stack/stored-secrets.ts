import { isHotloomError } from '../errors.ts';
import { Secrets } from '../secrets.ts';
import type { StackDefinition, StackRecord } from '../store/stack-store.ts';
import { type StackServices, stackKey } from './services.ts';

/** The secrets of a stack as far as this engine, or the store, can tell them. Never throws. */
export function secretsOf({ secrets: known }: Pick<StackServices, 'secrets'>, record: StackRecord): Secrets {
  const secrets = known.get(stackKey(record.space, record.name)) ?? new Secrets();
  for (const definition of [record, record.previous]) addHidden(secrets, definition);
  return secrets;
}

/** Throws EncryptionKeyMissing when something of the stack is sealed with a key that was not given. */
export function requireKey(record: StackRecord): void {
  // Asking for it is what opens it.
  void record.hidden;
}

function addHidden(secrets: Secrets, definition: StackDefinition | undefined): void {
  try {
    for (const value of Object.values(definition?.hidden ?? {})) secrets.add(value);
  } catch (error) {
    // What cannot be opened is told to nobody.
    if (!isHotloomError(error, 'EncryptionKeyMissing')) throw error;
  }
}
