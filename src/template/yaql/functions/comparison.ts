import { type Definition, define } from '../definitions.ts';
import { areEqual, compareNumbers, compareTexts, membersOf } from '../python.ts';
import { any, dateTime, nothing, notNull, number, type ParameterType, set, text, timeSpan } from '../types.ts';
import type { ValueSet, View } from '../values.ts';

const OPERATORS = {
  '<': (order: number) => order < 0,
  '<=': (order: number) => order <= 0,
  '>': (order: number) => order > 0,
  '>=': (order: number) => order >= 0,
};

type OrderOperator = keyof typeof OPERATORS;

/** The four comparisons of two values of a type. */
function ordered<L, R>(
  left: ParameterType<L>,
  right: ParameterType<R>,
  compare: (left: L, right: R) => number,
): Definition[] {
  return (Object.keys(OPERATORS) as OrderOperator[]).map((operator) =>
    define(`#operator_${operator}`, { left, right }, (bound) =>
      OPERATORS[operator](compare(bound.left as L, bound.right as R)),
    ),
  );
}

function compareBig(left: bigint, right: bigint): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

type SetLike = ValueSet | View;

function isSubset(a: SetLike, b: SetLike): boolean {
  const others = membersOf(b);
  return [...membersOf(a).keys()].every((key) => others.has(key));
}

/** Equality and order; null comes before everything else (yaql/standard_library/common.py, strings.py, math.py). */
export const comparisonFunctions: readonly Definition[] = [
  define('*equal', { left: any, right: any }, ({ left, right }) => areEqual(left, right)),
  define('*not_equal', { left: any, right: any }, ({ left, right }) => !areEqual(left, right)),
  ...ordered(nothing, nothing, () => 0),
  ...ordered(nothing, notNull, () => -1),
  ...ordered(notNull, nothing, () => 1),
  ...ordered(text, text, compareTexts),
  ...ordered(number, number, compareNumbers),
  ...ordered(dateTime, dateTime, (left, right) => compareBig(left.utcMicroseconds, right.utcMicroseconds)),
  ...ordered(timeSpan, timeSpan, (left, right) => compareBig(left.microseconds, right.microseconds)),
  define(
    '#operator_<',
    { left: set, right: set },
    ({ left, right }) => isSubset(left, right) && !isSubset(right, left),
  ),
  define('#operator_<=', { left: set, right: set }, ({ left, right }) => isSubset(left, right)),
  define(
    '#operator_>',
    { left: set, right: set },
    ({ left, right }) => isSubset(right, left) && !isSubset(left, right),
  ),
  define('#operator_>=', { left: set, right: set }, ({ left, right }) => isSubset(right, left)),
];
