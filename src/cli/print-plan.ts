import { printName } from '../names.ts';
import type { OutputChange } from '../plan/impact.ts';
import type { Plan, PlanStep } from '../plan/plan.ts';
import type { PropertyChange } from '../plan/property-changes.ts';
import type { Json } from '../values.ts';
import { type Io, oneLine } from './io.ts';
import { type Line, padEnd, paintLine, type Span, type Tone, wrapLine } from './styled-text.ts';
import { printTable } from './table.ts';

/** What an action would do, for people. */
export function printPlan(io: Io, plan: Plan): string {
  const parts = plan.action === 'CREATE' ? printCreate(io, plan) : printUpdate(io, plan);
  return [...parts, printPath(io, plan), printHooks(io, plan), printForeign(io, plan)].join('');
}

// --- a create ---

function printCreate(io: Io, plan: Plan): readonly string[] {
  const { bold } = io.out.colors;
  const made = plan.steps.filter(({ action }) => action === 'create');
  return [
    `${bold(oneLine(plan.stack))}: ${made.length === 1 ? '1 resource' : `${made.length} resources`} would be created, in an order in which they may start:\n\n`,
    printTable(
      io.out,
      ['', 'RESOURCE', 'TYPE', 'STARTS', 'WAITS FOR'],
      plan.steps.map((step) => createRow(step, plan.criticalPath.resources)),
    ),
  ];
}

function createRow(
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

// --- an update ---

interface Look {
  readonly sign: string;
  readonly word: string;
  readonly tone: Tone;
}

const LOOKS: { readonly [A in PlanStep['action']]: Look } = {
  create: { sign: '+', word: 'create', tone: 'good' },
  update: { sign: '~', word: 'update', tone: 'warn' },
  replace: { sign: '±', word: 'replace', tone: 'bad' },
  compare: { sign: '?', word: 'may change', tone: 'busy' },
  delete: { sign: '-', word: 'delete', tone: 'bad' },
  unchanged: { sign: ' ', word: 'leave', tone: 'dim' },
  none: { sign: '!', word: 'cannot go on', tone: 'bad' },
};

/** Of what only gets another name. */
const MOVED: Look = { sign: '→', word: 'move', tone: 'accent' };

const COUNTED = [
  ['create', 'to create'],
  ['update', 'to update'],
  ['replace', 'to replace'],
  ['delete', 'to delete'],
  ['compare', 'may change'],
] as const;

function printUpdate(io: Io, plan: Plan): readonly string[] {
  const touched = plan.steps.filter(isShown);
  const left = plan.steps.filter(({ action, movedFrom }) => action === 'unchanged' && movedFrom === undefined).length;
  const rest = left === 0 ? '' : `${left === 1 ? '1 resource is' : `${left} resources are`} left alone.`;
  const counts = COUNTED.flatMap(([action, words]) => {
    const count = plan.steps.filter((step) => step.action === action).length;
    return count === 0 ? [] : [`${count} ${words}`];
  });
  const moved = plan.steps.filter(({ action, movedFrom }) => movedFrom !== undefined && action === 'unchanged').length;
  if (moved > 0) counts.push(`${moved} to move`);
  const sum =
    counts.length === 0 ? 'nothing would change.' : `${counts.join(', ')}, in an order in which it may happen.`;
  const width = Math.max(0, ...touched.map(({ resource }) => [...oneLine(resource)].length));
  const critical = new Set(plan.criticalPath.resources);
  return [
    printLine(io, [[oneLine(plan.stack), 'strong'], [`: ${[sum, rest].filter((part) => part !== '').join(' ')}`]], 0),
    touched.length === 0 ? '' : '\n',
    ...touched.map((step) => printStep(io, step, width, critical.has(step.resource))),
    printOutputs(io, plan.outputs),
  ];
}

/** What a condition leaves out is no news; what cannot go on is. */
function isShown({ action, reason, movedFrom }: PlanStep): boolean {
  if (movedFrom !== undefined) return true;
  return action !== 'unchanged' && (action !== 'none' || reason !== 'its condition does not hold');
}

function printStep(io: Io, step: PlanStep, width: number, isCritical: boolean): string {
  const { resource, type, action, changes, readBy } = step;
  const { sign, word, tone } = action === 'unchanged' ? MOVED : LOOKS[action];
  const notes = notesOf(step);
  const head: Line = [
    [isCritical ? '* ' : '  ', 'bad'],
    [`${sign} `, tone],
    [padEnd(oneLine(resource), width), 'strong'],
    [`  ${oneLine(type)}  `, 'dim'],
    [word, tone],
    [notes.length === 0 ? '' : `: ${oneLine(notes.join('; '))}`],
  ];
  // Of what is made anew everything is new: the names of properties tell no more than the template.
  const shown = action === 'create' ? [] : changes;
  const names = [...shown.map(({ name }) => oneLine(name)), ...(readBy.length === 0 ? [] : ['read by'])];
  const indent = Math.max(0, ...names.map((name) => [...name].length));
  const lines = shown.map(
    (change): Line => [
      [`      ${padEnd(oneLine(change.name), indent)}  `],
      [`${shownValue(change.before)} → `, 'dim'],
      change.isKnown ? [shownValue(change.after)] : ['known when it runs', 'busy'],
      [whatItForces(step, change), 'bad'],
    ],
  );
  if (readBy.length > 0 && action !== 'create') {
    lines.push([[`      ${padEnd('read by', indent)}  ${oneLine(listed(readBy))}`, 'dim']]);
  }
  return [printLine(io, head, 6), ...lines.map((line) => printLine(io, line, indent + 8))].join('');
}

function notesOf({ action, reason, movedFrom, mayReplace, deletesFirst, restricted }: PlanStep): readonly string[] {
  const notes: string[] = [];
  if (movedFrom !== undefined) notes.push(`${action === 'unchanged' ? '' : 'moved '}from ${movedFrom}`);
  if (reason !== undefined) notes.push(reason);
  if (mayReplace) notes.push('it may have to be replaced');
  if ((action === 'replace' || mayReplace) && deletesFirst) notes.push('the old one is deleted first');
  const forbidden = restricted.filter((each) => each === action || action === 'compare' || mayReplace);
  if (forbidden.length > 0) notes.push(`the environment forbids to ${forbidden.join(' and to ')} it`);
  return notes;
}

function whatItForces({ action }: PlanStep, { isKnown, forcesReplacement }: PropertyChange): string {
  if (!forcesReplacement) return '';
  if (isKnown) return '  forces the replacement';
  return action === 'replace' ? '' : '  replaced if it changes';
}

function printOutputs(io: Io, outputs: readonly OutputChange[]): string {
  if (outputs.length === 0) return '';
  const { bold } = io.out.colors;
  const width = Math.max(...outputs.map(({ output }) => [...oneLine(output)].length));
  const lines = outputs.map(
    ({ output, before, after, isKnown }): Line => [
      [`  ${padEnd(oneLine(output), width)}  `],
      [`${shownValue(before)} → `, 'dim'],
      isKnown ? [shownValue(after)] : ['known when it runs', 'busy'],
    ],
  );
  return `\n${bold('Outputs')}\n${lines.map((line) => printLine(io, line, width + 4)).join('')}`;
}

// --- of both ---

function printPath(io: Io, { criticalPath: { resources } }: Plan): string {
  if (resources.length === 0) return '';
  const path = resources.map(oneLine).join(' → ');
  return `\n${printLine(io, [['Critical path', 'strong'], [' '], ['(*)', 'dim'], [': '], [path, 'bad']], 2)}`;
}

function printHooks(io: Io, { steps }: Plan): string {
  const pauses = steps
    .filter(({ pausesAt }) => pausesAt.length > 0)
    .map(({ resource, action, pausesAt }) => {
      const condition = action === 'compare' ? ', if it changes' : '';
      return `${oneLine(resource)} (${pausesAt.join(', ')}${condition})`;
    });
  if (pauses.length === 0) return '';
  return printNews(io, 'Pauses at hooks until they are cleared', listed(pauses));
}

function printForeign(io: Io, { foreignNames, affectedStacks }: Plan): string {
  const parts: string[] = [];
  if (foreignNames.length > 0) {
    const names = [...new Set(foreignNames.map(printName))];
    parts.push(printNews(io, 'Waits for names from outside of this stack', names.map(oneLine).join(', ')));
  }
  if (affectedStacks.length > 0) {
    const stacks = affectedStacks.map(
      ({ space, stack, names }) => `${printName([space, stack])} (has read ${listed(names.map(printName))})`,
    );
    parts.push(printNews(io, 'Other stacks that may be out of date then', stacks.map(oneLine).join(', ')));
  }
  return parts.join('');
}

function printNews(io: Io, what: string, which: string): string {
  return `\n${printLine(io, [[what, 'strong'], [`: ${which}`]], 2)}`;
}

/** On a terminal in lines that fit into it. */
function printLine({ out }: Io, line: Line, indent: number): string {
  const width = out.isTerminal ? out.columns : Number.POSITIVE_INFINITY;
  return wrapLine(line, width, indent)
    .map((part) => `${paintLine(part, out.colors).trimEnd()}\n`)
    .join('');
}

const LISTED_AT_MOST = 8;

function listed(names: readonly string[]): string {
  const more = names.length > LISTED_AT_MOST ? ` and ${names.length - LISTED_AT_MOST} more` : '';
  return `${names.slice(0, LISTED_AT_MOST).join(', ')}${more}`;
}

const LONGEST_VALUE = 60;

function shownValue(value: Json | undefined): string {
  const text = oneLine(value === undefined ? 'absent' : JSON.stringify(value));
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE - 1)}…` : text;
}
