import { EntityNotFound } from '../../errors.ts';
import type { StackDescription } from '../../stack/describe.ts';
import { listNames, suggest } from '../../wording.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { type Io, oneLine, printJson } from '../io.ts';
import { type StoreOptions, withExistingStore } from '../open-engine.ts';
import { printValue } from '../print-stack.ts';
import type { Span } from '../styled-text.ts';
import { printTable } from '../table.ts';

/** Shows the outputs of a stack, or the value of one of them. */
export async function outputs(
  io: Io,
  stack: string,
  output: string | undefined,
  options: StoreOptions,
): Promise<ExitCode> {
  return withExistingStore(io, options, async (engine) => {
    const description = await engine.show(stack, options.space);
    // Whoever asks for one, or for data, is told also what is masked in a table.
    const isAskedFor = output === undefined ? options.json === true : description.secretOutputs.includes(output);
    const outputs = isAskedFor ? await engine.outputs(stack, options.space) : description.outputs;
    if (output !== undefined) return printOne(io, { ...description, outputs }, output, options.json === true);
    if (options.json === true) printJson(io, outputs);
    else io.out.write(printAll(io, description));
    return EXIT.ok;
  });
}

/** The value alone, so that a shell can take it. */
function printOne(io: Io, description: StackDescription, output: string, asJson: boolean): ExitCode {
  const { outputs, outputErrors, name } = description;
  if (!Object.hasOwn(outputs, output)) {
    throw new EntityNotFound({
      what: `The output '${output}' of stack '${name}' could not be found.`,
      why: `The stack is ${description.state} and has ${listNames(Object.keys(outputs))}.`,
      fix: `${suggest(output, Object.keys(outputs))}See all by 'hotloom outputs ${name}'.`,
    });
  }
  if (outputErrors[output] !== undefined) {
    throw new EntityNotFound({
      what: `The output '${output}' of stack '${name}' has no value.`,
      why: outputErrors[output],
    });
  }
  const value = outputs[output] ?? null;
  io.out.write(`${asJson ? JSON.stringify(value) : printValue(value)}\n`);
  return EXIT.ok;
}

function printAll(io: Io, { outputs, outputErrors, outputDescriptions, name }: StackDescription): string {
  const names = Object.keys(outputs);
  if (names.length === 0) return `Stack ${oneLine(name)} has no outputs.\n`;
  return printTable(
    io.out,
    ['OUTPUT', 'VALUE', 'DESCRIPTION'],
    names.map((output): readonly Span[] => {
      const error = outputErrors[output];
      return [
        [oneLine(output), 'strong'],
        error === undefined ? [oneLine(printValue(outputs[output] ?? null))] : [oneLine(error), 'bad'],
        [oneLine(outputDescriptions[output] ?? ''), 'dim'],
      ];
    }),
  );
}
