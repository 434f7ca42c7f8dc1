import { isTemplateFile } from '../composition/registry-lookup.ts';
import { type HotloomError, isHotloomError, StackValidationFailed, TemplateInvalid, UsageError } from '../errors.ts';
import { buildPortGraph } from '../graph/build.ts';
import { describeCycles } from '../graph/cycles.ts';
import type { PortGraph } from '../graph/port-graph.ts';
import { deriveInterface } from '../interface/derive.ts';
import type { StackInterface } from '../interface/interface.ts';
import { staticScope } from '../interface/scope.ts';
import { SecretReads } from '../interface/secret-reads.ts';
import { statedMoves, wrongMoves } from '../plan/moves.ts';
import { Secrets } from '../secrets.ts';
import type { StackDefinition } from '../store/stack-store.ts';
import { type Environment, parseEnvironment, placeOfParameter } from '../template/environment.ts';
import { type ParameterType, type ParameterValues, resolveEachParameter } from '../template/parameters.ts';
import { parseTemplate, type Template } from '../template/template.ts';
import type { JsonObject } from '../values.ts';
import type { StackServices } from './services.ts';

/** A template with everything that its meaning depends on. */
export interface TemplateInput {
  /** Default: `default`. */
  readonly space?: string;
  /** The stack's name. */
  readonly stack: string;
  /** YAML or JSON text, a document as a plain object, or a Template. */
  readonly template: string | object | Template;
  /** The template's file name, for errors. */
  readonly file?: string;
  /** Texts for `get_file`, by the name that the template gives. */
  readonly files?: { readonly [name: string]: string };
  readonly parameters?: JsonObject;
  /** Environments as text or as plain objects; later ones override earlier ones. */
  readonly environments?: readonly (string | object)[];
  /** The file names of the environments, for errors. */
  readonly environmentFiles?: readonly string[];
}

/** How far an analysis goes. */
export interface AnalyseOptions {
  /** The stack's id, once there is one. */
  readonly stackId?: string;
  /** Values of parameters that count where nothing else is given; one that the template has no more is left out. */
  readonly kept?: JsonObject;
  /** Tells of problems instead of throwing them, with all that could be understood. */
  readonly isTolerant?: boolean;
}

/** A template understood: what each resource reads and writes, and what waits for what. */
export interface Analysis {
  readonly template: Template;
  readonly parameters: ParameterValues;
  readonly environment: Environment;
  readonly stack: StackInterface;
  readonly graph: PortGraph;
  /** The values of hidden parameters, and what else turns out to be secret while the stack runs. */
  readonly secrets: Secrets;
  /** What is secret by what the template says. */
  readonly reads: SecretReads;
  /** Masks them. */
  readonly redact: (text: string) => string;
  /** What is wrong, of a tolerant analysis; otherwise empty. */
  readonly problems: readonly HotloomError[];
}

/**
 * The walk from text to port graph. Nothing is created. Throws TemplateInvalid with all problems of the template and its
 * parameters, or the error of a parameter if that is all; a document that cannot be read is told at once.
 */
export function analyse(
  services: Pick<StackServices, 'types' | 'limits' | 'granularity' | 'project'>,
  input: TemplateInput,
  { stackId, kept = {}, isTolerant = false }: AnalyseOptions = {},
): Analysis {
  checkInput(input);
  const { space = 'default', stack: name } = input;
  checkName('stack', name);
  checkName('space', space);
  const template = readTemplate(services, input);
  const environments = input.environments ?? [];
  const options = { files: input.environmentFiles ?? [], ...keysRule(services) };
  const environment = parseEnvironment(environments, { ...options, parameterTypes: parameterTypes(template) });
  const {
    values: parameters,
    problems,
    failures,
  } = resolveEachParameter(template, {
    given: { ...parametersOf(template, kept), ...environment.parameters, ...input.parameters },
    placeOfGiven: (name) =>
      Object.hasOwn(input.parameters ?? {}, name) ? undefined : placeOfParameter(environments, name, options),
    defaults: environment.parameterDefaults,
    ...services.project,
    stackName: name,
    stackId: stackId ?? 'None',
  });
  const secrets = hiddenValues(template, parameters);
  const redact = secrets.mask;
  const derived = deriveInterface(template, {
    space,
    stack: name,
    types: services.types,
    scope: staticScope(template, parameters, { space, stack: name }, services.project.projectId, failures),
    environment,
    customConstraints: services.project.customConstraints,
    duplicateKeys: services.project.duplicateKeys,
    maxResources: services.limits.maxResources,
    redact,
  });
  const { stack } = derived;
  const found = [...problems, ...derived.problems, ...wrongMoves(stack, statedMoves(stack))];
  if (isTolerant || found.length === 0) {
    const graph = buildPortGraph(stack, services.granularity);
    found.push(...describeCycles(graph, stack));
    if (isTolerant || found.length === 0)
      return {
        template,
        parameters,
        environment,
        stack,
        graph,
        secrets,
        reads: new SecretReads(stack),
        redact,
        problems: inOrder(found),
      };
  }
  // One error of a parameter is told as it is, since the template is not to blame.
  if (found.length === 1 && problems.length === 1) throw found[0];
  throw new TemplateInvalid(inOrder(found));
}

/**
 * A stack as it is stored, with `parameters` over those stored: without a key hidden ones are not. Throws what analyse throws,
 * and EncryptionKeyMissing.
 */
export function analyseStored(
  services: Parameters<typeof analyse>[0],
  stored: StackDefinition & { readonly id: string; readonly space: string; readonly name: string },
  parameters: JsonObject = {},
): Analysis {
  const { id, space, name, template, files, environment } = stored;
  const input = { space, stack: name, template, files, environments: [environment] };
  const given = { ...stored.parameters, ...stored.hidden, ...parameters };
  return analyse(services, { ...input, parameters: given }, { stackId: id });
}

function parametersOf({ parameters }: Template, values: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(values).filter(([name]) => parameters.has(name)));
}

function hiddenValues(template: Template, values: ParameterValues): Secrets {
  const secrets = new Secrets();
  for (const [name, { hidden, ephemeral }] of template.parameters) {
    const value = hidden ? values.get(name) : undefined;
    if (value !== undefined) secrets.add(value, ephemeral ? 'ephemeral' : 'secret');
  }
  return secrets;
}

/**
 * In the order in which a reader of the file meets them, those without a place first, and each once: the members of a
 * group have the same problem at the same place.
 */
function inOrder(problems: readonly HotloomError[]): readonly HotloomError[] {
  const key = ({ where }: HotloomError): number => (where?.line ?? 0) * 100_000 + (where?.column ?? 0);
  return [...new Map(problems.map((problem) => [problem.message, problem])).values()].sort((a, b) => key(a) - key(b));
}

/** What a caller without TypeScript may have got wrong. */
function checkInput(input: TemplateInput): void {
  const { stack, template } = (input ?? {}) as Partial<TemplateInput>;
  const missing =
    typeof stack !== 'string' ? 'stack' : template === undefined || template === null ? 'template' : undefined;
  if (missing === undefined) return;
  throw new UsageError({
    what: `The option '${missing}' is missing.`,
    why: 'A stack has a name, and is made from a template.',
    fix: "Give both, as in {stack: 'my-app', template: text}.",
  });
}

/** Heat's rule for stack names (heat/engine/stack.py); a slash is ours, between a nested stack's name and its parent's. */
function checkName(kind: 'stack' | 'space', name: string): void {
  if (/^[a-zA-Z][\w.-]{0,254}$/.test(name)) return;
  throw new StackValidationFailed({
    what: `Invalid ${kind} name ${name} must contain only alphanumeric or "_-." characters, must start with alpha and must be 255 characters or less.`,
    why: `The name of a ${kind} is a part of the names of its values.`,
    fix: `Choose a name such as 'my-app'.`,
  });
}

function readTemplate(services: Pick<StackServices, 'limits' | 'project'>, input: TemplateInput): Template {
  if (isTemplate(input.template)) return input.template;
  return parseTemplate(input.template, {
    ...(input.file === undefined ? {} : { file: input.file }),
    files: input.files ?? {},
    maxSize: services.limits.maxTemplateSize,
    ...keysRule(services),
  });
}

/** The parameters that an environment may give: the template's, and those of the nested templates that came with it. */
function parameterTypes(template: Template): ReadonlyMap<string, ParameterType> {
  const types = new Map<string, ParameterType>();
  for (const [file, text] of template.files) {
    if (!isTemplateFile(file)) continue;
    try {
      for (const { name, type } of parseTemplate(text, { file }).parameters.values()) types.set(name, type);
    } catch (error) {
      // What is wrong with a nested template is told where it is used.
      if (!isHotloomError(error)) throw error;
    }
  }
  for (const { name, type } of template.parameters.values()) types.set(name, type);
  return types;
}

function keysRule({ project }: Pick<StackServices, 'project'>): Pick<StackServices['project'], 'duplicateKeys'> {
  return project.duplicateKeys === undefined ? {} : { duplicateKeys: project.duplicateKeys };
}

function isTemplate(input: string | object): input is Template {
  return typeof input === 'object' && 'document' in input && 'source' in input && 'resources' in input;
}
