import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { messageOf, UsageError } from '../../errors.ts';
import { toDot } from '../../graph/dot.ts';
import { toMermaid } from '../../graph/mermaid.ts';
import { toSvg } from '../../graph/svg.ts';
import type { Analysis } from '../../stack/analyse.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { formatOf, type GraphFormat } from '../graph-format.ts';
import { type Io, printJson } from '../io.ts';
import { withoutStore } from '../open-engine.ts';
import { readTemplateInput, type TemplateOptions } from '../template-input.ts';

/** Draws a template's graph, to a file or to stdout. */
export async function graph(
  io: Io,
  stack: string,
  options: TemplateOptions & { readonly format?: GraphFormat; readonly output?: string; readonly json?: boolean },
): Promise<ExitCode> {
  const format = options.format ?? formatOf(options.output);
  const input = await readTemplateInput(io, stack, options);
  const text = await draw(format, await withoutStore(async (engine) => engine.validate(input), options));
  if (options.output !== undefined) await write(io, options.output, text);
  if (options.json === true) {
    printJson(io, options.output === undefined ? { format, text } : { format, file: resolve(io.cwd, options.output) });
  } else if (options.output === undefined) io.out.write(text);
  else io.out.write(`Wrote ${options.output}\n`);
  return EXIT.ok;
}

function draw(format: GraphFormat, { stack, graph }: Analysis): string | Promise<string> {
  switch (format) {
    case 'dot':
      return toDot(stack, graph);
    case 'mermaid':
      return toMermaid(stack, graph);
    case 'svg':
      return toSvg(stack, graph);
    default:
      return format satisfies never;
  }
}

async function write(io: Io, file: string, text: string): Promise<void> {
  try {
    await writeFile(resolve(io.cwd, file), text);
  } catch (error) {
    throw new UsageError({
      what: `The picture cannot be written to '${file}'.`,
      why: `The system says: ${messageOf(error)}.`,
      fix: 'Name a file in a directory that exists and that this user may write.',
      cause: error,
    });
  }
}
