import { pause } from '../clock.ts';
import { type EndpointReply, requestWaiting } from '../endpoint/client.ts';
import { EndpointUnreachable } from '../errors.ts';
import type { WaitingRead } from '../events.ts';
import { describeProcess } from '../store/claim.ts';
import type { Claimant } from '../store/stack-store.ts';
import type { StackServices } from './services.ts';

/** How long another engine may take to answer; one that runs does so at once. */
const PATIENCE_MS = 5_000;

/** The engine that has claimed a stack, and can be asked. */
export interface WorkingEngine extends Pick<Claimant, 'host' | 'pid'> {
  readonly observers: NonNullable<Claimant['observers']>;
}

type Services = Pick<StackServices, 'clock' | 'closing'>;

/**
 * Asks the engine that has claimed a stack who waits for what in it. Throws EndpointUnreachable, also when there is no answer
 * for 5 seconds: its process is paused, say.
 */
export async function askWaiting(
  services: Services,
  engine: WorkingEngine,
  space: string,
  stack: string,
): Promise<readonly WaitingRead[]> {
  const reply = await ask(services, engine, space, stack);
  if (reply.kind === 'done') return JSON.parse(reply.body);
  throw new EndpointUnreachable({
    what: `The engine that works on stack '${stack}' does not answer.`,
    why: reply.kind === 'failed' ? `${reply.failure.what} ${reply.failure.why ?? ''}` : undefined,
    fix: 'See how the stack stands, and ask again.',
  });
}

/**
 * What `request` brings, however long that takes, as long as the engine that it goes to answers other questions meanwhile.
 * Rejects as `askWaiting` does when it stands still; `request` is told by its signal.
 */
export async function whileAnswering<T>(
  services: Services,
  engine: WorkingEngine,
  { space, stack }: { readonly space: string; readonly stack: string },
  request: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const watch = async (): Promise<void> => {
    for (;;) {
      // One that is gone breaks off the request itself.
      if ((await ask(services, engine, space, stack, over.signal)).kind === 'failed') return;
      await pause(services.clock, PATIENCE_MS, over.signal);
    }
  };
  const watched = watch().catch((error: unknown) => over.abort(error));
  try {
    return await request(over.signal);
  } finally {
    over.abort();
    await watched;
  }
}

async function ask(
  { clock, closing }: Services,
  engine: WorkingEngine,
  space: string,
  stack: string,
  signal?: AbortSignal,
): Promise<EndpointReply> {
  const over = new AbortController();
  const timer = clock.schedule(PATIENCE_MS, () => over.abort(standsStill(engine, stack)), { keepAlive: true });
  const giveUp = AbortSignal.any([over.signal, closing, ...(signal === undefined ? [] : [signal])]);
  try {
    return await requestWaiting(engine.observers, space, stack, giveUp);
  } finally {
    timer.cancel();
  }
}

function standsStill(engine: WorkingEngine, stack: string): EndpointUnreachable {
  const { pid } = engine;
  return new EndpointUnreachable({
    what: `The engine that works on stack '${stack}' has not answered for ${PATIENCE_MS / 1000} s.`,
    why: `It is ${describeProcess(engine)}, which is there and stands still: it is paused, or its machine is.`,
    fix: `Let it go on (kill -CONT ${pid}): then it does what it was asked. Or end it (kill -KILL ${pid}), and resume the stack.`,
  });
}
