import { InvalidEnvironment } from '../errors.ts';
import type { Source, SourceLocation } from '../source.ts';
import { isJsonObject, type Json, type JsonObject } from '../values.ts';
import type { ParameterType } from './parameters.ts';

/** One environment's section `parameters` or `parameter_defaults`, to be merged with what came before it. */
export interface ParameterSection {
  readonly section: 'parameters' | 'parameter_defaults';
  readonly content: JsonObject;
  /** The environment's section parameter_merge_strategies. */
  readonly stated: JsonObject;
  readonly source: Source;
}

/**
 * Merges the values of one environment into those before it, by heat/common/environment_util.py: a parameter's strategy is
 * fixed by the first environment that has it; `merge` puts texts and lists together and adds keys to maps, `deep_merge`
 * does so at every depth. `types` are the parameters that there are: others are ignored from the second environment on.
 * `fixed` holds the strategies, and is added to.
 *
 * Throws InvalidEnvironment for strategies that contradict each other and for values that cannot be put together.
 */
export function mergeParameters(
  before: JsonObject,
  given: ParameterSection,
  fixed: Map<string, string>,
  types: ReadonlyMap<string, ParameterType> | undefined,
): JsonObject {
  const entries = Object.entries(given.content).filter(
    ([name, value]) => value !== null && (types === undefined || types.has(name)),
  );
  for (const [name] of entries) fixStrategy(name, given, fixed);
  if (Object.keys(before).length === 0) return given.content;
  const merged = new Map(Object.entries(before));
  for (const [name, value] of entries) {
    const strategy = fixed.get(name);
    merged.set(name, strategy === 'overwrite' ? value : combine(name, merged.get(name), given, strategy, types));
  }
  return Object.fromEntries(merged);
}

const STRATEGIES: readonly string[] = ['overwrite', 'merge', 'deep_merge'];

function fixStrategy(name: string, { stated, section, source }: ParameterSection, fixed: Map<string, string>): void {
  const known = fixed.get(name);
  const strategy = strategyOf(stated, name, known);
  if (known !== undefined && strategy !== known) {
    throw new InvalidEnvironment({
      what: `Conflicting merge strategy '${strategy}' for parameter '${name}' in file '${source.file}'.`,
      where: withoutLine(
        source.locate(Object.hasOwn(stated, name) ? ['parameter_merge_strategies', name] : [section, name]),
      ),
      why: `An environment before it has the parameter with the strategy '${known}'.`,
      fix: `State the same strategy in every environment that has '${name}'.`,
    });
  }
  fixed.set(name, strategy);
}

/** What the environment states for the parameter, else what is fixed, else its default, which any other word means too. */
function strategyOf(stated: JsonObject, name: string, fixed: string | undefined): string {
  const allowed = (key: string): string | undefined => STRATEGIES.find((strategy) => strategy === stated[key]);
  const byDefault = (Object.hasOwn(stated, 'default') ? allowed('default') : undefined) ?? 'overwrite';
  return Object.hasOwn(stated, name) ? (allowed(name) ?? byDefault) : (fixed ?? byDefault);
}

function combine(
  name: string,
  before: Json | undefined,
  { content, section, source }: ParameterSection,
  strategy: string | undefined,
  types: ReadonlyMap<string, ParameterType> | undefined,
): Json {
  const value = content[name] as Json;
  const type = types === undefined ? typeOf(value) : types.get(name);
  const combined = combineByType(type, before, value, strategy === 'deep_merge');
  if (combined !== undefined) return combined;
  throw new InvalidEnvironment({
    what: `Invalid merge strategy '${strategy}' for parameter '${name}'.`,
    where: withoutLine(source.locate([section, name])),
    why: `An environment before it has a value too, and the two cannot be put together as a ${type ?? 'value'}.`,
    fix: "Write the combined value into the last environment, and use the strategy 'overwrite'.",
  });
}

function typeOf(value: Json): ParameterType | undefined {
  if (typeof value === 'string') return 'string';
  if (Array.isArray(value)) return 'comma_delimited_list';
  return isJsonObject(value) ? 'json' : undefined;
}

/** `undefined` where Python would fail. */
function combineByType(
  type: ParameterType | undefined,
  before: Json | undefined,
  value: Json,
  isDeep: boolean,
): Json | undefined {
  switch (type) {
    case 'string':
      return typeof value === 'string' && isText(before) ? `${before ?? ''}${value}` : undefined;
    case 'comma_delimited_list':
      return typeof value === 'string' || Array.isArray(value) ? mergeLists(before, value) : undefined;
    case 'json':
      return mergeMaps(parsed(before), parsed(value), isDeep);
    default:
      return undefined;
  }
}

function isText(value: Json | undefined): value is string | undefined {
  return value === undefined || typeof value === 'string';
}

/** A text may be JSON; `undefined` for one that is none. */
function parsed(value: Json | undefined): Json | undefined {
  if (typeof value !== 'string' || value === '') return value;
  try {
    return JSON.parse(value) as Json;
  } catch {
    return undefined;
  }
}

function mergeLists(before: Json | undefined, value: Json): Json | undefined {
  if (before === undefined || before === null || before === '' || (Array.isArray(before) && before.length === 0)) {
    return value;
  }
  if (Array.isArray(value)) return Array.isArray(before) ? [...before, ...(value as readonly Json[])] : undefined;
  return typeof before === 'string' && typeof value === 'string' ? `${before},${value}` : undefined;
}

function mergeMaps(before: Json | undefined, value: Json | undefined, isDeep: boolean): Json | undefined {
  if (before === undefined || (isJsonObject(before) && Object.keys(before).length === 0)) return value;
  if (!isJsonObject(before) || !isJsonObject(value)) return undefined;
  const merged = new Map(Object.entries(before));
  for (const [key, item] of Object.entries(value)) {
    if (item === null) continue;
    const combined = isDeep ? mergeItems(merged.get(key), item) : item;
    if (combined === undefined) return undefined;
    merged.set(key, combined);
  }
  return Object.fromEntries(merged);
}

function mergeItems(before: Json | undefined, item: Json): Json | undefined {
  if (typeof item === 'string') return isText(before) ? `${before ?? ''}${item}` : undefined;
  if (before === undefined || before === null || before === '' || before === 0 || before === false) return item;
  if (isJsonObject(item)) return mergeMaps(before, item, true);
  return Array.isArray(item) ? mergeLists(before, item) : item;
}

/** Without the line: it has a value, and whether the parameter is hidden stands in the template. */
function withoutLine({ excerpt, ...place }: SourceLocation): SourceLocation {
  return place;
}
