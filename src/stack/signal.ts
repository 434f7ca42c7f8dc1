import { timingSafeEqual } from 'node:crypto';
import { requestSignal } from '../endpoint/client.ts';
import { ToldError } from '../endpoint/told-error.ts';
import {
  ActionInProgress,
  ClaimLost,
  EndpointUnreachable,
  InternalError,
  isHotloomError,
  OutcomeUnknown,
} from '../errors.ts';
import type { SignalTarget } from '../resource/signal-url.ts';
import { Hooks, hookToClear } from '../scheduler/hooks.ts';
import { Journal } from '../scheduler/journal.ts';
import { secretMarks } from '../scheduler/secret-marks.ts';
import { Signals } from '../scheduler/signals.ts';
import { describeProcess } from '../store/claim.ts';
import type { StackRecord } from '../store/stack-store.ts';
import { noSuchResource } from '../store/stored-stack.ts';
import type { HookType } from '../template/hook-types.ts';
import { asJson, type Json } from '../values.ts';
import { actionLimits } from './action-limits.ts';
import type { WorkingEngine } from './ask-waiting.ts';
import { underClaim } from './claimed-stack.ts';
import { findStack } from './find-stack.ts';
import { type RunningAction, type StackServices, stackKey } from './services.ts';
import { requireKey, secretsOf } from './stored-secrets.ts';

export interface SignalOptions {
  readonly stack: string;
  /** Default: `default`. */
  readonly space?: string;
  /** The resource's name; `group/0` for one inside of another. */
  readonly resource: string;
  /** What the resource's type makes of it. Default: none. */
  readonly data?: Json;
  /** Gives up waiting for whoever is at work on the stack. */
  readonly signal?: AbortSignal;
}

/** How long a signal waits for a stack that somebody else works on, who does not take it. */
const PATIENCE_MS = 30_000;

/** How long until it is tried again. */
const PAUSE_MS = 50;

/** The errors after which it is tried again. */
const GIVE_WAY = [ActionInProgress.name, EndpointUnreachable.name, ClaimLost.name];

/**
 * Hands a signal to a resource, by whoever is at work on its stack: this engine, another process of this user on the same
 * store, or, when nobody is, this engine under a claim of its own. When that one loses the stack before the signal is stored, it
 * goes to the next. Resolves with what the resource's event tells, once what
 * the signal leaves behind is stored.
 *
 * Throws EntityNotFound, ResourceNotAvailable for a resource that is not made yet, ResourceActionNotSupported when its type
 * takes no signals, NotSupported while it is being deleted, ResourceFailure for data that it does not take, and
 * ActionInProgress when somebody else works on the stack for 30 seconds who takes none; the end of an action of this engine that
 * takes none is waited for.
 */
export async function signalResource(services: StackServices, options: SignalOptions): Promise<string> {
  const { space = 'default', stack, resource, signal } = options;
  const data = options.data === undefined ? undefined : asJson(options.data);
  const { running, clock, store, closing } = services;
  for (const end = clock.now() + PATIENCE_MS; ; ) {
    let refusal: unknown;
    try {
      const own = running.get(space, stack);
      if (own !== undefined) {
        if (own.signalResource !== undefined) return await own.signalResource(resource, data);
        await untilEnded(own, signal);
        continue;
      }
      const record = await findStack(services, space, stack);
      const holder = await store.holder(record.id);
      const isOwn = holder !== undefined && holder.engineId === (await services.claimant()).engineId;
      return holder?.observers === undefined || isOwn
        ? await signalIdle(services, record, resource, data)
        : await ask(services, { ...holder, observers: holder.observers }, record, resource, data, signal);
    } catch (error) {
      // Whoever had the stack has let it go, or is about to, or has lost it: then nothing of the signal was stored.
      if (!GIVE_WAY.some((code) => isHotloomError(error, code))) throw error;
      refusal = isHotloomError(error, ClaimLost.name) ? notDelivered(stack, resource, error) : error;
    }
    signal?.throwIfAborted();
    closing.throwIfAborted();
    if (clock.now() >= end) throw refusal;
    await new Promise<void>((resolve) => void clock.schedule(PAUSE_MS, resolve, { keepAlive: true }));
  }
}

/** The same for a request that bears a token; undefined when no resource of the stack has that one. */
export async function signalByToken(
  services: StackServices,
  target: SignalTarget,
  token: string,
  data: Json | undefined,
): Promise<string | undefined> {
  const { space, stack, stackId } = target;
  const record = await services.store.findStack(space, stack);
  if (record?.id !== stackId) return undefined;
  // It may have got another name since; what another has replaced takes no signals any more.
  const resource = (await services.store.resources(stackId)).find(
    ({ signalAddress, replacedName }) =>
      signalAddress !== undefined && replacedName === undefined && isSame(signalAddress.token, token),
  )?.name;
  if (resource === undefined) return undefined;
  return signalResource(services, { space, stack, resource, ...(data === undefined ? {} : { data }) });
}

/** In a time that tells nothing of how much of a wrong token is right. */
function isSame(token: string, given: string): boolean {
  const [own, other] = [Buffer.from(token), Buffer.from(given)];
  return own.length === other.length && timingSafeEqual(own, other);
}

function untilEnded({ ended }: RunningAction, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return ended;
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    void ended.then(resolve).finally(() => signal.removeEventListener('abort', stop));
  });
}

/** Nobody is at work on the stack. Signals of this engine to it come one after the other. */
function signalIdle(
  services: StackServices,
  record: StackRecord,
  resource: string,
  data: Json | undefined,
): Promise<string> {
  const { signalling } = services;
  const key = stackKey(record.space, record.name);
  const before = signalling.get(key) ?? Promise.resolve();
  const delivery = before.catch(() => {}).then(() => signalClaimed(services, record, resource, data));
  signalling.set(key, delivery);
  const forget = (): void => {
    if (signalling.get(key) === delivery) signalling.delete(key);
  };
  delivery.then(forget, forget);
  return delivery;
}

async function signalClaimed(
  services: StackServices,
  stored: StackRecord,
  resource: string,
  data: Json | undefined,
): Promise<string> {
  const { id, space, name: stack } = stored;
  const { store, clock, closing, types } = services;
  const secrets = secretsOf(services, stored);
  return underClaim(services, stored, async (claim) => {
    const limits = actionLimits(clock, { timeoutMs: PATIENCE_MS, signals: [closing], what: `Signal to '${resource}'` });
    try {
      const records = await store.resources(id);
      const record = records.find(({ name }) => name === resource);
      const parts = {
        ...services,
        space,
        stack,
        stackId: id,
        journal: new Journal(store, claim, limits.cancel, secretMarks({ secrets })),
        signal: limits.signal,
      };
      const hook = hookToClear(data);
      if (hook !== undefined) {
        // Of an action in which the engine was stopped; what waits before its creation has no record.
        const { hooks: reached } = await findStack(services, space, stack);
        if (record === undefined && reached?.[resource] === undefined) throw noSuchResource(stack, resource);
        return await new Hooks({ ...parts, stored: reached, hooksOf: () => NONE, describe: () => record }).clear(
          resource,
          hook,
        );
      }
      if (record === undefined) throw noSuchResource(stack, resource);
      // A record that cannot be opened must not be stored again.
      requireKey(stored);
      const signals = new Signals({
        ...parts,
        redact: secrets.mask,
        recordOf: () => record,
        typeOf: ({ type }) => types.get(type),
      });
      return await signals.deliver(resource, data);
    } finally {
      limits.end();
    }
  });
}

const NONE: ReadonlySet<HookType> = new Set();

/**
 * Asks the engine that has claimed the stack. What it answers counts, whatever becomes of the claim. One that does not answer
 * (it is paused, say) is given up after a while.
 */
async function ask(
  { clock, closing }: StackServices,
  engine: WorkingEngine,
  { space, name: stack }: StackRecord,
  resource: string,
  data: Json | undefined,
  signal: AbortSignal | undefined,
): Promise<string> {
  const over = new AbortController();
  const timer = clock.schedule(PATIENCE_MS, () => over.abort(noAnswer(engine, stack, resource)), { keepAlive: true });
  const giveUp = AbortSignal.any([over.signal, closing, ...(signal === undefined ? [] : [signal])]);
  const body = data === undefined ? '' : JSON.stringify(data);
  const reply = await requestSignal(engine.observers, [space, stack, resource], body, giveUp).finally(() =>
    timer.cancel(),
  );
  if (reply.kind === 'done') return JSON.parse(reply.body) as string;
  if (reply.kind === 'absent') throw new InternalError(`An engine answered 404 to a signal to '${resource}'.`);
  if (reply.isUnknown === true) throw noAnswer(engine, stack, resource);
  throw new ToldError(reply.failure);
}

function notDelivered(stack: string, resource: string, cause: unknown): ActionInProgress {
  return new ActionInProgress({
    what: `The signal to '${resource}' of stack '${stack}' was not delivered.`,
    why: `Each engine that was to store it has lost the stack to another one, for ${PATIENCE_MS / 1000} s.`,
    fix: 'Nothing of it is stored: send it again when the stack is at rest.',
    cause,
  });
}

function noAnswer(engine: WorkingEngine, stack: string, resource: string): OutcomeUnknown {
  return new OutcomeUnknown({
    what: `The engine that works on stack '${stack}' got the signal to '${resource}' and has not answered.`,
    why: `It is ${describeProcess(engine)}, has ended or stands still, and nobody can tell whether it has stored the signal.`,
    fix: 'Look at the events of the stack, and send the signal again if it is not there. One with an id counts once.',
  });
}
