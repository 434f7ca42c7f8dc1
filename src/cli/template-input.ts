import type { TemplateInput } from '../stack/analyse.ts';
import { parseTemplate, type Template } from '../template/template.ts';
import type { Json } from '../values.ts';
import type { Io } from './io.ts';
import { parseParameters, splitPair } from './parameters.ts';
import { readTextFile } from './read-text-file.ts';
import { collectFiles } from './template-files.ts';

/** The options that name a template and what its meaning depends on, as Heat's client calls them. */
export interface TemplateOptions {
  readonly template: string;
  readonly environment?: readonly string[];
  readonly parameter?: readonly string[];
  readonly parameterFile?: readonly string[];
  readonly allowOutside?: boolean;
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
  const environments = await Promise.all(
    (options.environment ?? []).map((name) => readTextFile(io, name, 'environment')),
  );
  const parameters: Record<string, Json> = { ...parseParameters(options.parameter ?? []) };
  for (const pair of options.parameterFile ?? []) {
    const [name, from] = splitPair(pair, '--parameter-file');
    parameters[name] = await readTextFile(io, from, `file of the parameter '${name}',`);
  }
  const parsed = parseTemplate(text, { file });
  const files = await collectFiles(io, parsed, {
    file: options.template,
    allowOutside: options.allowOutside === true,
  });
  return {
    space: options.space,
    stack,
    template: { ...parsed, files },
    environments,
    environmentFiles: options.environment ?? [],
    parameters,
  };
}
