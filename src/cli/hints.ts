import type { Action, Status } from '../events.ts';
import { type Io, oneLine } from './io.ts';
import type { StoreOptions } from './open-engine.ts';
import type { Progress } from './progress.ts';

/** What is left of a stack after an action that did not come to its end. */
export interface Remains {
  readonly stack: string;
  readonly state: string;
  readonly resources: readonly { readonly name: string; readonly state: string }[];
}

/** As the events have told it: for a program that ends at once and asks nobody any more. */
export function remainsOf(progress: Progress): Remains {
  return {
    stack: progress.stack,
    state: `${progress.action}_${progress.status}`,
    resources: progress.resources
      .filter(mayExist)
      .map(({ name, action, status }) => ({ name, state: `${action}_${status}` })),
  };
}

/** Whether there may be a real thing behind a resource in this state. */
export function mayExist({ action, status }: { readonly action: Action; readonly status: Status }): boolean {
  return action !== 'INIT' && !(action === 'DELETE' && status === 'COMPLETE');
}

const LISTED_AT_MOST = 10;

/** What is left, and the commands by which it goes on and that remove it. */
export function tellRemains(io: Io, { stack, state, resources }: Remains, options: StoreOptions): string {
  const { bold, dim, cyan } = io.err.colors;
  const heading = bold(`Stack ${oneLine(stack)} is ${state}`);
  // Nothing was left over: the stack is whole, and nobody who has cancelled an update means to delete it.
  if (state === 'ROLLBACK_COMPLETE' && resources.length > 0)
    return `\n${heading}${bold(': it is what it was before.')}\n`;
  const listed = resources.slice(0, LISTED_AT_MOST).map((resource) => `${oneLine(resource.name)} (${resource.state})`);
  const more = resources.length > LISTED_AT_MOST ? ` and ${resources.length - LISTED_AT_MOST} more` : '';
  const left = resources.length === 0 ? 'none of its resources, only the record of it' : `${listed.join(', ')}${more}`;
  const lines = [`${heading}${bold('.')}`, `${dim('What remains:')} ${left}`];
  const next = commandToGoOn(state, stack);
  if (next !== undefined) lines.push(`${dim('To go on:')} ${cyan(commandLine(options, next))}`);
  lines.push(`${dim('To remove it:')} ${cyan(commandLine(options, ['delete', stack]))}`);
  return `\n${lines.join('\n')}\n`;
}

/** What leaves alone that which is done by then. */
const GO_ON: { readonly [state: string]: (stack: string) => readonly string[] } = {
  CREATE_FAILED: (stack) => ['update', stack, '--existing'],
  UPDATE_FAILED: (stack) => ['update', stack, '--existing'],
  ROLLBACK_FAILED: (stack) => ['update', stack, '--existing'],
  SUSPEND_FAILED: (stack) => ['suspend', stack],
  RESUME_FAILED: (stack) => ['resume', stack],
};

/** A delete goes on by another one. */
function commandToGoOn(state: string, stack: string): readonly string[] | undefined {
  const goOn = GO_ON[state];
  if (goOn !== undefined) return goOn(stack);
  return state.endsWith('_IN_PROGRESS') && state !== 'DELETE_IN_PROGRESS' ? ['resume', stack] : undefined;
}

/** The command line for a shell, with the options that name the same store and space. */
export function commandLine(
  options: { readonly space: string; readonly store?: string | undefined },
  command: readonly string[],
): string {
  const words = ['hotloom', ...command];
  if (options.store !== undefined) words.push('--store', options.store);
  if (options.space !== 'default') words.push('--space', options.space);
  return words.map(shellWord).join(' ');
}

function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
