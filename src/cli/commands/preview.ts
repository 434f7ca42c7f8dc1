import { printName } from '../../names.ts';
import type { Plan, PlanStep } from '../../plan/plan.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { type Io, oneLine, printJson } from '../io.ts';
import { withoutStore } from '../open-engine.ts';
import type { Span } from '../styled-text.ts';
import { printTable } from '../table.ts';
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

function printPlan(io: Io, plan: Plan): string {
  const { bold, dim, red } = io.out.colors;
  const made = plan.steps.filter(({ action }) => action === 'create');
  const { resources } = plan.criticalPath;
  const parts = [
    `${bold(oneLine(plan.stack))}: ${made.length === 1 ? '1 resource' : `${made.length} resources`} would be created, in an order in which they may start:\n\n`,
    printTable(
      io.out,
      ['', 'RESOURCE', 'TYPE', 'STARTS', 'WAITS FOR'],
      plan.steps.map((step) => stepRow(step, resources)),
    ),
  ];
  if (resources.length > 0) {
    parts.push(`\n${bold('Critical path')} ${dim('(*)')}: ${red(resources.map(oneLine).join(' → '))}\n`);
  }
  if (plan.foreignNames.length > 0) {
    const names = [...new Set(plan.foreignNames.map(printName))];
    parts.push(`\n${bold('Waits for names from outside of this stack')}: ${names.map(oneLine).join(', ')}\n`);
  }
  return parts.join('');
}

function stepRow(
  { resource, type, action, reason, startsAtOnce, waitsFor }: PlanStep,
  critical: readonly string[],
): readonly Span[] {
  if (action === 'none')
    return [[''], [oneLine(resource), 'dim'], [oneLine(type), 'dim'], ['never', 'dim'], [reason ?? '', 'dim']];
  const waits = waitsFor.map(({ input, names }) => `${names.join(', ')} (${input})`);
  return [
    critical.includes(resource) ? ['*', 'bad'] : [''],
    [oneLine(resource), 'strong'],
    [oneLine(type), 'dim'],
    [startsAtOnce || waits.length === 0 ? 'at once' : 'when all is there'],
    [oneLine(waits.join('; '))],
  ];
}
