import { Command, InvalidArgumentError } from 'commander';

/** How the command line ends for wrong usage, too. */
const INVALID = 2;

/** The command of `npm run NAME`: `--help` prints what it takes, and anything else ends the process with 2 and one line. */
export function scriptCommand(name, description) {
  return new Command(`npm run ${name} --`)
    .description(description)
    .helpOption('-h, --help', 'print help')
    .configureOutput({ getOutHelpWidth: () => Math.min(process.stdout.columns ?? 80, 120) })
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : INVALID));
}

/** A parser of an option's argument. */
export function wholeNumber(least, most = Number.MAX_SAFE_INTEGER) {
  const bounds = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  return (text) => {
    const number = text.trim() === '' ? Number.NaN : Number(text);
    if (Number.isSafeInteger(number) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`It has to be a whole number ${bounds}.`);
  };
}
