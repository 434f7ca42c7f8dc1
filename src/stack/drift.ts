import { type Difference, differenceOf } from '../plan/comparison.ts';
import type { ResourceRecord } from '../store/stack-store.ts';
import { asJson, type Json, type JsonObject } from '../values.ts';

/** What of the properties that a handler has seen is not as the resource was made with. */
export function driftOf(record: ResourceRecord, observed: JsonObject): readonly Difference[] {
  return Object.keys(observed).flatMap((name) => {
    const value = asJson(observed[name]);
    return differenceOf({ record, values: {} }, { name, kind: 'property', value }) ?? [];
  });
}

/** As Heat's _verify_check_conditions words it. */
export function printDrift({ name, before, after }: Difference): string {
  const print = (value: Json | undefined): string =>
    typeof value === 'string' ? value : JSON.stringify(value ?? null);
  return `'${name}': expected '${print(before)}', got '${print(after)}'`;
}
