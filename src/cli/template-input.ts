import { UsageError } from '../errors.ts';
import type { TemplateInput } from '../stack/analyse.ts';
import { parseEnvironment } from '../template/environment.ts';
import { parseTemplate, type Template } from '../template/template.ts';
import type { Json } from '../values.ts';
import type { Io } from './io.ts';
import { parseParameters, splitPair } from './parameters.ts';
import { readTextFile } from './read-text-file.ts';
import { collectFiles, collectRegistryFiles } from './template-files.ts';

/** The options that name a template and what its meaning depends on, as Heat's client calls them. */
export interface TemplateOptions {
  readonly template: string;
  readonly environment?: readonly string[];
  readonly parameter?: readonly string[];
  readonly parameterFile?: readonly string[];
  readonly allowOutside?: boolean;
  /** Of the commands that only look. */
  readonly allowUnknownTypes?: boolean;
  readonly space: string;
}

/** Reads everything that the options name. Throws UsageError, and the errors of a template that is no template. */
export async function readTemplateInput(
  io: Io,
  stack: string,
  options: TemplateOptions,
): Promise<TemplateInput & { readonly template: Template }> {
  const text = await readTextFile(io, options.template, 'template');
  const file = options.template === '-' ? '<stdin>' : options.template;
  const parsed = parseTemplate(text, { file });
  const allowOutside = options.allowOutside === true;
  const files = new Map(await collectFiles(io, parsed, { file: options.template, allowOutside }));
  const others = await readWithoutTemplate(io, stack, options, files);
  return { ...others, template: { ...parsed, files } };
}

/** The same of options that name no template. The texts that the environments name are added to `files`. */
export async function readWithoutTemplate(
  io: Io,
  stack: string,
  options: Omit<TemplateOptions, 'template'>,
  files: Map<string, string>,
): Promise<Omit<TemplateInput, 'template'>> {
  const environments = await Promise.all(
    (options.environment ?? []).map((name) => readTextFile(io, name, 'environment')),
  );
  const parameters: Record<string, Json> = { ...parseParameters(options.parameter ?? []) };
  for (const pair of options.parameterFile ?? []) {
    const [name, from] = splitPair(pair, '--parameter-file');
    parameters[name] = await readTextFile(io, from, `file of the parameter '${name}',`);
  }
  const allowOutside = options.allowOutside === true;
  for (const [index, name] of (options.environment ?? []).entries()) {
    const { resourceRegistry } = parseEnvironment(environments[index] as string, { files: [name] });
    for (const [key, text] of await collectRegistryFiles(io, resourceRegistry, { file: name, allowOutside })) {
      addFile(files, key, text, name);
    }
  }
  return { space: options.space, stack, environments, environmentFiles: options.environment ?? [], parameters };
}

/** An environment and the template may name different files by the same name. */
function addFile(files: Map<string, string>, key: string, text: string, environment: string): void {
  const other = files.get(key);
  if (other !== undefined && other !== text) {
    throw new UsageError({
      what: `'${key}' means two different files.`,
      why: `The template and the environment ${environment} both name it, each relative to its own directory.`,
      fix: 'Rename one of them, or keep the environment beside the template.',
    });
  }
  files.set(key, text);
}
