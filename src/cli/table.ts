import type { Output } from './io.ts';
import { type Line, padEnd, paintLine, type Span, widthOf } from './styled-text.ts';

/** Rows below their headings, in aligned columns; nothing is cut, so that programs and people can copy from it. */
export function printTable(out: Output, headings: readonly string[], rows: readonly (readonly Span[])[]): string {
  const widths = headings.map((heading, column) =>
    Math.max([...heading].length, ...rows.map((row) => [...(row[column]?.[0] ?? '')].length)),
  );
  const head: Line = headings.map((heading, column): Span => [cell(heading, widths, column), 'dim']);
  const body = rows.map(
    (row): Line => row.map(([text, tone = 'plain'], column): Span => [cell(text, widths, column), tone]),
  );
  return [head, ...body].map((line) => `${paintLine(line, out.colors).trimEnd()}\n`).join('');
}

/** Pairs of a label and a text, the texts aligned. */
export function printPairs(out: Output, pairs: readonly (readonly [label: string, text: Span])[]): string {
  const width = Math.max(0, ...pairs.map(([label]) => widthOf([[label]])));
  return pairs
    .map(([label, text]) => `${paintLine([[`${padEnd(label, width)}  `, 'dim'], text], out.colors).trimEnd()}\n`)
    .join('');
}

function cell(text: string, widths: readonly number[], column: number): string {
  return column === widths.length - 1 ? text : `${padEnd(text, widths[column] as number)}  `;
}
