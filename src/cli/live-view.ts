import { commandLine } from './hints.ts';
import { oneLine } from './io.ts';
import type { StoreChoice } from './open-engine.ts';
import { type Phase, type Progress, phaseOf, type ResourceProgress } from './progress.ts';
import {
  cutLine,
  type Line,
  padEnd,
  printDuration,
  type Span,
  type Tone,
  toneOfState,
  widthOf,
  wrapText,
} from './styled-text.ts';

/** How a frame is drawn. */
export interface ViewOptions {
  readonly columns: number;
  /** What does not fit is told in numbers. */
  readonly rows: number;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly now: number;
  /** What the user has to know besides: that a cancel is under way. */
  readonly notice?: string | undefined;
  /** The store that the user has named, which commands for another terminal have to name too. */
  readonly store?: StoreChoice['store'];
}

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const MARKS: { readonly [phase in Phase]: readonly [mark: string, tone: Tone] } = {
  waiting: ['·', 'dim'],
  running: ['●', 'busy'],
  blocked: ['◌', 'warn'],
  paused: ['‖', 'accent'],
  complete: ['✔', 'good'],
  failed: ['✖', 'bad'],
  skipped: ['⊘', 'dim'],
};

/** One frame of the live view: the stack's line, a line per resource, and what stands in the way. */
export function drawProgress(progress: Progress, options: ViewOptions): readonly Line[] {
  const head = headLines(progress, options);
  const foot = footLines(progress, options);
  const room = Math.max(options.rows - 1 - head.length - foot.length, 3);
  const lines = [...head, ...resourceLines(progress, room, options), ...foot];
  return lines.map((line) => cutLine(line, options.columns));
}

/** The counts get a line of their own where there is no room beside the state. */
function headLines(progress: Progress, { now, columns }: ViewOptions): readonly Line[] {
  const { stack, action, status, startedAt, endedAt } = progress;
  const isAtWork = endedAt === undefined;
  const mark: Span = isAtWork
    ? [SPINNER[Math.floor(now / 100) % SPINNER.length] as string, 'busy']
    : status === 'COMPLETE'
      ? ['✔', 'good']
      : ['✖', 'bad'];
  const state = `${action}_${status}`;
  const counts = countPhases(progress);
  const line: Line = [
    mark,
    [' '],
    [oneLine(stack), 'strong'],
    ['  '],
    [state, toneOfState(state)],
    [`  ${printDuration((endedAt ?? now) - startedAt)}`],
  ];
  if (counts === '') return [line];
  const beside: Line = [...line, [`  ${counts}`, 'dim']];
  return widthOf(beside) <= columns ? [beside] : [line, [[`  ${counts}`, 'dim']]];
}

function countPhases(progress: Progress): string {
  const waiting = waitingWord(progress);
  const words = ['complete', 'deleted', 'at work', 'blocked', 'paused at a hook', waiting, 'failed', 'skipped'];
  const counts = new Map(words.map((word) => [word, 0]));
  for (const resource of progress.resources) {
    const word = phaseWord(resource, waiting);
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts]
    .filter(([, count]) => count > 0)
    .map(([word, count]) => `${count} ${word}`)
    .join(' · ');
}

/** What an action that is complete has not come to is as it was. */
function waitingWord({ action, status }: Progress): string {
  if (status === 'COMPLETE' && (action === 'UPDATE' || action === 'ROLLBACK')) return 'unchanged';
  return action === 'DELETE' || action === 'ROLLBACK' ? 'to be deleted' : 'not started';
}

function phaseWord(resource: ResourceProgress, waiting: string): string {
  return {
    complete: resource.action === 'DELETE' ? 'deleted' : 'complete',
    running: 'at work',
    blocked: 'blocked',
    paused: 'paused at a hook',
    waiting,
    failed: 'failed',
    skipped: 'skipped',
  }[phaseOf(resource)];
}

/** The phases in the order in which they give way when there is no room for all. */
const COLLAPSED_FIRST: readonly Phase[] = ['complete', 'waiting', 'skipped', 'blocked', 'running', 'paused', 'failed'];

function resourceLines(progress: Progress, room: number, options: ViewOptions): readonly Line[] {
  const hidden = new Map<Phase, Collapsed>();
  let shown = progress.resources;
  for (const phase of COLLAPSED_FIRST) {
    if (shown.length + hidden.size <= room) break;
    const members = shown.filter((resource) => phaseOf(resource) === phase);
    if (members.length === 0) continue;
    // Of the last phase that has to give way some stay, as far as there is room: those whose turn is next, else the latest.
    const kept = Math.max(room - (shown.length - members.length) - hidden.size - 1, 0);
    const dropped = new Set(phase === 'waiting' ? members.slice(kept) : members.slice(0, members.length - kept));
    hidden.set(phase, { count: dropped.size, isAll: kept === 0 });
    shown = shown.filter((resource) => !dropped.has(resource));
  }
  const details = shown.map((resource) => detail(progress, resource, phaseOf(resource), options.now));
  const layout = layoutOf(progress, shown, Math.max(0, ...details.map(widthOf)), options.columns);
  return [
    ...[...hidden].map(([phase, collapsed]) => collapsedLine(phase, collapsed)),
    ...shown.map((resource, index) => resourceLine(resource, details[index] ?? [], layout, options)),
  ];
}

/** How the columns before the details are drawn. */
interface Layout {
  readonly nameWidth: number;
  /** Undefined: there is no room for types. */
  readonly typeWidth: number | undefined;
  readonly stateWidth: number;
  /** The action that is left out, since the first line tells it: `IN_PROGRESS` for `CREATE_IN_PROGRESS`. */
  readonly implied: string | undefined;
}

/** Mark, time and the spaces between all columns. */
const FIXED_WIDTH = 17;

/** What a resource waits for is worth more than the rest: first the types give way, then the actions, then long names. */
function layoutOf(
  progress: Progress,
  shown: readonly ResourceProgress[],
  detailWidth: number,
  columns: number,
): Layout {
  const nameWidth = widest(shown.map(({ name }) => oneLine(name)));
  const typeWidth = widest(shown.map(({ type }) => oneLine(type)));
  const stateWidth = widest(shown.map((resource) => stateText(resource)));
  const free = columns - FIXED_WIDTH - Math.min(detailWidth, MOST_DETAIL);
  if (columns >= 100 && nameWidth + typeWidth + stateWidth + 2 <= free) {
    return { nameWidth, typeWidth, stateWidth, implied: undefined };
  }
  if (nameWidth + stateWidth <= free) return { nameWidth, typeWidth: undefined, stateWidth, implied: undefined };
  const shortWidth = widest(shown.map((resource) => stateText(resource, progress.action)));
  const left = Math.min(nameWidth, Math.max(LEAST_NAME, free - shortWidth));
  return { nameWidth: left, typeWidth: undefined, stateWidth: shortWidth, implied: progress.action };
}

/** So much of the details is worth making room for. */
const MOST_DETAIL = 48;
const LEAST_NAME = 8;

/** Resources of one phase for which there is no room: all of them, or the first ones. */
interface Collapsed {
  readonly count: number;
  readonly isAll: boolean;
}

const PHASE_WORDS: { readonly [phase in Phase]: string } = {
  complete: 'complete',
  waiting: 'waiting for their turn',
  skipped: 'skipped',
  blocked: 'blocked',
  paused: 'paused at a hook',
  running: 'at work',
  failed: 'failed',
};

function collapsedLine(phase: Phase, { count, isAll }: Collapsed): Line {
  const [mark, tone] = MARKS[phase];
  return [['  '], [mark, tone], [` ${count} ${isAll ? '' : 'more '}${PHASE_WORDS[phase]}`, 'dim']];
}

/** A name that is much longer than the others must not push everything else off the screen. */
const WIDEST = 32;

function widest(texts: readonly string[]): number {
  return Math.min(WIDEST, Math.max(0, ...texts.map((text) => [...text].length)));
}

function resourceLine(
  resource: ResourceProgress,
  details: Line,
  { nameWidth, typeWidth, stateWidth, implied }: Layout,
  { now }: ViewOptions,
): Line {
  const { startedAt, endedAt } = resource;
  const [mark, tone] = MARKS[phaseOf(resource)];
  const elapsed = startedAt === undefined ? '' : printDuration((endedAt ?? now) - startedAt);
  const state = stateText(resource, implied);
  return [
    ['  '],
    [mark, tone],
    [' '],
    ...(implied !== undefined ? cutLine([[oneLine(resource.name)]], nameWidth) : ([[oneLine(resource.name)]] as Line)),
    [' '.repeat(Math.max(0, nameWidth - [...oneLine(resource.name)].length))],
    [typeWidth === undefined ? '' : `  ${padEnd(oneLine(resource.type), typeWidth)}`, 'dim'],
    [`  ${padEnd(state, stateWidth)}`, toneOfState(stateText(resource))],
    [`  ${elapsed.padStart(7)}`, 'dim'],
    ['  '],
    ...details,
  ];
}

/** `implied` is an action that need not be told. */
function stateText({ action, status, isSkipped }: ResourceProgress, implied?: string): string {
  if (isSkipped) return 'skipped';
  if (action === 'INIT') return 'not started';
  return action === implied ? status : `${action}_${status}`;
}

function detail(progress: Progress, resource: ResourceProgress, phase: Phase, now: number): Line {
  if (phase === 'failed' || phase === 'skipped') {
    return [[oneLine(resource.reason), phase === 'failed' ? 'bad' : 'dim']];
  }
  if (resource.pause !== undefined) {
    const { hook, since } = resource.pause;
    return [
      [`paused ${printDuration(now - since)} until `, 'accent'],
      [hook, 'strong'],
      [' is cleared', 'accent'],
    ];
  }
  const waits = resource.waits.filter(({ names }) => names.length > 0);
  const [first] = waits;
  const name = first?.names[0];
  if ((phase === 'blocked' || phase === 'waiting') && first !== undefined && name !== undefined) {
    const others = waits.reduce((count, { names }) => count + names.length, 0) - 1;
    return [
      [`waits ${printDuration(now - first.since)} for `, 'warn'],
      [oneLine(progress.printName(name)), 'strong'],
      [` (${first.awaits === undefined ? writerWord(progress.writerOf(name)) : 'from outside'})`, 'dim'],
      [others === 0 ? '' : ` and ${others} more`, 'dim'],
    ];
  }
  return phase === 'running' && resource.lastLine !== undefined ? [[oneLine(resource.lastLine), 'dim']] : [];
}

function writerWord(phase: Phase | undefined): string {
  if (phase === undefined) return 'from outside of this stack';
  // A resource that is complete may have written it just now.
  return {
    waiting: 'not started',
    running: 'running',
    blocked: 'blocked',
    paused: 'paused at a hook',
    complete: 'complete',
    failed: 'failed',
    skipped: 'skipped',
  }[phase];
}

/** What stands in the way, and what the user has to know. Long texts are wrapped: they must not be cut. */
function footLines(progress: Progress, { notice, columns, store }: ViewOptions): readonly Line[] {
  const { circles, quiescence, action, endedAt, failure } = progress;
  const lines: Line[] = [];
  const add = (text: string, tone: Tone, indent = ''): void => {
    lines.push(...wrapText(oneLine(text), columns - indent.length).map((part): Line => [[indent + part, tone]]));
  };
  for (const { kind, hops, reason } of circles) {
    if (kind === 'deadlock') add('! Deadlock: each of these waits for the next.', 'bad');
    else add(`! Stall: ${reason ?? ''}`, 'warn');
    for (const hop of hops.slice(0, HOPS_AT_MOST)) add(hop, 'dim', '    ');
    if (hops.length > HOPS_AT_MOST) add(`and ${hops.length - HOPS_AT_MOST} more`, 'dim', '    ');
  }
  // A stall is nothing else, and says more.
  if (quiescence.length > 0 && circles.length === 0) {
    add('! Nothing can go on by itself:', 'warn');
    for (const read of quiescence.slice(0, HOPS_AT_MOST)) add(read, 'plain', '    ');
    if (quiescence.length > HOPS_AT_MOST) add(`and ${quiescence.length - HOPS_AT_MOST} more`, 'dim', '    ');
  }
  const paused = progress.resources.filter(({ pause }) => pause !== undefined).map(({ name }) => oneLine(name));
  if (paused.length > 0 && endedAt === undefined) {
    const cleared = paused.length > HOPS_AT_MOST ? ['*'] : paused;
    const command = commandLine({ space: progress.space, store }, ['hook-clear', oneLine(progress.stack), ...cleared]);
    add(`To clear ${paused.length === 1 ? 'the hook' : 'the hooks'}: ${command}`, 'accent');
  }
  // What is rolled back has failed before; at the end the whole error is told.
  if (action === 'ROLLBACK' && endedAt === undefined && failure !== undefined) add(failure, 'bad');
  if (notice !== undefined) add(notice, 'accent');
  return lines.length === 0 ? [] : [[['']], ...lines];
}

const HOPS_AT_MOST = 6;
