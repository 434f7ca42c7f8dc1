import { endpointOf } from '../../endpoint/client.ts';
import { readInScript } from '../../endpoint/in-script.ts';
import type { Engine } from '../../engine.ts';
import { isHotloomError, ReadAborted } from '../../errors.ts';
import { DEFAULT_SPACE, type Name, parseName, printName } from '../../names.ts';
import type { Json } from '../../values.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { commandLine } from '../hints.ts';
import { Interruption } from '../interruption.ts';
import type { Io } from '../io.ts';
import { type StoreOptions, withEngine, withExistingStore } from '../open-engine.ts';
import { reportError } from '../print-error.ts';
import { printValue } from '../print-stack.ts';

export interface ReadCommandOptions extends StoreOptions {
  readonly try?: boolean;
  /** Seconds. */
  readonly timeout?: number;
}

/**
 * Prints the value of a name, once it is there. In a process that a resource runs the engine which runs it is asked;
 * elsewhere the store, in which another process may write the value while this one waits.
 */
export async function read(io: Io, name: string, options: ReadCommandOptions): Promise<number> {
  const endpoint = endpointOf(io.env);
  if (endpoint !== undefined) {
    const result = await readInScript(endpoint, name, {
      json: options.json === true,
      try: options.try === true,
      timeoutSeconds: options.timeout,
    });
    io.out.write(result.stdout);
    io.err.write(result.stderr);
    return result.exitCode;
  }
  const full = parseName(name, { space: options.space });
  return options.try === true ? tryRead(io, full, options) : blockingRead(io, full, options);
}

async function tryRead(io: Io, name: Name, options: ReadCommandOptions): Promise<ExitCode> {
  const entry = await withExistingStore(io, options, (engine) => engine.tryRead(name));
  if (entry === undefined) return EXIT.notThere;
  if ('failure' in entry) throw entry.failure;
  print(io, entry.value, options);
  return EXIT.ok;
}

async function blockingRead(io: Io, name: Name, options: ReadCommandOptions): Promise<ExitCode> {
  const { timeout } = options;
  const interruption = new Interruption();
  const timer = timeout === undefined ? undefined : AbortSignal.timeout(Math.min(timeout * 1000, 2 ** 31 - 1));
  const signal = timer === undefined ? interruption.signal : AbortSignal.any([interruption.signal, timer]);
  try {
    return await withEngine(io, options, async (engine) => {
      try {
        print(io, await engine.read(name, { signal }), options);
        return EXIT.ok;
      } catch (error) {
        if (!isHotloomError(error, 'ReadAborted')) throw error;
        if (interruption.isCancelled) return EXIT.cancelled;
        const late = new ReadAborted({
          what: `'${printName(name)}' was not written within ${timeout} ${timeout === 1 ? 'second' : 'seconds'}.`,
          why: 'The read waited for it as long as --timeout says.',
          fix: await howItIsWritten(engine, name, options),
        });
        reportError(io, late, options.json === true);
        return EXIT.notThere;
      }
    });
  } finally {
    interruption.end();
  }
}

/** A stack writes it, or somebody outside: then there is no such stack, or not yet. */
async function howItIsWritten(engine: Engine, name: Name, options: ReadCommandOptions): Promise<string> {
  const [space, stack] = name;
  const inSpace = { ...options, space };
  const isThere = (await engine.list({ space })).some((candidate) => candidate.name === stack);
  if (isThere) return `See who writes it by '${commandLine(inSpace, ['show', stack])}', or wait longer.`;
  const write = commandLine({ ...options, space: DEFAULT_SPACE }, ['write', printName(name), 'VALUE']);
  return `There is no stack '${stack}'. Create it, or write the value by '${write}'; or wait longer.`;
}

function print(io: Io, value: Json, { json }: ReadCommandOptions): void {
  io.out.write(`${json === true ? JSON.stringify(value) : printValue(value)}\n`);
}
