import { distance } from 'fastest-levenshtein';

const LISTED_AT_MOST = 12;

/** `'address', 'port' and 'refid'`, for messages; `nothing` when empty; long lists are cut with their count. */
export function listNames(names: Iterable<string>): string {
  const quoted = [...names].map((name) => `'${name}'`);
  if (quoted.length === 0) return 'nothing';
  if (quoted.length === 1) return quoted[0] as string;
  if (quoted.length > LISTED_AT_MOST) {
    return `${quoted.slice(0, LISTED_AT_MOST).join(', ')} and ${quoted.length - LISTED_AT_MOST} more`;
  }
  return `${quoted.slice(0, -1).join(', ')} and ${quoted.at(-1)}`;
}

/** Longer names are no slips of the keyboard, and comparing them takes time. */
const LONGEST_SLIP = 100;

/** `Did you mean 'address'? ` (with the space) when one of `names` is nearly `wrong`, else the empty string. */
export function suggest(wrong: string, names: Iterable<string>): string {
  if (wrong.length > LONGEST_SLIP) return '';
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(wrong.length / 3)) + 1;
  for (const name of names) {
    if (Math.abs(wrong.length - name.length) >= bestDistance) continue;
    const between = distance(wrong.toLowerCase(), name.toLowerCase());
    if (between < bestDistance) [best, bestDistance] = [name, between];
  }
  return best === undefined ? '' : `Did you mean '${best}'? `;
}
