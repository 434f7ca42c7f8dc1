import { realpath } from 'node:fs/promises';
import { dirname, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type HotloomError, isHotloomError, StackValidationFailed, TemplateInvalid } from '../errors.ts';
import type { Path } from '../source.ts';
import type { Template } from '../template/template.ts';
import type { Json } from '../values.ts';
import type { Io } from './io.ts';
import { readTextFile } from './read-text-file.ts';

/** The sections in which functions can stand. */
const SECTIONS = ['resources', 'outputs', 'conditions'];

/**
 * The texts that the template names by `get_file`, by the name that it gives. Names are relative to the template's
 * directory. A file outside of that directory, also by a symbolic link, is refused unless `allowOutside`: a template from
 * somebody else must not be able to send off the files of whoever uses it. Throws TemplateInvalid with every problem.
 */
export async function collectFiles(
  io: Io,
  template: Template,
  options: { readonly file: string; readonly allowOutside: boolean },
): Promise<ReadonlyMap<string, string>> {
  const directory = options.file === '-' ? io.cwd : dirname(resolve(io.cwd, options.file));
  const files = new Map<string, string>();
  const problems: HotloomError[] = [];
  for (const { name, path } of fileNames(template.document, [])) {
    if (files.has(name)) continue;
    try {
      files.set(name, await readNamed(io, name, directory, options.allowOutside));
    } catch (error) {
      if (!isHotloomError(error)) throw error;
      const { what, why, fix } = error;
      problems.push(new StackValidationFailed({ what, where: template.source.locate(path), why, fix }));
    }
  }
  if (problems.length > 0) throw new TemplateInvalid(problems);
  return files;
}

interface FileName {
  readonly name: string;
  readonly path: Path;
}

/** Every `get_file: NAME` in the document. A walk with its own list, since a document may be nested deeply. */
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
    for (const [step, item] of entries.toReversed()) open.push({ value: item, path: [...at, step] });
  }
  return found;
}

async function readNamed(io: Io, name: string, directory: string, allowOutside: boolean): Promise<string> {
  const path = pathOf(name, directory);
  if (!allowOutside) {
    const [real, home] = await Promise.all([realpathOrSelf(path), realpathOrSelf(directory)]);
    if (!isInside(real, home)) {
      throw new StackValidationFailed({
        what: `The file '${name}' of get_file lies outside of the template's directory.`,
        why: `It is ${real}, and the template lies in ${home}. A template could otherwise read any file of whoever uses it.`,
        fix: 'Move the file beside the template, or give --allow-outside if you trust the template.',
      });
    }
  }
  return readTextFile({ ...io, cwd: directory }, path, 'file of get_file');
}

function pathOf(name: string, directory: string): string {
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(name)?.[1]?.toLowerCase();
  if (scheme === undefined) return resolve(directory, name);
  if (scheme === 'file') return fileURLToPath(name);
  throw new StackValidationFailed({
    what: `The file '${name}' of get_file is not fetched.`,
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
