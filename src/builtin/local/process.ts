import { closeSync } from 'node:fs';
import { resolve } from 'node:path';
import { type HotloomError, ProcessFailed } from '../../errors.ts';
import { isStopped, processStart } from '../../process-identity.ts';
import type { HandlerCall, LiveCall, StreamingCreateCall } from '../../resource/handler.ts';
import { defineStreamingType, type ResourceType } from '../../resource/resource-type.ts';
import { listNames, suggest } from '../../wording.ts';
import { type AttemptProcesses, findAttempt, type ProcessRecord } from './attempt-processes.ts';
import { defaultLogDirectory, logFileOf } from './log-file.ts';
import type { PortHolder } from './port-holder.ts';
import { processEnvironment } from './process-environment.ts';
import { ProcessLog } from './process-log.ts';
import { acceptsConnections, answersHttp, hasLogLine, type ReadyCondition } from './readiness.ts';
import { DEFAULT_GRACE_SECONDS, recordedAttempt, recordedGraceMs, recordProcess } from './recorded-process.ts';
import type { StartTurns } from './start-turns.ts';
import { describeEnd, type StartedProcess, startProcess } from './started-process.ts';
import { send, stopAttempt } from './stop-attempt.ts';
import { suspendProcesses } from './suspend-processes.ts';
import { pause } from './wait-for.ts';

/** What starting the process needs. The rest is read while it runs. */
const START_INPUTS = ['command', 'env', 'cwd', 'log_file', 'grace', 'ports'] as const;

const ATTRIBUTES = {
  pid: { schema: { type: 'integer' }, needs: START_INPUTS, description: 'Its process id.' },
  log_file: { schema: { type: 'string' }, needs: START_INPUTS, description: 'The file that has its output.' },
  started_at: { schema: { type: 'string' }, needs: START_INPUTS, description: 'When it was started (ISO 8601, UTC).' },
  refid: { schema: { type: 'string' }, needs: START_INPUTS, description: 'Its process id, as a text.' },
} as const;

/**
 * `Local::Process`: a long-running process on this machine, which lives on when the engine's own process ends.
 *
 * It is started as soon as what starting needs is there; `pid`, `log_file`, `started_at` and the reference id are
 * published at once. It is complete when everything that `ready` names holds and every attribute of the resource's
 * section `outputs` has been written, by the process itself: `hotloom write address 127.0.0.1:1234`. The aliases of the
 * section `inputs` are not passed to it; it reads them when it wants to: `hotloom read peers`. Its standard input is empty.
 *
 * Delete sends SIGTERM to its whole process group and SIGKILL to what is left after `grace` seconds. The process is known
 * by pid and start time, so that a recycled pid is never killed, and by the variable HOTLOOM_ATTEMPT in its environment,
 * so that it is found also when the engine was killed before it could record it (on Linux). The log file stays. Suspend stops
 * the same processes by SIGSTOP, and resume lets them go on.
 */
export function localProcess(parts: {
  readonly ports: PortHolder;
  readonly turns: StartTurns;
  readonly logDirectory?: string | undefined;
}): ResourceType {
  return defineStreamingType({
    name: 'Local::Process',
    // Both would want the same ports.
    deletesBeforeReplacing: true,
    description: 'A long-running process on this machine.',
    properties: {
      command: {
        description: 'The program and its arguments, or a text for `sh -c`.',
        type: ['array', 'string'],
        items: { type: 'string' },
        minItems: 1,
        minLength: 1,
      },
      env: {
        description: "Variables of its environment, over the engine's own.",
        type: 'object',
        additionalProperties: { type: ['string', 'number', 'boolean'] },
        default: {},
      },
      cwd: { description: 'Where it runs. Default: where the engine runs.', type: 'string' },
      log_file: {
        description:
          'Its output is appended there. Default: a file of its own in the directory for logs, emptied at the start.',
        type: 'string',
      },
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
      ready: {
        description: 'What has to hold before it counts as ready. Default: nothing more than that it runs.',
        type: 'object',
        properties: {
          tcp: { description: 'A connection to this port, or host:port, can be made.', type: ['string', 'integer'] },
          host: { description: "The host of 'tcp' if that is a port alone.", type: 'string', default: '127.0.0.1' },
          http: { description: 'This URL answers with a status of 200 to 299.', type: 'string' },
          log: { description: 'A line of its output matches this regular expression.', type: 'string' },
          publish: {
            description: "It has written these attributes of the section 'outputs'; true: all of them.",
            type: ['boolean', 'array'],
            items: { type: 'string' },
          },
        },
        additionalProperties: false,
        default: {},
      },
      ready_timeout: {
        description: 'Seconds that it may take to become ready.',
        type: 'number',
        minimum: 0,
        default: 60,
      },
    },
    required: ['command'],
    attributes: ATTRIBUTES,
    handler: {
      async create(call) {
        const { inputs, outputs, clock } = call;
        const [command, env, cwd, logFile, grace, ports] = await Promise.all([
          inputs.command,
          inputs.env,
          inputs.cwd,
          inputs.log_file,
          inputs.grace,
          inputs.ports,
        ]);
        const endpoint = await call.openEndpoint();
        const { log, descriptor } = ProcessLog.open(
          logFile === undefined
            ? logFileOf(parts.logDirectory ?? defaultLogDirectory(), call.resource)
            : resolve(cwd ?? '', logFile),
          { isEmptied: logFile === undefined },
        );
        let started: StartedProcess;
        try {
          await parts.turns.next();
          call.signal.throwIfAborted();
          await parts.ports.release(ports);
          started = await startProcess({
            command: commandOf(command),
            environment: processEnvironment(env, endpoint, call.token),
            cwd,
            stdout: descriptor,
            stderr: descriptor,
          });
        } finally {
          closeSync(descriptor);
        }
        try {
          await recordProcess(call, started.record, { graceSeconds: grace });
          const { pid } = started.record;
          await call.setResourceId(String(pid));
          await Promise.all([
            outputs.refid(String(pid)),
            outputs.pid(pid),
            outputs.log_file(log.path),
            outputs.started_at(new Date(clock.now()).toISOString()),
          ]);
          await untilReady(call, started, log, await inputs.ready, await inputs.ready_timeout);
        } finally {
          started.detach();
        }
      },
      lookup: ({ token }) => findAttempt({ token, leader: undefined }).pids[0]?.toString(),
      check(call) {
        const { pid } = requireLeader(call);
        if (call.isSuspended || !isStopped(pid)) return undefined;
        throw new ProcessFailed({
          what: `The process of '${call.resource.name}' is stopped.`,
          why: `Somebody has sent SIGSTOP or the like to process ${pid}.`,
          fix: `Let it go on: kill -CONT ${pid}. Or update the stack: it is started again.`,
        });
      },
      async suspend(call) {
        requireLeader(call);
        await suspendProcesses(() => processesOf(call), call);
      },
      resume(call) {
        requireLeader(call);
        send('SIGCONT', processesOf(call));
      },
      async delete({ token, data, clock }) {
        await stopAttempt(recordedAttempt(token, data), { clock, graceMs: recordedGraceMs(data) });
      },
    },
  });
}

/** The process, while it is there. Throws ProcessFailed when it has gone. */
function requireLeader({ resource, resourceId, data }: LiveCall): ProcessRecord {
  const { leader = ofId(resourceId) } = recordedAttempt('', data);
  if (leader !== undefined && processStart(leader.pid) === leader.start) return leader;
  throw new ProcessFailed({
    what: `The process of '${resource.name}' does not run any more.`,
    why: `It was process ${leader?.pid ?? 'unknown'}, and has ended or was killed.`,
    fix: 'Look at the end of its log, and update the stack: it is started again.',
  });
}

/** Those of the attempt; of a process that was there already, that one alone. */
function processesOf({ token, resourceId, data }: LiveCall): AttemptProcesses {
  const attempt = recordedAttempt(token, data);
  const alone = attempt.leader === undefined ? ofId(resourceId)?.pid : undefined;
  return alone === undefined ? findAttempt(attempt) : { groups: [], strays: [alone], pids: [alone] };
}

/** A process that was there already is known by its id alone. */
function ofId(id: string | undefined): ProcessRecord | undefined {
  const start = id === undefined ? undefined : processStart(Number(id));
  return start === undefined ? undefined : { pid: Number(id), start };
}

function commandOf(command: string | readonly string[]): readonly [string, ...string[]] {
  return typeof command === 'string' ? ['/bin/sh', '-c', command] : (command as [string, ...string[]]);
}

interface Ready {
  readonly tcp?: string | number;
  readonly host: string;
  readonly http?: string;
  readonly log?: string;
  readonly publish?: boolean | readonly string[];
}

type Call = HandlerCall & Pick<StreamingCreateCall<unknown, unknown>, 'whenPublished' | 'outputNames'>;

/** Resolves when every condition holds. Throws ProcessFailed when the process ends before, or when it takes too long. */
async function untilReady(
  call: Call,
  started: StartedProcess,
  log: ProcessLog,
  ready: Ready,
  timeoutSeconds: number,
): Promise<void> {
  const conditions = conditionsOf(call, log, ready);
  if (conditions.length === 0) return;
  const over = new AbortController();
  const signal = AbortSignal.any([call.signal, over.signal]);
  const missing = new Set(conditions);
  const outcome = await Promise.race([
    Promise.all(conditions.map((condition) => condition.wait(signal).then(() => missing.delete(condition)))),
    started.ended,
    pause(timeoutSeconds * 1000, call.clock, signal).then(() => 'late' as const),
  ]).finally(() => over.abort());
  if (Array.isArray(outcome)) return;
  const name = call.resource.name;
  throw notReady(
    outcome === 'late'
      ? `The process of '${name}' was not ready within ${timeoutSeconds} seconds.`
      : `The process of '${name}' ended before it was ready: ${describeEnd(outcome)}.`,
    [...missing],
    log,
  );
}

function conditionsOf(call: Call, log: ProcessLog, ready: Ready): readonly ReadyCondition[] {
  const conditions: ReadyCondition[] = [];
  if (ready.tcp !== undefined) conditions.push(acceptsConnections(ready.tcp, ready.host, call.clock));
  if (ready.http !== undefined) conditions.push(answersHttp(ready.http, call.clock));
  if (ready.log !== undefined) conditions.push(hasLogLine(ready.log, log, call.clock));
  // What the template declares is owed in any case; 'publish' says so once more, and is checked.
  const declared = call.outputNames.filter((attribute) => !Object.hasOwn(ATTRIBUTES, attribute));
  checkPublished(call, declared, ready.publish);
  for (const attribute of declared) {
    conditions.push({
      description: `it has written '${attribute}'`,
      wait: () => call.whenPublished([attribute]),
    });
  }
  return conditions;
}

function checkPublished(call: Call, declared: readonly string[], publish: boolean | readonly string[] = false): void {
  const wrong = typeof publish === 'boolean' ? [] : publish.filter((attribute) => !declared.includes(attribute));
  if (wrong[0] === undefined && !(publish === true && declared.length === 0)) return;
  throw new ProcessFailed({
    what:
      wrong[0] === undefined
        ? `'${call.resource.name}' is to be ready when it has published its outputs, and declares none.`
        : `'${call.resource.name}' is to be ready when it has published '${wrong[0]}', which it does not declare.`,
    why: `Its section 'outputs' declares ${listNames(declared)}.`,
    fix: `${wrong[0] === undefined ? '' : suggest(wrong[0], declared)}Declare in the resource's section 'outputs' what the process writes.`,
  });
}

function notReady(what: string, missing: readonly ReadyCondition[], log: ProcessLog): HotloomError {
  const tail = log.tail('    ');
  return new ProcessFailed({
    what,
    why:
      `It was to be ready when ${missing.map(({ description }) => description).join(' and ')}. ` +
      (tail === '' ? 'It has printed nothing.' : `The end of its output:\n${tail}`),
    fix: `Its whole output is in ${log.path}.`,
  });
}
