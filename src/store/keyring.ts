import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { SealBroken, UsageError } from '../errors.ts';
import type { Json } from '../values.ts';
import { type EncryptionKey, type KeyInput, parseKey } from './encryption-key.ts';

/** A value as it is stored when it is sealed; binary parts in base64. */
export interface Sealed {
  /** Id of the key. */
  readonly key: string;
  /** 12 random bytes. */
  readonly nonce: string;
  /** The value's JSON text, encrypted. */
  readonly text: string;
  /** 16 bytes by which a change is found. */
  readonly tag: string;
}

/**
 * What a value is the value of: the stack's id, and then what and whose. A sealed value is bound to its place and cannot be
 * opened at another one.
 */
export type SealPlace = readonly [stackId: string, ...place: string[]];

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Keys to seal and to open with: AES-256-GCM of the value's JSON text, with the place as additional authenticated data. The
 * first key seals; all of them open. A key is good for 2^32 values (NIST SP 800-38D, 8.3), since nonces are random.
 */
export class Keyring {
  readonly #keys = new Map<string, EncryptionKey>();
  readonly #first: EncryptionKey;
  readonly #nonce: () => Uint8Array;

  /** `nonce` is for tests. Throws EncryptionKeyInvalid, and UsageError when there is no key. */
  constructor(keys: readonly KeyInput[], nonce: () => Uint8Array = () => randomBytes(NONCE_BYTES)) {
    const parsed = keys.map((key, index) => parseKey(key, `Encryption key ${index + 1}`));
    const [first] = parsed;
    if (first === undefined) {
      throw new UsageError({
        what: 'The list of encryption keys is empty.',
        why: 'The first of them is the one that values are sealed with.',
        fix: 'Give a key, or leave the option out.',
      });
    }
    this.#first = first;
    for (const key of parsed) this.#keys.set(key.id, key);
    this.#nonce = nonce;
  }

  /** Of the key that seals. */
  get keyId(): string {
    return this.#first.id;
  }

  has(keyId: string): boolean {
    return this.#keys.has(keyId);
  }

  seal(value: Json, place: SealPlace): Sealed {
    const nonce = this.#nonce();
    const cipher = createCipheriv(CIPHER, this.#first.secret, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(boundTo(place));
    const text = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]);
    return {
      key: this.#first.id,
      nonce: base64(nonce),
      text: base64(text),
      tag: base64(cipher.getAuthTag()),
    };
  }

  /** Undefined when its key is not there. Throws SealBroken. */
  open({ key: keyId, nonce, text, tag }: Sealed, place: SealPlace): Json | undefined {
    const key = this.#keys.get(keyId);
    if (key === undefined) return undefined;
    try {
      const decipher = createDecipheriv(CIPHER, key.secret, Buffer.from(nonce, 'base64'), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(boundTo(place));
      decipher.setAuthTag(Buffer.from(tag, 'base64'));
      const opened = Buffer.concat([decipher.update(text, 'base64'), decipher.final()]);
      return JSON.parse(opened.toString('utf8'));
    } catch (error) {
      throw new SealBroken({
        what: `What is stored encrypted cannot be opened: ${describePlace(place)}.`,
        why: 'It was changed, or belongs to another place: its seal is broken, although the key is the right one.',
        fix: 'Restore the store from a backup.',
        cause: error,
      });
    }
  }
}

/** `value db.password of the stack with the id ...`. */
export function describePlace([stackId, kind, ...names]: SealPlace): string {
  return `${kind} ${names.join('.')} of the stack with the id ${stackId}`;
}

/** JSON keeps the parts apart, whatever characters they have. */
function boundTo(place: SealPlace): Buffer {
  return Buffer.from(JSON.stringify(['hotloom', 1, ...place]), 'utf8');
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
