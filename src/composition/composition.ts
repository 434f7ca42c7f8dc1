import type { ResourceType } from '../resource/resource-type.ts';
import { type Expression, type ResolveScope, resolveExpression } from '../template/expression.ts';
import type { ResourceDefinition, Template } from '../template/template.ts';
import type { Json } from '../values.ts';

/**
 * The two attributes that every resource made of others publishes at its start: the physical name and the id of what
 * Heat calls its nested stack. Whoever reads one of its other attributes waits for these too, so that nobody goes on
 * before the resource itself may start.
 */
export const NESTED_NAME = 'nested_stack_name';
export const NESTED_ID = 'nested_stack_id';

/** A resource that is made of others: a nested template, a group, a chain. */
export interface Composition {
  /** Its properties, and the handler that waits for its members. */
  readonly type: ResourceType;
  /** The members, named from the root template down: `group/0`. */
  readonly members: readonly string[];
  /**
   * What an attribute is, in the root template's scope: consumers read the attributes behind it, so they wait for those
   * and not for the whole composition. `undefined`: it has no such attribute.
   */
  attribute(name: string): Expression | undefined;
  /** What `get_attr: [resource]` reads. */
  readonly attributeNames: readonly string[];
  /** True when it selects by itself what is asked of an attribute; see StaticScope.selectsItself. */
  readonly selectsItself: boolean;
}

/** A resource of the root template or of a nested one, its expressions turned into the root template's scope. */
export interface FlatResource {
  /** Named from the root template down: `network/router`. */
  readonly definition: ResourceDefinition;
  /** The template that it stands in. */
  readonly template: Template;
  /** What `definition.type` stands for by the environment; undefined when that takes the type away. */
  readonly typeName: string | undefined;
  readonly composition: Composition | undefined;
  /** True when its type or what it is made of has problems, which are told already. */
  readonly isBroken: boolean;
}

/** What an attribute of a composition stands for; undefined for those that it publishes itself. */
export function composedAttribute(composition: Composition | undefined, attribute: string): Expression | undefined {
  return attribute === NESTED_NAME || attribute === NESTED_ID ? undefined : composition?.attribute(attribute);
}

/** The same scope, with the attributes of compositions read from their members. */
export function withCompositions(scope: ResolveScope, compositions: ReadonlyMap<string, Composition>): ResolveScope {
  if (compositions.size === 0) return scope;
  // Attributes may hand each other's values on, each several times: what was read once is kept, since it is written once.
  const known = new Map<string, Json>();
  // What is behind itself is refused; whoever looks at such a template all the same reads null.
  const open = new Set<string>();
  const composed: ResolveScope = {
    ...scope,
    attribute: (resource, attribute) => {
      const expression = composedAttribute(compositions.get(resource), attribute);
      if (expression === undefined) return scope.attribute(resource, attribute);
      const name = `${resource}.${attribute}`;
      const value = known.get(name);
      if (value !== undefined) return value;
      if (open.has(name)) return null;
      open.add(name);
      try {
        const resolved = resolveExpression(expression, composed) ?? null;
        // Null may be what is not written yet.
        if (resolved !== null) known.set(name, resolved);
        return resolved;
      } finally {
        open.delete(name);
      }
    },
  };
  return composed;
}

/** `group/0` -> `group`; undefined for a resource of the root template. */
export function parentOf(resource: string): string | undefined {
  const end = resource.lastIndexOf('/');
  return end === -1 ? undefined : resource.slice(0, end);
}
