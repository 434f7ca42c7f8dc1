import type { Secrecy } from '../secrets.ts';
import { type Expression, type Reference, visitReferences } from '../template/expression.ts';
import { findResource, type ResourceInterface, type StackInterface } from './interface.ts';

/** Which attributes, inputs and outputs of a stack are secret by what the template says, whatever their values are. */
export class SecretReads {
  readonly #stack: StackInterface;
  /** False: nothing is, and nobody need look. */
  readonly hasSecrets: boolean;
  readonly #inputs = new Map<number, ReadonlySet<string>>();

  constructor(stack: StackInterface) {
    this.#stack = stack;
    this.hasSecrets =
      [...stack.template.parameters.values()].some(({ hidden }) => hidden) || hasSecretAttributes(stack);
  }

  /** What the type, or the section `outputs` of the resource, says of an attribute. */
  ofAttribute(resource: string, attribute: string): Secrecy | undefined {
    if (!this.hasSecrets) return undefined;
    const outputs = findResource(this.#stack, resource)?.outputs;
    const declaration = outputs !== undefined && Object.hasOwn(outputs, attribute) ? outputs[attribute] : undefined;
    return declaration?.ephemeral === true ? 'ephemeral' : declaration?.secret === true ? 'secret' : undefined;
  }

  /** The properties and aliases of a resource that read a hidden parameter or a secret attribute. */
  inputsOf(resource: ResourceInterface): ReadonlySet<string> {
    if (!this.hasSecrets) return NONE;
    const known = this.#inputs.get(resource.index);
    if (known !== undefined) return known;
    const { properties, inputs } = resource.definition;
    const found = new Set<string>();
    for (const [name, expression] of [...Object.entries(properties), ...Object.entries(inputs)]) {
      const references = resource.inputs.find((input) => input.name === name)?.references ?? [];
      if (this.ofExpression(expression, references) !== undefined) found.add(name);
    }
    this.#inputs.set(resource.index, found);
    return found;
  }

  /** The strongest of what an expression reads; `references` is what it reads at run time. */
  ofExpression(expression: Expression, references: readonly Reference[]): Secrecy | undefined {
    if (!this.hasSecrets) return undefined;
    let found: Secrecy | undefined;
    const add = (secrecy: Secrecy | undefined): void => {
      if (found !== 'ephemeral') found = secrecy ?? found;
    };
    for (const reference of references) {
      if (reference.kind === 'attribute') add(this.ofAttribute(reference.resource, reference.attribute));
    }
    const { scope, template } = this.#stack;
    // A root template's parameters read nothing at run time, so this is asked of each of them that is used.
    const parameterReferences = (name: string): void => {
      const parameter = template.parameters.get(name);
      if (parameter?.hidden === true) add(parameter.ephemeral ? 'ephemeral' : 'secret');
    };
    visitReferences(expression, { ...scope, parameterReferences }, () => {});
    return found;
  }
}

const NONE: ReadonlySet<string> = new Set();

function hasSecretAttributes({ resources }: StackInterface): boolean {
  // Most resources share the attributes of their type.
  const looked = new Set<object>();
  let last: object | undefined;
  for (const { outputs } of resources) {
    if (outputs === last || looked.has(outputs)) continue;
    last = outputs;
    looked.add(outputs);
    for (const attribute in outputs) {
      if (outputs[attribute]?.secret === true || outputs[attribute]?.ephemeral === true) return true;
    }
  }
  return false;
}
