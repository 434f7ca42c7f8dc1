import type { Engine } from '../../engine.ts';
import { UsageError } from '../../errors.ts';
import type { UpdateOptions } from '../../stack/update.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { type Io, printJson } from '../io.ts';
import { type StoreOptions, withExistingStore } from '../open-engine.ts';
import { planProgress } from '../plan-progress.ts';
import { printPlan } from '../print-plan.ts';
import { reportStack } from '../report-stack.ts';
import { readTemplateInput, readWithoutTemplate, type TemplateOptions } from '../template-input.ts';
import { tagsOf, timeoutOf, watchAction } from '../watched-action.ts';
import { writePlan } from '../write-plan.ts';

export interface UpdateCommandOptions extends Omit<TemplateOptions, 'template'>, StoreOptions {
  readonly template?: string;
  readonly existing?: boolean;
  readonly clearParameter?: readonly string[];
  /** `OLD=NEW` */
  readonly move?: readonly string[];
  readonly rollback?: boolean;
  readonly dryRun?: boolean;
  readonly converge?: boolean;
  readonly supersede?: boolean;
  /** With dryRun, where the plan goes for `apply`. */
  readonly out?: string;
  readonly tags?: readonly string[];
  /** Minutes. */
  readonly timeout?: number;
}

/** Updates a stack and shows how it goes, or shows what an update would do. */
export async function update(io: Io, stack: string, options: UpdateCommandOptions): Promise<ExitCode> {
  if (options.out !== undefined && options.dryRun !== true) {
    throw new UsageError({
      what: "'--out' needs '--dry-run'.",
      why: 'A plan is written instead of being done.',
      fix: "Add '--dry-run', and do it later by 'hotloom apply FILE'.",
    });
  }
  const input = await readUpdate(io, stack, options);
  return withExistingStore(io, options, async (engine) => {
    if (options.dryRun === true) return show(io, engine, { ...input, rollback: options.rollback === true }, options);
    const progress = await planProgress(engine, await engine.previewUpdate(input));
    const { rollback = false, supersede = false } = options;
    const outcome = await watchAction(io, engine, { progress, options }, (signal) =>
      engine.update({ ...input, rollback, supersede, signal, ...timeoutOf(options) }),
    );
    return reportStack(io, engine, stack, options, outcome);
  });
}

async function show(io: Io, engine: Engine, input: UpdateOptions, options: UpdateCommandOptions): Promise<ExitCode> {
  const saved = options.out === undefined ? undefined : await engine.planUpdate(input);
  const plan = saved?.plan ?? (await engine.previewUpdate(input));
  if (options.json === true) printJson(io, plan);
  else io.out.write(printPlan(io, plan));
  if (options.out !== undefined && saved !== undefined) await writePlan(io, options.out, saved, options);
  return EXIT.ok;
}

async function readUpdate(io: Io, stack: string, options: UpdateCommandOptions): Promise<UpdateOptions> {
  const { template, existing = false, clearParameter = [], move = [], converge = false } = options;
  const kept = { existing, clearParameters: clearParameter, moves: move.map(parseMove), converge, ...tagsOf(options) };
  if (template !== undefined) return { ...(await readTemplateInput(io, stack, { ...options, template })), ...kept };
  if (!existing) {
    throw new UsageError({
      what: 'An update needs a template.',
      why: "Neither '--template' nor '--existing' is given.",
      fix: "Give the template by '-t FILE', or keep the one that the stack has by '--existing'.",
    });
  }
  const files = new Map<string, string>();
  const others = await readWithoutTemplate(io, stack, options, files);
  return { ...others, files: Object.fromEntries(files), ...kept };
}

function parseMove(text: string): { readonly from: string; readonly to: string } {
  const at = text.indexOf('=');
  const [from, to] = [text.slice(0, Math.max(at, 0)), text.slice(at + 1)];
  if (from !== '' && to !== '') return { from, to };
  throw new UsageError({
    what: `Malformed move (${text}). Use the old=new format.`,
    why: '--move takes the name that a resource has had, an equals sign and the name that it has in the template.',
    fix: 'Write for example: --move web=frontend',
  });
}
