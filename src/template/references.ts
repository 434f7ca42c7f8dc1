import { InvalidTemplateReference } from '../errors.ts';
import { type Path, printPath, type SourceLocation } from '../source.ts';
import { listNames, suggest } from '../wording.ts';

// The errors for a name that the template does not declare, with Heat's first lines. They are told where the template is
// parsed when the name stands there, and when references are listed when a parameter gives the name.

/** The fields of an InvalidTemplateReference. */
export interface ReferenceFields {
  readonly what: string;
  readonly why: string;
  readonly fix: string;
}

/** `get_param` of a parameter that is not declared. */
export function unknownParameter(name: string, parameters: Iterable<string>): ReferenceFields {
  const names = [...parameters];
  return {
    what: `The Parameter (${name}) was not provided.`,
    why: `The template declares no parameter '${name}'.`,
    fix: `${suggest(name, names)}Declare it in the section 'parameters', or use one of these: ${listNames(names)}.`,
  };
}

/** `get_resource`, `get_attr` or `depends_on` of a resource that is not declared. */
export function unknownResource(name: string, path: Path, resources: Iterable<string>): ReferenceFields {
  const names = [...resources];
  return {
    what: `The specified reference "${name}" (in ${printReferencePath(path)}) is incorrect.`,
    why: `The template declares no resource '${name}'.`,
    fix: `${suggest(name, names)}The template has ${listNames(names)}.`,
  };
}

/** A condition that is not declared. */
export function unknownCondition(name: string, conditions: Iterable<string>): ReferenceFields {
  const names = [...conditions];
  return {
    what: `Invalid condition "${name}"`,
    why: `The template declares no condition '${name}'.`,
    fix: `${suggest(name, names)}Declare it in the section 'conditions', which has ${listNames(names)}.`,
  };
}

export function referenceError(fields: ReferenceFields, where: SourceLocation | undefined): InvalidTemplateReference {
  return new InvalidTemplateReference({ ...fields, where });
}

/** Heat leaves out the section `resources` and writes `Properties` large: `web.Properties.host`. */
export function printReferencePath(path: Path): string {
  const inner = path[0] === 'resources' ? path.slice(1) : path;
  return printPath(inner.map((step, index) => (index === 1 && step === 'properties' ? 'Properties' : step)));
}
