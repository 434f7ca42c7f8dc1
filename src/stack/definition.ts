import type { SecretPart, StackDefinition } from '../store/stack-store.ts';
import type { ParameterDefinition } from '../template/parameters.ts';
import type { Template } from '../template/template.ts';
import { type Json, type JsonObject, setOwn } from '../values.ts';
import type { Analysis } from './analyse.ts';

/** What a stack is to be, as it is stored. */
export function definitionOf(analysis: Analysis): StackDefinition {
  return {
    ...visibleDefinitionOf(analysis),
    hidden: parametersOf(analysis, ({ hidden, ephemeral }) => hidden && !ephemeral),
    secretParts: secretParts(analysis),
  };
}

/** The same without the values of hidden parameters. */
export function visibleDefinitionOf(analysis: Analysis): StackDefinition {
  const { template } = analysis;
  return {
    template: template.document as JsonObject,
    files: Object.fromEntries(template.files),
    parameters: parametersOf(analysis, ({ hidden }) => !hidden),
    environment: storedEnvironment(analysis),
  };
}

function parametersOf(
  { template, parameters }: Analysis,
  isWanted: (definition: ParameterDefinition) => boolean,
): JsonObject {
  const values: Record<string, Json> = {};
  for (const definition of template.parameters.values()) {
    const { name } = definition;
    const value = parameters.get(name);
    if (value !== undefined && isWanted(definition)) setOwn(values, name, value);
  }
  return values;
}

/** What a stored stack is to be, or was. */
export function definitionOfRecord(record: StackDefinition): StackDefinition {
  const { template, files, parameters, environment, hidden, secretParts } = record;
  return { template, files, parameters, environment, hidden, secretParts };
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

/** Where a default of a hidden parameter stands, or another secret. */
function secretParts(analysis: Analysis): readonly SecretPart[] {
  const { template, secrets } = analysis;
  const parts = new Set<SecretPart>();
  for (const each of templatesOf(analysis)) {
    if (hasHiddenDefault(each)) parts.add(each === template ? 'template' : 'files');
  }
  if (secrets.isEmpty) return [...parts];
  if (secrets.secrecyOf(template.document as JsonObject) !== undefined) parts.add('template');
  if (secrets.secrecyOf([...template.files.values()]) !== undefined) parts.add('files');
  if (secrets.secrecyOf(storedEnvironment(analysis)) !== undefined) parts.add('environment');
  return [...parts];
}

/** The root template, and those that are nested in it. */
function templatesOf({ template, stack }: Analysis): ReadonlySet<Template> {
  const templates = new Set([template]);
  // Without compositions no resource need be looked at.
  if (stack.compositions.size > 0) for (const resource of stack.resources) templates.add(resource.template);
  return templates;
}

function hasHiddenDefault({ parameters }: Template): boolean {
  return [...parameters.values()].some(({ hidden, default: given }) => hidden && given !== undefined);
}
