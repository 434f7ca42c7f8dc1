import {
  type Expression,
  FunctionCall,
  isExpressionMap,
  REFID,
  type Reference,
  type ResolveScope,
  resolveExpression,
  type StaticScope,
  visitReferences,
} from '../template/expression.ts';
import type { ResourceDefinition } from '../template/template.ts';
import { isJsonObject, type Json, type JsonObject } from '../values.ts';
import { NestedIdentity, type Place } from './calls.ts';
import type { Composed, Draft, Flattener } from './flatten.ts';
import { type Group, groupAttribute } from './group-attributes.ts';
import { compositionType, outputInputs } from './handler.ts';

/**
 * `OS::Heat::ResourceGroup`: `count` resources by one definition, in whose texts `%index%` is the member's name
 * (heat/engine/resources/openstack/heat/resource_group.py). Names in removal_policies are skipped.
 */
export function composeGroup(flattener: Flattener, draft: Draft, typeName: string): Composed {
  const { properties } = draft.definition;
  const known = (property: string): Json | undefined => {
    const expression = properties[property];
    return expression === undefined ? undefined : flattener.known(expression, draft, property);
  };
  const removed = removedNames(known('removal_policies'));
  const members = memberNames(Number(known('count') ?? 1), new Set(removed), flattener.options.maxResources);
  const index = known('index_var');
  const variable = typeof index === 'string' ? index : '%index%';
  const definition = memberDefinition(flattener, draft);
  return compose(flattener, draft, typeName, {
    removed,
    members: members.map((name) => ({
      name,
      type: definition.type,
      properties: withIndex(definition.properties, variable, name),
      metadata: definition.metadata,
      dependsOn: [],
    })),
  });
}

/**
 * `OS::Heat::ResourceChain`: one resource of each type with the same properties, each after the one before it unless
 * they may be concurrent (heat/engine/resources/openstack/heat/resource_chain.py).
 */
export function composeChain(flattener: Flattener, draft: Draft, typeName: string): Composed {
  const { properties } = draft.definition;
  const types = flattener.known(properties.resources ?? [], draft, 'resources');
  const concurrent = flattener.known(properties.concurrent ?? false, draft, 'concurrent');
  const shared = properties.resource_properties ?? {};
  return compose(flattener, draft, typeName, {
    removed: undefined,
    members: (Array.isArray(types) ? types : []).map((type, index) => ({
      name: String(index),
      type: String(type),
      properties: isExpressionMap(shared) ? shared : mapKeys(flattener.known(shared, draft, 'resource_properties')),
      metadata: {},
      dependsOn: index === 0 || concurrent === true || concurrent === 'true' ? [] : [String(index - 1)],
    })),
  });
}

interface Member {
  readonly name: string;
  readonly type: string;
  readonly properties: { readonly [property: string]: Expression };
  readonly metadata: Expression;
  readonly dependsOn: readonly string[];
}

function compose(
  flattener: Flattener,
  draft: Draft,
  typeName: string,
  { members, removed }: { readonly members: readonly Member[]; readonly removed: readonly string[] | undefined },
): Composed {
  const { definition, template } = draft;
  const place: Place = { path: definition.path, source: template.source };
  const group: Group = {
    owner: definition.name,
    place,
    members: members.map(({ name }) => name),
    ...(removed === undefined ? {} : { removed }),
  };
  const named = removed === undefined ? ['refs'] : ['refs', 'refs_map', 'removed_rsrc_list'];
  const attribute = (name: string): Expression =>
    name === REFID ? new NestedIdentity(place, definition.name, 'id') : groupAttribute(group, name);
  return {
    members: members.map((member) => memberDraft(draft, member)),
    published: outputInputs(Object.fromEntries(named.map((name) => [name, attribute(name)]))),
    composition: {
      type: compositionType({ ...flattener.options.types.get(typeName), shown: withAllKeys }, named),
      attributeNames: named,
      selectsItself: true,
      attribute,
    },
  };
}

/** Heat's typed `resource_def` has every key of its schema. */
function withAllKeys(properties: JsonObject): JsonObject {
  const { resource_def: definition } = properties;
  if (!isJsonObject(definition)) return properties;
  return { ...properties, resource_def: { properties: null, metadata: null, ...definition } };
}

function memberDraft(draft: Draft, member: Member): Draft {
  const { definition } = draft;
  const flat: ResourceDefinition = {
    ...definition,
    name: `${definition.name}/${member.name}`,
    type: member.type,
    description: undefined,
    properties: member.properties,
    metadata: member.metadata,
    dependsOn: member.dependsOn.map((name) => `${definition.name}/${name}`),
    condition: undefined,
    deletionPolicy: 'Delete',
    updatePolicy: {},
    externalId: undefined,
    inputs: {},
    outputs: {},
  };
  return { definition: flat, template: draft.template, depth: draft.depth + 1, file: draft.file };
}

/** `resource_def`, of which the type has to be known and the properties may wait. */
function memberDefinition(flattener: Flattener, draft: Draft): Pick<Member, 'type' | 'properties' | 'metadata'> {
  const stated = draft.definition.properties.resource_def ?? {};
  const given = isExpressionMap(stated) ? stated : mapKeys(flattener.known(stated, draft, 'resource_def'));
  const type = flattener.known(given.type ?? null, draft, 'resource_def');
  const properties = given.properties ?? {};
  return {
    type: typeof type === 'string' ? type : '',
    properties: isExpressionMap(properties) ? properties : mapKeys(flattener.known(properties, draft, 'resource_def')),
    metadata: given.metadata ?? {},
  };
}

function removedNames(policies: Json | undefined): readonly string[] {
  if (!Array.isArray(policies)) return [];
  const names = policies.flatMap((policy) =>
    isJsonObject(policy) && Array.isArray(policy.resource_list) ? policy.resource_list.map(String) : [],
  );
  return [...new Set(names)].sort();
}

/** `0`, `1`, ... without those removed. One more than may be is enough to be refused. */
function memberNames(count: number, removed: ReadonlySet<string>, limit: number): readonly string[] {
  const names: string[] = [];
  const wanted = Number.isInteger(count) ? Math.min(count, limit + 1) : 0;
  for (let index = 0; names.length < wanted; index += 1) {
    if (!removed.has(String(index))) names.push(String(index));
  }
  return names;
}

function mapKeys(value: Json | undefined): { readonly [key: string]: Expression } {
  return isJsonObject(value) ? value : {};
}

/** The properties with the index in their texts; Heat leaves out those that are null. */
function withIndex(
  properties: { readonly [property: string]: Expression },
  variable: string,
  index: string,
): { readonly [property: string]: Expression } {
  return Object.fromEntries(
    Object.entries(properties)
      .filter(([, expression]) => expression !== null)
      .map(([name, expression]) => [name, replaced(expression, variable, index, true)]),
  );
}

function replaced(expression: Expression, variable: string, index: string, isProperty: boolean): Expression {
  if (typeof expression === 'string') return expression.replaceAll(variable, index);
  if (typeof expression !== 'object' || expression === null) return expression;
  if (expression instanceof FunctionCall) return new IndexedCall(expression, variable, index, isProperty);
  if (Array.isArray(expression)) return expression.map((item) => replaced(item, variable, index, false));
  return Object.fromEntries(
    Object.entries(expression).map(([key, item]) => [key, replaced(item as Expression, variable, index, false)]),
  );
}

/** A call in a group's definition: the index is put into its result. */
class IndexedCall extends FunctionCall {
  readonly name: string;
  readonly #call: FunctionCall;
  readonly #variable: string;
  readonly #index: string;
  readonly #isProperty: boolean;

  constructor(call: FunctionCall, variable: string, index: string, isProperty: boolean) {
    super(call.path);
    this.name = call.name;
    this.#call = call;
    this.#variable = variable;
    this.#index = index;
    this.#isProperty = isProperty;
  }

  override get location() {
    return this.#call.location;
  }

  override references(scope: StaticScope, visit: (reference: Reference) => void): void {
    visitReferences(this.#call, scope, visit);
  }

  override resolve(scope: ResolveScope): Json | undefined {
    const value = resolveExpression(this.#call, scope);
    if (value === undefined || (value === null && this.#isProperty)) return undefined;
    return replaced(value, this.#variable, this.#index, false) as Json;
  }

  override toHot(): Json {
    return this.#call.toHot();
  }
}
