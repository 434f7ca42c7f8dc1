import type { Context } from './context.ts';
import type { Definition, Parameter } from './definitions.ts';
import { NoMatchingFunction, UnknownFunction, YaqlError } from './errors.ts';
import type { Evaluation } from './evaluate.ts';
import { literalOf, textOf } from './python.ts';
import { ConstantNode, HOLE, MappingNode, Node } from './syntax.ts';
import type { Given, ParameterType } from './types.ts';
import type { Value } from './values.ts';

/** The arguments of a call: a receiver comes first, those by name apart. */
interface Arguments {
  readonly positional: readonly (Given | typeof HOLE)[];
  readonly named: ReadonlyMap<string, Given>;
}

/** An overload with what each of its parameters gets; a parameter that is left out gets nothing. */
interface Binding {
  readonly definition: Definition;
  readonly parameters: readonly (Given | undefined)[];
  readonly rest: readonly Given[];
  readonly named: ReadonlyMap<string, Given>;
  /** The type by the position or name of what is given. */
  readonly types: ReadonlyMap<number | string, ParameterType<unknown>>;
}

/** A call to be resolved. */
export interface Invocation {
  readonly name: string;
  /** What stands before the dot; undefined for a function. */
  readonly receiver: Value | undefined;
  readonly parts: readonly (Given | typeof HOLE)[];
  /** Arguments by name besides those among the parts. */
  readonly named: ReadonlyMap<string, Value>;
  /** Where the function is looked up and the arguments are evaluated. */
  readonly context: Context;
}

/**
 * Calls the overload that takes the arguments (yaql/language/runner.py, choose_overload): those are dropped that have no
 * place for them; then the arguments are evaluated that none of the others takes unevaluated; then the first layer of
 * overloads counts in which one takes the values, the most special one if several do.
 */
export function invokeOverload(invocation: Invocation, evaluation: Evaluation): Value {
  const { name, receiver, context } = invocation;
  const layers = context.overloads(name, receiver !== undefined);
  if (layers.length === 0) throw unknown(name, receiver);
  const given = receiver === undefined ? invocation.parts : [receiver, ...invocation.parts];
  const takesPairs = layers[0]?.[0]?.takesPairs ?? false;
  const args = takesPairs ? { positional: given, named: invocation.named } : separateNamed(given, invocation.named);
  const candidates: Definition[][] = [];
  let lazy: string | undefined;
  for (const layer of layers) {
    const matching: Definition[] = [];
    for (const definition of layer) {
      if (definition.takesPairs !== takesPairs) throw ambiguous(name, receiver);
      const binding = bind(definition, args);
      if (binding === undefined || !acceptsPositional(binding, args)) continue;
      const own = lazyParts(binding);
      if (lazy !== undefined && lazy !== own) throw ambiguous(name, receiver);
      lazy = own;
      matching.push(definition);
    }
    if (matching.length > 0) candidates.push(matching);
  }
  if (candidates.length === 0) throw noMatching(name, receiver);
  const values = evaluateArguments(args, new Set((lazy as string).split(' ')), invocation.context, evaluation);
  for (const layer of candidates) {
    const chosen = mostSpecial(layer, values, name, receiver);
    if (chosen !== undefined) return run(chosen, invocation.context, evaluation);
  }
  throw noMatching(name, receiver);
}

function run(binding: Binding, context: Context, evaluation: Evaluation): Value {
  const inner = context.child();
  const { definition } = binding;
  const convert = (given: Given, type: ParameterType<unknown>): unknown => type.convert(given, inner, evaluation);
  const parameters = definition.parameters.map((parameter, index) => {
    const given = binding.parameters[index];
    return given === undefined ? parameter.optional?.fallback : convert(given, parameter.type);
  });
  const rest = binding.rest.map((given) => convert(given, definition.rest as ParameterType<unknown>));
  const named = new Map(
    [...binding.named].map(([key, given]) => [key, convert(given, definition.named as ParameterType<unknown>)]),
  );
  return definition.run(parameters, rest, named, {
    context: inner,
    evaluation,
    invoke: (name, ...args) => evaluation.invoke(name, args, inner),
  });
}

/** The binding of the layer's most special overload that takes the values; undefined if none does. */
function mostSpecial(
  layer: readonly Definition[],
  values: Arguments,
  name: string,
  receiver: Value | undefined,
): Binding | undefined {
  let chosen: Binding | undefined;
  for (const definition of layer) {
    const binding = bind(definition, values);
    if (binding === undefined || !acceptsAll(binding, values)) continue;
    if (chosen !== undefined) {
      if (isMoreSpecial(chosen, binding)) continue;
      if (!isMoreSpecial(binding, chosen)) throw ambiguous(name, receiver);
    }
    chosen = binding;
  }
  return chosen;
}

function isMoreSpecial(a: Binding, b: Binding): boolean {
  let isSpecial = false;
  for (const [key, type] of a.types) {
    const other = b.types.get(key);
    if (other === undefined || other.name === type.name) continue;
    if (type.generalizations.length > 0 && other.generalizations.includes(type.name)) return false;
    if (other.name === 'object' ? type.generalizations.includes('object') : type.generalizations.includes(other.name)) {
      isSpecial = true;
    } else if (type.name === 'object' && other.generalizations.includes('object')) {
      return false;
    }
  }
  return isSpecial;
}

/** Which argument goes to which parameter (yaql/language/specs.py, map_args); undefined if one has no place. */
function bind(definition: Definition, args: Arguments): Binding | undefined {
  const named = new Map(args.named);
  const types = new Map<number | string, ParameterType<unknown>>();
  const parameters: (Given | undefined)[] = [];
  for (const [index, parameter] of definition.parameters.entries()) {
    const given = args.positional[index];
    if (given !== undefined && given !== HOLE) {
      if (named.has(parameter.name)) return undefined;
      parameters.push(given);
      types.set(index, parameter.type);
      continue;
    }
    const byName = named.get(parameter.name);
    if (byName !== undefined) {
      parameters.push(byName);
      types.set(parameter.name, parameter.type);
      named.delete(parameter.name);
    } else if (isOptional(parameter)) parameters.push(undefined);
    else return undefined;
  }
  const rest = args.positional.slice(definition.parameters.length);
  if (rest.length > 0 && (definition.rest === undefined || rest.includes(HOLE))) return undefined;
  if (named.size > 0 && definition.named === undefined) return undefined;
  for (const index of rest.keys()) {
    types.set(definition.parameters.length + index, definition.rest as ParameterType<unknown>);
  }
  for (const key of named.keys()) types.set(key, definition.named as ParameterType<unknown>);
  return { definition, parameters, rest: rest as readonly Given[], named, types };
}

function isOptional(parameter: Parameter): boolean {
  return parameter.optional !== undefined;
}

function acceptsPositional(binding: Binding, args: Arguments): boolean {
  return args.positional.every((given, index) => given === HOLE || binding.types.get(index)?.accepts(given) !== false);
}

function acceptsAll(binding: Binding, args: Arguments): boolean {
  return (
    acceptsPositional(binding, args) &&
    [...args.named].every(([key, given]) => binding.types.get(key)?.accepts(given) !== false)
  );
}

/** The positions and names that stay unevaluated, as a text to compare. */
function lazyParts(binding: Binding): string {
  return [...binding.types].flatMap(([key, type]) => (type.isLazy ? [String(key)] : [])).join(' ');
}

function evaluateArguments(
  args: Arguments,
  lazy: ReadonlySet<string>,
  context: Context,
  evaluation: Evaluation,
): Arguments {
  const evaluate = (given: Given, key: string): Given =>
    given instanceof Node && !(given instanceof ConstantNode) && !lazy.has(key)
      ? evaluation.evaluate(given, context)
      : given;
  return {
    positional: args.positional.map((given, index) => (given === HOLE ? given : evaluate(given, String(index)))),
    named: new Map([...args.named].map(([key, given]) => [key, evaluate(given, key)])),
  };
}

function separateNamed(given: readonly (Given | typeof HOLE)[], more: ReadonlyMap<string, Value>): Arguments {
  const positional: (Given | typeof HOLE)[] = [];
  const named = new Map<string, Given>(more);
  for (const one of given) {
    if (!(one instanceof MappingNode)) positional.push(one);
    else if (one.source instanceof ConstantNode && one.source.isWord)
      named.set(one.source.value as string, one.destination);
    else throw new YaqlError('Cannot convert mapping to keyword argument');
  }
  return { positional, named };
}

function unknown(name: string, receiver: Value | undefined): UnknownFunction {
  if (receiver === undefined) return new UnknownFunction(name);
  return new UnknownFunction(name, `Unknown method "${name}" for receiver ${show(receiver)}`);
}

function noMatching(name: string, receiver: Value | undefined): NoMatchingFunction {
  return new NoMatchingFunction(
    receiver === undefined
      ? `No function "${name}" matches supplied arguments`
      : `No method "${name}" for receiver ${show(receiver)} matches supplied arguments`,
  );
}

function ambiguous(name: string, receiver: Value | undefined): YaqlError {
  return new YaqlError(
    receiver === undefined
      ? `Ambiguous function "${name}"`
      : `Ambiguous method "${name}" for receiver ${show(receiver)}`,
  );
}

function show(receiver: Value): string {
  return typeof receiver === 'string' ? textOf(receiver) : literalOf(receiver);
}
