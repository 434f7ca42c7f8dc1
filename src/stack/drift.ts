import { type Difference, differenceOf } from '../plan/comparison.ts';
import { concealer, MASK, type Secrets } from '../secrets.ts';
import type { ResourceRecord } from '../store/stack-store.ts';
import { asJson, isDigest, type Json, type JsonObject } from '../values.ts';

/**
 * What of the properties that a handler has seen is not as the resource was made with. What is secret stands as a digest, as
 * it does in the record.
 */
export function driftOf(
  record: ResourceRecord,
  observed: JsonObject,
  { secrets, stackId }: { readonly secrets: Secrets; readonly stackId: string },
): readonly Difference[] {
  const seen = concealer(secrets, concealedNames, stackId)(asJson(observed) as JsonObject, record);
  return Object.keys(seen).flatMap((name) => {
    const value = seen[name] as Json;
    return differenceOf({ record, values: {} }, { name, kind: 'property', value }) ?? [];
  });
}

/** The same for people. */
export function maskedDrift(difference: Difference): Difference {
  const mask = (value: Json | undefined): Json | undefined => (isDigest(value ?? null) ? MASK : value);
  return { ...difference, before: mask(difference.before), after: mask(difference.after) };
}

/** As Heat's _verify_check_conditions words it. */
export function printDrift({ name, before, after }: Difference): string {
  const print = (value: Json | undefined): string =>
    typeof value === 'string' ? value : JSON.stringify(value ?? null);
  return `'${name}': expected '${print(before)}', got '${print(after)}'`;
}

/** What was secret when it was made is so still. */
function concealedNames({ properties = {} }: ResourceRecord): ReadonlySet<string> {
  return new Set(Object.keys(properties).filter((name) => isDigest(properties[name] as Json)));
}
