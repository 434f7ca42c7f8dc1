import { messageOf, UsageError } from '../../errors.ts';
import type { Json } from '../../values.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { type Io, oneLine, printJson } from '../io.ts';
import { type StoreOptions, withExistingStore } from '../open-engine.ts';
import { readTextFile } from '../read-text-file.ts';

export interface SignalCommandOptions extends StoreOptions {
  /** JSON text. */
  readonly data?: string;
  readonly dataFile?: string;
}

/** Signals a resource, also of a stack that another process works on. */
export async function signal(
  io: Io,
  stack: string,
  resource: string,
  options: SignalCommandOptions,
): Promise<ExitCode> {
  const data = await dataOf(io, options);
  return withExistingStore(io, options, async (engine) => {
    const { space } = options;
    const told = await engine.signal({ stack, space, resource, ...(data === undefined ? {} : { data }) });
    if (options.json === true) printJson(io, told);
    else io.out.write(`${oneLine(told)}\n`);
    return EXIT.ok;
  });
}

/** Undefined for a signal without data. Throws UsageError. */
async function dataOf(io: Io, { data, dataFile }: SignalCommandOptions): Promise<Json | undefined> {
  if (data !== undefined && dataFile !== undefined) {
    throw new UsageError({
      what: 'Both --data and --data-file are given.',
      why: 'A signal has one data.',
      fix: 'Leave out one of them.',
    });
  }
  const text = data ?? (dataFile === undefined ? undefined : await readTextFile(io, dataFile, 'file of data'));
  if (text === undefined || text.trim() === '') return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw new UsageError({
      what: "The signal's data is not JSON.",
      why: messageOf(error),
      fix: `Quote it for the shell, for example '{"status": "SUCCESS"}'.`,
    });
  }
}
