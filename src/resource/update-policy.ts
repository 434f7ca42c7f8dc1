import { definePlainType, type PlainType, type ResourceType } from './resource-type.ts';

const policies = new WeakMap<ResourceType, PlainType>();

/**
 * The section update_policy of a type's resources as a type of its own, whose properties are the section's keys: Heat
 * checks both alike (Resource.validate in heat/engine/resource.py). Undefined for a type that says nothing of it.
 */
export function updatePolicyType(type: ResourceType): PlainType | undefined {
  const { name, updatePolicy } = type;
  if (updatePolicy === undefined) return undefined;
  let policy = policies.get(type);
  if (policy === undefined) {
    policy = definePlainType({ name, properties: updatePolicy, attributes: {}, handler: { create: () => ({}) } });
    policies.set(type, policy);
  }
  return policy;
}
