import { SealBroken } from '../errors.ts';
import type { Secrecy } from '../secrets.ts';
import { isJsonObject, type Json } from '../values.ts';
import { describePlace, type Keyring, type Sealed, type SealPlace } from './keyring.ts';
import type { Missing } from './stack-store.ts';

/** The key by which a backend's JSON says that it is not the value itself. */
export const MARK = '$hotloom';

/**
 * What stands for a value that is not kept as it is: `text` is the value's JSON text, of a sealed one encrypted. `secret` is
 * one for which there was no key; `plain` a value that has the mark as a key of its own.
 */
type Kept =
  | { readonly [MARK]: 'plain' | 'secret'; readonly text: string }
  | ({ readonly [MARK]: 'sealed' } & Sealed)
  | { readonly [MARK]: 'ephemeral' };

/** A value that was not kept as it is. */
export interface OpenedValue {
  /** Null when it is missing. */
  readonly value: Json;
  readonly secrecy?: Secrecy;
  readonly missing?: Missing;
}

/** Whether the stored value has to be opened. */
export function isKept(stored: Json | undefined): boolean {
  return typeof stored === 'object' && stored !== null && Object.hasOwn(stored, MARK);
}

/** The value as a backend keeps it; itself when that is how. */
export function keepValue(
  value: Json,
  secrecy: Secrecy | undefined,
  place: SealPlace,
  keyring: Keyring | undefined,
): Json {
  if (secrecy === 'ephemeral') return { [MARK]: 'ephemeral' } satisfies Kept;
  if (secrecy === 'secret') {
    return keyring === undefined
      ? ({ [MARK]: 'secret', text: JSON.stringify(value) } satisfies Kept)
      : ({ [MARK]: 'sealed', ...keyring.seal(value, place) } satisfies Kept);
  }
  return isKept(value) ? ({ [MARK]: 'plain', text: JSON.stringify(value) } satisfies Kept) : value;
}

/** What a kept value is. Throws SealBroken for one that was changed or moved, or has no form of ours. */
export function openValue(stored: Json, place: SealPlace, keyring: Keyring | undefined): OpenedValue {
  const kept = stored as Partial<Sealed> & { readonly [MARK]?: Json };
  switch (kept[MARK]) {
    case 'ephemeral':
      return { value: null, secrecy: 'ephemeral', missing: 'ephemeral' };
    case 'plain':
    case 'secret':
      if (typeof kept.text !== 'string') break;
      return { value: JSON.parse(kept.text), ...(kept[MARK] === 'secret' ? { secrecy: 'secret' as const } : {}) };
    case 'sealed': {
      if (!isSealed(kept)) break;
      const value = keyring?.open(kept, place);
      return value === undefined ? { value: null, secrecy: 'secret', missing: 'key' } : { value, secrecy: 'secret' };
    }
    default:
  }
  throw new SealBroken({
    what: `What is stored cannot be read: ${describePlace(place)}.`,
    why: `It has the key '${MARK}', by which a stored value says how it is kept, and none of the forms that this release knows.`,
    fix: 'Restore the store from a backup, or install the release that wrote it.',
  });
}

/** Whether the stored value was sealed with another key than the first, or kept while there was none. */
export function isOutdated(stored: Json, keyring: Keyring): boolean {
  if (!isJsonObject(stored)) return false;
  return stored[MARK] === 'secret' || (stored[MARK] === 'sealed' && stored.key !== keyring.keyId);
}

/** The id of the key that the value is sealed with. */
export function keyIdOf(stored: Json): string | undefined {
  const id = isJsonObject(stored) && stored[MARK] === 'sealed' ? stored.key : undefined;
  return typeof id === 'string' ? id : undefined;
}

function isSealed(kept: Partial<Sealed>): kept is Sealed {
  return [kept.key, kept.nonce, kept.text, kept.tag].every((part) => typeof part === 'string');
}
