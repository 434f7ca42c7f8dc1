import { keysIn } from '../store/encryption-key.ts';
import type { Io } from './io.ts';
import { readTextFile } from './read-text-file.ts';

/**
 * The keys that secrets are encrypted with: of `--key-file`, else of `$HOTLOOM_KEY_FILE`, else `$HOTLOOM_KEY`; undefined
 * when none of them is given. The first one encrypts. Throws EncryptionKeyInvalid, and UsageError for a file that cannot be
 * read.
 */
export async function encryptionOf(
  io: Io,
  { keyFile }: { readonly keyFile?: string },
): Promise<{ readonly keys: readonly string[] } | undefined> {
  const file = keyFile ?? (io.env.HOTLOOM_KEY_FILE || undefined);
  if (file !== undefined) {
    return { keys: keysIn(await readTextFile(io, file, 'key file'), `The encryption key in ${file}`) };
  }
  const text = io.env.HOTLOOM_KEY || undefined;
  return text === undefined ? undefined : { keys: keysIn(text, 'The encryption key in $HOTLOOM_KEY') };
}
