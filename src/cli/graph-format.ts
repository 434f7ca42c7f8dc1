import { extname } from 'node:path';
import { UsageError } from '../errors.ts';

export const GRAPH_FORMATS = ['dot', 'mermaid', 'svg'] as const;
export type GraphFormat = (typeof GRAPH_FORMATS)[number];

const FORMAT_OF_ENDING: { readonly [ending: string]: GraphFormat } = {
  '.dot': 'dot',
  '.gv': 'dot',
  '.mmd': 'mermaid',
  '.mermaid': 'mermaid',
  '.svg': 'svg',
};

/** The format that the ending of a file tells; DOT for stdout. Throws UsageError. */
export function formatOf(file: string | undefined): GraphFormat {
  if (file === undefined) return 'dot';
  const format = FORMAT_OF_ENDING[extname(file).toLowerCase()];
  if (format !== undefined) return format;
  throw new UsageError({
    what: `The ending of '${file}' does not tell the format of the picture.`,
    why: `These endings do: ${Object.keys(FORMAT_OF_ENDING).join(', ')}.`,
    fix: `Give --format, which is one of ${GRAPH_FORMATS.join(', ')}.`,
  });
}
