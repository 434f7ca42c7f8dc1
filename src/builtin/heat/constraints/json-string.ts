import { messageOf } from '../../../errors.ts';
import { isTrueInPython } from '../../../template/python.ts';
import type { Json } from '../../../values.ts';

/**
 * `json_string`, by heat/engine/constraint/common_constraints.py: undefined for a text that is JSON, else the reason. No
 * value is a right one.
 */
export function jsonStringProblem(value: Json): string | undefined {
  if (!isTrueInPython(value)) return undefined;
  if (typeof value !== 'string') return `JSON string ${String(value)} is invalid: It is not a text.`;
  try {
    JSON.parse(value);
    return undefined;
  } catch (error) {
    return `JSON string ${value} is invalid: ${messageOf(error)}`;
  }
}
