import { InvalidEnvironment } from '../errors.ts';
import type { HookType } from '../template/hook-types.ts';
import { isJsonObject, type Json, type JsonObject } from '../values.ts';

/** By heat/engine/environment.py, a target that ends so is a template. */
const TEMPLATE_FILE = /\.(?:yaml|template)$/;

export function isTemplateFile(type: string): boolean {
  return TEMPLATE_FILE.test(type);
}

/**
 * What a resource's type stands for by an environment's resource_registry (ResourceRegistry in
 * heat/engine/environment.py): a template file, a type, or `undefined` for a type that the registry takes away. What is
 * said for the resource by its name goes before what is said for the type, and that before wildcards, of which the longest
 * counts; a wildcard never stands for a template. `path` are the names of the resource and of those it is nested in.
 * Throws InvalidEnvironment when aliases lead in a circle.
 */
export function lookUpType(registry: JsonObject, type: string, path: readonly string[]): string | undefined {
  const seen = [type];
  for (let name = type; ; ) {
    const target = targetOf(registry, name, path);
    if (target === null) return undefined;
    if (target === undefined || isTemplateFile(target)) return target ?? name;
    if (seen.includes(target)) throw circle([...seen, target]);
    seen.push(target);
    name = target;
  }
}

function circle(names: readonly string[]): InvalidEnvironment {
  return new InvalidEnvironment({
    what: `The resource_registry maps '${names[0]}' in a circle: ${names.map((name) => `'${name}'`).join(' -> ')}.`,
    why: 'Following the aliases never ends at a resource type.',
    fix: 'Map one of these names to a registered resource type, or take it out.',
  });
}

function targetOf(registry: JsonObject, type: string, path: readonly string[]): string | null | undefined {
  const own = entryOf(sectionOf(registry, path), type);
  if (own !== undefined) return own;
  const global = entryOf(registry, type);
  if (global !== undefined) return global;
  const wildcards = Object.keys(registry)
    .filter((key) => key.endsWith('*') && type.startsWith(key.slice(0, -1)))
    .sort((a, b) => b.length - a.length);
  for (const wildcard of wildcards) {
    const target = registry[wildcard];
    if (typeof target !== 'string' || isTemplateFile(target)) continue;
    const rest = type.slice(wildcard.length - 1);
    const full = target.endsWith('*') ? `${target.slice(0, -1)}${rest}` : target;
    // What stands for itself ends the search.
    if (full !== type) return full;
  }
  return undefined;
}

function entryOf(section: JsonObject | undefined, type: string): string | null | undefined {
  if (section === undefined || !Object.hasOwn(section, type)) return undefined;
  const target: Json | undefined = section[type];
  return typeof target === 'string' || target === null ? target : undefined;
}

/** `resources: {NAME: {...}}`, and inside it those of resources nested in NAME; that resource's own entry by its name. */
function sectionOf(registry: JsonObject, path: readonly string[]): JsonObject | undefined {
  const siblings = siblingsOf(registry, path);
  const name = path.at(-1);
  const own =
    name !== undefined && siblings !== undefined && Object.hasOwn(siblings, name) ? siblings[name] : undefined;
  return isJsonObject(own) ? own : undefined;
}

/**
 * The entries for the resources beside that of `path`: of everything that it is nested in, what any pattern says that fits,
 * and last what is said by its name (remove_resources_except in heat/engine/environment.py).
 */
function siblingsOf(registry: JsonObject, path: readonly string[]): JsonObject | undefined {
  let section: Json | undefined = registry.resources;
  for (const name of path.slice(0, -1)) {
    if (!isJsonObject(section)) return undefined;
    const inside: JsonObject = section;
    const fitting = Object.keys(inside).filter((pattern) => pattern !== name && matches(name, pattern));
    const entries = [...fitting, ...(Object.hasOwn(inside, name) ? [name] : [])].map((pattern) => inside[pattern]);
    section = Object.assign({}, ...entries.filter((entry) => isJsonObject(entry)));
  }
  return isJsonObject(section) ? section : undefined;
}

/** What an update must not do with a resource: change it in place, or replace it. */
export type RestrictedAction = 'update' | 'replace';

/**
 * The restricted actions that a resource_registry has for a resource (get_rsrc_restricted_actions in
 * heat/engine/environment.py): of every entry of its section `resources` whose name matches, `*` standing for anything.
 * `path` as of lookUpType.
 */
export function restrictedActions(registry: JsonObject, path: readonly string[]): ReadonlySet<RestrictedAction> {
  return wordsOf<RestrictedAction>(registry, path, 'restricted_actions');
}

/** The hooks that a resource_registry has for a resource, likewise (matches_hook in heat/engine/environment.py). */
export function hooksOf(registry: JsonObject, path: readonly string[]): ReadonlySet<HookType> {
  return wordsOf<HookType>(registry, path, 'hooks');
}

/** Parsed environments hold no other words. */
function wordsOf<Word extends string>(registry: JsonObject, path: readonly string[], key: string): ReadonlySet<Word> {
  const section = siblingsOf(registry, path);
  const words = new Set<Word>();
  const name = path.at(-1) ?? '';
  for (const [pattern, entry] of Object.entries(section ?? {})) {
    const given = isJsonObject(entry) ? entry[key] : undefined;
    if (given === undefined || !matches(name, pattern)) continue;
    for (const word of [given].flat()) words.add(word as Word);
  }
  return words;
}

function matches(name: string, pattern: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(name);
}

/** `a/./b/../c.yaml` -> `a/c.yaml`. */
export function normalisePath(path: string): string {
  if (path.includes('://')) return path;
  const steps: string[] = [];
  for (const step of path.split('/')) {
    if (step === '.' || (step === '' && steps.length > 0)) continue;
    if (step === '..' && steps.length > 0 && steps.at(-1) !== '..') steps.pop();
    else steps.push(step);
  }
  return steps.join('/');
}
