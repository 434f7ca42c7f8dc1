import { method } from '../definitions.ts';
import { isTruthy } from '../python.ts';
import { iterable, type Lambda, lambda, ordering } from '../types.ts';
import { type Collection, itemsOf, Ordering, type Value } from '../values.ts';

type Invoke = (name: string, left: Value, right: Value) => Value;

/** A collection in the order of its fields, sorted when it is read first (queries.py, OrderingIterable). */
class SortedCollection extends Ordering {
  readonly #collection: Collection;
  readonly #invoke: Invoke;
  readonly #fields: { readonly selector: Lambda; readonly sign: number }[] = [];
  #sorted: readonly Value[] | undefined;

  constructor(collection: Collection, invoke: Invoke) {
    super();
    this.#collection = collection;
    this.#invoke = invoke;
  }

  addField(selector: Lambda, sign: number): this {
    this.#fields.push({ selector, sign });
    return this;
  }

  override [Symbol.iterator](): Iterator<Value> {
    this.#sorted ??= [...itemsOf(this.#collection)].sort((left, right) => this.#compare(left, right));
    return this.#sorted[Symbol.iterator]();
  }

  #compare(left: Value, right: Value): number {
    for (const { selector, sign } of this.#fields) {
      const [a, b] = [selector(left), selector(right)];
      if (isTruthy(this.#invoke('#operator_<', a, b))) return -sign;
      if (isTruthy(this.#invoke('#operator_>', a, b))) return sign;
    }
    return 0;
  }
}

/** `orderBy` and `thenBy` (yaql/standard_library/queries.py). */
export const orderingFunctions = (
  [
    ['', 1],
    ['Descending', -1],
  ] as const
).flatMap(([suffix, sign]) => [
  method(`orderBy${suffix}`, { collection: iterable, selector: lambda }, ({ collection, selector }, { invoke }) =>
    new SortedCollection(collection, invoke).addField(selector, sign),
  ),
  method(`thenBy${suffix}`, { collection: ordering, selector: lambda }, ({ collection, selector }) =>
    (collection as SortedCollection).addField(selector, sign),
  ),
]);
