import { closeSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProcessFailed, PropertyInvalid } from '../../errors.ts';
import type { HandlerCall, StreamingCreateCall } from '../../resource/handler.ts';
import {
  type AttributeDeclaration,
  type AttributeDeclarations,
  defineStreamingType,
  type ResourceType,
} from '../../resource/resource-type.ts';
import type { Misfit } from '../../resource/schema.ts';
import { type Expression, REFID } from '../../template/expression.ts';
import { findAttempt } from './attempt-processes.ts';
import { OutputFiles } from './output-files.ts';
import type { PortHolder } from './port-holder.ts';
import { processEnvironment } from './process-environment.ts';
import { printTail } from './process-log.ts';
import { DEFAULT_GRACE_SECONDS, recordedAttempt, recordedGraceMs, recordProcess } from './recorded-process.ts';
import type { StartTurns } from './start-turns.ts';
import { describeEnd, type ProcessEnd, type StartedProcess, startProcess } from './started-process.ts';
import { stopAttempt } from './stop-attempt.ts';
import { pause } from './wait-for.ts';

/** Of each stream the end is kept: together what Heat's agent sends at most (heat-config-notify, 950,000 bytes). */
const MAX_STREAM_BYTES = 475_000;

const ATTRIBUTES = {
  deploy_stdout: { schema: { type: 'string' }, description: 'What it printed; of a long text the end.' },
  deploy_stderr: { schema: { type: 'string' }, description: 'What it printed as errors; of a long text the end.' },
  deploy_status_code: { schema: { type: 'integer' }, description: 'Its exit code; of a signal the negative number.' },
} as const;

/**
 * `Local::Script`: a script that runs to its end, under the contract of Heat's script hook (openstack/heat-agents,
 * heat-config-script): the text of `config` is executed without arguments; each of `inputs` is a variable of its
 * environment (strings as they are, lists and maps as JSON text); the content of the file `${heat_outputs_path}.NAME`,
 * verbatim, is the output NAME, and a file that is not there is an output that is null. It fails when its exit code is
 * not 0, or when an output with `error_output` is there; what it wrote is published all the same.
 *
 * Beyond Heat an output is published while the script runs, as soon as its file is complete (see OutputFiles), or when
 * the script says so (`hotloom write NAME VALUE`), and the script can wait for others in its middle (`hotloom read
 * peer.address`). What it leaves running in the background stays until the resource is deleted.
 *
 * It runs in a process group of its own, which is stopped as a whole (SIGTERM, and SIGKILL after `grace` seconds) when
 * the action is cancelled, when `timeout` is over, and when the resource is deleted. An attempt is found again by the
 * variable HOTLOOM_ATTEMPT in the environment of its processes (on Linux).
 */
export function localScript(parts: {
  readonly ports: PortHolder;
  readonly turns: StartTurns;
  readonly directory?: string | undefined;
}): ResourceType {
  const directoryOf = (token: string): string => join(parts.directory ?? tmpdir(), `hotloom-${token}`);
  return defineStreamingType({
    name: 'Local::Script',
    description: "A script that runs to its end on this machine, as Heat's script hook runs it.",
    properties: {
      config: { description: "The script; its first line names its interpreter: '#!/bin/sh'.", type: 'string' },
      inputs: { description: 'Variables of its environment.', type: 'object', default: {} },
      outputs: {
        description: 'What it writes: names, or maps as in OS::Heat::SoftwareConfig.',
        type: 'array',
        items: {
          type: ['string', 'object'],
          properties: {
            name: { description: 'Name of the output.', type: 'string' },
            type: { description: 'Accepted for Heat; a value is the text of its file.', type: 'string' },
            description: { description: 'For people.', type: 'string' },
            error_output: { description: 'Its presence is a failure.', type: 'boolean', default: false },
            needs: {
              description:
                "The inputs that it needs, for a script that reads aliases late. Default: all of the resource's.",
              type: 'array',
              items: { type: 'string' },
            },
          },
          required: ['name'],
          additionalProperties: false,
        },
        default: [],
      },
      env: {
        description: "More variables of its environment, over the engine's own.",
        type: 'object',
        additionalProperties: { type: ['string', 'number', 'boolean'] },
        default: {},
      },
      cwd: { description: 'Where it runs. Default: where the engine runs.', type: 'string' },
      timeout: { description: 'Seconds that it may take.', type: 'number', minimum: 0 },
      grace: {
        description: 'Seconds that it may take to end after SIGTERM.',
        type: 'number',
        minimum: 0,
        default: DEFAULT_GRACE_SECONDS,
      },
      ports: {
        description: 'Addresses of Local::Port resources whose ports it takes over (get_resource of each).',
        type: 'array',
        items: { type: 'string' },
        default: [],
      },
    },
    required: ['config'],
    attributes: ATTRIBUTES,
    instanceAttributes: declaredOutputs,
    validate: ({ config, outputs, inputs }) => [
      ...configMisfits(config),
      ...outputMisfits(outputs),
      ...variableMisfits(inputs),
    ],
    handler: {
      async create(call) {
        const { inputs, clock, token, signal, resource } = call;
        const [config, variables, declared, env, cwd, timeout, grace, ports] = await Promise.all([
          inputs.config,
          inputs.inputs,
          inputs.outputs,
          inputs.env,
          inputs.cwd,
          inputs.timeout,
          inputs.grace,
          inputs.ports,
        ]);
        const names = call.outputNames.filter((name) => name !== REFID && !Object.hasOwn(ATTRIBUTES, name));
        refuseComputed(resource.name, declared, names);
        const endpoint = await call.openEndpoint();
        const files = makeFiles(directoryOf(token), config);
        const outputs = new OutputFiles(files.outputs, names, clock);
        try {
          await parts.turns.next();
          signal.throwIfAborted();
          await parts.ports.release(ports);
          const environment = processEnvironment(
            { ...env, ...variables, heat_outputs_path: outputs.prefix },
            endpoint,
            token,
          );
          const published: Promise<void>[] = [];
          const errors = watchErrors(call, declared);
          const started = await startScript(files, environment, cwd);
          let end: ProcessEnd;
          try {
            await recordProcess(call, started.record, { graceSeconds: grace });
            await call.setResourceId(resource.physicalName);
            outputs.watch(started.record.pid, (name, content) => {
              const publishing = call.publish(name, content);
              // Awaited below; until then a refusal is nobody's unhandled rejection.
              publishing.catch(() => {});
              published.push(publishing);
            });
            end = await untilEnd(call, started, timeout);
          } catch (error) {
            await stopAttempt({ token, leader: started.record }, { clock, graceMs: grace * 1000 });
            throw error;
          }
          outputs.close();
          for (const [name, content] of outputs.readAll()) published.push(call.publish(name, content));
          await Promise.all([
            ...published,
            call.outputs.deploy_stdout(readEnd(files.stdout)),
            call.outputs.deploy_stderr(readEnd(files.stderr)),
            call.outputs.deploy_status_code(statusOf(end)),
          ]);
          refuseFailure(resource.name, end, errors, files);
        } finally {
          outputs.close();
          rmSync(files.directory, { recursive: true, force: true });
        }
      },
      lookup: ({ token, resource }) =>
        findAttempt({ token, leader: undefined }).pids.length > 0 ? resource.physicalName : undefined,
      async delete({ token, data, clock }) {
        await stopAttempt(recordedAttempt(token, data), { clock, graceMs: recordedGraceMs(data) });
        rmSync(directoryOf(token), { recursive: true, force: true });
      },
    },
  });
}

// --- what the template declares ---

type DeclaredOutput = string | { readonly name: string; readonly error_output?: boolean };

/** An output that is not written reads as null, as under Heat. */
function declaredOutputs({ outputs }: { readonly [property: string]: Expression }): AttributeDeclarations {
  const declarations: [string, AttributeDeclaration][] = [];
  for (const output of Array.isArray(outputs) ? outputs : []) {
    const { name, needs, description } = typeof output === 'string' ? { name: output } : (output ?? {});
    if (typeof name !== 'string') continue;
    declarations.push([
      name,
      {
        schema: { type: 'string' },
        optional: true,
        ...(Array.isArray(needs) ? { needs: needs.filter((input) => typeof input === 'string') } : {}),
        ...(typeof description === 'string' ? { description } : {}),
      },
    ]);
  }
  return Object.fromEntries(declarations);
}

function nameOf(output: DeclaredOutput): string {
  return typeof output === 'string' ? output : output.name;
}

function configMisfits(config: string): readonly Misfit[] {
  if (/^#![ \t]*\S/.test(config)) return [];
  return [
    {
      path: ['config'],
      what: 'The script does not say what runs it.',
      why: "It is executed as a file, so its first line has to name its interpreter, as for Heat's script hook.",
      fix: "Begin it with a line such as '#!/bin/sh'.",
    },
  ];
}

function* outputMisfits(outputs: readonly DeclaredOutput[]): Generator<Misfit> {
  const seen = new Set<string>();
  for (const [index, output] of outputs.entries()) {
    const name = nameOf(output);
    const path = typeof output === 'string' ? ['outputs', index] : ['outputs', index, 'name'];
    if (name === '' || /[/\0]/.test(name) || Object.hasOwn(ATTRIBUTES, name) || name === REFID) {
      yield {
        path,
        what: `'${name}' cannot be the name of an output.`,
        why: 'It is the end of a file name, and no attribute that every script has.',
        fix: 'Give a name without a slash.',
      };
    } else if (seen.has(name)) {
      yield { path, what: `The output '${name}' is declared twice.`, why: 'A name has one file.', fix: 'Drop one.' };
    }
    seen.add(name);
  }
}

function* variableMisfits(inputs: { readonly [name: string]: unknown }): Generator<Misfit> {
  for (const name of Object.keys(inputs)) {
    if (name !== '' && !/[=\0]/.test(name)) continue;
    yield {
      path: ['inputs', name],
      what: `'${name}' cannot be the name of an input.`,
      why: 'An input is a variable of the environment.',
      fix: "Give a name that is not empty and has no '='.",
    };
  }
}

/** What a script writes has to be known before anything runs, so `outputs` cannot be computed. */
function refuseComputed(resource: string, declared: readonly DeclaredOutput[], names: readonly string[]): void {
  const unknown = declared.map(nameOf).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  throw new PropertyInvalid({
    what: `The output '${unknown}' of '${resource}' was not known before the run.`,
    why: 'Who writes what has to be known before anything runs, so a function cannot make the names.',
    fix: "Write the names of 'outputs' into the template.",
  });
}

// --- its files ---

interface ScriptFiles {
  readonly directory: string;
  readonly script: string;
  readonly outputs: string;
  readonly stdout: string;
  readonly stderr: string;
}

/** Makes the script's directory, named by the attempt, so that delete finds it whatever was recorded. */
function makeFiles(directory: string, config: string): ScriptFiles {
  const files = {
    directory,
    script: join(directory, 'script'),
    outputs: join(directory, 'outputs'),
    stdout: join(directory, 'stdout'),
    stderr: join(directory, 'stderr'),
  };
  // The same attempt may have been here before it was interrupted.
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(files.outputs, { recursive: true, mode: 0o700 });
  // In one turn of the event loop: were another process started while this file is open for writing, that one would
  // hold it open for a moment, and the system does not execute such a file (ETXTBSY).
  writeFileSync(files.script, config, { mode: 0o700 });
  return files;
}

/** Its output goes to files and not to pipes: what it leaves in the background may write on, and need not be waited for. */
async function startScript(
  files: ScriptFiles,
  environment: NodeJS.ProcessEnv,
  cwd: string | undefined,
): Promise<StartedProcess> {
  const stdout = openSync(files.stdout, 'ax', 0o600);
  const stderr = openSync(files.stderr, 'ax', 0o600);
  try {
    return await startProcess({ command: [files.script], environment, cwd, stdout, stderr });
  } finally {
    closeSync(stdout);
    closeSync(stderr);
  }
}

function readEnd(path: string): string {
  const content = readFileSync(path);
  return content.subarray(Math.max(0, content.length - MAX_STREAM_BYTES)).toString('utf8');
}

// --- its end ---

/** Waits for the script. Throws when the action is cancelled or the time is over; the script runs on then. */
async function untilEnd(
  call: Pick<HandlerCall, 'clock' | 'signal' | 'resource'>,
  started: StartedProcess,
  timeoutSeconds = Number.POSITIVE_INFINITY,
): Promise<ProcessEnd> {
  const over = new AbortController();
  const late = pause(timeoutSeconds * 1000, call.clock, AbortSignal.any([call.signal, over.signal]));
  const end = await Promise.race([started.ended, late]).finally(() => over.abort());
  if (end !== undefined) return end;
  throw new ProcessFailed({
    what: `The script of '${call.resource.name}' did not end within ${timeoutSeconds} seconds.`,
    why: 'It was stopped then.',
    fix: "Give it more time by 'timeout', or let it do less.",
  });
}

/** As Python tells it to Heat's hook. */
function statusOf(end: ProcessEnd): number {
  return 'code' in end ? end.code : -constants.signals[end.signal];
}

/** The error outputs that get written, whichever way. Filled as they are. */
function watchErrors(
  call: Pick<StreamingCreateCall<unknown, unknown>, 'whenPublished'>,
  declared: readonly DeclaredOutput[],
): ReadonlySet<string> {
  const written = new Set<string>();
  for (const output of declared) {
    if (typeof output === 'string' || output.error_output !== true) continue;
    void call.whenPublished([output.name]).then(() => written.add(output.name));
  }
  return written;
}

function refuseFailure(resource: string, end: ProcessEnd, errors: ReadonlySet<string>, files: ScriptFiles): void {
  if (statusOf(end) === 0 && errors.size === 0) return;
  const reasons = [
    ...(statusOf(end) === 0 ? [] : [describeEnd(end)]),
    ...[...errors].map((name) => `it wrote the error output '${name}'`),
  ];
  const tail = statSync(files.stderr).size === 0 ? '' : printTail(files.stderr, 0, '    ');
  throw new ProcessFailed({
    what: `The script of '${resource}' failed: ${reasons.join(', ')}.`,
    why: tail === '' ? 'It has printed no errors.' : `The end of its errors:\n${tail}`,
    fix: "Look at its attributes 'deploy_stdout' and 'deploy_stderr' for all that it printed.",
  });
}
