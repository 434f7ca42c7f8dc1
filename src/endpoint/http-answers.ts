import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { EndpointRefused, type HotloomError, InternalError, isHotloomError, messageOf } from '../errors.ts';

/** A refusal of a server's own, with its HTTP status. */
export class Refusal extends EndpointRefused {
  readonly status: number;

  constructor(status: number, fields: ConstructorParameters<typeof EndpointRefused>[0]) {
    super(fields);
    this.status = status;
  }
}

/** The whole body of a request as text; throws what `tooLong` makes of its size when that is above `maxBytes`. */
export async function receiveBody(
  request: IncomingMessage,
  maxBytes: number,
  tooLong: (size: number) => Refusal,
): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    // What is too much is received and dropped: most clients read no answer before they have sent everything.
    if (size <= maxBytes) chunks.push(chunk);
    else chunks.length = 0;
  }
  if (size > maxBytes) throw tooLong(size);
  return Buffer.concat(chunks).toString('utf8');
}

/** Resolves when the answer is with the system, or the client has gone. */
export function send(response: ServerResponse, status: number, contentType?: string, body = ''): Promise<void> {
  return new Promise((resolve) => {
    if (response.destroyed) {
      resolve();
      return;
    }
    response.once('finish', resolve).once('close', resolve);
    if (contentType !== undefined) {
      response.setHeader('Content-Type', contentType);
      response.setHeader('Content-Length', Buffer.byteLength(body));
    }
    response.writeHead(status).end(body);
  });
}

/** Answers with an error as JSON, under the status that `statuses` has for its code, else 500. */
export function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  error: unknown,
  statuses: { readonly [code: string]: number },
): Promise<void> {
  const known: HotloomError = isHotloomError(error) ? error : new InternalError(messageOf(error), error);
  const { code, what, why, fix } = known;
  const status = known instanceof Refusal ? known.status : (statuses[code] ?? 500);
  // A body that nobody wants is dropped as it arrives, so that the client gets as far as reading the answer.
  request.resume();
  return send(response, status, 'application/json', JSON.stringify({ code, what, why, fix }));
}

/** How long clients have to take the last answers. */
const CLOSE_GRACE_MS = 1000;

/** Lets `answers` be given, then closes every connection. A client that does not take its answer must not hold the engine. */
export async function closeServer(server: Server, answers: ReadonlySet<Promise<void>>): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  const lastMoment = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
  await Promise.race([Promise.all(answers), closed]);
  server.closeIdleConnections();
  await closed;
  clearTimeout(lastMoment);
}
