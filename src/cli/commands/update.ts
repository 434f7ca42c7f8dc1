import { UsageError } from '../../errors.ts';
import type { Difference } from '../../plan/comparison.ts';
import type { Plan, PlanStep } from '../../plan/plan.ts';
import type { UpdateOptions } from '../../stack/update.ts';
import type { Json } from '../../values.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { type Io, oneLine, printJson } from '../io.ts';
import { type StoreOptions, withExistingStore } from '../open-engine.ts';
import { Progress } from '../progress.ts';
import { reportStack } from '../report-stack.ts';
import type { Span } from '../styled-text.ts';
import { printTable } from '../table.ts';
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
      else io.out.write(printUpdate(io, plan));
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

const WORDS: { readonly [A in PlanStep['action']]: string } = {
  create: 'create',
  update: 'update',
  replace: 'replace',
  compare: 'may change',
  unchanged: 'leave',
  delete: 'delete',
  none: '',
};

function printUpdate(io: Io, plan: Plan): string {
  const { bold } = io.out.colors;
  const changing = plan.steps.filter(({ action }) => action !== 'unchanged' && action !== 'none');
  const left = plan.steps.filter(({ action }) => action === 'unchanged').length;
  const rest = left === 0 ? '' : `${left === 1 ? '1 resource is' : `${left} resources are`} left alone.\n`;
  if (changing.length === 0) return `${bold(oneLine(plan.stack))}: nothing would change. ${rest}`;
  const rows = changing.map((step): readonly Span[] => [
    [WORDS[step.action], step.action === 'replace' || step.action === 'delete' ? 'bad' : 'strong'],
    [oneLine(step.resource), 'strong'],
    [oneLine(step.type), 'dim'],
    [oneLine(whyChanged(step))],
  ]);
  const what = changing.length === 1 ? '1 resource' : `${changing.length} resources`;
  const table = printTable(io.out, ['', 'RESOURCE', 'TYPE', 'BECAUSE'], rows);
  return `${bold(oneLine(plan.stack))}: ${what} would be touched, in an order in which it may happen:\n\n${table}\n${rest}`;
}

function whyChanged({ reason, differences, unknown }: PlanStep): string {
  const parts = differences.map(({ name, before, after }) => `${name}: ${shown(before)} → ${shown(after)}`);
  if (unknown.length > 0) parts.push(`${unknown.join(', ')}: known when it runs`);
  if (reason !== undefined) parts.push(reason);
  return parts.join('; ');
}

function shown(value: Difference['before']): string {
  const text = value === undefined ? 'absent' : JSON.stringify(value as Json);
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
