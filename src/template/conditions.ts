import { StackValidationFailed } from '../errors.ts';
import type { SourceLocation } from '../source.ts';
import type { Json } from '../values.ts';
import { type Expression, FunctionCall, type StaticScope, withoutReads } from './expression.ts';
import { pythonText } from './python.ts';
import { referenceError, unknownCondition } from './references.ts';

/**
 * A condition where it is used: a boolean, the name of one in the section `conditions`, or a call of `equals`, `not`,
 * `and`, `or` or `get_param`. In the section itself Heat allows no names.
 */
export type ConditionExpression = boolean | string | FunctionCall;

/**
 * Conditions that name each other in a longer chain are refused. Evaluation follows names by recursion; Heat fails from
 * about 150 on, where Python's stack ends.
 */
export const MAX_CONDITION_CHAIN = 500;

/** Tells where the condition stands; called only for an error. */
export type Locate = () => SourceLocation | undefined;

const NOWHERE: Locate = () => undefined;

export function isConditionExpression(expression: Expression): expression is ConditionExpression {
  return typeof expression === 'boolean' || typeof expression === 'string' || expression instanceof FunctionCall;
}

/**
 * Whether a condition holds. Throws InvalidTemplateReference for the name of a condition that is not declared, and
 * StackValidationFailed for a call whose value is neither a boolean nor a name.
 */
export function evaluateCondition(
  condition: ConditionExpression,
  scope: StaticScope,
  locate: Locate = NOWHERE,
): boolean {
  if (typeof condition === 'boolean') return condition;
  if (typeof condition === 'string') return scope.condition(condition);
  return conditionHolds(condition.resolve(withoutReads(scope)) ?? null, scope, locate);
}

/** Whether what a condition has resolved to, a boolean or a condition's name, holds. */
export function conditionHolds(value: Json, scope: StaticScope, locate: Locate = NOWHERE): boolean {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string') return scope.condition(value);
  throw new StackValidationFailed({
    what: `Invalid condition "${pythonText(value)}"`,
    where: locate(),
    why: 'A condition is a boolean, the name of a condition, or a function such as equals.',
    fix: "Compare the value: {equals: [value, 'what it should be']}.",
  });
}

/**
 * Tells of each condition of the section `conditions` whether it holds. A condition is evaluated when it is first asked
 * for, so that one that nobody asks for may be wrong, as in Heat (heat/engine/conditions.py).
 *
 * The function throws InvalidTemplateReference for a name that is not declared, and StackValidationFailed for a condition
 * that depends on itself, that is no boolean, or that ends a chain longer than MAX_CONDITION_CHAIN.
 */
export function conditionResults(
  conditions: ReadonlyMap<string, ConditionExpression>,
  scope: StaticScope,
): (name: string) => boolean {
  const results = new Map<string, boolean>();
  /** The conditions that are being evaluated, each asked for by the one before it. */
  const chain: string[] = [];
  return (name) => {
    const known = results.get(name);
    if (known !== undefined) return known;
    const definition = conditions.get(name);
    const locate = (): SourceLocation | undefined => locateCall(definition ?? conditions.get(chain.at(-1) ?? ''));
    if (definition === undefined) {
      throw referenceError(unknownCondition(name, conditions.keys()), locate());
    }
    refuseChain(name, chain, locate);
    chain.push(name);
    try {
      const result = typeof definition === 'string' ? definition : evaluateDefinition(definition, scope);
      if (typeof result !== 'boolean') throw wrongDefinition(name, result, locate);
      results.set(name, result);
      return result;
    } finally {
      chain.pop();
    }
  };
}

/** The fields of the error for a definition in the section `conditions` that is neither a boolean nor a call. */
export function wrongDefinitionFields(
  name: string,
  definition: Json,
): {
  readonly what: string;
  readonly why: string;
  readonly fix: string;
} {
  return {
    what: `Condition validation error: The definition of condition "${name}" is invalid: ${pythonText(definition)}`,
    why: 'A definition is a boolean or a function such as equals; the name of another condition is none.',
    fix:
      typeof definition === 'string'
        ? `Write {and: [${definition}, true]} to give a condition a second name.`
        : `Write for example {equals: [{get_param: name}, value]}.`,
  };
}

function evaluateDefinition(definition: boolean | FunctionCall, scope: StaticScope): Json {
  return typeof definition === 'boolean' ? definition : (definition.resolve(withoutReads(scope)) ?? null);
}

function wrongDefinition(name: string, result: Json, locate: Locate): StackValidationFailed {
  return new StackValidationFailed({ ...wrongDefinitionFields(name, result), where: locate() });
}

function refuseChain(name: string, chain: readonly string[], locate: Locate): void {
  const start = chain.indexOf(name);
  if (start !== -1) {
    const hops = [...chain.slice(start), name].map((hop) => `'${hop}'`);
    throw new StackValidationFailed({
      what: `Condition validation error: Circular definition for condition "${name}"`,
      where: locate(),
      why: `Each of these needs the next one: ${hops.join(' -> ')}.`,
      fix: 'Define one of them without the others.',
    });
  }
  if (chain.length >= MAX_CONDITION_CHAIN) {
    throw new StackValidationFailed({
      what: `The condition '${chain[0]}' depends on a chain of more than ${MAX_CONDITION_CHAIN} conditions.`,
      where: locate(),
      why: 'Such chains come from generated templates, and every evaluation would have to follow them.',
      fix: 'Let conditions name the parameters that they depend on instead of each other.',
    });
  }
}

function locateCall(definition: ConditionExpression | undefined): SourceLocation | undefined {
  return definition instanceof FunctionCall ? definition.location : undefined;
}
