import { messageOf, UsageError } from '../../errors.ts';
import type { JsonObject } from '../../values.ts';
import type { ExitCode } from '../exit-code.ts';
import type { Io } from '../io.ts';
import { type StoreOptions, withEngine } from '../open-engine.ts';
import { parseParameters } from '../parameters.ts';
import { Progress } from '../progress.ts';
import { readTextFile } from '../read-text-file.ts';
import { reportStack } from '../report-stack.ts';
import { tagsOf, timeoutOf, watchAction } from '../watched-action.ts';

export interface AdoptCommandOptions extends StoreOptions {
  readonly adoptFile: string;
  readonly parameter?: readonly string[];
  readonly tags?: readonly string[];
  /** Minutes. */
  readonly timeout?: number;
}

/** Makes a stack of what is there already, as an export tells it. */
export async function adopt(io: Io, stack: string, options: AdoptCommandOptions): Promise<ExitCode> {
  const data = parseData(await readTextFile(io, options.adoptFile, 'exported stack'), options.adoptFile);
  return withEngine(io, options, async (engine) => {
    const { space } = options;
    const progress = new Progress({ space, stack, action: 'ADOPT', startedAt: Date.now(), resources: [] });
    const parameters = parseParameters(options.parameter ?? []);
    const outcome = await watchAction(io, engine, { progress, options }, (signal) =>
      engine.adopt({ stack, space, data, parameters, signal, ...tagsOf(options), ...timeoutOf(options) }),
    );
    return reportStack(io, engine, stack, options, outcome);
  });
}

function parseData(text: string, file: string): JsonObject {
  try {
    const data: unknown = JSON.parse(text);
    if (typeof data === 'object' && data !== null && !Array.isArray(data)) return data as JsonObject;
    throw new Error('it is no mapping');
  } catch (error) {
    throw new UsageError({
      what: `${file === '-' ? 'The standard input' : `'${file}'`} is no exported stack.`,
      why: `It has to be the JSON of a mapping: ${messageOf(error)}.`,
      fix: "Make it by 'hotloom export NAME > FILE'.",
    });
  }
}
