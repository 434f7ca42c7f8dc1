import type { DeclaredNames } from '../../src/names.ts';

/** The same names with numbers, in their order. */
export function numbered(names: DeclaredNames): DeclaredNames {
  const resources = [...names.keys()];
  return {
    get: (resource) => names.get(resource),
    keys: () => resources,
    numbering: {
      size: resources.length,
      numberOf: (resource) => {
        const number = resources.indexOf(resource);
        return number === -1 ? undefined : number;
      },
      attributesAt: (number) => names.get(resources[number] as string),
    },
  };
}
