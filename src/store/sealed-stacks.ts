import { EncryptionKeyMissing } from '../errors.ts';
import type { Json } from '../values.ts';
import type { Keyring } from './keyring.ts';
import { keyIdOf } from './stored-value.ts';

/** The stacks of which something was found to be sealed, and with which key, by their ids. */
export class SealedStacks {
  readonly #stacks = new Map<string, { readonly name: string; readonly keyId: string }>();

  get(stackId: string): { readonly name: string; readonly keyId: string } | undefined {
    return this.#stacks.get(stackId);
  }

  forget(stackId: string): void {
    this.#stacks.delete(stackId);
  }

  /** Remembers that something of the stack is sealed. */
  note(stackId: string, stored: Json, name?: string): void {
    const keyId = keyIdOf(stored);
    const known = this.#stacks.get(stackId);
    if (keyId === undefined || (known !== undefined && name === undefined)) return;
    this.#stacks.set(stackId, { name: name ?? stackId, keyId });
  }
}

/** It cannot be worked with: `keyId` is what it is sealed with. */
export function keyMissing(what: string, keyId: string | undefined, keyring?: Keyring): EncryptionKeyMissing {
  return new EncryptionKeyMissing({
    what: `The encryption key of ${what} is needed, and was not given.`,
    why:
      keyring === undefined
        ? `It is encrypted with the key ${keyId}, and no key was given.`
        : `It is encrypted with the key ${keyId}, and none of those that were given is it.`,
    fix: 'Give the key by --key-file, $HOTLOOM_KEY_FILE or $HOTLOOM_KEY; in a program by the option encryption.',
  });
}
