import { PropertyInvalid, WaitConditionFailure, WaitConditionTimeout } from '../../errors.ts';
import type { HandlerCall, PlainCreateCall, SignalledResource } from '../../resource/handler.ts';
import { definePlainType } from '../../resource/resource-type.ts';
import { pythonJsonAsGiven, pythonText } from '../../template/python.ts';
import { isJsonObject, type Json, type JsonObject } from '../../values.ts';
import { type SignalKeys, signalKeysOf } from './wait-condition-handle.ts';

const HANDLE = { description: 'The handle that is signalled: get_resource of it.', type: 'string' } as const;
const TIMEOUT = { description: 'Seconds to wait.', minimum: 1, maximum: 43_200 } as const;
const COUNT = {
  description: 'How many signals of success have to come.',
  type: 'integer',
  default: 1,
  minimum: 1,
  updateAllowed: true,
} as const;
const DATA = {
  schema: { type: 'string' },
  description: 'JSON text: the data of each signal, by its id.',
} as const;
const SHOW = { schema: {}, optional: true, description: 'Nothing.' } as const;

/**
 * `OS::Heat::WaitCondition`: waits until its handle has got `count` signals of success, and fails with the reasons of the
 * first failure, or when `timeout` is over (heat/engine/resources/openstack/heat/wait_condition.py). A larger `count` at an
 * update waits again, with its whole time. The time counts on while the engine is stopped.
 */
export const heatWaitCondition = definePlainType({
  name: 'OS::Heat::WaitCondition',
  description: 'Waits for signals to its handle.',
  properties: { handle: HANDLE, timeout: { ...TIMEOUT, type: 'number' }, count: COUNT },
  required: ['handle', 'timeout'],
  updatePolicy: {},
  attributes: { data: DATA, show: SHOW },
  handler: {
    isRepeatable: true,
    create: async (call) => ({ data: await waitForSignals(call, call.properties) }),
    update: async (call) => ({ data: await waitForSignals(call, call.properties) }),
  },
});

/** `AWS::CloudFormation::WaitCondition`: the same by the names of CloudFormation. */
export const awsWaitCondition = definePlainType({
  name: 'AWS::CloudFormation::WaitCondition',
  description: 'Waits for signals to its handle.',
  properties: { Handle: HANDLE, Timeout: { ...TIMEOUT, type: 'integer' }, Count: COUNT },
  required: ['Handle', 'Timeout'],
  updatePolicy: {},
  attributes: { Data: DATA, show: SHOW },
  handler: {
    isRepeatable: true,
    create: async (call) => ({ Data: await waitForSignals(call, lowerCase(call.properties)) }),
    update: async (call) => ({ Data: await waitForSignals(call, lowerCase(call.properties)) }),
  },
});

interface Condition {
  readonly handle: string;
  /** Seconds. */
  readonly timeout: number;
  readonly count: number;
}

function lowerCase(properties: {
  readonly Handle: string;
  readonly Timeout: number;
  readonly Count: number;
}): Condition {
  return { handle: properties.Handle, timeout: properties.Timeout, count: properties.Count };
}

type WaitCall = Pick<PlainCreateCall<unknown>, 'signalled' | 'data' | 'setData'> & Pick<HandlerCall, 'clock'>;

/** The attribute `data`, once all signals have come. */
async function waitForSignals(call: WaitCall, { handle: refid, timeout, count }: Condition): Promise<string> {
  const handle = call.signalled(refid);
  const keys = handle && signalKeysOf(handle.type);
  if (handle === undefined || keys === undefined) throw noHandle(handle?.name ?? refid);
  if (handle.properties.signal_transport === 'NO_SIGNAL') await signalItself(handle, count);
  const over = new AbortController();
  const timer = call.clock.schedule(
    await leftMs(call, timeout * 1000),
    () => over.abort(tooLate(handle, keys, timeout, count)),
    {
      keepAlive: true,
    },
  );
  try {
    const metadata = await handle.until((received) => isEnough(handle.name, received, keys, count), over.signal);
    const data = Object.entries(metadata).map(([id, signal]) => [id, partOf(signal, keys.data)]);
    return pythonJsonAsGiven(Object.fromEntries(data) as JsonObject);
  } finally {
    timer.cancel();
    // An update waits its whole time again. Where nothing can be recorded any more, it goes on or is gone.
    await call.setData({}).catch(() => {});
  }
}

/** What is left of its time. When that began is recorded, for when the engine is stopped meanwhile. */
async function leftMs({ clock, data, setData }: WaitCall, timeoutMs: number): Promise<number> {
  const { waitsSince } = data;
  if (typeof waitsSince !== 'number') {
    await setData({ waitsSince: clock.now() });
    return timeoutMs;
  }
  // A clock that was set back gives no more than the whole.
  return Math.min(Math.max(waitsSince + timeoutMs - clock.now(), 0), timeoutMs);
}

/** As Heat does each time it looks, so that there are as many signals as are waited for. */
async function signalItself(handle: SignalledResource, count: number): Promise<void> {
  for (let sent = Object.keys(handle.metadata).length; sent < count; sent += 1) await handle.signal({});
}

/** Throws WaitConditionFailure as soon as one signal tells of a failure. */
function isEnough(handle: string, metadata: JsonObject, keys: SignalKeys, count: number): boolean {
  const reasons = reasonsOf(metadata, keys, 'FAILURE');
  if (reasons.length === 0) return Object.keys(metadata).length >= count;
  throw new WaitConditionFailure({
    what: reasons.join(';'),
    why: `'${handle}' was signalled with ${keys.status} FAILURE.`,
    fix: 'Look at whoever has sent the signal.',
  });
}

function reasonsOf(metadata: JsonObject, keys: SignalKeys, status: string): readonly string[] {
  return Object.values(metadata)
    .filter((signal) => partOf(signal, keys.status) === status)
    .map((signal) => pythonText(partOf(signal, keys.reason)));
}

function partOf(signal: Json | undefined, key: string): Json {
  return (isJsonObject(signal) ? signal[key] : undefined) ?? null;
}

function tooLate(
  { name, metadata }: SignalledResource,
  keys: SignalKeys,
  timeout: number,
  count: number,
): WaitConditionTimeout {
  const reasons = reasonsOf(metadata, keys, 'SUCCESS');
  const received = `${reasons.length} of ${count} received`;
  return new WaitConditionTimeout({
    what: reasons.length === 0 ? received : `${received} - ${reasons.join(';')}`,
    why: `So many signals have come to '${name}' within ${timeout} seconds.`,
    fix: "Look at whoever should have sent them, or give it more time by 'timeout'.",
  });
}

function noHandle(named: string): PropertyInvalid {
  return new PropertyInvalid({
    what: `${named} is not a valid wait condition handle.`,
    why: 'A wait condition counts the signals to a resource of the same stack such as OS::Heat::WaitConditionHandle.',
    fix: 'Write handle: {get_resource: NAME} with the name of the handle.',
  });
}
