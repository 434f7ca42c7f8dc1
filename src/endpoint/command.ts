#!/usr/bin/env node
import { readFile } from 'node:fs/promises';
import { type EndpointAddress, endpointOf } from './client.ts';
import { type CommandResult, readInScript, signalInScript, writeInScript } from './in-script.ts';

// The command `hotloom` inside a resource's process. It handles `read`, `write` and `signal` by itself, because the start of
// the whole command line takes several times as long, and leaves everything else to that.

const USAGE = `usage: hotloom read [--json] [--try] [--timeout SECONDS] NAME
       hotloom write [--json] NAME VALUE|-
       hotloom signal [--data JSON | --data-file FILE|-] RESOURCE
`;

/** Undefined when these arguments are not for this program. */
async function runInScript(argv: readonly string[]): Promise<CommandResult | undefined> {
  const endpoint = endpointOf(process.env);
  const [command, ...rest] = argv;
  if (endpoint !== undefined && command === 'signal' && !asksForHelp(rest)) return runSignal(endpoint, rest);
  if (endpoint === undefined || (command !== 'read' && command !== 'write') || asksForHelp(rest)) return undefined;
  const given = parseArguments(rest, command);
  const [name, value, ...more] = given?.operands ?? [];
  if (given === undefined || name === undefined || more.length > 0 || (value === undefined) !== (command === 'read')) {
    return { stdout: '', stderr: USAGE, exitCode: 2 };
  }
  if (value === undefined) return readInScript(endpoint, name, given);
  return writeInScript(endpoint, name, value === '-' ? await readStdin() : value, given);
}

/** Undefined for a resource of another stack: `hotloom signal STACK RESOURCE`. */
async function runSignal(endpoint: EndpointAddress, argv: readonly string[]): Promise<CommandResult | undefined> {
  const usage = { stdout: '', stderr: USAGE, exitCode: 2 } as const;
  const operands: string[] = [];
  let data: string | undefined;
  const words = [...argv];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const [option, attached] = word.split(/=(.*)/s);
    if (word === '--') operands.push(...words.splice(0));
    else if (option === '--data' || option === '--data-file') {
      const value = attached ?? words.shift();
      if (value === undefined || data !== undefined) return usage;
      try {
        data = option === '--data' ? value : value === '-' ? await readStdin() : await readFile(value, 'utf8');
      } catch (error) {
        return { stdout: '', stderr: `${(error as Error).message}\n`, exitCode: 2 };
      }
    } else if (/^-./.test(word)) return operands.length > 1 ? undefined : usage;
    else operands.push(word);
  }
  const [resource, ...more] = operands;
  if (resource === undefined) return usage;
  return more.length > 0 ? undefined : signalInScript(endpoint, resource, data ?? '');
}

interface Arguments {
  json: boolean;
  try: boolean;
  timeoutSeconds: number | undefined;
  readonly operands: string[];
}

function parseArguments(argv: readonly string[], command: 'read' | 'write'): Arguments | undefined {
  const given: Arguments = { json: false, try: false, timeoutSeconds: undefined, operands: [] };
  const words = [...argv];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const [option, attached] = word.split(/=(.*)/s);
    if (word === '--') given.operands.push(...words.splice(0));
    else if (word === '--json') given.json = true;
    else if (word === '--try' && command === 'read') given.try = true;
    else if (option === '--timeout' && command === 'read') {
      const seconds = Number(attached ?? words.shift() ?? '-');
      if (!(seconds >= 0)) return undefined;
      given.timeoutSeconds = seconds;
    } else if (/^-./.test(word) && !isValue(word, given, command)) return undefined;
    else given.operands.push(word);
  }
  return given;
}

/** `hotloom write offset -5`: after the name of a write comes its value, whatever it looks like. */
function isValue(word: string, { operands }: Arguments, command: 'read' | 'write'): boolean {
  return command === 'write' && operands.length === 1 && !word.startsWith('--');
}

function asksForHelp(argv: readonly string[]): boolean {
  return argv[0] === '--help' || argv[0] === '-h';
}

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

const result = await runInScript(process.argv.slice(2));
if (result === undefined) {
  // The command line reads process.argv by itself. It stands below this folder, so it is no import of this file's.
  await import(new URL('../cli/main.js', import.meta.url).href);
} else {
  process.stdout.write(result.stdout);
  process.stderr.write(result.stderr);
  process.exitCode = result.exitCode;
}
