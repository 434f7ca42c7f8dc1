import { StackValidationFailed } from '../errors.ts';
import { type Expression, isExpressionMap, REFID } from '../template/expression.ts';
import { isJsonObject } from '../values.ts';
import { listNames, suggest } from '../wording.ts';
import { NestedIdentity, type Place } from './calls.ts';
import type { Composed, Draft, Flattener } from './flatten.ts';
import { decode, select } from './group-attributes.ts';
import { compositionType, outputInputs } from './handler.ts';
import { checkKnown, levelOf, outputsOf } from './template-resource.ts';

/**
 * `OS::Heat::Stack`: a stack by the text of its template (heat/engine/resources/openstack/heat/remote_stack.py). It is
 * created by this engine, as a part of this stack; a region in `context` is not gone to.
 */
export function composeHeatStack(flattener: Flattener, draft: Draft, typeName: string): Composed | undefined {
  const { definition, template } = draft;
  const { properties } = definition;
  const text = flattener.known(properties.template ?? null, draft, 'template');
  if (typeof text !== 'string') return undefined;
  const nested = flattener.parse(text, `template of ${definition.name}`);
  const given = parametersOf(flattener, draft, properties.parameters ?? {});
  const unknown = Object.keys(given).find((name) => !nested.parameters.has(name));
  if (unknown !== undefined) {
    throw new StackValidationFailed({
      what: `The Parameter (${unknown}) was not defined in template.`,
      where: template.source.locate([...definition.path, 'properties', 'parameters', unknown]),
      why: `The template of '${definition.name}' has no such parameter.`,
      fix: `${suggest(unknown, nested.parameters.keys())}It has ${listNames([...nested.parameters.keys()])}.`,
    });
  }
  const level = levelOf(flattener, draft, nested, draft.file, given);
  checkKnown(flattener, draft, level, false);
  const outputs = outputsOf(flattener, nested, level);
  const place: Place = { path: definition.path, source: template.source };
  return {
    members: [...nested.resources.values()].map((resource) => flattener.draftOf(resource, level, draft, draft.file)),
    published: outputInputs({ outputs, stack_name: new NestedIdentity(place, definition.name, 'name') }),
    composition: {
      type: compositionType(flattener.options.types.get(typeName), ['outputs', 'stack_name']),
      attributeNames: ['outputs', 'stack_name'],
      selectsItself: true,
      attribute(name) {
        const [key, parts] = decode(name);
        if (key === REFID) return new NestedIdentity(place, definition.name, 'id');
        if (key === 'stack_name') return select(new NestedIdentity(place, definition.name, 'name'), parts);
        if (key === 'show') return null;
        if (key !== 'outputs') return undefined;
        const [output, ...rest] = parts;
        if (output === undefined) return outputs;
        return Object.hasOwn(outputs, String(output)) ? select(outputs[String(output)] as Expression, rest) : null;
      },
    },
  };
}

function parametersOf(
  flattener: Flattener,
  draft: Draft,
  parameters: Expression,
): { readonly [name: string]: Expression } {
  if (isExpressionMap(parameters)) return parameters;
  const given = flattener.known(parameters, draft, 'parameters') ?? null;
  return isJsonObject(given) ? given : {};
}
