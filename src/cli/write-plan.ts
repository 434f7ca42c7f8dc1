import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { messageOf, UsageError } from '../errors.ts';
import { DEFAULT_SPACE } from '../names.ts';
import type { SavedPlan } from '../stack/saved-plan.ts';
import { commandLine } from './hints.ts';
import type { Io } from './io.ts';
import type { StoreChoice } from './open-engine.ts';

/** Writes a plan for `apply`, readable by this user alone: it holds the template and the visible parameters. */
export async function writePlan(
  io: Io,
  file: string,
  saved: SavedPlan,
  { store }: Pick<StoreChoice, 'store'> = {},
): Promise<void> {
  try {
    await writeFile(resolve(io.cwd, file), `${JSON.stringify(saved)}\n`, { mode: 0o600 });
  } catch (error) {
    throw new UsageError({
      what: `The plan cannot be written to '${file}'.`,
      why: `The system says: ${messageOf(error)}.`,
      fix: 'Name a file in a directory that this user may write.',
      cause: error,
    });
  }
  const again = saved.asked.map((name) => ` --parameter ${name}=...`).join('');
  // A plan has its space with it.
  const apply = commandLine({ space: DEFAULT_SPACE, store }, ['apply', file]);
  io.err.write(`The plan is in ${file}. To do it: ${apply}${again}\n`);
}
