import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { InternalError, messageOf, PortFailed } from '../errors.ts';
import { parseSignalPath, type SignalTarget } from '../resource/signal-url.ts';
import { asJson, type Json } from '../values.ts';
import { closeServer, Refusal, receiveBody, refuse, send } from './http-answers.ts';

/** What the server asks of the engine. */
export interface SignalServerOptions {
  /**
   * Signals a resource, if it bears that token; resolves with what the resource's event tells. Undefined when nothing of that
   * name bears the token.
   */
  readonly onSignal: (target: SignalTarget, token: string, data: Json | undefined) => Promise<string | undefined>;
  /** Where it listens. Default: 127.0.0.1. */
  readonly host?: string | undefined;
  /** Default: one that the system chooses. */
  readonly port?: number | undefined;
}

interface Listening {
  /** As it was asked for: a name, maybe. */
  readonly host: string;
  readonly server: Server;
}

/** Heat's max_json_body_size. */
const MAX_BODY_BYTES = 1024 * 1024;

/**
 * Takes signals over HTTP: `POST` or `PUT` with the data as JSON, or with nothing, to the URL of a resource (see signalUrl).
 * The token is in the header `X-Auth-Token`, as under Heat, in `Authorization: Bearer`, or in the URL itself. Answers with
 * JSON: `{ signal }`, or `{ code, what, why, fix }`.
 *
 * Nothing is opened before the first `open`. An open server does not keep the process alive.
 */
export class SignalServer {
  readonly #options: SignalServerOptions;
  /** By the address that was asked for. */
  readonly #servers = new Map<string, Promise<Listening>>();
  readonly #answers = new Set<Promise<void>>();
  #isClosed = false;

  constructor(options: SignalServerOptions) {
    this.#options = options;
  }

  /** The address at which signals are taken. Throws PortFailed. */
  async open(): Promise<{ readonly host: string; readonly port: number }> {
    const { host = '127.0.0.1', port = 0 } = this.#options;
    // What an engine before this one has told will do as well.
    const known = this.#options.port === undefined ? await this.#find((each) => each.host === host) : undefined;
    return { host, port: portOf(known ?? (await this.#listen(host, port))) };
  }

  /** Takes signals at an address that an engine has told before too. Throws PortFailed when somebody else has the port. */
  async openAgain(host: string, port: number): Promise<void> {
    const known = await this.#find((each) => each.host === host && portOf(each) === port);
    if (known === undefined) await this.#listen(host, port);
  }

  /** Answers what is being asked, closes every connection and frees the ports. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const servers = await Promise.allSettled(this.#servers.values());
    this.#servers.clear();
    await Promise.all(
      servers.map((each) => (each.status === 'fulfilled' ? closeServer(each.value.server, this.#answers) : undefined)),
    );
  }

  /** The first that is open and wanted. One that cannot be opened is told to whoever asked for it, and to nobody else. */
  async #find(isWanted: (listening: Listening) => boolean): Promise<Listening | undefined> {
    for (const opening of this.#servers.values()) {
      const listening = await opening.catch(() => undefined);
      if (listening !== undefined && isWanted(listening)) return listening;
    }
    return undefined;
  }

  #listen(host: string, port: number): Promise<Listening> {
    const key = `${host} ${port}`;
    const known = this.#servers.get(key);
    if (known !== undefined) return known;
    const listening = this.#start(host, port);
    this.#servers.set(key, listening);
    listening.catch(() => this.#servers.delete(key));
    return listening;
  }

  #start(host: string, port: number): Promise<Listening> {
    if (this.#isClosed) throw new InternalError('A signal URL was opened after the engine was closed.');
    const server = createServer((request, response) => {
      const answer = this.#answer(request, response).finally(() => this.#answers.delete(answer));
      this.#answers.add(answer);
    });
    server.requestTimeout = 60_000;
    return new Promise((resolve, reject) => {
      server.once('error', (error) => reject(cannotListen(host, port, error)));
      server.listen(port, host, () => {
        server.unref();
        resolve({ host, server });
      });
    });
  }

  /** Answers one request. Never rejects. */
  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A client that goes away half-way is no failure of the engine's.
    for (const side of [request, response]) side.on('error', () => {});
    try {
      const reason = await this.#serve(request, response);
      await send(response, 200, 'application/json', JSON.stringify({ signal: reason }));
    } catch (error) {
      await refuse(request, response, error, STATUSES);
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<string> {
    const [path = '', query] = (request.url ?? '').split('?');
    const target = parseSignalPath(path);
    if (target === undefined) throw nothingThere(path);
    if (request.method !== 'POST' && request.method !== 'PUT') {
      response.setHeader('Allow', 'POST, PUT');
      throw wrongMethod(request.method);
    }
    const token = tokenOf(request, query);
    const data = parseData(await receiveBody(request, MAX_BODY_BYTES, tooLong));
    const reason = token === undefined ? undefined : await this.#options.onSignal(target, token, data);
    if (reason === undefined) throw notAllowed(token);
    return reason;
  }
}

function portOf({ server }: Listening): number {
  return (server.address() as AddressInfo).port;
}

function tokenOf({ headers }: IncomingMessage, query: string | undefined): string | undefined {
  const own = headers['x-auth-token'];
  const bearer = /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1];
  return (typeof own === 'string' ? own : undefined) ?? bearer ?? new URLSearchParams(query).get('token') ?? undefined;
}

function tooLong(size: number): Refusal {
  return new Refusal(413, {
    what: `The signal has ${size} bytes; at most ${MAX_BODY_BYTES} are taken.`,
    why: 'The data of a signal is stored with its resource.',
    fix: 'Put the data into a file, and send its path.',
  });
}

/** A signal without data is one without a body, or with nothing but white space. */
function parseData(body: string): Json | undefined {
  if (body.trim() === '') return undefined;
  try {
    return asJson(JSON.parse(body));
  } catch (error) {
    throw new Refusal(400, {
      what: `The signal's data is not JSON: ${messageOf(error)}.`,
      fix: `Send an object such as {"status": "SUCCESS"}, or nothing.`,
    });
  }
}

const STATUSES: { readonly [code: string]: number } = {
  ResourceFailure: 400,
  NotJson: 400,
  ResourceActionNotSupported: 400,
  EntityNotFound: 404,
  ResourceNotAvailable: 404,
  NotSupported: 409,
  ActionInProgress: 503,
  EndpointUnreachable: 503,
  UsageError: 503,
};

function nothingThere(path: string): Refusal {
  return new Refusal(404, {
    what: `There is nothing at '${path}'.`,
    why: 'This server takes signals to resources, each at the URL that its handle tells.',
    fix: "Take the attribute 'endpoint' or 'curl_cli' of the handle.",
  });
}

function wrongMethod(method: string | undefined): Refusal {
  return new Refusal(405, {
    what: `${method} cannot be done with a signal.`,
    why: 'A signal is sent by POST or PUT.',
    fix: 'Use one of these.',
  });
}

function notAllowed(token: string | undefined): Refusal {
  return new Refusal(401, {
    what:
      token === undefined ? 'The signal bears no token.' : 'No resource of that name bears the token of the signal.',
    why: 'A token belongs to one handle, and is valid as long as that is there and was not replaced.',
    fix: "Send the handle's token in the header 'X-Auth-Token'.",
  });
}

function cannotListen(host: string, port: number, error: NodeJS.ErrnoException): PortFailed {
  return new PortFailed({
    what: `Signals cannot be taken at ${host}:${port}.`,
    why:
      error.code === 'EADDRINUSE' ? 'Another process listens at that port.' : `The system says: ${messageOf(error)}.`,
    fix: 'Let the engine choose a port, or give it another one.',
  });
}
