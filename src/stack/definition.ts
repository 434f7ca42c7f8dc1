import type { StackDefinition } from '../store/stack-store.ts';
import type { Json, JsonObject } from '../values.ts';
import type { Analysis } from './analyse.ts';

/** What a stack is to be, as it is stored: all of it but the values of hidden parameters. */
export function definitionOf(analysis: Analysis): StackDefinition {
  const { template, parameters } = analysis;
  const visible: Record<string, Json> = {};
  for (const [name, definition] of template.parameters) {
    const value = parameters.get(name);
    if (!definition.hidden && value !== undefined) visible[name] = value;
  }
  return {
    template: template.document as JsonObject,
    files: Object.fromEntries(template.files),
    parameters: visible,
    environment: storedEnvironment(analysis),
  };
}

/** What an action that comes later has to know of the environment. Parameters are stored as what they have come to. */
function storedEnvironment({ environment, template }: Analysis): JsonObject {
  const { resourceRegistry, parameterDefaults } = environment;
  const visible = Object.entries(parameterDefaults).filter(([name]) => template.parameters.get(name)?.hidden !== true);
  return {
    ...(Object.keys(resourceRegistry).length === 0 ? {} : { resource_registry: resourceRegistry }),
    ...(visible.length === 0 ? {} : { parameter_defaults: Object.fromEntries(visible) }),
  };
}
