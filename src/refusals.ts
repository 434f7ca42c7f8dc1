import { ConflictingWrite, messageOf, NotTheWriter, ReadAborted, rootCause, WriterFailed } from './errors.ts';
import { type Name, printName } from './names.ts';

/**
 * A different value is there already. The values themselves are not told: they may be secret.
 *
 * `holder` says who wrote the first one.
 */
export function conflictingWrite(name: Name, holder: 'itsWriter' | 'outside'): ConflictingWrite {
  return new ConflictingWrite({
    what: `'${printName(name)}' has been written before, with a different value.`,
    why:
      holder === 'outside'
        ? 'Somebody outside of all stacks wrote it. A name is written once, so that every reader sees the same value.'
        : 'A name is written once in one operation on a stack, so that every reader sees the same value.',
    fix:
      holder === 'outside'
        ? 'Write a name that is still free, or write the same value.'
        : 'Write the value once, when it is final; a retry has to write the same value again.',
  });
}

/** A stack declares a name that somebody outside has written, whatever the value. */
export function writtenOutside(name: Name): ConflictingWrite {
  const [, stack, resource, attribute] = name;
  return new ConflictingWrite({
    what: `'${printName(name)}' has been written from outside before.`,
    why: `It is to be the attribute '${attribute}' of the resource '${resource}' of stack '${stack}', and a name has one writer.`,
    fix: 'Give the stack or the resource another name.',
  });
}

/** Somebody outside writes a name that a stack declares. */
export function notTheWriter(name: Name): NotTheWriter {
  const [, stack, resource, attribute] = name;
  return new NotTheWriter({
    what: `'${printName(name)}' cannot be written from outside.`,
    why: `It is the attribute '${attribute}' of the resource '${resource}' of stack '${stack}', and only that resource writes it.`,
    fix: 'Write a name that no stack declares, and let the template read that one by get_data.',
  });
}

/** What a reader of `name` gets once its writer has failed with `failure`. The root of the chain of causes is told. */
export function writerFailed(name: Name, failure: unknown): WriterFailed {
  return new WriterFailed({
    what: `'${printName(name)}' will not be written: ${messageOf(rootCause(failure))}`,
    why: 'Its writer failed, was cancelled, or was skipped because of that.',
    fix: 'Remove the cause and run the action again.',
    cause: failure,
  });
}

/** What a reader of `name` gets when it gave up; `reason` is that of its AbortSignal. */
export function readAborted(name: Name, reason: unknown): ReadAborted {
  return new ReadAborted({ what: `The read of '${printName(name)}' was given up.`, cause: reason });
}
