import type { Json } from '../../values.ts';
import { Context } from './context.ts';
import { LimitExceeded, YaqlError } from './errors.ts';
import { library } from './library.ts';
import { Budget, limitMemory } from './limits.ts';
import { toJson } from './output.ts';
import { invokeOverload } from './overloads.ts';
import { type CallNode, ConstantNode, GroupNode, type HOLE, MappingNode, type Node } from './syntax.ts';
import type { Given } from './types.ts';
import { Dictionary, fromJson, Pair, type Value } from './values.ts';

/** One evaluation of an expression (yaql/language/expressions.py and runner.py). */
export class Evaluation {
  readonly budget = new Budget();

  /** The value of a part of the expression; behind a dot, `receiver` is what stands before it. */
  evaluate(node: Node, context: Context, receiver?: Value): Value {
    if (node instanceof ConstantNode) return node.value;
    if (node instanceof GroupNode) return this.evaluate(node.inner, context, receiver);
    if (node instanceof MappingNode) {
      return new Pair(this.evaluate(node.source, context), this.evaluate(node.destination, context));
    }
    const { name, parts, offset } = node as CallNode;
    try {
      return this.invoke(name, parts, context, receiver);
    } catch (error) {
      if (error instanceof YaqlError) error.offset ??= offset;
      throw error;
    }
  }

  /** What a function, or the method of a receiver, returns. */
  invoke(
    name: string,
    parts: readonly (Given | typeof HOLE)[],
    context: Context,
    receiver?: Value,
    named: ReadonlyMap<string, Value> = new Map(),
  ): Value {
    return this.budget.nested(() => {
      const result = invokeOverload({ name, receiver, parts, named, context }, this);
      limitMemory([1, result]);
      return result;
    });
  }
}

/**
 * The value of a parsed expression in which `$.data` is `data`, as Heat evaluates it (heat/engine/hot/functions.py, Yaql).
 * Throws YaqlError.
 */
export function evaluateYaql(statement: Node, data: Json): Json {
  const evaluation = new Evaluation();
  try {
    const context = new Context(library());
    context.set('$', new Dictionary(new Map([['sdata', ['data', fromJson(data)]]])));
    return toJson(evaluation.evaluate(statement, context), evaluation);
  } catch (error) {
    // Streams of streams are read in each other: how deep nobody counts but the engine.
    if (error instanceof RangeError) throw new LimitExceeded('maximum recursion depth exceeded');
    throw error;
  }
}
