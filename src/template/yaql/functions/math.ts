import { define } from '../definitions.ts';
import { YaqlError } from '../errors.ts';
import { bytesOfBits, limitBytes } from '../limits.ts';
import { isTruthy } from '../python.ts';
import { any, integer, nullable, number, optional, toIndex } from '../types.ts';
import { floorDivide, round } from './rounding.ts';

type Numeric = bigint | number;

/** Computes with integers where both are, else with floats. */
function arithmetic(
  left: Numeric,
  right: Numeric,
  integers: (a: bigint, b: bigint) => Numeric,
  floats: (a: number, b: number) => number,
): Numeric {
  if (typeof left === 'bigint' && typeof right === 'bigint') return integers(left, right);
  return floats(toFloat(left), toFloat(right));
}

/** The float next to a number. */
export function toFloat(value: Numeric): number {
  const float = Number(value);
  if (typeof value === 'bigint' && !Number.isFinite(float)) throw new YaqlError('int too large to convert to float');
  return float;
}

function divide(left: Numeric, right: Numeric): Numeric {
  if (Number(right) === 0) {
    const isInteger = typeof left === 'bigint' && typeof right === 'bigint';
    throw new YaqlError(isInteger ? 'integer division or modulo by zero' : 'float division by zero');
  }
  return arithmetic(left, right, floorDivide, (a, b) => a / b);
}

function modulo(left: Numeric, right: Numeric): Numeric {
  if (Number(right) === 0) {
    const isInteger = typeof left === 'bigint' && typeof right === 'bigint';
    throw new YaqlError(isInteger ? 'integer modulo by zero' : 'float modulo');
  }
  return arithmetic(
    left,
    right,
    (a, b) => a - floorDivide(a, b) * b,
    (a, b) => {
      const rest = a % b;
      return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
    },
  );
}

function bitsOf(value: bigint): number {
  return (value < 0n ? -value : value).toString(2).length;
}

function limitBits(bits: number): void {
  limitBytes(bytesOfBits(bits));
}

function power(base: Numeric, exponent: Numeric, modulus: Numeric | null): Numeric {
  if (modulus !== null) return modularPower(base, exponent, modulus);
  if (typeof base === 'bigint' && typeof exponent === 'bigint' && exponent >= 0n) {
    if (base >= -1n && base <= 1n) return base ** (exponent % 2n === 0n ? (exponent === 0n ? 0n : 2n) : 1n);
    limitBits((bitsOf(base) - 1) * toIndex(exponent));
    return base ** exponent;
  }
  const [a, b] = [toFloat(base), toFloat(exponent)];
  if (a === 0 && b < 0) throw new YaqlError('0.0 cannot be raised to a negative power');
  if (a < 0 && !Number.isInteger(b)) throw new YaqlError('complex numbers are not supported');
  const result = a ** b;
  if (!Number.isFinite(result) && Number.isFinite(a) && Number.isFinite(b)) {
    throw new YaqlError("(34, 'Numerical result out of range')");
  }
  return result;
}

function modularPower(base: Numeric, exponent: Numeric, modulus: Numeric): bigint {
  if (typeof base !== 'bigint' || typeof exponent !== 'bigint' || typeof modulus !== 'bigint') {
    throw new YaqlError('pow() 3rd argument not allowed unless all arguments are integers');
  }
  if (modulus === 0n) throw new YaqlError('pow() 3rd argument cannot be 0');
  if (exponent < 0n) throw new YaqlError('base is not invertible for the given modulus');
  let [result, factor] = [1n, base % modulus];
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * factor) % modulus;
    factor = (factor * factor) % modulus;
  }
  return result - floorDivide(result, modulus) * modulus;
}

function shift(value: bigint, bits: bigint): bigint {
  if (bits < 0n) throw new YaqlError('negative shift count');
  limitBits(bitsOf(value) + toIndex(bits));
  return value << bits;
}

function randomInteger(from: Numeric, to: Numeric): bigint {
  const [low, high] = [BigInt(Math.ceil(Number(from))), BigInt(Math.floor(Number(to)))];
  if (high < low) throw new YaqlError(`empty range for randrange() (${low}, ${high + 1n}, ${high - low + 1n})`);
  return low + BigInt(Math.floor(Math.random() * Number(high - low + 1n)));
}

const two = { left: number, right: number };
const twoIntegers = { left: integer, right: integer };

/** Numbers (yaql/standard_library/math.py). */
export const mathFunctions = [
  define('#operator_+', two, ({ left, right }) =>
    arithmetic(
      left,
      right,
      (a, b) => a + b,
      (a, b) => a + b,
    ),
  ),
  define('#operator_-', two, ({ left, right }) =>
    arithmetic(
      left,
      right,
      (a, b) => a - b,
      (a, b) => a - b,
    ),
  ),
  define('#operator_*', two, ({ left, right }) =>
    arithmetic(
      left,
      right,
      (a, b) => a * b,
      (a, b) => a * b,
    ),
  ),
  define('#operator_/', two, ({ left, right }) => divide(left, right)),
  define('#operator_mod', two, ({ left, right }) => modulo(left, right)),
  define('#unary_operator_+', { op: number }, ({ op }) => op),
  define('#unary_operator_-', { op: number }, ({ op }) => -op),
  define('abs', { op: number }, ({ op }) => (op < 0 ? -op : op)),
  define('bitwiseAnd', twoIntegers, ({ left, right }) => left & right),
  define('bitwiseOr', twoIntegers, ({ left, right }) => left | right),
  define('bitwiseXor', twoIntegers, ({ left, right }) => left ^ right),
  define('bitwiseNot', { arg: integer }, ({ arg }) => ~arg),
  define('shiftBitsLeft', { value: integer, bitsNumber: integer }, (bound) => shift(bound.value, bound.bitsNumber)),
  define('shiftBitsRight', { value: integer, bitsNumber: integer }, ({ value, bitsNumber }) => {
    if (bitsNumber < 0n) throw new YaqlError('negative shift count');
    return value >> bitsNumber;
  }),
  define('max', { a: any, b: any }, ({ a, b }, { invoke }) => (isTruthy(invoke('#operator_>', b, a)) ? b : a)),
  define('min', { a: any, b: any }, ({ a, b }, { invoke }) => (isTruthy(invoke('#operator_>', b, a)) ? a : b)),
  define('pow', { a: number, b: number, c: optional(nullable(number), null) }, ({ a, b, c }) => power(a, b, c)),
  define('sign', { num: number }, ({ num }) => (num > 0 ? 1n : num < 0 ? -1n : 0n)),
  define('round', { number, ndigits: optional(integer, 0n) }, (bound) => round(bound.number, bound.ndigits)),
  define('random', {}, () => Math.random()),
  define('random', { from: number, to: number }, ({ from, to }) => randomInteger(from, to)),
  define('isInteger', { value: any }, ({ value }) => typeof value === 'bigint'),
  define('isNumber', { value: any }, ({ value }) => typeof value === 'bigint' || typeof value === 'number'),
];
