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

/** What is left, and the command that removes it. */
export function tellRemains(io: Io, { stack, state, resources }: Remains, removal: string): string {
  const { bold, dim, cyan } = io.err.colors;
  const listed = resources.slice(0, LISTED_AT_MOST).map((resource) => `${oneLine(resource.name)} (${resource.state})`);
  const more = resources.length > LISTED_AT_MOST ? ` and ${resources.length - LISTED_AT_MOST} more` : '';
  const left = resources.length === 0 ? 'none of its resources, only the record of it' : `${listed.join(', ')}${more}`;
  return `\n${bold(`Stack ${oneLine(stack)} is ${state}.`)}\n${dim('What remains:')} ${left}\n${dim('To remove it:')} ${cyan(removal)}\n`;
}

/** The command line that deletes the stack, with the options that name the same store and space. */
export function hintDelete(options: StoreOptions, stack: string): string {
  const words = ['hotloom', 'delete', stack];
  if (options.store !== undefined) words.push('--store', options.store);
  if (options.space !== 'default') words.push('--space', options.space);
  return words.map(shellWord).join(' ');
}

function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
