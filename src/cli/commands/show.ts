import { EXIT, type ExitCode } from '../exit-code.ts';
import { type Io, printJson } from '../io.ts';
import { type StoreOptions, withExistingStore } from '../open-engine.ts';
import { printStack } from '../print-stack.ts';

/** Shows a stack with its resources, parameters and outputs. */
export async function show(io: Io, stack: string, options: StoreOptions): Promise<ExitCode> {
  const description = await withExistingStore(io, options, (engine) => engine.show(stack, options.space));
  if (options.json === true) printJson(io, description);
  else io.out.write(printStack(io, description));
  return EXIT.ok;
}
