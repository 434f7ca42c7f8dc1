import { UsageError } from '../errors.ts';

/** What every action on a stack is given. */
export interface ActionOptions {
  readonly stack: string;
  readonly space?: string;
  readonly timeoutMs?: number;
}

/** What a caller without TypeScript may have got wrong. Throws UsageError. */
export function checkActionOptions(options: ActionOptions): void {
  const { stack, space, timeoutMs } = (options ?? {}) as Partial<Record<keyof ActionOptions, unknown>>;
  if (typeof stack !== 'string') {
    throw new UsageError({
      what: "The option 'stack' is missing.",
      why: 'An action is about a stack, which is known by its name.',
      fix: "Give it, as in {stack: 'my-app'}.",
    });
  }
  if (space !== undefined && typeof space !== 'string') {
    throw new UsageError({
      what: "The option 'space' is no text.",
      why: 'A space is known by its name.',
      fix: "Give its name, or leave the option out: it is 'default' then.",
    });
  }
  if (timeoutMs === undefined || (typeof timeoutMs === 'number' && timeoutMs > 0)) return;
  throw new UsageError({
    what: `The option 'timeoutMs' cannot be ${String(timeoutMs)}.`,
    why: 'It is a time in milliseconds, above 0.',
    fix: 'Give such a number, or leave the option out: it is an hour then.',
  });
}
