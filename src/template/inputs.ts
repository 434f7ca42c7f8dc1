import { type Expression, FunctionCall, fixedReferencesOf, isLiteral, type Reference } from './expression.ts';

/** Something that a resource reads: one of its properties, an alias of its section `inputs`, or its metadata. */
export interface InputInterface {
  readonly name: string;
  readonly section: 'properties' | 'inputs' | 'metadata';
  /** What has to be there before it can be resolved; at least one. An input without references is no port. */
  readonly references: readonly Reference[];
}

/** Heat's word for the section in its errors. A property may have the name `metadata`. */
export const METADATA = 'Metadata';

/**
 * The inputs of a resource when every value of it refers to the same in every scope, as nearly all do; undefined for the
 * others, whose inputs depend on parameters and conditions. It holds as long as no resource of the template is made of
 * others.
 */
export function fixedInputs(sections: {
  readonly properties: { readonly [property: string]: Expression };
  readonly inputs: { readonly [alias: string]: Expression };
  readonly metadata: Expression;
}): readonly InputInterface[] | undefined {
  if (!isLiteral(sections.metadata)) return undefined;
  const fixed: InputInterface[] = [];
  for (const section of SECTIONS) {
    const expressions = sections[section];
    for (const name in expressions) {
      const expression = expressions[name] as Expression;
      const references = fixedReferencesOf(expression);
      if (references === undefined) return undefined;
      if (references.length > 0) fixed.push({ name, section, references });
    }
  }
  // Its own length, not the room that it grew into.
  return fixed.length === 0 ? NO_INPUTS : fixed.slice();
}

const SECTIONS = ['properties', 'inputs'] as const;
const NO_INPUTS: readonly never[] = [];

/** The names of inputs, one list for all resources that have the same: what is asked of the names is asked once. */
export class InputNames {
  readonly #lists = new Map<string, readonly string[]>();
  #last: readonly string[] = [];

  of(inputs: readonly InputInterface[]): readonly string[] {
    if (!isOf(this.#last, inputs)) this.#last = this.#listOf(inputs);
    return this.#last;
  }

  #listOf(inputs: readonly InputInterface[]): readonly string[] {
    // One by one, so that V8 has one kind of list for them: what `map` makes depends on whether it has been compiled.
    const names: string[] = [];
    for (const { name } of inputs) names.push(name);
    const key = names.join('\u0000');
    const list = this.#lists.get(key) ?? names;
    this.#lists.set(key, list);
    return list;
  }
}

function isOf(names: readonly string[], inputs: readonly InputInterface[]): boolean {
  if (names.length !== inputs.length) return false;
  for (let index = 0; index < names.length; index += 1) if (names[index] !== inputs[index]?.name) return false;
  return true;
}

/**
 * Whether each of the properties is the value of one attribute, so that they are read by what Reads tells of the inputs. Not
 * when there are inputs that are no properties.
 */
export function areAllRead(
  properties: { readonly [property: string]: Expression },
  inputs: readonly InputInterface[],
): boolean {
  let count = 0;
  for (const name in properties) {
    const expression = properties[name];
    if (inputs[count]?.name !== name || !(expression instanceof FunctionCall) || !expression.isRead) return false;
    count += 1;
  }
  return count === inputs.length;
}
