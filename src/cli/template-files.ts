import { realpath } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isTemplateFile, normalisePath } from '../composition/registry-lookup.ts';
import { type HotloomError, isHotloomError, StackValidationFailed, TemplateInvalid } from '../errors.ts';
import { builtSource, type Path, type Source } from '../source.ts';
import type { Template } from '../template/template.ts';
import { type LoadedDocument, loadDocument } from '../template/yaml.ts';
import { isJsonObject, type Json, type JsonObject } from '../values.ts';
import type { Io } from './io.ts';
import { readTextFile } from './read-text-file.ts';

/** The sections in which functions can stand. */
const SECTIONS = ['resources', 'outputs', 'conditions'];

/**
 * The texts that the template names, by get_file and as nested templates, and those that these name in turn. A name is
 * relative to the file that it stands in; its key is the name as given, and for what a nested template names its path from
 * the template's directory. A file outside of that directory, also by a symbolic link, is refused unless `allowOutside`: a
 * template from somebody else must not be able to send off the files of whoever uses it. Throws TemplateInvalid with every
 * problem.
 */
export async function collectFiles(
  io: Io,
  template: Template,
  options: { readonly file: string; readonly allowOutside: boolean },
): Promise<ReadonlyMap<string, string>> {
  const directory = options.file === '-' ? io.cwd : dirname(resolve(io.cwd, options.file));
  const collector = new Collector(io, directory, options.allowOutside);
  await collector.collect(template.document, template.source, '');
  return collector.done();
}

/** The nested templates that an environment's resource_registry names, relative to the environment's file. */
export async function collectRegistryFiles(
  io: Io,
  registry: JsonObject,
  options: { readonly file: string; readonly allowOutside: boolean },
): Promise<ReadonlyMap<string, string>> {
  const collector = new Collector(io, dirname(resolve(io.cwd, options.file)), options.allowOutside);
  const source = builtSource(options.file);
  for (const name of registryTemplates(registry)) await collector.add(name, name, source, ['resource_registry'], '');
  return collector.done();
}

class Collector {
  readonly #io: Io;
  readonly #home: string;
  readonly #allowOutside: boolean;
  readonly #files = new Map<string, string>();
  readonly #problems: HotloomError[] = [];

  constructor(io: Io, home: string, allowOutside: boolean) {
    this.#io = io;
    this.#home = home;
    this.#allowOutside = allowOutside;
  }

  done(): ReadonlyMap<string, string> {
    if (this.#problems.length > 0) throw new TemplateInvalid(this.#problems);
    return this.#files;
  }

  /** `directory` is that of the document from the home directory, with a slash at its end; empty for the home itself. */
  async collect(document: { readonly [section: string]: Json }, source: Source, directory: string): Promise<void> {
    for (const { name, path } of fileNames(document, [])) {
      await this.add(name, directory === '' ? name : normalisePath(`${directory}${name}`), source, path, directory);
    }
  }

  async add(name: string, key: string, source: Source, path: Path, directory: string): Promise<void> {
    if (this.#files.has(key)) return;
    try {
      const text = await readNamed(this.#io, name, join(this.#home, directory), this.#home, this.#allowOutside);
      this.#files.set(key, text);
      if (isTemplateFile(name)) await this.#collectNested(text, key);
    } catch (error) {
      if (!isHotloomError(error)) throw error;
      const { what, why, fix } = error;
      this.#problems.push(new StackValidationFailed({ what, where: source.locate(path), why, fix }));
    }
  }

  /** What is wrong with a nested template is told when the template that uses it is analysed. */
  async #collectNested(text: string, key: string): Promise<void> {
    let nested: LoadedDocument;
    try {
      nested = loadDocument(text, { file: key });
    } catch (error) {
      if (!isHotloomError(error)) throw error;
      return;
    }
    const path = normalisePath(key);
    await this.collect(nested.data, nested.source, path.slice(0, path.lastIndexOf('/') + 1));
  }
}

function registryTemplates(registry: JsonObject): readonly string[] {
  return Object.values(registry).flatMap((target) => {
    if (typeof target === 'string') return isTemplateFile(target) ? [target] : [];
    return isJsonObject(target) ? registryTemplates(target) : [];
  });
}

interface FileName {
  readonly name: string;
  readonly path: Path;
}

/**
 * Every `get_file: NAME` in the document, and every type that is the name of a template. A walk with its own list, since a document may be nested
 * deeply.
 */
function fileNames(document: { readonly [section: string]: Json }, path: Path): readonly FileName[] {
  const found: FileName[] = [];
  const open: { readonly value: Json | undefined; readonly path: Path }[] = SECTIONS.map((section) => ({
    value: document[section],
    path: [...path, section],
  })).reverse();
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const { value, path: at } = node;
    if (typeof value !== 'object' || value === null) continue;
    const entries: readonly (readonly [string | number, Json])[] = Array.isArray(value)
      ? [...value.entries()]
      : Object.entries(value);
    const [key, argument] = entries[0] ?? [];
    if (entries.length === 1 && key === 'get_file' && typeof argument === 'string') {
      found.push({ name: argument, path: [...at, key] });
    }
    for (const [step, item] of entries) {
      if (typeof item === 'string' && isTypeKey(step, at) && isTemplateFile(item)) {
        found.push({ name: item, path: [...at, step] });
      }
    }
    for (const [step, item] of entries.toReversed()) open.push({ value: item, path: [...at, step] });
  }
  return found;
}

/** `type` of a resource or of a group's definition, and an item of a chain's `resources`. */
function isTypeKey(step: string | number, path: Path): boolean {
  return step === 'type' || step === 'Type' || (typeof step === 'number' && path.at(-1) === 'resources');
}

async function readNamed(
  io: Io,
  name: string,
  directory: string,
  allowed: string,
  allowOutside: boolean,
): Promise<string> {
  const path = pathOf(name, directory);
  if (!allowOutside) {
    const [real, home] = await Promise.all([realpathOrSelf(path), realpathOrSelf(allowed)]);
    if (!isInside(real, home)) {
      throw new StackValidationFailed({
        what: `The file '${name}' lies outside of the template's directory.`,
        why: `It is ${real}, and the template lies in ${home}. A template could otherwise read any file of whoever uses it.`,
        fix: 'Move the file beside the template, or give --allow-outside if you trust the template.',
      });
    }
  }
  return readTextFile({ ...io, cwd: directory }, path, 'file');
}

function pathOf(name: string, directory: string): string {
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(name)?.[1]?.toLowerCase();
  if (scheme === undefined) return resolve(directory, name);
  if (scheme === 'file') return fileURLToPath(name);
  throw new StackValidationFailed({
    what: `The file '${name}' is not fetched.`,
    why: `Only files of this machine are read, and this is an address with the scheme '${scheme}'.`,
    fix: 'Download it and name the file.',
  });
}

/** What does not exist yet has no real path; its reading will say so. */
async function realpathOrSelf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    return resolve(path);
  }
}

function isInside(path: string, directory: string): boolean {
  const way = relative(directory, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && resolve(directory, way) === path;
}
