import { type HotloomError, InvalidEnvironment, isHotloomError } from '../errors.ts';
import { builtSource, type Path, type Source, type SourceLocation } from '../source.ts';
import { asJson, isJsonObject, type Json, type JsonObject } from '../values.ts';
import { listNames, suggest } from '../wording.ts';
import { HOOK_TYPES } from './hook-types.ts';
import { mergeParameters } from './merge-parameters.ts';
import type { ParameterType } from './parameters.ts';
import { isTrueInPython, pythonText, pythonType } from './python.ts';
import { checkShape, type DuplicateKeys, loadDocument } from './yaml.ts';

/** What a user gives along with a template (heat/engine/environment.py). */
export interface Environment {
  /** Values of parameters. */
  readonly parameters: JsonObject;
  /** Values for parameters that are given none, whatever template declares them. */
  readonly parameterDefaults: JsonObject;
  /** The whole `resource_registry` as data: wildcards, files, hooks, restricted actions. */
  readonly resourceRegistry: JsonObject;
  readonly encryptedParamNames: readonly Json[];
  readonly eventSinks: readonly Json[];
  readonly parameterMergeStrategies: JsonObject;
}

/** Options of parseEnvironment. */
export interface EnvironmentOptions {
  /** Names of the files that the inputs come from, for errors. Default: `<environment>`. */
  readonly files?: readonly string[];
  /** The types of the parameters that there are. Default: any name, and the type that a value has. */
  readonly parameterTypes?: ReadonlyMap<string, ParameterType>;
  /** A key twice in one mapping: an error (default), or the last counts, as under Heat. */
  readonly duplicateKeys?: DuplicateKeys;
}

/** Every section of an environment, and what it holds. */
export const ENVIRONMENT_SECTIONS = {
  parameters: 'map',
  parameter_defaults: 'map',
  resource_registry: 'map',
  encrypted_param_names: 'list',
  event_sinks: 'list',
  parameter_merge_strategies: 'map',
} as const;

type Section = keyof typeof ENVIRONMENT_SECTIONS;

/**
 * Reads environments, each a text or a plain object. Of one parameter or type that several have, the last counts; lists are
 * put together. No input gives the empty environment.
 *
 * Throws InvalidEnvironment for a section that is not there, is empty or has the wrong form, and for merge strategies that
 * contradict each other or cannot combine two values; TemplateFormatError for a text that is not YAML.
 */
export function parseEnvironment(
  inputs: string | object | readonly (string | object)[],
  options: EnvironmentOptions = {},
): Environment {
  const merged = new Map<Section, Json>();
  const all: readonly (string | object)[] = Array.isArray(inputs) ? inputs : [inputs as string | object];
  const strategies = new Map<string, string>();
  for (const [index, input] of all.entries()) {
    const { data, source } = readInput(input, options.files?.[index], options.duplicateKeys);
    const sections = checkSections(data, source);
    const stated = (new Map(sections).get('parameter_merge_strategies') ?? {}) as JsonObject;
    for (const [section, value] of sections) {
      const before = merged.get(section);
      const isParameters = section === 'parameters' || section === 'parameter_defaults';
      merged.set(
        section,
        isParameters
          ? mergeParameters(
              (before ?? {}) as JsonObject,
              { section, content: value as JsonObject, stated, source },
              strategies,
              options.parameterTypes,
            )
          : mergeSection(before, value),
      );
    }
  }
  const map = (section: Section): JsonObject => (merged.get(section) ?? {}) as JsonObject;
  const list = (section: Section): readonly Json[] => (merged.get(section) ?? []) as readonly Json[];
  return {
    parameters: map('parameters'),
    parameterDefaults: map('parameter_defaults'),
    resourceRegistry: map('resource_registry'),
    encryptedParamNames: list('encrypted_param_names'),
    eventSinks: list('event_sinks'),
    parameterMergeStrategies: map('parameter_merge_strategies'),
  };
}

/**
 * Where the last of the environments that give a parameter does so; undefined when none does. Without the text of the line, which
 * may hold a secret. Reads them once more, for an error.
 */
export function placeOfParameter(
  inputs: readonly (string | object)[],
  name: string,
  options: EnvironmentOptions = {},
): SourceLocation | undefined {
  for (const [index, input] of [...inputs.entries()].reverse()) {
    const { data, source } = readInput(input, options.files?.[index], options.duplicateKeys);
    const { parameters } = data;
    if (!isJsonObject(parameters) || !Object.hasOwn(parameters, name)) continue;
    const { excerpt: _, ...place } = source.locate(['parameters', name]);
    return place;
  }
  return undefined;
}

function checkSections(data: JsonObject, source: Source): readonly (readonly [Section, Json])[] {
  return Object.entries(data).map(([name, value]) => {
    const refuse = (what: string, why: string, fix: string): HotloomError =>
      new InvalidEnvironment({ what, where: source.locate([name]), why, fix });
    if (!Object.hasOwn(ENVIRONMENT_SECTIONS, name)) {
      const sections = Object.keys(ENVIRONMENT_SECTIONS);
      throw refuse(
        `environment has wrong section "${name}"`,
        'An environment has no such section.',
        `${suggest(name, sections)}The sections are ${listNames(sections)}.`,
      );
    }
    const kind = ENVIRONMENT_SECTIONS[name as Section];
    if (value === null) {
      throw refuse(
        `environment has empty section "${name}"`,
        'An empty section is nearly always a mistake of indentation.',
        'Fill it or remove it.',
      );
    }
    const isRight = kind === 'map' ? isJsonObject(value) : Array.isArray(value);
    // Heat takes an empty list for an empty mapping, but not in the registry.
    const isEmpty = name !== 'resource_registry' && !isTrueInPython(value);
    if (!isRight && !isEmpty) {
      throw refuse(
        `environment has a section "${name}" that is no ${kind}`,
        `It is a value of type ${pythonType(value)}.`,
        kind === 'map' ? 'Write names with a colon and a value each.' : 'Write a list.',
      );
    }
    const content = isRight ? value : kind === 'map' ? {} : [];
    if (name === 'resource_registry') checkRegistry(content as JsonObject, source);
    if (name === 'event_sinks') checkSinks(content as readonly Json[], source);
    return [name as Section, content] as const;
  });
}

function readInput(
  input: string | object,
  file: string | undefined,
  duplicateKeys: DuplicateKeys = 'refuse',
): { data: JsonObject; source: Source } {
  if (typeof input === 'string') {
    // An empty text is an environment that says nothing.
    if (input.split('\n').every((line) => /^\s*(?:#|$)/.test(line)))
      return { data: {}, source: builtSource(file ?? '<environment>') };
    return loadDocument(input, { kind: 'environment', duplicateKeys, ...(file === undefined ? {} : { file }) });
  }
  const source = builtSource(file ?? '<environment>');
  checkShape(input, 'environment', source);
  try {
    const data = asJson(input);
    if (isJsonObject(data)) return { data, source };
  } catch (error) {
    if (!isHotloomError(error)) throw error;
    throw new InvalidEnvironment({ what: error.what, where: source.locate([]), why: error.why, fix: error.fix });
  }
  throw new InvalidEnvironment({
    what: 'The environment is not a valid YAML mapping data type.',
    where: source.locate([]),
    why: 'Its top level is a list.',
    fix: 'Pass an object with sections such as parameters.',
  });
}

/** Heat has one kind of sink, a queue of Zaqar (heat/engine/environment.py, get_event_sinks; setup.cfg, heat.event_sinks). */
function checkSinks(sinks: readonly Json[], source: Source): void {
  for (const [index, sink] of sinks.entries()) {
    if (isJsonObject(sink) && sink.type === 'zaqar-queue') continue;
    throw new InvalidEnvironment({
      what: `There is no event sink of type '${isJsonObject(sink) ? String(sink.type) : pythonType(sink)}'.`,
      where: source.locate(['event_sinks', index]),
      why: "The one type of Heat is 'zaqar-queue'.",
      fix: 'Take the sink out, and listen to the events of the engine instead.',
    });
  }
}

/** What a hook may stop, and what an environment may forbid (heat/engine/environment.py). */
const ALLOWED_WORDS: { readonly [key: string]: { readonly noun: string; readonly words: readonly string[] } } = {
  hooks: {
    noun: 'hook type',
    words: HOOK_TYPES,
  },
  restricted_actions: { noun: 'restricted action', words: ['update', 'replace'] },
};

/**
 * A type is mapped to a name, to nothing (null), or, under `resources`, to a mapping of the same kind; `hooks` and
 * `restricted_actions` have words of their own.
 */
function checkRegistry(registry: JsonObject, source: Source, path: Path = ['resource_registry']): void {
  for (const [name, target] of Object.entries(registry)) {
    const here = [...path, name];
    const allowed = Object.hasOwn(ALLOWED_WORDS, name) ? ALLOWED_WORDS[name] : undefined;
    if (allowed !== undefined) checkWords(target, allowed, source, here);
    else if (isJsonObject(target)) checkRegistry(target, source, here);
    else if (target !== null && typeof target !== 'string') {
      throw new InvalidEnvironment({
        what: `The resource_registry maps '${name}' to a value of type ${pythonType(target)}.`,
        where: source.locate(here),
        why: 'A type stands for another type or for a template.',
        fix: "Write the name of a type, for example 'OS::Heat::None'.",
      });
    }
  }
}

function checkWords(
  given: Json,
  { noun, words }: { readonly noun: string; readonly words: readonly string[] },
  source: Source,
  path: Path,
): void {
  const list = Array.isArray(given) ? (given as readonly Json[]) : [given];
  const wrong = list.find((word) => typeof word !== 'string' || !words.includes(word));
  if (wrong === undefined) return;
  const text = pythonText(wrong);
  throw new InvalidEnvironment({
    what: `Invalid ${noun} "${text}" for resource, acceptable ${noun}s are: ${words.join(', ')}`,
    where: source.locate(path),
    why: `There is no ${noun} '${text}'.`,
    fix: `${suggest(text, words)}Write one of ${listNames(words)}.`,
  });
}

/** Later maps override entry by entry, null overrides nothing; lists grow. */
function mergeSection(before: Json | undefined, value: Json): Json {
  if (before === undefined) return value;
  if (Array.isArray(before)) return [...before, ...(value as readonly Json[])];
  const entries = Object.entries(value as JsonObject).filter(([, item]) => item !== null);
  return Object.fromEntries([...Object.entries(before as JsonObject), ...entries]);
}
