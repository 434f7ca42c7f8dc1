import { scryptSync } from 'node:crypto';
import type { ParameterValues } from '../template/parameters.ts';
import type { Template } from '../template/template.ts';
import { digestValue, isDigest, type Json, type JsonObject } from '../values.ts';

/** What stands in a text instead of a secret: Heat's mask. */
const MASK = '******';

/** Shorter texts are not masked: they stand in every second word, and masking them would tell more than it hides. */
const SHORTEST_SECRET = 3;

/** A function that masks the values of the template's hidden parameters wherever they stand in a text. */
export function secretsMask(template: Template, values: ParameterValues): (text: string) => string {
  const secrets: string[] = [];
  for (const [name, definition] of template.parameters) {
    const value = definition.hidden ? values.get(name) : undefined;
    if (value !== undefined) collectTexts(value, secrets);
  }
  // The longest first, since one secret may be part of another.
  const known = [...new Set(secrets)]
    .filter(({ length }) => length >= SHORTEST_SECRET)
    .sort((a, b) => b.length - a.length);
  if (known.length === 0) return unmasked;
  return (text) => known.reduce((masked, secret) => masked.replaceAll(secret, MASK), text);
}

function unmasked(text: string): string {
  return text;
}

/**
 * A function that makes the properties of a resource fit to be stored: each that holds a secret becomes a digest, by which
 * a later action sees whether it has changed. The digest is slow to make (scrypt with Node's cost, some 40 ms), so that a
 * short secret is not guessed from it soon; `salt` is the stack's.
 */
export function concealer(
  mask: (text: string) => string,
  salt: string,
): <T extends JsonObject | undefined>(properties: T) => T {
  if (mask === unmasked) return (properties) => properties;
  const digests = new Map<string, Json>();
  return (properties) => {
    let concealed: Record<string, Json> | undefined;
    for (const name in properties) {
      const value = properties[name] as Json;
      const text = JSON.stringify(value);
      if (isDigest(value) || mask(text) === text) continue;
      const digest = digests.get(text) ?? digestValue(scryptSync(text, salt, 32).toString('base64'));
      digests.set(text, digest);
      concealed ??= { ...properties } as Record<string, Json>;
      concealed[name] = digest;
    }
    return (concealed ?? properties) as typeof properties;
  };
}

/** Every text in the value, and as JSON prints it, which escapes quotes and line ends. */
function collectTexts(value: Json, into: string[]): void {
  if (typeof value === 'string') into.push(value, JSON.stringify(value).slice(1, -1));
  else if (typeof value === 'number') into.push(String(value));
  else if (typeof value === 'object' && value !== null) {
    for (const item of Object.values(value)) collectTexts(item as Json, into);
  }
}
