import { EXIT, type ExitCode } from '../exit-code.ts';
import { Interruption } from '../interruption.ts';
import { type Io, printJson } from '../io.ts';
import { type StoreOptions, withExistingStore } from '../open-engine.ts';
import { mayGoOn } from '../question.ts';

/** Deletes a snapshot. On a terminal it asks first, as Heat's client does. */
export async function deleteSnapshot(
  io: Io,
  stack: string,
  snapshot: string,
  options: StoreOptions & { readonly yes?: boolean },
): Promise<ExitCode> {
  return withExistingStore(io, options, async (engine) => {
    const { space } = options;
    const { id, name } = await engine.showSnapshot({ stack, space, snapshot });
    if (!(await mayGoOn(io, `delete snapshot ${name ?? id} of stack ${stack}`, options))) {
      io.err.write('Nothing was deleted.\n');
      return EXIT.failed;
    }
    const interruption = new Interruption();
    try {
      await engine.deleteSnapshot({ stack, space, snapshot: id, signal: interruption.signal });
    } finally {
      interruption.end();
    }
    if (options.json === true) printJson(io, { stack, space, snapshot: id, deleted: true });
    return EXIT.ok;
  });
}
