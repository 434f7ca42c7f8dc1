import { createInterface } from 'node:readline/promises';
import { type Io, oneLine } from './io.ts';

/** Whether the user says yes to doing `what`. Not asked with `--yes` or `--json`, or when nobody sits at a terminal. */
export async function mayGoOn(
  io: Io,
  what: string,
  options: { readonly yes?: boolean; readonly json?: boolean },
): Promise<boolean> {
  if (options.yes === true || options.json === true || io.stdin.isTTY !== true) return true;
  const questions = createInterface({ input: io.stdin, output: process.stderr });
  try {
    const answer = await questions.question(`Are you sure you want to ${oneLine(what)} [y/N]? `);
    return /^y(es)?$/i.test(answer.trim());
  } catch {
    // Ctrl-C or Ctrl-D at the question.
    io.err.write('\n');
    return false;
  } finally {
    questions.close();
  }
}
