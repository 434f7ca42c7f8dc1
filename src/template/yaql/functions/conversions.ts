import { pythonLiteral } from '../../python.ts';
import { define } from '../definitions.ts';
import { YaqlError } from '../errors.ts';
import { typeName } from '../python.ts';
import { any } from '../types.ts';
import type { Value } from '../values.ts';
import { toFloat } from './math.ts';
import { toFraction } from './rounding.ts';
import { strip } from './text.ts';

const INTEGER = /^[-+]?\d+(?:_\d+)*$/;
const FLOAT = /^[-+]?(?:\d+(?:_\d+)*(?:\.(?:\d+(?:_\d+)*)?)?|\.\d+(?:_\d+)*)(?:[eE][-+]?\d+(?:_\d+)*)?$/;
const SPECIAL_FLOAT = /^([-+]?)(?:(inf|infinity)|nan)$/i;

/** Python refuses texts of more digits. */
const MAX_DIGITS = 4300;

function toInteger(value: Value): bigint {
  if (value === null) return 0n;
  if (typeof value === 'bigint' || typeof value === 'boolean') return BigInt(value);
  if (typeof value === 'number') {
    const [numerator, denominator] = toFraction(value);
    return numerator / denominator;
  }
  if (typeof value !== 'string') {
    throw new YaqlError(
      `int() argument must be a string, a bytes-like object or a real number, not '${typeName(value)}'`,
    );
  }
  const trimmed = strip(value, null, true, true);
  if (!INTEGER.test(trimmed) || trimmed.length > MAX_DIGITS) {
    throw new YaqlError(`invalid literal for int() with base 10: ${pythonLiteral(value)}`);
  }
  const digits = trimmed.replaceAll('_', '').replace('+', '');
  return digits.startsWith('-') ? -BigInt(digits.slice(1)) : BigInt(digits);
}

function toFloatValue(value: Value): number {
  if (value === null) return 0;
  if (typeof value === 'bigint' || typeof value === 'number') return toFloat(value);
  if (typeof value === 'boolean') return Number(value);
  if (typeof value !== 'string') {
    throw new YaqlError(`float() argument must be a string or a real number, not '${typeName(value)}'`);
  }
  const trimmed = strip(value, null, true, true);
  const special = SPECIAL_FLOAT.exec(trimmed);
  if (special !== null) {
    if (special[2] === undefined) return Number.NaN;
    return special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }
  if (!FLOAT.test(trimmed)) throw new YaqlError(`could not convert string to float: ${pythonLiteral(value)}`);
  return Number(trimmed.replaceAll('_', ''));
}

/** `int` and `float` (yaql/standard_library/math.py). */
export const conversionFunctions = [
  define('int', { value: any }, ({ value }) => toInteger(value)),
  define('float', { value: any }, ({ value }) => toFloatValue(value)),
];
