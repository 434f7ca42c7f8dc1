import { StackValidationFailed } from '../errors.ts';
import { type Name, printName } from '../names.ts';
import { type Path, printPath } from '../source.ts';
import { asJson, type Json, MAX_VALUE_DEPTH } from '../values.ts';

/** A value of type `T` that the template computes at run time. Can be given wherever a property of type `T` can. */
export class Computed<T> {
  /** The type of the value. Only for the compiler; reading it gives undefined. */
  declare readonly valueType: T;
  /** The value as a HOT document states it: a call of a function. */
  readonly hot: Json;

  constructor(hot: Json) {
    this.hot = hot;
  }

  toJSON(): Json {
    return this.hot;
  }

  /** Throws: the value is not known while the template is built, so it cannot be put into a text by `+` or `${}`. */
  toString(): never {
    throw new StackValidationFailed({
      what: `${JSON.stringify(this.hot)} cannot be made a text while the template is built.`,
      why: 'The value is computed when the stack is created.',
      fix: 'Build the text from it by text`...`, strReplace or listJoin.',
    });
  }
}

/** A computed value whose parts can be named: a parameter or an attribute. */
export class Reference<T> extends Computed<T> {
  readonly #call: 'get_attr' | 'get_param';
  readonly #steps: readonly (string | number)[];

  constructor(call: 'get_attr' | 'get_param', steps: readonly (string | number)[]) {
    super({ [call]: call === 'get_param' && steps.length === 1 ? (steps[0] as string) : steps });
    this.#call = call;
    this.#steps = steps;
  }

  /** The part of the value at a key or an index. */
  at<K extends StepInto<NonNullable<T>>>(step: K): Reference<Known<NonNullable<T>[K]>> {
    return new Reference(this.#call, [...this.#steps, step]);
  }
}

/** The keys of a map, or the indexes of a list. */
type StepInto<T> = keyof T & (T extends readonly unknown[] ? number : string | number);

/** A value that no schema describes can be given for any property. */
// biome-ignore lint/suspicious/noExplicitAny: `any` alone is assignable to all types
export type Known<T> = unknown extends T ? any : T;

/** JSON in which any node may be computed. */
export type BuiltJson =
  | null
  | boolean
  | number
  | string
  | Computed<unknown>
  | readonly BuiltJson[]
  | { readonly [key: string]: BuiltJson };

/** What can be given where a value of type `T` is wanted: the value, something that computes it, or a mixture of both. */
export type Given<T> = unknown extends T ? BuiltJson : Computed<Widened<Exclude<T, undefined>>> | GivenInside<T>;

type GivenInside<T> = T extends string | number | boolean | null | undefined
  ? T
  : T extends readonly (infer Item)[]
    ? readonly Given<Item>[]
    : { readonly [K in keyof T]: Given<T[K]> };

/** A computed value has no literal type: whether it is one of an enum's values is seen at run time. */
export type Widened<T> = T extends string
  ? string
  : T extends number
    ? number
    : T extends boolean
      ? boolean
      : T extends readonly (infer Item)[]
        ? readonly Widened<Item>[]
        : T extends object
          ? { readonly [K in keyof T]: Widened<T[K]> }
          : T;

/** The type of the value that something given comes to. */
export type ValueOf<G> =
  G extends Computed<infer T>
    ? T
    : G extends readonly (infer Item)[]
      ? readonly ValueOf<Item>[]
      : G extends object
        ? { readonly [K in keyof G]: ValueOf<G[K]> }
        : Widened<G>;

/** A condition: an expression over parameters, or the name of one in the template's section `conditions`. */
export class Condition {
  /** Only for the compiler, to which a computed value would look the same. */
  declare readonly isCondition: true;
  /** The condition as a HOT document states it. */
  readonly hot: Json;

  constructor(hot: Json) {
    this.hot = hot;
  }

  toJSON(): Json {
    return this.hot;
  }
}

/** What holds or does not: a condition, or a boolean parameter. */
export type GivenCondition = Condition | Computed<boolean>;

/** Holds when both values are equal. They may be parameters, but nothing that is read at run time. */
export function equals(left: BuiltJson, right: BuiltJson): Condition {
  return new Condition({ equals: [toDocument(left), toDocument(right)] });
}

/** Holds when `condition` does not. */
export function not(condition: GivenCondition): Condition {
  return new Condition({ not: condition.hot });
}

/** Holds when all of them do. Takes two or more, as Heat does. */
export function and(...conditions: readonly [GivenCondition, GivenCondition, ...GivenCondition[]]): Condition {
  return new Condition({ and: conditions.map(({ hot }) => hot) });
}

/** Holds when one of them does. Takes two or more, as Heat does. */
export function or(...conditions: readonly [GivenCondition, GivenCondition, ...GivenCondition[]]): Condition {
  return new Condition({ or: conditions.map(({ hot }) => hot) });
}

/** `template` with each key of `params` replaced by its value. */
export function strReplace(template: Given<string>, params: { readonly [text: string]: BuiltJson }): Computed<string> {
  return new Computed({ str_replace: { template: toDocument(template), params: toDocument(params) } });
}

/** The items of all lists as one text, `delimiter` between them. */
export function listJoin(delimiter: string, ...lists: readonly Given<readonly unknown[]>[]): Computed<string> {
  return new Computed({ list_join: [delimiter, ...lists.map((list) => toDocument(list))] });
}

/** The text of a file that is given along with the template; see BuildOptions. */
export function getFile(name: string): Computed<string> {
  return new Computed({ get_file: name });
}

/** `whenTrue` if the condition holds, else `whenFalse`. */
export function ifElse<const A extends BuiltJson, const B extends BuiltJson>(
  condition: GivenCondition,
  whenTrue: A,
  whenFalse: B,
): Computed<ValueOf<A> | ValueOf<B>> {
  return new Computed({ if: [condition.hot, toDocument(whenTrue), toDocument(whenFalse)] });
}

/**
 * The value of a name in the data space, which may belong to another stack, even one that does not exist yet. Blocks its
 * reader until the name is written. A text is read as parseName does. The type of the value is what the caller says.
 */
// biome-ignore lint/suspicious/noExplicitAny: nothing is known of the value unless the caller says it
export function getData(name: Name | string): Computed<any>;
export function getData<T>(name: Name | string): Computed<T>;
export function getData(name: Name | string): Computed<unknown> {
  return new Computed({ get_data: typeof name === 'string' ? name : printName(name) });
}

/** A text with computed parts: text`http://${server.attr.host}:${port}/`. Made of `str_replace`. */
export function text(
  literals: TemplateStringsArray,
  ...parts: readonly Given<string | number | boolean>[]
): Computed<string> {
  const mark = unusedMark(literals);
  const marked = (index: number): string => `${mark}{${index}}`;
  const template = literals.reduce((before, literal, index) => `${before}${marked(index - 1)}${literal}`);
  return strReplace(template, Object.fromEntries(parts.map((part, index) => [marked(index), part])));
}

/** Signs that occur in none of the literals, so that nothing but the marked places is replaced. */
function unusedMark(literals: readonly string[]): string {
  let mark = '%';
  while (literals.some((literal) => literal.includes(mark))) mark += '%';
  return mark;
}

/**
 * Something given as plain JSON, each computed value as the call that computes it. Throws StackValidationFailed for
 * `undefined`, which is most often a misspelt attribute in a program without types, and NotJson.
 */
export function toDocument(value: unknown, path: Path = []): Json {
  if (value instanceof Computed || value instanceof Condition) return value.hot;
  if (value === undefined) {
    throw new StackValidationFailed({
      what: `The value ${path.length === 0 ? 'that was given' : `at ${printPath(path)}`} is undefined.`,
      why: 'JSON has no such value, and leaving it out may hide a misspelt attribute.',
      fix: 'Give a value, or leave the key out.',
    });
  }
  if (path.length < MAX_VALUE_DEPTH && Array.isArray(value)) {
    return value.map((item, index) => toDocument(item, [...path, index]));
  }
  if (path.length < MAX_VALUE_DEPTH && isPlainObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toDocument(item, [...path, key])]));
  }
  return asJson(value);
}

function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
