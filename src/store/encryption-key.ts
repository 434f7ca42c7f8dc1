import { createHash, createSecretKey, type KeyObject } from 'node:crypto';
import { EncryptionKeyInvalid } from '../errors.ts';

/** A key of AES-256: 32 random bytes, as they are or as a text in base64 or hexadecimal. */
export type KeyInput = string | Uint8Array;

/** A key with the name by which what it has sealed says so. */
export interface EncryptionKey {
  /** 16 hexadecimal digits that tell keys apart, and nothing of the key. */
  readonly id: string;
  /** Shows nothing of itself when it is printed. */
  readonly secret: KeyObject;
}

const KEY_BYTES = 32;

/** Fewer different bytes are those of a text or of a mistake; a random key has so few less than once in 10^40 times. */
const FEWEST_DIFFERENT_BYTES = 8;

/** `origin` tells people where it comes from. Throws EncryptionKeyInvalid, without quoting what was given. */
export function parseKey(input: KeyInput, origin = 'The encryption key'): EncryptionKey {
  const bytes = typeof input === 'string' ? decode(input.trim()) : input;
  if (!(bytes instanceof Uint8Array) || bytes.length !== KEY_BYTES) throw invalidKey(origin, describe(input));
  if (new Set(bytes).size < FEWEST_DIFFERENT_BYTES) throw invalidKey(origin, 'Its bytes are nearly all the same.');
  return { id: idOf(bytes), secret: createSecretKey(bytes) };
}

/**
 * The keys in a text, separated by white space; what stands behind `#` in a line is a comment. Throws
 * EncryptionKeyInvalid for one that is none, and when there is none.
 */
export function keysIn(text: string, origin: string): readonly string[] {
  const keys = text.replace(/#.*/g, '').split(/\s+/).filter(Boolean);
  if (keys.length === 0) throw invalidKey(origin, 'There is none.');
  for (const key of keys) parseKey(key, origin);
  return keys;
}

function decode(text: string): Uint8Array | undefined {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  if (/^[\w+/-]{43}=?$/.test(text)) return Buffer.from(text, 'base64');
  return undefined;
}

function idOf(bytes: Uint8Array): string {
  return createHash('sha256').update('hotloom key id\0').update(bytes).digest('hex').slice(0, 16);
}

function describe(input: KeyInput): string {
  if (input instanceof Uint8Array) return `It has ${input.length} bytes instead of ${KEY_BYTES}.`;
  if (typeof input !== 'string') return 'It is neither a text nor bytes.';
  return `${KEY_BYTES} bytes are 44 characters in base64 and 64 in hexadecimal; this text of ${input.trim().length} is neither. A passphrase is no key: it can be guessed.`;
}

function invalidKey(origin: string, why: string): EncryptionKeyInvalid {
  return new EncryptionKeyInvalid({
    what: `${origin} is not valid.`,
    why,
    fix: 'Make one by: openssl rand -base64 32',
  });
}
