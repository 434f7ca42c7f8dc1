import { printName } from '../names.ts';
import type { StackDescription } from '../stack/describe.ts';
import type { Json } from '../values.ts';
import { type Io, manyLines, oneLine } from './io.ts';
import { printTime } from './plain-lines.ts';
import { type Line, paintLine, printDuration, type Span, toneOfState } from './styled-text.ts';
import { printPairs, printTable } from './table.ts';

/** A stack with everything that is known of it. */
export function printStack(io: Io, stack: StackDescription): string {
  const parameters = Object.entries(stack.parameters).filter(([name]) => !name.startsWith('OS::'));
  const parts = [
    printPairs(io.out, [
      ['name', [oneLine(stack.name), 'strong']],
      ['space', [oneLine(stack.space)]],
      ['id', [stack.id]],
      ['state', [stack.state, toneOfState(stack.state)]],
      ['reason', [oneLine(stack.reason)]],
      ...(stack.isInterrupted ? [['interrupted', [describeInterruption(stack), 'bad']] as const] : []),
      ...(stack.tags.length > 0 ? [['tags', [oneLine(stack.tags.join(', '))]] as const] : []),
      ...(stack.staleReads.length > 0 ? [['out of date', [describeStale(stack), 'warn']] as const] : []),
      ['created', [printTime(stack.createdAt)]],
      ['updated', [`${printTime(stack.updatedAt)} (${printDuration(Date.now() - stack.updatedAt)} ago)`]],
    ]),
    stack.resources.length === 0 ? '' : `\n${heading(io, 'Resources')}${printResources(io, stack)}`,
    parameters.length === 0
      ? ''
      : `\n${heading(io, 'Parameters')}${printPairs(
          io.out,
          parameters.map(([name, value]) => [`  ${oneLine(name)}`, [oneLine(printValue(value))]] as const),
        )}`,
    printOutputs(io, stack),
  ];
  return parts.join('');
}

function printResources(io: Io, { resources }: StackDescription): string {
  const hasReasons = resources.some(({ reason }) => reason !== '' && reason !== 'state changed');
  const table = printTable(
    io.out,
    ['NAME', 'TYPE', 'STATE', 'ID', ...(hasReasons ? ['REASON'] : [])],
    resources.map(({ name, type, action, state, resourceId, reason, isSuspended }): readonly Span[] => [
      [oneLine(name)],
      [oneLine(type), 'dim'],
      [isSuspended && action !== 'SUSPEND' ? `${state} (suspended)` : state, toneOfState(state)],
      [oneLine(resourceId ?? '-'), 'dim'],
      [reason === 'state changed' ? '' : oneLine(reason), state.endsWith('FAILED') ? 'bad' : 'dim'],
    ]),
  );
  return table.replace(/^(?=.)/gm, '  ');
}

/** The template outputs below their heading, an empty line before it; nothing when the stack has none. */
export function printOutputs(io: Io, { outputs, outputErrors }: StackDescription): string {
  const names = Object.keys(outputs);
  if (names.length === 0) return '';
  const width = Math.max(...names.map((name) => [...oneLine(name)].length));
  const lines = names.flatMap((name) => {
    const error = outputErrors[name];
    const texts = error === undefined ? valueLines(io, outputs[name] ?? null, width + 4) : [oneLine(error)];
    return texts.map((text, index): string => {
      const label = `  ${index === 0 ? oneLine(name).padEnd(width) : ' '.repeat(width)}  `;
      const line: Line = [
        [label, 'dim'],
        [text, error === undefined ? 'plain' : 'bad'],
      ];
      return paintLine(line, io.out.colors).trimEnd();
    });
  });
  return `\n${heading(io, 'Outputs')}${lines.join('\n')}\n`;
}

/** One line, or where a terminal would break it in the middle, JSON over several. */
function valueLines(io: Io, value: Json, indent: number): readonly string[] {
  const text = printValue(value);
  const isTooWide = io.out.isTerminal && indent + text.length > io.out.columns;
  return manyLines(isTooWide && typeof value === 'object' ? JSON.stringify(value, null, 2) : text);
}

/** A string as it is, which may have several lines, and everything else as JSON. */
export function printValue(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function heading(io: Io, text: string): string {
  return `${io.out.colors.bold(text)}\n`;
}

function describeStale({ name, staleReads }: StackDescription): string {
  const names = staleReads.map((each) => oneLine(printName(each))).join(', ');
  return `what it has read has changed or gone: ${names}; 'hotloom update ${oneLine(name)} --existing' brings it up to date`;
}

/** What there is to know of a stack whose engine is gone. */
export function describeInterruption({ name }: { readonly name: string }): string {
  return `the engine that worked on it is gone; 'hotloom resume ${oneLine(name)}' goes on, 'hotloom delete ${oneLine(name)}' removes what was made`;
}
