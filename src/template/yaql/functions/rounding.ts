import { YaqlError } from '../errors.ts';

/** Bits of a float's fraction. */
const FRACTION_BITS = 52;
const EXPONENT_BIAS = 1075;

/** Beyond these many digits rounding changes nothing, or leaves nothing. */
const MAX_DIGITS = 400;

/** A float as a fraction of integers. Throws for one that is not finite. */
export function toFraction(value: number): readonly [numerator: bigint, denominator: bigint] {
  if (!Number.isFinite(value)) {
    throw new YaqlError(`cannot convert float ${Number.isNaN(value) ? 'NaN' : 'infinity'} to integer`);
  }
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  const raw = bits.getBigUint64(0);
  const exponentBits = Number((raw >> BigInt(FRACTION_BITS)) & 0x7ffn);
  const fraction = raw & ((1n << BigInt(FRACTION_BITS)) - 1n);
  const mantissa = exponentBits === 0 ? fraction : fraction | (1n << BigInt(FRACTION_BITS));
  const exponent = Math.max(exponentBits, 1) - EXPONENT_BIAS;
  const signed = value < 0 ? -mantissa : mantissa;
  return exponent >= 0 ? [signed << BigInt(exponent), 1n] : [signed, 1n << BigInt(-exponent)];
}

/** The integer next to a fraction; of two equally near ones the even one. */
export function roundHalfEven(numerator: bigint, denominator: bigint): bigint {
  const floor = floorDivide(numerator, denominator);
  const twice = 2n * (numerator - floor * denominator);
  if (twice === denominator) return floor % 2n === 0n ? floor : floor + 1n;
  return twice > denominator ? floor + 1n : floor;
}

/** `a // b` of integers. */
export function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
}

/** `round(value, digits)`. */
export function round(value: bigint | number, digits: bigint): bigint | number {
  if (typeof value === 'bigint') {
    if (digits >= 0n) return value;
    if (-digits > BigInt(MAX_DIGITS)) return 0n;
    const unit = 10n ** -digits;
    return roundHalfEven(value, unit) * unit;
  }
  if (!Number.isFinite(value) || digits > BigInt(MAX_DIGITS)) return value;
  if (digits < -BigInt(MAX_DIGITS)) return 0;
  const [numerator, denominator] = toFraction(value);
  const rounded =
    digits >= 0n
      ? roundHalfEven(numerator * 10n ** digits, denominator)
      : roundHalfEven(numerator, denominator * 10n ** -digits) * 10n ** -digits;
  return digits > 0n ? Number(`${rounded}e-${digits}`) : Number(rounded);
}
