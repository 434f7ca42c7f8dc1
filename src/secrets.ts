import { scryptSync } from 'node:crypto';
import { digestValue, isDigest, type Json, type JsonObject } from './values.ts';

/** How a secret value is kept: encrypted when there is a key, or not at all. */
export type Secrecy = 'secret' | 'ephemeral';

/** What stands in a text instead of a secret: Heat's mask. */
export const MASK = '******';

/** Shorter texts are not masked: they stand in every second word, and masking them would tell more than it hides. */
const SHORTEST_SECRET = 3;

/** The secrets of one stack as far as they are known: more come in while it runs. */
export class Secrets {
  readonly #known = new Map<string, Secrecy>();
  /** The longest first, since one secret may be part of another. */
  #longestFirst: readonly string[] = [];

  /** Each text and number in `value` is a secret from now on. */
  add(value: Json, secrecy: Secrecy = 'secret'): void {
    let isNew = false;
    for (const text of textsIn(value)) {
      if (text.length < SHORTEST_SECRET || this.#known.get(text) === 'ephemeral') continue;
      isNew ||= !this.#known.has(text);
      this.#known.set(text, secrecy);
    }
    if (isNew) this.#longestFirst = [...this.#known.keys()].sort((a, b) => b.length - a.length);
  }

  get isEmpty(): boolean {
    return this.#known.size === 0;
  }

  /** The text with every secret in it masked. */
  readonly mask = (text: string): string => {
    let masked = text;
    for (const secret of this.#longestFirst) masked = masked.replaceAll(secret, MASK);
    return masked;
  };

  /** The data with every secret in its texts masked. */
  masked(data: JsonObject): JsonObject {
    return this.isEmpty ? data : JSON.parse(this.mask(JSON.stringify(data)));
  }

  /** What the value is, by the secrets that stand in it. */
  secrecyOf(value: Json): Secrecy | undefined {
    if (this.isEmpty) return undefined;
    const text = JSON.stringify(value);
    let found: Secrecy | undefined;
    for (const [secret, secrecy] of this.#known) {
      if (!text.includes(secret)) continue;
      if (secrecy === 'ephemeral') return secrecy;
      found = secrecy;
    }
    return found;
  }
}

/**
 * Makes the properties of a resource fit to be stored and compared: each that holds a secret, or that reads one by what the
 * template says, becomes a digest, by which a later action sees whether it has changed.
 */
export type Conceal<R> = <T extends JsonObject | undefined>(properties: T, resource: R) => T;

/**
 * `readsSecrets` tells the properties of a resource that read secrets. The digest is slow to make (scrypt with Node's cost,
 * some 40 ms), so that a short secret is not guessed from it soon; `salt` is the stack's.
 */
export function concealer<R>(
  secrets: Secrets,
  readsSecrets: (resource: R) => ReadonlySet<string>,
  salt: string,
): Conceal<R> {
  const digests = new Map<string, Json>();
  return (properties, resource) => {
    const names = readsSecrets(resource);
    if (secrets.isEmpty && names.size === 0) return properties;
    let concealed: Record<string, Json> | undefined;
    for (const name in properties) {
      const value = properties[name] as Json;
      if (isDigest(value) || (!names.has(name) && secrets.secrecyOf(value) === undefined)) continue;
      const text = JSON.stringify(value);
      const digest = digests.get(text) ?? digestValue(scryptSync(text, salt, 32).toString('base64'));
      digests.set(text, digest);
      concealed ??= { ...properties } as Record<string, Json>;
      concealed[name] = digest;
    }
    return (concealed ?? properties) as typeof properties;
  };
}

/** Every text in the value, and as JSON prints it, which escapes quotes and line ends. */
function* textsIn(value: Json): Generator<string> {
  if (typeof value === 'string') yield* [value, JSON.stringify(value).slice(1, -1)];
  else if (typeof value === 'number') yield String(value);
  else if (typeof value === 'object' && value !== null) {
    for (const item of Object.values(value)) yield* textsIn(item as Json);
  }
}
