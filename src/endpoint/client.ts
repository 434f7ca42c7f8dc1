import { connect } from 'node:net';

// The script that waits for this program pays for every module it loads, so it speaks HTTP by node:net (node:http takes
// a sixth of node's own start more) and imports nothing of the engine.

/** The path of the values at an endpoint; a name follows, encoded. */
export const VALUES_PATH = '/values/';

/** The path of the blocked reads of a stack; its space and name follow, encoded, with a slash between them. */
export const WAITING_PATH = '/waiting/';

/** The path by which the action of a stack is cancelled; its space and name follow, and `?rollback=yes` or `no`. */
export const CANCEL_PATH = '/cancel/';

/** The path of signals: the resource follows, encoded; for the engine's own token its space and stack before it. */
export const SIGNALS_PATH = '/signals/';

/** Where an endpoint is, from the environment of a process that a resource runs. */
export interface EndpointAddress {
  readonly socket: string;
  readonly token: string;
  /** The same read was refused a moment ago, and its answer is to be told again. */
  readonly wasRefused?: boolean;
}

/** The header of such a request. */
export const REFUSED_HEADER = 'hotloom-refused';

/** An error of the engine's, as an endpoint tells it. */
export interface EndpointFailure {
  readonly code: string;
  readonly what: string;
  readonly why?: string | undefined;
  readonly fix?: string | undefined;
}

/** What came of a request. `absent`: nothing is written under the name, and the request did not want to wait. */
export type EndpointReply =
  | { readonly kind: 'done'; readonly body: string }
  | { readonly kind: 'absent' }
  | {
      readonly kind: 'failed';
      readonly failure: EndpointFailure;
      /** There was no answer, and nobody can tell whether the request has arrived. */
      readonly isUnknown?: boolean;
    };

/** The endpoint that the environment names; undefined outside of a resource's process. */
export function endpointOf(environment: {
  readonly [variable: string]: string | undefined;
}): EndpointAddress | undefined {
  const { HOTLOOM_SOCKET: socket, HOTLOOM_TOKEN: token, HOTLOOM_REFUSED: refused } = environment;
  return socket ? { socket, token: token ?? '', wasRefused: refused === '1' } : undefined;
}

/**
 * Reads a name. The body is JSON text, or with `as: 'text'` what a shell wants: a string as it is, other values as JSON
 * text, and a line end. Waits for the value unless `wait` is false. Never rejects, except with the reason of `signal`.
 */
export function requestRead(
  endpoint: EndpointAddress,
  name: string,
  options: { readonly as: 'text' | 'json'; readonly wait: boolean; readonly signal?: AbortSignal | undefined },
): Promise<EndpointReply> {
  const path = `${VALUES_PATH}${encodeURIComponent(name)}${options.wait ? '' : '?wait=no'}`;
  const accept = options.as === 'text' ? 'text/plain' : 'application/json';
  const again = endpoint.wasRefused === true ? [`${REFUSED_HEADER}: 1`] : [];
  return request(endpoint, `GET ${path}`, [`Accept: ${accept}`, ...again], '', options.signal);
}

/** Writes a name: `body` is JSON text, or with `as: 'text'` a string as it is. Never rejects. */
export function requestWrite(
  endpoint: EndpointAddress,
  name: string,
  body: string,
  options: { readonly as: 'text' | 'json' },
): Promise<EndpointReply> {
  const headers = [
    `Content-Type: ${options.as === 'text' ? 'text/plain' : 'application/json'}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return request(endpoint, `PUT ${VALUES_PATH}${encodeURIComponent(name)}`, headers, body, undefined);
}

/**
 * Asks who waits for what in a stack; the token has to be an engine's own. The body is JSON text. Never rejects, except with
 * the reason of `signal`.
 */
export function requestWaiting(
  endpoint: EndpointAddress,
  space: string,
  stack: string,
  signal?: AbortSignal,
): Promise<EndpointReply> {
  const path = `${WAITING_PATH}${encodeURIComponent(space)}/${encodeURIComponent(stack)}`;
  return request(endpoint, `GET ${path}`, [], '', signal);
}

/**
 * Has the action of a stack cancelled, and waits until it has ended; the token has to be an engine's own. Never rejects,
 * except with the reason of `signal`.
 */
export function requestCancel(
  endpoint: EndpointAddress,
  space: string,
  stack: string,
  rollback: boolean,
  signal?: AbortSignal,
): Promise<EndpointReply> {
  const path = `${CANCEL_PATH}${encodeURIComponent(space)}/${encodeURIComponent(stack)}?rollback=${rollback ? 'yes' : 'no'}`;
  return request(endpoint, `POST ${path}`, ['Content-Length: 0'], '', signal);
}

/**
 * Signals a resource: `path` is its name, with the engine's own token after its space and stack; `body` JSON text, or empty
 * for no data. The body of the answer is the JSON text of what the resource's event tells. Never rejects, except with the
 * reason of `signal`.
 */
export function requestSignal(
  endpoint: EndpointAddress,
  path: readonly string[],
  body: string,
  signal?: AbortSignal,
): Promise<EndpointReply> {
  const line = `POST ${SIGNALS_PATH}${path.map(encodeURIComponent).join('/')}`;
  return request(endpoint, line, [`Content-Length: ${Buffer.byteLength(body)}`], body, signal);
}

function request(
  endpoint: EndpointAddress,
  line: string,
  headers: readonly string[],
  body: string,
  signal: AbortSignal | undefined,
): Promise<EndpointReply> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const socket = connect(endpoint.socket);
    const chunks: Buffer[] = [];
    let problem = 'it closed the connection without an answer';
    let isConnected = false;
    socket.once('connect', () => {
      isConnected = true;
    });
    const abort = (): void => {
      socket.destroy();
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', abort, { once: true });
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', (error) => {
      problem = error.message;
    });
    // Also after an error: the answer may have come before the connection broke.
    socket.on('close', () => {
      signal?.removeEventListener('abort', abort);
      resolve(parseReply(Buffer.concat(chunks)) ?? unreachable(endpoint, problem, isConnected));
    });
    // A header's line must not be broken by what a token holds.
    const token = encodeURIComponent(endpoint.token);
    const head = [
      `${line} HTTP/1.1`,
      'Host: hotloom',
      `Authorization: Bearer ${token}`,
      ...headers,
      'Connection: close',
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  });
}

/** Undefined when the answer is not whole. The server closes the connection after it, and always tells its length. */
function parseReply(answer: Buffer): EndpointReply | undefined {
  const end = answer.indexOf('\r\n\r\n');
  const head = answer.toString('latin1', 0, Math.max(end, 0));
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]);
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
  const body = answer.subarray(end + 4);
  if (end === -1 || Number.isNaN(status) || body.length !== length) return undefined;
  if (status < 300) return { kind: 'done', body: body.toString('utf8') };
  if (status === 404) return { kind: 'absent' };
  try {
    return { kind: 'failed', failure: JSON.parse(body.toString('utf8')) };
  } catch {
    return undefined;
  }
}

function unreachable(endpoint: EndpointAddress, problem: string, isUnknown: boolean): EndpointReply {
  return {
    kind: 'failed',
    isUnknown,
    failure: {
      code: 'EndpointUnreachable',
      what: `No engine answers at the socket '${endpoint.socket}'.`,
      why: `The system says: ${problem}. An engine answers while the action runs that started this process.`,
      fix: 'Read and write before the action ends; afterwards use the command line of Hotloom on its store.',
    },
  };
}
