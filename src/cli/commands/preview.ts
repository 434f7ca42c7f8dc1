import { EXIT, type ExitCode } from '../exit-code.ts';
import { type Io, printJson } from '../io.ts';
import { withoutStore } from '../open-engine.ts';
import { printPlan } from '../print-plan.ts';
import { readTemplateInput, type TemplateOptions } from '../template-input.ts';

/** Shows what a create would do, and makes nothing. */
export async function preview(
  io: Io,
  stack: string,
  options: TemplateOptions & { readonly json?: boolean },
): Promise<ExitCode> {
  const input = await readTemplateInput(io, stack, options);
  const plan = await withoutStore(async (engine) => engine.preview(input), options);
  if (options.json === true) printJson(io, plan);
  else io.out.write(printPlan(io, plan));
  return EXIT.ok;
}
