import type { Definition } from './definitions.ts';
import type { Value } from './values.ts';

/** The variables and functions that a part of an expression sees (yaql/language/contexts.py). `$` is `$1`. */
export class Context {
  readonly #parent: Context | undefined;
  readonly #data = new Map<string, Value>();
  readonly #functions = new Map<string, Definition[]>();

  constructor(parent?: Context) {
    this.#parent = parent;
  }

  /** The value of a variable, null for one that is not set. */
  get(name: string): Value {
    const full = normalize(name);
    for (let context: Context | undefined = this; context !== undefined; context = context.#parent) {
      const value = context.#data.get(full);
      if (value !== undefined) return value;
    }
    return null;
  }

  set(name: string, value: Value): void {
    this.#data.set(normalize(name), value);
  }

  register(definition: Definition): void {
    const overloads = this.#functions.get(definition.name);
    if (overloads === undefined) this.#functions.set(definition.name, [definition]);
    else overloads.push(definition);
  }

  /** The overloads of a function, or of a method, by the context that has them, the nearest first. */
  overloads(name: string, isMethod: boolean): readonly (readonly Definition[])[] {
    const layers: Definition[][] = [];
    const registered = withoutTrailing(name, '_');
    for (let context: Context | undefined = this; context !== undefined; context = context.#parent) {
      const layer = context.#functions.get(registered)?.filter((one) => (isMethod ? one.isMethod : one.isFunction));
      if (layer !== undefined && layer.length > 0) layers.push(layer);
    }
    return layers;
  }

  child(): Context {
    return new Context(this);
  }
}

function normalize(name: string): string {
  const full = name.startsWith('$') ? name : `$${name}`;
  return full === '$' ? '$1' : full;
}

/** A pattern would take quadratic time for a name full of underscores. */
function withoutTrailing(text: string, char: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === char) end -= 1;
  return text.slice(0, end);
}
