import type { Inspection, Unresolved } from '../../stack/inspect.ts';
import type { Json } from '../../values.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { type Io, oneLine, printJson } from '../io.ts';
import { withoutStore } from '../open-engine.ts';
import type { Span } from '../styled-text.ts';
import { printTable } from '../table.ts';
import { readTemplateInput, type TemplateOptions } from '../template-input.ts';

/** Prints what the analysis knows of a template, although something may be wrong with it. */
export async function inspect(
  io: Io,
  stack: string,
  options: TemplateOptions & { readonly json?: boolean },
): Promise<ExitCode> {
  const input = await readTemplateInput(io, stack, options);
  const inspection = await withoutStore(
    async (engine) => engine.inspect(input, undefined, { masksSecrets: true }),
    options,
  );
  if (options.json === true) printJson(io, inspection);
  else io.out.write(printInspection(io, inspection));
  return inspection.problems.length === 0 ? EXIT.ok : EXIT.failed;
}

function printInspection(io: Io, { parameters, conditions, resources, outputs, problems }: Inspection): string {
  const { bold, red } = io.out.colors;
  const parts = [
    section(
      'Parameters',
      ['NAME', 'VALUE'],
      Object.entries(parameters).map(([name, value]) => row(name, print(value))),
    ),
    section(
      'Conditions',
      ['NAME', 'HOLDS'],
      Object.entries(conditions).map(([name, value]) => row(name, print(value))),
    ),
    section(
      'Resources',
      ['NAME', 'TYPE', 'REQUIRES', 'READS', 'WRITES'],
      Object.entries(resources).map(([name, { type, requires, inputs, outputs: written }]) => {
        const reads = Object.entries(inputs).map(([input, names]) => `${input} <- ${names.join(', ')}`);
        return row(name, type, requires.join(', '), reads.join('; '), Object.keys(written).join(', '));
      }),
    ),
    section(
      'Outputs',
      ['NAME', 'VALUE', 'READS'],
      Object.entries(outputs).map(([name, { value, reads }]) => row(name, printOutput(value, reads), reads.join(', '))),
    ),
  ];
  function section(title: string, head: readonly string[], rows: readonly (readonly Span[])[]): string {
    return rows.length === 0 ? '' : `${bold(title)}\n${printTable(io.out, head, rows)}\n`;
  }
  const told = problems.map(({ what, where }) => {
    const place = where === undefined ? '' : ` (${where.file}:${where.line ?? ''}:${where.column ?? ''})`;
    return `${red('\u2718')} ${oneLine(what)}${place}\n`;
  });
  return `${parts.join('')}${told.join('')}`;
}

function row(name: string, ...others: readonly string[]): readonly Span[] {
  return [[oneLine(name), 'strong'], ...others.map((text): Span => [oneLine(text)])];
}

/** What reads from a resource is not known before that is made. */
function printOutput(value: Json, reads: readonly string[]): string {
  if (isUnresolved(value)) return value.__error__;
  return reads.length === 0 ? print(value) : 'known when it runs';
}

function isUnresolved(value: Json): value is Unresolved {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, '__error__');
}

function print(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
