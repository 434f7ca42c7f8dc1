import { UsageError } from '../../errors.ts';
import type { UpdateOptions } from '../../stack/update.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { type Io, printJson } from '../io.ts';
import { type StoreOptions, withExistingStore } from '../open-engine.ts';
import { printPlan } from '../print-plan.ts';
import { Progress } from '../progress.ts';
import { reportStack } from '../report-stack.ts';
import { readTemplateInput, readWithoutTemplate, type TemplateOptions } from '../template-input.ts';
import { timeoutOf, watchAction } from '../watched-action.ts';

export interface UpdateCommandOptions extends Omit<TemplateOptions, 'template'>, StoreOptions {
  readonly template?: string;
  readonly existing?: boolean;
  readonly clearParameter?: readonly string[];
  readonly rollback?: boolean;
  readonly dryRun?: boolean;
  /** Minutes. */
  readonly timeout?: number;
}

/** Updates a stack and shows how it goes, or shows what an update would do. */
export async function update(io: Io, stack: string, options: UpdateCommandOptions): Promise<ExitCode> {
  const input = await readUpdate(io, stack, options);
  return withExistingStore(io, options, async (engine) => {
    const plan = await engine.previewUpdate(input);
    if (options.dryRun === true) {
      if (options.json === true) printJson(io, plan);
      else io.out.write(printPlan(io, plan));
      return EXIT.ok;
    }
    const { resources } = await engine.show(stack, options.space);
    const progress = new Progress({
      space: options.space,
      stack,
      action: 'UPDATE',
      startedAt: Date.now(),
      resources: plan.steps
        .filter(({ action }) => action !== 'none')
        .map(({ resource, type }) => ({
          ...resources.find(({ name, isReplaced }) => name === resource && !isReplaced),
          name: resource,
          type,
        })),
    });
    const outcome = await watchAction(io, engine, { progress, options }, (signal) =>
      engine.update({ ...input, rollback: options.rollback === true, signal, ...timeoutOf(options) }),
    );
    return reportStack(io, engine, stack, options, outcome);
  });
}

async function readUpdate(io: Io, stack: string, options: UpdateCommandOptions): Promise<UpdateOptions> {
  const { template, existing = false, clearParameter = [] } = options;
  const kept = { existing, clearParameters: clearParameter };
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
