import { get as httpGet, type IncomingMessage } from 'node:http';
import { get as httpsGet } from 'node:https';
import { connect } from 'node:net';
import type { Clock } from '../../clock.ts';
import { messageOf, ProcessFailed } from '../../errors.ts';
import type { ProcessLog } from './process-log.ts';
import { waitFor } from './wait-for.ts';

/** How long one connection or request may take before it is tried again. */
const ATTEMPT_MS = 5000;

/** Something that has to hold before a process counts as ready. */
export interface ReadyCondition {
  /** `a TCP connection to 127.0.0.1:80 can be made`. */
  readonly description: string;
  /** Resolves when it holds; rejects only with the reason of `signal`. */
  wait(signal: AbortSignal): Promise<unknown>;
}

/** Holds when a TCP connection can be made. `target` is a port, or `host:port`. */
export function acceptsConnections(target: string | number, host: string, clock: Clock): ReadyCondition {
  const [, targetHost = host, port] = /^(?:\[?(.+?)\]?:)?(\d+)$/.exec(String(target)) ?? [];
  if (port === undefined || Number(port) > 65_535) {
    throw new ProcessFailed({
      what: `'${target}' is no TCP port.`,
      why: "The process is to be ready when a connection to its 'tcp' can be made.",
      fix: "Give a port, or a host and a port as in '127.0.0.1:8080'.",
    });
  }
  const options = { host: targetHost, port: Number(port) };
  return lookUntil(`a TCP connection to ${targetHost}:${port} can be made`, clock, (signal) =>
    connects(options, signal),
  );
}

/** Holds when an HTTP GET of `url` is answered with a status of 200 to 299. Redirections are not followed. */
export function answersHttp(url: string, clock: Clock): ReadyCondition {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== 'http:' && parsed?.protocol !== 'https:') {
    throw new ProcessFailed({
      what: `'${url}' is no URL of the HTTP protocol.`,
      why: "The process is to be ready when its 'http' answers.",
      fix: "Give a URL such as 'http://127.0.0.1:8080/health'.",
    });
  }
  return lookUntil(`${url} answers with a status of 200 to 299`, clock, (signal) => isAnswered(parsed, signal));
}

/** Holds when a complete line of the output matches. */
export function hasLogLine(pattern: string, log: ProcessLog, clock: Clock): ReadyCondition {
  let expression: RegExp;
  try {
    expression = new RegExp(pattern, 'u');
  } catch (error) {
    throw new ProcessFailed({
      what: `'${pattern}' is no regular expression.`,
      why: `${messageOf(error)}.`,
      fix: "Give 'log' a regular expression of JavaScript (with the flag u) that a line of the output will match.",
    });
  }
  return lookUntil(`a line of its output matches /${pattern}/`, clock, async () => log.hasNewLine(expression));
}

function lookUntil(description: string, clock: Clock, look: (signal: AbortSignal) => Promise<boolean>): ReadyCondition {
  return {
    description,
    wait: (signal) => waitFor(() => look(signal), { clock, timeoutMs: Number.POSITIVE_INFINITY, signal }),
  };
}

function connects(target: { readonly host: string; readonly port: number }, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ ...target, signal: AbortSignal.any([signal, AbortSignal.timeout(ATTEMPT_MS)]) });
    socket.once('connect', () => {
      resolve(true);
      socket.destroy();
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}

function isAnswered(url: URL, signal: AbortSignal): Promise<boolean> {
  const get = url.protocol === 'https:' ? httpsGet : httpGet;
  return new Promise((resolve) => {
    // An agent would keep the connection open after the answer.
    const options = { agent: false as const, signal: AbortSignal.any([signal, AbortSignal.timeout(ATTEMPT_MS)]) };
    const request = get(url, options, (response: IncomingMessage) => {
      const status = response.statusCode ?? 0;
      resolve(status >= 200 && status < 300);
      response.destroy();
    });
    request.once('error', () => resolve(false));
  });
}
