import {
  type EndpointAddress,
  type EndpointFailure,
  type EndpointReply,
  requestRead,
  requestSignal,
  requestWrite,
} from './client.ts';

/** What one of the two commands has to say, and the exit code of its process. */
export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  /** 0: done. 1: refused or failed. 2: wrong usage. 3: no value is there (`--try`) or came in time (`--timeout`). */
  readonly exitCode: 0 | 1 | 2 | 3;
}

export interface ReadOptions {
  /** Print JSON also for a string. */
  readonly json: boolean;
  /** Do not wait. */
  readonly try: boolean;
  /** Give up after that many seconds. */
  readonly timeoutSeconds: number | undefined;
}

/** A timer of node cannot wait longer: 24 days. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** `hotloom read NAME` inside a script: waits for the value and gives it as text with a line end. */
export async function readInScript(
  endpoint: EndpointAddress,
  name: string,
  options: ReadOptions,
): Promise<CommandResult> {
  const seconds = options.timeoutSeconds;
  const signal = seconds === undefined ? undefined : AbortSignal.timeout(Math.min(seconds * 1000, MAX_TIMEOUT_MS));
  let reply: EndpointReply;
  try {
    reply = await requestRead(endpoint, name, { as: options.json ? 'json' : 'text', wait: !options.try, signal });
  } catch {
    return { stdout: '', stderr: `'${name}' was not written within ${seconds} seconds.\n`, exitCode: 3 };
  }
  if (reply.kind === 'absent') return { stdout: '', stderr: '', exitCode: 3 };
  if (reply.kind === 'failed') return failed(reply.failure);
  return { stdout: options.json ? `${reply.body}\n` : reply.body, stderr: '', exitCode: 0 };
}

/** `hotloom write NAME VALUE` inside a script: writes a text, or with `json` the value that VALUE is the JSON text of. */
export async function writeInScript(
  endpoint: EndpointAddress,
  name: string,
  value: string,
  options: { readonly json: boolean },
): Promise<CommandResult> {
  const reply = await requestWrite(endpoint, name, value, { as: options.json ? 'json' : 'text' });
  return reply.kind === 'failed' ? failed(reply.failure) : { stdout: '', stderr: '', exitCode: 0 };
}

/** `hotloom signal RESOURCE` inside a script: signals a resource of its stack with the JSON text `data`, or with nothing. */
export async function signalInScript(
  endpoint: EndpointAddress,
  resource: string,
  data: string,
): Promise<CommandResult> {
  const reply = await requestSignal(endpoint, [resource], data);
  return reply.kind === 'failed' ? failed(reply.failure) : { stdout: '', stderr: '', exitCode: 0 };
}

function failed({ code, what, why, fix }: EndpointFailure): CommandResult {
  const lines = [`${code}: ${what}`, ...[why, fix].filter((line) => line !== undefined).map((line) => `  ${line}`)];
  return { stdout: '', stderr: `${lines.join('\n')}\n`, exitCode: 1 };
}
