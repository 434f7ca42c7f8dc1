import type { ParameterValues } from '../template/parameters.ts';
import type { Template } from '../template/template.ts';
import type { Json } from '../values.ts';

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
  if (known.length === 0) return (text) => text;
  return (text) => known.reduce((masked, secret) => masked.replaceAll(secret, MASK), text);
}

/** Every text in the value, and as JSON prints it, which escapes quotes and line ends. */
function collectTexts(value: Json, into: string[]): void {
  if (typeof value === 'string') into.push(value, JSON.stringify(value).slice(1, -1));
  else if (typeof value === 'number') into.push(String(value));
  else if (typeof value === 'object' && value !== null) {
    for (const item of Object.values(value)) collectTexts(item as Json, into);
  }
}
