import { define, method } from '../definitions.ts';
import { YaqlError } from '../errors.ts';
import { ConstantNode } from '../syntax.ts';
import {
  any,
  contextLambda,
  contextType,
  iterable,
  lambda,
  literalText,
  mapping,
  methodLambda,
  optional,
  part,
  sequence,
  text,
  word,
} from '../types.ts';
import { isCollection, itemsOf, streamOf } from '../values.ts';
import { memorize } from './streams.ts';

/** Variables, the dot and the arrow (yaql/standard_library/system.py). */
export const systemFunctions = [
  define('#get_context_data', { name: literalText }, ({ name }, { context }) => context.get(name)),

  define('#operator_.', { receiver: any, expr: methodLambda }, ({ receiver, expr }) => expr(receiver)),

  define('#operator_?.', { receiver: any, expr: part }, ({ receiver, expr }, { invoke }) =>
    receiver === null ? null : invoke('#operator_.', receiver, expr),
  ),

  define('#operator_->', { left: contextType, right: contextLambda }, ({ left, right }) => right(left)),

  define(
    'with',
    {},
    (_, { rest, context }) => {
      rest.forEach((value, index) => {
        context.set(String(index + 1), value);
      });
      return context;
    },
    { rest: any },
  ),

  define(
    'let',
    {},
    (_, { rest, named, context }) => {
      rest.forEach((value, index) => {
        context.set(String(index + 1), value);
      });
      for (const [name, value] of named) context.set(name, value);
      return context;
    },
    { rest: any, named: any },
  ),

  method(
    'unpack',
    { sequence: iterable },
    ({ sequence: items }, { rest, context }) => {
      const values = [...itemsOf(items)];
      if (rest.length > 0 && rest.length !== values.length) {
        throw new YaqlError(`Cannot unpack ${Math.min(values.length, rest.length + 1)} elements into ${rest.length}`);
      }
      values.forEach((value, index) => {
        context.set(rest[index] ?? String(index + 1), value);
      });
      return context;
    },
    { rest: text },
  ),

  define('def', { name: text, func: lambda }, ({ name, func }, { context }) => {
    context.register(define(name, {}, (_, { rest }) => func(...rest), { rest: any }));
    return context;
  }),

  method(
    'assert',
    { obj: any, condition: lambda, message: optional(text, 'Assertion failed') },
    ({ obj, condition, message }, { evaluation }) => {
      const value = isCollection(obj) ? memorize(obj, evaluation) : obj;
      if (!condition(value)) throw new YaqlError(message);
      return value;
    },
  ),

  define(
    'call',
    { name: text, args: sequence, kwargs: mapping, receiver: optional(any, undefined) },
    ({ name, args, kwargs, receiver }, { evaluation, context }) =>
      evaluation.invoke(
        name,
        args.items,
        context,
        receiver,
        new Map(
          [...kwargs.entries.values()].flatMap(([key, value]) => (typeof key === 'string' ? [[key, value]] : [])),
        ),
      ),
  ),
];

/** `value.name` where nothing else takes it: a property, such as `year` (system.py, get_property). */
export const propertyFallback = define('#operator_.', { obj: any, name: word }, ({ obj, name }, { invoke }) =>
  invoke(`#property#${name}`, obj),
);

/** `list.name`: the property of each item (yaql/standard_library/queries.py, collection_attribution). */
export const collectionProperty = define(
  '#operator_.',
  { collection: iterable, attribute: word },
  ({ collection, attribute }, { invoke }) =>
    streamOf(
      (function* () {
        const name = new ConstantNode(0, attribute, true);
        for (const item of itemsOf(collection)) yield invoke('#operator_.', item, name);
      })(),
    ),
);
