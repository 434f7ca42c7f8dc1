import type { Json, JsonObject } from '../values.ts';
import { parsePythonInteger } from './python.ts';

/**
 * The part of a parameter's value that `path` leads to; the empty text when there is none. Indexes may be texts of digits
 * (heat/engine/hot/functions.py, GetParam.result).
 */
export function selectLikeParameter(value: Json, path: readonly Json[]): Json {
  let part: Json | undefined = value;
  for (const step of path) {
    const index = typeof step === 'string' ? (parsePythonInteger(step) ?? step) : step;
    part = isSequence(part) ? selectItem(part, index) : selectEntry(part, step);
    if (part === undefined) return '';
  }
  return part;
}

/**
 * The part of an attribute's value that `path` leads to; null when there is none. Indexes are numbers
 * (heat/engine/attributes.py, select_from_attribute).
 */
export function selectLikeAttribute(value: Json, path: readonly Json[]): Json {
  let part: Json | undefined = value;
  for (const step of path) {
    part = isSequence(part) ? selectItem(part, step) : selectEntry(part, step);
    if (part === undefined) return null;
  }
  return part;
}

function isSequence(value: Json): value is string | readonly Json[] {
  return typeof value === 'string' || Array.isArray(value);
}

/** As in Python, texts have items too, true is 1, and a negative index counts from the end. */
function selectItem(sequence: string | readonly Json[], step: Json): Json | undefined {
  const index = typeof step === 'boolean' ? Number(step) : step;
  if (typeof index !== 'number' || !Number.isInteger(index)) return undefined;
  return typeof sequence === 'string' ? [...sequence].at(index) : sequence.at(index);
}

function selectEntry(map: Json, step: Json): Json | undefined {
  if (typeof map !== 'object' || map === null || typeof step !== 'string') return undefined;
  return Object.hasOwn(map, step) ? (map as JsonObject)[step] : undefined;
}
