import { type HotloomError, isHotloomError, StackValidationFailed, TemplateInvalid } from '../errors.ts';
import type { PropertySchemas } from '../resource/resource-type.ts';
import { evaluateCondition } from '../template/conditions.ts';
import { type Expression, REFID, resolveExpression, visitReferences, withoutReads } from '../template/expression.ts';
import { type ParameterDefinition, resolveParameter } from '../template/parameters.ts';
import { pythonText } from '../template/python.ts';
import type { Template } from '../template/template.ts';
import type { Json, JsonObject } from '../values.ts';
import { listNames, suggest } from '../wording.ts';
import { NestedIdentity, type Place, Unreadable } from './calls.ts';
import type { Composed, Draft, Flattener } from './flatten.ts';
import { compositionType, outputInputs } from './handler.ts';
import { Level, type NestedParameter } from './level.ts';

/** The output by which a nested template says what `get_resource` of it is. */
const STACK_ID_OUTPUT = 'OS::stack_id';

/**
 * A resource whose type is a template: its properties are the template's parameters, its attributes the template's
 * outputs (heat/engine/resources/template_resource.py).
 */
export function composeTemplate(flattener: Flattener, draft: Draft, typeName: string): Composed {
  const { definition, template } = draft;
  const { template: nested, file } = flattener.template(typeName, draft);
  const place: Place = { path: definition.path, source: template.source };
  const level = levelOf(flattener, draft, nested, file, definition.properties);
  checkKnown(flattener, draft, level);
  const outputs = outputsOf(flattener, nested, level);
  const own = Object.fromEntries(Object.entries(outputs).filter(([name]) => name !== STACK_ID_OUTPUT));
  const schemas: PropertySchemas = Object.fromEntries(
    [...nested.parameters.values()].map(({ name, type }) => [name, SCHEMAS[type]]),
  );
  return {
    members: [...nested.resources.values()].map((resource) => flattener.draftOf(resource, level, draft, file)),
    published: outputInputs(own),
    composition: {
      type: compositionType(
        {
          name: definition.type,
          properties: schemas,
          updatePolicy: {},
          required: requiredParameters(flattener, nested),
          shown: (properties) => shownProperties(nested, properties),
        },
        Object.keys(own),
      ),
      attributeNames: Object.keys(own),
      selectsItself: false,
      attribute(name) {
        if (name === REFID) return outputs[STACK_ID_OUTPUT] ?? new NestedIdentity(place, definition.name, 'arn');
        if (Object.hasOwn(outputs, name)) return outputs[name];
        // Heat looks at the outputs when the attribute is read.
        const what = `The Referenced Attribute (${definition.name} ${name}) is incorrect.`;
        return new Unreadable(
          place,
          what,
          `${suggest(name, Object.keys(own))}The outputs of '${typeName}' are ${listNames(Object.keys(own))}.`,
        );
      },
    },
  };
}

/** A nested template whose parameters are given by these expressions of the root template's scope. */
export function levelOf(
  flattener: Flattener,
  { definition }: Draft,
  nested: Template,
  file: string,
  given: { readonly [parameter: string]: Expression },
): Level {
  const { environment, customConstraints } = flattener.options;
  const parameters = new Map<string, NestedParameter>();
  for (const parameter of nested.parameters.values()) {
    const { name } = parameter;
    parameters.set(name, {
      definition: parameter,
      given: Object.hasOwn(given, name) ? given[name] : undefined,
      convert: (value) =>
        resolveParameter(
          parameter,
          value === undefined ? {} : { [name]: passed(parameter, value) },
          environment.parameterDefaults,
          customConstraints,
          nested,
        ),
    });
  }
  return new Level({
    template: nested,
    owner: definition.name,
    parameters,
    facade: {
      metadata: definition.metadata,
      deletionPolicy: definition.deletionPolicy,
      updatePolicy: definition.updatePolicy,
    },
    rootSource: flattener.root.source,
    file: (name) => flattener.fileText(name, file),
  });
}

/** Refuses what can be seen to be wrong before the run; parameters that are missing too, unless somebody else tells so. Throws TemplateInvalid with every problem. */
export function checkKnown(
  { scope }: Flattener,
  { definition, template }: Draft,
  level: Level,
  isMissingKnown = true,
): void {
  const problems: HotloomError[] = [];
  for (const [name, { given, convert }] of level.parameters) {
    if (given === undefined && isMissingKnown) continue;
    try {
      let isKnown = true;
      if (given !== undefined) {
        visitReferences(given, scope, () => {
          isKnown = false;
        });
      }
      if (isKnown) convert(given === undefined ? undefined : resolveExpression(given, withoutReads(scope)));
    } catch (error) {
      if (!isHotloomError(error)) throw error;
      const where = template.source.locate([...definition.path, 'properties', name]);
      const { why, fix } = error;
      const what = `Property error: resources.${definition.name}.properties.${name}: ${error.what}`;
      problems.push(new StackValidationFailed({ what, where, why, fix }));
    }
  }
  if (problems.length > 0) throw new TemplateInvalid(problems);
}

/** The properties with the empty value of its parameter's type for null. */
function shownProperties(nested: Template, properties: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(properties).map(([name, value]) => {
      const type = value === null ? nested.parameters.get(name)?.type : undefined;
      return [name, type === undefined ? value : EMPTY[type]];
    }),
  );
}

/** A list may be given as a text, and a map as a text or a list (heat/engine/properties.py, allow_conversion). */
const SCHEMAS: { readonly [type in ParameterDefinition['type']]: PropertySchemas[string] } = {
  string: { type: 'string' },
  number: { type: 'number' },
  boolean: { type: 'boolean' },
  comma_delimited_list: {},
  json: {},
};

/** What Heat makes of a property's value before it gives it to a parameter: null is the type's empty value. */
function passed({ type, name }: ParameterDefinition, value: Json): Json {
  if (value === null) return EMPTY[type];
  if (type === 'json' && typeof value !== 'object' && typeof value !== 'string') {
    throw new StackValidationFailed({
      what: `"${pythonText(value)}" is not a map`,
      why: `The parameter '${name}' takes a map, a list, or a text that is JSON.`,
      fix: 'Give a map.',
    });
  }
  if (type !== 'comma_delimited_list' || !Array.isArray(value)) return value;
  return value.map((item) => item ?? '');
}

const EMPTY: { readonly [type in ParameterDefinition['type']]: Json } = {
  string: '',
  number: 0,
  comma_delimited_list: '',
  json: {},
  boolean: false,
};

/** The outputs whose condition holds in the root template's scope; the others are null. */
export function outputsOf(
  { scope }: Flattener,
  nested: Template,
  level: Level,
): { readonly [output: string]: Expression } {
  return Object.fromEntries(
    [...nested.outputs.values()].map(({ name, value, condition }) => {
      const isEnabled = condition === undefined || evaluateCondition(condition, level.staticScope(scope));
      return [name, isEnabled ? level.lift(value) : null];
    }),
  );
}

/** Those that have a default neither in the template nor in the environment. */
function requiredParameters({ options }: Flattener, nested: Template): readonly string[] {
  const { parameterDefaults } = options.environment;
  return [...nested.parameters.values()]
    .filter(({ name, default: value }) => value === undefined && !Object.hasOwn(parameterDefaults, name))
    .map(({ name }) => name);
}
