import type { Name } from '../names.ts';
import { type Json, type JsonObject, setOwn } from '../values.ts';
import type { SealPlace } from './keyring.ts';
import { MARK } from './stored-value.ts';

/** A stack keeps its definition and the one from before, each sealed by itself. */
export type Role = 'current' | 'previous';

/** What of a record is sealed as a whole when a secret stands in it. */
export const RECORD_PARTS = ['data', 'metadata', 'finalSnapshot'] as const;

export function placeOfValue(stackId: string, resource: string, attribute: string): SealPlace {
  return [stackId, 'value', resource, attribute];
}

export function placeOfRead(owner: string, resource: string, name: Name): SealPlace {
  return [owner, 'read', resource, ...name];
}

export function placeOfSnapshot(snapshotId: string, resource: string): SealPlace {
  return [snapshotId, 'snapshot', resource];
}

/** The names of parameters as they are stored beside the mark. */
export function storedParameters(parameters: JsonObject): Record<string, Json> {
  const stored: Record<string, Json> = {};
  for (const name of Object.keys(parameters)) {
    setOwn(stored, isMarkOrEscaped(name) ? `$${name}` : name, parameters[name] as Json);
  }
  return stored;
}

/** The parameters without the mark, by the names that their template gives them. */
export function visibleParameters(stored: JsonObject): JsonObject {
  const parameters: Record<string, Json> = {};
  for (const name of Object.keys(stored)) {
    if (name === MARK) continue;
    setOwn(parameters, isEscaped(name) ? name.slice(1) : name, stored[name] as Json);
  }
  return parameters;
}

/** Whether the parameters are stored under the names that their template gives them, without a mark. */
export function areVisible(stored: JsonObject): boolean {
  return !Object.keys(stored).some(isMarkOrEscaped);
}

/** The mark, which a parameter may have as its name, with more of its first character. */
function isEscaped(name: string): boolean {
  return /^\$\$+hotloom$/.test(name);
}

function isMarkOrEscaped(name: string): boolean {
  return name === MARK || isEscaped(name);
}

/** `values` itself when `map` changes none. */
export function mapValues(
  values: JsonObject | undefined,
  map: (value: Json, name: string) => Json,
): JsonObject | undefined {
  let mapped: Record<string, Json> | undefined;
  for (const name in values) {
    const value = values[name] as Json;
    const kept = map(value, name);
    if (kept === value) continue;
    // A spread makes own properties, and so a later assignment to `__proto__` meets one and not the setter.
    mapped ??= { ...values };
    mapped[name] = kept;
  }
  return mapped ?? values;
}
