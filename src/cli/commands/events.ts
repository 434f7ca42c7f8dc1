import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '../../engine.ts';
import { isHotloomError } from '../../errors.ts';
import type { StackDescription } from '../../stack/describe.ts';
import type { StoredEvent } from '../../store/stack-store.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { Interruption } from '../interruption.ts';
import { type Io, oneLine } from '../io.ts';
import { type StoreOptions, withExistingStore } from '../open-engine.ts';
import { printEvent } from '../plain-lines.ts';
import { describeInterruption } from '../print-stack.ts';

/** How often a followed stack is asked for new events: another process writes them, which only the store can tell. */
const POLL_MS = 200;

/** Shows what has happened to a stack, and with `follow` goes on until its action has ended. */
export async function events(
  io: Io,
  stack: string,
  options: StoreOptions & { readonly follow?: boolean },
): Promise<ExitCode> {
  return withExistingStore(io, options, async (engine) => {
    const interruption = new Interruption();
    try {
      return await print(io, engine, stack, options, interruption);
    } finally {
      interruption.end();
    }
  });
}

async function print(
  io: Io,
  engine: Engine,
  stack: string,
  options: StoreOptions & { readonly follow?: boolean },
  interruption: Interruption,
): Promise<ExitCode> {
  const { space } = options;
  let after = 0;
  let isAnyPrinted = false;
  while (true) {
    let stored: readonly StoredEvent[];
    let shown: StackDescription;
    try {
      // The state before the events: what happens between the two questions is then among the events or comes next time.
      shown = await engine.show(stack, space);
      stored = await engine.storedEvents(stack, { space, after });
    } catch (error) {
      // A stack that was followed to its end by a delete.
      if (isAnyPrinted && isHotloomError(error, 'EntityNotFound')) return EXIT.ok;
      throw error;
    }
    for (const { sequence, event } of stored) {
      io.out.write(options.json === true ? `${JSON.stringify({ sequence, ...event })}\n` : `${printEvent(event)}\n`);
      after = sequence;
      isAnyPrinted = true;
    }
    if (options.follow === true && shown.isInterrupted)
      io.err.write(`Stack ${oneLine(stack)}: ${describeInterruption(shown)}.\n`);
    if (options.follow !== true || shown.status !== 'IN_PROGRESS' || shown.isInterrupted) break;
    await sleep(POLL_MS, undefined, { signal: interruption.signal }).catch(() => {});
    if (interruption.isCancelled) return EXIT.cancelled;
  }
  if (!isAnyPrinted && options.json !== true) io.err.write(`Stack ${oneLine(stack)} has no events.\n`);
  return EXIT.ok;
}
