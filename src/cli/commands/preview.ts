import { EXIT, type ExitCode } from '../exit-code.ts';
import { type Io, printJson } from '../io.ts';
import { withoutStore } from '../open-engine.ts';
import { printPlan } from '../print-plan.ts';
import { readTemplateInput, type TemplateOptions } from '../template-input.ts';
import { tagsOf } from '../watched-action.ts';
import { writePlan } from '../write-plan.ts';

/** Shows what a create would do, and makes nothing. */
export async function preview(
  io: Io,
  stack: string,
  options: TemplateOptions & {
    readonly json?: boolean;
    readonly out?: string;
    readonly rollback?: boolean;
    readonly tags?: readonly string[];
  },
): Promise<ExitCode> {
  const input = await readTemplateInput(io, stack, options);
  const rollback = options.rollback === true;
  const saved = await withoutStore((engine) => engine.planCreate({ ...input, rollback, ...tagsOf(options) }), options);
  if (options.json === true) printJson(io, saved.plan);
  else io.out.write(printPlan(io, saved.plan));
  if (options.out !== undefined) await writePlan(io, options.out, saved);
  return EXIT.ok;
}
