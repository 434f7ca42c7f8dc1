import type { StackDefinition } from '../store/stack-store.ts';
import { type Json, type JsonObject, setOwn } from '../values.ts';
import type { Analysis } from './analyse.ts';

/** What a stack is to be, as it is stored. */
export function definitionOf(analysis: Analysis): StackDefinition {
  return {
    ...visibleDefinitionOf(analysis),
    hidden: parametersOf(analysis, true),
    holdsSecrets: holdsSecrets(analysis),
  };
}

/** The same without the values of hidden parameters. */
export function visibleDefinitionOf(analysis: Analysis): StackDefinition {
  const { template } = analysis;
  return {
    template: template.document as JsonObject,
    files: Object.fromEntries(template.files),
    parameters: parametersOf(analysis, false),
    environment: storedEnvironment(analysis),
  };
}

function parametersOf({ template, parameters }: Analysis, isHidden: boolean): JsonObject {
  const values: Record<string, Json> = {};
  for (const { name, hidden } of template.parameters.values()) {
    const value = parameters.get(name);
    if (hidden === isHidden && value !== undefined) setOwn(values, name, value);
  }
  return values;
}

/** What a stored stack is to be, or was. */
export function definitionOfRecord(record: StackDefinition): StackDefinition {
  const { template, files, parameters, environment, hidden, holdsSecrets } = record;
  return { template, files, parameters, environment, hidden, holdsSecrets };
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

/** Whether a default of a hidden parameter, or another secret, stands in what is stored of the texts. */
function holdsSecrets({ template, stack, environment, secrets }: Analysis): boolean {
  const templates = new Set([template, ...stack.resources.map((resource) => resource.template)]);
  for (const { parameters } of templates) {
    for (const { hidden, default: given } of parameters.values()) if (hidden && given !== undefined) return true;
  }
  if (secrets.isEmpty) return false;
  const texts = [template.document, Object.fromEntries(template.files), environment.resourceRegistry];
  return texts.some((text) => secrets.secrecyOf(text as JsonObject) !== undefined);
}
