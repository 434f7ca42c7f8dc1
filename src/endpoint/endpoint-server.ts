import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { delimiter } from 'node:path';
import { EndpointUnreachable, InternalError, messageOf, ReadAborted } from '../errors.ts';
import type { WaitingRead } from '../events.ts';
import { type Name, parseName, printName } from '../names.ts';
import type { EndpointAccess, ResourceIdentity } from '../resource/handler.ts';
import { asJson, type Json } from '../values.ts';
import {
  CANCEL_PATH,
  type EndpointAddress,
  REFUSED_HEADER,
  SIGNALS_PATH,
  VALUES_PATH,
  WAITING_PATH,
} from './client.ts';
import { EndpointDirectory } from './endpoint-directory.ts';
import { closeServer, Refusal, receiveBody, refuse, send } from './http-answers.ts';

/** What the server asks of the engine. The principal is the resource whose token a request bears. */
export interface EndpointServerOptions {
  /**
   * Reads a name; blocks until it is written or `signal` fires (the client has gone, or the token was revoked). A name
   * of one segment arrives completed to the principal's own resource, so that it may mean an alias among its inputs.
   */
  readonly onRead: (principal: ResourceIdentity, name: Name, signal: AbortSignal) => Promise<Json>;
  /** What the name holds now; undefined when nothing is written yet. Rejects when its writer has failed. */
  readonly onTryRead: (principal: ResourceIdentity, name: Name) => Promise<Json | undefined>;
  /** Writes a name as the principal, who may write only what is its own: whether it is, this has to check. */
  readonly onWrite: (principal: ResourceIdentity, name: Name, value: Json) => Promise<void>;
  /** Who waits for what in a stack that is at work here, for whoever bears the engine's own token. */
  readonly onWaiting: (space: string, stack: string) => readonly WaitingRead[];
  /** Cancels what is at work here on a stack, and resolves when it has ended; for whoever bears the engine's own token. */
  readonly onCancel: (space: string, stack: string, rollback: boolean) => Promise<void>;
  /** Signals a resource of the principal's stack, by the name that it has in the principal's template or in the stack. */
  readonly onSignal: (principal: ResourceIdentity, resource: string, data: Json | undefined) => Promise<string>;
  /** Signals a resource of any stack, for whoever bears the engine's own token. */
  readonly onSignalOf: (space: string, stack: string, resource: string, data: Json | undefined) => Promise<string>;
  /** Where the directory of the socket is made. Default: the system's directory for temporary files. */
  readonly directory?: string | undefined;
  /** The script that the command `hotloom` runs by node. Default: `command.js` of this package. */
  readonly commandFile?: string | undefined;
  /** The longest value that can be written, in bytes of JSON or text. Default: 1 MiB. */
  readonly maxValueBytes?: number | undefined;
}

const MAX_VALUE_BYTES = 1024 * 1024;

interface Grant {
  /** The resource that may read and write values; undefined for the engine's own token, which may ask who waits. */
  readonly principal: ResourceIdentity | undefined;
  /** Fires when the token is revoked. */
  readonly revocation: AbortController;
  /** Why the last reads of a name were refused, by its text in the request, for a client that asks for the words. */
  readonly refusals: Map<string, unknown>;
}

interface Listening {
  readonly server: Server;
  readonly directory: EndpointDirectory;
}

/** So many refusals of one token are remembered. */
const MAX_REFUSALS = 100;

/**
 * The local endpoint: HTTP over a Unix socket, by which the processes of running resources read and write names.
 *
 * `GET /values/NAME` blocks until the name is written; with `?wait=no` it answers 404 at once when it is not. `PUT
 * /values/NAME` writes. Values are JSON; with `Accept: text/plain` a read gives what a shell wants (a string as it is,
 * other values as JSON text, and a line end), and with `Content-Type: text/plain` a write takes a string. Every request
 * bears its token: `Authorization: Bearer ...`. NAME is short or full as in parseName; a single segment means the
 * requester's own resource. `POST /signals/RESOURCE` signals a resource of the same stack with the JSON of the body, or with
 * nothing. A refusal is JSON: `{ code, what, why, fix }`. With the engine's own token, `GET /waiting/SPACE/STACK` tells who
 * waits for what, and `POST /signals/SPACE/STACK/RESOURCE` signals any resource.
 *
 * One server serves all resources of an engine. Nothing is made before the first `open`. The socket lies in a fresh
 * directory that only this user may enter; `close` removes it. An open server does not keep the process alive.
 */
export class EndpointServer {
  readonly #options: EndpointServerOptions;
  /** By the token's digest: finding it takes no time that depends on how much of a wrong token is right. */
  readonly #grants = new Map<string, Grant>();
  /** What is being asked now. */
  readonly #answers = new Set<Promise<void>>();
  #listening: Promise<Listening> | undefined;
  #isClosed = false;

  constructor(options: EndpointServerOptions) {
    this.#options = options;
  }

  /** Lets the processes of a resource in. Throws EndpointUnreachable when the socket cannot be made. */
  async open(principal: ResourceIdentity): Promise<EndpointAccess> {
    const { directory, token } = await this.#grant(principal);
    return {
      socket: directory.socket,
      token,
      commandDirectory: directory.commands,
      environment: {
        HOTLOOM_SOCKET: directory.socket,
        HOTLOOM_TOKEN: token,
        HOTLOOM_NAME: printName([principal.space, principal.stack, principal.name]),
        PATH: [directory.commands, process.env.PATH ?? ''].filter((entry) => entry !== '').join(delimiter),
      },
    };
  }

  /** Lets other programs of this user ask who waits for what, until the server is closed. */
  async openForObservers(): Promise<EndpointAddress> {
    const { directory, token } = await this.#grant(undefined);
    return { socket: directory.socket, token };
  }

  async #grant(principal: ResourceIdentity | undefined): Promise<{ directory: EndpointDirectory; token: string }> {
    if (this.#isClosed) throw new InternalError('An endpoint was opened after its server was closed.');
    const { directory } = await this.#opened();
    if (this.#isClosed) throw tokenRevoked();
    const token = randomBytes(32).toString('hex');
    this.#grants.set(digestOf(token), { principal, revocation: new AbortController(), refusals: new Map() });
    return { directory, token };
  }

  /** Shuts a resource's processes out and releases their blocked reads with ReadAborted. Idempotent. */
  revoke(token: string): void {
    const key = digestOf(token);
    this.#grants.get(key)?.revocation.abort(tokenRevoked());
    this.#grants.delete(key);
  }

  /** Revokes every token, answers what is being asked, and removes the socket. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const grant of this.#grants.values()) grant.revocation.abort(tokenRevoked());
    this.#grants.clear();
    // One that could not be made has been told to whoever asked for it.
    const listening = await this.#listening?.catch(() => undefined);
    this.#listening = undefined;
    if (listening === undefined) return;
    const { server, directory } = listening;
    // Every read has been released by now.
    await closeServer(server, this.#answers);
    await directory.remove();
  }

  /** The socket, made when it is first asked for. What kept it from being made may be over at the next time: a full disk. */
  #opened(): Promise<Listening> {
    if (this.#listening !== undefined) return this.#listening;
    const listening = this.#listen();
    this.#listening = listening;
    listening.catch(() => {
      this.#listening = undefined;
    });
    return listening;
  }

  async #listen(): Promise<Listening> {
    const directory = await EndpointDirectory.create(this.#options);
    const server = createServer((request, response) => {
      const answer = this.#answer(request, response).finally(() => this.#answers.delete(answer));
      this.#answers.add(answer);
    });
    // The time-out bounds how long a request may take to arrive; how long its answer takes is the reader's business.
    server.requestTimeout = 60_000;
    try {
      await directory.listen(server);
    } catch (error) {
      await directory.remove();
      throw error;
    }
    server.unref();
    return { server, directory };
  }

  /** Answers one request. Never rejects. */
  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.on('close', () => gone.abort(clientGone()));
    // A client that goes away half-way is no failure of the engine's.
    response.on('error', () => gone.abort(clientGone()));
    request.on('error', () => gone.abort(clientGone()));
    try {
      await this.#serve(request, response, gone.signal);
    } catch (error) {
      await refuse(request, response, error, STATUSES);
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse, gone: AbortSignal): Promise<void> {
    const { principal, revocation, refusals } = this.#authenticate(request);
    if (principal === undefined) {
      await this.#serveObserver(request, response);
      return;
    }
    const target = request.url ?? '';
    if (target.startsWith(SIGNALS_PATH)) {
      const [resource = '', ...rest] = segmentsAfter(SIGNALS_PATH, target);
      if (request.method !== 'POST' || resource === '' || rest.length > 0) throw wrongSignal(target);
      await this.#signal(request, response, (data) => this.#options.onSignal(principal, resource, data));
      return;
    }
    if (request.headers[REFUSED_HEADER] !== undefined && refusals.has(target)) {
      const refusal = refusals.get(target);
      refusals.delete(target);
      throw refusal;
    }
    const { name, waits } = parseTarget(request, principal);
    const signal = AbortSignal.any([gone, revocation.signal]);
    if (request.method === 'GET') {
      const { onRead, onTryRead } = this.#options;
      const reading = waits ? onRead(principal, name, signal) : onTryRead(principal, name);
      const value = await unlessAborted(reading, signal).catch((error: unknown) => {
        if (refusals.size < MAX_REFUSALS) refusals.set(target, error);
        throw error;
      });
      if (value === undefined) throw notWritten(name);
      await sendValue(response, value, request.headers.accept === 'text/plain');
      return;
    }
    const body = await unlessAborted(this.#receive(request), signal);
    await this.#options.onWrite(principal, name, parseValue(body, request.headers['content-type']));
    await send(response, 204);
  }

  async #serveObserver(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = request.url ?? '';
    if (target.startsWith(SIGNALS_PATH)) {
      const [space = '', stack = '', resource = '', ...rest] = segmentsAfter(SIGNALS_PATH, target);
      const isWhole = space !== '' && stack !== '' && resource !== '' && rest.length === 0;
      if (request.method !== 'POST' || !isWhole) throw wrongSignal(target);
      await this.#signal(request, response, (data) => this.#options.onSignalOf(space, stack, resource, data));
      return;
    }
    if (target.startsWith(CANCEL_PATH)) {
      const [path = '', query] = target.split('?');
      const [space = '', stack = '', ...rest] = segmentsAfter(CANCEL_PATH, path);
      const isWhole = space !== '' && stack !== '' && rest.length === 0 && /^rollback=(yes|no)$/.test(query ?? '');
      if (request.method !== 'POST' || !isWhole) throw wrongCancel(target);
      await this.#options.onCancel(space, stack, query === 'rollback=yes');
      await send(response, 204);
      return;
    }
    const [space, stack, ...rest] = segmentsAfter(WAITING_PATH, target);
    if (request.method !== 'GET' || !request.url?.startsWith(WAITING_PATH) || !space || !stack || rest.length > 0) {
      throw new Refusal(404, {
        what: `The engine's own token opens nothing at '${request.url}'.`,
        why: `It is for asking who waits: GET ${WAITING_PATH}SPACE/STACK.`,
        fix: 'Read and write values with the token of a resource.',
      });
    }
    await send(response, 200, 'application/json', JSON.stringify(this.#options.onWaiting(space, stack)));
  }

  async #signal(
    request: IncomingMessage,
    response: ServerResponse,
    signal: (data: Json | undefined) => Promise<string>,
  ): Promise<void> {
    const body = await this.#receive(request);
    const reason = await signal(body === '' ? undefined : parseValue(body));
    await send(response, 200, 'application/json', JSON.stringify(reason));
  }

  #authenticate(request: IncomingMessage): Grant {
    const token = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    const key = digestOf(token ?? '');
    const grant = this.#grants.get(key);
    if (grant !== undefined) return grant;
    if (this.#isClosed) throw engineIsEnding();
    throw new Refusal(401, {
      what: token === undefined ? 'The request bears no token.' : 'The token of the request is not valid.',
      why: 'A token belongs to one run of one resource, and is valid until that run has ended.',
      fix: "Send the header 'Authorization: Bearer' with the content of the variable HOTLOOM_TOKEN.",
    });
  }

  #receive(request: IncomingMessage): Promise<string> {
    const max = this.#options.maxValueBytes ?? MAX_VALUE_BYTES;
    return receiveBody(request, max, (size) => tooLong(size, max));
  }
}

function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

function parseTarget(request: IncomingMessage, principal: ResourceIdentity): { name: Name; waits: boolean } {
  const [pathname = '', query] = (request.url ?? '').split('?');
  if (!pathname.startsWith(VALUES_PATH)) {
    throw new Refusal(404, {
      what: `There is nothing at '${pathname}'.`,
      why: `The endpoint has values only, each at ${VALUES_PATH}NAME.`,
      fix: `Ask for '${VALUES_PATH}web.address', say.`,
    });
  }
  if (request.method !== 'GET' && request.method !== 'PUT') {
    throw new Refusal(405, {
      what: `${request.method} cannot be done with a value.`,
      why: 'A value is read by GET and written by PUT.',
      fix: 'Use one of these.',
    });
  }
  const text = decode(pathname.slice(VALUES_PATH.length));
  return { name: completeName(text, principal), waits: new URLSearchParams(query).get('wait') !== 'no' };
}

function segmentsAfter(prefix: string, target: string): readonly string[] {
  return target.slice(prefix.length).split('/').map(decode);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Refusal(400, {
      what: `The name '${text}' is not encoded as a part of a URL.`,
      why: 'A % has to be followed by two hexadecimal digits of UTF-8.',
      fix: "Write a % as '%25', or let your HTTP library encode the name.",
    });
  }
}

/** A single segment is an attribute of the principal's own resource. */
function completeName(text: string, principal: ResourceIdentity): Name {
  const isOwn = /^(?:[^.\\]|\\.)+$/su.test(text);
  return parseName(isOwn ? `${printName([principal.name])}.${text}` : text, principal);
}

function parseValue(body: string, contentType = ''): Json {
  if (contentType.split(';')[0]?.trim().toLowerCase() === 'text/plain') return body;
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (error) {
    throw new Refusal(400, {
      what: `The value is not JSON: ${messageOf(error)}.`,
      why: 'Values are JSON unless the request says that its content is text.',
      fix: "Put a text into double quotes, or send it with the header 'Content-Type: text/plain'.",
    });
  }
  return asJson(value);
}

function sendValue(response: ServerResponse, value: Json, asText: boolean): Promise<void> {
  if (!asText) return send(response, 200, 'application/json', JSON.stringify(value));
  return send(
    response,
    200,
    'text/plain; charset=utf-8',
    `${typeof value === 'string' ? value : JSON.stringify(value)}\n`,
  );
}

const STATUSES: { readonly [code: string]: number } = {
  InvalidName: 400,
  NotJson: 400,
  NotTheWriter: 403,
  ConflictingWrite: 409,
  UndeclaredWrite: 422,
  UndeclaredRead: 422,
  AttributeInvalid: 422,
  PropertyInvalid: 422,
  WriterFailed: 424,
  ReadAborted: 503,
  ActionCancelled: 503,
  EndpointUnreachable: 503,
  Deadlock: 508,
};

/** Settles as `promise` does, or rejects as soon as `signal` fires, whether `promise` heeds it or not. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

function wrongCancel(target: string): Refusal {
  return new Refusal(404, {
    what: `Nothing is cancelled by '${target}'.`,
    why: `The action of a stack is cancelled by POST ${CANCEL_PATH}SPACE/STACK?rollback=yes, or no.`,
    fix: "Use 'hotloom cancel NAME'.",
  });
}

function notWritten(name: Name): Refusal {
  return new Refusal(404, {
    what: `'${printName(name)}' is not written yet.`,
    why: 'The request asked not to wait.',
    fix: 'Ask again later, or wait for the value.',
  });
}

function tooLong(size: number, max: number): Refusal {
  return new Refusal(413, {
    what: `The value has ${size} bytes; at most ${max} can be written.`,
    why: 'Every value is stored, and handed to each of its readers.',
    fix: 'Put the data into a file, and write its path.',
  });
}

function wrongSignal(target: string): Refusal {
  return new Refusal(405, {
    what: `There is no signal by such a request to '${target}'.`,
    why: `A resource of the requester's stack is signalled by POST ${SIGNALS_PATH}RESOURCE.`,
    fix: "Use the command 'hotloom signal'.",
  });
}

/** What a request is told that came just before the engine's end: nothing has been done of it. */
export function engineIsEnding(): EndpointUnreachable {
  return new EndpointUnreachable({
    what: 'The engine that was asked is just ending.',
    why: 'It takes nothing more, and has done nothing of what it was asked to.',
    fix: 'Ask again: nobody, or another engine, has the stack then.',
  });
}

function tokenRevoked(): ReadAborted {
  return new ReadAborted({
    what: 'The run of this resource has ended.',
    why: 'A process reads and writes names while the action runs that started it.',
    fix: 'Read and write what the process needs before the action ends.',
  });
}

function clientGone(): ReadAborted {
  return new ReadAborted({ what: 'The client has closed its connection.' });
}
