import { isHotloomError } from '../errors.ts';
import type { PresentResource } from '../plan/comparison.ts';
import { Secrets } from '../secrets.ts';
import type { StackDefinition, StackRecord } from '../store/stack-store.ts';
import { type StackServices, stackKey } from './services.ts';

/** The secrets of a stack as far as this engine, or its record, can tell them: one object for all who ask. */
export function secretsOf({ secretsByStack }: Pick<StackServices, 'secretsByStack'>, record: StackRecord): Secrets {
  const key = stackKey(record.space, record.name);
  const secrets = secretsByStack.get(key) ?? new Secrets();
  secretsByStack.set(key, secrets);
  for (const definition of [record, record.previous]) addHidden(secrets, definition);
  return secrets;
}

/** Adds what is marked as secret among the values that are stored. */
export function learnSecrets(secrets: Secrets, present: Iterable<PresentResource>): void {
  for (const { values, secrecy } of present) {
    for (const attribute in secrecy) {
      if (Object.hasOwn(values, attribute)) secrets.add(values[attribute] as never, secrecy[attribute]);
    }
  }
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
