import { UsageError } from '../errors.ts';
import type { Json } from '../values.ts';

/**
 * The values of `--parameter`, as Heat's client reads them: `KEY=VALUE`; a single one may hold several, separated by
 * semicolons; a key that is given again makes a list. A semicolon separates only before a further `KEY=`, so that other
 * semicolons stay part of a value. Throws UsageError.
 */
export function parseParameters(given: readonly string[]): { readonly [name: string]: Json } {
  const pairs = given.length === 1 ? (given[0] as string).split(/;(?=[\w:.-]+=)/) : given;
  const values = new Map<string, string[]>();
  for (const pair of pairs) {
    const [name, value] = splitPair(pair, '--parameter');
    values.set(name, [...(values.get(name) ?? []), value]);
  }
  return Object.fromEntries([...values].map(([name, list]) => [name, list.length === 1 ? (list[0] as string) : list]));
}

/** `KEY=VALUE` at its first equals sign. Throws UsageError. */
export function splitPair(pair: string, option: string): readonly [key: string, value: string] {
  const at = pair.indexOf('=');
  if (at > 0) return [pair.slice(0, at), pair.slice(at + 1)];
  throw new UsageError({
    what: `Malformed parameter (${pair}). Use the key=value format.`,
    why: `${option} takes the name of a parameter, an equals sign and ${option === '--parameter' ? 'its value' : 'a file'}.`,
    fix: `Write for example: ${option} ${option === '--parameter' ? 'size=3' : 'key=id_rsa.pub'}`,
  });
}
