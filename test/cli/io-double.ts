import { Readable } from 'node:stream';
import pc from 'picocolors';
import type { Io, Output } from '../../src/cli/io.ts';

/** An Io whose texts are kept, without colours. */
export interface IoDouble extends Io {
  readonly written: { out: string; err: string };
}

export function ioDouble(
  options: {
    readonly cwd?: string;
    readonly stdin?: string;
    readonly env?: Io['env'];
    readonly isTerminal?: boolean;
    readonly columns?: number;
  } = {},
): IoDouble {
  const written = { out: '', err: '' };
  const output = (key: 'out' | 'err'): Output => ({
    write: (text) => {
      written[key] += text;
    },
    isTerminal: options.isTerminal ?? false,
    colors: pc.createColors(false),
    columns: options.columns ?? 80,
    rows: 24,
  });
  return {
    written,
    out: output('out'),
    err: output('err'),
    stdin: Readable.from([options.stdin ?? '']) as unknown as NodeJS.ReadStream,
    env: options.env ?? {},
    cwd: options.cwd ?? '/',
  };
}
