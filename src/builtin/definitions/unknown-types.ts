import type { TypeSource } from '../../resource/registry.ts';
import type { ResourceType } from '../../resource/resource-type.ts';
import { definedType } from './defined-type.ts';

/** The same types, and for every other name one that takes any property and has any attribute. It has no handler. */
export function withUnknownTypes(source: TypeSource): TypeSource {
  const unknown = new Map<string, ResourceType>();
  return {
    get names() {
      return source.names;
    },
    ...(source.otherName === undefined ? {} : { otherName: (name) => source.otherName?.(name) }),
    find(name) {
      const known = source.find(name) ?? unknown.get(name);
      if (known !== undefined) return known;
      const type = definedType(name, { properties: {}, attributes: {}, any_properties: true, any_attributes: true });
      unknown.set(name, type);
      return type;
    },
  };
}
