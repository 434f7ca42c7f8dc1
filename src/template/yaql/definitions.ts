import type { Context } from './context.ts';
import type { Evaluation } from './evaluate.ts';
import type { Given, OptionalParameter, ParameterType } from './types.ts';
import type { Value } from './values.ts';

/** Where a call is evaluated, and how a function calls others. */
export interface Call {
  /** The call's own context, a child of the one around it. */
  readonly context: Context;
  readonly evaluation: Evaluation;
  /** Calls a function by its name, operators included. */
  invoke(name: string, ...args: readonly Given[]): Value;
}

/** A parameter of an overload. */
export interface Parameter {
  readonly name: string;
  readonly type: ParameterType<unknown>;
  /** Undefined for one that has to be given. */
  readonly optional: { readonly fallback: unknown } | undefined;
}

/** One overload of a function of the library. */
export interface Definition {
  readonly name: string;
  readonly isFunction: boolean;
  readonly isMethod: boolean;
  readonly parameters: readonly Parameter[];
  /** Takes the arguments behind the parameters. */
  readonly rest: ParameterType<unknown> | undefined;
  /** Takes arguments by any name. */
  readonly named: ParameterType<unknown> | undefined;
  /** `a => b` is an entry of a map here, and no argument by name. */
  readonly takesPairs: boolean;
  readonly run: (
    args: readonly unknown[],
    rest: readonly unknown[],
    named: ReadonlyMap<string, unknown>,
    call: Call,
  ) => Value;
}

type Shape = {
  readonly [name: string]:
    | ParameterType<never>
    | OptionalParameter<never>
    | ParameterType<unknown>
    | OptionalParameter<unknown>;
};

/** What a function gets, by the names of its parameters. */
type Bound<S> = {
  readonly [K in keyof S]: S[K] extends ParameterType<infer T>
    ? T
    : S[K] extends OptionalParameter<infer T>
      ? T
      : never;
};

/** How an overload may be called, and what it takes besides its parameters. */
export interface Options<R> {
  /** `function`: `f(a)`; `method`: `a.f()`; `both`. */
  readonly as?: 'function' | 'method' | 'both';
  readonly rest?: ParameterType<R>;
  readonly named?: ParameterType<Value>;
  readonly takesPairs?: boolean;
}

/** What a function gets besides its parameters. */
export interface Extra<R> extends Call {
  readonly rest: readonly R[];
  readonly named: ReadonlyMap<string, Value>;
}

/** Defines one overload: the parameters in their order, by the names that they have in an expression. */
export function define<S extends Shape, R = never>(
  name: string,
  parameters: S,
  run: (bound: Bound<S>, extra: Extra<R>) => Value,
  options: Options<R> = {},
): Definition {
  const kind = options.as ?? 'function';
  const list = Object.entries(parameters).map(([key, given]): Parameter => {
    if ('accepts' in given) return { name: key, type: given, optional: undefined };
    return { name: key, type: given.type, optional: { fallback: given.fallback } };
  });
  return {
    name,
    isFunction: kind !== 'method',
    isMethod: kind !== 'function',
    parameters: list,
    rest: options.rest,
    named: options.named,
    takesPairs: options.takesPairs ?? false,
    run: (args, rest, named, call) => {
      const bound = Object.fromEntries(list.map((parameter, index) => [parameter.name, args[index]])) as Bound<S>;
      return run(bound, {
        context: call.context,
        evaluation: call.evaluation,
        invoke: call.invoke,
        rest: rest as readonly R[],
        named: named as ReadonlyMap<string, Value>,
      });
    },
  };
}

/** As `define`, for what is called behind a dot. */
export function method<S extends Shape, R = never>(
  name: string,
  parameters: S,
  run: (bound: Bound<S>, extra: Extra<R>) => Value,
  options: Omit<Options<R>, 'as'> = {},
): Definition {
  return define(name, parameters, run, { ...options, as: 'method' });
}

/** As `define`, for what is called in both ways. */
export function extension<S extends Shape, R = never>(
  name: string,
  parameters: S,
  run: (bound: Bound<S>, extra: Extra<R>) => Value,
  options: Omit<Options<R>, 'as'> = {},
): Definition {
  return define(name, parameters, run, { ...options, as: 'both' });
}
