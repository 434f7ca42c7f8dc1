import { define, method } from '../definitions.ts';
import { isTruthy } from '../python.ts';
import { any, integer, lambda, lazyPair } from '../types.ts';
import { lazily } from './streams.ts';

/** Choices and truth (yaql/standard_library/branching.py and boolean.py). */
export const branchingFunctions = [
  define(
    'switch',
    {},
    (_, { rest }) => {
      for (const { source, destination } of rest) if (isTruthy(source())) return destination();
      return null;
    },
    { rest: lazyPair, takesPairs: true },
  ),

  define(
    'selectCase',
    {},
    (_, { rest }) => {
      const index = rest.findIndex((condition) => isTruthy(condition()));
      return BigInt(index === -1 ? rest.length : index);
    },
    { rest: lambda },
  ),

  define(
    'selectAllCases',
    {},
    (_, { rest }) =>
      lazily(function* () {
        for (const [index, condition] of rest.entries()) if (isTruthy(condition())) yield BigInt(index);
      }),
    { rest: lambda },
  ),

  define(
    'examine',
    {},
    (_, { rest }) =>
      lazily(function* () {
        for (const condition of rest) yield isTruthy(condition());
      }),
    { rest: lambda },
  ),

  method(
    'switchCase',
    { case: integer },
    ({ case: index }, { rest }) => {
      const chosen = index >= 0n && index < BigInt(rest.length) ? rest[Number(index)] : rest.at(-1);
      return chosen === undefined ? null : chosen();
    },
    { rest: lambda },
  ),

  define(
    'coalesce',
    {},
    (_, { rest }) => {
      for (const candidate of rest) {
        const value = candidate();
        if (value !== null) return value;
      }
      return null;
    },
    { rest: lambda },
  ),

  define('#operator_and', { left: lambda, right: lambda }, ({ left, right }) => {
    const value = left();
    return isTruthy(value) ? right() : value;
  }),

  define('#operator_or', { left: lambda, right: lambda }, ({ left, right }) => {
    const value = left();
    return isTruthy(value) ? value : right();
  }),

  define('#unary_operator_not', { arg: any }, ({ arg }) => !isTruthy(arg)),
  define('bool', { value: any }, ({ value }) => isTruthy(value)),
  define('isBoolean', { value: any }, ({ value }) => typeof value === 'boolean'),
];
