import { missingOf, type Part, readsOf } from './part.ts';
import type { StackModel } from './stack-model.ts';

/** A read that cannot end now, or an input without which a resource cannot start. */
export interface Wait {
  readonly part: Part;
  /** An input, `depends_on`, or the name that is read at run time. */
  readonly read: string;
  /** What it waits for: `stack.resource.attribute`, or `stack.resource` for its end. */
  readonly names: readonly string[];
}

export function waitsIn(model: StackModel): readonly Wait[] {
  const waits = model.parts.flatMap((part) => {
    const reads = part.branches.flatMap((branch) => (branch.state === 'reading' ? readsOf(branch) : []));
    const open =
      part.phase === 'waiting' ? ['depends_on', ...part.given] : part.phase === 'running' ? new Set(reads) : [];
    return [...open].map((read) => ({ part, read, names: [...new Set(missingOf(part, read, model.space))] }));
  });
  return waits.filter(({ names }) => names.length > 0);
}

/** Nobody in the stack can do anything: its handlers wait, and none can start. */
function isIdle({ parts }: StackModel, stack: string): boolean {
  const open = parts.filter((part) => part.stack === stack && (part.phase === 'waiting' || part.phase === 'running'));
  return open.length > 0 && !open.some(isAtWork);
}

/** It is idle, and waits for nobody elsewhere who is at work. */
export function isQuiet(model: StackModel, stack: string): boolean {
  const working = model.parts.filter(isAtWork).map(({ key }) => key);
  const own = waitsIn(model).filter(({ part }) => part.stack === stack);
  return isIdle(model, stack) && !own.some(({ names }) => names.some((name) => working.includes(ownerOf(name))));
}

function isAtWork({ phase, branches }: Part): boolean {
  return phase === 'running' && !branches.some(({ state }) => state === 'reading');
}

/** Whoever waits so is told that it gets no answer. */
export function endWait({ part, read }: Wait, model: StackModel): void {
  if (part.phase === 'waiting') model.giveUp(part, 'skipped');
  for (const branch of part.branches) {
    if (branch.state === 'reading' && readsOf(branch).includes(read)) branch.state = 'failed';
  }
}

export function ownerOf(name: string): string {
  return name.split('.').slice(0, 2).join('.');
}
