import { type EndpointAddress, requestWaiting } from '../endpoint/client.ts';
import { EndpointUnreachable } from '../errors.ts';
import type { WaitingRead } from '../events.ts';

/** Asks the engine that has claimed a stack who waits for what in it. Throws EndpointUnreachable. */
export async function askWaiting(
  observers: EndpointAddress,
  space: string,
  stack: string,
): Promise<readonly WaitingRead[]> {
  const reply = await requestWaiting(observers, space, stack);
  if (reply.kind === 'done') return JSON.parse(reply.body);
  throw new EndpointUnreachable({
    what: `The engine that works on stack '${stack}' does not answer.`,
    why: reply.kind === 'failed' ? `${reply.failure.what} ${reply.failure.why ?? ''}` : undefined,
    fix: 'See how the stack stands, and ask again.',
  });
}
