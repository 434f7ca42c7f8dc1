import { type HotloomError, InvalidTemplateReference } from '../errors.ts';
import { conditionResults } from '../template/conditions.ts';
import type { StaticScope } from '../template/expression.ts';
import type { ParameterValues } from '../template/parameters.ts';
import type { Template } from '../template/template.ts';
import type { Json } from '../values.ts';
import { suggest } from '../wording.ts';

/**
 * What is fixed before the run: parameter values, conditions (evaluated when first asked for) and files. Who asks for a
 * parameter that has no value is told why by its error in `failures`.
 */
export function staticScope(
  template: Template,
  parameters: ParameterValues,
  home: StaticScope['home'],
  project = '',
  failures?: ReadonlyMap<string, HotloomError>,
): StaticScope {
  const scope: StaticScope = {
    home,
    project,
    parameter: (name) => {
      const value: Json | undefined = parameters.get(name);
      if (value !== undefined) return value;
      const failure = failures?.get(name);
      if (failure !== undefined) throw failure;
      throw new InvalidTemplateReference({
        what: `The Parameter (${name}) was not provided.`,
        why: 'The template has no parameter of that name.',
        fix: `${suggest(name, parameters.keys())}Declare it in the section 'parameters'.`,
      });
    },
    condition: (name) => holds(name),
    file: (name) => {
      const text = template.files.get(name);
      if (text !== undefined) return text;
      throw new InvalidTemplateReference({
        what: `No content found in the "files" section for get_file path: ${name}`,
        why: 'The text of the file was not given along with the template.',
        fix: `${suggest(name, template.files.keys())}Give the file with the template.`,
      });
    },
  };
  const holds = conditionResults(template.conditions, scope);
  return scope;
}
