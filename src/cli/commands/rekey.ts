import { EXIT, type ExitCode } from '../exit-code.ts';
import { type Io, oneLine, printJson } from '../io.ts';
import { type StoreOptions, withExistingStore } from '../open-engine.ts';

/** Encrypts all secrets of the store with the first key. */
export async function rekey(io: Io, options: Pick<StoreOptions, 'store' | 'keyFile' | 'json'>): Promise<ExitCode> {
  const rekeyed = await withExistingStore(io, options, (engine) => engine.rekey());
  const { keyId, stacks, busy } = rekeyed;
  if (options.json === true) printJson(io, rekeyed);
  else {
    const count = stacks.length === 1 ? '1 stack is' : `${stacks.length} stacks are`;
    io.out.write(`${count} encrypted with the key ${keyId}.\n`);
    for (const { space, stack } of busy) {
      io.err.write(`Stack ${oneLine(stack)} of space ${oneLine(space)} is at work, and left as it is: run it again.\n`);
    }
  }
  return busy.length === 0 ? EXIT.ok : EXIT.failed;
}
