import { choice, type Data, left, middle, option, type Parser, recursive, right, token as tokenThat } from 'peberminta';
import { YaqlError } from './errors.ts';
import { type Argument, CallNode, ConstantNode, GroupNode, HOLE, MappingNode, type Node } from './syntax.ts';
import { illegalCharacter, type Token, tokenize } from './tokens.ts';

/** Nesting beyond this is refused, so that no walk over a tree overflows the stack. Python gives up at about as much. */
export const MAX_EXPRESSION_DEPTH = 150;

/** Longer expressions are refused. */
const MAX_EXPRESSION_LENGTH = 100_000;

/** What a run of the parser remembers. */
interface Progress {
  /** The first token that nothing could be done with. */
  furthest: number;
  /** How many `expression`s are being parsed around this place. */
  depth: number;
}

type Rule<T> = Parser<Token, Progress, T>;

interface BinaryOperator {
  readonly level: number;
  readonly call: string;
  readonly isRightAssociative?: boolean;
}

/** The operators between two values, the tightest first (yaql/language/factory.py, _standard_operators). */
const BINARY: ReadonlyMap<string, BinaryOperator> = new Map([
  ...binary(1, '.', '?.'),
  ...binary(4, '=~', '!~'),
  ...binary(5, '*', '/', 'mod'),
  ...binary(6, '+', '-'),
  ...binary(7, '>', '<', '>=', '<=', 'in'),
  ['!=', { level: 7, call: '*not_equal' }],
  ['=', { level: 7, call: '*equal' }],
  ...binary(9, 'and'),
  ...binary(10, 'or'),
  ['->', { level: 11, call: '#operator_->', isRightAssociative: true }],
]);

/** The operators before a value, with their levels. */
const UNARY: ReadonlyMap<string, number> = new Map([
  ['+', 3],
  ['-', 3],
  ['not', 8],
]);

const INDEX_LEVEL = 2;
const LOOSEST_LEVEL = 11;

function binary(level: number, ...operators: readonly string[]): [string, BinaryOperator][] {
  return operators.map((operator) => [operator, { level, call: `#operator_${operator}` }]);
}

/** A token that `read` makes something of. */
function take<T>(read: (token: Token) => T | undefined): Rule<T> {
  const rule: Rule<T> = tokenThat(read);
  return (data, index) => {
    const result = rule(data, index);
    if (!result.matched) data.options.furthest = Math.max(data.options.furthest, index);
    return result;
  };
}

const punctuation = (text: string): Rule<Token> =>
  take((token) => (token.kind === 'punctuation' && token.text === text ? token : undefined));

const constant: Rule<Node> = take((token) =>
  token.kind === 'string' || token.kind === 'number' || token.kind === 'constant'
    ? new ConstantNode(token.offset, token.value)
    : undefined,
);

const word: Rule<Node> = take((token) =>
  token.kind === 'word' ? new ConstantNode(token.offset, token.text, true) : undefined,
);

const dollar: Rule<Node> = take((token) =>
  token.kind === 'dollar'
    ? new CallNode(token.offset, '#get_context_data', [new ConstantNode(token.offset, token.text)])
    : undefined,
);

const functionName: Rule<Token> = take((token) => (token.kind === 'function' ? token : undefined));

const expression: Rule<Node> = recursive(() => operators(LOOSEST_LEVEL));

/** Arguments: any of them may be left out but the last, and those by name come last. */
const listOfArguments: Rule<Argument[]> = (data, index) => {
  const found: Argument[] = [];
  let [position, isNamed] = [index, false];
  for (;;) {
    const item = expression(data, position);
    if (item.matched) {
      position = item.position;
      const arrow = mappingArrow(data, position);
      if (arrow.matched) {
        const destination = expression(data, arrow.position);
        if (!destination.matched) return destination;
        found.push(checkDepth(new MappingNode(item.value, destination.value)));
        position = destination.position;
        isNamed = true;
      } else if (isNamed) {
        return arrow;
      } else {
        found.push(item.value);
      }
    }
    const comma = punctuation(',')(data, position);
    if (item.matched && !comma.matched) return { matched: true, position, value: found };
    if (!item.matched) {
      // Nothing at all is an empty list; nothing behind a comma, or in the middle of names, is an error.
      if (!comma.matched) return found.length === 0 ? { matched: true, position, value: found } : item;
      if (isNamed) return item;
      found.push(HOLE);
    }
    position = (comma as { readonly position: number }).position;
  }
};

const mappingArrow: Rule<Token> = take((token) =>
  token.kind === 'operator' && token.text === '=>' ? token : undefined,
);

const call: Rule<Node> = (data, index) => {
  const name = functionName(data, index);
  if (!name.matched) return name;
  const parts = left(listOfArguments, punctuation(')'))(data, name.position);
  if (!parts.matched) return parts;
  return { ...parts, value: checkDepth(new CallNode(name.value.offset, name.value.text, parts.value, true)) };
};

/** Something in brackets that becomes a node with the offset of the opening bracket. */
function bracketed<T>(
  open: string,
  inner: Rule<T>,
  close: string,
  make: (offset: number, inner: T) => Node,
): Rule<Node> {
  const rule = middle<Token, Progress, Token, T, Token>(punctuation(open), inner, punctuation(close));
  return (data, index) => {
    const result = rule(data, index);
    if (!result.matched) return result;
    const offset = (data.tokens[index] as Token).offset;
    return { ...result, value: checkDepth(make(offset, result.value)) };
  };
}

const prefixed: Rule<Node> = (data, index) => {
  const operator = take((token) => (token.kind === 'operator' && UNARY.has(token.text) ? token : undefined))(
    data,
    index,
  );
  if (!operator.matched) return operator;
  const value = operators(UNARY.get(operator.value.text) as number)(data, operator.position);
  if (!value.matched) return value;
  const node = new CallNode(operator.value.offset, `#unary_operator_${operator.value.text}`, [value.value]);
  return { ...value, value: checkDepth(node) };
};

const operand: Rule<Node> = choice<Token, Progress, Node>(
  constant,
  word,
  dollar,
  call,
  bracketed('(', expression, ')', (offset, inner) => new GroupNode(offset, inner)),
  bracketed('[', listOfArguments, ']', (offset, parts) => new CallNode(offset, '#list', parts)),
  bracketed('{', listOfArguments, '}', (offset, parts) => new CallNode(offset, '#map', parts)),
  prefixed,
);

const index: Rule<(left: Node) => Node> = (data, position) => {
  const parts = middle<Token, Progress, Token, Argument[], Token>(
    punctuation('['),
    listOfArguments,
    punctuation(']'),
  )(data, position);
  if (!parts.matched) return parts;
  const offset = (data.tokens[position] as Token).offset;
  return { ...parts, value: (left: Node) => new CallNode(offset, '#indexer', [left, ...parts.value]) };
};

/** An operator no looser than `level` with the value behind it, as what they make of the value before it. */
function continuation(level: number): Rule<(left: Node) => Node> {
  const operator = take((token) => {
    const found = token.kind === 'operator' ? BINARY.get(token.text) : undefined;
    return found !== undefined && found.level <= level ? { ...found, offset: token.offset } : undefined;
  });
  const between: Rule<(left: Node) => Node> = (data, position) => {
    const found = operator(data, position);
    if (!found.matched) return found;
    const { level: own, call: name, isRightAssociative, offset } = found.value;
    const behind = operators(isRightAssociative ? own : own - 1)(data, found.position);
    if (!behind.matched) return behind;
    return { ...behind, value: (before: Node) => new CallNode(offset, name, [before, behind.value]) };
  };
  return level >= INDEX_LEVEL ? choice<Token, Progress, (left: Node) => Node>(index, between) : between;
}

/** A value with the operators behind it that are no looser than `level`. */
function operators(level: number): Rule<Node> {
  return (data, start) => {
    if (data.options.depth >= MAX_EXPRESSION_DEPTH) throw tooDeep(data.tokens[start]?.offset);
    data.options.depth += 1;
    try {
      return climb(level, data, start);
    } finally {
      data.options.depth -= 1;
    }
  };
}

function climb(level: number, data: Data<Token, Progress>, start: number): ReturnType<Rule<Node>> {
  const first = operand(data, start);
  if (!first.matched) return first;
  let { value, position } = first;
  const next = option<Token, Progress, (left: Node) => Node, undefined>(continuation(level), undefined);
  for (;;) {
    const found = next(data, position);
    if (found.value === undefined) return { matched: true, value, position };
    value = checkDepth(found.value(value));
    position = found.position;
  }
}

function checkDepth<T extends Node>(node: T): T {
  if (node.depth > MAX_EXPRESSION_DEPTH) throw tooDeep(node.offset);
  return node;
}

function tooDeep(offset: number | undefined): YaqlError {
  return new YaqlError(`The expression is nested deeper than ${MAX_EXPRESSION_DEPTH} levels`, offset);
}

const end: Rule<Token> = take((token) => (token.kind === 'end' ? token : undefined));

const statement: Rule<Node> = left(
  right((_data, position) => ({ matched: true, position, value: null }), expression),
  end,
);

/** The tree of an expression. Throws YaqlError with yaql's message and the offset for a text that is none. */
export function parseYaql(text: string): Node {
  if (text.length > MAX_EXPRESSION_LENGTH) {
    throw new YaqlError(`The expression is longer than ${MAX_EXPRESSION_LENGTH} characters`, 0);
  }
  const { tokens, illegalAt } = tokenize(text);
  const options: Progress = { furthest: 0, depth: 0 };
  const result = statement({ tokens: [...tokens], options }, 0);
  if (result.matched) return result.value;
  const token = tokens[options.furthest];
  if (token === undefined) throw illegalCharacter(text, illegalAt as number);
  if (token.kind === 'end') throw new YaqlError('Parse error: unexpected end of statement', token.offset);
  const shown = printToken(token);
  throw new YaqlError(
    `Parse error: unexpected '${shown}' at position ${token.offset} of expression '${text}'`,
    token.offset,
  );
}

function printToken(token: Token): string {
  if (token.kind === 'constant') return token.value === null ? 'None' : token.value === true ? 'True' : 'False';
  return token.kind === 'string' || token.kind === 'number' ? String(token.value) : token.text;
}
