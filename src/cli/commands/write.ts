import { endpointOf } from '../../endpoint/client.ts';
import { writeInScript } from '../../endpoint/in-script.ts';
import { UsageError } from '../../errors.ts';
import { parseName } from '../../names.ts';
import type { Json } from '../../values.ts';
import { EXIT } from '../exit-code.ts';
import type { Io } from '../io.ts';
import { type StoreOptions, withEngine } from '../open-engine.ts';
import { readStdin } from '../read-text-file.ts';

/**
 * Writes a name that no stack declares; `-` takes the value from the standard input. In a process that a resource runs
 * the engine which runs it is asked, and may be told what the resource declares to write.
 */
export async function write(io: Io, name: string, given: string, options: StoreOptions): Promise<number> {
  const text = given === '-' ? (await readStdin(io)).toString('utf8') : given;
  const endpoint = endpointOf(io.env);
  if (endpoint !== undefined) {
    const result = await writeInScript(endpoint, name, text, { json: options.json === true });
    io.out.write(result.stdout);
    io.err.write(result.stderr);
    return result.exitCode;
  }
  const full = parseName(name, { space: options.space });
  const value = parseValue(text, options.json === true);
  await withEngine(io, options, (engine) => engine.write(full, value));
  return EXIT.ok;
}

/** With `--json` the value that it is the JSON text of. Throws UsageError. */
function parseValue(text: string, asJson: boolean): Json {
  if (!asJson) return text;
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw new UsageError({
      what: 'The value is not JSON.',
      why: (error as Error).message,
      fix: `Quote it for the shell, for example '{"size": 3}' or '"text"', or leave out --json to write a text.`,
    });
  }
}
