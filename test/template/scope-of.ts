import type { HotloomError } from '../../src/errors.ts';
import { conditionResults } from '../../src/template/conditions.ts';
import {
  type Expression,
  type Reference,
  type ResolveScope,
  resolveExpression,
  visitReferences,
} from '../../src/template/expression.ts';
import { type ParameterOptions, resolveParameters } from '../../src/template/parameters.ts';
import type { Template } from '../../src/template/template.ts';
import type { Json } from '../../src/values.ts';

/** A scope in which every attribute and name reads as what `values` has, by the printed name. */
export function scopeOf(
  template: Template,
  values: { readonly [name: string]: Json } = {},
  options: Partial<ParameterOptions> = {},
): ResolveScope {
  const parameters = resolveParameters(template, { stackName: 'app', stackId: 'id-1', ...options });
  const scope: ResolveScope = {
    home: { space: 'default', stack: 'app' },
    parameter: (name) => parameters.get(name) as Json,
    condition: (name) => holds(name),
    file: (name) => template.files.get(name) as string,
    attributes: (resource) =>
      Object.keys(values)
        .filter((name) => name.startsWith(`${resource}.`))
        .map((name) => name.slice(resource.length + 1)),
    attribute: (resource, attribute) => values[`${resource}.${attribute}`] ?? null,
    value: (name) => values[name.join('.')] ?? null,
  };
  const holds = conditionResults(template.conditions, scope);
  return scope;
}

/** What the expression refers to: `a.x` for an attribute, the full name for a name, `the end of a` for a whole resource. */
export function referencesOf(expression: Expression, scope: ResolveScope): string[] {
  const references: Reference[] = [];
  visitReferences(expression, scope, (reference) => references.push(reference));
  return references.map(print);
}

function print(reference: Reference): string {
  switch (reference.kind) {
    case 'attribute':
      return `${reference.resource}.${reference.attribute}`;
    case 'name':
      return reference.name.join('.');
    case 'done':
      return `the end of ${reference.resource}`;
  }
}

/** The value of the template's output `o`. */
export function outputOf(template: Template, scope: ResolveScope): Json | undefined {
  return resolveExpression(template.outputs.get('o')?.value as Expression, scope);
}

/** What `attempt` throws. */
export function thrownBy(attempt: () => unknown): {
  readonly code: string;
  readonly message: string;
  readonly what: string;
  readonly problems?: readonly Pick<HotloomError, 'code' | 'what' | 'where'>[];
} {
  try {
    attempt();
  } catch (error) {
    return error as ReturnType<typeof thrownBy>;
  }
  throw new Error('Nothing was thrown.');
}
