import { scryptSync } from 'node:crypto';
import { digestValue, isDigest, type Json, type JsonObject } from './values.ts';

/** How a secret value is kept: encrypted when there is a key, or not at all. */
export type Secrecy = 'secret' | 'ephemeral';

/** What stands in a text instead of a secret: Heat's mask. */
export const MASK = '******';

/** Shorter texts are not masked: they stand in every second word, and masking them would tell more than it hides. */
const SHORTEST_SECRET = 3;

/** Up to so many are looked for one by one, which the runtime does faster than anything that is written here. */
const FEW = 32;

/** The secrets of one stack as far as they are known: more come in while it runs. */
export class Secrets {
  readonly #known = new Map<string, Secrecy>();
  /** The same by their lengths, and the beginnings of all: how one of many is found in one pass over a text. */
  readonly #byLength = new Map<number, Set<string>>();
  readonly #beginnings = new Set<string>();
  #hasEphemeral = false;

  /** Each text and number in `value` is a secret from now on. */
  add(value: Json, secrecy: Secrecy = 'secret'): void {
    for (const text of textsIn(value)) {
      if (text.length < SHORTEST_SECRET || this.#known.get(text) === 'ephemeral') continue;
      this.#known.set(text, secrecy);
      this.#hasEphemeral ||= secrecy === 'ephemeral';
      const alike = this.#byLength.get(text.length);
      if (alike === undefined) this.#byLength.set(text.length, new Set([text]));
      else alike.add(text);
      this.#beginnings.add(text.slice(0, SHORTEST_SECRET));
    }
  }

  get isEmpty(): boolean {
    return this.#known.size === 0;
  }

  /** The text with every secret in it masked. Secrets that overlap are one. */
  readonly mask = (text: string): string => {
    if (this.isEmpty) return text;
    const found = [...this.#findIn(text)].sort((a, b) => a.start - b.start);
    let masked = '';
    let end = 0;
    for (const match of found) {
      if (match.start >= end) masked += `${text.slice(end, match.start)}${MASK}`;
      end = Math.max(end, match.end);
    }
    return end === 0 ? text : masked + text.slice(end);
  };

  /** The value with every secret in it masked. */
  masked<T extends Json>(value: T): T;
  masked(value: Json): Json {
    if (this.isEmpty) return value;
    if (typeof value === 'string') return this.mask(value);
    if (typeof value === 'number') return this.#known.has(String(value)) ? MASK : value;
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((item: Json) => this.masked(item));
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [this.mask(key), this.masked(item as Json)]));
  }

  /** What the value is, by the secrets that stand in it, and by what is known of it already. */
  secrecyOf(value: Json, known?: Secrecy): Secrecy | undefined {
    if (this.isEmpty || known === 'ephemeral' || (known === 'secret' && !this.#hasEphemeral)) return known;
    let isSecret = known !== undefined;
    for (const { secret } of this.#findIn(JSON.stringify(value))) {
      if (this.#known.get(secret) === 'ephemeral') return 'ephemeral';
      isSecret = true;
      if (!this.#hasEphemeral) break;
    }
    return isSecret ? 'secret' : undefined;
  }

  /** Every place of every secret in the text, in no order. */
  *#findIn(text: string): Generator<Match> {
    if (this.#known.size > FEW) {
      yield* this.#findOneOfMany(text);
      return;
    }
    for (const secret of this.#known.keys()) {
      for (let start = text.indexOf(secret); start !== -1; start = text.indexOf(secret, start + 1)) {
        yield { secret, start, end: start + secret.length };
      }
    }
  }

  *#findOneOfMany(text: string): Generator<Match> {
    for (let start = 0; start + SHORTEST_SECRET <= text.length; start += 1) {
      if (!this.#beginnings.has(text.slice(start, start + SHORTEST_SECRET))) continue;
      for (const [length, alike] of this.#byLength) {
        const secret = text.slice(start, start + length);
        if (alike.has(secret)) yield { secret, start, end: start + length };
      }
    }
  }
}

interface Match {
  readonly secret: string;
  readonly start: number;
  readonly end: number;
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
