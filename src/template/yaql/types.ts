import type { Context } from './context.ts';
import { YaqlError } from './errors.ts';
import type { Evaluation } from './evaluate.ts';
import { limitMemory, MAX_ITEMS, tooManyItems } from './limits.ts';
import { isSet } from './python.ts';
import { ConstantNode, MappingNode, Node } from './syntax.ts';
import { DateTime, TimeSpan } from './time.ts';
import {
  type Collection,
  Dictionary,
  isCollection,
  itemsOf,
  List,
  Ordering,
  Pair,
  Pattern,
  Stream,
  type Value,
  type ValueSet,
  type View,
} from './values.ts';

/** What is given for a parameter: a value, or a part of the expression that is evaluated later or never. */
export type Given = Value | Node;

/** What a parameter takes (yaql/language/yaqltypes.py). `T` is what the function gets. */
export interface ParameterType<T> {
  /** Gets the part of the expression instead of its value. */
  readonly isLazy: boolean;
  /** The Python types that this one is a special case of. */
  readonly generalizations: readonly string[];
  readonly name: string;
  /** Whether the parameter takes this. Of a part that has to be evaluated first, true. */
  accepts(given: Given): boolean;
  /** What the function gets. `context` is the call's own. */
  convert(given: Given, context: Context, evaluation: Evaluation): T;
}

/** A parameter that may be left out. */
export interface OptionalParameter<T> {
  readonly type: ParameterType<T>;
  readonly fallback: T;
}

/** A type of values that satisfy `check`. */
function valueType<T>(
  name: string,
  check: (value: Value) => boolean,
  options: { readonly isNullable?: boolean; readonly generalizations?: readonly string[] } = {},
  convert: (value: Value, evaluation: Evaluation) => T = (value) => value as T,
): ParameterType<T> {
  return {
    name,
    isLazy: false,
    generalizations: options.generalizations ?? [],
    accepts(given) {
      const value = given instanceof ConstantNode ? given.value : given;
      if (value instanceof Node) return true;
      return value === null ? options.isNullable === true : check(value);
    },
    convert(given, _context, evaluation) {
      const value = (given instanceof ConstantNode ? given.value : given) as Value;
      limitMemory([1, value]);
      evaluation.budget.work(value);
      return value === null ? (null as T) : convert(value, evaluation);
    },
  };
}

/** The same type, which takes null as well. */
export function nullable<T>(type: ParameterType<T>): ParameterType<T | null> {
  return {
    ...type,
    accepts: (given) =>
      given === null || (given instanceof ConstantNode && given.value === null) || type.accepts(given),
    convert: (given, context, evaluation) =>
      given === null || (given instanceof ConstantNode && given.value === null)
        ? null
        : type.convert(given, context, evaluation),
  };
}

export function optional<T, F extends T | null | undefined>(
  type: ParameterType<T>,
  fallback: F,
): OptionalParameter<T | F> {
  return { type, fallback } as OptionalParameter<T | F>;
}

const isText = (value: Value): value is string => typeof value === 'string';
const isBoolean = (value: Value): value is boolean => typeof value === 'boolean';

/** Any value, null included. */
export const any = valueType<Value>('object', () => true, { isNullable: true });

/** Any value but null. */
export const notNull = valueType<Exclude<Value, null>>('object', () => true);

/** Null and nothing else. */
export const nothing = valueType<null>('NoneType', () => false, { isNullable: true, generalizations: ['object'] });

export const text = valueType<string>('str', isText, { generalizations: ['object', 'Sequence', 'Iterable'] });

/** `int`, of which booleans are a kind. */
export const integer = valueType<bigint>(
  'int',
  (value) => typeof value === 'bigint' || isBoolean(value),
  { generalizations: ['object'] },
  (value) => BigInt(value as bigint | boolean),
);

/** An integer that is no boolean. */
export const strictInteger = valueType<bigint>('int', (value) => typeof value === 'bigint', {
  generalizations: ['object'],
});

export const number = valueType<bigint | number>(
  'number',
  (value) => typeof value === 'bigint' || typeof value === 'number',
);

export const boolean = valueType<boolean>('bool', isBoolean, { generalizations: ['int', 'object'] });

export const mapping = valueType<Dictionary>('Mapping', (value) => value instanceof Dictionary, {
  generalizations: ['object', 'Iterable'],
});

export const pair = valueType<Pair>('MappingRule', (value) => value instanceof Pair, { generalizations: ['object'] });

export const set = valueType<ValueSet | View>('Set', isSet, { generalizations: ['object', 'Iterable'] });

export const pattern = valueType<Pattern>('Pattern', (value) => value instanceof Pattern, {
  generalizations: ['object'],
});

export const ordering = valueType<Ordering>('OrderingIterable', (value) => value instanceof Ordering, {
  generalizations: ['object', 'Iterable'],
});

export const dateTime = valueType<DateTime>(
  'datetime',
  (value) => value instanceof DateTime,
  { generalizations: ['object'] },
  (value) => (value as DateTime).withZone(),
);

export const timeSpan = valueType<TimeSpan>('timedelta', (value) => value instanceof TimeSpan, {
  generalizations: ['object'],
});

/** A tuple or a list. */
export const sequence = valueType<List>('Sequence', (value) => value instanceof List, {
  generalizations: ['object', 'Iterable'],
});

/** A stream, which can be read once. */
export const iterator = valueType<Stream>('Iterator', (value) => value instanceof Stream, {
  generalizations: ['object', 'Iterable'],
});

/** Anything with items, of which at most MAX_ITEMS are read. */
export const iterable = valueType<Collection>(
  'Iterable',
  isCollection,
  { generalizations: ['object'] },
  (value, evaluation) => limitItems(value as Collection, evaluation),
);

/** As `iterable`, but no set. */
export const iterableNoSet = valueType<Collection>(
  'Iterable',
  (value) => isCollection(value) && !isSet(value),
  { generalizations: ['object'] },
  (value, evaluation) => limitItems(value as Collection, evaluation),
);

/** The collection, which yields at most MAX_ITEMS; one that is known to be longer is refused at once. */
export function limitItems(collection: Collection, evaluation: Evaluation): Collection {
  if (collection instanceof List || isSet(collection)) {
    const size = collection instanceof List ? collection.items.length : [...itemsOf(collection)].length;
    if (size > MAX_ITEMS) throw tooManyItems();
    return collection;
  }
  const limited = evaluation.budget.limited(itemsOf(collection));
  return new Stream(() => limited);
}

/** A part of the expression as a function of `$1`, `$2`, ... */
export type Lambda = (...values: readonly Value[]) => Value;

export const lambda: ParameterType<Lambda> = lazy(
  'Lambda',
  () => true,
  (given, context, evaluation) => {
    return (...values) => {
      if (!(given instanceof Node)) return given;
      const inner = context.child();
      values.forEach((value, index) => {
        inner.set(`$${index + 1}`, value);
      });
      return evaluation.evaluate(given, inner);
    };
  },
);

/** A part of the expression as a function of the context that it is evaluated in. */
export const contextLambda: ParameterType<(context: Context) => Value> = lazy(
  'Lambda',
  () => true,
  (given, _context, evaluation) => (inner) => (given instanceof Node ? evaluation.evaluate(given, inner) : given),
);

/** A call as a method of a receiver. */
export const methodLambda: ParameterType<(receiver: Value) => Value> = lazy(
  'Lambda',
  (given) => !(given instanceof Node) || given.takesReceiver,
  (given, context, evaluation) => (receiver) =>
    given instanceof Node ? evaluation.evaluate(given, context.child(), receiver) : given,
);

/** A part of the expression as it is. */
export const part: ParameterType<Node> = lazy(
  'Expression',
  (given) => given instanceof Node,
  (given) => given as Node,
);

/** `source => destination`, neither of them evaluated yet. */
export const lazyPair: ParameterType<{ readonly source: () => Value; readonly destination: () => Value }> = lazy(
  'MappingRule',
  (given) => given instanceof MappingNode,
  (given, context, evaluation) => {
    const { source, destination } = given as MappingNode;
    return {
      source: () => evaluation.evaluate(source, context),
      destination: () => evaluation.evaluate(destination, context),
    };
  },
);

/** A bare word. */
export const word: ParameterType<string> = {
  name: 'Keyword',
  isLazy: false,
  generalizations: [],
  accepts: (given) => given instanceof ConstantNode && given.isWord,
  convert: (given) => (given as ConstantNode).value as string,
};

/** A literal text. */
export const literalText: ParameterType<string> = {
  ...word,
  name: 'StringConstant',
  accepts: (given) => given instanceof ConstantNode && typeof given.value === 'string',
};

/** A context that `let` and its kind made. */
export const contextType: ParameterType<Context> = {
  ...valueType<Context>('ContextBase', () => true),
  accepts: (given) => (given instanceof Node ? !(given instanceof ConstantNode) : isContext(given)),
};

function isContext(value: Value): value is Context {
  return typeof value === 'object' && value !== null && 'overloads' in value;
}

function lazy<T>(
  name: string,
  accepts: (given: Given) => boolean,
  convert: ParameterType<T>['convert'],
): ParameterType<T> {
  return { name, isLazy: true, generalizations: [], accepts, convert };
}

/** The number that an index, count or position is, which has to be of a sensible size. */
export function toIndex(value: bigint): number {
  const index = Number(value);
  if (!Number.isSafeInteger(index)) throw new YaqlError('Python int too large to convert to C ssize_t');
  return index;
}
