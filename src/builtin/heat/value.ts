import { definePlainType } from '../../resource/resource-type.ts';
import { compileSchema, type Misfit } from '../../resource/schema.ts';
import type { Json } from '../../values.ts';

/** What `type` asks of `value`, by the parameter type's name. */
const VALUE_CHECKS = {
  string: compileSchema({ type: 'string' }),
  number: compileSchema({ type: 'number' }),
  comma_delimited_list: compileSchema({ type: 'array' }),
  json: compileSchema({ type: 'object' }),
  boolean: compileSchema({ type: 'boolean' }),
};

/**
 * `OS::Heat::Value`: gives a value a name, so that it is computed once and read in many places. As under Heat, the
 * property `type` says what the value has to be convertible to, but the attribute is the value as it was given.
 */
export const heatValue = definePlainType({
  name: 'OS::Heat::Value',
  description: 'A value that is computed once and read in many places.',
  properties: {
    value: { description: "The value of the attribute 'value'.", updateAllowed: true },
    type: {
      description: "What the value has to be: the type of a template's parameter.",
      type: 'string',
      enum: ['string', 'number', 'comma_delimited_list', 'json', 'boolean'],
      updateAllowed: true,
    },
  },
  required: ['value'],
  updatePolicy: {},
  attributes: {
    value: { schema: {}, description: "The value of the property 'value'." },
  },
  validate({ type, value }) {
    const misfits: Misfit[] = [];
    if (type !== undefined) VALUE_CHECKS[type](value as Json, ['value'], misfits);
    return misfits;
  },
  shown({ type, value, ...others }) {
    if (type === undefined || value === undefined) return { value: value ?? null, ...others };
    return { type, value: VALUE_CHECKS[type as keyof typeof VALUE_CHECKS](value, ['value'], []) as Json, ...others };
  },
  handler: {
    isRepeatable: true,
    async create({ properties, resource, setResourceId }) {
      await setResourceId(resource.physicalName);
      return { value: properties.value };
    },
    update: ({ properties }) => ({ value: properties.value }),
  },
});
