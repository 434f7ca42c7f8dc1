/** A part of a parsed expression (yaql/language/expressions.py). Immutable. */
export abstract class Node {
  /** Where it starts in the text, counted in UTF-16 units. */
  readonly offset: number;
  /** How deep the tree below it is. */
  readonly depth: number;
  /** A call of a function, which may stand behind a dot. */
  readonly takesReceiver: boolean = false;

  constructor(offset: number, parts: readonly Argument[] = []) {
    this.offset = offset;
    this.depth = parts.reduce((depth, part) => (part === HOLE ? depth : Math.max(depth, part.depth)), 0) + 1;
  }
}

/** An argument left out: the second of `f(1,,3)`. */
export const HOLE: unique symbol = Symbol('hole');

export type Argument = Node | typeof HOLE;

/** What a literal may be: an integer is a bigint, a float a number. */
export type ConstantValue = null | boolean | bigint | number | string;

/** A literal, or a bare word, which is a text that may be a name as well. */
export class ConstantNode extends Node {
  readonly value: ConstantValue;
  readonly isWord: boolean;

  constructor(offset: number, value: ConstantValue, isWord = false) {
    super(offset);
    this.value = value;
    this.isWord = isWord;
  }
}

/** A call, and everything that is one to yaql: operators, indexing, literals of lists and maps, `$name`. */
export class CallNode extends Node {
  readonly name: string;
  readonly parts: readonly Argument[];
  override readonly takesReceiver: boolean;

  constructor(offset: number, name: string, parts: readonly Argument[], takesReceiver = false) {
    super(offset, parts);
    this.name = name;
    this.parts = parts;
    this.takesReceiver = takesReceiver;
  }
}

/** `source => destination`: an argument by name, or an entry of a map. */
export class MappingNode extends Node {
  readonly source: Node;
  readonly destination: Node;

  constructor(source: Node, destination: Node) {
    super(source.offset, [source, destination]);
    this.source = source;
    this.destination = destination;
  }
}

/** `(inner)`: no literal and no call any more, even where `inner` is one. */
export class GroupNode extends Node {
  readonly inner: Node;

  constructor(offset: number, inner: Node) {
    super(offset, [inner]);
    this.inner = inner;
  }
}
