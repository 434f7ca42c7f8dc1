import { definePlainType } from '../../resource/resource-type.ts';

/**
 * `OS::Heat::None`: takes the place of any other type in an environment's resource_registry. It accepts all properties,
 * does nothing, and every attribute reads as null.
 */
export const heatNone = {
  ...definePlainType({
    name: 'OS::Heat::None',
    description: 'Does nothing; accepts all properties, and every attribute is null.',
    properties: {},
    attributes: {},
    handler: {
      isRepeatable: true,
      async create({ token, setResourceId }) {
        await setResourceId(token);
        return {};
      },
    },
  }),
  anyProperties: true,
  anyAttributes: true,
} as const;
