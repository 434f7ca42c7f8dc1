import { ReadAborted, WriterFailed } from '../errors.ts';
import { type Name, printName } from '../names.ts';
import type { ReadValue } from '../space/data-space.ts';
import type { NameReader } from '../space/name-reader.ts';
import type { Json } from '../values.ts';

/**
 * A blocking read from outside of all stacks: an operator's, or a program's. Rejects with WriterFailed when the writer
 * fails, and with ReadAborted when `signal` fires first.
 */
export async function readValue(names: NameReader, name: Name, signal?: AbortSignal): Promise<Json> {
  return (await readEntry(names, name, signal)).value;
}

/** The same, with what is known of the value. */
export function readEntry(names: NameReader, name: Name, signal?: AbortSignal): Promise<ReadValue> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      cancel();
      reject(aborted(name, signal?.reason));
    };
    if (signal?.aborted) {
      reject(aborted(name, signal.reason));
      return;
    }
    let cancel = (): void => {};
    signal?.addEventListener('abort', abort, { once: true });
    cancel = names.subscribe(name, (entry) => {
      signal?.removeEventListener('abort', abort);
      if ('value' in entry) resolve(entry);
      else {
        reject(
          new WriterFailed({
            what: `${printName(name)} cannot be read: its writer failed.`,
            why: 'A value whose writer failed will never be written.',
            cause: entry.failure,
          }),
        );
      }
    });
  });
}

function aborted(name: Name, cause: unknown): ReadAborted {
  return new ReadAborted({
    what: `The read of ${printName(name)} was given up.`,
    why: 'Its signal fired before the name was written.',
    fix: "See by 'hotloom waiting' why its writer does not run.",
    cause,
  });
}
