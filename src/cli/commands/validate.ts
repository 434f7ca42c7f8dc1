import type { Engine } from '../../engine.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { type Io, oneLine, printJson } from '../io.ts';
import { withoutStore } from '../open-engine.ts';
import { readTemplateInput, type TemplateOptions } from '../template-input.ts';

/** Checks a template with its environments and parameters. */
export async function validate(
  io: Io,
  stack: string,
  options: TemplateOptions & { readonly json?: boolean },
): Promise<ExitCode> {
  const input = await readTemplateInput(io, stack, options);
  const analysis = await withoutStore(async (engine) => engine.validate(input), options);
  if (options.json === true) printJson(io, summary(analysis));
  else io.out.write(`${sentence(io, options.template, analysis)}\n`);
  return EXIT.ok;
}

type Analysis = ReturnType<Engine['validate']>;

function sentence(io: Io, file: string, { template, stack }: Analysis): string {
  const { green, bold, dim } = io.out.colors;
  const leftOut = template.resources.size - stack.resources.length;
  const counts = [
    count(stack.resources.length, 'resource') + (leftOut === 0 ? '' : ` (${leftOut} more left out by conditions)`),
    count(template.parameters.size, 'parameter'),
    count(stack.outputs.length, 'output'),
  ];
  const description = oneLine(template.description);
  const head = `${green('✔')} ${bold(file)} is valid: ${counts.join(', ')}.`;
  // What Heat says of a template that describes itself by nothing.
  return description === '' || description === 'No description' ? head : `${head}\n  ${dim(description)}`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function summary({ template, stack }: Analysis): object {
  return {
    description: template.description,
    parameters: [...template.parameters.keys()],
    resources: stack.resources.map(({ name, definition }) => ({ name, type: definition.type })),
    outputs: stack.outputs.map(({ definition }) => definition.name),
  };
}
