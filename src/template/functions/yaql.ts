import type { Path } from '../../source.ts';
import type { Json } from '../../values.ts';
import { isJsonObject } from '../../values.ts';
import { suggest } from '../../wording.ts';
import {
  type Expression,
  FunctionCall,
  type Reference,
  type ResolveScope,
  resolveExpression,
  type StaticScope,
  type Surroundings,
  toHot,
  visitReferences,
} from '../expression.ts';
import type { CallSite, ParseCall } from '../parser.ts';
import { UnknownFunction, YaqlError } from '../yaql/errors.ts';
import { evaluateYaql } from '../yaql/evaluate.ts';
import { parseYaql } from '../yaql/grammar.ts';
import { libraryNames } from '../yaql/library.ts';
import type { Node } from '../yaql/syntax.ts';

const FIX = 'Write {yaql: {expression: $.data.var1.sum(), data: {var1: [3, 2, 1]}}}.';

/** Heat's message, the blanks of its source included. */
const SYNTAX = `"yaql" syntax should be yaql:
              expression: $.data.var1.sum()
              data:
                var1: [3, 2, 1]`;

/**
 * `yaql: {expression, data}`: the value of an expression in the language YAQL, in which `$.data` is `data`
 * (heat/engine/hot/functions.py, Yaql). An expression that is a text is parsed when the template is.
 */
export class Yaql extends FunctionCall {
  readonly name = 'yaql';
  readonly #expression: Expression;
  readonly #statement: Node | undefined;
  readonly #data: Expression | undefined;

  constructor(
    path: Path,
    surroundings: Surroundings,
    expression: Expression,
    statement: Node | undefined,
    data: Expression | undefined,
  ) {
    super(path, surroundings);
    this.#expression = expression;
    this.#statement = statement;
    this.#data = data;
  }

  static readonly parse: ParseCall = (args, site) => {
    const parsed = site.expression(args);
    if (!isJsonObject(args) || parsed instanceof FunctionCall) {
      return site.refuse(`Arguments to "${site.name}" must be a map.`, 'It has an expression and data.', FIX);
    }
    const map = parsed as { readonly [key: string]: Expression };
    const keys = Object.keys(map);
    if (!Object.hasOwn(map, 'expression') || keys.some((key) => key !== 'expression' && key !== 'data')) {
      return site.refuse(SYNTAX, 'It has an expression, and data unless the expression needs none.', FIX);
    }
    const data = Object.hasOwn(map, 'data') ? map.data : undefined;
    const expression = map.expression as Expression;
    if (expression instanceof FunctionCall) {
      return new Yaql(site.path, site.surroundings, expression, undefined, data);
    }
    return parseStatement(expression, site, data);
  };

  override references(scope: StaticScope, visit: (reference: Reference) => void): void {
    visitReferences(this.#expression, scope, visit);
    if (this.#data !== undefined) visitReferences(this.#data, scope, visit);
  }

  override resolve(scope: ResolveScope): Json {
    const text = resolveExpression(this.#expression, scope);
    if (typeof text !== 'string') {
      throw this.refusal({ what: notText(this.name), why: 'The expression is a text in the language YAQL.', fix: FIX });
    }
    const data = this.#data === undefined ? {} : resolveExpression(this.#data, scope);
    let statement = this.#statement;
    try {
      statement ??= parseYaql(text);
      return evaluateYaql(statement, data ?? null);
    } catch (error) {
      if (!(error instanceof YaqlError)) throw error;
      const what = statement === undefined ? badExpression(error) : error.message;
      throw this.refusal({ what, why: whyOf(error, text), fix: fixOf(error) });
    }
  }

  override toHot(): Json {
    const expression = toHot(this.#expression);
    return { [this.name]: this.#data === undefined ? { expression } : { expression, data: toHot(this.#data) } };
  }
}

function parseStatement(expression: Expression, site: CallSite, data: Expression | undefined): Yaql | undefined {
  if (typeof expression !== 'string') {
    return site.refuse(notText(site.name), 'The expression is a text in the language YAQL.', FIX);
  }
  try {
    return new Yaql(site.path, site.surroundings, expression, parseYaql(expression), data);
  } catch (error) {
    if (!(error instanceof YaqlError)) throw error;
    return site.refuse(badExpression(error), whyOf(error, expression), fixOf(error));
  }
}

function notText(name: string): string {
  return `The "expression" argument to ${name} must contain a string.`;
}

function badExpression(error: YaqlError): string {
  return `Bad expression ${error.message}.`;
}

/** Where in the expression the failure is. */
function whyOf(error: YaqlError, text: string): string {
  // Python's StopIteration has no message, and so Heat shows none.
  const missing = error.message === '' ? 'There is no item to return. ' : '';
  if (error.offset === undefined) return `${missing}The expression cannot be evaluated.`;
  const before = text.slice(0, error.offset).split('\n');
  const column = (before.at(-1) as string).length + 1;
  return `${missing}It is at line ${before.length}, column ${column} of the expression (offset ${error.offset}).`;
}

function fixOf(error: YaqlError): string {
  if (!(error instanceof UnknownFunction)) return 'See https://yaql.readthedocs.io for the language.';
  return `${suggest(error.functionName, libraryNames())}See https://yaql.readthedocs.io for the functions there are.`;
}
