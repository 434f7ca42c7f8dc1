import { type Definition, define, extension, method } from '../definitions.ts';
import { isSet, membersOf, setOf } from '../python.ts';
import { any, iterable, set } from '../types.ts';
import { itemsOf, type Value, ValueSet, type View } from '../values.ts';
import { spread } from './lists.ts';

type SetLike = ValueSet | View;

/** A method of two sets whose result has the members that `keep` says. */
function combination(name: string, keep: (isInLeft: boolean, isInRight: boolean) => boolean): Definition {
  return method(name, { left: set, right: set }, ({ left, right }) => combine(left, right, keep));
}

function combine(left: SetLike, right: SetLike, keep: (isInLeft: boolean, isInRight: boolean) => boolean): ValueSet {
  const [a, b] = [membersOf(left), membersOf(right)];
  return new ValueSet(new Map([...b, ...a].filter(([hash]) => keep(a.has(hash), b.has(hash)))));
}

const isInFirstOnly = (isInLeft: boolean, isInRight: boolean): boolean => isInLeft && !isInRight;

/** Sets (yaql/standard_library/collections.py). */
export const setFunctions: readonly Definition[] = [
  define('set', {}, (_, { rest, evaluation }) => setOf(evaluation.budget.limited(spread(rest))), { rest: any }),
  define('isSet', { arg: any }, ({ arg }) => isSet(arg as Value)),
  method('toSet', { collection: iterable }, ({ collection }) => setOf(itemsOf(collection))),
  extension('len', { set }, (bound) => BigInt(membersOf(bound.set).size)),
  combination('union', (isInLeft, isInRight) => isInLeft || isInRight),
  combination('intersect', (isInLeft, isInRight) => isInLeft && isInRight),
  combination('difference', isInFirstOnly),
  combination('symmetricDifference', (isInLeft, isInRight) => isInLeft !== isInRight),
  define('#operator_-', { left: set, right: set }, ({ left, right }) => combine(left, right, isInFirstOnly)),
  method('add', { set }, (bound, { rest }) => combine(bound.set, setOf(rest), () => true), { rest: any }),
  method('remove', { set }, (bound, { rest }) => combine(bound.set, setOf(rest), isInFirstOnly), { rest: any }),
];
