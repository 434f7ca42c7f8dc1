import { NotSupported, SignalInvalid } from '../../errors.ts';
import type { PlainCreateCall, SignalCall, SignalOutcome, SignalUrl } from '../../resource/handler.ts';
import { definePlainType } from '../../resource/resource-type.ts';
import { pythonJson, pythonText } from '../../template/python.ts';
import { isJsonObject, type Json, type JsonObject } from '../../values.ts';

/** How the data of a signal is called. */
export interface SignalKeys {
  readonly id: string;
  readonly status: string;
  readonly reason: string;
  readonly data: string;
}

const HEAT_KEYS: SignalKeys = { id: 'id', status: 'status', reason: 'reason', data: 'data' };
const AWS_KEYS: SignalKeys = { id: 'UniqueId', status: 'Status', reason: 'Reason', data: 'Data' };

/** The keys by which a handle of that type keeps its signals; undefined for a type that is none. */
export function signalKeysOf(type: string): SignalKeys | undefined {
  if (type === heatWaitConditionHandle.name) return HEAT_KEYS;
  return type === awsWaitConditionHandle.name || type === heatUpdateWaitConditionHandle.name ? AWS_KEYS : undefined;
}

/** The transports that need a service of OpenStack. */
const FOREIGN_TRANSPORTS = ['HEAT_SIGNAL', 'ZAQAR_SIGNAL'];

const TEXT = { schema: { type: ['string', 'null'] } } as const;
const SHOW = { show: { schema: {}, optional: true, description: 'Nothing.' } } as const;

/**
 * `OS::Heat::WaitConditionHandle`: takes signals for an OS::Heat::WaitCondition, and keeps them as its metadata, by their id
 * (heat/engine/resources/openstack/heat/wait_condition_handle.py). What a signal leaves out is filled in: it tells of
 * success, and its id is its number.
 */
export const heatWaitConditionHandle = definePlainType({
  name: 'OS::Heat::WaitConditionHandle',
  description: 'Takes the signals that a wait condition counts.',
  properties: {
    signal_transport: {
      description:
        'TOKEN_SIGNAL: by endpoint and token. CFN_SIGNAL, TEMP_URL_SIGNAL: by one URL. NO_SIGNAL: nobody has to signal.',
      type: 'string',
      default: 'TOKEN_SIGNAL',
      enum: ['CFN_SIGNAL', 'TEMP_URL_SIGNAL', 'HEAT_SIGNAL', 'NO_SIGNAL', 'ZAQAR_SIGNAL', 'TOKEN_SIGNAL'],
    },
  },
  updatePolicy: {},
  attributes: {
    token: { ...TEXT, secret: true, description: 'With TOKEN_SIGNAL: what a signal has to bear.' },
    endpoint: { ...TEXT, description: 'With TOKEN_SIGNAL: the URL of signals.' },
    curl_cli: {
      ...TEXT,
      secret: true,
      description: "With TOKEN_SIGNAL: a command that signals; add --data-binary '{...}'.",
    },
    signal: { ...TEXT, secret: true, description: 'JSON text of what another transport needs: alarm_url.' },
    ...SHOW,
  },
  handler: {
    isRepeatable: true,
    async create(call) {
      const { properties, resource, setResourceId } = call;
      const transport = properties.signal_transport;
      refuseForeign(transport);
      if (transport === 'NO_SIGNAL') {
        await setResourceId(resource.physicalName);
        return { token: null, endpoint: null, curl_cli: null, signal: '{}' };
      }
      const address = await call.openSignalUrl();
      await setResourceId(resource.physicalName);
      return transport === 'TOKEN_SIGNAL'
        ? { token: address.token, endpoint: address.url, curl_cli: curlCommand(address), signal: null }
        : {
            token: null,
            endpoint: null,
            curl_cli: null,
            signal: pythonJson({ alarm_url: address.signedUrl }),
          };
    },
    signal: (call, data) => keepSignal(call, withDefaults(data, call.metadata), HEAT_KEYS),
  },
});

const AWS_ATTRIBUTES = {
  refid: { schema: { type: 'string' }, secret: true, description: 'The URL of signals, with its token.' },
  ...SHOW,
} as const;

const AWS_HANDLER = {
  isRepeatable: true,
  async create(call: PlainCreateCall<unknown>) {
    const { signedUrl } = await call.openSignalUrl();
    await call.setResourceId(call.resource.physicalName);
    return { refid: signedUrl };
  },
  signal: (call: SignalCall, data: Json | undefined) =>
    data === undefined || data === null ? undefined : keepSignal(call, data, AWS_KEYS),
};

/** `AWS::CloudFormation::WaitConditionHandle`: get_resource gives the URL of signals; a signal tells all four keys. */
export const awsWaitConditionHandle = definePlainType({
  name: 'AWS::CloudFormation::WaitConditionHandle',
  description: 'Takes the signals that a wait condition counts, by a URL with a token.',
  properties: {},
  updatePolicy: {},
  attributes: AWS_ATTRIBUTES,
  handler: AWS_HANDLER,
});

/** `OS::Heat::UpdateWaitConditionHandle`: the same, and another one after every update, which so needs signals of its own. */
export const heatUpdateWaitConditionHandle = definePlainType({
  name: 'OS::Heat::UpdateWaitConditionHandle',
  description: 'Takes the signals that a wait condition counts; every update makes another one.',
  properties: {},
  updatePolicy: {},
  attributes: AWS_ATTRIBUTES,
  isReplacedByEveryUpdate: true,
  handler: AWS_HANDLER,
});

function refuseForeign(transport: string): void {
  if (!FOREIGN_TRANSPORTS.includes(transport)) return;
  throw new NotSupported({
    what: `The signal_transport ${transport} is not supported.`,
    why: `It needs ${transport === 'ZAQAR_SIGNAL' ? 'a queue of Zaqar' : 'a user of Keystone'}, and there is none here.`,
    fix: 'Use TOKEN_SIGNAL, or CFN_SIGNAL for a single URL.',
  });
}

function curlCommand({ url, token }: SignalUrl): string {
  return [
    'curl -i -X POST',
    `-H 'X-Auth-Token: ${token}'`,
    "-H 'Content-Type: application/json'",
    "-H 'Accept: application/json'",
    url,
  ].join(' ');
}

/** Heat's normalise_signal_data. */
function withDefaults(data: Json | undefined, metadata: JsonObject): Json {
  const number = Object.keys(metadata).length + 1;
  const defaults = { reason: `Signal ${number} received`, data: null, id: number, status: 'SUCCESS' };
  if (data === undefined || data === null) return defaults;
  return isJsonObject(data) ? { ...defaults, ...data } : data;
}

/** Heat's handle_signal of BaseWaitConditionHandle: one with an id that is there already takes its place. */
function keepSignal({ metadata, resource }: SignalCall, signal: Json, keys: SignalKeys): SignalOutcome {
  if (!isJsonObject(signal)) throw wrongFormat(resource.name, 'it is no map', keys);
  const { [keys.id]: id, [keys.status]: status, [keys.reason]: reason, [keys.data]: data, ...others } = signal;
  const missing = Object.values(keys).filter((key) => !Object.hasOwn(signal, key));
  if (missing.length > 0) throw wrongFormat(resource.name, `it has no '${missing.join("', '")}'`, keys);
  const unknown = Object.keys(others);
  if (unknown.length > 0) throw wrongFormat(resource.name, `it has '${unknown.join("', '")}' too`, keys);
  if (status !== 'SUCCESS' && status !== 'FAILURE') {
    throw wrongFormat(resource.name, `its ${keys.status} is ${JSON.stringify(status)}`, keys);
  }
  const entry = { [keys.data]: data as Json, [keys.reason]: reason as Json, [keys.status]: status };
  return {
    metadata: { ...metadata, [pythonText(id as Json)]: entry },
    reason: `status:${status} reason:${pythonText(reason as Json)}`,
  };
}

function wrongFormat(resource: string, what: string, { id, status, reason, data }: SignalKeys): SignalInvalid {
  return new SignalInvalid({
    what: 'Metadata format invalid',
    why: `The data of the signal to '${resource}' is a map with ${id}, ${status} (SUCCESS or FAILURE), ${reason} and ${data}; ${what}.`,
    fix: `Send an object such as {"${status}": "SUCCESS", "${reason}": "configured", "${data}": "", "${id}": "1"}.`,
  });
}
