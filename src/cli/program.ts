import { readFileSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { type Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { UsageError } from '../errors.ts';
import { HOOK_TYPES } from '../template/hook-types.ts';

import { EXIT, exitCodeOf } from './exit-code.ts';
import { GRAPH_FORMATS } from './graph-format.ts';
import type { Io } from './io.ts';
import { reportError } from './print-error.ts';

/** Runs the command line and resolves with the exit code of the process. Never rejects. */
export async function runProgram(argv: readonly string[], io: Io): Promise<number> {
  // Known before the options are parsed, since wrong options are told in that form too.
  const asJson = argv.includes('--json');
  let exitCode: number = EXIT.ok;
  const program = buildProgram(io, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) {
      reportError(io, error, asJson);
      return exitCodeOf(error);
    }
    // Help that was asked for is printed by then.
    if (error.exitCode === 0) return EXIT.ok;
    if (error.code === 'commander.help') return EXIT.invalid;
    reportError(io, usageError(error, argv), asJson);
    return EXIT.invalid;
  }
}

const EXAMPLES = `
Examples:
  hotloom create app -t app.yaml --parameter n=3   create a stack and watch it
  hotloom graph -t app.yaml -o app.svg             draw who waits for what
  hotloom outputs app url                          print one output
  hotloom delete app                               remove everything again

Stacks are kept in the file $HOTLOOM_STORE, by default .hotloom/store.db in the
current directory.`;

/** How Heat's client calls them. */
const TAG_MODES = ['any', 'not', 'not-any'] as const;

const RESUME_HELP = `
A stack whose state ends in IN_PROGRESS and whose engine is gone goes on with
that action, whichever it is; if that is a suspend, it is suspended then, and a
second resume wakes it. A stack that is suspended has its resources go on. Any
other is left as it is. Without a name, every stack whose engine is gone goes
on, all at once.`;

// Each command is loaded when it is called: the whole engine takes several times as long to load as node to start.
function buildProgram(io: Io, exit: (code: number) => void): Command {
  const program = new Command('hotloom')
    .description("Creates stacks from Heat's templates: each resource starts when the values it needs are there.")
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .addHelpCommand(
      new Command('help').argument('[command]').description('print help for a command').helpGroup('Help:'),
    )
    .usage('<command> [options]')
    .addHelpText('after', EXAMPLES)
    .configureHelp({
      // What is left beside the commands on a terminal of 80 columns.
      minWidthToWrap: 30,
      subcommandTerm: (command) =>
        [command.name(), ...command.registeredArguments.map((argument) => printArgument(argument))].join(' '),
      styleTitle: (text) => io.out.colors.bold(text),
      styleCommandText: (text) => io.out.colors.cyan(text),
      styleSubcommandText: (text) => io.out.colors.cyan(text),
      styleOptionText: (text) => io.out.colors.cyan(text),
    })
    .configureOutput({
      writeOut: (text) => io.out.write(text),
      writeErr: (text) => io.err.write(text),
      getOutHasColors: () => io.out.colors.isColorSupported,
      getErrHasColors: () => io.err.colors.isColorSupported,
      getOutHelpWidth: () => Math.min(io.out.columns, 120),
      // The error is told by reportError.
      outputError: () => {},
    })
    .exitOverride();

  program.commandsGroup('Templates:');
  withSpace(withLook(withTemplate(command(program, 'validate [name]', 'check a template with its parameters')))).action(
    async (name: string | undefined, options) => {
      const { validate } = await import('./commands/validate.ts');
      exit(await validate(io, name ?? nameAfter(options.template), options));
    },
  );
  withSpace(withLook(withTemplate(command(program, 'preview [name]', 'show what a create would do, in which order'))))
    .option('--out <file>', "write the plan to a file, for 'apply'")
    .option('--rollback', 'with --out: delete what was made when the create fails')
    .option('--tags <tag1,tag2...>', 'with --out: the tags of the stack', commaList)
    .action(async (name: string | undefined, options) => {
      const { preview } = await import('./commands/preview.ts');
      exit(await preview(io, name ?? nameAfter(options.template), options));
    });
  withSpace(
    withLook(
      withTemplate(command(program, 'inspect [name]', 'show what is known of a template: values, reads, writes')),
    ),
  ).action(async (name: string | undefined, options) => {
    const { inspect } = await import('./commands/inspect.ts');
    exit(await inspect(io, name ?? nameAfter(options.template), options));
  });
  withSpace(withLook(withTemplate(command(program, 'graph [name]', 'draw who waits for what'))))
    .addOption(new Option('-f, --format <format>', 'default: by the ending of FILE, else dot').choices(GRAPH_FORMATS))
    .option('-o, --output <file>', 'write to a file: .dot, .mmd or .svg')
    .action(async (name: string | undefined, options) => {
      const { graph } = await import('./commands/graph.ts');
      exit(await graph(io, name ?? nameAfter(options.template), options));
    });

  program.commandsGroup('Stacks:');
  withSpace(
    withSignals(withStore(withTemplate(command(program, 'create <name>', 'create a stack, and show how it goes')))),
  )
    .option('--timeout <minutes>', 'stop what has not ended by then (default: 60)', positiveNumber)
    .option('--rollback', 'delete what was made when the create fails')
    .option('--tags <tag1,tag2...>', 'words by which the stack is found by list --tags', commaList)
    .addOption(new Option('--enable-rollback', "the same, as Heat's client calls it").hideHelp())
    .addOption(new Option('--wait', "taken for Heat's sake: a create always waits").hideHelp())
    .option(
      '--concurrency <number>',
      'how many resources work at a time, blocked ones not counted (default: 64)',
      positiveInteger,
    )
    .action(async (name: string, options) => {
      const { create } = await import('./commands/create.ts');
      exit(await create(io, name, options));
    });
  withSpace(
    withSignals(
      withStore(
        withTemplate(command(program, 'update <name>', 'bring a stack to another template or parameters'), false),
      ),
    ),
  )
    .option('--existing', 'keep what is not given: the template, the environment, the parameters')
    .option('--clear-parameter <key>', 'with --existing: a parameter that gets its default again; repeatable', collect)
    .option('--move <old=new>', 'a resource that has got another name keeps what it is; repeatable', collect)
    .option('--dry-run', 'show what would happen, and do nothing')
    .option('--converge', 'ask first what the real things are, and bring back what has drifted')
    .option('--supersede', 'end the create or update that another process is at work with, and go on from there')
    .option('--out <file>', "with --dry-run: write the plan to a file, for 'apply'")
    .option('--timeout <minutes>', 'stop what has not ended by then (default: 60)', positiveNumber)
    .option('--rollback', 'go back to what the stack was when the update fails')
    .option('--tags <tag1,tag2...>', 'the tags from now on (default: none, with --existing those it has)', commaList)
    .addOption(new Option('--wait', "taken for Heat's sake: an update always waits").hideHelp())
    .option(
      '--concurrency <number>',
      'how many resources work at a time, blocked ones not counted (default: 64)',
      positiveInteger,
    )
    .action(async (name: string, options) => {
      const { update } = await import('./commands/update.ts');
      exit(await update(io, name, options));
    });
  withSpace(withStore(command(program, 'cancel <name>', 'end the create or update that is at work, and go back')))
    .option('--no-rollback', 'what is done by then stays; an update goes on from there')
    .action(async (name: string, options) => {
      const { cancel } = await import('./commands/cancel.ts');
      exit(await cancel(io, name, options));
    });
  withSignals(
    withStore(command(program, 'apply <file>', 'do what a saved plan tells, unless the stack has changed since')),
  )
    .option('--parameter <key=value>', 'the value of a hidden parameter, which is not in the plan; repeatable', collect)
    .option('--timeout <minutes>', 'stop what has not ended by then (default: 60)', positiveNumber)
    .option(
      '--concurrency <number>',
      'how many resources work at a time, blocked ones not counted (default: 64)',
      positiveInteger,
    )
    .action(async (file: string, options) => {
      const { apply } = await import('./commands/apply.ts');
      exit(await apply(io, file, options));
    });
  withStore(command(program, 'list', 'list the stacks'))
    .option('--space <space>', 'only those of this space')
    .option('--tags <tag1,tag2...>', 'only those that have all of these tags', commaList)
    .addOption(
      new Option('--tag-mode <mode>', 'of the tags: those with any of them, not with all, or with none').choices(
        TAG_MODES,
      ),
    )
    .action(async (options) => {
      const { list } = await import('./commands/list.ts');
      exit(await list(io, options));
    });
  withSpace(withStore(command(program, 'show <name>', 'show a stack with its resources and outputs'))).action(
    async (name: string, options) => {
      const { show } = await import('./commands/show.ts');
      exit(await show(io, name, options));
    },
  );
  withSpace(
    withStore(command(program, 'outputs <name> [output]', "show a stack's outputs, or print the value of one")),
  ).action(async (name: string, output: string | undefined, options) => {
    const { outputs } = await import('./commands/outputs.ts');
    exit(await outputs(io, name, output, options));
  });
  withSpace(withStore(command(program, 'events <name>', 'show what has happened to a stack')))
    .option('--follow', "go on until the stack's action has ended")
    .action(async (name: string, options) => {
      const { events } = await import('./commands/events.ts');
      exit(await events(io, name, options));
    });
  withSpace(withStore(command(program, 'history <name>', 'show what was done to a stack, by whom and when'))).action(
    async (name: string, options) => {
      const { history } = await import('./commands/history.ts');
      exit(await history(io, name, options));
    },
  );
  withSpace(
    withStore(command(program, 'waiting <name>', 'show who waits for what, and why, in a stack at work')),
  ).action(async (name: string, options) => {
    const { waiting } = await import('./commands/waiting.ts');
    exit(await waiting(io, name, options));
  });
  withSpace(withStore(command(program, 'suspend <name>', 'put to rest what a stack has made, until it is resumed')))
    .option('--timeout <minutes>', 'stop what has not ended by then (default: 60)', positiveNumber)
    .addOption(new Option('--wait', "taken for Heat's sake: a suspend always waits").hideHelp())
    .action(async (name: string, options) => {
      const { suspend } = await import('./commands/suspend.ts');
      exit(await suspend(io, name, options));
    });
  withSpace(
    withSignals(
      withStore(
        command(
          program,
          'resume [name]',
          'go on: with an action in which the engine was stopped, or a suspended stack',
        ),
      ),
    ),
  )
    .addHelpText('after', RESUME_HELP)
    .option('--parameter <key=value>', 'the value of a hidden parameter, which is not stored; repeatable', collect)
    .option('--timeout <minutes>', 'stop what has not ended by then (default: 60)', positiveNumber)
    .addOption(new Option('--wait', "taken for Heat's sake: a resume always waits").hideHelp())
    .action(async (name: string | undefined, options) => {
      const { resume } = await import('./commands/resume.ts');
      const { resumeAll } = await import('./commands/resume-all.ts');
      exit(await (name === undefined ? resumeAll(io, options) : resume(io, name, options)));
    });
  withSpace(withStore(command(program, 'snapshot <name>', 'keep what a stack is, to restore it')))
    .option('--name <name>', 'what the snapshot is to be called')
    .option('--timeout <minutes>', 'stop what has not ended by then (default: 60)', positiveNumber)
    .action(async (name: string, options) => {
      const { snapshot } = await import('./commands/snapshot.ts');
      exit(await snapshot(io, name, options));
    });
  withSpace(
    withStore(command(program, 'snapshots <name> [snapshot]', "list a stack's snapshots, or show what one holds")),
  ).action(async (name: string, snapshot: string | undefined, options) => {
    const { snapshots } = await import('./commands/snapshots.ts');
    exit(await snapshots(io, name, snapshot, options));
  });
  withSpace(withStore(command(program, 'restore <name> <snapshot>', 'bring a stack back to a snapshot')))
    .option('--parameter <key=value>', 'the value of a hidden parameter, which is not stored; repeatable', collect)
    .option('--timeout <minutes>', 'stop what has not ended by then (default: 60)', positiveNumber)
    .option('--rollback', 'go back to what the stack is now when the restore fails')
    .action(async (name: string, snapshot: string, options) => {
      const { restore } = await import('./commands/restore.ts');
      exit(await restore(io, name, snapshot, options));
    });
  withSpace(withStore(command(program, 'delete-snapshot <name> <snapshot>', 'delete a snapshot of a stack')))
    .option('-y, --yes', 'do not ask')
    .action(async (name: string, snapshot: string, options) => {
      const { deleteSnapshot } = await import('./commands/delete-snapshot.ts');
      exit(await deleteSnapshot(io, name, snapshot, options));
    });
  withSpace(withStore(command(program, 'check <name>', 'ask whether what a stack has made is there and as it was')))
    .option('--timeout <minutes>', 'give up after that time (default: 60)', positiveNumber)
    .action(async (name: string, options) => {
      const { check } = await import('./commands/check.ts');
      exit(await check(io, name, options));
    });
  withSpace(
    withStore(command(program, 'mark-unhealthy <name> <resource> [reason]', 'have the next update replace a resource')),
  )
    .option('--reset', 'take that back')
    .action(async (name: string, resource: string, reason: string | undefined, options) => {
      const { markUnhealthy } = await import('./commands/mark-unhealthy.ts');
      exit(await markUnhealthy(io, name, resource, reason, options));
    });
  withSpace(
    withStore(
      command(program, 'signal <name> <resource>', 'signal a resource, such as the handle of a wait condition'),
    ),
  )
    .option('--data <json>', 'the data of the signal, as JSON')
    .option('--data-file <file>', 'a file that holds it; - reads it from stdin')
    .action(async (name: string, resource: string, options) => {
      const { signal } = await import('./commands/signal.ts');
      exit(await signal(io, name, resource, options));
    });
  withSpace(
    withStore(command(program, 'hook-poll <name>', 'show which resources wait at a hook of the environment')),
  ).action(async (name: string, options) => {
    const { hookPoll } = await import('./commands/hook-poll.ts');
    exit(await hookPoll(io, name, options));
  });
  const hookClear = withSpace(
    withStore(
      command(program, 'hook-clear <name> <resources...>', 'let resources go on that wait at a hook; * and ? match'),
    ),
  );
  for (const hook of HOOK_TYPES) hookClear.option(`--${hook}`, `only the hook ${hook} (default: any)`);
  hookClear.action(async (name: string, resources: readonly string[], options) => {
    const { hookClear: clear } = await import('./commands/hook-clear.ts');
    exit(await clear(io, name, resources, options));
  });
  withSpace(withStore(command(program, 'export <name>', 'print a stack as data that adopt takes')))
    .option('--abandon', 'and forget it; what it has made stays')
    .option('--force', 'abandon it although its snapshots hold something, which is left behind')
    .option('--show-secrets', 'with the values of hidden parameters and secret attributes; so it is with --abandon')
    .action(async (name: string, options) => {
      const { exportStack } = await import('./commands/export.ts');
      exit(await exportStack(io, name, options));
    });
  withSpace(
    withSignals(
      withStore(command(program, 'adopt <name>', 'make a stack of what is there already, as an export tells it')),
    ),
  )
    .requiredOption('--adopt-file <file>', 'what export, or stack abandon of Heat, has printed; - reads it from stdin')
    .option('--parameter <key=value>', "a parameter's value; repeatable", collect)
    .option('--tags <tag1,tag2...>', 'in place of those of the export', commaList)
    .option('--timeout <minutes>', 'stop what has not ended by then (default: 60)', positiveNumber)
    .action(async (name: string, options) => {
      const { adopt } = await import('./commands/adopt.ts');
      exit(await adopt(io, name, options));
    });
  withStore(command(program, 'rekey', 'encrypt all secrets with the first of the keys')).action(async (options) => {
    const { rekey } = await import('./commands/rekey.ts');
    exit(await rekey(io, options));
  });
  withSpace(withStore(command(program, 'delete <name>', 'delete a stack with everything that it made')))
    .option('-y, --yes', 'do not ask')
    .option('--force', 'also when other stacks have read its values')
    .option('--timeout <minutes>', 'give up after that time (default: 60)', positiveNumber)
    .addOption(new Option('--wait', "taken for Heat's sake: a delete always waits").hideHelp())
    .action(async (name: string, options) => {
      const { deleteCommand } = await import('./commands/delete.ts');
      exit(await deleteCommand(io, name, options));
    });

  program.commandsGroup('Values:');
  withSpace(
    withStore(
      command(program, 'read <name>', 'print a value by its name: stack.resource.attribute; waits until it is there'),
    ),
  )
    .option('--try', 'do not wait: exit code 3 when it is not there')
    .option('--timeout <seconds>', 'wait that long at most: then exit code 3', nonNegativeNumber)
    .action(async (name: string, options) => {
      const { read } = await import('./commands/read.ts');
      exit(await read(io, name, options));
    });
  withSpace(
    withStore(
      command(program, 'write <name> <value>', 'write a name that no stack declares; - reads the value from stdin'),
    ),
  ).action(async (name: string, value: string, options) => {
    const { write } = await import('./commands/write.ts');
    exit(await write(io, name, value, options));
  });
  return program;
}

function printArgument(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

function command(program: Command, nameAndArguments: string, description: string): Command {
  const json = nameAndArguments.startsWith('write') ? 'the value is JSON text' : 'print JSON, also for errors';
  return program
    .command(nameAndArguments)
    .summary(description)
    .description(`${(description[0] as string).toUpperCase()}${description.slice(1)}.`)
    .option('--json', json)
    .helpOption('-h, --help', 'print help');
}

function withTemplate(command: Command, isRequired = true): Command {
  const template = new Option('-t, --template <file>', 'the template; - reads it from stdin');
  return command
    .addOption(template.makeOptionMandatory(isRequired))
    .option('-e, --environment <file>', 'an environment; repeatable, later ones override earlier ones', collect)
    .option('--parameter <key=value>', "a parameter's value; repeatable, or KEY1=VALUE1;KEY2=VALUE2", collect)
    .option('--parameter-file <key=file>', "a file that holds a parameter's value; repeatable", collect)
    .option('--allow-outside', "let get_file read files outside of the template's directory");
}

function withLook(command: Command): Command {
  return command.option('--allow-unknown-types', 'take resource types that nobody knows as they come');
}

/** For commands that begin or go on with what may be signalled. */
function withSignals(command: Command): Command {
  return command.option(
    '--signal-address <host:port>',
    'where URLs of signals are served (default: $HOTLOOM_SIGNAL_ADDRESS, else 127.0.0.1 and any port)',
  );
}

function withStore(command: Command): Command {
  return command
    .option('--store <file>', 'where stacks are kept (default: $HOTLOOM_STORE, else .hotloom/store.db)')
    .option(
      '--key-file <file>',
      'a key to encrypt secrets with (default: $HOTLOOM_KEY_FILE, else the key $HOTLOOM_KEY)',
    );
}

function withSpace(command: Command): Command {
  return command.option('--space <space>', 'the space of the stack', 'default');
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** Between two commas, and in an empty text, stands nothing. */
function commaList(text: string): readonly string[] {
  return text.split(',').filter((word) => word !== '');
}

function positiveNumber(text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && Number.isFinite(number) && number > 0) return number;
  throw new InvalidArgumentError('It has to be a number above 0.');
}

function nonNegativeNumber(text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && Number.isFinite(number) && number >= 0) return number;
  throw new InvalidArgumentError('It has to be a number of at least 0.');
}

function positiveInteger(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(number) && number >= 1) return number;
  throw new InvalidArgumentError('It has to be a whole number of at least 1.');
}

/** The name that a stack of this template would have, for commands that need none: `app` for `deploy/app.yaml`. */
function nameAfter(template: string): string {
  return template === '-' ? 'stack' : basename(template, extname(template)) || 'stack';
}

/** Commander's text is `error: what` and maybe a suggestion in a second line. */
function usageError(error: CommanderError, argv: readonly string[]): UsageError {
  const [what = '', ...suggestions] = error.message.replace(/^error: /, '').split('\n');
  const sentence = `${(what[0] ?? '').toUpperCase()}${what.slice(1)}`;
  const name = argv.find((word) => !word.startsWith('-'));
  const help =
    error.code === 'commander.unknownCommand' || name === undefined ? 'hotloom --help' : `hotloom ${name} --help`;
  const meant = suggestions.join(' ').replace(/^\((.*)\)$/, '$1 ');
  const elsewhere = ELSEWHERE[/^Unknown (?:command|option) '([^']*)'/.exec(sentence)?.[1] ?? ''];
  return new UsageError({
    what: /[.?!]$/.test(sentence) ? sentence : `${sentence}.`,
    fix: `${elsewhere === undefined ? meant : `${elsewhere} `}See '${help}'.`,
  });
}

/** What is meant by words of Heat's client, Terraform and Pulumi that this program has others for. */
const ELSEWHERE: { readonly [word: string]: string } = {
  '--plan': "A saved plan is done by 'hotloom apply FILE'.",
  plan: "A plan of a new stack is shown by 'preview', of one that is there by 'update --dry-run'.",
  diff: "What would change is shown by 'update --dry-run'.",
  up: "A stack is made by 'create', and changed by 'update'.",
  destroy: "A stack is deleted by 'delete'.",
  refresh: "Real things are looked at by 'check', and brought back by 'update --converge'.",
  import: "What is there is taken over by 'adopt', or by the external_id of a resource.",
  taint: "A resource is replaced by the next update after 'mark-unhealthy'.",
  abandon: "A stack is abandoned by 'export --abandon'.",
};

function packageVersion(): string {
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version;
}
